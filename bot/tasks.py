"""The use cases of a task: each is one transaction, and none calls out.

Functions take the transaction's connection first and are run by `Database.run`. What must leave the bot goes into the
outbox in the same transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bot import changes, names, prompts, queue
from bot.cards import card_view, look_again
from bot.commands import Command, Create
from bot.models import (
    Asked,
    Card,
    Change,
    Condition,
    Content,
    CreateRequest,
    Memory,
    Origin,
    Person,
    Phase,
    Snapshot,
    Task,
    Verb,
)
from bot.store import Connection
from bot.store.card_rows import add_card, cards_of, get_card, save_card
from bot.store.lanes import NewItem, enqueue, nudge
from bot.store.moments import now
from bot.store.person_rows import find_by_coder_id
from bot.store.task_rows import (
    add_task,
    close_task,
    find_by_request,
    get_task,
    list_open,
    lock_task,
    save_task,
)
from bot.store.task_rows import (
    find_by_coder_id as find_task,
)

# Runs a use case in a transaction: `await run(tasks.create, command, origin)`.
Run = Callable[..., Awaitable[Any]]

_RUNS = {Condition.WORKING, Condition.WAITING, Condition.COMPLETE, Condition.FAILED}
_COMES_UP = {Condition.QUEUED, Condition.STARTING, Condition.RESUMING, Condition.PAUSING, Condition.PAUSED}
# After so long without a sign of it, what was asked is not shown as under way any more.
_ASKED_HOLDS = {Verb.PAUSE: 600.0, Verb.RESUME: 1800.0, Verb.RETRY: 1800.0, Verb.RESTART: 1800.0, Verb.DELETE: 3600.0}

_STARTED = _RUNS | {Condition.BUILD_FAILED, Condition.UNHEALTHY, Condition.PAUSED}
# Where what was asked ends, well or not.
_OVER = {
    Verb.PAUSE: {Condition.BUILD_FAILED},
    Verb.RESUME: _STARTED,
    Verb.RETRY: _STARTED,
    Verb.RESTART: _RUNS | {Condition.BUILD_FAILED, Condition.UNHEALTHY},
    Verb.DELETE: set[Condition](),
}


def create(connection: Connection, command: Create, origin: Origin) -> bool:
    """Take in the wish for a new task; False when this very request was taken in before."""
    request = command.request
    task = Task(
        id=sha256(origin.key.encode()).hexdigest()[:32],
        phase=Phase.CREATING,
        requester=origin.user,
        request=request,
        answer=origin,
        name=request.name or names.task_name(request.prompt, origin.key),
        created_at=0.0,
    )
    if not add_task(connection, task, origin.key):
        return False
    enqueue(connection, queue.create_task(task.id), queue.note_slow(task.id))
    return True


def rename(connection: Connection, task_id: str, name: str) -> None:
    """Use another name for a task that Coder has not accepted: the first one is somebody else's."""
    save_task(connection, task_id, name=name)


def accepted(connection: Connection, task_id: str, snapshot: Snapshot, owner_slack: str | None) -> None:
    """Coder has the task: from now on it has a card."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.CREATING:
        return
    at = now(connection)
    save_task(
        connection,
        task_id,
        phase=Phase.OPEN,
        coder_id=snapshot.id,
        owner_id=snapshot.owner_id,
        owner_slack=owner_slack,
        name=snapshot.name,
        snapshot=snapshot,
        memory=Memory(condition=Condition.QUEUED, since=at, began=task.created_at),
        look_at=at,  # a task that an earlier try made may be far from its beginning
    )
    if task.answer is None:
        return
    level = task.request.level if task.request else CreateRequest(prompt="").level
    card = Card(id=f"{task_id}-1", task_id=task_id, channel=task.answer.channel, level=level)
    add_card(connection, card)
    # The prompt is the first reply whatever happens before the card is posted: its place in the lane is now.
    enqueue(connection, queue.post_card(card), queue.post_reply(card, "prompt", "prompt"))


def refused(connection: Connection, task_id: str, content: Content) -> None:
    """Coder will not have the task: the person reads why, and the channel sees nothing."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.CREATING:
        return
    save_task(connection, task_id, phase=Phase.REFUSED, answer=None)
    if task.answer is not None:
        enqueue(connection, queue.private_answer(task.answer, content, f"refused:{task_id}"))


