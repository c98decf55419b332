"""A schedule: a sequence of moves that follows from its seed, played on a stage, and judged when all is quiet."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.sandbox.coder import TaskHandle
from tests.faults import (
    agents,
    batchwork,
    breakdowns,
    clocks,
    crowds,
    elsewhere,
    formwork,
    mishaps,
    people,
    speech,
)
from tests.faults.bots import Nursery
from tests.faults.clockwork import SLACK_SECONDS
from tests.faults.moves import MOVES
from tests.faults.oracle import complaints, nothing_is_left
from tests.faults.stage import Stage, World, stage
from tests.faults.stillness import Stillness

__all__ = ["Result", "Schedule", "Step", "plan", "play", "settled", "world_of"]

PATIENCE = 8.0  # seconds without any progress; the longest wait of the hurried bot is two
LONGEST = 60.0  # seconds in which everything must come to rest
_HANGS = 900.0
_TABLES = (
    agents,
    batchwork,
    breakdowns,
    clocks,
    crowds,
    elsewhere,
    formwork,
    mishaps,
    people,
    speech,
)  # their import fills MOVES
_FAULTS = 0.3  # of all steps


@dataclass(frozen=True)
class Step:
    """One move, with the seed of its choices and how long to wait after it."""

    name: str
    seed: int
    wait: float


@dataclass(frozen=True)
class Schedule:
    """What is played: `kept` are the numbers of the steps that are, all when None; `script` stands for the plan.

    `only` are the names of the faults that may happen, all when there are none.
    """

    seed: int
    world: World
    steps: int
    kept: tuple[int, ...] | None = None
    script: tuple[Step, ...] = ()
    only: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command that plays it again."""
        world = self.world
        text = f"python -m tests.faults --seed {self.seed} --world {world} --replicas {world.replicas}"
        text += f" --steps {self.steps}{' --only ' + ','.join(self.only) if self.only else ''}"
        return text if self.kept is None else f"{text} --keep {','.join(map(str, self.kept))}"


@dataclass
class Result:
    """What became of a schedule."""

    schedule: Schedule
    complaints: list[str]
    story: list[str] = field(default_factory=list)
    logs: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    stood_still: float = 0.0  # the longest time for which the machine let nothing happen here

    @property
    def is_void(self) -> bool:
        """Whether what is wrong may be the machine's doing: Slack stood still for longer than bots wait for it.

        Then a bot gives a call up, looks for what became of it and does it again, all before Slack has read the first.
        """
        return bool(self.complaints) and self.stood_still > SLACK_SECONDS / 2


def world_of(seed: int, transport: str = "", database: str = "", replicas: int = 0) -> World:
    """The world of a seed, where nothing else is said."""
    chance = random.Random(f"world {seed}")  # noqa: S311 - nothing here is secret
    transport_, database_ = chance.choice(("socket", "http")), chance.choice(("sqlite", "postgresql"))
    transport, database = transport or transport_, database or database_
    several = chance.choices((1, 2, 3, 4), (40, 35, 15, 10))[0]
    skew = chance.choice((0.0, 0.0, 0.0, -240.0, -3.0, 3.0, 240.0))
    return World(transport, database, 1 if database == "sqlite" else replicas or several, skew)


def plan(seed: int, world: World, steps: int, only: Sequence[str] = ()) -> list[Step]:
    """The steps of a seed: first two tasks, then everything, a share of it faults."""
    chance = random.Random(f"plan {seed}")  # noqa: S311
    fitting = [move for move in MOVES.values() if move.fits(world)]
    faults = [move for move in fitting if move.kind == "fault" and (not only or move.name in only)]
    others = [move for move in fitting if move.kind not in {"fault", "opening"}]
    opening = ("begin", "begin", "go_on", "go_on", "report", "reply")
    made = [Step(name, chance.randrange(1 << 30), chance.choice((0.02, 0.1))) for name in opening]
    while len(made) < steps:
        among = faults if chance.random() < _FAULTS else others
        move = chance.choices(among, [one.weight for one in among])[0]
        wait = chance.choice((0.0, 0.0, 0.02, 0.05, 0.1, 0.2))
        made.append(Step(move.name, chance.randrange(1 << 30), wait))
    return made


