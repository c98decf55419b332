"""What a card shows: a task, what was asked of it, and what waits for it, put together from one transaction."""

from __future__ import annotations

from bot import policy
from bot.blocks.card import next_look
from bot.models import CardView, Condition, Details, Phase, Report, Snapshot, Status, Task, Verb
from bot.store import Connection
from bot.store.moments import Moment, get_moment
from bot.store.person_rows import find_by_coder_id
from bot.store.prompt_rows import list_waiting
from bot.store.settings_rows import get_channel

# The place in the provisioners' queue is worth a look after this long, and then less and less often.
QUEUE_SECONDS = 5.0
_QUEUE_LONGEST = 60.0
_COMES_UP = {Condition.QUEUED, Condition.STARTING, Condition.RESUMING}
_AT_REST = {Condition.PAUSED, Condition.PAUSING, Condition.RESUMING, Condition.DELETED, Condition.GONE}


def card_view(connection: Connection, task: Task, at: float, revision: int = 1, channel: str = "") -> CardView:
    """Everything that the task's card in a channel shows at this instant; the task must have a snapshot."""
    view = clock_view(task, at)
    owner = find_by_coder_id(connection, task.snapshot.owner_id) if task.snapshot else None
    return view.model_copy(
        update={
            "owner": owner.name if owner else view.owner,
            "waiting_prompts": len(list_waiting(connection, task.id)),
            "stale_since": get_moment(connection, Moment.CODER_SILENT),
            "revision": revision,
            "steered": bool(channel) and policy.is_open(task, get_channel(connection, channel)),
        }
    )


def clock_view(task: Task, at: float) -> CardView:
    """What the task alone says of its card while Coder answers: enough to know when the card changes by the clock."""
    snapshot = task.snapshot
    if snapshot is None:
        raise LookupError(f"task {task.id} has no snapshot yet")
    condition, since = shown_condition(task)
    return CardView(
        task_id=snapshot.id,
        name=snapshot.name,
        title=snapshot.title,
        url=snapshot.url,
        owner=snapshot.owner_name,
        template=snapshot.template,
        created_at=snapshot.created_at,
        now=at,
        condition=condition,
        since=since,
        report=_report(snapshot, condition),
        details=_details(task, snapshot, condition),
        asked=task.asked,
        began=task.memory.began,
    )


def _report(snapshot: Snapshot, condition: Condition) -> Report | None:
    """What the report slot shows: while a task comes up that is Coder's own words, not yet the agent's."""
    if condition in _COMES_UP and snapshot.status not in {Status.PENDING, Status.INITIALIZING}:
        return None
    return snapshot.report


def _details(task: Task, snapshot: Snapshot, condition: Condition) -> Details | None:
    """What is known of the present build; of an unhealthy agent the reason is in the task itself."""
    known = task.details if task.details and task.details.build_number == snapshot.build_number else None
    if condition is not Condition.UNHEALTHY:
        return known
    return (known or Details(build_number=snapshot.build_number)).model_copy(update={"cause": snapshot.health_reason})


def look_again(view: CardView) -> float | None:
    """When the card may change although Coder's list of tasks does not: by the clock, or in a queue."""
    times = [next_look(view)]
    if view.condition is Condition.QUEUED:
        times.append(view.now + min(max((view.now - view.since) / 4, QUEUE_SECONDS), _QUEUE_LONGEST))
    return min((at for at in times if at is not None), default=None)


def queues(view: CardView) -> bool:
    """Whether the task has waited for long enough to ask for its place in the queue."""
    return view.condition is Condition.QUEUED and view.now - view.since >= QUEUE_SECONDS


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
