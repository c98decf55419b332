"""What schedules share, once for each process of tests: the nursery of bots, and the databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import postgres
from tests.faults.bots import Nursery
from tests.faults.player import Player
from tests.faults.tables import Databases


@pytest.fixture(scope="session")
def player(request: pytest.FixtureRequest) -> Iterator[Player]:
    """Plays schedules; PostgreSQL is started when it is wanted."""

    def start() -> postgres.Server:
        server: postgres.Server = request.getfixturevalue("postgres_server")
        return server

    nursery = Nursery()
    with Databases.opened(start) as databases:
        yield Player(nursery, databases)
    nursery.close()
