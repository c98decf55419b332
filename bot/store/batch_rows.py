"""The batch table, and the tasks that are a batch's lines."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.models import Batch, Task
from bot.store.clock import now_ms
from bot.store.insert import insert_new
from bot.store.schema import batch, task
from bot.store.task_rows import get_task


def add_batch(connection: sa.Connection, new: Batch) -> bool:
    """Add a batch whose roll-up is not posted yet; False when it is known already."""
    values = new.model_dump(mode="json", exclude={"edited_at", "created_at"})
    return insert_new(connection, batch, {**values, "created_at": now_ms()}) is not None


def find_batch(connection: sa.Connection, batch_id: str) -> Batch | None:
    """The batch."""
    row = connection.execute(sa.select(batch).where(batch.c.id == batch_id)).first()
    if row is None:
        return None
    times = {"edited_at": row.edited_at / 1000, "created_at": row.created_at / 1000}
    return Batch.model_validate({**row._mapping, **times})  # noqa: SLF001 - SQLAlchemy's public name


def lock_batch(connection: sa.Connection, batch_id: str) -> None:
    """Hold the batch's row until the transaction ends, so that two of its lines do not take the same turn."""
    connection.execute(sa.select(batch.c.id).where(batch.c.id == batch_id).with_for_update())


def list_lines(connection: sa.Connection, batch_id: str) -> list[Task]:
    """The tasks of a batch in the order of its lines."""
    query = sa.select(task.c.id).where(task.c.batch_id == batch_id).order_by(task.c.batch_line)
    return [get_task(connection, row.id) for row in connection.execute(query).all()]


def save_batch(connection: sa.Connection, batch_id: str, /, **changes: Any) -> None:
    """Change some columns."""
    connection.execute(sa.update(batch).where(batch.c.id == batch_id).values(**changes))


def mark_batch_shown(connection: sa.Connection, batch_id: str, revision: int, shown: str) -> None:
    """Slack shows this revision now."""
    values = {"revision": revision, "shown": shown, "edited_at": now_ms()}
    connection.execute(sa.update(batch).where(batch.c.id == batch_id).values(**values))
