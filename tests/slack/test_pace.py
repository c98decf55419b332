"""The pace: never faster than Slack allows, first come first served, and nobody waits for ever."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Later
from bot.slack.pace import Pace, Rate

RATE = Rate(spacing=1.0, burst=3)


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@dataclass
class Street:
    """Callers that come, and come again when they are told to, each so many seconds late."""

    rate: Rate
    clock: Clock = field(default_factory=Clock)
    went: list[tuple[float, str]] = field(default_factory=list)

    def run(self, arrivals: list[tuple[float, float]], hold: tuple[float, float] | None = None) -> None:
        """Let everybody come at their time; `hold` is when Slack says to wait, and for how long."""
        pace = Pace(self.clock)
        queue = [(1000 + at, number, late) for number, (at, late) in enumerate(arrivals)]
        if hold is not None:
            queue.append((1000 + hold[0], -1, 0.0))
        heapq.heapify(queue)
        for _ in range(100 * len(queue)):
            if not queue:
                return
            self.clock.now, number, late = heapq.heappop(queue)
            if hold is not None and number == -1:
                pace.hold("key", hold[1])
                continue
            try:
                pace.take("key", self.rate, str(number))
                self.went.append((self.clock.now, str(number)))
            except Later as later:
                heapq.heappush(queue, (self.clock.now + later.after + late, number, late))
        raise AssertionError(f"{queue} never get their turn")


RATES = st.builds(Rate, spacing=st.floats(0.1, 3), burst=st.integers(1, 6))
TIMES = st.floats(0, 20)


@given(RATES, st.lists(st.tuples(TIMES, st.floats(0, 30)), min_size=1, max_size=25))
@settings(deadline=None)
def test_it_is_never_faster_than_the_rate(rate: Rate, arrivals: list[tuple[float, float]]) -> None:
    """In any stretch of time at most the burst and what the rate gives go, however late they come; all go once."""
    street = Street(rate)
    street.run(arrivals)

    times = [at for at, _ in street.went]
    for first, begin in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= rate.burst + (times[last] - begin) / rate.spacing + 1e-3
    assert sorted(int(number) for _, number in street.went) == list(range(len(arrivals)))


@given(RATES, st.lists(TIMES, min_size=1, max_size=25), st.none() | st.tuples(TIMES, st.floats(0, 20)))
@settings(deadline=None)
def test_who_comes_first_goes_first(rate: Rate, times: list[float], hold: tuple[float, float] | None) -> None:
    """Callers who come back when they were told to go in the order of their first coming, also after a hold."""
    street = Street(rate)
    street.run([(at, 0.0) for at in sorted(times)], hold)

    assert [int(number) for _, number in street.went] == list(range(len(times)))


@given(RATES, st.lists(TIMES, min_size=2, max_size=25), TIMES, st.floats(0.5, 20))
@settings(deadline=None)
def test_nobody_goes_while_slack_says_to_wait(rate: Rate, times: list[float], at: float, seconds: float) -> None:
    """Between a Retry-After and its end nobody goes, whoever had a place before, and then not all at once."""
    street = Street(rate)
    street.run([(time, 0.0) for time in sorted(times)], (at, seconds))

    begin, end = 1000 + at, 1000 + at + seconds
    assert not [when for when, _ in street.went if begin < when < end]
    assert len([when for when, _ in street.went if end <= when < end + rate.spacing * 0.99]) <= 2


def test_a_place_is_not_kept_for_ever() -> None:
    """Who does not come again, because the work was done otherwise, does not hold up the others."""
    clock = Clock()
    pace = Pace(clock)
    for number in range(3):
        pace.take("key", RATE, str(number))
    for number in range(50):
        with pytest.raises(Later):
            pace.take("key", RATE, f"gone {number}")

    clock.now += 100
    pace.take("key", RATE, "new")


def test_lines_are_apart() -> None:
    """A channel that is busy does not slow another one down."""
    pace = Pace(Clock())
    for number in range(3):
        pace.take("post:C1", RATE, str(number))
    with pytest.raises(Later):
        pace.take("post:C1", RATE, "late")

    pace.take("post:C2", RATE, "free")


def test_calls_without_a_pace_wait_only_when_slack_says_so() -> None:
    """A check passes, but for the seconds that Slack has asked for."""
    clock = Clock()
    pace = Pace(clock)
    pace.check("users.info")
    pace.hold("users.info", 3)

    with pytest.raises(Later) as later:
        pace.check("users.info")
    assert 3 <= later.value.after < 4
    pace.check("reactions.add")
    clock.now += later.value.after
    pace.check("users.info")


def test_it_forgets_lines_that_nobody_uses() -> None:
    """Thousands of channels do not fill the memory."""
    pace = Pace(Clock())
    for number in range(5000):
        pace.take(f"post:{number}", RATE, "x")

    assert len(pace._lines) <= 2000
