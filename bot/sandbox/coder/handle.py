"""A hold on one task, for tests and for the task's page: look at it, and move it by hand."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sandbox.coder import agent
from bot.sandbox.coder.conversation import Message
from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.provisioner import Provisioner
from bot.sandbox.coder.records import (
    Agent,
    AppHealth,
    AppState,
    AppStatus,
    Build,
    JobStatus,
    Lifecycle,
    SendRefusal,
    Task,
    Transition,
    Workspace,
)
from bot.sandbox.coder.scripts import CRASH, PULL_REQUEST, AgentStep, Ask, Fail, Finish, Say
from bot.sandbox.coder.status import current_state, task_status
from bot.sandbox.coder.talk import REJECTED

_START_TIMEOUT = 30.0


class TaskHandle:
    """One task of the local Coder, also after it is deleted.

    What moves builds or the agent by hand ends the task's script first, so it works at every speed.
    """

    def __init__(self, deployment: Deployment, provisioner: Provisioner, task: Task) -> None:
        self._deployment, self._provisioner = deployment, provisioner
        self.task = task

    # -- looking ------------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """Coder's uuid."""
        return self.task.id

    @property
    def name(self) -> str:
        """The task's name, which is its workspace's too."""
        return self.task.name

    @property
    def workspace(self) -> Workspace:
        """The workspace, with all its builds."""
        return self.task.workspace

    @property
    def build(self) -> Build:
        """The latest build."""
        return self.task.workspace.latest

    @property
    def status(self) -> str:
        """The task's status as Coder computes it."""
        return task_status(self.task)

    @property
    def state(self) -> AppStatus | None:
        """What `current_state` shows."""
        return current_state(self.task)

    @property
    def deleted(self) -> bool:
        """Coder shows the task no more."""
        return self.task.deleted

    @property
    def inputs(self) -> list[str]:
        """The texts that reached the agent through send, in order, without the initial prompt."""
        return self.task.inputs

    @property
    def messages(self) -> list[Message]:
        """The conversation, as the logs endpoint shows it."""
        return self.task.conversation.messages

    # -- the agent ----------------------------------------------------------------------------------------------

    async def ready(self, state: AppState | None = "working", message: str = "Starting to work") -> None:
        """The task is active: when its script runs after a wait, else brought there now, with a report of `state`."""
        if any(self._deployment.background.runs((what, self.workspace.id)) for what in ("build", "agent")):
            await self._deployment.changes.until(lambda: self.status == "active", _START_TIMEOUT)
            return
        if self.build.transition != "start" or self.build.job.status == "failed":
            raise ValueError(f"{self.name} has to be started first: {self.build.transition} {self.build.job.status}")
        if self.build.is_active:
            self.finish_build()
        agent.set_ready(self._agent)
        agent.begin(self._deployment, self.task)
        if state is not None:
            self.report(state, message)

    def report(self, state: AppState, message: str = "", uri: str = "") -> None:
        """The agent reports its state; only a working agent refuses prompts."""
        self.task.busy = state == "working"
        self._deployment.report(self.workspace, state, message, uri)

    def say(self, text: str) -> None:
        """The agent prints text into its terminal."""
        self.task.conversation.said(text, self._deployment.clock.now())
        self._deployment.changes.touch()

    def set_busy(self, *, busy: bool) -> None:
        """What agentapi says for itself, when it differs from what the agent reported."""
        self.task.busy = busy
        self._deployment.changes.touch()

    def refuse_send(
        self, message: str = REJECTED, detail: str = "", *, status: int = 502, typed: bool = False, times: int = 1
    ) -> None:
        """The next sends are refused so; with `typed` the text reaches the agent all the same."""
        self.task.send_refusals += [SendRefusal(message, detail, status, typed)] * times

    def finish(self, message: str = "Done. The pull request is open.", uri: str = PULL_REQUEST) -> None:
        """The agent is done with its task, with a pull request; the rest of its script is dropped."""
        self.task.agent_steps.clear()
        self._steer(Say(message), Finish(message, uri))

    def fail(self, message: str = "I cannot go on: the tests need a database that I cannot reach.") -> None:
        """The agent reports a failure; after a prompt it goes on with its script."""
        self._steer(Say(message), Fail(message))

    def ask(self, message: str = "There are two ways to do this. Shall I take the smaller change?") -> None:
        """The agent asks something; after a prompt it goes on with its script."""
        self._steer(Say(message), Ask(message))

    def crash_build(self) -> None:
        """The build that is going on fails, as it does for the words `crash the build`."""
        if not self.build.is_active:
            raise ValueError(f"no build of {self.name} is going on")
        self.fail_build(CRASH.lines, CRASH.error)

    def _steer(self, *steps: AgentStep) -> None:
        if self.status != "active":
            raise ValueError(f"the agent of {self.name} is not up: the task is {self.status}")
        self._provisioner.steer(self.task, steps)

    # -- build and health ---------------------------------------------------------------------------------------

    def set_build(
        self,
        *,
        job_status: JobStatus | None = None,
        queue: tuple[int, int] | None = None,
        provisioners: tuple[int, int] | None = None,
        reason: str | None = None,
        error: str | None = None,
    ) -> None:
        """Change the latest build: `queue` is (position, size), `provisioners` is (matching, available)."""
        self._take_over()
        build = self.build
        build.job.status = job_status or build.job.status
        build.job.error = build.job.error if error is None else error
        build.reason = reason or build.reason
        build.provisioners = provisioners or build.provisioners
        build.job.queue_position, build.job.queue_size = queue or (build.job.queue_position, build.job.queue_size)
        if job_status == "running":
            self._provisioner.begin(build)
        self._deployment.touched(self.workspace)

    def set_health(self, app: AppHealth, reason: str = "") -> None:
        """The health of the agent's app; with a reason the agent itself is unhealthy too."""
        self._agent.app_health = app
        self._agent.healthy, self._agent.reason = not reason, reason
        self._deployment.touched(self.workspace)

    def set_lifecycle(self, lifecycle: Lifecycle | None) -> None:
        """How far the agent is in its life."""
        self._take_over()
        self._agent.lifecycle = lifecycle
        self._agent.connection = "connecting" if lifecycle in (None, "created") else "connected"
        self._deployment.touched(self.workspace)

    def set_status(self, status: str) -> None:
        """Change what is stored so that the status comes out as asked, by the most ordinary way to it."""
        self._take_over()
        if status == "paused":
            self._outside_build("stop", "task_manual_pause", "", done=True)
            return
        if self.build.transition != "start":
            self._outside_build("start", "task_resume", "", done=False)
        if status in ("pending", "initializing"):
            self.build.job.status, self.build.agent = "pending" if status == "pending" else "running", None
        else:
            self._set_up(status)
        self._deployment.touched(self.workspace)

    def _set_up(self, status: str) -> None:
        if self.build.agent is None:
            self._provisioner.succeed(self.task, self.build)
        self.build.job.status = "succeeded"
        agent.set_ready(self._agent)
        agent.begin(self._deployment, self.task)
        if status == "error":
            agent.set_unhealthy(self._agent, "agent has lost connection")
        if status == "unknown":
            self._agent.lifecycle = "shutting_down"

    def finish_build(self) -> None:
        """The latest build is done; one that is canceling ends as canceled."""
        self._take_over()
        if self.build.job.status == "canceling":
            self._provisioner.canceled(self.task, self.build)
        else:
            self._provisioner.succeed(self.task, self.build)

    def fail_build(
        self, lines: Sequence[str] = (), error: str = "terraform apply: exit status 1", code: str = ""
    ) -> None:
        """The latest build fails, with these last lines in its log; `code` is for example INSUFFICIENT_QUOTA."""
        self._take_over()
        self._provisioner.fail(self.task, self.build, lines, error, code)

    # -- what others do -----------------------------------------------------------------------------------------

    def pause_outside(self, reason: str = "task_auto_pause", initiator: str = "", *, done: bool = True) -> None:
        """Somebody else (a username; default the owner) stops the workspace; `done`: the build is over already."""
        self._outside_build("stop", reason, initiator, done=done)

    def resume_outside(self, reason: str = "initiator", initiator: str = "", *, done: bool = False) -> None:
        """Somebody else starts the workspace."""
        self._outside_build("start", reason, initiator, done=done)

    def delete(self, initiator: str = "") -> None:
        """Somebody else deletes the task, as Coder does: gone at once, its workspace with the delete build."""
        self._outside_build("delete", "initiator", initiator, done=False)
        self.task.deleted = True
        self._deployment.touched(self.workspace)

    def vanish(self) -> None:
        """Task and workspace are gone without a trace."""
        self._take_over()
        self.task.deleted = self.workspace.deleted = True
        self._deployment.touched(self.workspace)

    def _outside_build(self, transition: Transition, reason: str, initiator: str, *, done: bool) -> None:
        if self.build.is_active:
            self.finish_build()
        who = self._deployment.user(initiator) if initiator else self.task.owner
        self._provisioner.queue(self.workspace, transition, reason, who)
        if done:
            self.finish_build()

    @property
    def _agent(self) -> Agent:
        found = self.workspace.agent
        if found is None:
            raise ValueError(f"{self.name} has no agent: its latest build is a {self.build.transition}, {self.status}")
        return found

    def _take_over(self) -> None:
        self._deployment.background.end(("build", self.workspace.id))
        self._deployment.background.end(("agent", self.workspace.id))
