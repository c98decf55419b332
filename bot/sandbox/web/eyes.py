"""What one person sees of the local Slack, ready for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.feed import Change
from bot.sandbox.slack.records import Channel, File, Message, User
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.wire import message_json, view_json

ROLES: Final = {
    "ana": "Has a Coder account",
    "bo": "A colleague, has one too",
    "gia": "A guest without an account",
}
_ABOUT_MESSAGES: Final = ("message", "ephemeral", "edited", "reaction", "deleted")
_ABOUT_PLACES: Final = ("channel", "member")


@dataclass(frozen=True)
class Eyes:
    """One person, looking at the workspace."""

    slack: SlackServer
    user: User

    # -- what there is ---------------------------------------------------------------------------------------------

    def people(self) -> list[Json]:
        """Everyone in the workspace; `role` is there for those whom the page can be."""
        return [
            {
                "id": user.id,
                "name": user.name,
                "real_name": user.real_name,
                "is_bot": user.is_bot,
                "is_guest": user.is_restricted,
                "role": "" if user.is_bot else ROLES.get(user.name, "A colleague"),
            }
            for user in self.slack.workspace.users.values()
            if not user.deleted
        ]

    def channels(self) -> list[Json]:
        """The conversations this person is in, their direct message with the app among them."""
        app = self.slack.dm(self.user)
        return [
            {
                "id": channel.id,
                "name": channel.name,
                "kind": channel.kind,
                "topic": channel.topic,
                "members": [one for one in channel.members if one in self.slack.workspace.users],
                "is_app": channel is app,
            }
            for channel in self.slack.workspace.channels.values()
            if self._is_in(channel)
        ]

    def messages(self) -> list[Json]:
        """Every message this person sees, replies and private ones included, oldest first."""
        said = [one for channel in self.slack.workspace.channels.values() for one in channel.messages.values()]
        seen = [one for one in [*said, *self.slack.ephemerals(self.user)] if self.sees(one)]
        return [self.message(one) for one in sorted(seen, key=lambda one: one.ts)]

    def message(self, message: Message) -> Json:
        """One message, with what this person has set in its menus."""
        body = {**message_json(self.slack.workspace, message), "channel": message.channel}
        extras = {"typed": message.typed.get(self.user.id), "broadcast": message.broadcast}
        body |= {name: value for name, value in extras.items() if value}
        for file in body.get("files", []):
            file.pop("url_private")
            file.pop("url_private_download")
        return body

    def modals(self) -> list[Json]:
        """The open forms of this person, the visible one last."""
        return [view_json(self.slack.workspace, view) for view in self.slack.views(self.user)]

    def home(self) -> Json | None:
        """The app's Home tab as it was published for this person."""
        view = self.slack.home(self.user)
        return view_json(self.slack.workspace, view) if view else None

    # -- what this person may see ----------------------------------------------------------------------------------

    def sees(self, message: Message) -> bool:
        """Whether a message stands before this person's eyes."""
        if message.deleted and message.subtype != "tombstone":
            return False
        return message.only_for in (None, self.user.id) and self._is_in(self.slack.workspace.channels[message.channel])

    def file(self, file_id: str) -> File | None:
        """A file that was shared where this person is."""
        file = self.slack.files.get(file_id)
        places = self.slack.workspace.channels
        if file is None or not any(self._is_in(places[channel]) for channel, _ in file.shares if channel in places):
            return None
        return file

    def find(self, channel: str, ts: str) -> Message | None:
        """The message with this ts, if this person sees it; one of their private ones may be it."""
        place = self.slack.workspace.channels.get(channel)
        found = place.messages.get(ts) if place else None
        if found is None:
            mine = reversed(self.slack.ephemerals(self.user, channel) if place else [])
            found = next((one for one in mine if one.ts == ts), None)
        return found if found and self.sees(found) else None

    def _is_in(self, channel: Channel) -> bool:
        return self.user.id in channel.members

    # -- what a change means for this person -------------------------------------------------------------------------

    def told(self, change: Change) -> Iterator[Json]:
        """The updates of this person's page after a change; none for what is not theirs to see."""
        data = change.data
        if change.kind in _ABOUT_MESSAGES:
            yield from self._about_message(data)
        elif change.kind in _ABOUT_PLACES:
            yield {"kind": "channels", "channels": self.channels(), "people": self.people()}
            joined = data.get("user") == self.user.id and data.get("joined")
            if joined:
                yield {"kind": "messages", "messages": self.messages()}
        elif change.kind in ("view", "view_closed") and data.get("user") == self.user.id:
            if data.get("view_type") == "home":
                yield {"kind": "home", "home": self.home()}
            else:
                yield {"kind": "modals", "modals": self.modals()}
        elif change.kind == "read" and data.get("user") == self.user.id:
            yield {"kind": "read", "channel": data["channel"], "ts": data["ts"]}
        elif change.kind in ("note", "typed", "pressed"):
            yield {"kind": "told", "what": change.kind, **data}

    def _about_message(self, data: Json) -> Iterator[Json]:
        channel, ts, thread_ts = str(data["channel"]), str(data["ts"]), data.get("thread_ts")
        place = self.slack.workspace.channels.get(channel)
        if place is None or not self._is_in(place):
            return
        message = self.find(channel, ts)
        if message is not None:
            yield {"kind": "message", "message": self.message(message)}
            thread_ts = thread_ts or message.thread_ts
        else:
            yield {"kind": "removed", "channel": channel, "ts": ts}
        root = self.find(channel, str(thread_ts)) if thread_ts and thread_ts != ts else None
        if root is not None:
            yield {"kind": "message", "message": self.message(root)}
