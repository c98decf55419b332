"""Plays schedules one after the other, each in a database of its own, and finds the shortest one that still fails."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from tests.faults.bots import Nursery
from tests.faults.schedule import Result, Schedule, play, without
from tests.faults.stage import World
from tests.faults.tables import Databases

T = TypeVar("T")
_SHRINK_SECONDS = 90.0


class Player:
    """Plays schedules; `databases` and `nursery` stay its maker's."""

    def __init__(self, nursery: Nursery, databases: Databases) -> None:
        self._nursery, self._databases = nursery, databases

    def __call__(self, schedule: Schedule) -> Result:
        """Play one and judge it."""
        return self.on(schedule.world, lambda url, nursery, folder: play(schedule, url, nursery, folder))

    def on(self, world: World, work: Callable[[str, Nursery, Path], Awaitable[T]]) -> T:
        """Do something with the URL of a new database, the nursery, and a folder."""
        with tempfile.TemporaryDirectory(prefix="faults-", dir=_memory()) as name:
            folder = Path(name)
            with self._databases.new(world.database, folder) as url:
                return asyncio.run(_awaited(work(url, self._nursery, folder)))

    def shrunk(self, result: Result) -> Result:
        """The shortest schedule found that still fails: steps are left out by halves, then one by one, for a while."""
        until = time.monotonic() + _SHRINK_SECONDS
        schedule = result.schedule
        kept = schedule.kept if schedule.kept is not None else tuple(range(schedule.steps))
        best = replace(result, schedule=replace(schedule, kept=kept))
        size = len(kept) // 2
        while size >= 1:
            place = 0
            while place < len(best.schedule.kept or ()):
                if time.monotonic() > until:
                    return best
                dropped = (best.schedule.kept or ())[place : place + size]
                tried = self(without(best.schedule, dropped))
                if tried.complaints:
                    best = tried
                else:
                    place += size
            size //= 2
        return best


async def _awaited(work: Awaitable[T]) -> T:
    return await work


def _memory() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of our own is made in it
