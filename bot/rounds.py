"""What the bot does again and again, also when the machine's clock is set back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

# A round that comes late is better than none, and several late ones are one.
_LATE_SECONDS: Final = 300
_CLOCK_SECONDS: Final = 1.0
_DRIFT_SECONDS: Final = 0.5  # what slewing and rounding may do between two looks


class Rounds:
    """Works at fixed intervals. Each work runs once at a time; the times that pass meanwhile are left out."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": _LATE_SECONDS},
        )
        self._clock: asyncio.Task[None] | None = None

    def every(self, seconds: float, work: Callable[[], Awaitable[None]], first: float | None = None) -> None:
        """Do the work every so many seconds, for the first time after `first`, or after one interval."""

        async def once() -> None:
            try:
                with contextlib.suppress(asyncio.CancelledError):  # an end in the middle is no failure
                    await work()
            except Exception:
                log.exception("a bug in what is done again and again", extra={"action": "round_bug"})

        begin = datetime.now(UTC) + timedelta(seconds=seconds if first is None else first)
        self._scheduler.add_job(once, "interval", seconds=seconds, next_run_time=begin, name=work.__qualname__)

    def begin(self) -> None:
        """Start; the times of `every` count from when it was called."""
        self._scheduler.start()
        self._clock = asyncio.create_task(self._watch_clock(), name="clock")

    def rest(self) -> None:
        """Begin nothing more; what runs goes on."""
        if self._scheduler.running:
            self._scheduler.pause()

    async def end(self) -> None:
        """Cut off what runs."""
        if self._clock is not None:
            self._clock.cancel()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # it ends in the next turn of the loop

    async def _watch_clock(self) -> None:
        """The scheduler goes by the wall clock: set back by an hour, it would let nothing run for an hour."""
        ahead = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(_CLOCK_SECONDS)
            before, ahead = ahead, time.time() - time.monotonic()
            if ahead < before - _DRIFT_SECONDS and self._scheduler.running:
                fields = {"action": "clock_set_back", "seconds": round(before - ahead, 1)}
                log.warning("the machine's clock was set back", extra=fields)
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))
