"""What is done again and again: at its times, one at a time, and not kept from it by a failure or by a clock."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.rounds import Rounds


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
    assert second - first >= 0.1 - 0.01
    assert third - second >= 0.1 - 0.01


async def test_a_wall_clock_set_back_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an hour earlier than it was, and the rounds go on."""
    real, rounds, done = time.time, Rounds(), asyncio.Event()

    async def work() -> None:
        done.set()

    rounds.every(0.05, work)
    monkeypatch.setattr(time, "time", lambda: real() - 3600.0)
    await asyncio.wait_for(done.wait(), 5)
    await rounds.end()


async def test_resting_begins_nothing_and_cuts_off_nothing() -> None:
    """What runs goes on when no more is begun."""
    rounds, begun, ended = Rounds(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        assert not begun.is_set()
        begun.set()
        await asyncio.sleep(0.05)
        ended.set()

    rounds.every(0.01, work)
    await begun.wait()
    rounds.rest()
    await asyncio.wait_for(ended.wait(), 5)
    await asyncio.sleep(0.05)
    await rounds.end()
