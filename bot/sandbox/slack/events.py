"""Turns what happens in the workspace into the events that the app hears."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from bot.sandbox.slack.delivery import Ack, Deliverer
from bot.sandbox.slack.grants import Grants
from bot.sandbox.slack.records import Channel, Message
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.wire import message_json
from bot.sandbox.slack.workspace import Workspace

HISTORY: Final = {"public": "channels:history", "private": "groups:history", "dm": "im:history"}
READ: Final = {"public": "channels:read", "private": "groups:read", "dm": "im:read"}
MESSAGE_EVENT: Final = {"public": "message.channels", "private": "message.groups", "dm": "message.im"}
EVENT_SCOPES: Final = frozenset({*HISTORY.values(), *READ.values(), "app_mentions:read", "reactions:read"})
CHANNEL_TYPE: Final = {"public": "channel", "private": "group", "dm": "im"}

Attempts = Sequence[asyncio.Task[Ack]]


class Events:
    """Delivers an event when the app is a member there, subscribed to it and has the scope for it."""

    def __init__(self, workspace: Workspace, deliverer: Deliverer, grants: Grants) -> None:
        self.workspace = workspace
        self.deliverer = deliverer
        self.grants = grants

    def posted(self, message: Message) -> Attempts:
        """A new message; a mention of the app in a channel is told a second time."""
        channel = self.workspace.channels[message.channel]
        body = {**message_json(self.workspace, message, with_metadata=True), **self._place(channel, message.ts)}
        if message.thread_ts and message.thread_ts in channel.messages:
            body["parent_user_id"] = channel.messages[message.thread_ts].user
        attempts = list(self._message(channel, body))
        mentioned = f"<@{self.workspace.bot_user.id}" in message.text and message.bot_id is None
        heard = self.workspace.is_member(channel) and self.grants.hears("app_mention", "app_mentions:read")
        if mentioned and heard and channel.kind != "dm":
            mention = {name: value for name, value in body.items() if name not in ("channel_type", "subtype")}
            attempts.append(self.deliverer.tell({**mention, "type": "app_mention"})[1])
        return attempts

    def changed(self, message: Message) -> Attempts:
        """An edited message."""
        channel = self.workspace.channels[message.channel]
        before = message.versions[-1]
        now = message_json(self.workspace, message, with_metadata=True)
        previous = {**now, "text": before.text, "blocks": before.blocks}
        body = {"message": now, "previous_message": previous, "hidden": True}
        return self._hidden(channel, "message_changed", body)

    def deleted(self, message: Message) -> Attempts:
        """A message that was taken away."""
        channel = self.workspace.channels[message.channel]
        previous = message_json(self.workspace, message, with_metadata=True)
        body = {"previous_message": previous, "deleted_ts": message.ts, "hidden": True}
        return self._hidden(channel, "message_deleted", body)

    def reaction(self, kind: str, message: Message, user: str, name: str) -> Attempts:
        """A reaction that was added or removed (`kind`: reaction_added, reaction_removed)."""
        channel = self.workspace.channels[message.channel]
        if not self.workspace.is_member(channel) or not self.grants.hears(kind, "reactions:read"):
            return []
        item = {"type": "message", "channel": channel.id, "ts": message.ts}
        stamp = self.workspace.new_ts(channel)
        event = {"type": kind, "user": user, "reaction": name, "item": item, "item_user": message.user}
        return [self.deliverer.tell({**event, "event_ts": stamp})[1]]

    def member(self, kind: str, channel: Channel, user: str, inviter: str | None = None) -> Attempts:
        """Someone joined or left (`kind`: member_joined_channel, member_left_channel)."""
        own = user == self.workspace.bot_user.id
        if not (own or self.workspace.is_member(channel)) or not self.grants.hears(kind, READ[channel.kind]):
            return []
        event: Json = {"type": kind, "user": user, "channel": channel.id, "team": self.workspace.team_id}
        event |= {"channel_type": channel.id[0], "event_ts": self.workspace.new_ts(channel)}
        return [self.deliverer.tell({**event, "inviter": inviter} if inviter else event)[1]]

    def home_opened(self, user: str, view: Json | None, tab: str = "home") -> Attempts:
        """A user looked at the app's Home tab, or at its messages."""
        if not self.grants.hears("app_home_opened"):
            return []
        channel = self.workspace.dm(user)
        event: Json = {"type": "app_home_opened", "user": user, "channel": channel.id, "tab": tab}
        event |= {"event_ts": self.workspace.new_ts(channel)}
        return [self.deliverer.tell({**event, "view": view} if view else event)[1]]

    def _hidden(self, channel: Channel, subtype: str, body: Json) -> Attempts:
        stamp = self.workspace.new_ts(channel)
        return self._message(
            channel, {"type": "message", "subtype": subtype, **body, "ts": stamp, **self._place(channel, stamp)}
        )

    def _message(self, channel: Channel, body: Json) -> Attempts:
        heard = self.grants.hears(MESSAGE_EVENT[channel.kind], HISTORY[channel.kind])
        if not heard or not self.workspace.is_member(channel):
            return []
        return [self.deliverer.tell(body, "message")[1]]

    def _place(self, channel: Channel, ts: str) -> Json:
        return {"channel": channel.id, "channel_type": CHANNEL_TYPE[channel.kind], "event_ts": ts}
