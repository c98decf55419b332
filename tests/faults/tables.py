"""An empty database with the bot's tables for each schedule, of either kind; made once and copied."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from bot.store.database import Database
from bot.store.migrate import migrate
from tests import postgres


class Databases:
    """Makes databases; a PostgreSQL server is started when the first one is wanted."""

    def __init__(self, folder: Path, start: Callable[[], postgres.Server]) -> None:
        self._file = folder / "bot.db"
        self._start = start
        self._server: postgres.Server | None = None
        self._model = ""

    @classmethod
    @contextmanager
    def opened(cls, start: Callable[[], postgres.Server]) -> Iterator[Databases]:
        """With a folder for the model of an SQLite file."""
        with tempfile.TemporaryDirectory() as folder:
            yield cls(Path(folder), start)

    @contextmanager
    def new(self, kind: str, folder: Path) -> Iterator[str]:
        """The URL of a new database."""
        if kind == "sqlite":
            if not self._file.exists():
                _make_tables(f"sqlite:///{self._file}")
            shutil.copy(self._file, folder / "bot.db")
            yield f"sqlite:///{folder}/bot.db"
            return
        if self._server is None:
            self._server = self._start()
            # It is used as long as the server lives.
            self._model = self._server.database().__enter__()
            _make_tables(self._model)
        with self._server.database(like=self._model) as url:
            _keep_commits(url)
            yield url


def _keep_commits(url: str) -> None:
    """What is committed must outlive a crash of the server here; elsewhere in the tests nobody lets it crash."""
    with psycopg.connect(url, autocommit=True) as connection:
        name = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = on").format(name))


def _make_tables(url: str) -> None:
    async def work() -> None:
        database = await Database.open(url)
        await migrate(database)
        await database.close()

    asyncio.run(work())
