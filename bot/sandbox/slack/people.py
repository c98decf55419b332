"""What people do in Slack's client besides pressing buttons: join, write, edit, delete, react, look at the Home tab."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from bot.sandbox.slack.delivery import Deliverer
from bot.sandbox.slack.events import Attempts, Events
from bot.sandbox.slack.feed import Feed
from bot.sandbox.slack.grants import Grants
from bot.sandbox.slack.records import Channel, ClientRefused, Delivery, File, Message, Outcome, User
from bot.sandbox.slack.site import Site
from bot.sandbox.slack.socket import SocketMode
from bot.sandbox.slack.typed_text import typed_text
from bot.sandbox.slack.wire import view_json
from bot.sandbox.slack.workspace import Workspace


class Parts:
    """The workspace and the ways to the app, that everything a person does goes through."""

    def __init__(self, grants: Grants, retry_delays: tuple[float, ...], ack_seconds: float) -> None:
        self.feed = Feed()
        self.workspace = Workspace(self.feed)
        self.grants = grants
        self.deliverer = Deliverer(self.workspace, self.feed, retry_delays, ack_seconds)
        self.events = Events(self.workspace, self.deliverer, grants)
        self.socket = SocketMode(self.feed, self.workspace.app_id, ack_seconds)
        self.site = Site(self.workspace, self.events, grants, self.socket)

    def user_of(self, user: User | str) -> User:
        """The user, given as such or by id."""
        return user if isinstance(user, User) else self.workspace.users[user]

    def channel_of(self, channel: Channel | str) -> Channel:
        """The channel, given as such or by id."""
        return channel if isinstance(channel, Channel) else self.workspace.channels[channel]

    def place(self, user: User | str, channel: Channel | str) -> tuple[User, Channel]:
        """A user in a channel where they can write; refused as Slack's client refuses it."""
        who, where = self.user_of(user), self.channel_of(channel)
        if who.deleted:
            raise ClientRefused(f"{who.name} is deactivated")
        if who.id not in where.members:
            raise ClientRefused(f"{who.name} is not a member of {where.name or where.id}")
        if where.archived:
            raise ClientRefused(f"{where.name} is archived")
        return who, where


