"""Short words for the steps of a lane, as the tests take them."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store import lanes
from bot.store.clock import now_ms
from bot.store.database import Database
from bot.store.lanes import Claim, Holder, NewItem, Outcome, Settled, State
from bot.store.schema import lane, outbox

ME = Holder("me", lease=30, longer={"slow": 85})
YOU = Holder("you", lease=30)
DONE = Outcome(State.DONE)


def new(
    dedup: str, lane_key: str = "a", *, delay: float = 0.0, coalesce: str | None = None, kind: str = "k"
) -> NewItem:
    """An item whose dedup key is its name."""
    return NewItem(lane=lane_key, kind=kind, payload={"n": dedup}, dedup=dedup, delay=delay, coalesce=coalesce)


async def claim(database: Database, holder: Holder = ME, limit: int = 10) -> list[Claim]:
    """What is ready now."""
    return await database.run(lanes.claim, limit, holder)


async def claim_one(database: Database, holder: Holder = ME) -> Claim:
    """The only thing that is ready now."""
    (only,) = await claim(database, holder)
    return only


async def names(database: Database) -> list[str]:
    """The dedup keys of what is ready now; it is given back undone."""
    claims = await claim(database)
    for claimed in claims:
        await settle(database, claimed, Outcome(State.PENDING))
    return sorted(claimed.item.dedup for claimed in claims)


async def settle(
    database: Database, held: Claim, outcome: Outcome, holder: Holder = ME, *, go_on: bool = False
) -> Settled:
    """Report an outcome."""
    return await database.run(lanes.settle, held, outcome, holder, go_on=go_on)


async def expire_leases(database: Database) -> None:
    """Let the time of every lease pass, as if its holder had gone."""
    await database.run(lambda c: c.execute(sa.update(lane).values(lease_until=0)))


async def states(database: Database) -> dict[str, State]:
    """The state of every item by dedup key."""
    rows = await database.run(lambda c: c.execute(sa.select(outbox.c.dedup, outbox.c.state)).all())
    return {row.dedup: State(row.state) for row in rows}


async def lane_times(database: Database) -> tuple[float | None, float]:
    """In how many seconds the only lane is ready, and for how many it is leased."""
    now = now_ms()
    row = await database.run(lambda c: c.execute(sa.select(lane.c.ready_at - now, lane.c.lease_until - now)).one())
    return (None if row[0] is None else row[0] / 1000), row[1] / 1000
