"""What Coder shows of a task: taken in, remembered, and told to whom it concerns. Each use case is one transaction."""

from __future__ import annotations

from typing import Any

from bot import changes, prompts, queue
from bot.cards import clock_view, look_again
from bot.models import (
    Asked,
    Card,
    Change,
    Condition,
    Memory,
    Phase,
    Snapshot,
    Task,
    Verb,
)
from bot.ripples import shown_elsewhere, told_elsewhere
from bot.store import Connection
from bot.store.card_rows import cards_of
from bot.store.lanes import NewItem, enqueue, nudge
from bot.store.look_rows import lock_look, save_look
from bot.store.moments import now
from bot.store.task_rows import close_task, lock_task, save_task

_RUNS = {Condition.WORKING, Condition.WAITING, Condition.COMPLETE, Condition.FAILED}
_COMES_UP = {Condition.QUEUED, Condition.STARTING, Condition.RESUMING, Condition.PAUSING, Condition.PAUSED}
# After so long without a sign of it, what was asked is not shown as under way any more.
_ASKED_HOLDS = {Verb.PAUSE: 600.0, Verb.RESUME: 1800.0, Verb.RETRY: 1800.0, Verb.RESTART: 1800.0, Verb.DELETE: 3600.0}

_STARTED = _RUNS | {Condition.BUILD_FAILED, Condition.UNHEALTHY, Condition.PAUSED}
_RESTS = {Condition.PAUSING, Condition.PAUSED}
# Where what was asked ends, well or not.
_OVER = {
    Verb.PAUSE: {Condition.BUILD_FAILED},
    Verb.RESUME: _STARTED,
    Verb.RETRY: _STARTED,
    Verb.RESTART: _RUNS | {Condition.BUILD_FAILED, Condition.UNHEALTHY},
    Verb.DELETE: set[Condition](),
}


def observe(connection: Connection, task_id: str, snapshot: Snapshot, settle: float) -> Change | None:
    """Take in what Coder says of a task now: remember it, show it, and tell what is worth telling."""
    task, at = lock_look(connection, task_id)
    if task.phase is not Phase.OPEN:
        return None
    old = task.snapshot
    snapshot = changes.with_last_words(old, snapshot)
    memory = task.memory
    if old is not None and snapshot.build_number > old.build_number:
        memory = changes.rebuilt(memory, snapshot, at)
    news = changes.between(memory, snapshot, at, settle)
    asked = _still_asked(task.asked, memory.condition, news.memory.condition, at)
    if asked is not None and old is not None and _was_overtaken(asked, old, snapshot, news.memory.condition):
        asked = None
    seen = task.model_copy(update={"snapshot": snapshot, "memory": news.memory, "asked": asked, "missing": 0})
    cards = cards_of(connection, task_id)
    save_look(connection, task_id, snapshot, news.memory, asked=asked, look_at=_look_again(seen, cards, at))
    # Lanes in the order in which all use cases lock them: coder, prompt, card, thread.
    if task.asked is not None and (old is None or old.workspace_status != snapshot.workspace_status):
        nudge(connection, queue.create_task(task_id).lane)  # what was asked may have waited for a build to end
    if _prompts_can_go(task, snapshot, news.memory):
        nudge(connection, queue.prompt_lane(task_id))
    told = _replies(seen, cards, news.change, old) if news.change else []
    elsewhere = told_elsewhere(connection, seen, cards, news.change) if news.change else []
    edits = [queue.edit_card(card) for card in cards]
    enqueue(connection, *edits, *told, *elsewhere, *shown_elsewhere(connection, seen))
    return news.change


def _look_again(task: Task, cards: list[Card], at: float) -> float | None:
    """When to look again although Coder says the same: at the next tick while anything is open, else by the cards."""
    asked = task.asked is not None and task.memory.condition is not Condition.PAUSED  # who paused is not news
    turning = at - task.memory.turn_since < 2 * changes.OLD_REPORT_HOLDS
    if asked or turning or task.memory.candidate is not None:
        return at
    return look_again(clock_view(task, at)) if cards else None


