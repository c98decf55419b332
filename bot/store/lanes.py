"""The durable half of the outbox: lanes, their items, and leases by name.

A lane is what must stay in order. Whoever leases it delivers its items one after the other; the epoch grows with every
new holder, so that one who froze cannot report any more. Each function is a step of a transaction (`Database.run`) and
locks the lane's row before it touches the lane's items: that makes the order of their ids the order of the commits.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from bot.store import lane_statements as sql
from bot.store.database import ENQUEUED
from bot.store.lane_statements import State

__all__ = [
    "Claim",
    "Counts",
    "DeadItem",
    "Holder",
    "Item",
    "NewItem",
    "Outcome",
    "Settled",
    "State",
    "claim",
    "counts",
    "enqueue",
    "extend",
    "hold_lease",
    "list_dead",
    "next_due",
    "nudge",
    "prune",
    "release_lease",
    "release_own_leases",
    "settle",
]


@dataclass(frozen=True)
class NewItem:
    """What shall be delivered: once per `dedup`, in the order of its lane, not before `delay` seconds from now.

    With a `coalesce` key it takes the place of every older undelivered item of the same lane and key.
    """

    lane: str
    kind: str
    payload: dict[str, Any]
    dedup: str
    delay: float = 0.0
    coalesce: str | None = None


@dataclass(frozen=True)
class Item:
    """What is being delivered; `maybe_sent`: an earlier attempt has an unknown outcome, so look before sending.

    `waited` is the time in seconds from its creation to this attempt, by the database's clock.
    """

    id: int
    lane: str
    kind: str
    payload: dict[str, Any]
    dedup: str
    failures: int
    maybe_sent: bool
    created_at_ms: int
    waited: float = field(compare=False)
    begun: float = field(compare=False, repr=False)  # by `time.monotonic`

    @property
    def age(self) -> float:
        """For how many seconds it is there, whatever the wall clock of this machine says."""
        return self.waited + time.monotonic() - self.begun


@dataclass(frozen=True)
class Claim:
    """The right to deliver one item: `lease` seconds from the moment before it was asked for."""

    item: Item
    epoch: int
    lease: float


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt; `delay` in seconds is for a pending one.

    `failed` counts as a failure, `ambiguous`: it may have been sent all the same, `hurry`: a nudge that came during the
    attempt cuts the delay short.
    """

    state: State
    delay: float = 0.0
    error: str | None = None
    failed: bool = False
    ambiguous: bool = False
    hurry: bool = False


@dataclass(frozen=True)
class Settled:
    """`recorded` is False when somebody else has the lane, and nothing was changed; `following` is the next claim.

    `is_empty`: nothing waits in the lane any more, not even for a later time.
    """

    recorded: bool
    following: Claim | None = None
    is_empty: bool = False


@dataclass(frozen=True)
class Counts:
    """For the metrics: waiting items by kind, for how many seconds the oldest due one has been due, and the dead."""

    pending: dict[str, int]
    oldest_due: float
    dead: int


@dataclass(frozen=True)
class DeadItem:
    """An item that was given up, and why."""

    item: Item
    error: str
    finished_at_ms: int


@dataclass(frozen=True)
class Holder:
    """Who leases lanes, and for how many seconds: `lease`, or longer for the kinds in `longer`."""

    name: str
    lease: float
    longer: Mapping[str, float] = field(default_factory=dict)

    def lease_of(self, kind: str) -> float:
        """For how many seconds a lane is leased to deliver an item of this kind."""
        return max(self.lease, self.longer.get(kind, 0.0))


def enqueue(connection: sa.Connection, *items: NewItem) -> int:
    """Put items into the outbox if this transaction commits; how many were new (their dedup key was not known).

    Call it once in a transaction, with all items, and late: it holds their lanes until the commit.
    """
    # Lanes are locked always in this order: no deadlock.
    return sum(_put(connection, item) for item in sorted(items, key=attrgetter("lane")))


def _put(connection: sa.Connection, item: NewItem) -> bool:
    of_lane = {"lane": item.lane, "delay": _ms(item.delay)}
    values = {"dedup": item.dedup, "coalesce": item.coalesce, "kind": item.kind, "payload": item.payload}
    inserts = sql.inserts(connection)
    if inserts.touch is not None:
        connection.execute(inserts.touch, of_lane)
    new = connection.execute(inserts.put, {**of_lane, **values}).scalar()
    if new is None:
        return False
    connection.info[ENQUEUED] = True
    if item.coalesce is not None:
        older = {"in_lane": item.lane, "place": item.coalesce, "new": new}
        connection.execute(sql.INHERIT, older)
        connection.execute(sql.SUPERSEDE, older)
        connection.execute(sql.REFRESH, {"lanes": [item.lane]})  # it may have become the first of its lane
    return True


def nudge(connection: sa.Connection, lane: str) -> None:
    """Make the lane's first item due now; if it is in flight and will be told to wait, it goes again at once."""
    if connection.execute(sql.LOCK, {"in_lane": lane}).first() is None:
        return
    if connection.execute(sql.NUDGE, {"lanes": [lane]}).rowcount:
        connection.execute(sql.REFRESH, {"lanes": [lane]})
        if connection.dialect.name == "postgresql":
            connection.execute(sql.NOTIFY)
        connection.info[ENQUEUED] = True


def claim(connection: sa.Connection, limit: int, holder: Holder, served: Collection[str] = ()) -> list[Claim]:
    """Lease up to `limit` ready lanes, longest ready first, and start the first item of each.

    `served` are the lanes that this holder is serving: a clock that is set forward ends their leases, and not the work.
    """
    asked = {"limit": limit, "holder": holder.name, "lease": _ms(holder.lease), "served": list(served)}
    epochs = {row.key: row.epoch for row in connection.execute(sql.CLAIM, asked)}
    if not epochs:
        return []
    claims = _start(connection, epochs, holder, crashes=True)
    if rest := epochs.keys() - {claim.item.lane for claim in claims}:
        connection.execute(sql.FREE, {"lanes": sorted(rest)})  # empty, or the first item is not due yet
    return claims


