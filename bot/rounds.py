"""What the bot does again and again, by the clock that nobody can set: a wall clock set back must not stop a poll."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


class Rounds:
    """Works at fixed intervals. Each work runs once at a time; the times that pass meanwhile are left out."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []
        self._resting = False

    def every(self, seconds: float, work: Callable[[], Awaitable[None]], first: float | None = None) -> None:
        """Do the work every so many seconds, for the first time after `first`, or after one interval."""
        self._tasks.append(asyncio.create_task(self._run(seconds, work, seconds if first is None else first)))

    def rest(self) -> None:
        """Begin nothing more; what runs goes on."""
        self._resting = True

    async def end(self) -> None:
        """Cut off what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _run(self, seconds: float, work: Callable[[], Awaitable[None]], first: float) -> None:
        now = asyncio.get_running_loop().time
        due = now() + first
        while True:
            await asyncio.sleep(due - now())
            if self._resting:
                return
            try:
                await work()
            except Exception:
                log.exception("a bug in what is done again and again", extra={"action": "round_bug"})
            missed = max(0.0, now() - due) // seconds
            due += seconds * (1 + missed)
