"""Which task a person means: by name, owner/name, id, or the address of its card or of its page in Coder."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot import policy, problems, prompts, tasks
from bot.coder.errors import NotFound
from bot.commands import typed
from bot.delivery.outside import Outside
from bot.errors import Offer, UserError
from bot.models import Person, Snapshot, Task
from bot.names import nearest
from bot.store import Connection
from bot.store.card_rows import cards_of, find_thread
from bot.store.person_rows import find_by_coder_id
from bot.store.task_rows import find_by_coder_id as find_known

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CARD = re.compile(
    r"https?://[^/]+/archives/(?P<channel>[A-Z0-9]+)/p(?P<seconds>\d{10})(?P<rest>\d{6})"
    r"(?:\?(?:.*&)?thread_ts=(?P<thread>\d{10}\.\d{6}))?"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")  # of a task, and of a Coder user
_DOES = {  # what a person does to a task with a verb, if not the verb
    "status": "see",
    "logs": "read",
    "send": "prompt",
    "notify": "change the notifications of",
    "steer": "say who steers",
}


@dataclass(frozen=True)
class Wanted:
    """What a person called a task, and what they want with it: `verb` words the answers, `exactly` forbids guesses.

    `rest` is what follows the task in their command.
    """

    called: str
    verb: str
    exactly: bool
    rest: str = ""
    channel: str = ""  # where the person is: a task that is open to all in its thread there may be prompted from there


async def find_controlled(
    outside: Outside, person: Person, called: str, verb: str
) -> tuple[Snapshot, Task, str | None]:
    """The task that something is asked of, known to us from now on, and the address of its card.

    Only its owner and Coder's site owners may ask.
    """
    snapshot = await find_task(outside, person, Wanted(called, verb, exactly=True))
    if not policy.may_control(person, snapshot):
        raise await not_yours(outside, snapshot, verb)
    task: Task = await outside.database.run(tasks.adopt, snapshot, person)
    return snapshot, task, await card_link(outside, task)


async def card_link(outside: Outside, task: Task) -> str | None:
    """The address of the task's card, if it has one."""
    cards = await outside.database.run(cards_of, task.id)
    return next((card.link for card in cards if card.link), None)


async def find_task(outside: Outside, person: Person, wanted: Wanted) -> Snapshot:
    """The task that the person means and may see; UserError says why not, or names the nearest."""
    sure = await _sure_id(outside, wanted.called)
    found = await (_by_id(outside, sure) if sure else _by_name(outside, person, wanted.called))
    if found is not None and (policy.may_see(person, found) or await _steers(outside, person, found, wanted)):
        return found
    if found is not None and (sure or await outside.database.run(_has_card, found.id)):
        raise await not_yours(outside, found, wanted.verb)
    known: Task | None = await outside.database.run(find_known, sure)
    if known is not None:
        raise tasks.ended(known)
    return await _nearly(outside, person, wanted)


async def _steers(outside: Outside, person: Person, snapshot: Snapshot, wanted: Wanted) -> bool:
    """Whether somebody else's task may be prompted from where the person is: its thread there is open to all."""
    known: Task | None = await outside.database.run(find_known, snapshot.id)
    if known is None or wanted.verb != "send":
        return False
    return bool(await outside.database.run(prompts.may_prompt, person, known, wanted.channel))


def called_by(person: Person, snapshot: Snapshot) -> str:
    """What a person has to call the task in a command."""
    return snapshot.name if snapshot.owner_id == person.coder_id else f"{snapshot.owner_name}/{snapshot.name}"


async def not_yours(outside: Outside, snapshot: Snapshot, verb: str) -> UserError:
    """The refusal to let somebody else do this to a task."""
    owner = await outside.database.run(find_by_coder_id, snapshot.owner_id)
    return problems.not_yours(_DOES.get(verb, verb), owner.name if owner else snapshot.owner_name, snapshot.url)


async def _sure_id(outside: Outside, called: str) -> str:
    """Coder's id of the task, where it is called by that or by its card; nobody comes by them by guessing."""
    if card := _CARD.match(called):
        thread_ts = card["thread"] or f"{card['seconds']}.{card['rest']}"
        known = await outside.database.run(find_thread, card["channel"], thread_ts)
        return known[1].coder_id or "" if known else ""
    name = called.rpartition("/")[2]
    return name.lower() if _ID.fullmatch(name) else ""


async def _by_id(outside: Outside, coder_id: str) -> Snapshot | None:
    try:
        return await outside.backend.snapshot(coder_id)
    except NotFound:
        return None


async def _by_name(outside: Outside, person: Person, called: str) -> Snapshot | None:
    owner, name = _owner(person, called), called.rpartition("/")[2]
    is_name = _NAME.fullmatch(owner) and _NAME.fullmatch(name)
    return await outside.backend.find(owner, name) if is_name else None


def _owner(person: Person, called: str) -> str:
    """Whose task it is; `me` would be the bot's at Coder."""
    owner = called.rpartition("/")[0].lstrip("@")
    return person.username if owner in ("", "me") else owner


def _has_card(connection: Connection, coder_id: str) -> bool:
    known = find_known(connection, coder_id)
    return known is not None and bool(cards_of(connection, known.id))


async def _nearly(outside: Outside, person: Person, wanted: Wanted) -> Snapshot:
    """The only task whose name or title begins so, for those who only read; else the error that names the nearest."""
    owner, start = _owner(person, wanted.called), wanted.called.rpartition("/")[2].casefold()
    seen = [task for task in await outside.backend.snapshots() if policy.may_see(person, task)]
    of_owner = [task for task in seen if task.owner_name.casefold() == owner.casefold()]
    fitting = [
        task for task in of_owner if task.name.casefold().startswith(start) or task.title.casefold().startswith(start)
    ]
    if fitting and not wanted.exactly:
        if len(fitting) == 1:
            return fitting[0]
        commands = {called_by(person, task): f"{wanted.verb} {called_by(person, task)}" for task in fitting}
        raise problems.task_ambiguous(wanted.called, {task: f"{text}{wanted.rest}" for task, text in commands.items()})
    name = nearest(start, [task.name for task in of_owner])
    near = next((task for task in of_owner if task.name == name), fitting[0] if len(fitting) == 1 else None)
    if near is None and wanted.verb == "send":
        raise _no_task_to_prompt(wanted)
    called = called_by(person, near) if near else ""
    raise problems.task_not_found(wanted.called, called, f"{wanted.verb} {called}{wanted.rest}" if called else "")


def _no_task_to_prompt(wanted: Wanted) -> UserError:
    """Perhaps the words after `send` are meant for a new task."""
    problem = problems.task_not_found(wanted.called)
    start = Offer("Start a task", f"create -- {wanted.verb} {typed(wanted.called)}{wanted.rest}", "primary")
    return UserError(
        "not_a_task_name",
        problem.title,
        f"“{wanted.verb}” delivers a prompt to an existing task.",
        "If you meant to start a task with these words, use the button.",
        (start, *problem.offers),
    )
