"""Who else shows a task or is told of it, beside its cards: roll-ups, Home tabs, direct messages, other channels."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

from bot import changes, policy, queue
from bot.commands import EVENTS
from bot.models import Card, Change, Condition, Level, Phase, Place, Task, Watch
from bot.store import Connection
from bot.store.batch_rows import list_lines, lock_batch
from bot.store.card_rows import add_card, list_channels
from bot.store.lanes import NewItem
from bot.store.look_rows import list_viewers
from bot.store.task_rows import save_task
from bot.store.watch_rows import list_watches

AT_ONCE = 3  # lines of a batch whose tasks are being created

# What a person who asked to be told gets a direct message for: the task needs them, or has ended.
_TOLD = {
    Condition.WAITING,
    Condition.COMPLETE,
    Condition.FAILED,
    Condition.BUILD_FAILED,
    Condition.UNHEALTHY,
    Condition.DELETED,
    Condition.GONE,
}

# What the thread hears of from whose message a task was started, when the task's own thread is another.
_OUTCOMES = _TOLD - {Condition.WAITING}


def shown_elsewhere(connection: Connection, task: Task) -> list[NewItem]:
    """What shows the task's condition and may have to be brought up to date."""
    items = [queue.edit_batch(task.batch_id)] if task.batch_id else []
    return [*items, *(queue.publish_home(viewer) for viewer in list_viewers(connection, task))]


def begin_lines(connection: Connection, batch_id: str | None) -> list[NewItem]:
    """The lines of a batch whose turn it is now: so many that no more than three are being created at a time.

    Whatever ends the creation of a line calls this in the same transaction.
    """
    if batch_id is None:
        return []
    lock_batch(connection, batch_id)
    creating = [one for one in list_lines(connection, batch_id) if one.phase is Phase.CREATING]
    under_way = sum(not one.waits for one in creating)
    begun = [one for one in creating if one.waits][: max(AT_ONCE - under_way, 0)]
    items = []
    for line in begun:
        save_task(connection, line.id, waits=False)
        again = uuid4().hex[:8] if line.refusal else ""  # an earlier try may have made it after all
        items += [queue.create_task(line.id, again), queue.note_slow(line.id, again)]
    return items


def told_elsewhere(connection: Connection, task: Task, cards: Sequence[Card], change: Change) -> list[NewItem]:
    """Whom a change of the task concerns, beside its threads."""
    # The threads of cards that are there are told already; the message that the task came from may have another one.
    items = _outcome_told(task, cards, change)
    items += [_direct_message(task, change)] if task.tell and change.condition in _TOLD else []
    quiet = changes.for_level(change, Level.QUIET)
    for card in add_watched(connection, task, changes.event_of(change.condition), change.at):
        items += [queue.post_card(card), queue.post_change(card, quiet)]
    return items


def source_told(task: Task, card_id: str, channel: str, thread_ts: str) -> list[NewItem]:
    """Let the thread of the message that a task came from know of its card, where that has a thread of its own."""
    source = task.request.source if task.request else None
    if source is None or card_id != _first_card(task) or (source.channel, _root(source)) == (channel, thread_ts):
        return []
    return [queue.post_note(source.channel, "source_note", f"source:{task.id}", _root(source), card=card_id)]


def _outcome_told(task: Task, cards: Sequence[Card], change: Change) -> list[NewItem]:
    """Let the same thread hear how the task has ended, once."""
    source = task.request.source if task.request else None
    first = next((card for card in cards if card.id == _first_card(task)), None)
    if source is None or first is None or change.condition not in _OUTCOMES:
        return []
    if (source.channel, _root(source)) == (first.channel, first.thread_ts):
        return []
    facts = {"card": first.id, "change": change.model_dump(mode="json")}
    return [queue.post_note(source.channel, "source_outcome", f"outcome:{task.id}", _root(source), **facts)]


def _first_card(task: Task) -> str:
    """The id of the card that the task itself has got; others were brought elsewhere."""
    return f"{task.id}-1"


def _root(place: Place) -> str:
    return place.thread_ts or place.ts


def add_watched(connection: Connection, task: Task, event: str, at: float) -> list[Card]:
    """Add the cards of a task that nobody started from Slack, in the channels that want to hear of this event.

    The task's row must be locked: each channel gets one card in all, whoever has it taken out of sight since.
    """
    snapshot = task.snapshot
    if task.request is not None or snapshot is None or not event:
        return []
    seen = list_channels(connection, task.id)
    fitting = [one for one in list_watches(connection) if one.channel not in seen and policy.fits(one, snapshot)]
    wanting = dict.fromkeys(one.channel for one in fitting if event in one.events and at >= one.created_at)
    cards = [
        _watched_card(task, channel, len(seen) + number, [one for one in fitting if one.channel == channel])
        for number, channel in enumerate(wanting, 1)
    ]
    for card in cards:
        add_card(connection, card)
    return cards


def _watched_card(task: Task, channel: str, number: int, watches: Sequence[Watch]) -> Card:
    """A card whose thread is told what any of the channel's watches asks for, and mentions nobody."""
    events = {event for watch in watches for event in watch.events}
    return Card(
        id=f"{task.id}-{number}",
        task_id=task.id,
        channel=channel,
        level=Level.QUIET,
        events=tuple(event for event in EVENTS if event in events),
        shown_by=watches[0].set_by_name,
    )


def _direct_message(task: Task, change: Change) -> NewItem:
    key = f"{task.id}:{change.condition}:{change.turn}:{change.at:.3f}"
    facts = {"task": task.id, "change": change.model_dump(mode="json")}
    return queue.tell_person(task.requester, "task_news", key, **facts)
