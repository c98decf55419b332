"""The engine: what is enqueued is delivered in order, and each outcome has its consequence."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa

from bot import deadline
from bot.errors import CoderRefused, Later, Permanent, Transient, UserError
from bot.outbox import Delivery, Item, back_off
from bot.store import lanes
from bot.store.database import Database
from bot.store.lanes import State
from bot.store.migrate import migrate
from tests.outbox import (
    NEVER,
    Grave,
    Sink,
    change,
    new,
    running,
    states,
    until,
    until_empty,
    until_waiting,
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with all tables."""
    opened = await Database.open(database_url)
    await migrate(opened)
    yield opened
    await opened.close()


async def test_what_is_enqueued_is_delivered_at_once(database: Database) -> None:
    """A commit of the same process wakes the engine, which need not poll for it; a lane goes in order."""
    sink = Sink()
    async with running(database, Delivery(sink.deliver), poll=NEVER):
        await database.run(lanes.enqueue, new("1"), new("2"), new("3"))
        await until(lambda: len(sink.got) == 3)
        await database.run(lanes.enqueue, new("4"))
        await until(lambda: len(sink.got) == 4)
        await until_empty(database)
    assert sink.names == ["1", "2", "3", "4"]
    assert set((await states(database)).values()) == {State.DONE}


async def test_what_was_rolled_back_is_not_delivered(database: Database) -> None:
    """A delivery belongs to its transaction: without the commit there is none."""

    def fail(connection: sa.Connection) -> None:
        lanes.enqueue(connection, new("1"))
        raise ZeroDivisionError

    sink = Sink()
    async with running(database, Delivery(sink.deliver)):
        with pytest.raises(ZeroDivisionError):
            await database.run(fail)
        await database.run(lanes.enqueue, new("2"))
        await until_empty(database)
    assert sink.names == ["2"]


async def test_the_same_request_is_delivered_once(database: Database) -> None:
    """A redelivered request finds its dedup key, before and after the delivery."""
    sink = Sink()
    await database.run(lanes.enqueue, new("1"))
    await database.run(lanes.enqueue, new("1"))
    async with running(database, Delivery(sink.deliver)):
        await until_empty(database)
        await database.run(lanes.enqueue, new("1"), new("2"))
        await until_empty(database)
    assert sink.names == ["1", "2"]


async def test_of_edits_that_wait_the_latest_is_delivered(database: Database) -> None:
    """While one edit is under way any number of newer ones become one."""
    sink = Sink()
    sink.open.clear()
    async with running(database, Delivery(sink.deliver)):
        await database.run(lanes.enqueue, new("1", coalesce="card"))
        await until(lambda: sink.names == ["1"])
        for number in "2345":
            await database.run(lanes.enqueue, new(number, coalesce="card"))
        sink.open.set()
        await until_empty(database)
    assert sink.names == ["1", "5"]


async def test_a_retry_after_stops_its_lane_only(database: Database) -> None:
    """An item that must wait keeps its place in its lane, waits as long as was asked, and others pass meanwhile."""
    sink = Sink({"a1": [Transient("429", after=0.4)]})
    await database.run(lanes.enqueue, new("a1"), new("a2"))
    async with running(database, Delivery(sink.deliver), poll=NEVER):
        await until(lambda: sink.names == ["a1"])
        began = time.monotonic()
        await database.run(lanes.enqueue, new("b1", "b"), new("b2", "b"))
        await until(lambda: len(sink.got) == 5)
        assert time.monotonic() - began > 0.3
    assert sink.names == ["a1", "b1", "b2", "a1", "a2"]
    assert sink.got[3].failures == 1
    assert not sink.got[3].maybe_sent


async def test_a_delayed_item_comes_in_time(database: Database) -> None:
    """An item with a delay comes not before it and, without any poll, soon after it."""
    sink = Sink()
    async with running(database, Delivery(sink.deliver), poll=NEVER):
        began = time.monotonic()
        await database.run(lanes.enqueue, new("1", delay=0.3))
        await until(lambda: sink.names == ["1"])
        assert 0.29 < time.monotonic() - began < 3


