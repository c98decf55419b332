"""What we keep: a task, its card, its prompts, and what its people have been told."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from bot.models.asked import Asked, CreateRequest, Enclosed, Level, Origin
from bot.models.coder import Details, Snapshot
from bot.models.model import Model


class Condition(StrEnum):
    """What a card says in its head line; one row of the guide's table of conditions each."""

    QUEUED = "queued"
    STARTING = "starting"
    WORKING = "working"
    WAITING = "waiting"
    COMPLETE = "complete"
    FAILED = "failed"
    BUILD_FAILED = "build_failed"
    UNHEALTHY = "unhealthy"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    DELETING = "deleting"
    DELETED = "deleted"
    GONE = "gone"
    UNKNOWN = "unknown"


class Memory(Model):
    """What a task's people have been told, and since when what has held.

    A turn is what happens between two delivered prompts; the owner is mentioned once in it.
    """

    condition: Condition = Condition.QUEUED
    since: float = 0.0
    candidate: Condition | None = None  # seen, but not for long enough to be told
    candidate_since: float = 0.0
    candidate_first: float = 0.0
    candidate_report: float = 0.0
    turn: int = 0
    turn_since: float = 0.0
    turn_report: float = 0.0  # the report that the turn's prompt answered: an old word, not news
    told: tuple[Condition, str] | None = None  # the last end of a turn that was told, and the agent's words
    mentioned: bool = False
    began: float = 0.0  # when the turn began: the task's creation or the last delivered prompt


class Change(Model):
    """Something worth telling: the task entered `condition`.

    `seconds` counts since the turn began, or since the resume that led to it.
    """

    condition: Condition
    at: float
    turn: int
    mention: bool = False
    message: str = ""
    uri: str = ""
    seconds: float | None = None
    before: Condition


class Phase(StrEnum):
    """How far a task is with us."""

    CREATING = "creating"
    OPEN = "open"
    CLOSED = "closed"
    REFUSED = "refused"


class Task(Model):
    """A task as we keep it. `coder_id` is None until Coder has accepted it."""

    id: str
    phase: Phase
    requester: str
    name: str
    created_at: float
    request: CreateRequest | None = None
    answer: Origin | None = None
    coder_id: str | None = None
    owner_id: str | None = None
    owner_slack: str | None = None
    snapshot: Snapshot | None = None
    memory: Memory = Memory()
    details: Details | None = None
    asked: Asked | None = None
    missing: int = 0
    look_at: float | None = None
    steered: bool | None = None  # whether everybody in its threads may prompt it; None: as the channel has it
    mention: bool = True  # its owner may be mentioned
    tell: bool = False  # its requester gets a direct message when it needs input or ends
    batch_id: str | None = None
    batch_line: int | None = None
    waits: bool = False  # a line of a batch whose turn has not come
    refusal: str | None = None  # why the last try to create it came to nothing, as people read it


class Card(Model):
    """A task's message in a channel, edited in place; `ts` is None until it is posted."""

    id: str
    task_id: str
    channel: str
    ts: str | None = None
    thread_ts: str | None = None
    link: str | None = None
    level: Level = Level.IMPORTANT
    revision: int = 0
    shown: str | None = None
    edited_at: float = 0.0
    seen_ts: str | None = None
    events: tuple[str, ...] | None = None  # a watched task's: only these conditions are told here
    shown_by: str = ""  # who brought the card of a task here that was not started here
    unfollowed_by: str = ""  # who took it out of the card's hands; then nothing is told here any more
    unfollowed_at: float | None = None


class PromptState(StrEnum):
    """How far a prompt is on its way to the agent."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    MAYBE = "maybe"
    FAILED = "failed"
    DROPPED = "dropped"
    OFFERED = "offered"  # the new words of a message that was sent already: sent when its author says so


class Prompt(Model):
    """Text for the agent. `channel` and `ts` name the person's own message, if it was one."""

    id: int
    task_id: str
    position: str
    author: str
    author_name: str
    text: str
    state: PromptState
    channel: str | None = None
    ts: str | None = None
    refusals: int = 0
    sent_at: float | None = None
    created_at: float = 0.0
    files: tuple[Enclosed, ...] = ()

    @property
    def is_unread(self) -> bool:
        """Whether one of its files is still to be read."""
        return any(file.is_unread for file in self.files)


class StartRule(StrEnum):
    """Who may start tasks in a channel."""

    ANYONE = "anyone"  # who has a Coder account
    MEMBERS = "members"  # no guests, nobody of another organization
    NOBODY = "nobody"


class PromptRule(StrEnum):
    """Whose replies reach the agents of a channel's tasks, unless a task says otherwise."""

    OWNER = "owner"
    ANYONE = "anyone"  # who has a Coder account


class ChannelSettings(Model):
    """What holds in a channel; empty means not set. `changed_at` is None when nobody has ever set anything."""

    channel: str
    template: str = ""
    preset: str = ""
    level: Level | None = None
    start: StartRule = StartRule.ANYONE
    prompts: PromptRule = PromptRule.OWNER
    changed_by: str = ""  # Slack user id
    changed_by_name: str = ""
    changed_at: float | None = None


class PersonSettings(Model):
    """What a person has chosen for themselves; empty means not set."""

    slack_user: str
    template: str = ""
    preset: str = ""
    level: Level | None = None
    clean_up: bool = True  # the weekly message about finished tasks


class Watch(Model):
    """A channel's subscription to tasks that nobody started from Slack; empty owner or template: any."""

    id: int = 0
    channel: str
    owner_id: str = ""
    owner_name: str = ""
    template: str = ""
    events: tuple[str, ...] = ()
    set_by: str  # Slack user id
    set_by_name: str
    sees_all: bool = False  # whoever set it is a site owner; else only their own tasks match
    set_by_coder: str
    created_at: float = 0.0


class Batch(Model):
    """Several tasks that were asked for together, and their roll-up message; `ts` is None until it is posted."""

    id: str
    title: str
    requester: str
    requester_name: str
    channel: str
    ts: str | None = None
    link: str | None = None
    prompts: tuple[str, ...] = ()
    shown: str | None = None
    revision: int = 0
    edited_at: float = 0.0
    created_at: float = 0.0


class Form(Model):
    """What a form that somebody has opened knows beside its fields; kept for a day, `view_id` once Slack has it."""

    id: str
    kind: str
    user: str
    data: dict[str, Any]
    view_id: str | None = None
    created_at: float = 0.0
