"""Until when a delivery may send something: whoever wakes later than that has lost its lane to another replica.

A time-out alone does not hold a process that was frozen: what it was about to write when it froze, it writes when it
wakes, before its event loop looks at the clock. So the last one before the write asks here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_until: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Everything in here, and the asyncio tasks it starts, has so many seconds from now."""
    token = _until.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.reset(token)


def is_over() -> bool:
    """Whether it is too late to send anything."""
    return time.monotonic() > _until.get()
