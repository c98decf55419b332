"""Slack's speed limits, kept before Slack has to say so: about one post a second and channel, 50 edits a minute.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import itertools
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.errors import Later

_REMEMBERED = 2000  # lines
_PATIENCE = 10.0  # seconds for which the others wait for somebody who does not come
_FORGOTTEN = 600.0  # and for which their place is kept, should they come after all
_NEARLY = 1e-6


@dataclass(frozen=True)
class Rate:
    """One call every `spacing` seconds on average, up to `burst` at once."""

    spacing: float
    burst: int


# Slack allows "short bursts" and does not say how short; calls may also arrive closer together than they were made.
POSTS_PER_CHANNEL = Rate(spacing=1.0, burst=3)
EDITS = Rate(spacing=1.2, burst=20)
READS = Rate(spacing=1.2, burst=20)


@dataclass
class _Line:
    """Who waits for one key: how many may go at `at`, and everybody's place with the time until which others wait."""

    tokens: float
    at: float
    places: dict[str, float] = field(default_factory=dict)

    def refill(self, now: float, spacing: float, burst: int) -> None:
        if now > self.at:
            self.tokens = min(burst, self.tokens + (now - self.at) / spacing)
            self.at = now
        for caller in [caller for caller, until in self.places.items() if until + _FORGOTTEN < now]:
            del self.places[caller]

    def ahead_of(self, caller: str, now: float) -> int:
        """How many others go before; who does not come is passed, but finds the place on coming after all."""
        before = itertools.takewhile(lambda place: place[0] != caller, self.places.items())
        return sum(until >= now for _, until in before)


@dataclass
class Pace:
    """Gives each caller its turn: whoever comes too early is told when to come again, and finds their place kept.

    `speed` is how many times as fast as Slack's the limits are, where a Slack is simulated in a shorter time.
    """

    clock: Callable[[], float] = time.monotonic
    speed: float = 1.0
    _lines: OrderedDict[str, _Line] = field(default_factory=OrderedDict)

    def take(self, key: str, rate: Rate, caller: str) -> None:
        """Go on, or raise Later with the seconds until this caller's turn."""
        now, spacing = self.clock(), rate.spacing / self.speed
        line = self._line(key, rate.burst, now)
        line.refill(now, spacing, rate.burst)
        short = line.ahead_of(caller, now) + 1 - line.tokens
        if line.at <= now and short <= _NEARLY:
            line.places.pop(caller, None)
            line.tokens -= 1
            return
        wait = max(0.0, line.at - now) + max(0.0, short) * spacing
        line.places[caller] = now + wait + _PATIENCE
        raise Later(wait + 0.01, f"Slack's pace for {key}")

    def hold(self, key: str, seconds: float) -> None:
        """Slack says to wait: nobody goes before that, and then one after the other."""
        now = self.clock()
        line = self._line(key, 1, now)
        line.at, line.tokens = max(line.at, now + seconds), min(line.tokens, 1.0)

    def check(self, key: str) -> None:
        """Go on, or raise Later while Slack has asked to wait: for calls that have no pace of their own."""
        line = self._lines.get(key)
        if line is not None and line.at > (now := self.clock()):
            raise Later(line.at - now + 0.01, f"Slack's rate limit for {key}")

    def _line(self, key: str, burst: int, now: float) -> _Line:
        line = self._lines.setdefault(key, _Line(burst, now))
        self._lines.move_to_end(key)
        while len(self._lines) > _REMEMBERED:
            self._lines.popitem(last=False)
        return line
