"""The oracle on Home tabs, batches, watches and words: nothing on a quiet day, and all that is then changed."""

from __future__ import annotations

import asyncio
import copy
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.coder import TaskHandle
from bot.sandbox.slack.records import Message
from tests.faults import agents, batchwork, elsewhere
from tests.faults.bots import Nursery
from tests.faults.oracle import complaints
from tests.faults.player import Player
from tests.faults.record import Watching
from tests.faults.schedule import LONGEST, settled
from tests.faults.sight import ROLL_UP
from tests.faults.speech import mention, word
from tests.faults.stage import Stage, World, stage, task_id

WORLD = World("socket", "sqlite")
CHANCE = random.Random(3)  # noqa: S311 - whatever it chooses


@pytest.mark.timeout(240)
def test_the_oracle_sees_what_is_wrong_elsewhere(player: Player) -> None:
    """What is doubled, stale, untold or missing beside a task's own card is told."""
    player.on(WORLD, _a_quiet_day)


async def _a_quiet_day(url: str, nursery: Nursery, folder: Path) -> None:
    async with stage(WORLD, url, nursery, folder) as made:
        await asyncio.wait_for(made.bots[0].up.wait(), 60)
        task = await _lived(made)
        for tamper, complaint in _TAMPERINGS:
            with tamper(made, task):
                found = complaints(made)
            assert any(complaint in one for one in found), (tamper.__name__, complaint, found)
            assert not complaints(made), tamper.__name__


async def _lived(made: Stage) -> TaskHandle:
    """A task of each origin, one of them in a channel that watches; the one that was started in Coder."""
    watching = Watching(
        made.two, await made.command(made.scene.admin, made.two, "watch --on complete"), time.time() - 2.0, on=True
    )
    made.record.watching.append(watching)
    await made.slack.until(lambda: [one for one in made.two.messages.values() if one.bot_id], LONGEST)
    await made.slack.open_home(made.scene.ana)
    while not any(one.ts and not one.hopeless for one in made.record.wishes):
        assert await mention(made, CHANCE)
    assert await batchwork.batch(made, CHANCE)
    assert await elsewhere.made_in_coder(made, CHANCE)
    wished = sum(not one.hopeless for one in made.record.wishes)
    await made.coder.until(lambda: len(made.tasks) == wished + 1, LONGEST, "a task for each wish, and one more")
    for task in made.tasks:
        await agents.bring_up(made, task, "complete")
    assert not await settled(made)
    while not made.record.words:
        await word(made, CHANCE)
    assert not await settled(made)
    return next(task for task in made.tasks if task.task.initial_prompt in made.record.elsewhere)


Tamper = Callable[[Stage, TaskHandle], Any]


@contextmanager
def _without(made: Stage, which: Callable[[Message], bool]) -> Iterator[None]:
    """Messages that nobody can see."""
    known = [(channel, dict(channel.messages)) for channel in made.channels]
    for channel, messages in known:
        for ts in [ts for ts, one in messages.items() if which(one)]:
            del channel.messages[ts]
    yield
    for channel, messages in known:
        channel.messages.clear()
        channel.messages.update(messages)


@contextmanager
def _again(made: Stage, which: Callable[[Message], bool]) -> Iterator[None]:
    """A message that stands twice."""
    found = [(channel, one) for channel in made.channels for one in channel.messages.values() if which(one)]
    channel, message = found[0]
    channel.messages["9.9"] = copy.deepcopy(message)
    yield
    del channel.messages["9.9"]


def _is_roll_up(message: Message) -> bool:
    return (message.metadata or {}).get("event_type") == ROLL_UP


def _no_roll_up(made: Stage, task: TaskHandle) -> Any:
    return _without(made, _is_roll_up)


def _two_roll_ups(made: Stage, task: TaskHandle) -> Any:
    return _again(made, _is_roll_up)


@contextmanager
def _a_stale_roll_up(made: Stage, task: TaskHandle) -> Iterator[None]:
    """The first row says what was true once."""
    message = next(one for channel in made.channels for one in channel.messages.values() if _is_roll_up(one))
    rows = message.blocks
    text = str(rows).replace("Complete", "Working", 2)
    message.blocks = eval(text)  # noqa: S307 - what str has just made
    yield
    message.blocks = rows


def _is_card(task: TaskHandle) -> Callable[[Message], bool]:
    return lambda one: (one.metadata or {}).get("event_type") == "coder_task_card" and task_id(one) == task.id


def _two_cards(made: Stage, task: TaskHandle) -> Any:
    return _again(made, _is_card(task))


def _no_card(made: Stage, task: TaskHandle) -> Any:
    return _without(made, _is_card(task))


@contextmanager
def _a_card_for_nobody(made: Stage, task: TaskHandle) -> Iterator[None]:
    known = list(made.record.watching)
    made.record.watching.clear()
    yield
    made.record.watching.extend(known)


@contextmanager
def _no_home(made: Stage, task: TaskHandle) -> Iterator[None]:
    homes = made.slack.workspace.homes
    view = homes.pop(made.scene.ana.id)
    yield
    homes[made.scene.ana.id] = view


@contextmanager
def _a_stale_home(made: Stage, task: TaskHandle) -> Iterator[None]:
    view = made.slack.workspace.homes[made.scene.ana.id]
    known = view.body
    view.body = {**known, "blocks": [one for one in known["blocks"] if one["type"] != "header"]}
    yield
    view.body = known


@contextmanager
def _an_unheard_word(made: Stage, task: TaskHandle) -> Iterator[None]:
    workspace, [said] = made.slack.workspace, made.record.words
    known, builds = workspace.ephemerals, said.builds
    workspace.ephemerals, said.builds = [one for one in known if one.thread_ts != said.root], 99
    yield
    workspace.ephemerals, said.builds = known, builds


def _an_untold_watch(made: Stage, task: TaskHandle) -> Any:
    return _without(made, lambda one: "ask news" in one.text)


_TAMPERINGS: list[tuple[Tamper, str]] = [
    (_no_roll_up, "no message of the batch"),
    (_two_roll_ups, "2 messages of the batch"),
    (_a_stale_roll_up, "the batch shows"),
    (_two_cards, "2 cards of"),
    (_no_card, "no card of"),
    (_a_card_for_nobody, "which watches nothing"),
    (_no_home, "was never published"),
    (_a_stale_home, "the Home tab of ana shows"),
    (_an_unheard_word, "nothing came of"),
    (_an_untold_watch, "nobody was told of 'watch"),
]
