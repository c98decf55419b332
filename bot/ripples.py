"""Who else shows a task or is told of it, beside its cards: roll-ups, Home tabs, direct messages, other channels."""

from __future__ import annotations

from collections.abc import Sequence

from bot import queue
from bot.models import Card, Change, Task
from bot.store import Connection
from bot.store.home_rows import is_home_open
from bot.store.lanes import NewItem


def shown_elsewhere(connection: Connection, task: Task) -> list[NewItem]:
    """What shows the task's condition and may have to be brought up to date."""
    items = [queue.edit_batch(task.batch_id)] if task.batch_id else []
    viewers = {one for one in (task.requester, task.owner_slack) if one and is_home_open(connection, one)}
    return [*items, *(queue.publish_home(viewer) for viewer in sorted(viewers))]


def told_elsewhere(connection: Connection, task: Task, cards: Sequence[Card], change: Change) -> list[NewItem]:
    """Whom a change of the task concerns, beside its threads."""
    del connection, task, cards, change
    return []
