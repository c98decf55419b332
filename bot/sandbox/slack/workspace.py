"""The state of the local Slack: one team, one app, and everything they have said."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator

from bot.sandbox.slack.feed import Feed
from bot.sandbox.slack.records import (
    Channel,
    ChannelKind,
    File,
    Message,
    Refused,
    ResponseUrl,
    Trigger,
    User,
    View,
)
from bot.sandbox.slack.shapes import Json

RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 30 * 60
TRIGGER_SECONDS = 3.0
VIEW_STACK = 3


class Workspace:
    """One team with its people, channels and messages, and the one app installed in it."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.team_id = "T0SANDBOX"
        self.team_name = "Sandbox"
        self.team_domain = "sandbox"
        self.app_id = "A0CODERTASK"
        self.bot_id = "B0CODERTASK"
        self.base_url = ""  # set when the server listens
        self.clock_skew = 0.0  # seconds added to the time, so that a test can let 30 minutes pass
        self.edit_window: float | None = None  # seconds; None: messages may be edited for ever
        self.emoji: frozenset[str] | None = None  # the known names; None: any well-formed name
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.ephemerals: list[Message] = []
        self.modals: dict[str, list[View]] = {}  # user id -> stack, the visible one last
        self.homes: dict[str, View] = {}
        self.views: dict[str, View] = {}
        self.files: dict[str, File] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.triggers: dict[str, Trigger] = {}
        self.counter = 0  # how many ids were given out
        self.bot_user = self.add_user("coder", None, real_name="Coder Tasks", is_bot=True)

    def now(self) -> float:
        """Seconds since the epoch, as this Slack sees it."""
        return time.time() + self.clock_skew

    def new_id(self, prefix: str) -> str:
        """A fresh id in Slack's form: a letter, then capitals and digits."""
        self.counter += 1
        return f"{prefix}{self.counter:04X}{secrets.token_hex(3).upper()}"

    def add_user(self, name: str, email: str | None, *, real_name: str = "", is_bot: bool = False) -> User:
        """Let a person, or a bot, join the workspace."""
        user = User(self.new_id("U"), name, real_name or name.title(), email, is_bot=is_bot, team_id=self.team_id)
        self.users[user.id] = user
        return user

    def add_channel(self, name: str, members: list[str], kind: ChannelKind = "public") -> Channel:
        """Make a channel with these members (user ids)."""
        channel = Channel(self.new_id("D" if kind == "dm" else "C"), name, kind, list(members))
        channel.created, channel.creator = int(self.now()), members[0] if members else ""
        self.channels[channel.id] = channel
        self.feed.tell("channel", channel=channel.id, name=name)
        return channel

    def dm(self, user: str, other: str | None = None) -> Channel:
        """The direct message between a user and the bot (or another user), opened when it is not there yet."""
        pair = {user, other or self.bot_user.id}
        for channel in self.channels.values():
            if channel.kind == "dm" and set(channel.members) == pair:
                return channel
        return self.add_channel("", sorted(pair), "dm")

    def is_member(self, channel: Channel, user: str | None = None) -> bool:
        """Whether a user (the bot, when none is named) is in a channel."""
        return (user or self.bot_user.id) in channel.members

    def new_ts(self, channel: Channel) -> str:
        """A timestamp that no earlier message of the channel has, and that comes after all of them."""
        channel.last_ts = max(int(self.now() * 1_000_000), channel.last_ts + 1)
        return f"{channel.last_ts // 1_000_000}.{channel.last_ts % 1_000_000:06d}"

    def add_message(self, message: Message) -> Message:
        """Store a message; a reply also counts at its root."""
        channel = self.channels[message.channel]
        if message.only_for is not None:
            self.ephemerals.append(message)
        else:
            channel.messages[message.ts] = message
            self._count_reply(channel, message)
        self.feed.tell(
            "ephemeral" if message.only_for else "message",
            channel=message.channel,
            ts=message.ts,
            thread_ts=message.thread_ts,
            user=message.user,
            text=message.text,
        )
        return message

    def _count_reply(self, channel: Channel, message: Message) -> None:
        if not message.is_reply or message.thread_ts not in channel.messages:
            return
        root = channel.messages[message.thread_ts]
        root.thread_ts = root.ts
        root.reply_count += 1
        root.latest_reply = message.ts
        if message.user not in root.reply_users:
            root.reply_users.append(message.user)

    def remove_message(self, message: Message) -> None:
        """Take a message away; a root with replies leaves a tombstone that still carries its thread."""
        message.deleted = True
        channel = self.channels[message.channel]
        if message.only_for is None and message.reply_count:
            message.revise(self.now(), text="This message was deleted.", blocks=[], metadata=None)
            message.subtype = "tombstone"
        elif message.only_for is None:
            channel.messages.pop(message.ts, None)
            root = channel.messages.get(message.thread_ts or "")
            if root is not None and root is not message:
                root.reply_count -= 1
        self.feed.tell("deleted", channel=message.channel, ts=message.ts, thread_ts=message.thread_ts)

    def find_message(self, channel: Channel, ts: str) -> Message:
        """The message with this ts; `message_not_found` when it is gone or was never there."""
        message = channel.messages.get(ts)
        if message is None or message.deleted:
            raise Refused("message_not_found")
        return message

    def thread_of(self, channel: Channel, ts: str) -> Iterator[Message]:
        """The root and its replies, oldest first."""
        return (one for one in channel.messages.values() if ts in (one.ts, one.thread_ts))

    def new_trigger(self, user: str, view_id: str | None = None, channel: str | None = None) -> str:
        """A trigger_id for what this user has just done."""
        trigger = Trigger(f"{self.counter}.{secrets.token_hex(6)}", user, self.now(), view_id, channel)
        self.triggers[trigger.id] = trigger
        return trigger.id

    def use_trigger(self, trigger_id: str) -> Trigger:
        """The trigger, used up by this; refused when it is unknown, too old or was used before."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self.now() - trigger.made_at > TRIGGER_SECONDS:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def new_response_url(self, channel: str, user: str, original: Message | None = None) -> ResponseUrl:
        """A response_url for one payload."""
        made = ResponseUrl(secrets.token_hex(8), channel, user, self.now(), original)
        self.response_urls[made.id] = made
        return made

    def use_response_url(self, url_id: str) -> ResponseUrl:
        """The response_url; refused when it is unknown, too old or was used too often."""
        found = self.response_urls.get(url_id)
        if found is None or self.now() - found.made_at > RESPONSE_URL_SECONDS:
            raise Refused("expired_url")
        if found.uses >= RESPONSE_URL_USES:
            raise Refused("used_url")
        return found

    def author(self) -> Json:
        """How the app's own messages are signed."""
        return {"user": self.bot_user.id, "bot_id": self.bot_id, "app_id": self.app_id}
