"""How many replicas are alive: each keeps a lease of its own."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.clock import now_ms
from bot.store.lanes import hold_lease, release_lease
from bot.store.schema import lease

ALIVE_SECONDS = 60.0
_NAME = "alive:"
_LIVING = sa.select(sa.func.count()).where(lease.c.name.startswith(_NAME), lease.c.until > now_ms())
_GONE = sa.delete(lease).where(lease.c.name.startswith(_NAME), lease.c.until <= now_ms())


def count_replicas(connection: sa.Connection, name: str) -> int:
    """Say that this replica is alive for the next minute, and count all that are."""
    hold_lease(connection, f"{_NAME}{name}", name, ALIVE_SECONDS)
    connection.execute(_GONE)
    return int(connection.execute(_LIVING).scalar_one())


def leave_replicas(connection: sa.Connection, name: str) -> None:
    """Count this replica no more."""
    release_lease(connection, f"{_NAME}{name}", name)
