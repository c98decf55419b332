"""Where the bot is measured: the local servers here, the bot as a process of its own, as in production."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.app import Bot, open_bot
from bot.sandbox.coder import CoderServer
from bot.sandbox.slack import SlackServer
from bot.settings import read_settings
from tests import postgres
from tests.bench.far import FarCoder, far_coder
from tests.e2e.process import RUN, BotProcess, bot_process
from tests.e2e.scene import RETRIES, Scene, _manifest

FLOOR = ("-m", "tests.bench.floor")
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Apart:
    """A Slack in this process and a Coder in another; what the environment of a bot between them is."""

    slack: SlackServer
    coder: FarCoder
    environment: dict[str, str]


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
async def running(made: Scene | Apart, *arguments: str) -> AsyncIterator[BotProcess]:
    """The bot (or the floor) between the servers, ready."""
    async with bot_process(made.environment, *(arguments or RUN)) as process:
        await process.logged("action=started")
        await made.slack.until(lambda: made.slack.socket.open, what="an open socket")
        yield process
        process.process.terminate()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.process.wait(), 10)
        await made.slack.until(lambda: not made.slack.socket.open, what="a closed socket")


@contextlib.asynccontextmanager
async def apart(database_url: str, **changes: str) -> AsyncIterator[Apart]:
    """The two servers; `changes` are settings of the bot."""
    async with SlackServer(manifest=_manifest()) as slack, far_coder() as coder:
        environment = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "CODER_URL": coder.url,
            "CODER_SESSION_TOKEN": coder.token,
            "DATABASE_URL": database_url,
            "BOT_PORT": "0",
        }
        yield Apart(slack, coder, environment | changes)


@contextlib.asynccontextmanager
async def opened(made: Apart) -> AsyncIterator[Bot]:
    """A bot in this process that does nothing by itself: what is asked of it is all that is measured."""
    bot = await open_bot(read_settings(made.environment))
    gc.freeze()  # as `bot.app.run` does
    try:
        yield bot
    finally:
        gc.unfreeze()
        await bot.opened.resources.aclose()
