"""Schedules that have found something, as the steps that it took: what they found must not come back.

A seed alone would not do, for every new move makes another schedule of it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox.faults import Fault, Kind
from tests.faults.bots import Nursery
from tests.faults.player import Player
from tests.faults.record import Wish
from tests.faults.schedule import Result, Schedule, Step, settled
from tests.faults.stage import World, stage

SQLITE = World("socket", "sqlite")
POSTGRESQL = World("http", "postgresql", 2)
FOUND = {
    # What was told before the card was posted anew went nowhere.
    "a card is deleted before anything stands in its thread": (
        SQLITE,
        (Step("begin", 1, 0.0), Step("card_deleted", 1, 0.0), Step("go_on", 6, 0.0), Step("report", 5, 0.0)),
    ),
    # The pause was shown as under way for ten minutes.
    "a pause is over before anybody has looked": (
        SQLITE,
        (
            *(Step("begin", 1, 0.0), Step("go_on", 1, 0.3), Step("machine_command", 1, 0.7)),
            *(Step("go_on", 1, 0.0), Step("resume_outside", 1, 0.0), Step("go_on", 1, 0.0)),
        ),
    ),
}
pytestmark = pytest.mark.timeout(240)


def _played(player: Player, schedule: Schedule) -> Result:
    """What became of it, in one of a few tries in which the machine did not stand still."""
    for _ in range(2):
        result = player(schedule)
        if not result.is_void:
            return result
    return player(schedule)


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_does_not_come_back(player: Player, name: str) -> None:
    """The steps that once showed a fault of the bot show none."""
    world, script = FOUND[name]
    result = _played(player, Schedule(0, world, len(script), script=script))
    assert not result.complaints, "\n".join([*result.complaints, *result.story])


def test_a_task_that_may_be_there_is_not_refused(player: Player) -> None:
    """Coder made the task, the answer was lost, and then the token is refused for a while: the task gets its card."""
    player.on(SQLITE, _a_refused_token)


async def _a_refused_token(url: str, nursery: Nursery, folder: Path) -> None:
    async with stage(SQLITE, url, nursery, folder) as made:
        await asyncio.wait_for(made.bots[0].up.wait(), 60)
        made.coder.faults.add(Fault(Kind.LOST, "POST /api/v2/tasks/*"))
        said, kind = '{"message": "Signed out."}', {"Content-Type": "application/json"}
        made.coder.faults.add(Fault(Kind.REFUSE, "GET /api/v2/tasks/*", status=401, body=said, headers=kind))
        typed = await made.command(made.scene.ana, made.scene.payments, "create -- Mend it")
        made.record.wishes.append(Wish("Mend it", typed))
        assert await settled(made) == []


@pytest.mark.parametrize("world", [SQLITE, POSTGRESQL], ids=str)
def test_a_schedule_of_faults_ends_well(player: Player, world: World) -> None:
    """One schedule of the suite; `make faults` plays as many as there is time for."""
    schedule = Schedule(11, world, 25)
    result = _played(player, schedule)
    assert not result.complaints, "\n".join([schedule.command, *result.complaints, *result.story])
