"""The words of the bot: what Coder says of a task, what people ask of it, what Slack shows of it. All frozen.

Times are Unix seconds. Texts that come from people, agents, templates or logs are kept as they came; the renderers
put them only where Slack shows them literally.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value that can be kept as JSON."""

    model_config = ConfigDict(frozen=True)


# -- what Coder says ---------------------------------------------------------------------------------------------------


class Status(StrEnum):
    """Coder's status of a task: how far its machine is."""

    PENDING = "pending"
    INITIALIZING = "initializing"
    ACTIVE = "active"
    PAUSED = "paused"
    ERROR = "error"
    UNKNOWN = "unknown"


class State(StrEnum):
    """What the agent says it is doing."""

    WORKING = "working"
    IDLE = "idle"
    COMPLETE = "complete"
    FAILED = "failed"


class Report(Model):
    """The agent's last word about itself. `uri` may be empty, http(s) or another scheme; often the pull request."""

    state: State
    message: str = ""
    uri: str = ""
    at: float


class Snapshot(Model):
    """What Coder says of one task at one instant."""

    id: str
    name: str
    title: str
    url: str
    owner_id: str
    owner_name: str
    template: str
    status: Status
    report: Report | None = None
    workspace_id: str | None = None
    workspace_status: str = ""
    build_number: int = 0
    health_reason: str = ""
    prompt: str = ""
    created_at: float


class Failure(StrEnum):
    """Why a build did not come to its end."""

    BUILD = "build"
    CANCELED = "canceled"
    QUOTA = "quota"


class Details(Model):
    """What only the workspace knows of a task: asked for when the card needs it. Belongs to one build."""

    build_number: int = 0
    failure: Failure | None = None
    cause: str = ""
    tail: tuple[str, ...] = ()
    queue_position: int = 0
    queue_size: int = 0
    provisioners: int | None = None  # None: Coder did not say
    provisioner_seen_at: float | None = None
    paused_by: str = ""  # name of the person; empty when Coder did it or nobody knows
    auto_paused: bool = False
    stops_at: float | None = None


class LogEntry(Model):
    """One entry of the conversation in a task: a prompt that reached the agent, or what the agent said."""

    id: int
    is_prompt: bool
    text: str
    at: float


class Logs(Model):
    """The conversation of a task. `snapshot_at` is set when it is a paused task's stored tail."""

    entries: tuple[LogEntry, ...]
    is_snapshot: bool = False
    snapshot_at: float | None = None


class Template(Model):
    """A template that can run tasks."""

    id: str
    name: str
    title: str
    description: str = ""
    version_id: str
    organization: str = ""
    deprecated: str = ""  # the maintainer's words, empty when it is not
    usual_start: float | None = None  # median start time in seconds


class Preset(Model):
    """A named set of parameter values of a template version."""

    id: str
    name: str
    description: str = ""
    is_default: bool = False
    parameters: tuple[tuple[str, str], ...] = ()


class Person(Model):
    """A Slack user and the Coder user with the same e-mail."""

    slack_user: str
    slack_name: str
    coder_id: str
    username: str
    name: str
    site_owner: bool = False


# -- what we keep ------------------------------------------------------------------------------------------------------


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


class Level(StrEnum):
    """How much of a task becomes messages."""

    ALL = "all"
    IMPORTANT = "important"
    QUIET = "quiet"


class Verb(StrEnum):
    """What can be asked of a task's machine."""

    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    RESTART = "restart"
    DELETE = "delete"


class Asked(Model):
    """Somebody asked for something that Coder has not shown to be done yet."""

    verb: Verb
    by: str  # Slack user id; empty: the bot itself, for a waiting prompt
    by_name: str
    at: float


class Phase(StrEnum):
    """How far a task is with us."""

    CREATING = "creating"
    OPEN = "open"
    CLOSED = "closed"
    REFUSED = "refused"


class Origin(Model):
    """Where a request came from and where its private answer goes.

    `response_url` is a capability of 30 minutes and 5 uses: kept only until the answer is given, never logged.
    `key` is unique for the request (Slack's trigger), the same when Slack delivers it again.
    """

    key: str
    user: str
    user_name: str
    channel: str
    response_url: str = ""
    thread_ts: str = ""  # answer in this thread


class CreateRequest(Model):
    """What was asked for in a new task; empty means not given."""

    prompt: str
    template: str = ""
    template_version: str = ""
    preset: str = ""
    name: str = ""
    owner: str = ""
    organization: str = ""
    level: Level = Level.IMPORTANT


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


class PromptState(StrEnum):
    """How far a prompt is on its way to the agent."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    MAYBE = "maybe"
    FAILED = "failed"
    DROPPED = "dropped"


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


# -- what Slack shows --------------------------------------------------------------------------------------------------


class CardView(Model):
    """Everything that a card shows, at the instant `now`."""

    task_id: str  # Coder's id: what buttons and metadata carry
    name: str
    title: str
    url: str
    owner: str
    template: str
    created_at: float
    now: float
    condition: Condition
    since: float
    report: Report | None = None
    details: Details | None = None
    asked: Asked | None = None
    began: float = 0.0
    waiting_prompts: int = 0
    usual_start: float | None = None
    stale_since: float | None = None
    revision: int = 1


@dataclass(frozen=True)
class Content:
    """A message or view body as Slack takes it: `text` says it all, `blocks` show it."""

    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None
