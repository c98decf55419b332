"""The worlds in which the bot is tried: both transports, both databases."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.store.database import Database
from bot.store.migrate import migrate
from tests import postgres
from tests.e2e.scene import Scene
from tests.e2e.scene import scene as a_scene

# Each transport and each database is in one of the pairs; tests of what could differ name all four (EVERYWHERE).
PAIRS = ("socket-sqlite", "http-postgresql")
EVERYWHERE = (*PAIRS, "socket-postgresql", "http-sqlite")


@pytest.fixture(params=PAIRS)
def world(request: pytest.FixtureRequest) -> str:
    """The transport and the database, such as `socket-sqlite`."""
    return str(request.param)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with the tables, to be copied: making them takes longer than many a test."""
    path = tmp_path_factory.mktemp("migrated") / "bot.db"
    _make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_url(postgres_server: postgres.Server) -> Iterator[str]:
    """The URL of a PostgreSQL database with the tables, to be copied."""
    with postgres_server.database() as url:
        _make_tables(url)
        yield url


@pytest.fixture
def database_url(world: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of the world's kind, with the tables and nothing in them."""
    if world.endswith("sqlite"):
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "bot.db")
        yield f"sqlite:///{tmp_path}/bot.db"
    else:
        server: postgres.Server = request.getfixturevalue("postgres_server")
        with server.database(like=request.getfixturevalue("migrated_url")) as url:
            yield url


def _make_tables(url: str) -> None:
    async def work() -> None:
        database = await Database.open(url)
        await migrate(database)
        await database.close()

    asyncio.run(work())


@pytest.fixture
async def scene(world: str, database_url: str) -> AsyncIterator[Scene]:
    """The running bot between the two servers."""
    async with a_scene(database_url, http=world.startswith("http")) as made:
        yield made
