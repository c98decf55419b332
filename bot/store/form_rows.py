"""The form table: what an open form knows beside its fields."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.models import Form
from bot.store.clock import now_ms
from bot.store.insert import insert_new
from bot.store.schema import form

KEEP_SECONDS = 24 * 3600.0


def add_form(connection: sa.Connection, new: Form) -> bool:
    """Keep a form that is about to open; False when it is known already."""
    values = new.model_dump(mode="json", exclude={"created_at"})
    return insert_new(connection, form, {**values, "created_at": now_ms()}) is not None


def find_form(connection: sa.Connection, form_id: str) -> Form | None:
    """The form; None when it is older than a day."""
    row = connection.execute(sa.select(form).where(form.c.id == form_id)).first()
    if row is None:
        return None
    return Form.model_validate({**row._mapping, "created_at": row.created_at / 1000})  # noqa: SLF001 - public name


def save_form(connection: sa.Connection, form_id: str, /, **changes: Any) -> None:
    """Change some columns: `view_id`, `data`."""
    connection.execute(sa.update(form).where(form.c.id == form_id).values(**changes))


def prune_forms(connection: sa.Connection) -> None:
    """Forget what was open more than a day ago."""
    connection.execute(sa.delete(form).where(form.c.created_at < now_ms() - int(KEEP_SECONDS * 1000)))
