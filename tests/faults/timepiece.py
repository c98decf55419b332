"""Lets the wall clock of a process be set from outside, as NTP or an operator sets a machine's.

On SQLite the database's clock is the machine's, so it goes with it; PostgreSQL's server has a clock of its own.
"""

from __future__ import annotations

import ctypes
import gc
import time
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, Protocol

import sqlalchemy as sa
from slack_sdk import signature

_UNIX_EPOCH: Final = 2440587.5  # as SQLite counts days
_DAY: Final = 86400.0
_real_time = time.time
_real_now = datetime.now


class Wall(Protocol):
    """What says how far the wall clock is off."""

    @property
    def wall(self) -> float:
        """Seconds by which it is ahead."""
        ...


def follow(control: Wall) -> None:
    """Let everything in this process that asks for the time of day get the one of `control`."""

    def now() -> float:
        return _real_time() + control.wall

    def now_in(_: type[datetime], tz: tzinfo | None = None) -> datetime:
        return _real_now(tz) + timedelta(seconds=control.wall)

    def julian_day(_: str) -> float:
        return now() / _DAY + _UNIX_EPOCH

    def connected(connection: Any, _: object) -> None:
        if hasattr(connection, "create_function"):
            connection.create_function("julianday", 1, julian_day)

    time.time = now
    signature.time = now  # type: ignore[attr-defined]  # it has imported the function
    # Everybody has imported the class itself, which is not to be changed in the ordinary way.
    gc.get_referents(datetime.__dict__)[0]["now"] = classmethod(now_in)
    ctypes.pythonapi.PyType_Modified(ctypes.py_object(datetime))
    sa.event.listen(sa.Engine, "connect", connected)
