"""The bot as a process of its own: `python -m bot run`, as a supervisor starts, asks and stops it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0  # seconds, for a machine that has much else to do
RUN = ("-m", "bot", "run")
KEPT = ("PATH", "HOME", "LANG", "PYTHONDONTWRITEBYTECODE")


class BotProcess:
    """A running process: what it has logged so far, and its end."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._new = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            async with self._new:
                self.lines.append(line.decode().rstrip("\n"))
                self._new.notify_all()
        async with self._new:
            self._new.notify_all()

    @property
    def log(self) -> str:
        """Everything on stderr so far."""
        return "\n".join(self.lines)

    async def logged(self, words: str) -> str:
        """The first line with these words, as soon as there is one."""

        def found() -> bool:
            return words in self.log or self._reader.done()

        async with asyncio.timeout(PATIENCE), self._new:
            await self._new.wait_for(found)
        assert words in self.log, self.log
        return next(line for line in self.lines if words in line)

    async def port(self) -> int:
        """Where it listens, when it runs."""
        found = re.search(r"port=(\d+)", await self.logged("action=started"))
        assert found
        return int(found[1])

    async def get(self, path: str) -> tuple[int, Any]:
        """Ask its own port: status, and the JSON or text of the answer."""
        url = f"http://127.0.0.1:{await self.port()}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return response.status, await (response.json() if path == "/readyz" else response.text())

    async def output(self) -> str:
        """Everything on stdout, when it has ended."""
        assert self.process.stdout is not None
        return (await self.process.stdout.read()).decode()

    async def ended(self) -> int:
        """Wait for the end, for at most the ten seconds that a supervisor gives; the exit status."""
        status = await asyncio.wait_for(self.process.wait(), 10)
        await self._reader
        return status

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it as a supervisor does; the exit status."""
        self.process.send_signal(number)
        return await self.ended()


@contextlib.asynccontextmanager
async def bot_process(environment: Mapping[str, str], *arguments: str) -> AsyncIterator[BotProcess]:
    """Start `python -m bot run` (or with other arguments) and nothing else in its environment; killed in the end."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        sys.executable, *(arguments or RUN),
        cwd=ROOT, env={**kept, **environment}, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    started = BotProcess(process)
    try:
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await started._reader


async def refused(environment: Mapping[str, str], *arguments: str) -> tuple[str, float]:
    """The one line with which it refuses to start, and after how many seconds."""
    began = time.monotonic()
    async with bot_process(environment, *arguments) as process:
        status = await asyncio.wait_for(process.process.wait(), PATIENCE)
        await process._reader
        seconds = time.monotonic() - began
    assert status == 1, process.log
    said = [line for line in process.lines if line.startswith("coder-task-bot: ")]
    assert process.lines[-1:] == said, process.log
    return said[0], seconds
