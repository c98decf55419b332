"""What is done again and again: at its times, one at a time, and not kept from it by a failure or by a clock."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bot.rounds import Rounds

# In a process of its own, because its clock is changed for good.
_SET_BACK = """
import asyncio
from types import SimpleNamespace
from bot.rounds import Rounds
from tests.faults import timepiece

async def main():
    clock, rounds, done = SimpleNamespace(wall=0.0), Rounds(), asyncio.Queue()
    timepiece.follow(clock)
    rounds.every(0.05, lambda: done.put(1))
    rounds.begin()
    await done.get()
    clock.wall = -3600.0
    while not done.empty():
        done.get_nowait()
    for _ in range(3):
        await asyncio.wait_for(done.get(), 10)
    await rounds.end()

asyncio.run(main())
"""


async def _times(count: int, seconds: float, work_seconds: float = 0.0, *, fails: bool = False) -> list[float]:
    """When a work was begun, so many times."""
    rounds, begun, now = Rounds(), list[float](), asyncio.get_running_loop().time
    enough, running = asyncio.Event(), 0

    async def work() -> None:
        nonlocal running
        running += 1
        assert running == 1
        begun.append(now())
        if len(begun) == count:
            enough.set()
        await asyncio.sleep(work_seconds)
        running -= 1
        if fails:
            raise LookupError("a bug")

    began = now()
    rounds.every(seconds, work, first=0.0)
    rounds.begin()
    await asyncio.wait_for(enough.wait(), 10)
    await rounds.end()
    return [at - began for at in begun]


async def test_a_failure_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    """A work that raises is logged and done again."""
    assert len(await _times(3, 0.01, fails=True)) == 3
    assert "a bug" in caplog.text


async def test_times_that_pass_meanwhile_are_left_out() -> None:
    """A work that takes longer than its interval waits for the next time that is free, not for none."""
    first, second, third = await _times(3, 0.05, 0.07)
    assert second - first >= 0.07
    assert third - second >= 0.07


def test_a_wall_clock_set_back_is_noticed() -> None:
    """It is an hour earlier than it was, and the rounds go on."""
    command = [sys.executable, "-c", _SET_BACK]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "clock was set back" in done.stderr


async def test_an_end_in_the_middle_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    """What is cut off is not logged as a bug, by us or by the scheduler."""
    rounds, begun = Rounds(), asyncio.Event()
    cut_off = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cut_off.set()

    rounds.every(0.01, work)
    rounds.begin()
    await begun.wait()
    await rounds.end()
    await asyncio.wait_for(cut_off.wait(), 5)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_resting_begins_nothing_and_cuts_off_nothing() -> None:
    """What runs goes on when no more is begun."""
    rounds, begun, ended = Rounds(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        assert not begun.is_set()
        begun.set()
        await asyncio.sleep(0.05)
        ended.set()

    rounds.every(0.01, work)
    rounds.begin()
    await begun.wait()
    rounds.rest()
    await asyncio.wait_for(ended.wait(), 5)
    await asyncio.sleep(0.05)
    await rounds.end()