async def test_later_is_no_failure(database: Database) -> None:
    """An item may be told to wait more often than it may fail."""
    sink = Sink({"1": [Later(0) for _ in range(4)]})
    async with running(database, Delivery(sink.deliver, max_failures=1)):
        await database.run(lanes.enqueue, new("1"), new("2"))
        await until_empty(database)
    assert sink.names == ["1"] * 5 + ["2"]
    assert {(item.failures, item.maybe_sent) for item in sink.got} == {(0, False)}


@pytest.mark.parametrize(
    ("error", "maybe_sent", "bug"),
    [
        (Transient("503"), False, False),
        (Transient("connection lost", ambiguous=True), True, False),
        (TimeoutError(), True, False),
        (KeyError("surprise"), True, True),
    ],
    ids=["clear", "ambiguous", "timeout", "bug"],
)
async def test_a_failure_is_tried_again(
    database: Database, error: Exception, caplog: pytest.LogCaptureFixture, *, maybe_sent: bool, bug: bool
) -> None:
    """After a failure the next attempt knows whether the first may have worked; only a bug leaves a traceback."""
    sink = Sink({"1": [error]})
    async with running(database, Delivery(sink.deliver)):
        await database.run(lanes.enqueue, new("1"))
        await until_empty(database)
    assert [(item.failures, item.maybe_sent) for item in sink.got] == [(0, False), (1, maybe_sent)]
    assert bool([record for record in caplog.records if record.exc_info]) == bug


async def test_a_slow_delivery_is_cut_off(database: Database) -> None:
    """A delivery that takes longer than its kind may is cancelled, and looked for before the next try."""
    sink = Sink()
    sink.open.clear()
    async with running(database, Delivery(sink.deliver, timeout=0.1)):
        await database.run(lanes.enqueue, new("1"))
        await until(lambda: len(sink.got) == 2)
        sink.open.set()
        await until_empty(database)
    assert [item.maybe_sent for item in sink.got[:2]] == [False, True]


async def test_a_delivery_that_was_frozen_knows_that_its_time_is_over(database: Database) -> None:
    """The event loop looks at the clock only when the step it was frozen in has ended: the write asks by itself."""
    found = []

    async def deliver(_: Item) -> None:
        found.append(deadline.is_over())
        time.sleep(0.2)  # noqa: ASYNC251 - a frozen process
        found.append(deadline.is_over())

    async with running(database, Delivery(deliver, timeout=0.1)):
        await database.run(lanes.enqueue, new("1"))
        await until_empty(database)
    assert found == [False, True]
    assert not deadline.is_over()


@pytest.mark.parametrize(
    "error",
    [Permanent("no"), UserError("e", "no"), CoderRefused("e", "no", status=400, message="no")],
    ids=["permanent", "user", "refused"],
)
async def test_what_cannot_work_is_given_up(database: Database, error: Exception) -> None:
    """An item that is refused leaves its trace, then is dead, and the lane goes on."""
    sink, grave = Sink({"1": [error]}), Grave(database)
    async with running(database, Delivery(sink.deliver, dead=grave.bury)):
        await database.run(lanes.enqueue, new("1"), new("2"))
        await until_empty(database)
    assert sink.names == ["1", "2"]
    assert grave.got == [("1", str(error))]
    assert await states(database) == {"1": State.DEAD, "2": State.DONE}
    (dead,) = await database.run(lanes.list_dead)
    assert dead.error == f"{type(error).__name__}: {error}"


async def test_patience_ends(database: Database) -> None:
    """After `max_failures` failures one more is the end, told once."""
    sink, grave = Sink({"1": [Transient(str(number)) for number in range(9)]}), Grave(database)
    async with running(database, Delivery(sink.deliver, max_failures=2, dead=grave.bury)):
        await database.run(lanes.enqueue, new("1"))
        await until_empty(database)
    assert sink.names == ["1"] * 3
    assert grave.got == [("1", "2")]


async def test_an_item_whose_trace_fails_is_not_lost(database: Database) -> None:
    """When the trace cannot be left the item stays, and all is tried again later."""
    sink = Sink({"1": [Permanent("no"), Permanent("still no")]})
    grave = Grave(database, [Transient("Slack is away")])
    async with running(database, Delivery(sink.deliver, dead=grave.bury)):
        await database.run(lanes.enqueue, new("1"))
        await until_empty(database)
    assert grave.got == [("1", "no"), ("1", "still no")]
    assert await states(database) == {"1": State.DEAD}


