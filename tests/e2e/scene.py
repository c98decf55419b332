"""The real bot between a local Slack and a local Coder: the scene of every end-to-end test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from bot.app import Bot, open_bot
from bot.sandbox.coder import CoderServer, TaskHandle
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.pressing import Answer
from bot.sandbox.slack.records import Channel, Message, User
from bot.settings import Settings, read_settings
from bot.slack.pace import Pace

T = TypeVar("T")
MANIFEST = Path(__file__).parents[2] / "manifest.yml"
RETRIES = (0.05, 0.2, 0.5)
PATIENT = 10.0  # seconds for an ack: how quick they are is for the benchmarks to say, where nothing else runs


class Scene:
    """Ana and Bo have Coder accounts, Gia has none; the bot is in #payments and not in #random."""

    def __init__(self, slack: SlackServer, coder: CoderServer, database_url: str, *, http: bool) -> None:
        self.slack, self.coder, self.http = slack, coder, http
        self.ana: User = slack.add_user("ana", "ana@example.com", real_name="Ana Ruiz")
        self.bo: User = slack.add_user("bo", "bo@example.com", real_name="Bo Lindqvist")
        self.admin: User = slack.add_user("admin", "admin@example.com", real_name="Ada Admin")
        self.gia: User = slack.add_user("gia", "gia@elsewhere.example", real_name="Gia")
        everybody = [self.ana, self.bo, self.admin, self.gia]
        self.payments: Channel = slack.add_channel("payments", [*everybody, slack.bot_user])
        self.random: Channel = slack.add_channel("random", everybody)
        self.environment = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "CODER_URL": coder.url,
            "CODER_SESSION_TOKEN": coder.token,
            "CODER_TASK_TEMPLATE_NAME": "claude-code",
            "DATABASE_URL": database_url,
            "BOT_PORT": "0",
            "BOT_POLL_SECONDS": "0.1",
            "BOT_SETTLE_SECONDS": "0.3",
            "BOT_EDIT_SECONDS": "0.1",
        }
        if not http:
            self.environment["SLACK_APP_TOKEN"] = slack.app_token
        self.bot: Bot | None = None
        self.speed = 1.0  # of Slack's pace, which the bot keeps

    def settings(self, **changes: str) -> Settings:
        """The settings of the scene's bot, with some of them changed."""
        return read_settings({**self.environment, **changes})

    async def start(self, **changes: str) -> Bot:
        """Start the bot and let Slack reach it."""
        self.bot = await open_bot(self.settings(**changes), Pace(speed=self.speed))
        await self.bot.start()
        if self.http:
            self.slack.deliver_over_http(f"http://127.0.0.1:{self.bot.port}/slack/events")
        else:
            await self.slack.until(lambda: self.slack.socket.open, what="an open socket")
        return self.bot

    async def stop(self) -> None:
        """Stop the bot, if it runs."""
        if self.bot is not None:
            await self.bot.stop()
            self.bot = None

    # -- what people do -------------------------------------------------------------------------------------------

    async def command(self, text: str, user: User | None = None, channel: Channel | None = None) -> Answer:
        """Somebody types the command (Ana in #payments, if nobody is named)."""
        return await self.slack.command(user or self.ana, channel or self.payments, "/coder-task", text)

    async def create(self, prompt: str = "Tidy the login page", flags: str = "") -> tuple[Message, TaskHandle]:
        """Ana starts a task; its card and its handle."""
        known = {message.ts for message in self.cards()}
        answer = await self.command(f"create {flags} -- {prompt}")
        assert answer.ok, answer.error
        new = await self.seen(lambda: [card for card in self.cards() if card.ts not in known], "a new card")
        payload = (new[0].metadata or {})["event_payload"]
        return new[0], self.coder.task(payload["task_id"])

    async def working(
        self, prompt: str = "Tidy the login page", message: str = "Reading the code"
    ) -> tuple[Message, TaskHandle]:
        """A task whose agent works, and whose card says so; its thread has begun."""
        card, task = await self.create(prompt)
        await task.ready("working", message)
        await self.card_says(card, "Working")
        await self.seen(lambda: self.thread(card), "the beginning of the thread")
        return card, task

    async def waiting(self, question: str = "Shall I go on?") -> tuple[Message, TaskHandle]:
        """A task whose agent waits for an answer, and whose thread says so."""
        card, task = await self.working()
        task.report("idle", question)
        await self.told(card, "Waiting for input")
        return card, task

    async def reply(self, card: Message, text: str, user: User | None = None) -> str:
        """Somebody (Ana) writes in the card's thread; the message's ts."""
        return await self.slack.post(user or self.ana, self.payments, text, thread_ts=card.ts)

    # -- what Slack shows -----------------------------------------------------------------------------------------

    def cards(self, channel: Channel | None = None) -> list[Message]:
        """The task cards in a channel."""
        found = self.slack.messages(channel or self.payments)
        return [one for one in found if one.metadata and one.metadata["event_type"] == "coder_task_card"]

    def card(self, card: Message) -> Message:
        """The card as it reads now."""
        return self.slack.message(self.payments, card.ts)

    def thread(self, card: Message) -> list[Message]:
        """The bot's replies in the card's thread."""
        return [one for one in self.slack.thread(self.payments, card.ts) if one.bot_id]

    def private(self, user: User | None = None) -> list[str]:
        """What only this person (Ana) sees, as text."""
        return [words(message) for message in self.slack.ephemerals(user or self.ana)]

    async def card_says(self, card: Message, text: str) -> Message:
        """Wait until the card has these words."""
        await self.seen(lambda: text in words(self.card(card)), f"{text!r} on the card")
        return self.card(card)

    async def told(self, card: Message, text: str, times: int = 1) -> Message:
        """Wait until the thread has a reply with these words, and say which."""

        def replies() -> list[Message]:
            return [one for one in self.thread(card) if text in words(one)]

        await self.seen(lambda: len(replies()) >= times, f"{text!r} in the thread")
        return replies()[times - 1]

    async def answered(self, text: str, user: User | None = None) -> str:
        """Wait until a person (Ana) is privately told something with these words."""
        found = await self.seen(
            lambda: [one for one in self.private(user) if text in one], f"{text!r} for {(user or self.ana).name} only"
        )
        return found[-1]

    async def reaction(self, ts: str, name: str) -> None:
        """Wait until the bot's reaction on a message is this one, and no other."""
        await self.seen(
            lambda: self.slack.reactions(self.payments, ts, self.slack.bot_user) == {name}, f"{name} on {ts}"
        )

    async def seen(self, condition: Callable[[], T], what: str, timeout: float = 20.0) -> T:  # noqa: ASYNC109 - it is told what was waited for
        """Wait for a condition of Slack."""
        return await self.slack.until(condition, timeout=timeout, what=what)

    async def reached(self, condition: Callable[[], T], what: str, timeout: float = 20.0) -> T:  # noqa: ASYNC109
        """Wait for a condition of Coder."""
        return await self.coder.until(condition, timeout=timeout, what=what)

    async def quiet(self) -> None:
        """Wait for three more polls: long enough for what should not happen to have happened."""
        polls = len(self.polls())
        await self.reached(lambda: len(self.polls()) >= polls + 3, "three more polls")

    def polls(self) -> list[Any]:
        """The polls that Coder has answered."""
        return [call for call in self.coder.calls if call.name == "GET /api/v2/tasks" and call.status == 200]


def words(message: Message) -> str:
    """Everything that a message says: its text, and all that stands in its blocks."""
    return "\n".join([message.text, *strings(message.blocks or [])])


def strings(value: Any) -> list[str]:
    """All texts in a part of a message or view."""
    if isinstance(value, list):
        return [text for each in value for text in strings(each)]
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in strings(each) if key not in {"type", "block_id"}]
    return [value] if isinstance(value, str) else []


@cache
def _manifest() -> Any:
    """The app's manifest; parsing it takes longer than many a test."""
    return yaml.safe_load(MANIFEST.read_text())


@asynccontextmanager
async def scene(database_url: str, *, http: bool = False, speed: float = 1.0, **changes: str) -> AsyncIterator[Scene]:
    """The two servers and the bot, which keeps `speed` times Slack's pace; agents do only what the test says."""
    async with (
        SlackServer(manifest=_manifest(), retry_delays=RETRIES, ack_seconds=PATIENT) as slack,
        CoderServer(manual=True) as coder,
    ):
        made = Scene(slack, coder, database_url, http=http)
        made.speed = speed
        await made.start(**changes)
        try:
            yield made
        finally:
            await made.stop()
