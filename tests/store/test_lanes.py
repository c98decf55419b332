"""The steps of the outbox in the database: what one transaction leaves for the next."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from bot.store import lanes
from bot.store.clock import now_ms
from bot.store.database import Database
from bot.store.lanes import Claim, Counts, NewItem, Outcome, Settled, State
from bot.store.migrate import migrate
from bot.store.schema import lane, outbox
from tests.store.steps import DONE, ME, YOU, claim, claim_one, expire_leases, lane_times, names, new, settle, states


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with all tables."""
    opened = await Database.open(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


async def test_a_dedup_key_is_taken_once(database: Database) -> None:
    """The same item enqueued again, in one transaction or another, is one item; also after it was delivered."""
    assert await database.run(lanes.enqueue, new("1"), new("1"), new("2")) == 2
    assert await database.run(lanes.enqueue, new("1")) == 0
    first = await claim_one(database)
    await settle(database, first, DONE)
    assert await database.run(lanes.enqueue, new("1")) == 0
    assert await names(database) == ["2"]


async def test_nothing_is_enqueued_with_nothing(database: Database) -> None:
    """No items is no work."""
    assert await database.run(lanes.enqueue) == 0
    assert await database.run(lanes.next_due) is None


async def test_an_item_carries_what_was_given(database: Database) -> None:
    """What comes out is what went in, whatever characters it is made of."""
    payload = {"text": "Grüße 🎉 \x00 \"'", "list": [1, None, {"a": True}]}
    await database.run(lanes.enqueue, NewItem(lane="lane:ü", kind="k", payload=payload, dedup="d:1"))
    item = (await claim_one(database)).item
    assert (item.lane, item.kind, item.payload, item.dedup) == ("lane:ü", "k", payload, "d:1")
    assert (item.failures, item.maybe_sent) == (0, False)
    now = await database.run(lambda c: c.execute(sa.select(now_ms())).scalar_one())
    assert 0 <= now - item.created_at_ms < 5000
    assert 0 <= item.waited <= item.age < 5


async def test_a_lane_has_one_holder_and_goes_in_order(database: Database) -> None:
    """While a lane is leased nobody else gets any of it, and its items come one after the other."""
    await database.run(lanes.enqueue, new("1"), new("2"), new("3"))
    first = await claim_one(database)
    assert await claim(database, YOU) == []
    second = (await settle(database, first, DONE, go_on=True)).following
    assert second is not None
    assert (first.item.dedup, second.item.dedup, second.epoch) == ("1", "2", first.epoch)
    assert await settle(database, second, DONE, go_on=False) == Settled(recorded=True)
    third = await claim_one(database, YOU)
    assert (third.item.dedup, third.epoch) == ("3", first.epoch + 1)
    assert (await settle(database, third, DONE, YOU, go_on=True)).following is None
    assert await database.run(lanes.next_due) is None


async def test_the_longest_ready_lane_comes_first(database: Database) -> None:
    """With more ready lanes than slots, those that became ready first are served first; who was served goes behind."""
    for number in "21345":
        await database.run(lanes.enqueue, new(f"{number}a", number), new(f"{number}b", number))
    await database.run(lambda c: c.execute(sa.update(lane).values(ready_at=sa.cast(lane.c.key, sa.BigInteger))))
    order = []
    for _ in range(5):
        (claimed,) = await claim(database, limit=1)
        order.append(claimed.item.dedup)
        await settle(database, claimed, DONE, go_on=False)
    assert order == ["1a", "2a", "3a", "4a", "5a"]


async def test_a_delayed_item_waits(database: Database) -> None:
    """Nothing goes before its time, also on an empty lane, and it is known when to look again."""
    await database.run(lanes.enqueue, new("1", delay=20))
    assert await claim(database) == []
    due = await database.run(lanes.next_due)
    assert due is not None
    assert 15 < due <= 20


async def test_a_waiting_head_holds_its_lane_only(database: Database) -> None:
    """After a Retry-After the lane waits, in order, and other lanes go on."""
    await database.run(lanes.enqueue, new("a1"), new("a2"), new("b1", "b"), new("b2", "b"))
    for claimed in await claim(database):
        waits = Outcome(State.PENDING, delay=30, error="429", failed=True)
        await settle(database, claimed, waits if claimed.item.lane == "a" else DONE)
    await database.run(lanes.enqueue, new("a3"))
    assert await names(database) == ["b2"]


async def test_a_crash_is_remembered(database: Database) -> None:
    """An attempt without outcome makes the item maybe_sent until it is finished, and counts as a failure."""
    await database.run(lanes.enqueue, new("1"))
    assert not (await claim_one(database)).item.maybe_sent
    await expire_leases(database)
    again = await claim_one(database, YOU)
    assert (again.item.maybe_sent, again.item.failures) == (True, 1)
    await settle(database, again, Outcome(State.PENDING, error="busy"), YOU)
    third = await claim_one(database)
    assert (third.item.maybe_sent, third.item.failures) == (True, 1)


@pytest.mark.parametrize(
    ("outcome", "failures", "maybe_sent"),
    [
        (Outcome(State.PENDING, error="later"), 0, False),
        (Outcome(State.PENDING, error="no", failed=True), 1, False),
        (Outcome(State.PENDING, error="?", failed=True, ambiguous=True), 1, True),
    ],
    ids=["later", "clear failure", "ambiguous failure"],
)
async def test_an_outcome_is_counted(database: Database, outcome: Outcome, failures: int, *, maybe_sent: bool) -> None:
    """Later is no failure; a clear failure cannot have sent; an ambiguous one may have."""
    await database.run(lanes.enqueue, new("1"))
    await settle(database, await claim_one(database), outcome)
    item = (await claim_one(database)).item
    assert (item.failures, item.maybe_sent) == (failures, maybe_sent)


async def test_who_lost_the_lane_changes_nothing(database: Database) -> None:
    """After another has taken the lane over, the old holder's outcome is refused, and it cannot extend its lease."""
    await database.run(lanes.enqueue, new("1"), new("2"))
    old = await claim_one(database)
    await expire_leases(database)
    current = await claim_one(database, YOU)
    assert await settle(database, old, DONE, go_on=True) == Settled(recorded=False)
    assert not await database.run(lanes.extend, old, ME)
    assert await database.run(lanes.extend, current, YOU)
    assert set((await states(database)).values()) == {State.PENDING}
    assert (await settle(database, current, DONE, YOU)).recorded


async def test_a_late_report_counts_if_nobody_took_over(database: Database) -> None:
    """An outcome after the lease's end is still true, and saves a second delivery."""
    await database.run(lanes.enqueue, new("1"))
    held = await claim_one(database)
    await expire_leases(database)
    assert (await settle(database, held, DONE)).recorded
    assert await claim(database, YOU) == []


async def test_an_outcome_may_be_reported_twice(database: Database) -> None:
    """When the answer to a commit was lost the same report again gives the same, and makes no false crash."""
    await database.run(lanes.enqueue, new("1"), new("2"))
    held = await claim_one(database)
    first = await settle(database, held, DONE, go_on=True)
    assert first.following is not None
    assert not first.following.item.maybe_sent
    assert await settle(database, held, DONE, go_on=True) == first


async def test_a_slow_kind_gets_a_longer_lease(database: Database) -> None:
    """A lane is leased as long as the item that is started needs, at a claim and in the middle of a lane."""
    await database.run(lanes.enqueue, new("1"), new("2", kind="slow"), new("3"))
    held: Claim | None = await claim_one(database)
    for lease in (30, 85, 30):
        assert held is not None
        assert held.lease == lease
        assert lease - 5 < (await lane_times(database))[1] <= lease
        held = (await settle(database, held, DONE, go_on=True)).following
    await database.run(lanes.enqueue, new("4", kind="slow"))
    assert (await claim_one(database)).lease == 85
    assert (await lane_times(database))[1] > 80


async def test_a_lease_has_one_holder(database: Database) -> None:
    """Only its holder renews a lease; it passes on when it ends or is given back, and it counts its holders."""
    hold = lanes.hold_lease
    assert await database.run(hold, "poll", "me", 30) == 1
    assert await database.run(hold, "poll", "me", 30) == 1
    assert await database.run(hold, "poll", "you", 30) is None
    assert await database.run(hold, "other", "you", 30) == 1
    await database.run(lanes.release_lease, "poll", "you")
    assert await database.run(hold, "poll", "you", 30) is None
    await database.run(lanes.release_lease, "poll", "me")
    assert await database.run(hold, "poll", "you", 0) == 2
    assert await database.run(hold, "poll", "me", 30) == 3


async def test_after_a_restart_sqlite_waits_for_no_lease(database: Database) -> None:
    """On SQLite the process that starts is the only one, so what the last one held is free; on PostgreSQL it is not."""
    await database.run(lanes.enqueue, new("1"))
    await claim_one(database)
    await database.run(lanes.hold_lease, "poll", "me", 300)
    await database.run(lanes.release_own_leases)
    alone = database.dialect == "sqlite"
    assert [held.item.maybe_sent for held in await claim(database, YOU)] == ([True] if alone else [])
    assert await database.run(lanes.hold_lease, "poll", "you", 300) == (2 if alone else None)


async def test_the_counts_are_what_waits(database: Database) -> None:
    """Waiting items by kind, the age of the oldest due one, and the dead with their reason."""
    assert await database.run(lanes.counts) == Counts({}, 0.0, 0)
    await database.run(lanes.enqueue, new("1"), new("2", kind="slow"), new("3", "b"), new("4", "c", delay=300))
    await database.run(
        lambda c: c.execute(sa.update(outbox).where(outbox.c.dedup == "2").values(due_at=outbox.c.due_at - 60_000))
    )
    for claimed in await claim(database):
        if claimed.item.lane == "b":
            await settle(database, claimed, Outcome(State.DEAD, error="Permanent: no"))
    counts = await database.run(lanes.counts)
    assert (counts.pending, counts.dead) == ({"k": 2, "slow": 1}, 1)
    assert 59 < counts.oldest_due < 70
    (dead,) = await database.run(lanes.list_dead)
    assert (dead.item.dedup, dead.error) == ("3", "Permanent: no")
    assert dead.finished_at_ms >= dead.item.created_at_ms


async def test_ids_are_in_the_order_of_commits(postgres_url: str) -> None:
    """Who enqueues in a lane waits for whoever does so before him, so a later commit never has the smaller id."""
    opened = await Database.open(postgres_url)
    await migrate(opened)
    engine = sa.create_engine(postgres_url.replace("postgresql", "postgresql+psycopg", 1))
    begun = threading.Event()

    def second() -> None:
        with engine.begin() as connection:
            begun.set()
            lanes.enqueue(connection, new("second"))

    blocked = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with ThreadPoolExecutor(1) as pool, engine.begin() as connection:
        lanes.enqueue(connection, new("first"))
        future = pool.submit(second)
        assert begun.wait(5)
        while not await opened.run(lambda c: c.execute(blocked).scalar_one()):
            assert not future.done()
        assert await claim(opened) == []
        connection.commit()
        future.result(5)
    engine.dispose()
    held = await claim_one(opened)
    following = (await settle(opened, held, DONE, go_on=True)).following
    assert following is not None
    assert (held.item.dedup, following.item.dedup) == ("first", "second")
    await opened.close()
