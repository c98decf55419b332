"""Brings the schema up to date at start, whoever of many replicas comes first."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from bot.errors import StartError, StoreError
from bot.store.database import Database
from bot.store.migrations import HEAD

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 0x636F646572  # "coder": the number of PostgreSQL's advisory lock
_OTHERS_SECONDS: Final = 60  # how long another replica may take
_TABLE_SECONDS: Final = 5  # how long a table may be in use by a running replica of the build before


async def migrate(database: Database) -> str:
    """Make the schema what this build needs; what was done: `created`, `already at X` or `upgraded from X to Y`.

    All of it or, whatever happens, nothing. StartError when a newer build has changed the schema.
    """
    try:
        if await database.run(schema_version) == HEAD:
            return f"already at {HEAD}"  # most starts: no lock
        return await database.run(_migrate)
    except StoreError as error:
        raise StartError(
            f"DATABASE_URL: the schema could not be brought up to date, nothing was changed: {error}"
        ) from error


def schema_version(connection: sa.Connection) -> str | None:
    """The revision of the tables; None for an empty database."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(connection: sa.Connection) -> str:
    # On SQLite the transaction is the lock: it has begun with BEGIN IMMEDIATE.
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_OTHERS_SECONDS}s'"))
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_TABLE_SECONDS}s'"))
    before = schema_version(connection)
    if before == HEAD:
        return f"already at {HEAD}"
    _upgrade(connection, before)
    return "created" if before is None else f"upgraded from {before} to {HEAD}"


def _upgrade(connection: sa.Connection, before: str | None) -> None:
    # here, because importing Alembic takes longer than all else in a start that has nothing to migrate
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    if before is not None and before not in known:
        raise StartError(
            f"DATABASE_URL: the schema is {before}, made by a newer version of this bot, this one knows only {HEAD}: "
            "start the newer version, or restore a backup from before it"
        )
    command.upgrade(config, HEAD)
