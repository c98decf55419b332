"""Channels that watch, tick by tick: what the poller takes in, what it leaves alone, and what that costs."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot import policy, poller, tasks, watches
from bot.commands import Create
from bot.models import CreateRequest, Origin, Person, Snapshot, Status, Watch
from bot.store import Connection
from bot.store.person_rows import save_person
from bot.store.schema import card, task
from tests import test_poller
from tests.test_poller import LIST, Stage

stage = test_poller.stage

ADA = Person(slack_user="U1", slack_name="ada", coder_id="ada", username="ada", name="Ada", site_owner=True)


async def watched(stage: Stage, *events: str, template: str = "") -> None:
    """A site owner's watch of everybody's tasks in #general."""
    new = watches.new_watch(ADA, "C1", ("", ""), template, events)
    await stage.database.run(watches.watch, new, "k")


def _count(connection: Connection) -> tuple[int, int]:
    """How many tasks and how many cards are known."""
    counts = [connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in (task, card)]
    return counts[0], counts[1]


async def test_many_old_tasks_are_taken_in_bit_by_bit_without_cards(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick takes in so many and no more, asks Coder once, and shows nothing of what was there before."""
    monkeypatch.setattr(poller, "MOST_TAKEN_IN", 3)
    made = [await stage.make(f"old-{number}") for number in range(7)]
    for one in made:
        await one.ready("complete", "Done before")
    await watched(stage, "complete", "created")
    for known in (3, 6, 7, 7):
        before = len(stage.coder.calls)
        await stage.poller.tick()
        assert stage.asked(before) == [LIST]
        assert await stage.database.run(_count) == (known, 0)

    made[0].report("complete", "Done again")
    await stage.poller.tick()
    assert await stage.database.run(_count) == (7, 1)
    assert ("post_card", "") in await stage.written()


async def test_nothing_is_taken_in_without_a_watch(stage: Stage) -> None:
    """Tasks that nobody watches stay unknown."""
    await (await stage.make()).ready("complete", "Done")
    await stage.poller.tick()
    assert await stage.database.run(_count) == (0, 0)
    await watched(stage, "complete", template="Another one")
    await stage.poller.tick()
    assert await stage.database.run(_count) == (0, 0)


async def test_a_task_on_its_way_from_slack_is_no_news(stage: Stage) -> None:
    """Coder has a task that was asked for here before we know it: it is not taken for somebody else's."""
    await watched(stage, "created", "complete")
    origin = Origin(key="k1", user="U1", user_name="Ana", channel="C1")
    request = CreateRequest(prompt="Tidy", name="tidy")
    await stage.database.run(tasks.create, Create(request=request), origin)
    made = await stage.make("tidy")
    await stage.poller.tick()
    assert await stage.database.run(_count) == (1, 0)

    known = await stage.database.run(tasks.of_request, "k1")
    assert known is not None
    await stage.database.run(tasks.accepted, known.id, await stage.poller.backend.snapshot(made.id), "U1")
    await made.ready("complete", "Done")
    await stage.poller.tick()
    assert await stage.database.run(_count) == (1, 1)


@pytest.mark.parametrize(
    ("sees_all", "owner", "template", "fits"),
    [
        (True, "", "", True),
        (True, "bo", "", True),
        (True, "ana", "", False),
        (True, "", "Claude Code", True),
        (True, "", "Other", False),
        (False, "", "", False),
        (False, "bo", "", False),
    ],
)
def test_what_a_watch_is_for(*, sees_all: bool, owner: str, template: str, fits: bool) -> None:
    """Bo's task fits a watch for it, of somebody who may see it."""
    snapshot = Snapshot(
        id="t",
        name="t",
        title="T",
        url="",
        owner_id="bo",
        owner_name="bo",
        template="Claude Code",
        status=Status.ACTIVE,
        created_at=0.0,
    )
    watch = Watch(
        channel="C1",
        owner_id=owner,
        template=template,
        set_by="U1",
        set_by_name="Ana",
        set_by_coder="ana",
        sees_all=sees_all,
    )
    assert policy.fits(watch, snapshot) is fits


async def test_who_is_no_site_owner_any_more_shows_only_their_own(stage: Stage) -> None:
    """A watch of everybody's tasks ends to be one when the person is seen to have lost the role."""
    await watched(stage, "created")
    await stage.database.run(save_person, ADA)
    assert [one.sees_all for one in await stage.database.run(watches.of_channel, "C1")] == [True]
    await stage.database.run(save_person, ADA.model_copy(update={"site_owner": False}))
    await stage.make()
    await stage.poller.tick()
    assert await stage.database.run(_count) == (0, 0)
    assert [one.sees_all for one in await stage.database.run(watches.of_channel, "C1")] == [False]
