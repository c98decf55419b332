"""The worlds in which the bot is tried: both transports, both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.scene import Scene
from tests.e2e.scene import scene as a_scene

# Each transport and each database is in one of the pairs; tests of what could differ name all four (EVERYWHERE).
PAIRS = ("socket-sqlite", "http-postgresql")
EVERYWHERE = (*PAIRS, "socket-postgresql", "http-sqlite")


@pytest.fixture(params=PAIRS)
def world(request: pytest.FixtureRequest) -> str:
    """The transport and the database, such as `socket-sqlite`."""
    return str(request.param)


@pytest.fixture
def database_url(world: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of the world's kind."""
    if world.endswith("sqlite"):
        return f"sqlite:///{tmp_path}/bot.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def scene(world: str, database_url: str) -> AsyncIterator[Scene]:
    """The running bot between the two servers."""
    async with a_scene(database_url, http=world.startswith("http")) as made:
        yield made
