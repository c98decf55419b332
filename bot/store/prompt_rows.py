"""The prompt table: texts on their way to an agent, in the order in which people wrote them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.models import Prompt, PromptState
from bot.store.clock import now_ms
from bot.store.insert import insert_new
from bot.store.schema import prompt

# Literals, so that the query matches the partial index.
_WAITING = prompt.c.state.in_([sa.literal_column("'queued'"), sa.literal_column("'sending'")])


def add_prompt(connection: sa.Connection, new: Prompt, dedup: str) -> int | None:
    """Add a prompt; None when the same message was taken in before. Returns its id."""
    values = new.model_dump(mode="json", exclude={"id", "created_at", "sent_at"})
    return insert_new(connection, prompt, {**values, "dedup": dedup, "created_at": now_ms()})


def get_prompt(connection: sa.Connection, prompt_id: int) -> Prompt:
    """The prompt with this id; LookupError when there is none."""
    found = connection.execute(sa.select(prompt).where(prompt.c.id == prompt_id)).first()
    if found is None:
        raise LookupError(prompt_id)
    return _prompt(found)


def find_message(connection: sa.Connection, channel: str, ts: str) -> Prompt | None:
    """The prompt that a person's message became; when it was changed after that, the newest."""
    query = sa.select(prompt).where(prompt.c.channel == channel, prompt.c.ts == ts)
    found = connection.execute(query.order_by(prompt.c.id.desc()).limit(1)).first()
    return _prompt(found) if found else None


def next_prompt(connection: sa.Connection, task_id: str) -> Prompt | None:
    """The prompt whose turn it is: the one being sent, else the one that was written first."""
    order = (sa.case((prompt.c.state == PromptState.SENDING, 0), else_=1), prompt.c.position, prompt.c.id)
    query = sa.select(prompt).where(prompt.c.task_id == task_id, _WAITING).order_by(*order).limit(1)
    found = connection.execute(query).first()
    return _prompt(found) if found else None


def list_waiting(connection: sa.Connection, task_id: str) -> list[Prompt]:
    """The prompts that have not reached the agent, in their order."""
    query = sa.select(prompt).where(prompt.c.task_id == task_id, _WAITING).order_by(prompt.c.position, prompt.c.id)
    return [_prompt(row) for row in connection.execute(query)]


def count_waiting(connection: sa.Connection, task_id: str) -> int:
    """How many prompts have not reached the agent."""
    query = sa.select(sa.func.count()).select_from(prompt).where(prompt.c.task_id == task_id, _WAITING)
    return int(connection.execute(query).scalar_one())


def list_sent(connection: sa.Connection, task_id: str, since: float) -> list[Prompt]:
    """The prompts that have reached the agent, or may have, and were sent after `since`."""
    arrived = prompt.c.state.in_([PromptState.DELIVERED.value, PromptState.MAYBE.value])
    query = sa.select(prompt).where(prompt.c.task_id == task_id, arrived, prompt.c.sent_at >= int(since * 1000))
    return [_prompt(row) for row in connection.execute(query)]


def list_written(connection: sa.Connection, task_id: str, since: float, until: float) -> list[Prompt]:
    """The prompts that people wrote in a span of time (Unix seconds)."""
    span = prompt.c.position.between(f"{since:.6f}", f"{until:.6f}")
    return [_prompt(row) for row in connection.execute(sa.select(prompt).where(prompt.c.task_id == task_id, span))]


def count_prompts(connection: sa.Connection, task_id: str) -> dict[str, int]:
    """How many prompts of a task are in each state."""
    query = (
        sa.select(prompt.c.state, sa.func.count().label("number"))
        .where(prompt.c.task_id == task_id)
        .group_by(prompt.c.state)
    )
    return {row.state: row.number for row in connection.execute(query)}


def mark_prompt(connection: sa.Connection, prompt_id: int, state: PromptState, *expected: PromptState) -> bool:
    """Move a prompt on, if it is in one of the expected states (any when none is named); False when it is not."""
    query = sa.update(prompt).where(prompt.c.id == prompt_id)
    if expected:
        query = query.where(prompt.c.state.in_([one.value for one in expected]))
    values: dict[str, Any] = {"state": state.value}
    if state is PromptState.SENDING:
        values["sent_at"] = now_ms()
    return connection.execute(query.values(**values)).rowcount == 1


def save_text(connection: sa.Connection, prompt_id: int, text: str) -> bool:
    """Change the words of a prompt that waits, or that may yet be sent; False when it is too late."""
    unsent = prompt.c.state.in_([PromptState.QUEUED.value, PromptState.FAILED.value, PromptState.OFFERED.value])
    query = sa.update(prompt).where(prompt.c.id == prompt_id, unsent)
    return connection.execute(query.values(text=text)).rowcount == 1


def save_prompt(connection: sa.Connection, prompt_id: int, /, **changes: Any) -> None:
    """Change some columns."""
    connection.execute(sa.update(prompt).where(prompt.c.id == prompt_id).values(**changes))


def count_refusal(connection: sa.Connection, prompt_id: int) -> None:
    """Coder took the prompt and the agent did not."""
    connection.execute(sa.update(prompt).where(prompt.c.id == prompt_id).values(refusals=prompt.c.refusals + 1))


def _prompt(row: sa.Row[Any]) -> Prompt:
    values = {key: value for key, value in row._mapping.items() if key in Prompt.model_fields and value is not None}  # noqa: SLF001 - SQLAlchemy's public name
    for key in ("created_at", "sent_at"):
        if key in values:
            values[key] = values[key] / 1000
    return Prompt.model_validate(values)