def _replies(task: Task, cards: list[Card], change: Change, old: Snapshot | None) -> list[NewItem]:
    """What the threads are told of a change that Coder showed."""
    asked, last = task.asked, old.report if old else None
    if change.condition is Condition.PAUSED and asked is not None and asked.verb is Verb.RESTART:
        return []  # only half of what was asked for: it starts again
    if change.condition is Condition.WORKING and last is not None and last.message == change.message:
        change = change.model_copy(update={"message": ""})  # what it said before it began is not what it does
    by = asked.by_name if change.condition is Condition.PAUSED and asked and asked.verb is Verb.PAUSE else ""
    return _told(cards, change, by=by)


def _told(cards: list[Card], change: Change, **facts: Any) -> list[NewItem]:
    """A change for the threads whose level asks for it."""
    return [
        queue.post_change(card, changes.for_level(change, card.level), **facts)
        for card in cards
        if _is_told(card, change)
    ]


def _is_told(card: Card, change: Change) -> bool:
    """Whether the card's thread hears of the change: what a watch has asked for, else what the level says."""
    if card.events is not None:
        return changes.event_of(change.condition) in card.events
    return changes.earns_reply(change, card.level)


def _still_asked(asked: Asked | None, before: Condition, after: Condition, at: float) -> Asked | None:
    """What was asked stays until it is seen to be done, or to have failed; who paused stays as long as the pause."""
    if asked is None or (at - asked.at > _ASKED_HOLDS[asked.verb] and after is not Condition.PAUSED):
        return None
    if asked.verb is Verb.PAUSE and before in _RESTS and after not in _RESTS:
        return None  # also when nobody saw the end of the stop before somebody started the workspace again
    if asked.verb is Verb.RESTART and before not in _COMES_UP:
        return asked  # it runs as before, or has only stopped
    return None if before is not after and after in _OVER[asked.verb] else asked


def _was_overtaken(asked: Asked, old: Snapshot, snapshot: Snapshot, after: Condition) -> bool:
    """Whether the stop that was asked for, and a start after it, have come since, whoever saw them."""
    if snapshot.build_number - (asked.build or old.build_number) <= 1:
        return False
    return (
        after not in _RESTS if asked.verb is Verb.PAUSE else asked.verb is Verb.RESTART and after in _OVER[asked.verb]
    )


def _prompts_can_go(task: Task, snapshot: Snapshot, memory: Memory) -> bool:
    """Whether something changed that a waiting prompt may have been waiting for."""
    old = task.snapshot
    moved = old is None or (old.status, old.report) != (snapshot.status, snapshot.report)
    return moved or memory.condition is not task.memory.condition


def missed(connection: Connection, task_id: str) -> None:
    """Coder's list does not have the task; twice in a row means that it is gone."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.OPEN:
        return
    if task.missing == 0 and not (task.asked and task.asked.verb is Verb.DELETE):
        save_task(connection, task_id, missing=1)
        return
    ended(connection, task_id, Condition.GONE)


def ended(connection: Connection, task_id: str, condition: Condition, by_name: str = "") -> None:
    """The task is no more: the card and the thread say so, and what waited for it has failed."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.OPEN:
        return
    asked = task.asked
    if asked and asked.verb is Verb.DELETE:
        condition, by_name = Condition.DELETED, by_name or asked.by_name
    at = now(connection)
    news = changes.enter(task.memory, condition, at, task.snapshot)
    lost = prompts.give_up(connection, task_id)
    save_task(connection, task_id, memory=news.memory)
    close_task(connection, task_id)
    if asked:
        save_task(connection, task_id, asked=asked)  # the card goes on saying who deleted it
    cards = cards_of(connection, task_id)
    told = _told(cards, news.change, by=by_name, lost=lost) if news.change else []
    elsewhere = told_elsewhere(connection, task, cards, news.change) if news.change else []
    enqueue(connection, *(queue.edit_card(card) for card in cards), *told, *elsewhere)
    enqueue(connection, *shown_elsewhere(connection, task))
