"""The coding agent of a task: how it starts, what it reports and prints by its script, how a prompt reaches it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.records import Agent, AppState, Task
from bot.sandbox.coder.scripts import (
    FOLLOW_UP,
    AgentStep,
    Ask,
    AutoPause,
    BuildStep,
    Fail,
    Finish,
    Flicker,
    Say,
    Silence,
    StartFlicker,
    Unhealthy,
    Work,
    chosen,
)
from bot.sandbox.coder.status import current_report

Waiting = Ask | Finish | Fail | Silence
_PHASE_SECONDS = 1.5


def begin(deployment: Deployment, task: Task) -> None:
    """The agent gets the prompt that its task was made with, once."""
    if not task.begun:
        task.begun = True
        task.conversation.heard(task.initial_prompt.strip(), deployment.clock.now())
    deployment.changes.touch()


def deliver(deployment: Deployment, task: Task, text: str) -> None:
    """A prompt reaches the agent: it is typed, and the agent works, with what it last said still standing."""
    last = current_report(task.workspace)
    task.inputs.append(text)
    task.conversation.heard(text, deployment.clock.now())
    task.busy = True
    if not task.agent_steps:
        task.agent_steps = list((chosen(text) or FOLLOW_UP).agent)
    deployment.report(task.workspace, "working", last.message if last else "", last.uri if last else "")
    task.prompted.set()


def connect(agent: Agent) -> None:
    """The agent has reached Coder; its startup scripts run."""
    agent.connection, agent.lifecycle = "connected", "starting"
    agent.healthy, agent.reason = True, ""


def set_ready(agent: Agent) -> None:
    """The agent is up, and its app is healthy."""
    connect(agent)
    agent.lifecycle, agent.app_health = "ready", "healthy"


def set_unhealthy(agent: Agent, reason: str) -> None:
    """Agent and app are unhealthy, for a reason in Coder's words."""
    agent.app_health, agent.healthy, agent.reason = "unhealthy", False, reason


async def run_agent(
    deployment: Deployment, task: Task, auto_pause: Callable[[], None], start: Sequence[BuildStep], factor: float
) -> None:
    """The agent of a finished start build, from its connection until something ends it."""
    life = _Life(deployment, task, auto_pause)
    await life.start([step for step in start if isinstance(step, StartFlicker)], factor)
    while True:
        await life.next_step()


async def go_on(deployment: Deployment, task: Task, auto_pause: Callable[[], None], *, steered: bool = False) -> None:
    """The agent of a task that was kept, from where it was; a `steered` one takes its next step at once."""
    life = _Life(deployment, task, auto_pause)
    if not steered:
        await life.resume()
    while True:
        await life.next_step()


class _Life:
    def __init__(self, deployment: Deployment, task: Task, auto_pause: Callable[[], None]) -> None:
        self._deployment, self._task, self._auto_pause = deployment, task, auto_pause
        self._workspace = task.workspace

    @property
    def _agent(self) -> Agent:
        agent = self._workspace.agent
        if agent is None:
            raise RuntimeError("an agent's life ends when its build does")
        return agent

    async def start(self, flickers: Sequence[StartFlicker], factor: float) -> None:
        """Connect, run the startup script, bring up the app; then the first prompt, or after a resume ready for one."""
        sleep, agent, touch = self._deployment.clock.sleep, self._agent, self._deployment.changes.touch
        agent.logs.clear()
        await sleep(_PHASE_SECONDS * factor)
        connect(agent)
        self._deployment.agent_log(agent.logs, "Cloning https://github.com/acme/shop into /home/coder/shop")
        await sleep(_PHASE_SECONDS * factor)
        self._deployment.agent_log(agent.logs, "Installing Claude Code and AgentAPI")
        agent.lifecycle = "ready"
        touch()
        await sleep(_PHASE_SECONDS * factor)
        for flicker in flickers:
            agent.app_health = "unhealthy"
            touch()
            await sleep(flicker.seconds)
        set_ready(agent)
        if self._task.begun:
            await self._after_resume()
        self._task.busy = self._task.busy or not self._task.begun
        begin(self._deployment, self._task)

    async def resume(self) -> None:
        """Come up if it was not up yet; wait for a prompt if it did that; do a step that was cut short again."""
        if self._task.begun and self._task.busy:
            set_ready(self._agent)
        elif self._agent.lifecycle != "ready" or self._agent.app_health != "healthy" or not self._task.begun:
            await self.start((), 1)
        elif not isinstance(next(iter(self._task.agent_steps), None), Flicker):
            await (self._wait(None) if current_report(self._workspace) else self._after_resume())

    async def _after_resume(self) -> None:
        self._deployment.changes.touch()
        if await self._wait(_PHASE_SECONDS):
            return
        if not isinstance(next(iter(self._task.agent_steps), None), Silence):
            self._report("idle", "Ready to go on where I stopped.")
        await self._wait(None)

    async def next_step(self) -> None:
        """Do the first step that is left; a step that is cut short by a pause is done again after the resume."""
        steps = self._task.agent_steps
        if not steps:
            await self._wait(None)
            return
        step = steps[0]
        if isinstance(step, Ask | Finish | Fail | Silence):
            del steps[0]
            await self._settle(step)
            return
        await self._do(step)
        if steps and steps[0] is step:
            del steps[0]

    async def _do(self, step: AgentStep) -> None:
        clock = self._deployment.clock
        match step:
            case Work(seconds, message):
                self._report("working", message)
                await clock.sleep(seconds)
            case Say(text, seconds):
                await self._say(text, seconds)
            case Flicker(seconds):
                last = current_report(self._workspace)
                self._report("idle", last.message if last else "")
                await clock.sleep(seconds)
                self._report("working", last.message if last else "")
            case Unhealthy(seconds, reason):
                set_unhealthy(self._agent, reason)
                self._deployment.changes.touch()
                await clock.sleep(seconds)
                set_ready(self._agent)
                self._deployment.changes.touch()
            case AutoPause():
                self._auto_pause()

    async def _say(self, text: str, seconds: float) -> None:
        paragraphs = text.split("\n\n")
        for paragraph in paragraphs:
            self._task.conversation.said(paragraph, self._deployment.clock.now())
            self._deployment.changes.touch()
            await self._deployment.clock.sleep(seconds / len(paragraphs))

    async def _settle(self, step: Waiting) -> None:
        match step:
            case Ask(message):
                self._report("idle", message)
            case Finish(message, uri):
                self._report("complete", message, uri)
            case Fail(message):
                self._report("failure", message)
            case Silence():
                self._task.busy = False
                self._deployment.changes.touch()
        following = next(iter(self._task.agent_steps), None)
        if not isinstance(following, AutoPause):
            await self._wait(None)
            return
        del self._task.agent_steps[0]
        if not await self._wait(following.seconds):
            self._auto_pause()

    async def _wait(self, seconds: float | None) -> bool:
        """Wait for a prompt, at most so many scripted seconds; whether one came."""
        timeout = None if seconds is None else self._deployment.clock.real(seconds)
        try:
            async with asyncio.timeout(timeout):
                await self._task.prompted.wait()
        except TimeoutError:
            return False
        self._task.prompted.clear()
        return True

    def _report(self, state: AppState, message: str, uri: str = "") -> None:
        self._task.busy = state == "working"
        self._deployment.report(self._workspace, state, message, uri)
