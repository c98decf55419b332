"""Time in the local Coder: how fast scripts run, what runs in the background, and waiting for a change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Clock:
    """Wall time, and waits that are divided by `speed`; speed 0 is manual: nothing moves by itself."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._skew = timedelta()
        self._changed = asyncio.Event()
        self._last = datetime.min.replace(tzinfo=UTC)

    @property
    def speed(self) -> float:
        """How much faster than usual everything goes; a new speed holds for the waits that go on, too."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        self._speed = value
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def skew(self) -> timedelta:
        """By how much it is ahead of the machine's; set back, what happens next has a smaller time than what did."""
        return self._skew

    @skew.setter
    def skew(self, value: timedelta) -> None:
        self._skew = value
        self._last = datetime.min.replace(tzinfo=UTC)

    @property
    def manual(self) -> bool:
        """Nothing moves by itself."""
        return self.speed <= 0

    def now(self) -> datetime:
        """The present time in UTC, later than at every call before: what happened first has the smaller time."""
        self._last = max(datetime.now(UTC) + self._skew, self._last + timedelta(microseconds=1))
        return self._last

    async def sleep(self, seconds: float) -> None:
        """Wait for scripted seconds; in manual mode there is no waiting."""
        left, now = seconds, asyncio.get_running_loop().time
        await asyncio.sleep(0)
        while left > 0 and not self.manual:
            began, speed, changed = now(), self.speed, self._changed
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left / speed)
            left = left - (now() - began) * speed if changed.is_set() else 0

    def real(self, seconds: float) -> float:
        """How many real seconds a number of scripted seconds takes."""
        return 0 if self.manual else seconds / self.speed


class Changes:
    """The news that something changed; whoever waits looks again at every piece of it."""

    def __init__(self) -> None:
        self.revision = 0  # how often what is stored has changed
        self._news = asyncio.Event()

    def touch(self, *, stored: bool = True) -> None:
        """Something changed: by default in what is stored, else only in what was called."""
        self.revision += stored
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, predicate: Callable[[], T], seconds: float | None) -> T:
        """Return the first truthy answer of `predicate`; TimeoutError after so many real seconds (None: never)."""
        async with asyncio.timeout(seconds):
            while True:
                news = self._news
                if answer := predicate():
                    return answer
                await news.wait()


class Background:
    """What runs by itself, at most one coroutine per key; a failure is logged and raised at close."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._failures: list[BaseException] = []

    def start(self, key: tuple[str, str], work: Coroutine[None, None, None]) -> None:
        """Run work, instead of what ran under this key before."""
        self.end(key)
        task = asyncio.get_running_loop().create_task(work, name=":".join(key))
        self._running[key] = task
        task.add_done_callback(lambda done: self._done(key, done))

    def runs(self, key: tuple[str, str]) -> bool:
        """Whether something runs under a key."""
        return key in self._running

    def end(self, key: tuple[str, str]) -> None:
        """Stop what runs under a key, if anything does."""
        task = self._running.pop(key, None)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """Stop everything; raises the first failure of what ran."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._failures:
            raise self._failures[0]

    def _done(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        if self._running.get(key) is task:
            del self._running[key]
        if not task.cancelled() and (failure := task.exception()) is not None:
            logger.error("action=background_failed key=%s", ":".join(key), exc_info=failure)
            self._failures.append(failure)
