"""What Coder computes from what it stores: a task's status and state, a workspace's status (coder-api.md 2.2)."""

from __future__ import annotations

from bot.sandbox.coder.records import (
    Agent,
    AppHealth,
    AppStatus,
    Build,
    JobStatus,
    Lifecycle,
    Task,
    Transition,
    Workspace,
)

_RUNNING = {"start": "starting", "stop": "stopping", "delete": "deleting"}
_SUCCEEDED = {"start": "running", "stop": "stopped", "delete": "deleted"}


def computed(
    transition: Transition | None, job: JobStatus | None, lifecycle: Lifecycle | None, app: AppHealth | None
) -> str:
    """A task's status from its latest build, then its agent, then its app: the view tasks_with_status."""
    if transition is None or job is None:
        return "pending"
    if job in ("failed", "canceling", "canceled"):
        return "error"
    if transition != "start":
        return "paused" if job == "succeeded" else "unknown"
    if job == "pending":
        return "pending"
    return _of_agent(lifecycle, app)


def _of_agent(lifecycle: Lifecycle | None, app: AppHealth | None) -> str:
    if lifecycle in (None, "created", "starting"):
        return "initializing"
    if lifecycle not in ("ready", "start_timeout", "start_error"):
        return "unknown"
    by_app = {"initializing": "initializing", "unhealthy": "error", "healthy": "active", "disabled": "active"}
    return by_app.get(app or "", "unknown")


def task_status(task: Task) -> str:
    """pending, initializing, active, paused, unknown or error."""
    build = task.workspace.latest
    agent = build.agent
    return computed(
        build.transition, build.job.status, agent.lifecycle if agent else None, agent.app_health if agent else None
    )


def workspace_status(workspace: Workspace) -> str:
    """The status of the workspace's latest build."""
    return build_status(workspace.latest)


def build_status(build: Build) -> str:
    """pending, starting, running, stopping, stopped, failed, canceling, canceled, deleting or deleted."""
    if build.job.status == "running":
        return _RUNNING[build.transition]
    if build.job.status == "succeeded":
        return _SUCCEEDED[build.transition]
    return build.job.status


def current_report(workspace: Workspace) -> AppStatus | None:
    """The agent's last report that counts: for a start build, none from before it."""
    if not workspace.reports:
        return None
    last, build = workspace.reports[-1], workspace.latest
    return last if build.transition != "start" or last.created_at > build.created_at else None


def current_state(task: Task) -> AppStatus | None:
    """What `current_state` shows: the last report, or Coder's own words while the workspace initializes."""
    report = current_report(task.workspace)
    if report is not None or task_status(task) != "initializing":
        return report
    return AppStatus("working", _initializing(task.workspace), "", task.workspace.latest.created_at)


def _initializing(workspace: Workspace) -> str:
    status = workspace_status(workspace)
    if status in ("pending", "starting"):
        return f"Workspace is {status}"
    return "Initializing workspace" if workspace.agent is None else _agent_words(workspace.agent)


def _agent_words(agent: Agent) -> str:
    if agent.lifecycle == "created":
        return "Agent is connecting"
    if agent.lifecycle == "starting":
        return "Agent is starting"
    if agent.lifecycle == "ready":
        return "App is initializing" if agent.app_health == "initializing" else "Initializing workspace applications"
    return "Initializing workspace agent"
