"""Questions about the outbox that are not the engine's own."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from bot.store.schema import outbox


def is_waiting(connection: sa.Connection, lanes: Sequence[str]) -> bool:
    """Whether something waits in one of these lanes, or is being delivered."""
    pending = outbox.c.state == sa.literal_column("0")  # a literal, for the partial index
    found = sa.select(outbox.c.id).where(outbox.c.lane.in_(lanes), pending).limit(1)
    return connection.execute(found).first() is not None
