"""A bot's wall clock is set while it works: nothing is done twice, and nothing waits for the old time to come again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import User, View
from tests.e2e.scene import words
from tests.faults import agents, people
from tests.faults.bots import Nursery
from tests.faults.player import Player
from tests.faults.record import Typed, Wish
from tests.faults.schedule import settled
from tests.faults.stage import Stage, World, stage

SQLITE = World("socket", "sqlite")
_SOON = "SELECT 1 FROM lane WHERE owner IS NOT NULL OR ready_at < {} LIMIT 1"
pytestmark = pytest.mark.timeout(240)


@asynccontextmanager
async def _running(url: str, nursery: Nursery, folder: Path, world: World = SQLITE) -> AsyncIterator[Stage]:
    """A stage whose bot is up."""
    async with stage(world, url, nursery, folder) as made:
        await asyncio.wait_for(made.bots[0].up.wait(), 60)
        yield made


async def _wished(made: Stage, prompt: str) -> Typed:
    typed = await made.command(made.scene.ana, made.scene.payments, f"create -- {prompt}")
    made.record.wishes.append(Wish(prompt, typed))
    return typed


async def _nothing_waits(made: Stage) -> None:
    """Wait until no lane is held, and none has anything to deliver soon."""
    async with asyncio.timeout(20):
        while made.ledgers.ask(_SOON.format(int((time.time() + 5) * 1000))):  # noqa: ASYNC110 - only a look tells
            await asyncio.sleep(0.02)


def test_polls_go_on_when_the_clock_is_set_back(player: Player) -> None:
    """An hour back: what happens in Coder is told at once all the same."""
    player.on(SQLITE, _an_hour_back)


async def _an_hour_back(url: str, nursery: Nursery, folder: Path) -> None:
    async with _running(url, nursery, folder) as made:
        await _wished(made, "Mend it")
        [task] = await made.slack.until(made.known_tasks, 20, "a card")
        await _nothing_waits(made)  # for its time, which would come an hour later: the limit that the README names
        made.bots[0].control.set_wall(-3600.0)
        await agents.bring_up(made, task, "complete")
        card = made.card_of(task.id)
        assert card is not None
        await made.slack.until(lambda: "Complete" in words(card), 10, "the end on the card")
        await people.write(made, task, made.scene.ana, "")
        assert await settled(made) == []


def test_a_clock_set_forward_makes_no_second_delivery(player: Player) -> None:
    """Coder answers slowly, and the clock goes beyond the lease meanwhile: the task is made once."""
    player.on(SQLITE, _an_hour_forward)


async def _an_hour_forward(url: str, nursery: Nursery, folder: Path) -> None:
    async with _running(url, nursery, folder) as made:
        made.coder.faults.add(Fault(Kind.SLOW, "POST /api/v2/tasks/*", seconds=1.0))
        await _wished(made, "Mend it")
        await made.coder.until(lambda: any(one.method == "POST" for one in made.coder.calls), 20)
        made.bots[0].control.set_wall(3600.0)
        assert await settled(made) == []
        asked = [one for one in made.coder.calls if one.method == "POST"]
        assert len(asked) == 1
        assert not [line for line in made.bots[0].lines if "delivery_lost" in line]


def test_replies_below_a_mention_are_heard_when_slack_is_behind(player: Player) -> None:
    """The database's clock is two minutes ahead of Slack's: a reply is still later than the message it follows."""
    player.on(SQLITE, _slack_is_behind)


async def _slack_is_behind(url: str, nursery: Nursery, folder: Path) -> None:
    async with _running(url, nursery, folder) as made:
        made.bots[0].control.set_wall(120.0)
        ana, payments = made.scene.ana, made.scene.payments
        text = f"<@{made.slack.bot_user.id}> Repair it"
        ts = await made.slack.post(ana, payments, text)
        made.record.wishes.append(Wish("Repair it", Typed("", ana, payments, 0.0), ts=ts))
        [task] = await made.slack.until(made.known_tasks, 20, "a card")
        await agents.bring_up(made, task, "idle")
        await people.write(made, task, ana, "")
        await made.coder.until(lambda: task.inputs, 10, "the reply")
        assert await settled(made) == []


def test_replies_below_a_card_in_another_thread_are_heard_when_slack_is_behind(player: Player) -> None:
    """The task comes from a form that was opened on a colleague's message; it is later than that, and so is a reply."""
    player.on(SQLITE, _slack_is_behind_a_form)


async def _slack_is_behind_a_form(url: str, nursery: Nursery, folder: Path) -> None:
    async with _running(url, nursery, folder) as made:
        made.bots[0].control.set_wall(120.0)
        ana, payments = made.scene.ana, made.scene.payments
        ts = await made.slack.post(made.scene.bo, payments, "The login page is broken")
        await made.slack.shortcut(ana, "create_task", made.slack.message(payments, ts))
        form = await made.slack.until(lambda: _filled(made, ana), 20, "the form")
        assert form is not None
        await made.slack.submit(ana, form, {"prompt.1": "Repair it"})
        [task] = await made.slack.until(made.known_tasks, 20, "a card")
        await agents.bring_up(made, task, "idle")
        await people.write(made, task, ana, "")
        await made.coder.until(lambda: task.inputs, 10, "the reply")


def _filled(made: Stage, user: User) -> View | None:
    return next((one for one in made.slack.views(user) if one.blocks[0]["block_id"] != "loading"), None)


def test_what_was_posted_is_found_by_a_clock_that_is_ahead(player: Player) -> None:
    """Slack's answers are lost while our clock is minutes ahead: card and prompt stand once all the same."""
    player.on(SQLITE, _posted_once)


async def _posted_once(url: str, nursery: Nursery, folder: Path) -> None:
    async with _running(url, nursery, folder) as made:
        made.bots[0].control.set_wall(240.0)
        made.slack.faults.add(Fault(Kind.LOST, "chat.postMessage", 2))
        await _wished(made, "Repair it")
        await made.slack.until(made.known_tasks, 20, "a card")
        assert await settled(made) == []


def test_a_prompt_is_found_although_coder_is_behind(player: Player) -> None:
    """Coder's answer is lost, and its clock minutes behind: the agent has heard the prompt, and hears it once."""
    player.on(SQLITE, _heard_once)


async def _heard_once(url: str, nursery: Nursery, folder: Path) -> None:
    async with _running(url, nursery, folder, World("socket", "sqlite", skew=-240.0)) as made:
        await _wished(made, "Repair it")
        [task] = await made.slack.until(made.known_tasks, 20, "a card")
        await agents.bring_up(made, task, "idle")
        made.coder.faults.add(Fault(Kind.LOST, "POST /api/v2/tasks/*/send", 1))
        await people.write(made, task, made.scene.ana, "")
        assert await settled(made) == []
        assert len(task.inputs) == 1
