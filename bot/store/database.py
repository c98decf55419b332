"""The one door to the database: SQLite on one thread, or PostgreSQL through a pool; which one, the URL says.

A transaction is a plain function of a connection, so that its text is the same for both and none can span an await.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

import sqlalchemy as sa

from bot.errors import StartError, StoreError
from bot.store.failures import mapped

if TYPE_CHECKING:
    from bot.store.postgres import Postgres

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

ENQUEUED: Final = "bot.enqueued"  # in connection.info: this transaction put something into the outbox
CHANNEL: Final = "outbox"  # what PostgreSQL's NOTIFY is called
_PING_SECONDS: Final = 5.0
_EXAMPLES: Final = "write sqlite:///path/to/file.db or postgresql://user:password@host/name"


class Database:
    """One open database; make it with `Database.open`."""

    def __init__(self, wire: _Sqlite | Postgres) -> None:
        self._wire = wire
        self._callbacks: list[Callable[[], object]] = []

    @classmethod
    async def open(cls, url: str, *, pool: int = 20) -> Database:
        """Connect and prove that it works; StartError in one line that names DATABASE_URL, never with the password.

        `pool` is the number of connections to PostgreSQL: at least the slots of the outbox and four more.
        """
        address = _address(url)
        wire: _Sqlite | Postgres
        if address.get_backend_name() == "sqlite":
            wire = _Sqlite(Path(address.database or ""))
        else:
            from bot.store.postgres import Postgres  # noqa: PLC0415 - on SQLite its driver would only slow the start

            wire = Postgres(address, pool)
        try:
            await wire.prove()
        except BaseException:
            await wire.close()
            raise
        return cls(wire)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._wire.dialect

    async def run(self, fn: Callable[Concatenate[sa.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn(connection, ...)` in one transaction and return its result; StoreError when the database is away.

        PostgreSQL may make it run more than once, so `fn` has no effect outside the transaction.
        """

        def work(connection: sa.Connection) -> tuple[T, bool]:
            # the connection is used again after a rollback: an old mark is not ours
            connection.info.pop(ENQUEUED, None)
            result = fn(connection, *args, **kwargs)
            return result, bool(connection.info.pop(ENQUEUED, False))

        result, enqueued = await self._wire.transact(work)
        if enqueued:
            for callback in self._callbacks:
                callback()
        return result

    def on_enqueue(self, callback: Callable[[], object]) -> None:
        """Call `callback` after each commit of this process that put something into the outbox."""
        self._callbacks.append(callback)

    async def listen(self) -> AsyncGenerator[None, None]:
        """Yield once when it hears and then whenever any process enqueued; StoreError when the line breaks.

        On SQLite there is nobody else to hear: it ends at once.
        """
        if not isinstance(self._wire, _Sqlite):
            async with contextlib.aclosing(self._wire.listen()) as heard:
                async for _ in heard:
                    yield

    async def ping(self) -> None:
        """Return when the database answers, within 5 s; StoreError otherwise."""
        try:
            async with asyncio.timeout(_PING_SECONDS):
                await self.run(_select_one)
        except TimeoutError as error:
            raise StoreError(f"the database gave no answer for {_PING_SECONDS:g} s") from error

    async def close(self) -> None:
        """Close every connection and free the file; may be called twice."""
        await self._wire.close()


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(url.strip())
    except (sa.exc.ArgumentError, ValueError):
        # the cause is left out on purpose: it can hold the password
        raise StartError(f"DATABASE_URL is not an address of a database: {_EXAMPLES}") from None
    if address.drivername == "sqlite":
        if address.database in (None, "", ":memory:"):
            raise StartError(f"DATABASE_URL names no file, and a database in memory forgets all work: {_EXAMPLES}")
        return address
    if address.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return address.set(drivername="postgresql+psycopg")
    raise StartError(f"DATABASE_URL starts with {address.drivername}, which this bot does not know: {_EXAMPLES}")


class _Sqlite:
    """One thread owns the only connection; a locked file beside the database keeps a second process out."""

    dialect: Final = "sqlite"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _lock(path)
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        address = sa.URL.create("sqlite", database=str(path))
        self._engine = sa.create_engine(address, pool_size=1, max_overflow=0, hide_parameters=True)
        sa.event.listen(self._engine, "connect", _prepare)
        sa.event.listen(self._engine, "begin", _begin_immediate)
        self._connection: sa.Connection | None = None  # always the same: to take one out of the pool costs more

    async def prove(self) -> None:
        try:
            await self.transact(_select_one)
        except StoreError as error:
            raise StartError(f"DATABASE_URL: {self._path} cannot be used: {error}") from error

    async def transact(self, work: Callable[[sa.Connection], T]) -> T:
        if self._closed:
            raise StoreError("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._once, work)

    def _once(self, work: Callable[[sa.Connection], T]) -> T:
        with mapped():
            if self._connection is None:
                self._connection = self._engine.connect()
            with self._connection.begin():
                return work(self._connection)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown()
        os.close(self._lock)  # frees the lock; the file stays, or a third process could lock a file that is gone


def _lock(path: Path) -> int:
    """Lock `<path>.lock` until the process ends, however it ends; the open file descriptor."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise StartError(f"DATABASE_URL: the folder {folder} does not exist: create it or choose another path")
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        reason = error.strerror or "it cannot be written"
        raise StartError(
            f"DATABASE_URL: no file can be written in {folder} ({reason}): allow it or choose another path"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
        os.close(lock)
        raise StartError(
            f"DATABASE_URL: {path} is in use by another process (pid {holder}): "
            "stop that one first, or use postgresql:// for several replicas"
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _prepare(dbapi: Any, _record: object) -> None:
    dbapi.isolation_level = None  # else the driver opens transactions itself: late ones, and none around DDL
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        dbapi.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _select_one(connection: sa.Connection) -> None:
    connection.execute(sa.select(1))
