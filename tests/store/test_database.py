"""The one door to the database: opening it, transactions, wake-ups, and every driver's error in our own words."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.errors import StartError, StoreError
from bot.store.database import Database
from bot.store.lanes import NewItem, enqueue
from bot.store.migrate import migrate
from bot.store.schema import outbox

ITEM = NewItem(lane="a", kind="k", payload={}, dedup="1")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with all tables."""
    opened = await Database.open(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


def _count(connection: sa.Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one()


def _enqueue_then_fail(connection: sa.Connection) -> None:
    enqueue(connection, ITEM)
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "url",
    [
        "mysql://user:geheim@host/name",
        "postgresql+asyncpg://user:geheim@host/name",
        "postgresql://user:geheim@host:port/name",
        "sqlite://",
        "sqlite:///:memory:",
        "geheim",
        "",
    ],
)
async def test_a_wrong_address_is_refused(url: str) -> None:
    """An address that cannot work is refused in one line that names the setting and shows no password."""
    with pytest.raises(StartError, match="DATABASE_URL") as refused:
        await Database.open(url)
    assert "geheim" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
async def test_every_usual_way_to_write_postgresql_works(scheme: str, postgres_url: str) -> None:
    """Hosters write postgres://, SQLAlchemy users name the driver: both mean the same."""
    opened = await Database.open(postgres_url.replace("postgresql", scheme, 1))
    assert opened.dialect == "postgresql"
    await opened.ping()
    await opened.close()


async def test_sqlite_needs_its_folder(tmp_path: Path) -> None:
    """A missing folder is named at the start."""
    with pytest.raises(StartError, match=f"{tmp_path}/missing does not exist"):
        await Database.open(f"sqlite:///{tmp_path}/missing/bot.db")


async def test_sqlite_refuses_another_file(tmp_path: Path) -> None:
    """A file that is no database is refused, left as it is, and not kept locked."""
    file = tmp_path / "bot.db"
    file.write_text("a letter to my aunt, and long enough to be no empty header " * 20)
    for _ in range(2):
        with pytest.raises(StartError, match="cannot be used: file is not a database"):
            await Database.open(f"sqlite:///{file}")
    assert file.read_text().startswith("a letter")


async def test_sqlite_writes_safely(tmp_path: Path) -> None:
    """A commit survives a power cut, and readers do not block the writer."""
    opened = await Database.open(f"sqlite:///{tmp_path}/bot.db")
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    values = await opened.run(lambda c: [c.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas])
    assert values == ["wal", 2, 1]
    await opened.close()


async def test_sqlite_admits_one_process_until_it_is_killed(tmp_path: Path) -> None:
    """A second process is told who has the file; after kill -9 of the first it may have it."""
    url = f"sqlite:///{tmp_path}/bot.db"
    program = (
        "import asyncio, sys; from bot.store.database import Database\n"
        "async def main():\n"
        "    await Database.open(sys.argv[1]); print('open', flush=True); await asyncio.Event().wait()\n"
        "asyncio.run(main())"
    )
    first = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, url, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert first.stdout is not None
    assert await first.stdout.readline() == b"open\n"
    with pytest.raises(StartError, match=rf"another process \(pid {first.pid}\)"):
        await Database.open(url)
    first.send_signal(signal.SIGKILL)
    await first.wait()
    second = await Database.open(url)
    await second.close()
    third = await Database.open(url)
    await third.close()


async def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    """When the file can grow no more the caller gets an error, and all of the transaction is undone."""
    opened = await Database.open(f"sqlite:///{tmp_path}/bot.db")
    await migrate(opened)
    await opened.run(lambda c: c.exec_driver_sql("PRAGMA max_page_count=40").scalar())
    items = [NewItem(lane="a", kind="k", payload={"text": "x" * 1000}, dedup=str(number)) for number in range(500)]
    with pytest.raises(StoreError, match="full"):
        await opened.run(enqueue, *items)
    assert await opened.run(_count) == 0
    assert await opened.run(enqueue, ITEM) == 1
    await opened.close()


@pytest.mark.parametrize("silent", [False, True], ids=["closed port", "silent server"])
async def test_an_unreachable_server_is_told_soon(*, silent: bool) -> None:
    """Whether the port is closed or nobody answers: one clear line, without the password, within ten seconds."""
    server = socket.create_server(("127.0.0.1", 0))  # the kernel accepts, and nobody ever reads
    port = server.getsockname()[1]
    if not silent:
        server.close()
    began = time.monotonic()
    with pytest.raises(StartError, match=f"DATABASE_URL: .*127.0.0.1:{port}") as refused:
        await Database.open(f"postgresql://user:geheim@127.0.0.1:{port}/name?connect_timeout=2")
    assert time.monotonic() - began < 10
    assert "geheim" not in str(refused.value)
    assert "\n" not in str(refused.value)
    server.close()


async def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    """What a function wrote before it raised is undone, and its error arrives as it was."""
    with pytest.raises(ZeroDivisionError):
        await database.run(_enqueue_then_fail)
    assert await database.run(_count) == 0
    assert await database.run(enqueue, ITEM) == 1
    assert await database.run(_count) == 1


async def test_a_wake_follows_a_commit_that_enqueued(database: Database) -> None:
    """Only a commit that put something into the outbox wakes: no rollback, no duplicate, no other transaction."""
    calls: list[str] = []
    database.on_enqueue(lambda: calls.append("wake"))
    with pytest.raises(ZeroDivisionError):
        await database.run(_enqueue_then_fail)
    await database.run(_count)
    assert calls == []
    await database.run(enqueue, ITEM)
    assert calls == ["wake"]
    await database.run(enqueue, ITEM)
    await database.run(_count)
    assert calls == ["wake"]


async def test_driver_errors_become_store_errors(database: Database) -> None:
    """An error of the database is a StoreError of one line, without the values of the statement."""
    with pytest.raises(StoreError) as refused:
        await database.run(lambda c: c.execute(sa.text("SELECT * FROM nothing WHERE a = :a"), {"a": "geheim"}))
    assert "nothing" in str(refused.value)
    assert "geheim" not in str(refused.value) + str(refused.value.__cause__)
    assert "\n" not in str(refused.value)


async def test_a_conflict_runs_again(postgres_url: str) -> None:
    """A deadlock or a serialisation failure is nobody's fault: the function simply runs again, and effects are once."""
    opened = await Database.open(postgres_url)
    await migrate(opened)
    tries: list[int] = []

    def work(connection: sa.Connection) -> int:
        tries.append(1)
        enqueue(connection, ITEM)
        if len(tries) < 3:
            connection.execute(sa.text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$"))
        return len(tries)

    assert await opened.run(work) == 3
    assert await opened.run(_count) == 1
    await opened.close()


async def test_connections_survive_a_restart_of_the_server(postgres_url: str) -> None:
    """Connections that the server has closed are replaced, however many of them are met at once."""
    opened, other = await Database.open(postgres_url), await Database.open(postgres_url)
    await asyncio.gather(*(opened.ping() for _ in range(5)))
    await other.run(_terminate_others)
    await asyncio.gather(*(opened.ping() for _ in range(9)))
    await opened.close()
    await other.close()


def _terminate_others(connection: sa.Connection) -> None:
    connection.execute(
        sa.text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    )


async def test_the_ear_hears_what_others_enqueue(postgres_url: str) -> None:
    """It tells once that it hears, then after each commit of any process, and says when the line breaks."""
    opened, other = await Database.open(postgres_url), await Database.open(postgres_url)
    await migrate(opened)
    heard = opened.listen()
    async with asyncio.timeout(5):
        await anext(heard)
        await other.run(enqueue, ITEM)
        await anext(heard)
        await other.run(_terminate_others)
        with pytest.raises(StoreError):
            await anext(heard)
    await opened.close()
    await other.close()


async def test_a_closed_database_says_so(database: Database) -> None:
    """After closing, a late caller gets a StoreError and nothing hangs; closing twice is allowed."""
    if database.dialect == "sqlite":
        await database.close()
        with pytest.raises(StoreError, match="closed"):
            await database.ping()
    await database.close()


async def test_a_frozen_replica_cannot_hold_its_locks_for_long(postgres_url: str) -> None:
    """The server itself ends a transaction in which nothing happens any more: its locks would stop all replicas."""
    database = await Database.open(postgres_url)
    bound = await database.run(lambda c: c.execute(sa.text("SHOW idle_in_transaction_session_timeout")).scalar())
    await database.close()
    assert bound == "10s"
