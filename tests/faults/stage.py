"""The stage of a schedule: a local Slack, a local Coder, the bots between them, and a record of what was asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.sandbox.coder import CoderServer, TaskHandle
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.pressing import Answer
from bot.sandbox.slack.records import Channel, ClientRefused, Message, User
from tests import postgres
from tests.e2e.scene import MANIFEST, Scene
from tests.faults.bots import Balanced, Ledgers, Nursery, Replica
from tests.faults.record import Record, Typed

RETRIES = (0.1, 0.8, 2.5)  # seconds, as Slack's at once, one minute, five minutes
ACK_SECONDS = 1.0
CARD = "coder_task_card"
WEBHOOK_SECRET = "s3cr3t-of-coder-0123456789"
STRANGER = "stranger"  # somebody in Coder whom nobody in Slack knows


@dataclass(frozen=True)
class World:
    """Which transport, which database, how many bots, and by how many seconds Coder's clock is ahead of all others."""

    transport: str
    database: str
    replicas: int = 1
    skew: float = 0.0

    def __str__(self) -> str:
        """As the command line takes it."""
        return f"{self.transport}-{self.database}"


class Stage:
    """Everything that a move of the schedule can lay its hands on."""

    def __init__(self, scene: Scene, bots: list[Replica], ledgers: Ledgers, world: World) -> None:
        self.scene, self.slack, self.coder = scene, scene.slack, scene.coder
        self.bots, self.ledgers, self.world = bots, ledgers, world
        self.record = Record()
        self.numbers = iter(range(1, 10_000))
        self.two = self.slack.add_channel("billing", [scene.ana, scene.bo, scene.gia, scene.admin, self.slack.bot_user])
        self.channels = [scene.payments, self.two]
        self.quiet = False  # the faults have ended: a bot that dies is started at once
        self._doing: set[asyncio.Task[Any]] = set()
        self._undo: list[tuple[asyncio.Task[None], Callable[[], Awaitable[None] | None]]] = []

    # -- what is there ------------------------------------------------------------------------------------------------

    @property
    def tasks(self) -> list[TaskHandle]:
        """All tasks ever made in Coder, but for those of strangers."""
        return [task for task in self.coder.tasks if task.task.owner.username != STRANGER]

    def cards(self) -> list[Message]:
        """All cards that stand in a channel or in direct messages, oldest first."""
        found = [message for channel in self.slack.workspace.channels.values() for message in channel.messages.values()]
        cards = [one for one in found if not one.deleted and one.metadata and one.metadata["event_type"] == CARD]
        return sorted(cards, key=lambda one: one.ts)

    def card_of(self, task: str) -> Message | None:
        """The newest card of a task."""
        found = [one for one in self.cards() if task_id(one) == task]
        return found[-1] if found else None

    def known_tasks(self) -> list[TaskHandle]:
        """The tasks that somebody can see in Slack."""
        ids = {task_id(card) for card in self.cards()}
        return [task for task in self.tasks if task.id in ids]

    def open_tasks(self) -> list[TaskHandle]:
        """Those of them that Coder still has."""
        return [task for task in self.known_tasks() if not task.deleted]

    def owner_of(self, task: TaskHandle) -> User:
        """The person to whom a task belongs."""
        return self.scene.bo if task.task.owner.username == "bo" else self.scene.ana

    def number(self) -> str:
        """A word that nothing else in this schedule has."""
        return f"n{next(self.numbers)}x"

    # -- what is done -------------------------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do something beside everything else; what Slack's client would not let a person do is not done."""

        async def doing() -> None:
            try:
                await work
            except (ClientRefused, LookupError, ValueError) as error:
                self.record.tell(f"         not done: {error!r}"[:300])

        task = asyncio.create_task(doing())
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
        return task

    def after(self, seconds: float, undo: Callable[[], Awaitable[None] | None]) -> None:
        """End a fault after a time, or when all faults end."""

        async def later() -> None:
            await asyncio.sleep(seconds)
            await _done(undo())

        self._undo.append((asyncio.create_task(later()), undo))

    async def all_sent_is_done(self) -> None:
        """Wait until Slack and Coder have done what reached them before now, as they have long before a lease ends."""
        for _ in range(2):  # first all is read, then it is done
            await asyncio.sleep(0.05)

    async def calm(self) -> None:
        """End all faults, and wait for what people are still doing; all bots run then."""
        for task, undo in self._undo:
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
                await _done(undo())
        self._undo.clear()
        self.quiet = True
        self.slack.faults.clear()
        self.coder.faults.clear()
        self.slack.delivery_faults.clear()
        self.slack.socket.refused_tickets = 0
        for handle in self.tasks:
            handle.task.send_refusals.clear()
        for bot in self.bots:
            bot.control.arm("never", 0)
            bot.wake()
        while self._doing:
            await asyncio.wait(self._doing)
        for bot in self.bots:
            await asyncio.wait_for(bot.up.wait(), 60)

    def restart_server(self, signal: str) -> None:
        """Restart the database server; PostgreSQL only."""
        postgres.restart(self.ledgers.url, signal)

    async def command(self, user: User, channel: Channel, text: str) -> Typed:
        """Somebody types a command."""
        typed = Typed(text, user, channel, time.time())
        self.record.typed.append(typed)
        answer: Answer = await self.slack.command(user, channel, "/coder-task", text)
        typed.accepted = answer.ok
        delivery = answer.delivery
        if delivery is not None:
            typed.url = str(delivery.payload["response_url"]).rpartition("/")[2]
            typed.trigger = str(delivery.payload["trigger_id"])
        return typed


