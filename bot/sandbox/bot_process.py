"""The bot in a process of its own, as a supervisor keeps it: started again whenever it ends."""

from __future__ import annotations

import asyncio
import importlib.resources
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, Literal

from bot.errors import StartError
from bot.sandbox.coder.clock import Changes

State = Literal["starting", "running", "stopped"]

_STARTED: Final = re.compile(rb"action=started port=(\d+)")
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0
# A supervisor's pause before the next start: it grows while no start succeeds.
_PAUSE, _LONGEST_PAUSE = 1.0, 8.0
_LAST_WORDS: Final = 2000
_REFUSAL: Final = "coder-task-bot: "


def command() -> list[str]:
    """What starts the bot: with this package, whatever the current folder holds."""
    return [sys.executable, "-P", "-m", "bot.sandbox.tied"]


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    beside = str(Path(str(importlib.resources.files("bot"))).parent)
    level = given.get("BOT_LOG_LEVEL", "").upper()
    return {
        **given,
        "PYTHONPATH": os.pathsep.join(filter(None, [beside, given.get("PYTHONPATH", "")])),
        "BOT_LOG_LEVEL": "INFO" if level in ("", "WARNING", "ERROR") else level,  # that it runs, its log must say
    }


class BotProcess:
    """`coder-task-bot run` with this environment; what it prints goes to the end of the file `log`.

    It ends when this process does, also when this one is killed. `ends` are the exit statuses that nobody asked for.
    """

    def __init__(
        self, environment: Mapping[str, str], log: Path, tell: Callable[[State], object] | None = None
    ) -> None:
        self.ends: list[int] = []
        self.port = 0
        self.state: State = "stopped"
        self._environment, self._log_path = _environment(environment), log
        self._tell = tell or (lambda _: None)
        self._changes = Changes()
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._wanted: asyncio.Event = asyncio.Event()  # the next start is wanted now
        self._asked = False  # the process that runs was told to end
        self._starts = self._runs = 0
        self._last_words = b""

    @property
    def pid(self) -> int:
        """The process's id, 0 when there is none."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start it and keep it; StartError, in its own words, when it ends before it runs."""
        self._keeper = asyncio.create_task(self._keep(), name="bot-process")
        try:
            await self._changes.until(lambda: self._runs or self.ends or self._keeper_failed(), _START_SECONDS)
        except TimeoutError:
            await self.stop()
            text = f"the bot has not started within {_START_SECONDS:g} s: {self.last_words()}"
            raise StartError(text) from None
        if not self._runs:
            await self.stop()
            if not self._keeper.cancelled():
                self._keeper.result()
            raise StartError(self.last_words() or "the bot has ended at once, and has not said why")

    async def stop(self) -> None:
        """End it for good: SIGTERM, and SIGKILL when that does not do."""
        self._asked = True
        if self._process is not None and self.pid:
            self._signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        self._signal(signal.SIGKILL)
        if self._process is not None:
            await self._process.wait()
        self._become("stopped")

    async def restart(self) -> None:
        """SIGTERM, then a new start at once; returns when it runs, or has ended again."""
        await self._begin_anew(signal.SIGTERM)
        starts = self._starts
        with suppress(TimeoutError):
            await self._changes.until(lambda: self.state == "running" or self._starts > starts, _START_SECONDS)

    async def kill(self) -> None:
        """SIGKILL; it is started again after a moment, as by a supervisor."""
        if self._process is None or not self.pid:
            return
        self._asked = True
        self._signal(signal.SIGKILL)
        await self._process.wait()
        await self._changes.until(lambda: self.state != "running", _STOP_SECONDS)

    def last_words(self) -> str:
        """The line in which it says why it does not start, or else its last one."""
        lines = self._last_words.decode(errors="replace").splitlines()
        said = [line for line in lines if line.startswith(_REFUSAL)] or [line for line in lines if line.strip()]
        return said[-1].removeprefix(_REFUSAL) if said else ""

    async def _begin_anew(self, number: signal.Signals) -> None:
        starts = self._starts
        self._asked = True
        self._wanted.set()
        self._signal(number)
        with suppress(TimeoutError):
            await self._changes.until(lambda: self._starts > starts, _STOP_SECONDS)
            return
        self._signal(signal.SIGKILL)
        await self._changes.until(lambda: self._starts > starts, _STOP_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def _become(self, state: State) -> None:
        if state != self.state:
            self.state = state
            self._tell(state)
        self._changes.touch()

    def _keeper_failed(self) -> bool:
        return self._keeper is not None and self._keeper.done()

    async def _keep(self) -> None:
        pause = _PAUSE
        while True:
            runs = self._runs
            status = await self._live()
            if not self._asked:
                self.ends.append(status)
            self._become("stopped")
            pause = _PAUSE if self._runs > runs else min(pause * 2, _LONGEST_PAUSE)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), pause)

    async def _live(self) -> int:
        """One life of the process; its exit status."""
        self._wanted.clear()
        self._asked = False
        with self._log_path.open("ab", buffering=0) as log:
            process = self._process = await asyncio.create_subprocess_exec(
                *command(), stdin=PIPE, stdout=PIPE, stderr=STDOUT, env=self._environment, start_new_session=True
            )  # a session of its own, so that Ctrl-C is for us and we end it in order
            self._starts += 1
            self._become("starting")
            await self._follow(process, log)
            return await process.wait()

    async def _follow(self, process: Process, log: BinaryIO) -> None:
        """Write down what it prints until it ends, and learn from it when it runs, and where."""
        self._last_words = b""
        if process.stdout is None:
            raise RuntimeError("the process was started with a pipe")
        while printed := await process.stdout.read(65536):
            with suppress(OSError):  # a full disk must not stop the bot, too
                log.write(printed)
            words = self._last_words + printed
            self._last_words = words[-_LAST_WORDS:]
            if self.state == "starting" and (found := _STARTED.search(words)):
                self.port = int(found[1])
                self._runs += 1
                self._become("running")