@dataclass(frozen=True)
class Posted:
    """A card's message as Slack has it; `shown` is the fingerprint of what it shows."""

    channel: str
    ts: str
    link: str
    shown: str


def card_posted(connection: Connection, card_id: str, posted: Posted, elsewhere: Content | None = None) -> None:
    """Slack has the card: its thread begins, and the private line goes, or says that the card is `elsewhere`."""
    card = get_card(connection, card_id)
    if card.ts is not None:
        return
    thread_ts = card.thread_ts if card.thread_ts and elsewhere is None else posted.ts
    place = {"channel": posted.channel, "ts": posted.ts, "thread_ts": thread_ts}
    at = int(now(connection) * 1000)
    shows = {"seen_ts": posted.ts, "shown": posted.shown, "link": posted.link, "revision": 1, "edited_at": at}
    save_card(connection, card_id, **place, **shows)
    task = lock_task(connection, card.task_id)
    items = [queue.edit_card(card)]
    if not posted.shown:  # it was posted by a try that crashed: somebody may have written in its thread since
        items.append(queue.catch_up(card, "posted"))
    if task.answer is not None:
        line = queue.private_answer(task.answer, elsewhere, f"elsewhere:{card_id}") if elsewhere else None
        items.append(line or queue.remove_answer(task.answer))
        save_task(connection, task.id, answer=None)
    enqueue(connection, *items)
    nudge(connection, queue.post_reply(card, "prompt", "prompt").lane)


def card_moved(connection: Connection, card_id: str, ts: str, thread_ts: str | None, link: str) -> None:
    """The card's message could not be edited any more; this one has taken its place."""
    save_card(connection, card_id, ts=ts, thread_ts=thread_ts, link=link, shown=None, edited_at=0)


def adopt(connection: Connection, snapshot: Snapshot, person: Person) -> Task:
    """Know a task that was not created from Slack, so that it can be steered like any other; it has no card."""
    known = find_task(connection, snapshot.id)
    if known is not None:
        return known
    at = now(connection)
    owner = find_by_coder_id(connection, snapshot.owner_id)
    task = Task(
        id=sha256(snapshot.id.encode()).hexdigest()[:32],
        phase=Phase.OPEN,
        requester=person.slack_user,
        name=snapshot.name,
        created_at=at,
        coder_id=snapshot.id,
        owner_id=snapshot.owner_id,
        owner_slack=owner.slack_user if owner else None,
        snapshot=snapshot,
        memory=changes.between(Memory(since=at, began=snapshot.created_at), snapshot, at, 0.0).memory,
    )
    add_task(connection, task, None)
    return find_task(connection, snapshot.id) or task