async def test_a_trace_that_never_works_does_not_stop_the_lane(database: Database) -> None:
    """An item whose trace failed a dozen times more than it may fail is dead without one, and can be found."""
    sink, grave = Sink(), Grave(database, [Transient("no") for _ in range(99)])
    await database.run(lanes.enqueue, new("1"))
    await change(database, failures=3)
    async with running(database, Delivery(sink.deliver, max_failures=2, dead=grave.bury)):
        await until_empty(database)
    assert sink.got == []
    assert len(grave.got) == 12
    assert await states(database) == {"1": State.DEAD}


async def test_an_unknown_kind_is_left_for_a_newer_replica(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """During a rollout an item that this build does not know waits for one that does, and the log says so."""
    sink = Sink()
    async with running(database, {}, poll=NEVER):
        await database.run(lanes.enqueue, new("1"))
        await until(lambda: any(getattr(r, "action", "") == "delivery_unknown_kind" for r in caplog.records))
    await database.run(lanes.nudge, "a")
    async with running(database, Delivery(sink.deliver)):
        await until_empty(database)
    assert [(item.dedup, item.failures, item.maybe_sent) for item in sink.got] == [("1", 0, False)]


async def test_a_nudge_during_a_delivery_brings_another(database: Database) -> None:
    """What the delivery was about to wait for came while it was looking: it looks again at once."""
    sink = Sink({"1": [Later(NEVER), Later(NEVER)]})
    sink.open.clear()
    async with running(database, Delivery(sink.deliver), poll=NEVER):
        await database.run(lanes.enqueue, new("1"))
        await until(lambda: len(sink.got) == 1)
        await database.run(lanes.nudge, "a")
        sink.open.set()
        await until(lambda: len(sink.got) == 2)
        await until_waiting(database)
        await database.run(lanes.nudge, "a")
        await until_empty(database)
    assert len(sink.got) == 3
    assert {(item.failures, item.maybe_sent) for item in sink.got} == {(0, False)}


async def test_a_long_lane_does_not_starve_the_others(database: Database) -> None:
    """With fewer slots than lanes a lane gives its slot away now and then."""
    sink = Sink()
    await database.run(lanes.enqueue, *(new(f"a{number}") for number in range(50)))
    await database.run(lanes.enqueue, new("b", "b"))
    async with running(database, Delivery(sink.deliver), slots=1, poll=NEVER):
        await until_empty(database)
    assert sink.names.index("b") < 30
    assert [name for name in sink.names if name != "b"] == [f"a{number}" for number in range(50)]


async def test_slots_bound_what_runs_at_a_time(database: Database) -> None:
    """Never more deliveries than slots, and no ready lane waits while a slot is free."""
    sink = Sink()
    sink.open.clear()
    await database.run(lanes.enqueue, *(new(str(number), str(number)) for number in range(9)))
    async with running(database, Delivery(sink.deliver), slots=4, poll=NEVER) as work:
        await until(lambda: len(sink.got) == 4)
        assert work.box.in_flight == 4
        sink.open.set()
        await until_empty(database)
    assert len(sink.got) == 9


async def test_each_attempt_is_observed(database: Database) -> None:
    """The metrics hear of every attempt's end; a broken observer breaks nothing."""
    seen: list[tuple[str, str]] = []

    def observe(kind: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        seen.append((kind, outcome))
        raise ZeroDivisionError

    sink = Sink({"1": [Later(0), Transient("x"), Permanent("no")]})
    async with running(
        database, {"k": Delivery(sink.deliver), "other": Delivery(sink.deliver)}, observe=observe
    ) as work:
        assert list(work.box.kinds) == ["k", "other"]
        await database.run(lanes.enqueue, new("1"), new("2", kind="other"))
        await until_empty(database)
        await until(lambda: len(seen) == 4)
    assert seen == [("k", "later"), ("k", "retry"), ("k", "dead"), ("other", "done")]


def test_the_back_off_grows_to_five_minutes() -> None:
    """It doubles from a second, spreads by half, and ends at 300 s whatever the number of failures."""
    for failures in (1, 2, 5, 8, 9, 20, 2000):
        most = min(300, 2.0 ** min(failures, 20))
        assert most / 2 <= back_off(failures) <= most
