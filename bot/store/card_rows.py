"""The card table."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.models import Card, Phase, Task
from bot.store.clock import now_ms
from bot.store.schema import card, task
from bot.store.task_rows import get_task

# Built once: every change of a task, and every message in a thread, needs them.
_OF_TASK = (
    sa.select(card)
    .where(card.c.task_id == sa.bindparam("which"), card.c.unfollowed_at.is_(None))
    .order_by(card.c.created_at, card.c.id)
)
_OF_THREAD = (
    sa.select(card)
    .where(
        card.c.channel == sa.bindparam("place"),
        card.c.thread_ts == sa.bindparam("thread"),
        card.c.unfollowed_at.is_(None),
    )
    .order_by(card.c.created_at.desc())
    .limit(1)
)
_SEEN = (
    sa.update(card)
    .where(
        card.c.id == sa.bindparam("which"),
        sa.or_(card.c.seen_ts.is_(None), card.c.seen_ts < sa.bindparam("seen", type_=sa.Text)),
    )
    .values(seen_ts=sa.bindparam("seen", type_=sa.Text))
)


def add_card(connection: sa.Connection, new: Card) -> None:
    """Add a card that is not posted yet."""
    values = new.model_dump(mode="json", exclude={"edited_at", "unfollowed_at"})
    connection.execute(sa.insert(card).values(**values, created_at=now_ms()))
    # a card changes with the clock, too: the next poll says when
    connection.execute(sa.update(task).where(task.c.id == new.task_id).values(look_at=now_ms()))


def get_card(connection: sa.Connection, card_id: str) -> Card:
    """The card with our id; LookupError when there is none."""
    found = connection.execute(sa.select(card).where(card.c.id == card_id)).first()
    if found is None:
        raise LookupError(card_id)
    return _card(found)


def is_card(connection: sa.Connection, card_id: str) -> bool:
    """Whether there is, or was, a card with our id."""
    return connection.execute(sa.select(card.c.id).where(card.c.id == card_id)).first() is not None


def cards_of(connection: sa.Connection, task_id: str) -> list[Card]:
    """The cards that follow a task, oldest first."""
    return [_card(row) for row in connection.execute(_OF_TASK, {"which": task_id})]


def list_channels(connection: sa.Connection, task_id: str) -> list[str]:
    """The channels of all cards that the task has ever had, one for each card."""
    rows = connection.execute(sa.select(card.c.channel).where(card.c.task_id == task_id))
    return [row.channel for row in rows]


def mark_unfollowed(connection: sa.Connection, card_id: str, by: str) -> None:
    """The card follows its task no longer, because somebody said so."""
    values = {"unfollowed_by": by, "unfollowed_at": now_ms()}
    connection.execute(sa.update(card).where(card.c.id == card_id).values(**values))


def find_thread(connection: sa.Connection, channel: str, thread_ts: str) -> tuple[Card, Task] | None:
    """The newest card whose thread this is, and its task; a card that follows no longer has no thread."""
    found = connection.execute(_OF_THREAD, {"place": channel, "thread": thread_ts}).first()
    return (_card(found), get_task(connection, found.task_id)) if found else None


def is_posting(connection: sa.Connection, channel: str, user: str) -> bool:
    """Whether a card of the last hour is on its way into a channel in which the user writes, or there unknown to us.

    An open task's card that is just being posted anew is on its way, too.
    """
    here = card.c.channel == channel
    if channel.startswith("D"):  # cards for direct messages are on their way to a person
        # where a channel refuses its card, it comes to who asked for the task
        refused = task.c.requester == user
        here = sa.or_(here, card.c.channel.startswith("U"), card.c.channel.startswith("W"), refused)
    is_new = card.c.ts.is_(None) & (card.c.created_at > now_ms() - 3600 * 1000)
    is_gone = card.c.ts.isnot(None) & card.c.shown.is_(None) & (task.c.phase == Phase.OPEN)
    query = (
        sa.select(card.c.id)
        .join(task, task.c.id == card.c.task_id)
        .where(here, is_new | is_gone, card.c.unfollowed_at.is_(None))
    )
    return connection.execute(query.limit(1)).first() is not None


def list_open_threads(connection: sa.Connection) -> list[Card]:
    """The posted cards of open tasks: the threads where somebody may have written."""
    query = sa.select(card).join(task, task.c.id == card.c.task_id)
    query = query.where(task.c.phase == Phase.OPEN, card.c.ts.isnot(None), card.c.unfollowed_at.is_(None))
    return [_card(row) for row in connection.execute(query)]


def cards_in(connection: sa.Connection, channel: str) -> list[Card]:
    """The posted cards of open tasks in a channel."""
    return [one for one in list_open_threads(connection) if one.channel == channel]


def save_card(connection: sa.Connection, card_id: str, /, **changes: Any) -> None:
    """Change some columns."""
    connection.execute(sa.update(card).where(card.c.id == card_id).values(**changes))


def mark_edited(connection: sa.Connection, card_id: str, revision: int, shown: str) -> None:
    """Slack shows this revision now; an older one that reports late changes nothing."""
    newer = sa.update(card).where(card.c.id == card_id, card.c.revision < revision)
    connection.execute(newer.values(revision=revision, shown=shown, edited_at=now_ms()))


def mark_seen(connection: sa.Connection, card_id: str, ts: str) -> None:
    """A message of the thread was taken in."""
    connection.execute(_SEEN, {"which": card_id, "seen": ts})


def _card(row: sa.Row[Any]) -> Card:
    values = {key: value for key, value in row._mapping.items() if key in Card.model_fields and value is not None}  # noqa: SLF001 - SQLAlchemy's public name
    if row.unfollowed_at is not None:
        values["unfollowed_at"] = row.unfollowed_at / 1000
    return Card.model_validate({**values, "edited_at": row.edited_at / 1000})
