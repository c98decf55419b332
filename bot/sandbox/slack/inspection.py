"""What a test or a page may look at: what stands where, what was called, what was delivered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from bot.sandbox.slack.feed import Subscription
from bot.sandbox.slack.people import Parts
from bot.sandbox.slack.records import Call, Channel, Delivery, File, Message, User, Version, View

T = TypeVar("T")


class Inspection(Parts):
    """Everything that can be seen from outside."""

    calls: list[Call]

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything that was brought, or tried to be brought, to the app, oldest first."""
        return self.deliverer.deliveries

    @property
    def files(self) -> dict[str, File]:
        """All files by id, with their content."""
        return self.workspace.files

    def messages(self, channel: Channel | str) -> list[Message]:
        """The messages of a channel, oldest first, without the replies in threads."""
        found = self.channel_of(channel).messages.values()
        return [one for one in found if not one.is_reply or one.broadcast]

    def thread(self, channel: Channel | str, ts: str) -> list[Message]:
        """The replies below a message, oldest first, without the message itself."""
        return [one for one in self.workspace.thread_of(self.channel_of(channel), ts) if one.ts != ts]

    def message(self, channel: Channel | str, ts: str) -> Message:
        """One message, its earlier `versions` included."""
        return self.channel_of(channel).messages[ts]

    def versions(self, channel: Channel | str, ts: str) -> list[Version]:
        """What a message said before its edits, oldest first."""
        return self.message(channel, ts).versions

    def ephemerals(self, user: User | str, channel: Channel | str | None = None) -> list[Message]:
        """What only this user sees, oldest first, as it reads now; removed ones are gone."""
        who, where = self.user_of(user).id, self.channel_of(channel).id if channel else None
        found = [one for one in self.workspace.ephemerals if one.only_for == who and not one.deleted]
        return [one for one in found if where in (None, one.channel)]

    def reactions(self, channel: Channel | str, ts: str, user: User | str | None = None) -> set[str]:
        """The names of the reactions on a message (of one user)."""
        who = self.user_of(user).id if user else None
        found = self.message(channel, ts).reactions.items()
        return {name for name, users in found if who is None or who in users}

    def views(self, user: User | str) -> list[View]:
        """The modals a user has open, the visible one last."""
        return list(self.workspace.modals.get(self.user_of(user).id, []))

    def home(self, user: User | str) -> View | None:
        """A user's Home tab, None before the app published one."""
        return self.workspace.homes.get(self.user_of(user).id)

    def calls_of(self, method: str) -> list[Call]:
        """The recorded calls of one method (also `response_url`, `upload`, `download`), oldest first."""
        return [call for call in self.calls if call.method == method]

    def subscribe(self) -> Subscription:
        """Everything that happens from now on: `with slack.subscribe() as changes: async for change in changes`."""
        return self.feed.subscribe()

    async def until(
        self,
        condition: Callable[[], T],
        timeout: float = 10.0,  # noqa: ASYNC109 - the failure must tell what was seen, not only that time is up
        what: str = "the condition",
    ) -> T:
        """Wait for the first truthy value of the condition, looked at whenever the state of this Slack changes.

        A LookupError in it means: not yet. After `timeout` seconds: TimeoutError, with what was last called and sent.
        Something outside that a condition also looks at is seen at the next `feed.tell`.
        """
        try:
            return await asyncio.wait_for(self.feed.until(condition), timeout)
        except TimeoutError:
            raise TimeoutError(f"{timeout} s passed without {what}\n{self.last_state()}") from None

    def last_state(self) -> str:
        """The last calls, deliveries and messages, for a person who reads a failed test."""
        calls = [f"  {one.method} {one.status} {one.error or 'ok'} {_short(one.args)}" for one in self.calls[-8:]]
        sent = [
            f"  {one.kind} {one.type} {[attempt.outcome.value for attempt in one.attempts]} {_short(one.event)}"
            for one in self.deliveries[-8:]
        ]
        said = [one for channel in self.workspace.channels.values() for one in channel.messages.values()]
        said += self.workspace.ephemerals
        texts = [f"  {one.channel} {one.ts} {_short(one.text)}" for one in sorted(said, key=lambda one: one.ts)[-8:]]
        return "\n".join(["last calls:", *calls, "last deliveries:", *sent, "last messages:", *texts])


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 160 else f"{text[:160]}..."
