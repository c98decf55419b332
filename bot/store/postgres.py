"""PostgreSQL underneath a `Database`: a module of its own, because its driver takes long to import."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final, TypeVar

import psycopg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.util import greenlet_spawn

from bot.errors import StartError, StoreError
from bot.store.failures import is_conflict, is_cut_off, mapped, one_line

log = logging.getLogger(__name__)

T = TypeVar("T")

CHANNEL: Final = "outbox"  # what NOTIFY is called; `lane_statements` says it
_OPEN_SECONDS: Final = 8.0
_FROZEN_SECONDS: Final = 10
_PREPARE_AFTER: Final = 5  # times that a connection has run a statement
_TRIES: Final = 5
_GREETING: Final = f"""
    SELECT set_config('idle_in_transaction_session_timeout', '{_FROZEN_SECONDS}s', false), pg_backend_pid()
"""


class Postgres:
    """A pool of connections, and one more for the ear."""

    dialect: Final = "postgresql"

    def __init__(self, address: sa.URL, pool: int) -> None:
        self._address = address
        self._place = (
            f"{address.host}:{address.port or 5432}" if address.host else str(address.query.get("host", "localhost"))
        )
        self._options: dict[str, Any] = {
            "connect_timeout": 5,
            "application_name": "coder-task-bot",
            # a server that vanished without a word is noticed within half a minute
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "prepare_threshold": None,  # until `_greeted` knows better
        }
        for given in address.query.keys() & self._options.keys():
            del self._options[given]
        self._engine = create_async_engine(
            address,
            pool_size=pool,
            max_overflow=0,
            isolation_level="READ COMMITTED",  # whatever the server's default is: the lanes' locks rely on it
            hide_parameters=True,
            connect_args=self._options,
        )
        sa.event.listen(self._engine.sync_engine, "connect", _greeted)

    async def prove(self) -> None:
        """Return when the server answers; StartError otherwise."""
        try:
            async with asyncio.timeout(_OPEN_SECONDS):
                await self.transact(select_one)
        except TimeoutError as error:
            raise StartError(
                f"DATABASE_URL: no answer from PostgreSQL at {self._place} within {_OPEN_SECONDS:g} s: "
                "check the address and that the server can be reached from here"
            ) from error
        except StoreError as error:
            raise StartError(
                f"DATABASE_URL: PostgreSQL at {self._place} refused: {error}: check address, user, password and name"
            ) from error

    async def transact(self, work: Callable[[sa.Connection], T]) -> T:
        """Run the work in one transaction, again when it lost against another one, or its connection was dead.

        To ask each connection whether it lives, before every transaction, would cost every transaction a round trip.
        """
        for attempt in range(1, _TRIES):
            try:
                return await self._once(work)
            except StoreError as error:
                if not (is_conflict(error) or is_cut_off(error)):
                    raise
                log.info("transaction runs again", extra={"action": "transaction_retried", "attempt": attempt})
                await asyncio.sleep(random.uniform(0.5, 1) * 0.02 * 2**attempt)  # noqa: S311 - spreads load only
        return await self._once(work)

    async def _once(self, work: Callable[[sa.Connection], T]) -> T:
        def transaction() -> T:
            with self._engine.sync_engine.begin() as connection:
                return work(connection)

        with mapped():
            return await greenlet_spawn(transaction)  # one for it all: `AsyncConnection` makes one for each step

    async def listen(self) -> AsyncGenerator[None, None]:
        """Yield once when it hears, and then for each NOTIFY; StoreError when the line breaks."""
        _, given = self._engine.dialect.create_connect_args(self._address)
        options = {**given, **self._options, "autocommit": True}
        try:
            async with await psycopg.AsyncConnection.connect(**options) as connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                yield  # whatever came while nobody heard
                async for _ in connection.notifies():
                    yield
        except psycopg.Error as error:
            raise StoreError(one_line(error)) from error

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _greeted(dbapi: Any, _record: object) -> None:
    """Let the server end a transaction whose process froze in it: the locks that it holds stop all other replicas.

    Statements are prepared where the server itself answers. A pooler such as PgBouncer, which may hand each transaction
    to another server process and so lose them, is told by another process number than the one it has introduced.
    """
    _, process = dbapi.execute(_GREETING).fetchone()
    dbapi.commit()
    connection = dbapi.driver_connection
    if process == connection.info.backend_pid:
        connection.prepare_threshold = _PREPARE_AFTER


def select_one(connection: sa.Connection) -> None:
    """Ask for nothing but an answer."""
    connection.execute(sa.select(1))
