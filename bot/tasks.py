"""The use cases of a task: each is one transaction, and none calls out.

Functions take the transaction's connection first and are run by `Database.run`. What must leave the bot goes into the
outbox in the same transaction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bot import changes, names, problems, queue
from bot.commands import Command, Create, run_again
from bot.errors import UserError
from bot.models import (
    Asked,
    Card,
    Condition,
    Content,
    CreateRequest,
    Level,
    Memory,
    Origin,
    Person,
    Phase,
    Place,
    Snapshot,
    StartRule,
    Task,
    Verb,
)
from bot.ripples import begin_lines, shown_elsewhere, source_told
from bot.store import Connection
from bot.store.card_rows import add_card, cards_of, find_thread, get_card, save_card
from bot.store.home_rows import list_homes
from bot.store.lanes import enqueue, nudge
from bot.store.moments import now
from bot.store.person_rows import find_by_coder_id
from bot.store.settings_rows import get_channel, get_person_settings
from bot.store.task_rows import (
    add_task,
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


def create(connection: Connection, command: Create, origin: Origin) -> bool:
    """Take in the wish for a new task; False when this very request was taken in before."""
    request = command.request
    check_start(connection, request.place.channel if request.place else origin.channel)
    task = new_task(request, origin)
    if not add_task(connection, task, origin.key):
        return False
    enqueue(connection, queue.create_task(task.id), queue.note_slow(task.id))
    return True


def id_of(key: str) -> str:
    """The id of the task that is made for the request with this key."""
    return sha256(key.encode()).hexdigest()[:32]


def new_task(request: CreateRequest, origin: Origin) -> Task:
    """A task that Coder has not been asked for; its name is always the same for the same request."""
    return Task(
        id=id_of(origin.key),
        phase=Phase.CREATING,
        requester=origin.user,
        request=request,
        answer=origin,
        name=request.name or names.task_name(request.prompt, origin.key),
        created_at=0.0,
        tell=request.tell,
    )


def check_start(connection: Connection, channel: str) -> None:
    """Raise the UserError `channel_off` where nobody may start tasks."""
    settings = get_channel(connection, channel)
    if settings.start is StartRule.NOBODY:
        raise problems.channel_off(settings.changed_by_name, settings.changed_at)


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
    place = (task.request.place if task.request else None) or Place(channel=task.answer.channel)
    card = Card(
        id=f"{task_id}-1",
        task_id=task_id,
        channel=place.channel,
        thread_ts=_free_thread(connection, place),
        level=level_of(connection, task, place.channel),
    )
    add_card(connection, card)
    # The prompt is the first reply whatever happens before the card is posted: its place in the lane is now.
    enqueue(connection, queue.post_card(card), queue.post_reply(card, "prompt", "prompt"))
    elsewhere = shown_elsewhere(connection, get_task(connection, task_id))
    enqueue(connection, *begin_lines(connection, task.batch_id), *elsewhere)


def _free_thread(connection: Connection, place: Place) -> str | None:
    """The thread into which the card is posted: none where another task has it that has not ended."""
    found = find_thread(connection, place.channel, place.thread_ts) if place.thread_ts else None
    return None if found and found[1].phase is Phase.OPEN else place.thread_ts or None


def level_of(connection: Connection, task: Task, channel: str) -> Level:
    """How much the thread is told: as asked for, else as the person, else as the channel has set it."""
    asked = task.request.level if task.request else None
    own = get_person_settings(connection, task.requester).level
    return asked or own or get_channel(connection, channel).level or Level.IMPORTANT


def refused(connection: Connection, task_id: str, content: Content) -> None:
    """Coder will not have the task: the person reads why, and the channel sees nothing."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.CREATING:
        return
    save_task(connection, task_id, phase=Phase.REFUSED, answer=None, refusal=content.text)
    if task.answer is not None and task.batch_id is None:  # the roll-up says it of a batch
        enqueue(connection, queue.private_answer(task.answer, content, f"refused:{task_id}"))
    elsewhere = shown_elsewhere(connection, get_task(connection, task_id))
    enqueue(connection, *begin_lines(connection, task.batch_id), *elsewhere)


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
        told = elsewhere if task.batch_id is None else None  # the roll-up links all cards of a batch
        line = queue.private_answer(task.answer, told, f"elsewhere:{card_id}") if told else None
        items.append(line or queue.remove_answer(task.answer))
        save_task(connection, task.id, answer=None)
    enqueue(connection, *items, *source_told(task, card_id, posted.channel, thread_ts))
    enqueue(connection, *shown_elsewhere(connection, task))
    nudge(connection, queue.post_reply(card, "prompt", "prompt").lane)


