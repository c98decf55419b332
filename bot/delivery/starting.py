"""What has to be asked for before a new-task form can be filled: who asks, templates, the message and its thread."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from bot import drafts, prompts
from bot.background import fitting
from bot.blocks.forms.new_task import new_task
from bot.delivery.outside import Outside
from bot.errors import SlackRefused, Transient
from bot.models import Form, Person, Quote, SourceMessage, SourceThread, View
from bot.slack.failures import NO_POSTING
from bot.store import Connection
from bot.store.form_rows import find_form
from bot.store.person_rows import find_person
from bot.typed import decode

log = logging.getLogger(__name__)

_WRITTEN = {None, "file_share", "thread_broadcast", "me_message"}
_SOMEBODY = "somebody"
_MOST_AUTHORS = 100  # who are asked for one by one


async def fill_new_task(outside: Outside, form: Form) -> View:
    """The form with everything in it; UserError when the person cannot start tasks, or Coder does not answer."""
    person, _ = await asyncio.gather(outside.person(form.user), outside.directory.templates())
    draft = drafts.draft_of(form)
    if draft.message is not None and draft.replies is None:
        await _read_message(outside, form.id, draft.message)
    current: Form | None = await outside.database.run(find_form, form.id)
    current = current or form
    await _read_presets(outside, current, person)
    shown = await outside.database.run(drafts.shown, current, outside.directory.shelf())
    if shown is None:
        raise Transient("the form is not known in full")
    return new_task(shown)


async def _read_presets(outside: Outside, form: Form, person: Person) -> None:
    """Let the presets of the chosen template be known."""
    shelf = outside.directory.shelf()
    if shelf is None:
        return
    template, _ = await outside.database.run(drafts.chosen, drafts.draft_of(form), person, shelf)
    if template is not None:
        await outside.directory.presets(template.version_id)


async def _read_message(outside: Outside, form_id: str, message: SourceMessage) -> None:
    """Read the message, and keep with the form what was found."""
    found, replies = await read_source(outside, message)
    await outside.database.run(drafts.save_found, form_id, found, replies)


async def read_source(outside: Outside, message: SourceMessage) -> tuple[SourceMessage, SourceThread]:
    """Find out who wrote a message, its address, and what else is in its thread."""
    author, is_trusted = message.author, message.is_trusted
    if message.user:
        known = await writers(outside, [message.user])
        author, is_trusted = known[message.user]
    place = message.place.model_copy(update={"link": await _link(outside, message)})
    found = message.model_copy(update={"author": author or _SOMEBODY, "is_trusted": is_trusted, "place": place})
    return found, await read_thread(outside, found)


async def _link(outside: Outside, message: SourceMessage) -> str:
    try:
        return await outside.slack.permalink(message.place.channel, message.place.ts)
    except SlackRefused:  # where the bot is no member; the address that was made up is as good
        return message.place.link


async def read_thread(outside: Outside, message: SourceMessage) -> SourceThread:
    """The other messages of its thread; nothing where the bot is no member."""
    try:
        found = await outside.slack.thread(message.place.channel, message.root)
    except SlackRefused as refusal:
        if refusal.code not in NO_POSTING | {"thread_not_found", "missing_scope"}:
            raise
        log.info("a thread cannot be read", extra={"action": "thread_unread", "code": refusal.code})
        return SourceThread(quotes=())
    others = [one for one in found if one["ts"] != message.place.ts and one.get("subtype") in _WRITTEN]
    by_people = [one for one in others if one.get("user") and not one.get("bot_id")]
    known = await writers(outside, [str(one["user"]) for one in by_people])
    trusted = [one for one in by_people if known.get(str(one["user"]), ("", False))[1]]
    quotes = await outside.database.run(_quotes, trusted, known)
    own = Quote(author=message.author, text="" if message.is_own else message.text, at=message.at)
    kept, dropped = fitting((own, *quotes))
    return SourceThread(quotes=kept[1:], dropped=dropped, left_out=len(others) - len(trusted))


def _quotes(connection: Connection, messages: list[dict[str, Any]], known: dict[str, tuple[str, bool]]) -> list[Quote]:
    def name(slack_user: str) -> str:
        return known[slack_user][0] if slack_user in known else prompts.name_of(connection, slack_user)

    texts = [(one, decode(one.get("text") or "", name)) for one in messages]
    return [Quote(author=known[str(one["user"])][0], text=text, at=float(one["ts"])) for one, text in texts if text]


async def writers(outside: Outside, users: list[str]) -> dict[str, tuple[str, bool]]:
    """What to call people, and whether they are members of this workspace: no guests, no apps, nobody from outside."""
    found: dict[str, tuple[str, bool]] = {}
    for user in dict.fromkeys(users):
        known: Person | None = await outside.database.run(find_person, user)
        if known is not None:  # guests are not let in
            found[user] = (known.slack_name or known.name, True)
        elif len(found) < _MOST_AUTHORS:
            try:
                asked = await outside.slack.user(user)
            except SlackRefused:
                continue
            found[user] = (asked.name, not (asked.is_guest or asked.is_bot))
    return found
