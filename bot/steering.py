"""The use cases of steering a task from a form, a menu or a shortcut: what a form shows, who steers, what is told."""

from __future__ import annotations

from dataclasses import dataclass

from bot import policy, problems, prompts, queue, tasks
from bot.blocks.lists import rank
from bot.cards import card_view
from bot.commands import Send
from bot.models import Card, CardView, Condition, Level, Origin, Person, Phase, Place, PromptState, Task, Verb
from bot.store import Connection
from bot.store.card_rows import cards_of, find_thread, save_card
from bot.store.lanes import enqueue
from bot.store.moments import now
from bot.store.person_rows import find_by_coder_id, find_person
from bot.store.prompt_rows import find_message, save_prompt
from bot.store.settings_rows import get_channel
from bot.store.task_rows import find_by_coder_id as find_task
from bot.store.task_rows import list_open, lock_task, save_task

# A match of e-mails that is older does not refuse a form: roles change, and the submit asks anew.
_FRESH_SECONDS = 3600.0
_CANNOT = {"send": "prompt", "delete": "delete", "notify": "change the notifications of"}
_GOES = {Condition.DELETING, Condition.DELETED, Condition.GONE}


@dataclass(frozen=True)
class Shown:
    """What a form shows of a task that somebody wants to steer from a channel."""

    task: Task
    card: Card | None
    view: CardView


def shown(connection: Connection, what: str, coder_id: str, origin: Origin) -> Shown | None:
    """The task as a form to `what` it (send, delete, notify) shows it; None when it is not known here.

    UserError when it has ended, is being deleted, or when it is certain that the person may not.
    """
    task = find_task(connection, coder_id)
    if task is None or task.snapshot is None:
        return None
    if task.phase is not Phase.OPEN:
        raise tasks.ended(task)
    tasks.check_first(task, Verb.DELETE, origin)
    _check_rights(connection, what, task, origin)
    cards = cards_of(connection, task.id)
    card = next((one for one in cards if one.channel == origin.channel), None)
    return Shown(task, card, card_view(connection, task, now(connection), channel=origin.channel))


def _check_rights(connection: Connection, what: str, task: Task, origin: Origin) -> None:
    """Spare somebody who certainly may not a form that would be refused."""
    person = find_person(connection, origin.user, younger_than=_FRESH_SECONDS)
    if person is None or task.snapshot is None:
        return
    if what == "send":
        may = prompts.may_prompt(connection, person, task, origin.channel)
    else:
        may = policy.may_control(person, task.snapshot)
    if not may:
        raise problems.not_yours(_CANNOT[what], prompts.owner_name(connection, task), task.snapshot.url)


def of_thread(connection: Connection, channel: str, thread_ts: str) -> Task | None:
    """The task whose thread this is, its card included, unless it has ended."""
    found = find_thread(connection, channel, thread_ts)
    return found[1] if found and found[1].phase is Phase.OPEN else None


def open_tasks(connection: Connection, slack_user: str, words: str = "") -> list[CardView]:
    """The person's tasks that a prompt can be sent to, the ones that wait first; `words` are in their names."""
    person, at = find_person(connection, slack_user), now(connection)
    found = [
        card_view(connection, task, at)
        for task in list_open(connection)
        if task.snapshot is not None and _is_owner(task, slack_user, person)
    ]
    wanted = words.casefold().split()
    fitting = [view for view in found if all(word in f"{view.title} {view.name}".casefold() for word in wanted)]
    going = [view for view in fitting if view.condition not in _GOES]
    return sorted(going, key=lambda view: (rank(view.condition), -view.since))


def of_name(connection: Connection, slack_user: str, name: str) -> str | None:
    """Coder's id of the person's open task with this name, `owner/name` or id; None when it is not known here."""
    person = find_person(connection, slack_user)
    own = (task.snapshot for task in list_open(connection) if _is_owner(task, slack_user, person))
    fitting = (one for one in own if one is not None and name in (one.name, f"{one.owner_name}/{one.name}", one.id))
    return next((one.id for one in fitting), None)


def _is_owner(task: Task, slack_user: str, person: Person | None) -> bool:
    return task.owner_slack == slack_user or (person is not None and task.owner_id == person.coder_id)


def send_message(
    connection: Connection, task_id: str, person: Person, command: Send, message: Place, origin: Origin
) -> bool:
    """Make a message the next prompt, because somebody says so; False when they may not steer the task.

    However many people say so it is sent once; UserError `already_sent` tells the others who was first.
    """
    task = lock_task(connection, task_id)
    if not prompts.may_prompt(connection, person, task, origin.channel):
        return False
    if task.phase is not Phase.OPEN:
        raise tasks.ended(task)
    known = find_message(connection, message.channel, message.ts)
    if known is None:
        prompts.send(connection, task, person, command.text, origin, message=message, files=command.files)
    elif prompts.requeue(connection, known.id, PromptState.FAILED, PromptState.DROPPED, PromptState.OFFERED):
        words = {"author": person.slack_user, "author_name": person.name, "text": command.text}
        save_prompt(connection, known.id, **words, position=f"{now(connection):.6f}")
    else:
        raise problems.already_sent(known.author_name, known.created_at)
    return True


def send(connection: Connection, task_id: str, person: Person, text: str, origin: Origin) -> bool:
    """Send what somebody wrote in a form or a command; False when they may not steer the task."""
    task = lock_task(connection, task_id)
    if not prompts.may_prompt(connection, person, task, origin.channel):
        return False
    if task.phase is not Phase.OPEN:
        raise tasks.ended(task)
    prompts.send(connection, task, person, text, origin)
    return True


def switch(connection: Connection, task_id: str, person: Person, origin: Origin, *, everyone: bool) -> None:
    """Open a task to everyone in its threads who has a Coder account, or close it; the threads are told."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.OPEN:
        raise tasks.ended(task)
    cards = cards_of(connection, task_id)
    if all(policy.is_open(task, get_channel(connection, card.channel)) is everyone for card in cards):
        raise problems.already_steers(everyone=everyone)
    save_task(connection, task_id, steered=everyone)
    facts = {"by": person.name, "owner": prompts.owner_name(connection, task), "everyone": everyone}
    enqueue(connection, *(queue.edit_card(card) for card in cards))
    enqueue(connection, *(queue.post_reply(card, "steered", f"steered:{origin.key}", **facts) for card in cards))


def notify(
    connection: Connection, task_id: str, origin: Origin, level: Level, *, mention: bool, tell: bool | None
) -> None:
    """Keep how much a task's thread in this channel is told, and whom it mentions."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.OPEN:
        raise tasks.ended(task)
    for card in cards_of(connection, task_id):
        if card.channel == origin.channel:
            save_card(connection, card.id, level=level, events=None)  # a level goes before what a watch asks for
    # Only whoever asked for the task can ask for direct messages, because they get them.
    told = task.tell if tell is None or task.requester != origin.user else tell
    save_task(connection, task_id, mention=mention, tell=told)


def name_of_author(connection: Connection, slack_user: str) -> str:
    """What to call the author of a message; empty when only Slack knows."""
    known = find_person(connection, slack_user) if slack_user else None
    return known.name if known else ""


def is_owner(connection: Connection, task: Task, slack_user: str) -> bool:
    """Whether the task is this person's, as far as is known."""
    owner = find_by_coder_id(connection, task.owner_id) if task.owner_id else None
    return slack_user in {task.owner_slack, owner.slack_user if owner else None}
