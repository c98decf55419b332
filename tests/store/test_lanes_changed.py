"""What changes the items that wait: newer ones that take their place, nudges, and the end of their memory."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from bot.store import lanes
from bot.store.database import Database
from bot.store.lanes import Outcome, Settled, State
from bot.store.migrate import migrate
from bot.store.schema import lane, outbox
from tests.store.steps import DONE, YOU, claim, claim_one, expire_leases, names, new, settle, states


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with all tables."""
    opened = await Database.open(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


async def test_a_newer_item_takes_the_place_of_the_older(database: Database) -> None:
    """Of waiting items with the same lane and coalesce key only the latest is delivered, whatever stands between."""
    await database.run(lanes.enqueue, new("1", coalesce="c"), new("2"), new("3", coalesce="c"), new("4", coalesce="d"))
    await database.run(lanes.enqueue, new("5", "b", coalesce="c"), new("6", coalesce="c"))
    assert await states(database) == {
        "1": State.SUPERSEDED,
        "2": State.PENDING,
        "3": State.SUPERSEDED,
        "4": State.PENDING,
        "5": State.PENDING,
        "6": State.PENDING,
    }


async def test_a_duplicate_supersedes_nothing(database: Database) -> None:
    """A redelivered request must not undo what came after it."""
    await database.run(lanes.enqueue, new("1", coalesce="c"))
    await database.run(lanes.enqueue, new("2", coalesce="c"))
    await database.run(lanes.enqueue, new("1", coalesce="c"))
    assert await names(database) == ["2"]


async def test_an_immediate_item_frees_a_delayed_one(database: Database) -> None:
    """What takes the place of a delayed item that was never tried does not inherit its delay."""
    await database.run(lanes.enqueue, new("1", delay=30, coalesce="c"))
    assert await names(database) == []
    await database.run(lanes.enqueue, new("2", coalesce="c"))
    assert await names(database) == ["2"]


async def test_frequent_delayed_items_do_not_push_each_other_away(database: Database) -> None:
    """What takes the place of a delayed item goes at that one's time, or a busy card would never be edited."""
    await database.run(lanes.enqueue, new("1", delay=5, coalesce="c"))
    await database.run(lanes.enqueue, new("2", delay=300, coalesce="c"))
    assert await claim(database) == []
    due = await database.run(lanes.next_due)
    assert due is not None
    assert due <= 5


async def test_a_retry_after_holds_for_the_newer_item(database: Database) -> None:
    """What takes the place of an item that was told to wait waits as long."""
    await database.run(lanes.enqueue, new("1", coalesce="c"))
    await settle(database, await claim_one(database), Outcome(State.PENDING, delay=30, error="429", failed=True))
    await database.run(lanes.enqueue, new("2", coalesce="c"))
    assert await names(database) == []
    assert (await states(database))["1"] == State.SUPERSEDED


async def test_an_item_superseded_in_flight_is_not_revived(database: Database) -> None:
    """A failed attempt is not repeated when something newer waits, and the newer one waits as long as it would have."""
    await database.run(lanes.enqueue, new("1", coalesce="c"))
    held = await claim_one(database)
    await database.run(lanes.enqueue, new("2", coalesce="c"))
    assert await claim(database, YOU) == []
    after = await settle(database, held, Outcome(State.PENDING, delay=30, error="429", failed=True), go_on=True)
    assert after == Settled(recorded=True)
    assert await states(database) == {"1": State.SUPERSEDED, "2": State.PENDING}
    assert await names(database) == []


async def test_an_item_superseded_in_flight_can_succeed(database: Database) -> None:
    """What was delivered although something newer waits was delivered; the newer one follows at once."""
    await database.run(lanes.enqueue, new("1", coalesce="c"))
    held = await claim_one(database)
    await database.run(lanes.enqueue, new("2", coalesce="c"))
    following = (await settle(database, held, DONE, go_on=True)).following
    assert following is not None
    assert following.item.dedup == "2"
    assert not following.item.maybe_sent
    assert (await states(database))["1"] == State.SUPERSEDED


async def test_what_may_have_been_sent_is_looked_for_by_the_newer_item(database: Database) -> None:
    """Whether the older one waited for its second try, or was in flight, when its place was taken."""
    unclear = Outcome(State.PENDING, error="no answer", failed=True, ambiguous=True)
    await database.run(lanes.enqueue, new("1", coalesce="c"))
    await settle(database, await claim_one(database), unclear)
    await database.run(lanes.enqueue, new("2", coalesce="c"))
    held = await claim_one(database)
    assert held.item.maybe_sent
    await settle(database, held, DONE)

    await database.run(lanes.enqueue, new("3", coalesce="c"))
    held = await claim_one(database)
    assert not held.item.maybe_sent
    await database.run(lanes.enqueue, new("4", coalesce="c"))
    await database.run(lanes.enqueue, new("5", coalesce="c"))
    await settle(database, held, unclear)
    assert (await claim_one(database)).item.maybe_sent


async def test_what_was_in_flight_when_its_holder_died_is_looked_for_by_the_newer_item(database: Database) -> None:
    """It will never report what has become of it."""
    await database.run(lanes.enqueue, new("1", coalesce="c"))
    await claim_one(database)
    await database.run(lanes.enqueue, new("2", coalesce="c"))
    await expire_leases(database)
    held = await claim_one(database, YOU)
    assert held.item.dedup == "2"
    assert held.item.maybe_sent


async def test_a_nudge_makes_a_waiting_head_due(database: Database) -> None:
    """What waits goes at once, once; the items behind it keep their place."""
    await database.run(lanes.enqueue, new("1"), new("2"))
    await settle(database, await claim_one(database), Outcome(State.PENDING, delay=300, error="busy", hurry=True))
    assert await claim(database) == []
    await database.run(lanes.nudge, "a")
    again = await claim_one(database)
    assert again.item.dedup == "1"
    await settle(database, again, Outcome(State.PENDING, delay=300, error="busy", hurry=True))
    assert await claim(database) == []


@pytest.mark.parametrize("times", [1, 2])
async def test_a_nudge_in_flight_is_not_lost(database: Database, times: int) -> None:
    """What was nudged while it was being delivered, and then is told to wait, goes again at once, once."""
    busy = Outcome(State.PENDING, delay=300, error="busy", hurry=True)
    await database.run(lanes.enqueue, new("1"))
    held = await claim_one(database)
    for _ in range(times):
        await database.run(lanes.nudge, "a")
    assert await claim(database, YOU) == []
    following = (await settle(database, held, busy, go_on=True)).following
    assert following is not None
    assert not following.item.maybe_sent
    assert (await settle(database, following, busy, go_on=True)).following is None
    assert await claim(database) == []


async def test_a_nudge_does_not_shorten_a_retry_after(database: Database) -> None:
    """What the other side asked for holds, although something changed during the attempt."""
    await database.run(lanes.enqueue, new("1"))
    held = await claim_one(database)
    await database.run(lanes.nudge, "a")
    await settle(database, held, Outcome(State.PENDING, delay=300, error="429", failed=True))
    assert await claim(database) == []


async def test_a_nudge_before_a_crash_is_spent(database: Database) -> None:
    """The attempt after a crash is the one that was asked for; it may be told to wait."""
    await database.run(lanes.enqueue, new("1"))
    await claim_one(database)
    await database.run(lanes.nudge, "a")
    await expire_leases(database)
    again = await claim_one(database, YOU)
    await settle(database, again, Outcome(State.PENDING, delay=300, error="busy", hurry=True), YOU)
    assert await claim(database) == []


async def test_a_nudge_of_nothing_is_nothing(database: Database) -> None:
    """An unknown lane, an empty one and one whose head is due anyway are left alone, and nobody is woken."""
    await database.run(lanes.enqueue, new("1"))
    calls: list[str] = []
    database.on_enqueue(lambda: calls.append("wake"))
    await database.run(lanes.nudge, "unknown")
    await database.run(lanes.nudge, "a")
    await settle(database, await claim_one(database), DONE)
    await database.run(lanes.nudge, "a")
    assert calls == []
    assert await database.run(lanes.next_due) is None


async def test_a_nudge_wakes(database: Database) -> None:
    """A nudge that made something due wakes the outbox as a new item does."""
    await database.run(lanes.enqueue, new("1", delay=300))
    calls: list[str] = []
    database.on_enqueue(lambda: calls.append("wake"))
    await database.run(lanes.nudge, "a")
    assert calls == ["wake"]


async def test_prune_forgets_what_is_long_finished(database: Database) -> None:
    """Only finished items and idle lanes go, in portions; their dedup keys are free again."""
    await database.run(lanes.enqueue, *(new(str(n), str(n)) for n in range(3)), new("waiting", "w", delay=300))
    for claimed in await claim(database):
        await settle(database, claimed, DONE)
    assert await database.run(lanes.prune, 60) == 0
    await database.run(lambda c: c.execute(sa.update(outbox).values(finished_at=outbox.c.finished_at - 61_000)))
    await database.run(lambda c: c.execute(sa.update(lane).values(lease_until=lane.c.lease_until - 61_000)))
    assert await database.run(lanes.prune, 60, 2) == 2
    assert await database.run(lanes.prune, 60, 2) == 1
    assert await states(database) == {"waiting": State.PENDING}
    assert await database.run(lambda c: c.execute(sa.select(lane.c.key)).scalars().all()) == ["w"]
    assert await database.run(lanes.enqueue, new("0", "0")) == 1
