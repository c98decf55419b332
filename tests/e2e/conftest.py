"""The worlds in which the bot is tried: both transports, both databases."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from zlib import crc32

import pytest

from bot.store.database import Database
from bot.store.migrate import migrate
from tests import postgres
from tests.e2e.scene import Scene
from tests.e2e.scene import scene as a_scene

# Each transport and each database is in one of the pairs; tests of what could differ name all four (EVERYWHERE).
PAIRS = ("socket-sqlite", "http-postgresql")
HERE = Path(__file__).parent
EVERYWHERE = (*PAIRS, "socket-postgresql", "http-sqlite")


# What the transport and the database hold, each in every world; what is built on it is tried in one of the two, the
# next one in the other, unless `--both-worlds` is given.
FOUNDATIONS = {
    *(
        "test_buttons",
        "test_card_edits",
        "test_card_machines",
        "test_card_places",
        "test_cards",
        "test_commands",
        "test_controls",
    ),
    *("test_create", "test_create_refused", "test_durable", "test_durable_prompts", "test_elsewhere", "test_outputs"),
    *("test_poller", "test_prompts", "test_threads", "test_wrong_input", "test_kill"),
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the second world of what stands on the foundations."""
    if config.getoption("--both-worlds"):
        return
    left_out = [item for item in items if _is_second(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _is_second(item: pytest.Item) -> bool:
    """Whether this is a test in the world that is not its turn: the turns go by the test's name."""
    call = getattr(item, "callspec", None)
    world = call.params.get("world") if call else None
    if world not in PAIRS or not item.path.is_relative_to(HERE) or item.path.stem in FOUNDATIONS:
        return False
    name = getattr(item, "originalname", item.name)
    return world != PAIRS[crc32(name.encode()) % 2] and PAIRS[0] in _worlds_of(item) and PAIRS[1] in _worlds_of(item)


def _worlds_of(item: pytest.Item) -> set[str]:
    """The worlds in which the test would be run."""
    marks = [mark.args[1] for mark in item.iter_markers("parametrize") if mark.args[0] == "world"]
    return set(marks[0]) if marks else set(PAIRS)


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
    """The running bot between the two servers; what Slack's pace is about has a scene of its own."""
    async with a_scene(database_url, http=world.startswith("http"), speed=10.0) as made:
        yield made
