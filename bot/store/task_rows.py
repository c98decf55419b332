"""The task table. Every function is a statement or two of the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bot.models import Asked, CreateRequest, Details, Memory, Model, Origin, Phase, Snapshot, Task
from bot.store.clock import now_ms
from bot.store.insert import insert_new
from bot.store.schema import task

_OF_MODEL: dict[str, type[Model]] = {
    "request": CreateRequest,
    "answer": Origin,
    "snapshot": Snapshot,
    "memory": Memory,
    "details": Details,
    "asked": Asked,
}

# Built once, because nearly everything that arrives reads its task.
_WITH_ID = sa.select(task).where(task.c.id == sa.bindparam("which"))
_LOCKED = _WITH_ID.with_for_update()


def add_task(connection: sa.Connection, new: Task, request_key: str | None) -> bool:
    """Add a task; False when the request key or Coder's id is known already, and then nothing is changed."""
    values = _columns(new.model_dump(mode="json", exclude={"created_at", "look_at"}))
    row = {**values, "request_key": request_key, "created_at": now_ms()}
    return insert_new(connection, task, row) is not None


def get_task(connection: sa.Connection, task_id: str) -> Task:
    """The task with our id; LookupError when there is none."""
    return _one(connection, _WITH_ID, task_id)


def find_by_coder_id(connection: sa.Connection, coder_id: str) -> Task | None:
    """The task with Coder's id."""
    found = connection.execute(sa.select(task).where(task.c.coder_id == coder_id)).first()
    return read_task(found) if found else None


def find_by_request(connection: sa.Connection, request_key: str) -> Task | None:
    """The task that this request made."""
    found = connection.execute(sa.select(task).where(task.c.request_key == request_key)).first()
    return read_task(found) if found else None


def is_being_made(connection: sa.Connection, name: str) -> bool:
    """Whether a task of this name was asked for, and Coder may have it without our knowing."""
    query = sa.select(task.c.id).where(task.c.phase == Phase.CREATING, task.c.name == name)
    return connection.execute(query.limit(1)).first() is not None


def list_open(connection: sa.Connection) -> list[Task]:
    """All tasks that Coder has accepted and nobody has seen the end of."""
    rows = connection.execute(sa.select(task).where(task.c.phase == Phase.OPEN).order_by(task.c.created_at))
    return [read_task(row) for row in rows]


def list_of_person(connection: sa.Connection, slack_user: str, coder_id: str) -> list[Task]:
    """The open tasks that a person owns or has asked for."""
    theirs = sa.or_(task.c.owner_id == coder_id, task.c.owner_slack == slack_user, task.c.requester == slack_user)
    found = [read_task(row) for row in connection.execute(sa.select(task).where(task.c.phase == Phase.OPEN, theirs))]
    # Whoever steered somebody else's task that came from Coder is its requester only in name.
    return [one for one in found if one.owner_id == coder_id or one.owner_slack == slack_user or one.request]


def list_creating(connection: sa.Connection) -> list[Task]:
    """All tasks that Coder has been asked for and has not answered yet."""
    rows = connection.execute(sa.select(task).where(task.c.phase == Phase.CREATING))
    return [read_task(row) for row in rows]


def get_tasks(connection: sa.Connection, ids: Sequence[str]) -> list[Task]:
    """The tasks with these ids, oldest first."""
    rows = connection.execute(sa.select(task).where(task.c.id.in_(ids)).order_by(task.c.created_at))
    return [read_task(row) for row in rows]


def count_phases(connection: sa.Connection) -> dict[str, int]:
    """How many tasks there are in each phase."""
    rows = connection.execute(sa.select(task.c.phase, sa.func.count().label("number")).group_by(task.c.phase))
    return {row.phase: row.number for row in rows}


def save_task(connection: sa.Connection, task_id: str, /, **changes: Any) -> None:
    """Change some columns; models are kept as JSON, times are Unix seconds.

    What the next look at the task depends on makes it due, unless `look_at` says when.
    """
    values = _columns(
        {key: value.model_dump(mode="json") if isinstance(value, Model) else value for key, value in changes.items()}
    )
    if changes.keys() & {"memory", "asked"} and "look_at" not in changes:
        values["look_at"] = now_ms()
    connection.execute(sa.update(task).where(task.c.id == task_id).values(**values))


def lock_task(connection: sa.Connection, task_id: str) -> Task:
    """The task, with its row held until the transaction ends, so that two writers cannot undo each other."""
    return _one(connection, _LOCKED, task_id)


def _one(connection: sa.Connection, query: sa.Select[Any], task_id: str) -> Task:
    found = connection.execute(query, {"which": task_id}).first()
    if found is None:
        raise LookupError(task_id)
    return read_task(found)


def close_task(connection: sa.Connection, task_id: str) -> None:
    """Nothing more will happen to this task."""
    values = {"phase": Phase.CLOSED, "closed_at": now_ms(), "look_at": None, "asked": sa.null()}
    connection.execute(sa.update(task).where(task.c.id == task_id).values(**values))


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """Python values as columns: an absent model is SQL's NULL, not JSON's; seconds become milliseconds."""
    made = {key: sa.null() if value is None and key in _OF_MODEL else value for key, value in values.items()}
    if made.get("look_at") is not None:
        made["look_at"] = int(made["look_at"] * 1000)
    return made


def read_task(row: sa.Row[Any]) -> Task:
    """The task of a row."""
    values = {key: value for key, value in row._mapping.items() if key in Task.model_fields and value is not None}  # noqa: SLF001 - SQLAlchemy's public name
    for key in ("created_at", "look_at"):
        if key in values:
            values[key] = values[key] / 1000
    return Task.model_validate(values)


def last_request(connection: sa.Connection, requester: str) -> CreateRequest | None:
    """What somebody asked for the last time, of the tasks that came to be."""
    made = sa.and_(
        task.c.requester == requester, task.c.phase.in_([Phase.OPEN, Phase.CLOSED]), task.c.request.isnot(None)
    )
    found = connection.execute(
        sa.select(task.c.request).where(made).order_by(task.c.created_at.desc()).limit(1)
    ).first()
    return CreateRequest.model_validate(found.request) if found else None
