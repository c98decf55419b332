"""Moments that all replicas share."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa

from bot.store import clock
from bot.store.clock import now_ms
from bot.store.insert import insert_new
from bot.store.schema import moment


class Moment(StrEnum):
    """The moments that are kept."""

    CODER_ANSWERED = "coder_answered"
    CODER_SILENT = "coder_silent"  # since when cards have said that they are stale
    ALIVE = "alive"
    CLEANED = "cleaned"  # when finished tasks were last looked for
    POLL_ASKED = "poll_asked"  # when Coder last said that something has happened


def now(connection: sa.Connection) -> float:
    """The database's clock, in Unix seconds: the one clock of all replicas."""
    return clock.now(connection) / 1000


def get_moment(connection: sa.Connection, name: Moment) -> float | None:
    """When it was, in Unix seconds."""
    at = connection.execute(sa.select(moment.c.at).where(moment.c.name == name)).scalar()
    return None if at is None else at / 1000


def mark_moment(connection: sa.Connection, name: Moment, at: float | None = None) -> None:
    """It is now, or was at the given time."""
    value = now_ms() if at is None else int(at * 1000)
    if connection.execute(sa.update(moment).where(moment.c.name == name).values(at=value)).rowcount == 0:
        insert_new(connection, moment, {"name": name.value, "at": value})


def is_first_since(connection: sa.Connection, name: str, seconds: float) -> bool:
    """Whether something of this name happens for the first time in so many seconds; from then on it has."""
    if insert_new(connection, moment, {"name": name, "at": now_ms()}) is not None:
        return True
    old = moment.c.at < now_ms() - int(seconds * 1000)
    again = sa.update(moment).where(moment.c.name == name, old).values(at=now_ms())
    return connection.execute(again).rowcount == 1


def clear_moment(connection: sa.Connection, name: Moment) -> None:
    """It never was."""
    connection.execute(sa.delete(moment).where(moment.c.name == name))
