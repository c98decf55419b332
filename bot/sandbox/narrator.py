"""Tells what happens in the local Slack, as it happens, in lines for a terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.feed import Change
from bot.sandbox.slack.records import Message
from bot.sandbox.transcript import Reader, content_lines, emoji, laid_out, markup, safe, text_object

INDENT: Final = " " * 16
_CARD: Final = "coder_task_card"
_QUOTED: Final = 40


def reader(slack: SlackServer) -> Reader:
    """A reader who knows this Slack's people and channels, in this machine's time zone."""
    workspace = slack.workspace
    users = {user.id: user.real_name for user in workspace.users.values()}
    channels = {channel.id: channel.name for channel in workspace.channels.values()}
    now = workspace.now()
    zone = datetime.fromtimestamp(now).astimezone().tzinfo or Reader().zone
    return Reader(users, channels, zone, now)


def is_card(message: Message) -> bool:
    """Whether a message is a task's card."""
    return (message.metadata or {}).get("event_type") == _CARD


def cards(slack: SlackServer) -> list[Message]:
    """All cards, oldest first."""
    channels = slack.workspace.channels.values()
    return sorted(
        (one for channel in channels for one in channel.messages.values() if is_card(one)), key=lambda m: m.ts
    )


def shown(slack: SlackServer, message: Message, version: int | None = None) -> list[str]:
    """The lines of a message as it reads now, or as one of its earlier versions read."""
    past = message.versions[version] if version is not None and version < len(message.versions) else message
    lines = content_lines({"text": past.text, "blocks": past.blocks}, reader(slack))
    files = [slack.files[name] for name in message.files]
    return lines + [safe(f"📎 {file.name} ({file.length} bytes)") for file in files]


@dataclass
class Narrator:
    """Prints what happens in a local Slack.

    The feed also carries what no message shows: `typed` commands, `pressed` buttons, each `note`, how the `bot` is, and
    the `end`.
    """

    slack: SlackServer
    write: Callable[[str], None]
    _edits: dict[tuple[str, str], int] = field(default_factory=dict)
    _known: dict[tuple[str, str], Message] = field(default_factory=dict)

    @asynccontextmanager
    async def telling(self) -> AsyncIterator[None]:
        """Print everything from now on, and at the end what is left to print."""
        with self.slack.subscribe() as changes:
            printing = asyncio.create_task(self._print(changes), name="narrator")
            try:
                yield
            finally:
                self.slack.feed.tell("end")
                await printing

    async def _print(self, changes: AsyncIterator[Change]) -> None:
        async for change in changes:
            if change.kind == "end":
                return
            for line in self.lines(change):
                self.write(line)

    def lines(self, change: Change) -> list[str]:
        """How one change reads; nothing for what people do not see."""
        tell = getattr(self, f"_{change.kind}", None) if change.kind in _TOLD else None
        return tell(change) if tell else []

    def _note(self, change: Change) -> list[str]:
        return [safe(line) for line in str(change.data["text"]).split("\n")]

    def _bot(self, change: Change) -> list[str]:
        words = {"stopped": "has ended", "starting": "starts", "running": "runs"}
        return self._said("  bot", change.at, [f"The bot {words[str(change.data['state'])]}."])

    def _typed(self, change: Change) -> list[str]:
        place = self._channel(str(change.data["channel"]))
        return self._said(place, change.at, f"{self._name(change.data['user'])}: {change.data['text']}".split("\n"))

    def _pressed(self, change: Change) -> list[str]:
        place = self._channel(str(change.data["channel"]))
        return self._said(place, change.at, [f"{self._name(change.data['user'])} presses [{change.data['text']}]"])

    def _message(self, change: Change) -> list[str]:
        message = self._find(change)
        if message is None:
            return []
        who = self._name(message.user)
        if message.only_for:
            who += f" (only {self._name(message.only_for).split()[0]} sees this)"
        if message.bot_id is None:
            lines = [safe(line) for line in markup(message.text, reader(self.slack), styled=False).split("\n")]
            lines += shown(self.slack, message)[len(lines) :]
        else:
            lines = shown(self.slack, message, 0)
        if is_card(message):
            lines = [f"[card {self._number(message.ts)}]", *lines]
        return self._said(self._place(message), change.at, [f"{who}: {lines[0] if lines else ''}", *lines[1:]])

    _ephemeral = _message

    def _edited(self, change: Change) -> list[str]:
        message = self._find(change)
        if message is None:
            return []
        key = (message.channel, message.ts)
        count = self._edits[key] = self._edits.get(key, 0) + 1
        before, after = shown(self.slack, message, count - 1), shown(self.slack, message, count)
        fresh = [line for line in after if line not in before]
        name = f"card {self._number(message.ts)}" if is_card(message) else "edited"
        return self._said(f"  ✎ {name}", change.at, fresh) if fresh else []

    def _deleted(self, change: Change) -> list[str]:
        message = self._find(change)
        lines = shown(self.slack, message) if message and message.subtype != "tombstone" else []
        return self._said("  ✗ removed", change.at, [_shortened(lines[0] if lines else "a message")])

    def _reaction(self, change: Change) -> list[str]:
        message = self._find(change)
        if message is None:
            return []
        verb = "on" if change.data["added"] else "off"
        text = _shortened(markup(message.text, reader(self.slack), styled=False))
        symbol, whose = emoji(str(change.data["name"])), self._name(message.user).split()[0]
        return self._said("  reaction", change.at, [f"{symbol} {verb} {whose}'s “{text}”"])

    def _view(self, change: Change) -> list[str]:
        if change.data["view_type"] != "modal":
            return []
        view = self.slack.workspace.views[str(change.data["id"])]
        reads = reader(self.slack)
        title = f"{self._name(view.user)} sees a form: {text_object(view.body.get('title'), reads)}"
        return self._said("  form", change.at, [title, *content_lines(view.body, reads)])

    def _said(self, place: str, at: float, lines: list[str]) -> list[str]:
        clock = datetime.fromtimestamp(at, reader(self.slack).zone).strftime("%H:%M:%S")
        return laid_out(f"{place:<14}{clock}  {safe(lines[0])}", [safe(line) for line in lines[1:]], INDENT)

    def _find(self, change: Change) -> Message | None:
        """The message that a change is about, also after it was removed."""
        key = (str(change.data["channel"]), str(change.data["ts"]))
        if key not in self._known:
            everywhere = [*self.slack.workspace.channels[key[0]].messages.values(), *self.slack.workspace.ephemerals]
            self._known |= {(one.channel, one.ts): one for one in everywhere}
        return self._known.get(key)

    def _place(self, message: Message) -> str:
        if not message.is_reply:
            return self._channel(message.channel)
        number = self._number(str(message.thread_ts))
        return f"  in thread {number}" if number else "  in thread"

    def _channel(self, channel: str) -> str:
        found = self.slack.workspace.channels[channel]
        return f"#{found.name}" if found.kind != "dm" else "direct"

    def _number(self, ts: str) -> int:
        """Which card this is, counted from 1; 0 for another message."""
        return next((number for number, card in enumerate(cards(self.slack), 1) if card.ts == ts), 0)

    def _name(self, user: Any) -> str:
        return self.slack.workspace.users[str(user)].real_name


_TOLD: Final = {"note", "bot", "typed", "pressed", "message", "ephemeral", "edited", "deleted", "reaction", "view"}


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _QUOTED else f"{words[: _QUOTED - 1]}…"
