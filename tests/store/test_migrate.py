"""The schema at start: made once, by whoever comes first, completely or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.errors import StartError
from bot.store import migrate as room
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.migrations import HEAD
from bot.store.schema import metadata
from bot.store.task_rows import get_tasks


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database without tables."""
    opened = await Database.open(database_url)
    yield opened
    await opened.close()


def _tables(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names())


def _indexes(connection: sa.Connection) -> set[str]:
    """Every index as the database writes it, with its condition, which Alembic does not compare."""
    query = {
        "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
    }[connection.dialect.name]
    return set(connection.execute(sa.text(query)).scalars())


def _move_to(connection: sa.Connection, version: str) -> None:
    connection.execute(sa.text("UPDATE alembic_version SET version_num = :version"), {"version": version})


async def test_the_schema_is_made_once(database: Database) -> None:
    """The first start creates the tables, the next one finds them."""
    assert await migrate(database) == "created"
    assert await migrate(database) == f"already at {HEAD}"


async def test_the_revisions_make_the_schema_of_the_code(database: Database) -> None:
    """The migrated tables are those of bot.store.schema, index conditions included."""
    await migrate(database)
    # Alembic takes sa.Identity for a default, which SQLite does not have
    options = {"compare_type": True, "compare_server_default": database.dialect == "postgresql"}
    assert await database.run(lambda c: compare_metadata(MigrationContext.configure(c, opts=options), metadata)) == []
    migrated = await database.run(_indexes)
    await database.run(metadata.drop_all)
    await database.run(metadata.create_all)
    assert migrated == await database.run(_indexes)


def test_the_head_is_the_newest_revision() -> None:
    """The version that a start looks for without Alembic is the one that Alembic would go to."""
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(room._MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_replicas_that_start_together_do_not_meet(postgres_url: str) -> None:
    """Of many replicas that start at the same moment one makes the schema and the others go on with it."""
    replicas = [await Database.open(postgres_url, pool=1) for _ in range(8)]
    done = await asyncio.gather(*(migrate(replica) for replica in replicas))
    assert sorted(done) == [f"already at {HEAD}"] * 7 + ["created"]
    for replica in replicas:
        await replica.close()


def _to_first(connection: sa.Connection) -> None:
    """The tables of the first release, with a task in them."""
    config = Config()
    config.set_main_option("script_location", str(room._MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")
    connection.execute(sa.text(_OLD_TASK), {"id": "old"})


# What a replica of the first release writes: it knows nothing of newer columns.
_OLD_TASK = "INSERT INTO task (id, phase, requester, name, missing, created_at) VALUES (:id, 'open', 'U1', 'one', 0, 1)"


async def test_the_build_before_goes_on_while_replicas_bring_the_schema_up(postgres_url: str) -> None:
    """Several start at once beside an older one: one upgrades, nothing is lost, and the older one still writes."""
    older = await Database.open(postgres_url, pool=1)
    await older.run(_to_first)
    replicas = [await Database.open(postgres_url, pool=1) for _ in range(4)]
    done = await asyncio.gather(*(migrate(replica) for replica in replicas))
    assert sorted(done) == [f"already at {HEAD}"] * 3 + [f"upgraded from 0001 to {HEAD}"]

    await older.run(lambda connection: connection.execute(sa.text(_OLD_TASK), {"id": "new"}))
    tasks = await replicas[0].run(get_tasks, ["old", "new"])
    assert {(task.id, task.mention, task.tell) for task in tasks} == {("old", True, False), ("new", True, False)}
    for each in (older, *replicas):
        await each.close()


async def test_a_newer_schema_is_refused(database: Database) -> None:
    """A build older than the schema says so, and changes nothing."""
    await migrate(database)
    await database.run(_move_to, "9999")
    with pytest.raises(StartError, match=f"9999, made by a newer version of this bot, this one knows only {HEAD}"):
        await migrate(database)
    await database.run(_move_to, HEAD)
    assert await migrate(database) == f"already at {HEAD}"


async def test_a_failed_migration_leaves_nothing(database: Database) -> None:
    """When a statement in the middle fails all is as before, and the next start works."""
    await database.run(lambda c: c.execute(sa.text("CREATE TABLE outbox (id INTEGER)")))
    with pytest.raises(StartError, match=r"nothing was changed: .*outbox"):
        await migrate(database)
    assert await database.run(_tables) == {"outbox"}
    await database.run(lambda c: c.execute(sa.text("DROP TABLE outbox")))
    assert await migrate(database) == "created"
