"""Insert a row unless it is there: both databases have the same words for it, SQLAlchemy has them per dialect."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def insert_new(connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> Any | None:
    """The new row's primary key, or None when a row with the same key or unique value is there already."""
    dialect = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    key = table.primary_key.columns.values()[0]
    return connection.execute(dialect(table).values(**values).on_conflict_do_nothing().returning(key)).scalar()