class People(Parts):
    """People who join, write and react."""

    @property
    def bot_user(self) -> User:
        """The app's own user."""
        return self.workspace.bot_user

    def add_user(self, name: str, email: str | None = None, *, real_name: str = "", is_bot: bool = False) -> User:
        """Let a person (or another app's bot) join the workspace."""
        return self.workspace.add_user(name, email or f"{name}@example.com", real_name=real_name, is_bot=is_bot)

    def add_channel(self, name: str, members: Iterable[User | str] = (), *, private: bool = False) -> Channel:
        """Make a channel; the app is not in it until `invite_bot`."""
        ids = [self.user_of(member).id for member in members]
        return self.workspace.add_channel(name, ids, "private" if private else "public")

    def dm(self, user: User | str) -> Channel:
        """The direct message between a user and the app."""
        return self.workspace.dm(self.user_of(user).id)

    async def invite_bot(self, channel: Channel | str, by: User | str | None = None) -> None:
        """Make the app a member of a channel."""
        await self.join(self.bot_user, channel, by)

    async def remove_bot(self, channel: Channel | str) -> None:
        """Take the app out of a channel."""
        await self.leave(self.bot_user, channel)

    async def join(self, user: User | str, channel: Channel | str, by: User | str | None = None) -> None:
        """Make a user a member of a channel."""
        who, where = self.user_of(user), self.channel_of(channel)
        if who.id not in where.members:
            where.members.append(who.id)
            self.feed.tell("member", channel=where.id, user=who.id, joined=True)
            inviter = self.user_of(by).id if by else None
            await first_attempts(self.events.member("member_joined_channel", where, who.id, inviter))

    async def leave(self, user: User | str, channel: Channel | str) -> None:
        """Take a user out of a channel."""
        who, where = self.user_of(user), self.channel_of(channel)
        if who.id in where.members:
            told = self.events.member("member_left_channel", where, who.id)
            where.members.remove(who.id)
            self.feed.tell("member", channel=where.id, user=who.id, joined=False)
            await first_attempts(told)

    async def post(
        self,
        user: User | str,
        channel: Channel | str,
        text: str,
        thread_ts: str | None = None,
        *,
        files: Sequence[tuple[str, str | bytes]] = (),
        wait: bool = True,
    ) -> str:
        """Write a message (in a thread, with files as (name, content)) and give its ts.

        The app hears it if it is a member; with `wait` the first attempt to tell it is over when this returns.
        """
        who, where = self.place(user, channel)
        if thread_ts is not None and where.messages[thread_ts].is_reply:
            raise ClientRefused(f"{thread_ts} is itself a reply")
        message = Message(where.id, self.workspace.new_ts(where), who.id, typed_text(self.workspace, text))
        message.thread_ts = thread_ts
        message.files = [self._own_file(who, message, name, content).id for name, content in files]
        message.subtype = "file_share" if files else None
        message.bot_id = f"B{who.id[1:]}" if who.is_bot else None
        self.workspace.add_message(message)
        attempts = self.events.posted(message)
        if wait:
            await first_attempts(attempts)
        return message.ts

    def _own_file(self, who: User, message: Message, name: str, content: str | bytes) -> File:
        raw = content.encode() if isinstance(content, str) else content
        file = File(self.workspace.new_id("F"), name, who.id, len(raw), raw, name, completed=True)
        file.shares.append((message.channel, message.ts))
        self.workspace.files[file.id] = file
        return file

    async def edit(self, user: User | str, channel: Channel | str, ts: str, text: str) -> None:
        """Change one's own message."""
        message = self._own_message(user, channel, ts)
        message.revise(self.workspace.now(), text=typed_text(self.workspace, text))
        self.feed.tell("edited", channel=message.channel, ts=ts, text=message.text)
        await first_attempts(self.events.changed(message))

    async def delete(self, user: User | str, channel: Channel | str, ts: str) -> None:
        """Take one's own message away."""
        message = self._own_message(user, channel, ts)
        attempts = self.events.deleted(message)
        self.workspace.remove_message(message)
        await first_attempts(attempts)

    def _own_message(self, user: User | str, channel: Channel | str, ts: str) -> Message:
        who, where = self.place(user, channel)
        message = where.messages.get(ts)
        if message is None or message.deleted or message.user != who.id:
            raise ClientRefused(f"{who.name} has no message {ts} in {where.id}")
        return message

    async def react(self, user: User | str, channel: Channel | str, ts: str, name: str) -> None:
        """Add a reaction."""
        await self._react(user, channel, ts, name, added=True)

    async def unreact(self, user: User | str, channel: Channel | str, ts: str, name: str) -> None:
        """Take one's own reaction back."""
        await self._react(user, channel, ts, name, added=False)

    async def _react(self, user: User | str, channel: Channel | str, ts: str, name: str, *, added: bool) -> None:
        who, where = self.place(user, channel)
        message = where.messages[ts]
        users = message.reactions.setdefault(name, [])
        if (who.id in users) is added:
            raise ClientRefused(f"{who.name} has {'already' if added else 'not'} reacted with {name}")
        if added:
            users.append(who.id)
        else:
            users.remove(who.id)
        if not users:
            del message.reactions[name]
        self.feed.tell("reaction", channel=where.id, ts=ts, name=name, added=added, user=who.id)
        kind = "reaction_added" if added else "reaction_removed"
        await first_attempts(self.events.reaction(kind, message, who.id, name))

    async def open_home(self, user: User | str, tab: str = "home") -> None:
        """Look at the app's Home tab, or at its `messages`; what the app publishes is then in `home(user)`."""
        who = self.user_of(user)
        view = self.workspace.homes.get(who.id) if tab == "home" else None
        shown = view_json(self.workspace, view) if view else None
        await first_attempts(self.events.home_opened(who.id, shown, tab))


async def first_attempts(attempts: Attempts) -> None:
    """Wait until every first attempt of these deliveries is over, acked or not."""
    await asyncio.gather(*attempts)


def failure(delivery: Delivery) -> str | None:
    """What a user reads when the app did not answer; None when it did."""
    if delivery.acked:
        return None
    return "operation_timeout" if delivery.attempts[-1].outcome is Outcome.TIMEOUT else "dispatch_failed"
