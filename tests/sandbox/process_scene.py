"""The sandbox in a process of its own, as people start it: the scene of its tests."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp

SECONDS = 40.0
STOP_SECONDS = 10.0


class Sandbox:
    """A sandbox in a process of its own, and what it has printed."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.printed = ""

    async def reads(self, pattern: str) -> re.Match[str]:
        """Wait until something like this is printed; each call goes on where the last one found something."""
        assert self.process.stdout
        async with asyncio.timeout(SECONDS):
            while not (found := re.search(pattern, self.printed)):
                line = await self.process.stdout.readline()
                assert line, f"it ended without {pattern!r}:\n{self.printed}"
                self.printed += line.decode()
        self.printed = self.printed[found.end() :]
        return found

    async def stop(self, number: signal.Signals) -> int:
        """Send a signal, and give the exit status."""
        self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), STOP_SECONDS)


@asynccontextmanager
async def sandbox(
    *arguments: str, stdin: int = DEVNULL, settings: dict[str, str] | None = None
) -> AsyncIterator[Sandbox]:
    """Start a sandbox with these settings only; it is ended whatever happens."""
    # without bytecode a start takes seconds
    ours = ("SLACK_", "CODER_", "BOT_", "DATABASE_", "SANDBOX_", "PYTHONDONTWRITEBYTECODE")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "sandbox", *arguments),
        stdin=stdin, stdout=PIPE, stderr=STDOUT, env=clean | (settings or {}),
    )  # fmt: skip
    try:
        yield Sandbox(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def answers(url: str) -> bool:
    """Whether somebody listens there."""
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientConnectionError:
        return False


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that nobody tells: it is looked at again and again."""
    async with asyncio.timeout(SECONDS):
        while not await condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)
