"""What happens in Coder: builds go on or fail, agents report, flicker and fall silent, others pause and delete."""

from __future__ import annotations

import asyncio
import random

from bot.sandbox.coder import TaskHandle
from tests.faults.moves import move
from tests.faults.people import a_task
from tests.faults.record import Said
from tests.faults.stage import Stage

_STATES = ("working", "idle", "complete", "failure")


def _some(stage: Stage, chance: random.Random, *statuses: str, building: bool | None = None) -> TaskHandle | None:
    found = [
        task
        for task in stage.tasks
        if not task.deleted
        and (not statuses or task.status in statuses)
        and (building is None or task.build.is_active is building)
    ]
    return chance.choice(found) if found else None


@move("agents", 14)
async def go_on(stage: Stage, chance: random.Random) -> str:
    """The build of a task ends well; if it was a start, the agent is up and reports."""
    task = _some(stage, chance, building=True)
    if task is None:
        return ""
    if task.build.transition == "start":
        await bring_up(stage, task, chance.choice(("working", "working", "idle", None)))
    else:
        task.finish_build()
    return f"the {task.build.transition} build of {task.name} is done: {task.status}"


async def bring_up(stage: Stage, task: TaskHandle, state: str | None) -> None:
    """The start build is done, and the agent is up."""
    await task.ready(None)
    if state is not None:
        say(stage, task, state)


def say(stage: Stage, task: TaskHandle, state: str) -> str:
    """The agent reports a state in words of its own."""
    text = f"{state} at {stage.number()}"
    stage.record.said.append(Said(text, task.id, state))
    task.report(state, text)  # type: ignore[arg-type]
    return text


@move("agents", 14)
async def report(stage: Stage, chance: random.Random) -> str:
    """An agent reports what it does, asks, is done, or gives up."""
    task = _some(stage, chance, "active")
    if task is None:
        return ""
    return f"the agent of {task.name}: {say(stage, task, chance.choices(_STATES, (3, 5, 4, 1))[0])}"


@move("agents", 3)
async def flicker(stage: Stage, chance: random.Random) -> str:
    """An agent is idle for moments between its steps."""
    task = _some(stage, chance, "active")
    if task is None or task.state is None or task.state.state != "working":
        return ""
    last = task.state.message

    async def work() -> None:
        for _ in range(3):
            if task.status == "active":
                task.report("idle", last)
            await asyncio.sleep(0.03)
            if task.status == "active":
                task.report("working", last)
            await asyncio.sleep(0.03)

    stage.spawn(work())
    return f"the agent of {task.name} flickers"


@move("agents", 2)
async def talk(stage: Stage, chance: random.Random) -> str:
    """An agent writes something into its terminal."""
    task = _some(stage, chance, "active")
    if task is None:
        return ""
    task.say(f"Here is what I found about {stage.number()}.")
    return f"the agent of {task.name} writes"


@move("agents", 2)
async def crash_build(stage: Stage, chance: random.Random) -> str:
    """A build fails."""
    task = _some(stage, chance, building=True)
    if task is None:
        return ""
    task.fail_build(["Error: no capacity"])
    return f"the {task.build.transition} build of {task.name} fails"


@move("agents", 2)
async def pause_outside(stage: Stage, chance: random.Random) -> str:
    """Coder pauses a task by itself, after inactivity."""
    task = _some(stage, chance, "active")
    if task is None:
        return ""
    task.pause_outside(done=chance.random() < 0.5)
    return f"Coder pauses {task.name}"


@move("agents", 1)
async def resume_outside(stage: Stage, chance: random.Random) -> str:
    """Somebody resumes a task in Coder."""
    task = _some(stage, chance, "paused", "error", building=False)
    if task is None:
        return ""
    task.resume_outside()
    return f"somebody resumes {task.name} in Coder"


@move("agents", 1)
async def delete_outside(stage: Stage, chance: random.Random) -> str:
    """Somebody deletes a task in Coder."""
    task = a_task(stage, chance)  # one that the bot knows: an unknown one would be made again
    if task is None:
        return ""
    task.delete()
    return f"somebody deletes {task.name} in Coder"


@move("agents", 0.7)
async def vanish(stage: Stage, chance: random.Random) -> str:
    """A task is gone without a trace."""
    task = a_task(stage, chance)  # one that the bot knows: an unknown one would be made again
    if task is None:
        return ""
    task.vanish()
    return f"{task.name} vanishes"


@move("agents", 1.5)
async def unhealthy(stage: Stage, chance: random.Random) -> str:
    """An agent's app is unhealthy for a moment."""
    task = _some(stage, chance, "active")
    if task is None:
        return ""
    build = task.build
    task.set_health("unhealthy", "agent has lost connection")

    def well() -> None:
        if task.build is build and not task.deleted and build.agent is not None:
            task.set_health("healthy")

    stage.after(chance.uniform(0.1, 0.6), well)
    return f"the agent of {task.name} is unhealthy for a moment"


@move("agents", 2)
async def reject(stage: Stage, chance: random.Random) -> str:
    """The next prompt of an agent is rejected, although it may have been typed."""
    task = _some(stage, chance, "active")
    if task is None:
        return ""
    typed = chance.random() < 0.6
    task.refuse_send(typed=typed)
    return f"the agent of {task.name} will reject the next prompt, typed: {typed}"
