"""The database's own clock: replicas need not agree on theirs."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class now_ms(GenericFunction[int]):  # noqa: N801 - it reads as the SQL function it is
    """The database's time when the statement began, in milliseconds since 1970."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(now_ms, "sqlite")
def _sqlite(_element: now_ms, _compiler: SQLCompiler, **_options: Any) -> str:
    # unixepoch('subsec') needs SQLite 3.42
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


@compiles(now_ms, "postgresql")
def _postgresql(_element: now_ms, _compiler: SQLCompiler, **_options: Any) -> str:
    # not now(), which stands still in a transaction; not clock_timestamp(), which is volatile and so matches no index
    return "CAST(extract(epoch from statement_timestamp()) * 1000 AS BIGINT)"


def now(connection: sa.Connection) -> int:
    """The database's time in milliseconds since 1970."""
    return connection.execute(_NOW).scalar_one()


_NOW = sa.select(now_ms())
