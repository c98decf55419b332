"""A local Slack with a person and a channel, and our wire to it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.models import Content
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.records import Call, Channel, User
from bot.slack.client import SlackClient
from bot.slack.wire import Wire, open_wire

Json = dict[str, Any]
TEXT = Content(text="Hello", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}], metadata=None)


@dataclass
class Place:
    """Ana in #team, where the bot is too, and a message of the bot's to work with."""

    slack: SlackServer
    wire: Wire
    client: SlackClient
    ana: User
    team: Channel
    ts: str = ""
    limited: list[str] = field(default_factory=list)

    def refuse(self, method: str, error: str, *, status: int = 200, times: int | None = 1, **headers: str) -> Fault:
        """Answer the next call of a method with an error code of Slack's."""
        body = json.dumps({"ok": False, "error": error})
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.fault(Kind.REFUSE, method, status=status, body=body, times=times, headers=given)

    def fault(self, kind: Kind, method: str, **more: Any) -> Fault:
        """Let something go wrong with the next call of a method."""
        return self.slack.faults.add(Fault(kind, match=method, **more))

    def calls(self, method: str) -> list[Call]:
        """The calls of a method so far."""
        return self.slack.calls_of(method)

    @property
    def work(self) -> dict[str, Callable[[], Awaitable[object]]]:
        """Every call of the client's, by Slack's name of it."""
        client, team = self.client, self.team.id
        return {
            "chat.postMessage": lambda: client.post(team, TEXT, f"d{time.monotonic_ns()}"),
            "chat.update": lambda: client.update(team, self.ts, TEXT, "card"),
            "chat.postEphemeral": lambda: client.post_private(team, self.ana.id, TEXT),
            "chat.getPermalink": lambda: client.permalink(team, self.ts),
            "conversations.history": lambda: client.find_posted(team, "d", 0.0),
            "conversations.replies": lambda: client.replies(team, self.ts, 0.0),
            "conversations.open": lambda: client.open_direct_message(self.ana.id),
            "reactions.add": lambda: client.react(team, self.ts, "eyes"),
            "reactions.remove": lambda: client.unreact(team, self.ts, "eyes"),
            "files.getUploadURLExternal": lambda: client.upload(team, self.ts, "log.txt", "words"),
            "files.completeUploadExternal": lambda: client.upload(team, self.ts, "log.txt", "words"),
            "users.info": lambda: client.user(self.ana.id),
        }


@asynccontextmanager
async def place(**options: Any) -> AsyncIterator[Place]:
    """A running local Slack, and the client on it."""
    async with SlackServer(**options) as slack, open_wire(slack.bot_token, slack.api_url) as wire:
        ana = slack.add_user("ana", "ana@example.com", real_name="Ana Ruiz")
        team = slack.add_channel("team", [ana, slack.bot_user])
        limited: list[str] = []
        made = Place(slack, wire, SlackClient(wire.web, limited=limited.append), ana, team, limited=limited)
        made.ts = await made.client.post(team.id, TEXT, "first")
        slack.calls.clear()
        yield made