def observe(connection: Connection, task_id: str, snapshot: Snapshot, settle: float) -> Change | None:
    """Take in what Coder says of a task now: remember it, show it, and tell what is worth telling."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.OPEN:
        return None
    at, old = now(connection), task.snapshot
    snapshot = changes.with_last_words(old, snapshot)
    memory = task.memory
    if old is not None and snapshot.build_number > old.build_number:
        memory = changes.rebuilt(memory, snapshot, at)
    news = changes.between(memory, snapshot, at, settle)
    asked = _still_asked(task.asked, memory.condition, news.memory.condition, at)
    seen = task.model_copy(update={"snapshot": snapshot, "memory": news.memory, "asked": asked, "missing": 0})
    cards = cards_of(connection, task_id)
    look_at = look_again(card_view(connection, seen, at)) if cards else None
    values = {"snapshot": snapshot, "memory": news.memory, "asked": asked, "missing": 0, "look_at": look_at}
    save_task(connection, task_id, **values, name=snapshot.name)
    # Lanes in the order in which all use cases lock them: coder, prompt, card, thread.
    if task.asked is not None and (old is None or old.workspace_status != snapshot.workspace_status):
        nudge(connection, queue.create_task(task_id).lane)  # what was asked may have waited for a build to end
    if _prompts_can_go(task, snapshot, news.memory):
        nudge(connection, queue.prompt_lane(task_id))
    told = _replies(seen, cards, news.change, old) if news.change else []
    enqueue(connection, *(queue.edit_card(card) for card in cards), *told)
    return news.change


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
        if changes.earns_reply(change, card.level)
    ]


def _still_asked(asked: Asked | None, before: Condition, after: Condition, at: float) -> Asked | None:
    """What was asked stays until it is seen to be done, or to have failed; who paused stays as long as the pause."""
    if asked is None or (at - asked.at > _ASKED_HOLDS[asked.verb] and after is not Condition.PAUSED):
        return None
    if asked.verb is Verb.PAUSE and before is Condition.PAUSED is not after:
        return None
    if asked.verb is Verb.RESTART and before not in _COMES_UP:
        return asked  # it runs as before, or has only stopped
    return None if before is not after and after in _OVER[asked.verb] else asked


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
    enqueue(connection, *(queue.edit_card(card) for card in cards), *told)


def ask(connection: Connection, task_id: str, verb: Verb, origin: Origin) -> bool:
    """Ask for the machine to be paused, resumed, retried, restarted or deleted; False when the task has ended."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.OPEN:
        return False
    asked = Asked(verb=verb, by=origin.user, by_name=origin.user_name, at=now(connection))
    build = task.snapshot.build_number if task.snapshot else 0
    if enqueue(connection, queue.control(task_id, verb, origin, build)):
        save_task(connection, task_id, asked=asked)
        refresh(connection, task_id)
    return True


def not_done(connection: Connection, task_id: str, origin: Origin, content: Content) -> None:
    """Coder would not do what was asked: the card goes back to what it was, the person reads why."""
    save_task(connection, task_id, asked=None)
    refresh(connection, task_id)
    enqueue(connection, queue.private_answer(origin, content, f"not_done:{origin.key}"))


def refresh(connection: Connection, task_id: str) -> None:
    """Bring the cards of a task up to date."""
    enqueue(connection, *(queue.edit_card(card) for card in cards_of(connection, task_id)))


def refresh_all(connection: Connection) -> None:
    """Bring all cards up to date: Coder fell silent, or speaks again."""
    cards = [card for task in list_open(connection) for card in cards_of(connection, task.id)]
    enqueue(connection, *(queue.edit_card(card) for card in cards))


def answer(connection: Connection, command: Command, origin: Origin) -> None:
    """Take in a command that has to look into Coder before it can be answered."""
    enqueue(connection, queue.answer_command(command, origin))


def show_at_once(connection: Connection, origin: Origin, content: Content) -> None:
    """Show an answer that needed no look into Coder."""
    enqueue(connection, queue.private_answer(origin, content, f"at_once:{origin.key}"))


def dismiss(connection: Connection, origin: Origin) -> None:
    """The person needs a private answer no longer."""
    enqueue(connection, queue.remove_answer(origin))


def of_request(connection: Connection, key: str) -> Task | None:
    """The task that a request made."""
    return find_by_request(connection, key)


def by_id(connection: Connection, task_id: str) -> Task:
    """The task with our id."""
    return get_task(connection, task_id)


def by_coder_id(connection: Connection, coder_id: str) -> Task | None:
    """The task with Coder's id: what buttons carry."""
    return find_task(connection, coder_id)