def _start(connection: sa.Connection, epochs: Mapping[str, int], holder: Holder, *, crashes: bool) -> list[Claim]:
    rows = connection.execute(sql.START, {"lanes": sorted(epochs), "crashes": int(crashes)}).all()
    claims = [Claim(_item(row), epochs[row.lane], holder.lease_of(row.kind)) for row in rows]
    for claim in claims:
        if claim.lease > holder.lease:
            extend(connection, claim, holder)
    return claims


def extend(connection: sa.Connection, held: Claim, holder: Holder) -> bool:
    """Lease the lane for `held.lease` seconds from now; False when somebody else has it."""
    values = {"in_lane": held.item.lane, "held_epoch": held.epoch, "holder": holder.name, "lease": _ms(held.lease)}
    return connection.execute(sql.HOLD, values).rowcount == 1


def settle(connection: sa.Connection, held: Claim, outcome: Outcome, holder: Holder, *, go_on: bool) -> Settled:
    """Record the outcome and, with `go_on`, start the lane's next item; otherwise, or if none is due, free the lane.

    To settle again after a lost answer is harmless.
    """
    lane = held.item.lane
    if not extend(connection, replace(held, lease=holder.lease), holder):
        return Settled(recorded=False)
    new = _record(connection, held.item, outcome)
    # If not new, it was recorded and the answer was lost: what is in flight was started then, and it is no crash.
    claims = _start(connection, {lane: held.epoch}, holder, crashes=new) if go_on else []
    if not claims:
        # A later statement than the one that locked the lane, or an item enqueued meanwhile would not be seen.
        ready_at = connection.execute(sql.FREE, {"lanes": [lane]}).scalar_one()
        return Settled(recorded=True, is_empty=ready_at is None)
    return Settled(recorded=True, following=claims[0])


def _record(connection: sa.Connection, item: Item, outcome: Outcome) -> bool:
    values = {
        "item": item.id,
        "new_state": int(outcome.state),
        "delay": _ms(outcome.delay),
        "error": outcome.error,
        "failed": int(outcome.failed),
        "ambiguous": int(outcome.ambiguous),
        "hurry": int(outcome.hurry),
    }
    row = connection.execute(sql.SETTLE, values).first()
    if row is not None and row.state == State.SUPERSEDED:
        # superseded while in flight: the newer one waits as long as this one would have had to, and looks where it must
        of_newer = {"in_lane": item.lane, "place": row.coalesce}
        due, maybe = row.due_at if outcome.failed else 0, row.maybe_sent if outcome.state is State.PENDING else 0
        connection.execute(sql.PASS_ON, {**of_newer, "due": due, "maybe": maybe})
    return row is not None


def next_due(connection: sa.Connection) -> float | None:
    """In how many seconds a lane can be claimed again, not above zero when one can be now; None when all are empty."""
    after = connection.execute(sql.NEXT_DUE).scalar()
    return None if after is None else int(after) / 1000


def prune(connection: sa.Connection, keep: float, limit: int = 1000) -> int:
    """Delete up to `limit` items finished, and lanes idle, for `keep` seconds; the number of items.

    A dedup key is remembered as long as its item is kept.
    """
    bounds = {"keep": _ms(keep), "limit": limit}
    connection.execute(sql.PRUNE_LANES, bounds)
    return connection.execute(sql.PRUNE, bounds).rowcount


def hold_lease(connection: sa.Connection, name: str, owner: str, ttl: float) -> int | None:
    """Take or renew the lease for `ttl` seconds; its epoch while it is mine, None while it is another's."""
    epoch = connection.execute(sql.inserts(connection).take, {"name": name, "owner": owner, "ttl": _ms(ttl)}).scalar()
    return None if epoch is None else int(epoch)


def release_lease(connection: sa.Connection, name: str, owner: str) -> None:
    """End the lease if it is mine, so that another need not wait for its end."""
    connection.execute(sql.END_LEASE, {"which": name, "holder": owner})


def release_own_leases(connection: sa.Connection) -> None:
    """At the start on SQLite, end every lease: only one process can be alive. On PostgreSQL nothing happens."""
    if connection.dialect.name == "sqlite":
        connection.execute(sql.FREE_ALL)
        connection.execute(sql.END_ALL_LEASES)


def counts(connection: sa.Connection) -> Counts:
    """How much waits, since when, and how much was given up."""
    pending = {kind: int(number) for kind, number in connection.execute(sql.PENDING_BY_KIND)}
    late = connection.execute(sql.OLDEST_DUE).scalar() or 0
    return Counts(pending, int(late) / 1000, int(connection.execute(sql.DEAD_COUNT).scalar_one()))


def list_dead(connection: sa.Connection, limit: int = 50) -> list[DeadItem]:
    """The items that were given up, newest first."""
    return [_dead(row) for row in connection.execute(sql.DEAD, {"limit": limit})]


def _item(row: sa.Row[Any]) -> Item:
    return Item(
        id=row.id,
        lane=row.lane,
        kind=row.kind,
        payload=row.payload,
        dedup=row.dedup,
        failures=row.failures,
        maybe_sent=bool(row.maybe_sent),
        created_at_ms=row.created_at,
        waited=(row.due_at - row.created_at) / 1000,  # an attempt begins by making its item due now
        begun=time.monotonic(),
    )


def _dead(row: sa.Row[Any]) -> DeadItem:
    return DeadItem(_item(row), row.last_error or "", row.finished_at)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
