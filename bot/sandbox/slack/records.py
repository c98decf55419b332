"""What the local Slack remembers: people, places, messages, views, files, and what was called and delivered."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from bot.sandbox.slack.shapes import Json

ChannelKind = Literal["public", "private", "dm"]


@dataclass
class User:
    """A person, or the app's bot user (`is_bot`)."""

    id: str
    name: str
    real_name: str
    email: str | None = None
    tz: str = "Europe/Berlin"
    is_bot: bool = False
    is_admin: bool = False
    deleted: bool = False
    is_restricted: bool = False
    is_stranger: bool = False  # from another organisation, seen through Slack Connect
    team_id: str = ""


@dataclass
class Version:
    """What a message said before an edit."""

    text: str
    blocks: list[Json]
    metadata: Json | None
    edited_at: float


@dataclass
class Message:
    """A message in a channel, or an ephemeral one (`only_for` is then the one user who sees it)."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    subtype: str | None = None
    only_for: str | None = None
    deleted: bool = False
    edited: bool = False
    broadcast: bool = False
    files: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    reply_users: list[str] = field(default_factory=list)
    reply_count: int = 0
    latest_reply: str | None = None
    versions: list[Version] = field(default_factory=list)  # earlier ones, oldest first
    typed: dict[str, Json] = field(default_factory=dict)  # user id -> state values of the elements they set
    via: str | None = None  # the response_url it was made through

    def revise(self, now: float, **parts: Any) -> None:
        """Change text, blocks, attachments or metadata, and keep what was there before."""
        self.versions.append(Version(self.text, copy.deepcopy(self.blocks), copy.deepcopy(self.metadata), now))
        for name, value in parts.items():
            setattr(self, name, value)
        self.edited = True

    @property
    def is_reply(self) -> bool:
        """Whether it stands in a thread below another message."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass
class Channel:
    """A public or private channel, or a direct message (its two members)."""

    id: str
    name: str
    kind: ChannelKind = "public"
    members: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)  # by ts, in order
    archived: bool = False
    posting: set[str] | None = None  # the only users who may post; None: every member
    shared: bool = False  # with another organisation
    topic: str = ""
    creator: str = ""  # the user who made it
    created: int = 0
    last_ts: int = 0  # microseconds


@dataclass
class View:
    """A modal on a user's stack, or a user's Home tab."""

    id: str
    user: str
    body: Json  # as the app sent it
    hash: str
    root_id: str
    previous_id: str | None = None
    channel: str | None = None  # where the user was when it opened
    typed: dict[str, dict[str, Json]] = field(default_factory=dict)  # block_id -> action_id -> value
    closed: bool = False
    versions: list[Json] = field(default_factory=list)

    @property
    def blocks(self) -> list[Json]:
        """The blocks the app sent."""
        blocks: list[Json] = self.body.get("blocks", [])
        return blocks

    @property
    def callback_id(self) -> str:
        """The app's name for it ("" when it gave none)."""
        return str(self.body.get("callback_id") or "")


@dataclass
class File:
    """An uploaded file; `content` is None until the bytes came, `shares` are (channel, ts)."""

    id: str
    name: str
    user: str
    length: int
    content: bytes | None = None
    title: str = ""
    snippet_type: str | None = None
    completed: bool = False
    shares: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class ResponseUrl:
    """One response_url: where it answers, what it may replace, and how often it was used."""

    id: str
    channel: str
    user: str
    made_at: float
    original: Message | None = None
    uses: int = 0


@dataclass
class Trigger:
    """One trigger_id; `view_id` is the modal it came from, if it did."""

    id: str
    user: str
    made_at: float
    view_id: str | None = None
    channel: str | None = None  # where it was done, if in a conversation
    used: bool = False


@dataclass
class Call:
    """One request of the app: a Web API method, `response_url` or `upload`. Status 499: cut, the app saw no answer.

    `number` counts from 1; `seconds` is how long the answer took.
    """

    at: float
    method: str
    args: Json
    status: int = 0
    ok: bool = False
    error: str | None = None
    answer: Json = field(default_factory=dict)
    number: int = 0
    seconds: float = 0.0


class Outcome(StrEnum):
    """How one attempt to deliver ended."""

    WAITING = "waiting"
    ACKED = "acked"
    TIMEOUT = "timeout"
    NOT_CONNECTED = "not_connected"
    REFUSED = "refused"


@dataclass
class Attempt:
    """One attempt to deliver; `detail` is an HTTP status or what was raised."""

    number: int
    at: float
    outcome: Outcome = Outcome.WAITING
    detail: str = ""
    seconds: float = 0.0


@dataclass
class Delivery:
    """One payload on its way to the app.

    `kind` is Slack's envelope type (events_api, slash_commands, interactive); `type` what it is about (message,
    app_mention, /coder-task, block_actions, ...); `answer` what came with the ack; `done` no further attempt follows.
    """

    id: str
    kind: str
    type: str
    payload: Json
    attempts: list[Attempt] = field(default_factory=list)
    acked: bool = False
    done: bool = False
    answer: Json = field(default_factory=dict)

    @property
    def event(self) -> Json:
        """The inner event of an events_api delivery ({} otherwise)."""
        event: Json = self.payload.get("event", {})
        return event


class Refused(Exception):
    """Slack's refusal of a Web API call: the error code, and what else stands in the answer."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.error = error
        self.more = more


class ClientRefused(AssertionError):
    """What Slack's own client would not let a user do: press what is not there, submit an empty required field."""
