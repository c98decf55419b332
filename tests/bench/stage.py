"""Where the bot is measured: the local servers here, the bot as a process of its own, as in production."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from bot.sandbox.coder import CoderServer
from bot.sandbox.slack import SlackServer
from tests import postgres
from tests.e2e.process import RUN, BotProcess, bot_process
from tests.e2e.scene import RETRIES, Scene, _manifest

FLOOR = ("-m", "tests.bench.floor")
DATABASES = ("sqlite", "postgresql")


@contextlib.contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty database of a kind, in memory where that can be: a disk's syncs are no work of ours."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(dir=postgres.memory()) as folder:
            yield f"sqlite:///{Path(folder)}/bot.db"
        return
    with postgres.server() as server, server.database() as url:
        yield url


@contextlib.asynccontextmanager
async def servers(database_url: str, *, rate_limits: bool = False, **changes: str) -> AsyncIterator[Scene]:
    """The two servers and their people; no bot runs yet. `changes` are settings of the bot."""
    async with (
        SlackServer(manifest=_manifest(), retry_delays=RETRIES, rate_limits=rate_limits) as slack,
        CoderServer(manual=True) as coder,
    ):
        made = Scene(slack, coder, database_url, http=False)
        made.environment |= changes
        yield made


@contextlib.asynccontextmanager
async def running(made: Scene, *arguments: str) -> AsyncIterator[BotProcess]:
    """The bot (or the floor) between the servers, ready."""
    async with bot_process(made.environment, *(arguments or RUN)) as process:
        await process.logged("action=started")
        await made.slack.until(lambda: made.slack.socket.open, what="an open socket")
        yield process
        process.process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.process.wait(), 10)
        await made.slack.until(lambda: not made.slack.socket.open, what="a closed socket")
