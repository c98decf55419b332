"""What a poll reads and writes of every task: each statement built once, and as few as can be.

A thousand tasks may change at once; then building a statement anew for each costs more than all else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from bot.models import Asked, Memory, Snapshot, Task
from bot.store.clock import now_ms
from bot.store.moments import Moment, mark_moment
from bot.store.schema import home, moment, person, task, watch
from bot.store.task_rows import read_task


class OpenTask(NamedTuple):
    """An open task, as much of it as tells whether it needs a look; `is_due`: by the clock, or it was missed before."""

    id: str
    coder_id: str
    is_due: bool


@dataclass(frozen=True)
class Known:
    """What is known when Coder has answered: the tasks that are open, and the time by the database's clock."""

    open_tasks: list[OpenTask]
    at: float
    was_silent: bool  # and cards say so
    is_watched: bool  # by some channel


_ANSWERED = sa.update(moment).where(moment.c.name == Moment.CODER_ANSWERED.value).values(at=now_ms())
_FACTS = sa.select(
    now_ms().label("now"),
    sa.exists(sa.select(1).where(moment.c.name == Moment.CODER_SILENT.value)).label("was_silent"),
    sa.exists(sa.select(watch.c.id)).label("is_watched"),
)
# Without what we know of each: that would take most of a poll.
_due = sa.func.coalesce(task.c.look_at <= now_ms(), sa.false()) | (task.c.missing > 0)
_KEYS = sa.select(task.c.id, task.c.coder_id, _due).where(task.c.phase == "open", task.c.coder_id.isnot(None))

_this_task = task.c.id == sa.bindparam("which")
_LOCK = sa.select(task, now_ms().label("now")).where(_this_task).with_for_update()
_SAVE = (
    sa.update(task)
    .where(_this_task)
    .values(
        snapshot=sa.bindparam("new_snapshot", type_=sa.JSON),
        memory=sa.bindparam("new_memory", type_=sa.JSON),
        asked=sa.bindparam("new_asked", type_=sa.JSON(none_as_null=True)),
        missing=0,
        look_at=sa.bindparam("new_look_at", type_=sa.BigInteger),
        name=sa.bindparam("new_name"),
    )
)

_owner_slack = sa.bindparam("owner_slack", type_=sa.Text)
# They may have come to this app after the task.
_owner = (
    sa.select(person.c.slack_user)
    .where(person.c.coder_id == sa.bindparam("owner_id", type_=sa.Text), _owner_slack.is_(None))
    .order_by(person.c.checked_at.desc())
    .limit(1)
    .scalar_subquery()
)
_VIEWERS = (
    sa.select(home.c.slack_user)
    .where(sa.or_(home.c.slack_user.in_([sa.bindparam("requester"), _owner_slack]), home.c.slack_user == _owner))
    .order_by(home.c.slack_user)
)


def coder_answered(connection: sa.Connection) -> Known:
    """Note that Coder has answered, and say what is known."""
    if connection.execute(_ANSWERED).rowcount == 0:
        mark_moment(connection, Moment.CODER_ANSWERED)
    facts = connection.execute(_FACTS).one()
    keys = [OpenTask(*row) for row in connection.execute(_KEYS).all()]
    return Known(keys, facts.now / 1000, bool(facts.was_silent), bool(facts.is_watched))


def lock_look(connection: sa.Connection, task_id: str) -> tuple[Task, float]:
    """The task, with its row held until the transaction ends, and the time by the database's clock."""
    row = connection.execute(_LOCK, {"which": task_id}).first()
    if row is None:
        raise LookupError(task_id)
    return read_task(row), row.now / 1000


def save_look(
    connection: sa.Connection,
    task_id: str,
    snapshot: Snapshot,
    memory: Memory,
    *,
    asked: Asked | None,
    look_at: float | None,
) -> None:
    """Remember what a look at a task has brought; `look_at` is when the next one is due, in Unix seconds."""
    values = {
        "which": task_id,
        "new_snapshot": snapshot.model_dump(mode="json"),
        "new_memory": memory.model_dump(mode="json"),
        "new_asked": asked.model_dump(mode="json") if asked else None,
        "new_look_at": None if look_at is None else int(look_at * 1000),
        "new_name": snapshot.name,
    }
    connection.execute(_SAVE, values)


def list_viewers(connection: sa.Connection, shown: Task) -> list[str]:
    """Who shows the task on a Home tab that was ever opened: its requester and its owner."""
    who = {"requester": shown.requester, "owner_slack": shown.owner_slack, "owner_id": shown.owner_id}
    return list(connection.execute(_VIEWERS, who).scalars())