async def play(schedule: Schedule, database_url: str, nursery: Nursery, folder: Path) -> Result:
    """Play a schedule in a database of its own, and judge it."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(_HANGS):
            return await _played(schedule, database_url, nursery, folder)
    except TimeoutError:
        return Result(schedule, [f"the suite itself hung: {_HANGS} s"], seconds=time.monotonic() - began)


async def _played(schedule: Schedule, database_url: str, nursery: Nursery, folder: Path) -> Result:
    began = time.monotonic()
    stillness = Stillness()
    steps = schedule.script or plan(schedule.seed, schedule.world, schedule.steps, schedule.only)
    kept = range(len(steps)) if schedule.kept is None else schedule.kept
    async with stage(schedule.world, database_url, nursery, folder) as made, stillness.watched():
        for bot in made.bots:
            await asyncio.wait_for(bot.up.wait(), 60)
        for number in kept:
            await _step(made, number, steps[number])
        made.record.tell("-- the faults end --")
        await made.calm()
        found = await settled(made)
        record = made.record
        made.record.tell(f"-- judged: {len(found)} complaints --")
        counts = {"tasks": len(made.tasks), "lines": len(record.lines), "commands": len(record.typed)}
        counts |= {"maybe": sum("Not certain" in text for text in _texts(made))}
        counts |= {"restarts": sum(bot.starts for bot in made.bots) - len(made.bots)}
        logs = {bot.name: list(bot.lines) for bot in made.bots}
    return Result(schedule, found, record.story, logs, time.monotonic() - began, counts, stillness.longest)


def _texts(made: Stage) -> list[str]:
    return [str(one.blocks) for channel in made.channels for one in channel.messages.values() if one.bot_id]


async def _step(made: Stage, number: int, step: Step) -> None:
    try:
        done = await MOVES[step.name].act(made, random.Random(step.seed))  # noqa: S311
    except (LookupError, ValueError, AssertionError) as error:
        done = f"not possible: {error!r}"[:200]
    if done:
        made.record.tell(f"{number:4} {step.name}: {done}")
        await asyncio.sleep(step.wait)


async def settled(made: Stage) -> list[str]:
    """Wait until all is well and stays so; what is wrong when nothing moves any more, or patience ends."""
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # a machine with much else to do needs longer
    last = time.monotonic() + LONGEST * busy
    moved, seen = time.monotonic(), ""
    while True:
        _help_on(made)
        at = time.monotonic()
        is_over = at - moved > PATIENCE * busy or at > last
        found = [] if is_over or _is_quiet(made) else ["deliveries of Slack go on"]
        # What is still to be done says enough as long as there is hope.
        found = found or (not is_over and list(nothing_is_left(made))) or complaints(made)
        if not found:
            await _three_polls(made)
            if _is_quiet(made) and not (found := complaints(made)):
                return []
        if is_over:
            return found
        if (sight := _sight(made)) != seen:
            moved, seen = at, sight
        await asyncio.sleep(0.15)


def _sight(made: Stage) -> str:
    """What changes as long as there is progress."""
    messages = sum(len(channel.messages) for channel in made.slack.workspace.channels.values())
    heard = sum(len(task.inputs) + len(task.workspace.builds) for task in made.tasks)
    left = made.ledgers.ask("SELECT count(*) FROM outbox WHERE state = 0 AND kind <> 'edit_card'")
    return f"{messages} {heard} {left} {[str(bot.pid) for bot in made.bots]}"


def _is_quiet(made: Stage) -> bool:
    return all(delivery.done for delivery in made.slack.deliveries if delivery.kind == "events_api")


async def _three_polls(made: Stage) -> None:
    known = len(made.scene.polls())
    await made.coder.until(lambda: len(made.scene.polls()) >= known + 3, timeout=10)


def _help_on(made: Stage) -> None:
    """Let the world do its part: builds end, agents that have been given a prompt become ready for the next."""
    waiting = {row[0] for row in made.ledgers.ask("SELECT lane FROM outbox WHERE state = 0 AND kind = 'send_prompt'")}
    ours = {row[1]: row[0] for row in made.ledgers.ask("SELECT id, coder_id FROM task")}
    for task in made.tasks:
        if task.build.is_active:
            made.record.tell(f"         the {task.build.transition} build of {task.name} is done")
            task.finish_build()
        if task.deleted:
            continue
        if task.status == "initializing":
            _come_up(made, task)
        elif task.status == "active" and f"prompt:{ours.get(task.id)}" in waiting and task.task.busy:
            made.record.tell(f"         the agent of {task.name} is ready: {agents.say(made, task, 'idle')}")


def _come_up(made: Stage, task: TaskHandle) -> None:
    task.set_status("active")
    made.record.tell(f"         the agent of {task.name} is up: {agents.say(made, task, 'idle')}")


def without(schedule: Schedule, dropped: Sequence[int]) -> Schedule:
    """The schedule with some of its steps left out."""
    kept = schedule.kept if schedule.kept is not None else tuple(range(schedule.steps))
    left = tuple(number for number in kept if number not in set(dropped))
    return replace(schedule, kept=left)
