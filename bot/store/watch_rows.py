"""The watch table: which channels want to hear of tasks that nobody started from Slack."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.models import Watch
from bot.store.clock import now_ms
from bot.store.schema import person, watch


def list_watches(connection: sa.Connection, channel: str | None = None) -> list[Watch]:
    """The watches of a channel, or of all channels, oldest first.

    Who is known to be a site owner no longer shows nobody's tasks but their own any more.
    """
    still_sees_all = sa.and_(watch.c.sees_all, sa.func.coalesce(person.c.site_owner, sa.true())).label("still_sees_all")
    query = sa.select(watch, still_sees_all).outerjoin(person, person.c.slack_user == watch.c.set_by)
    query = query.order_by(watch.c.id)
    if channel is not None:
        query = query.where(watch.c.channel == channel)
    return [_watch(row) for row in connection.execute(query)]


def save_watch(connection: sa.Connection, new: Watch) -> None:
    """Watch from now on; the same person's watch of the same tasks in the same channel is replaced."""
    of_same = (watch.c.owner_id == new.owner_id, watch.c.template == new.template)
    same = sa.and_(watch.c.channel == new.channel, watch.c.set_by == new.set_by, *of_same)
    connection.execute(sa.delete(watch).where(same))
    values = new.model_dump(mode="json", exclude={"id", "created_at"})
    connection.execute(sa.insert(watch).values(**values, created_at=now_ms()))


def remove_watches(connection: sa.Connection, channel: str) -> int:
    """The channel watches nothing any more; how many watches that ends."""
    return connection.execute(sa.delete(watch).where(watch.c.channel == channel)).rowcount


def _watch(row: sa.Row[Any]) -> Watch:
    values = {**row._mapping, "sees_all": row.still_sees_all, "created_at": row.created_at / 1000}  # noqa: SLF001 - public name
    return Watch.model_validate(values)
