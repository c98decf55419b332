"""What a card shows: a task, what was asked of it, and what waits for it, put together from one transaction."""

from __future__ import annotations

from bot.models import CardView, Condition, Phase, Task, Verb
from bot.store import Connection
from bot.store.moments import Moment, get_moment
from bot.store.person_rows import find_by_coder_id
from bot.store.prompt_rows import list_waiting

_AT_REST = {Condition.PAUSED, Condition.PAUSING, Condition.RESUMING, Condition.DELETED, Condition.GONE}


def card_view(connection: Connection, task: Task, at: float, revision: int = 1) -> CardView:
    """Everything that the task's card shows at this instant; the task must have a snapshot."""
    snapshot = task.snapshot
    if snapshot is None:
        raise LookupError(f"task {task.id} has no snapshot yet")
    owner = find_by_coder_id(connection, snapshot.owner_id)
    condition, since = shown_condition(task)
    details = task.details if task.details and task.details.build_number == snapshot.build_number else None
    return CardView(
        task_id=snapshot.id,
        name=snapshot.name,
        title=snapshot.title,
        url=snapshot.url,
        owner=owner.name if owner else snapshot.owner_name,
        template=snapshot.template,
        created_at=snapshot.created_at,
        now=at,
        condition=condition,
        since=since,
        report=snapshot.report,
        details=details,
        asked=task.asked,
        began=task.memory.began,
        waiting_prompts=len(list_waiting(connection, task.id)),
        stale_since=get_moment(connection, Moment.CODER_SILENT),
        revision=revision,
    )


def shown_condition(task: Task) -> tuple[Condition, float]:
    """The condition to show and since when: what somebody has asked for shows before Coder has begun with it."""
    memory, asked = task.memory, task.asked
    if asked is not None and task.phase is Phase.OPEN:
        shown = _under_way(asked.verb, memory.condition)
        if shown is not None:
            return shown, asked.at
    return memory.condition, memory.since


def _under_way(verb: Verb, condition: Condition) -> Condition | None:
    match verb:
        case Verb.DELETE:
            return Condition.DELETING
        case Verb.PAUSE if condition not in _AT_REST:
            return Condition.PAUSING
        case Verb.RESUME if condition is Condition.PAUSED:
            return Condition.RESUMING
        case Verb.RETRY if condition is Condition.BUILD_FAILED:
            return Condition.QUEUED
        case Verb.RESTART if condition is not Condition.STARTING:
            return Condition.RESUMING
        case _:
            return None
