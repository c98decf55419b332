"""What Coder says: of a task, of its conversation, of templates and presets."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from bot.models.model import Model


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
    organization_id: str = ""
    deprecated: str = ""  # the maintainer's words, empty when it is not
    usual_start: float | None = None  # median start time in seconds

    def is_of(self, organizations: Collection[str] | None) -> bool:
        """Whether people who are members of these organizations (ids) can use it; nobody knows: nobody can."""
        return organizations is not None and (not self.organization_id or self.organization_id in organizations)


class Preset(Model):
    """A named set of parameter values of a template version."""

    id: str
    name: str
    description: str = ""
    is_default: bool = False
    parameters: tuple[tuple[str, str], ...] = ()
