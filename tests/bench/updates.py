"""From a change in Coder to the message in Slack, found by a poll, or pushed by Coder's webhook."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import httpx
import sqlalchemy as sa

from bot.app import Bot
from bot.models import Card
from bot.sandbox.slack.records import Channel, Message
from bot.store import Connection
from bot.store.card_rows import add_card
from bot.store.schema import task
from tests.bench.rows import Row, percentile
from tests.bench.stage import Apart, apart, database, opened
from tests.bench.ticks import known
from tests.e2e.scene import words

_TASKS = 1_000
_POLL = 1.0
_CHANGES = 20
_PUSHES = 20
_BETWEEN = 1.1  # seconds: the bot polls at most once a second because it is told to
_SECRET = "s3cr3t-of-coder-0123456789"
_NOTIFICATION = {"_version": "1.1", "title": "Task is idle", "payload": {"notification_name": "Task Idle"}}


@dataclass(frozen=True)
class _Stage:
    """One of a thousand tasks has a card; the outcome of its turns is told in the card's thread."""

    made: Apart
    bot: Bot
    channel: Channel
    card: str  # ts

    async def change(self, number: int, push: Callable[[], Awaitable[object]] | None = None) -> float:
        """Milliseconds from a change in Coder to the reply; afterwards the agent works again, as the card says."""
        began = time.perf_counter()
        await self.made.coder.report(1, f"Outcome {number} of", "complete" if number % 2 else "failure")
        if push is not None:
            await push()
        await self._seen(f"Outcome {number} of", self._thread)
        taken = (time.perf_counter() - began) * 1000
        if push is not None:
            await asyncio.sleep(_BETWEEN)
        await self.made.coder.report(1, f"Again {number} of")
        if push is not None:
            await push()
        await self._seen(f"Again {number} of", self._card)
        await asyncio.sleep(0.0 if push is None else _BETWEEN)
        return taken

    async def _seen(self, text: str, where: Callable[[], list[Message]]) -> None:
        condition: Callable[[], bool] = lambda: any(text in words(one) for one in where())  # noqa: E731
        await self.made.slack.until(condition, timeout=20, what=text)

    def _thread(self) -> list[Message]:
        return self.made.slack.thread(self.channel, self.card)[-2:]

    def _card(self) -> list[Message]:
        return [self.made.slack.message(self.channel, self.card)]


async def measure() -> list[Row]:
    """With a thousand open tasks: how long until the thread has it."""
    async with _stage(poll=_POLL) as stage:
        polled = [await stage.change(number) for number in range(_CHANGES)]
    async with _stage(poll=3600) as stage, httpx.AsyncClient() as client:
        address = f"http://127.0.0.1:{stage.bot.port}/coder/notifications/{_SECRET}"
        pushed = [
            await stage.change(number, lambda: client.post(address, json=_NOTIFICATION)) for number in range(_PUSHES)
        ]
    what = f"change in Coder to the reply in Slack, {_TASKS} tasks, p95"
    return [
        Row(f"{what}, poll every {_POLL:g} s", percentile(polled, 0.95), most=_POLL * 1000 + 150),
        Row(f"{what}, pushed by Coder's webhook", percentile(pushed, 0.95), most=300),
    ]


@contextlib.asynccontextmanager
async def _stage(*, poll: float) -> AsyncIterator[_Stage]:
    settings = {"BOT_EDIT_SECONDS": "0.1", "BOT_SETTLE_SECONDS": "0", "CODER_WEBHOOK_SECRET": _SECRET}
    with database("sqlite") as url:
        async with apart(url, BOT_POLL_SECONDS=f"{poll}", **settings) as made, opened(made) as bot:
            ana = made.slack.add_user("ana", "ana@example.com", real_name="Ana Ruiz")
            channel = made.slack.add_channel("payments", [ana, made.slack.bot_user])
            await made.coder.make(_TASKS)
            await known(bot, channel="")
            posted = await bot.opened.wire.web.chat_postMessage(channel=channel.id, text="The card")
            await bot.database.run(_add_card, channel.id, str(posted["ts"]))
            await bot.start()
            try:
                await bot.poller.tick()  # only a leader is hurried
                yield _Stage(made, bot, channel, str(posted["ts"]))
            finally:
                await bot.stop()


def _add_card(connection: Connection, channel: str, ts: str) -> None:
    task_id = connection.execute(sa.select(task.c.id).where(task.c.name == "task-0")).scalar_one()
    add_card(connection, Card(id=f"{task_id}-1", task_id=task_id, channel=channel, ts=ts, thread_ts=ts))
