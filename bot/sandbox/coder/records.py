"""What a Coder deployment stores: people, templates, workspaces with their builds and agents, tasks.

Words and values are Coder's own (coder-api.md sections 2-4); ids are uuid texts, times are aware datetimes in UTC.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from uuid import uuid4

from bot.sandbox.coder.conversation import Conversation, Message
from bot.sandbox.coder.scripts import AgentStep, BuildStep

Transition = Literal["start", "stop", "delete"]
JobStatus = Literal["pending", "running", "succeeded", "canceling", "canceled", "failed"]
Lifecycle = Literal[
    "created", "starting", "start_timeout", "start_error", "ready",
    "shutting_down", "shutdown_timeout", "shutdown_error", "off",
]  # fmt: skip
AppHealth = Literal["disabled", "initializing", "healthy", "unhealthy"]
AppState = Literal["working", "idle", "complete", "failure"]
ACTIVE_JOBS: tuple[JobStatus, ...] = ("pending", "running", "canceling")
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def new_id() -> str:
    """A random uuid text."""
    return str(uuid4())


@dataclass
class Organization:
    """An organization; the first one of a deployment is its default."""

    name: str
    display_name: str = ""
    id: str = field(default_factory=new_id)


@dataclass(eq=False)
class User:
    """A person with an account; the role `owner` is Coder's site Owner, who sees and may do everything."""

    username: str
    name: str
    email: str
    status: Literal["active", "dormant", "suspended"] = "active"
    roles: list[str] = field(default_factory=list)
    organizations: list[Organization] = field(default_factory=list)
    authenticated: set[str] = field(default_factory=set)  # ids of the external auth providers this person has linked
    may_create_workspaces: bool = True
    id: str = field(default_factory=new_id)
    created_at: datetime = EPOCH

    @property
    def is_owner(self) -> bool:
        """A site Owner."""
        return "owner" in self.roles


@dataclass
class Token:
    """A session token: what it stands for, and until when."""

    user: User
    name: str
    expires_at: datetime | None = None


@dataclass
class Preset:
    """A named set of parameter values of a template version."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)
    default: bool = False
    description: str = ""
    icon: str = ""
    desired_prebuilds: int | None = None
    id: str = field(default_factory=new_id)


@dataclass
class Parameter:
    """A rich parameter; `required` ones have no default, so only a preset can set them for a task."""

    name: str
    description: str = ""
    default: str = ""
    required: bool = False
    type: str = "string"
    display_name: str = ""
    mutable: bool = True
    options: list[str] = field(default_factory=list)


@dataclass
class ExternalAuth:
    """A provider (for example GitHub) that the owner of a workspace of this version must be signed in to."""

    id: str
    display_name: str
    type: str = "github"
    optional: bool = False


@dataclass
class Version:
    """A template version, with everything that decides whether a task can be made of it."""

    name: str
    presets: list[Preset] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    external_auth: list[ExternalAuth] = field(default_factory=list)
    has_ai_task: bool = True
    archived: bool = False
    job_status: JobStatus = "succeeded"
    job_error: str = ""
    id: str = field(default_factory=new_id)
    created_at: datetime = EPOCH


@dataclass
class Template:
    """A template; `start_seconds` are the median and the 95th percentile of its start builds, None when never built."""

    name: str
    organization: Organization
    versions: list[Version]
    display_name: str = ""
    description: str = ""
    icon: str = ""
    deprecation_message: str = ""
    start_seconds: tuple[float, float] | None = None
    classic_parameters: bool = False
    hidden_from: set[str] = field(default_factory=set)  # usernames that may see, but not use it
    id: str = field(default_factory=new_id)
    created_at: datetime = EPOCH

    @property
    def active_version(self) -> Version:
        """The newest version."""
        return self.versions[-1]


@dataclass
class LogLine:
    """One line of a build log or an agent log."""

    id: int
    created_at: datetime
    output: str
    level: str = "info"
    stage: str = ""
    source: str = "provisioner"


@dataclass
class Job:
    """The provisioner job of a build."""

    status: JobStatus = "pending"
    error: str = ""
    error_code: str = ""
    queue_position: int = 0
    queue_size: int = 0
    started_at: datetime | None = None
    completed_at: datetime | None = None
    id: str = field(default_factory=new_id)


@dataclass
class Agent:
    """The workspace agent that a finished start build brings, and its one app, the coding agent."""

    lifecycle: Lifecycle | None = "created"
    connection: Literal["connecting", "connected", "disconnected", "timeout"] = "connecting"
    healthy: bool = False
    reason: str = "agent has not yet connected"
    app_health: AppHealth = "initializing"
    logs: list[LogLine] = field(default_factory=list)
    id: str = field(default_factory=new_id)
    app_id: str = field(default_factory=new_id)


@dataclass
class Build:
    """One transition of a workspace."""

    number: int
    transition: Transition
    reason: str
    initiator: User
    version: Version
    created_at: datetime
    preset: Preset | None = None
    job: Job = field(default_factory=Job)
    agent: Agent | None = None
    logs: list[LogLine] = field(default_factory=list)
    provisioners: tuple[int, int] = (1, 1)  # how many match, how many of them are available
    provisioner_seen_at: datetime | None = None
    id: str = field(default_factory=new_id)

    @property
    def is_active(self) -> bool:
        """The job is not over yet."""
        return self.job.status in ACTIVE_JOBS


@dataclass
class AppStatus:
    """What the coding agent reported about itself."""

    state: AppState
    message: str
    uri: str
    created_at: datetime
    id: str = field(default_factory=new_id)


@dataclass(eq=False)
class Workspace:
    """A workspace: its builds (oldest first) and everything its agent ever reported."""

    name: str
    owner: User
    template: Template
    version: Version
    created_at: datetime
    updated_at: datetime
    builds: list[Build] = field(default_factory=list)
    reports: list[AppStatus] = field(default_factory=list)
    deleted: bool = False
    id: str = field(default_factory=new_id)

    @property
    def latest(self) -> Build:
        """The latest build."""
        return self.builds[-1]

    @property
    def agent(self) -> Agent | None:
        """The agent of the latest build: none before a start build is done, none after a stop began."""
        return self.latest.agent


@dataclass
class SendRefusal:
    """How a send will be refused once; `typed` says whether the text reached the agent all the same."""

    message: str
    detail: str
    status: int
    typed: bool


@dataclass(eq=False)
class Task:
    """A task: the prompt it began with, its workspace, and what was said to and by its agent since.

    `inputs` are the texts that reached the agent through send, in order; the initial prompt is not among them.
    """

    name: str
    display_name: str
    initial_prompt: str
    owner: User
    workspace: Workspace
    created_at: datetime
    build_steps: list[BuildStep] = field(default_factory=list)  # what the first start build will meet
    agent_steps: list[AgentStep] = field(default_factory=list)  # what the agent has still to do
    begun: bool = False  # the agent has been given the initial prompt
    busy: bool = False  # agentapi's `running`: nothing can be sent
    inputs: list[str] = field(default_factory=list)
    conversation: Conversation = field(default_factory=Conversation)
    snapshot: tuple[list[Message], datetime] | None = None  # the conversation as it was when the workspace stopped
    keeps_snapshot: bool = True
    send_refusals: list[SendRefusal] = field(default_factory=list)
    prompted: asyncio.Event = field(default_factory=asyncio.Event)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)  # agentapi takes one message at a time
    deleted: bool = False
    id: str = field(default_factory=new_id)