async def _done(outcome: Awaitable[None] | None) -> None:
    if outcome is not None:
        await outcome


def task_id(card: Message) -> str:
    """Coder's id of the task that a card shows."""
    return str((card.metadata or {})["event_payload"]["task_id"])


@cache
def _manifest() -> Any:
    return yaml.safe_load(MANIFEST.read_text())


@asynccontextmanager
async def stage(
    world: World, database_url: str, nursery: Nursery, folder: Path, poll_seconds: float = 0.15
) -> AsyncIterator[Stage]:
    """The two servers with the bots between them; the bots have been started, and are killed in the end."""
    http = world.transport == "http"
    async with (
        SlackServer(manifest=_manifest(), retry_delays=RETRIES, ack_seconds=ACK_SECONDS) as slack,
        CoderServer(manual=True) as coder,
    ):
        coder.deployment.clock.skew = timedelta(seconds=world.skew)
        scene = Scene(slack, coder, database_url, http=http)
        environment = {
            **os.environ,
            **scene.environment,
            "BOT_POLL_SECONDS": str(poll_seconds),
            "BOT_SETTLE_SECONDS": "0.3",
            "BOT_EDIT_SECONDS": "0.1",
            "CODER_WEBHOOK_SECRET": WEBHOOK_SECRET,
        }
        ledgers = Ledgers(database_url)
        bots = [Replica(nursery, f"bot{number}", environment, folder) for number in range(1, world.replicas + 1)]
        made = Stage(scene, bots, ledgers, world)
        for bot in bots:
            bot.on_death = made_over(made)
        balanced = Balanced(bots, slack.signing_secret, ACK_SECONDS)
        if http:
            slack.deliverer.transport = balanced
        try:
            for bot in bots:
                bot.begin()
            yield made
        finally:
            for bot in bots:
                await bot.close()
            await balanced.close()
            ledgers.close()


def made_over(made: Stage) -> Callable[[Replica], Awaitable[None]]:
    """What happens when a bot has died: what it held may be taken over, as if its leases had run out."""

    async def died(bot: Replica) -> None:
        made.record.tell(f"         {bot.session} has ended")
        if made.quiet:
            bot.rest = 0.0
        await made.all_sent_is_done()
        await made.ledgers.expire(bot.session, bot.last_pid)

    return died