def card_moved(connection: Connection, card_id: str, ts: str, thread_ts: str | None, link: str) -> None:
    """The card's message could not be edited any more; this one has taken its place."""
    save_card(connection, card_id, ts=ts, thread_ts=thread_ts, link=link, shown=None, edited_at=0)
    task_id = get_card(connection, card_id).task_id
    enqueue(connection, *shown_elsewhere(connection, get_task(connection, task_id)))


def adopt(connection: Connection, snapshot: Snapshot, person: Person | None, memory: Memory | None = None) -> Task:
    """Know a task that was not created from Slack, so that it can be steered like any other; it has no card.

    From now on it stands on the Home tabs of those whom it concerns.
    `person` has asked for something; `memory` is what is remembered of it, if not all that Coder says now.
    """
    known = find_task(connection, snapshot.id)
    if known is not None:
        return known
    at = now(connection)
    owner = find_by_coder_id(connection, snapshot.owner_id)
    task = Task(
        id=sha256(snapshot.id.encode()).hexdigest()[:32],
        phase=Phase.OPEN,
        requester=person.slack_user if person else "",
        name=snapshot.name,
        created_at=at,
        coder_id=snapshot.id,
        owner_id=snapshot.owner_id,
        owner_slack=owner.slack_user if owner else None,
        snapshot=snapshot,
        memory=memory or changes.between(Memory(since=at, began=snapshot.created_at), snapshot, at, 0.0).memory,
    )
    add_task(connection, task, None)
    enqueue(connection, *shown_elsewhere(connection, task))
    return find_task(connection, snapshot.id) or task


def ask(connection: Connection, task_id: str, verb: Verb, origin: Origin) -> bool:
    """Ask for the machine to be paused, resumed, retried, restarted or deleted; False when the task has ended.

    The first who asks is done the will of; UserError `already_done` tells the others who that was.
    """
    task = lock_task(connection, task_id)
    if task.phase is not Phase.OPEN:
        return False
    check_first(task, verb, origin)
    build, at = task.snapshot.build_number if task.snapshot else 0, now(connection)
    asked = Asked(verb=verb, by=origin.user, by_name=origin.user_name, at=at, key=origin.key, build=build)
    if enqueue(connection, queue.control(task_id, verb, origin, build)):
        save_task(connection, task_id, asked=asked)
        refresh(connection, task_id)
    return True


def check_first(task: Task, verb: Verb, origin: Origin) -> None:
    """Raise the UserError `already_done` where the same is under way because somebody else, or another click, asked."""
    asked = task.asked
    if asked is None or asked.verb is not verb or asked.key == origin.key:
        return
    # Who paused is kept for as long as the pause: one that has come is a thing of the past.
    if verb is not Verb.PAUSE or task.memory.condition is not Condition.PAUSED:
        raise _done_by(asked)


def ended(task: Task) -> UserError:
    """What to say of a task that is no more: who deleted it, or that it is gone."""
    asked = task.asked
    if asked is not None and asked.verb is Verb.DELETE:
        return _done_by(asked)
    return problems.task_gone(run_again(task.coder_id or ""))


def _done_by(asked: Asked) -> UserError:
    name = asked.by_name or ("Somebody" if asked.by else "")
    return problems.already_done(name, asked.verb, asked.at)


def not_done(connection: Connection, task_id: str, origin: Origin, content: Content) -> None:
    """Coder would not do what was asked: the card goes back to what it was, the person reads why."""
    save_task(connection, task_id, asked=None)
    refresh(connection, task_id)
    enqueue(connection, queue.private_answer(origin, content, f"not_done:{origin.key}"))


def refresh(connection: Connection, task_id: str) -> None:
    """Bring the cards of a task up to date, and what else shows it."""
    enqueue(connection, *(queue.edit_card(card) for card in cards_of(connection, task_id)))
    enqueue(connection, *shown_elsewhere(connection, get_task(connection, task_id)))


def refresh_all(connection: Connection) -> None:
    """Bring all cards and Home tabs up to date: Coder fell silent, or speaks again."""
    cards = [card for task in list_open(connection) for card in cards_of(connection, task.id)]
    homes = [queue.publish_home(user) for user in list_homes(connection)]
    enqueue(connection, *(queue.edit_card(card) for card in cards), *homes)


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
