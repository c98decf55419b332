"""The statements of `bot.store.lanes`, built once: building one anew costs more than running it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.clock import now_ms
from bot.store.database import CHANNEL
from bot.store.schema import lane, lease, outbox


class State(IntEnum):
    """Where an item is in its life."""

    PENDING = 0
    DONE = 1
    DEAD = 2
    SUPERSEDED = 3


NUDGED: Final = 0  # in due_at of an item in flight: what it may be told to wait for has come meanwhile


def _given(name: str) -> sa.BindParameter[int]:
    return sa.bindparam(name, type_=sa.BigInteger)


_now = now_ms()
_waiting = outbox.alias("waiting")
_pending = outbox.c.state == sa.literal_column("0")  # a literal: a bound value would not match the partial index
_is_waiting = _waiting.c.state == sa.literal_column("0")
_is_dead = outbox.c.state == sa.literal_column("2")
_these_lanes = lane.c.key.in_(sa.bindparam("lanes", expanding=True))
_this_lane = lane.c.key == sa.bindparam("in_lane")

# One index probe for each lane, however many items wait in it.
_head = sa.select(sa.func.min(_waiting.c.id)).where(_waiting.c.lane == lane.c.key, _is_waiting).correlate(lane)
_heads = sa.select(_head.scalar_subquery()).where(_these_lanes)
_head_due = (
    sa.select(_waiting.c.due_at)
    .where(_waiting.c.lane == lane.c.key, _is_waiting)
    .order_by(_waiting.c.id)
    .limit(1)
    .correlate(lane)
    .scalar_subquery()
)

# Enqueue -------------------------------------------------------------------------------------------------------------

# ready_at may be early (a claim looks again), never late. NULL < x is not true: an empty lane gets its head's time.
REFRESH = (
    sa.update(lane)
    .where(_these_lanes)
    .values(ready_at=sa.case((lane.c.ready_at < _head_due, lane.c.ready_at), else_=_head_due))
)
_superseded = (
    _waiting.c.lane == sa.bindparam("in_lane"),
    _waiting.c.coalesce == sa.bindparam("place"),
    _is_waiting,
    _waiting.c.id < sa.bindparam("new"),
)
_older = (*_superseded, _waiting.c.in_flight == 0)
_tried = _waiting.c.last_error.isnot(None)
_told_to_wait = sa.select(sa.func.max(_waiting.c.due_at)).where(*_older, _tried).scalar_subquery()
_promised = sa.select(sa.func.min(_waiting.c.due_at)).where(*_older, ~_tried).scalar_subquery()
# What is in flight may never report an outcome.
_unclear = (_waiting.c.maybe_sent == 1) | (_waiting.c.in_flight == 1)
_left_unclear = sa.exists(sa.select(1).where(*_superseded, _unclear))
# What a tried item was told to wait (Retry-After) holds for the newer one. Of untried ones the earliest time holds, or
# items that are each delayed a little and come often enough would never be delivered. And what the older one may have
# sent, the newer one has to look for.
INHERIT = (
    sa.update(outbox)
    .where(outbox.c.id == sa.bindparam("new"))
    .values(
        due_at=sa.case(
            (_told_to_wait > outbox.c.due_at, _told_to_wait),
            (sa.and_(_told_to_wait.is_(None), _promised < outbox.c.due_at), _promised),
            else_=outbox.c.due_at,
        ),
        maybe_sent=sa.case((_left_unclear, 1), else_=0),
    )
)
SUPERSEDE = (
    sa.update(outbox)
    .where(
        outbox.c.lane == sa.bindparam("in_lane"),
        outbox.c.coalesce == sa.bindparam("place"),
        _pending,
        outbox.c.id < sa.bindparam("new"),
    )
    .values(state=int(State.SUPERSEDED), finished_at=_now)
)
NOTIFY = sa.select(sa.func.pg_notify(CHANNEL, ""))

# Nudge ---------------------------------------------------------------------------------------------------------------

LOCK = sa.select(lane.c.key).where(_this_lane).with_for_update()
NUDGE = (
    sa.update(outbox)
    .where(outbox.c.id.in_(_heads), (outbox.c.in_flight == 1) | (outbox.c.due_at > _now))
    .values(due_at=sa.case((outbox.c.in_flight == 1, NUDGED), else_=_now))
)

# Claim and start -----------------------------------------------------------------------------------------------------

_lease_end = _now + _given("lease")
# In a CTE, because PostgreSQL may run the sub-select of an UPDATE twice. SQLite needs no row locks and gets none.
_ready = (
    sa.select(lane.c.key)
    .where(
        lane.c.ready_at <= _now,
        # Nobody's lane is free whatever its time: that may be one of a clock which was set back since.
        lane.c.owner.is_(None) | (lane.c.lease_until <= _now),
        lane.c.key.not_in(sa.bindparam("served", expanding=True)),
    )
    .order_by(lane.c.ready_at)
    .limit(sa.bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("ready")
)
CLAIM = (
    sa.update(lane)
    .where(lane.c.key.in_(sa.select(_ready.c.key)))
    .values(owner=sa.bindparam("holder"), lease_until=_lease_end, epoch=lane.c.epoch + 1)
    .returning(lane.c.key, lane.c.epoch)
)
# A head that is in flight at its start belongs to a holder that is gone. That attempt has no outcome, and it counts as
# a failure: an item that kills the process must not do so for ever.
_crashed = sa.and_(outbox.c.in_flight == 1, _given("crashes") == 1)
START = (
    sa.update(outbox)
    .where(outbox.c.id.in_(_heads), outbox.c.due_at <= _now)
    .values(
        maybe_sent=sa.case((_crashed, 1), else_=outbox.c.maybe_sent),
        failures=outbox.c.failures + sa.case((_crashed, 1), else_=0),
        in_flight=1,
        due_at=_now,
    )
    .returning(outbox)
)
# Whoever was served goes behind those who became ready meanwhile.
FREE = (
    sa.update(lane)
    .where(_these_lanes)
    .values(ready_at=sa.case((_head_due < _now, _now), else_=_head_due), lease_until=_now, owner=None)
    .returning(lane.c.ready_at)
)

# Settle --------------------------------------------------------------------------------------------------------------

HOLD = (
    sa.update(lane)
    .where(_this_lane, lane.c.epoch == sa.bindparam("held_epoch"))
    .values(owner=sa.bindparam("holder"), lease_until=_lease_end)
)
_state = _given("new_state")
# What was superseded meanwhile stays so: a failed attempt does not revive it.
_next_state = sa.case(
    (sa.and_(_state != int(State.DEAD), outbox.c.state == int(State.SUPERSEDED)), int(State.SUPERSEDED)),
    else_=_state,
)
_nudged = sa.and_(outbox.c.due_at == NUDGED, _given("hurry") == 1)
SETTLE = (
    sa.update(outbox)
    .where(outbox.c.id == sa.bindparam("item"), outbox.c.in_flight == 1)
    .values(
        state=_next_state,
        in_flight=0,
        maybe_sent=sa.case((_given("ambiguous") == 1, 1), else_=outbox.c.maybe_sent),
        failures=outbox.c.failures + _given("failed"),
        last_error=sa.func.coalesce(sa.bindparam("error", type_=sa.Text), outbox.c.last_error),
        due_at=sa.case((_nudged, _now), else_=_now + _given("delay")),
        finished_at=sa.case((_next_state != int(State.PENDING), _now)),
    )
    .returning(outbox.c.state, outbox.c.coalesce, outbox.c.due_at, outbox.c.maybe_sent)
)
# To the item that has taken the place of one in flight.
PASS_ON = (
    sa.update(outbox)
    .where(
        outbox.c.lane == sa.bindparam("in_lane"),
        outbox.c.coalesce == sa.bindparam("place"),
        _pending,
    )
    .values(
        due_at=sa.case((outbox.c.due_at < _given("due"), _given("due")), else_=outbox.c.due_at),
        maybe_sent=_given("maybe"),
    )
)

# Housekeeping --------------------------------------------------------------------------------------------------------

_is_held = lane.c.owner.isnot(None) & (lane.c.lease_until > lane.c.ready_at)
_free_at = sa.case((_is_held, lane.c.lease_until), else_=lane.c.ready_at)
NEXT_DUE = sa.select(sa.func.min(_free_at) - _now).where(lane.c.ready_at.isnot(None))

_old = _now - _given("keep")
_finished = sa.select(outbox.c.id).where(~_pending, outbox.c.finished_at < _old).limit(sa.bindparam("limit"))
PRUNE = sa.delete(outbox).where(outbox.c.id.in_(_finished.scalar_subquery()))
# A lane goes only long after its last lease, because its epoch starts anew and no old holder may be about; and never
# one that somebody has locked: to wait for him while holding other lanes could block both for ever.
_idle = (
    sa.select(lane.c.key)
    .where(lane.c.ready_at.is_(None), lane.c.lease_until < _old)
    .limit(sa.bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("idle")
)
PRUNE_LANES = sa.delete(lane).where(lane.c.key.in_(sa.select(_idle.c.key)))

FREE_ALL = sa.update(lane).where(lane.c.lease_until > 0).values(lease_until=0, owner=None)
END_ALL_LEASES = sa.update(lease).values(until=0)
END_LEASE = (
    sa.update(lease)
    .where(lease.c.name == sa.bindparam("which"), lease.c.owner == sa.bindparam("holder"))
    .values(until=0)
)

PENDING_BY_KIND = sa.select(outbox.c.kind, sa.func.count()).where(_pending).group_by(outbox.c.kind)
OLDEST_DUE = sa.select(_now - sa.func.min(outbox.c.due_at)).where(
    _pending, outbox.c.due_at > NUDGED, outbox.c.due_at <= _now
)
DEAD_COUNT = sa.select(sa.func.count()).select_from(outbox).where(_is_dead)
DEAD = sa.select(outbox).where(_is_dead).order_by(outbox.c.id.desc()).limit(sa.bindparam("limit"))

# What the databases write differently --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inserts:
    """The statements with ON CONFLICT."""

    touch: Any | None  # lock the lane, and make it where it is new; None where `put` does so, too
    put: Any  # an item, unless its dedup key is known; its id
    take: Any  # a lease by name, if it is mine or nobody's; its epoch


_due = _now + _given("delay")
_new_item = {
    "lane": sa.bindparam("lane", type_=sa.Text),
    "dedup": sa.bindparam("dedup", type_=sa.Text),
    "coalesce": sa.bindparam("coalesce", type_=sa.Text),
    "kind": sa.bindparam("kind", type_=sa.Text),
    "payload": sa.bindparam("payload", type_=sa.JSON),
    "created_at": _now,
    "due_at": _due,
}


def _touch(insert: Any) -> Any:
    """Lock the lane or make it. One that has items is ready for its first one already; a new one comes behind."""
    touch = insert(lane).values(key=_new_item["lane"], ready_at=_due)
    ready_at = sa.func.coalesce(lane.c.ready_at, touch.excluded.ready_at)
    return touch.on_conflict_do_update(index_elements=["key"], set_={"ready_at": ready_at})


def _put_at_once() -> Any:
    """Touch, put and notify in one round trip; the item gets its id after the lane is locked, because it reads it."""
    touched = _touch(postgresql.insert).returning(lane.c.key).cte("touched")
    values = {**_new_item, "lane": touched.c.key}
    put = postgresql.insert(outbox).from_select([*values], sa.select(*values.values()), include_defaults=False)
    new = put.on_conflict_do_nothing(index_elements=["dedup"]).returning(outbox.c.id).cte("new")
    return sa.select(new.c.id, sa.func.pg_notify(CHANNEL, ""))


def _put(insert: Any) -> Any:
    return insert(outbox).values(_new_item).on_conflict_do_nothing(index_elements=["dedup"]).returning(outbox.c.id)


def _take(insert: Any) -> Any:
    take = insert(lease).values(
        name=sa.bindparam("name"), owner=sa.bindparam("owner"), until=_now + _given("ttl"), epoch=1
    )
    same = lease.c.owner == take.excluded.owner
    return take.on_conflict_do_update(
        index_elements=["name"],
        where=same | (lease.c.until <= _now),
        set_={
            "owner": take.excluded.owner,
            "until": take.excluded.until,
            "epoch": lease.c.epoch + sa.case((same, 0), else_=1),
        },
    ).returning(lease.c.epoch)


_POSTGRESQL: Final = Inserts(touch=None, put=_put_at_once(), take=_take(postgresql.insert))
_SQLITE: Final = Inserts(touch=_touch(sqlite.insert), put=_put(sqlite.insert), take=_take(sqlite.insert))


def inserts(connection: sa.Connection) -> Inserts:
    """The statements with ON CONFLICT in the words of this connection's database."""
    return _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
