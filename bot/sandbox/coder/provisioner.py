"""The provisioner: start, stop and delete builds, moved by their scripts or, in manual mode, by a test."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence

from bot.sandbox.coder.agent import go_on, run_agent
from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.records import Agent, Build, Preset, Task, Transition, User, Workspace
from bot.sandbox.coder.refusals import build_active
from bot.sandbox.coder.scripts import (
    AgentStep,
    BuildStep,
    CrashBuild,
    Flicker,
    NoProvisioner,
    Queue,
    Say,
    SlowStart,
    Unhealthy,
    Work,
)

_STAGES = {"start": "Starting workspace", "stop": "Stopping workspace", "delete": "Deleting workspace"}
_LINES = {
    "start": (
        "Initializing the backend...",
        "Initializing provider plugins...",
        "Terraform has been successfully initialized!",
        "coder_agent.main: Creating...",
        "docker_volume.home_volume: Creating...",
        "docker_container.workspace[0]: Creating...",
        "Apply complete! Resources: 6 added, 0 changed, 0 destroyed.",
    ),
    "stop": (
        "docker_container.workspace[0]: Destroying...",
        "Apply complete! Resources: 0 added, 0 changed, 1 destroyed.",
    ),
    "delete": (
        "docker_volume.home_volume: Destroying...",
        "Destroy complete! Resources: 6 destroyed.",
    ),
}
_LINE_SECONDS = 0.7
_QUEUE_SECONDS = 0.8


class Provisioner:
    """Makes builds and carries them through."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def queue(
        self, workspace: Workspace, transition: Transition, reason: str, initiator: User, preset: Preset | None = None
    ) -> Build:
        """A new build of a workspace; refused (409) while one is active. It goes on by itself unless manual."""
        if workspace.builds and workspace.latest.is_active:
            raise build_active()
        task = self._deployment.task_of(workspace)
        if workspace.builds:
            preset = workspace.latest.preset
            self._leave_agent(task)
        now = self._deployment.touched(workspace)
        number = len(workspace.builds) + 1
        build = Build(number, transition, reason, initiator, workspace.version, now, preset, provisioner_seen_at=now)
        build.job.queue_position = build.job.queue_size = 1
        workspace.builds.append(build)
        if not self._deployment.clock.manual:
            steps = task.build_steps if number == 1 else []
            self._deployment.background.start(("build", workspace.id), self._carry_through(task, build, steps))
        return build

    def begin(self, build: Build) -> None:
        """A provisioner takes the job."""
        build.job.status = "running"
        build.job.started_at = self._deployment.clock.now()
        build.job.queue_position = build.job.queue_size = 0
        self._deployment.changes.touch()

    def succeed(self, task: Task, build: Build) -> None:
        """The job is done: a start brings an agent, a delete ends workspace and task."""
        if build.job.started_at is None:
            self.begin(build)
        build.job.status = "succeeded"
        build.job.completed_at = self._deployment.clock.now()
        if build.transition == "start":
            build.agent = Agent()
        if build.transition == "delete":
            task.workspace.deleted = task.deleted = True
        self._deployment.touched(task.workspace)

    def fail(self, task: Task, build: Build, lines: Sequence[str], error: str, code: str = "") -> None:
        """The job fails, with these last lines in the build log."""
        for line in lines:
            self._deployment.log(build, line, "error", _STAGES[build.transition])
        build.job.status, build.job.error, build.job.error_code = "failed", error, code
        build.job.completed_at = self._deployment.clock.now()
        build.job.queue_position = build.job.queue_size = 0
        self._deployment.touched(task.workspace)

    def cancel(self, task: Task, build: Build) -> None:
        """A waiting job is canceled at once, a running one is canceling for a moment (manual: until it is finished)."""
        self._deployment.background.end(("build", task.workspace.id))
        if build.job.status == "running":
            build.job.status = "canceling"
            if not self._deployment.clock.manual:
                self._deployment.background.start(("build", task.workspace.id), self._wind_up(task, build))
        else:
            self.canceled(task, build)
        self._deployment.touched(task.workspace)

    def canceled(self, task: Task, build: Build) -> None:
        """The job ends as canceled."""
        build.job.status, build.job.error = "canceled", "canceled"
        build.job.completed_at = self._deployment.clock.now()
        self._deployment.touched(task.workspace)

    def go_on(self, task: Task) -> None:
        """What was going on when the deployment was kept goes on: the latest build, or the agent that it brought."""
        workspace, build = task.workspace, task.workspace.latest
        if self._deployment.clock.manual or workspace.deleted:
            return
        if build.job.status == "canceling":
            self._deployment.background.start(("build", workspace.id), self._wind_up(task, build))
        elif build.is_active:
            steps = task.build_steps if build.number == 1 else []
            self._deployment.background.start(("build", workspace.id), self._carry_through(task, build, steps))
        elif build.agent is not None:
            self.run(task, go_on(self._deployment, task, lambda: self._auto_pause(task)))

    def run(self, task: Task, life: Coroutine[None, None, None]) -> None:
        """Let the agent of a task live, instead of what it did before."""
        self._deployment.background.start(("agent", task.workspace.id), life)

    def steer(self, task: Task, steps: Sequence[AgentStep]) -> None:
        """The agent leaves what it does and takes these steps first; only one that is up can."""
        if isinstance(next(iter(task.agent_steps), None), Work | Say | Flicker | Unhealthy):
            del task.agent_steps[0]
        task.agent_steps[:0] = steps
        task.prompted.clear()
        self.run(task, go_on(self._deployment, task, lambda: self._auto_pause(task), steered=True))

    async def _wind_up(self, task: Task, build: Build) -> None:
        await self._deployment.clock.sleep(1)
        self.canceled(task, build)

    async def _carry_through(self, task: Task, build: Build, steps: Sequence[BuildStep]) -> None:
        clock, factor = self._deployment.clock, next((one.factor for one in steps if isinstance(one, SlowStart)), 1.0)
        if build.job.status == "pending":
            await clock.sleep(_QUEUE_SECONDS)
            for step in steps:
                await self._wait_for_provisioner(build, step)
            self.begin(build)
        crash = next((step for step in steps if isinstance(step, CrashBuild)), None)
        lines = _LINES[build.transition]
        for line in (lines[:3] if crash else lines)[len(build.logs) :]:
            await clock.sleep(_LINE_SECONDS * factor)
            self._deployment.log(build, line, stage=_STAGES[build.transition])
        if crash:
            self.fail(task, build, crash.lines, crash.error, crash.code)
            return
        self.succeed(task, build)
        if build.transition == "start":
            self.run(task, run_agent(self._deployment, task, lambda: self._auto_pause(task), steps, factor))

    async def _wait_for_provisioner(self, build: Build, step: BuildStep) -> None:
        if isinstance(step, Queue):
            for place in range(step.ahead, 0, -1):
                build.job.queue_position, build.job.queue_size = place, step.size
                self._deployment.changes.touch()
                await self._deployment.clock.sleep(step.seconds)
        elif isinstance(step, NoProvisioner):
            build.provisioners = (1, 0)
            self._deployment.changes.touch()
            await self._deployment.clock.sleep(step.seconds)
            build.provisioners = (1, 1)

    def _auto_pause(self, task: Task) -> None:
        self.queue(task.workspace, "stop", "task_auto_pause", task.owner)

    def _leave_agent(self, task: Task) -> None:
        """What the agent did ends with its build; as it shuts down it stores a snapshot of the conversation."""
        self._deployment.background.end(("agent", task.workspace.id))
        if task.workspace.agent is not None and task.keeps_snapshot and self._deployment.release.can_pause:
            task.snapshot = (task.conversation.copy(30), self._deployment.clock.now())
        task.busy = False
        task.prompted.clear()
