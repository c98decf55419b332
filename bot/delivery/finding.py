"""Which task a person means: by name, owner/name, id, or the address of its card or of its page in Coder."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot import policy, problems
from bot.coder.errors import NotFound
from bot.delivery.outside import Outside
from bot.models import Person, Snapshot
from bot.names import nearest
from bot.store.card_rows import find_thread

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_CARD = re.compile(r"https://[^/]+/archives/(?P<channel>[A-Z0-9]+)/p(?P<seconds>\d{10})(?P<rest>\d{6})")


@dataclass(frozen=True)
class Wanted:
    """What a person called a task, and what they want with it: `verb` words the answers, `exactly` forbids guesses."""

    called: str
    verb: str
    exactly: bool


async def find_task(outside: Outside, person: Person, wanted: Wanted) -> Snapshot:
    """The task that the person means and may see; UserError names the nearest."""
    found = await _named(outside, person, wanted.called)
    if found is None or not policy.may_see(person, found):
        found = await _nearly(outside, person, wanted)
    return found


async def _named(outside: Outside, person: Person, called: str) -> Snapshot | None:
    if card := _CARD.match(called):
        known = await outside.database.run(find_thread, card["channel"], f"{card['seconds']}.{card['rest']}")
        return await _by_id(outside, known[1].coder_id) if known else None
    owner, _, name = called.rpartition("/")
    if _ID.fullmatch(name):
        return await _by_id(outside, name)
    return await outside.backend.find(owner or person.username, name)


async def _by_id(outside: Outside, coder_id: str | None) -> Snapshot | None:
    try:
        return await outside.backend.snapshot(coder_id) if coder_id else None
    except NotFound:
        return None


async def _nearly(outside: Outside, person: Person, wanted: Wanted) -> Snapshot:
    """The only task whose name or title begins so, for those who only read; else the error that names the nearest."""
    mine = [task for task in await outside.backend.snapshots() if task.owner_id == person.coder_id]
    start = wanted.called.casefold()
    fitting = [
        task for task in mine if task.name.casefold().startswith(start) or task.title.casefold().startswith(start)
    ]
    if fitting and not wanted.exactly:
        if len(fitting) == 1:
            return fitting[0]
        raise problems.task_ambiguous(wanted.called, {task.name: f"{wanted.verb} {task.name}" for task in fitting})
    near = nearest(wanted.called, [task.name for task in mine]) or (fitting[0].name if len(fitting) == 1 else "")
    raise problems.task_not_found(wanted.called, near, f"{wanted.verb} {near}" if near else "")
