"""Slack's speed limits, kept before Slack has to say so: about one post a second and channel, 50 edits a minute.

https://docs.slack.dev/apis/web-api/rate-limits
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from bot.errors import Later

_REMEMBERED = 2000
_K = TypeVar("_K")


@dataclass(frozen=True)
class Rate:
    """One call every `spacing` seconds on average, up to `burst` at once."""

    spacing: float
    burst: int


POSTS_PER_CHANNEL = Rate(spacing=1.0, burst=5)
EDITS = Rate(spacing=1.2, burst=20)
READS = Rate(spacing=1.2, burst=20)


@dataclass
class Pace:
    """Gives each caller its turn: whoever comes too early is told when to come again, and finds their place kept."""

    clock: Callable[[], float] = time.monotonic
    _free: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _kept: OrderedDict[tuple[str, str], float] = field(default_factory=OrderedDict)

    def take(self, key: str, rate: Rate, caller: str) -> None:
        """Go on, or raise Later with the seconds until this caller's turn."""
        at = self.clock()
        turn = self._kept.pop((key, caller), None)
        if turn is None:
            turn = max(self._free.get(key, 0.0), at - rate.spacing * (rate.burst - 1))
            self._remember(self._free, key, turn + rate.spacing)
        if turn > at:
            self._remember(self._kept, (key, caller), turn)
            raise Later(turn - at + 0.01, f"Slack's pace for {key}")

    def hold(self, key: str, seconds: float) -> None:
        """Slack says to wait: nobody goes before that."""
        self._remember(self._free, key, max(self._free.get(key, 0.0), self.clock() + seconds))

    @staticmethod
    def _remember(store: OrderedDict[_K, float], key: _K, value: float) -> None:
        store[key] = value
        store.move_to_end(key)
        while len(store) > _REMEMBERED:
            store.popitem(last=False)
