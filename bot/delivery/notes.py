"""Messages that are no card's reply: notes in a channel or a thread, and direct messages to one person."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot import cleaning, tasks
from bot.blocks import notes, sourced, watch, welcomes
from bot.blocks.problems import problem
from bot.delivery.cards import read_card
from bot.delivery.outside import Outside
from bot.delivery.settings import settings_changed
from bot.errors import Later, SlackRefused, Transient, UserError
from bot.models import Card, Change, Content, Origin, Task, Watch
from bot.slack.failures import NO_POSTING
from bot.store import Connection
from bot.store.card_rows import cards_of
from bot.store.lanes import Item
from bot.store.person_rows import find_person

log = logging.getLogger(__name__)

# A card that is not posted after so long will perhaps never be.
_CARD_SECONDS = 30.0

# Makes a message of the item's facts; None when it needs no message any more.
Render = Callable[[Outside, Mapping[str, Any]], Awaitable[Content | None]]


async def post_note(outside: Outside, item: Item) -> None:
    """Post one message in a channel or a thread, once; where the bot may not write, nobody misses it."""
    content = await _content(outside, item)
    if content is None:
        return
    channel, thread_ts = item.payload["channel"], item.payload.get("thread_ts") or None
    try:
        await _once(outside, item, channel, content, thread_ts)
    except SlackRefused as refusal:
        if refusal.code not in NO_POSTING | {"thread_not_found"}:
            raise
        fields = {"action": "note_refused", "channel": channel, "what": item.payload["what"], "code": refusal.code}
        log.warning("a note cannot be posted", extra=fields)


async def tell_person(outside: Outside, item: Item) -> None:
    """Send one person a direct message, once."""
    content = await _content(outside, item)
    if content is not None:
        channel = await outside.slack.open_direct_message(item.payload["user"])
        await _once(outside, item, channel, content, None)


async def _once(outside: Outside, item: Item, channel: str, content: Content, thread_ts: str | None) -> None:
    """Post it, unless an earlier try whose outcome is unknown has done so."""
    since = item.created_at_ms / 1000
    if item.maybe_sent and await outside.slack.find_posted(channel, item.dedup, since, thread_ts):
        return
    await outside.slack.post(channel, content, item.dedup, thread_ts)


async def _content(outside: Outside, item: Item) -> Content | None:
    render = _NOTES.get(item.payload["what"])
    if render is None:
        log.error("no such note", extra={"action": "note_unknown", "what": item.payload["what"]})
        return None
    return await render(outside, item.payload)


async def _watch_on(outside: Outside, facts: Mapping[str, Any]) -> Content:
    del outside
    set_by = {"channel": facts["channel"], "set_by": "", "set_by_name": facts["by"], "set_by_coder": ""}
    return watch.watch_on(facts["by"], Watch.model_validate({**facts["watch"], **set_by}))


async def _watch_off(outside: Outside, facts: Mapping[str, Any]) -> Content:
    del outside
    return watch.watch_off(facts["by"])


async def _task_news(outside: Outside, facts: Mapping[str, Any]) -> Content:
    task, cards = await outside.database.run(_task_and_cards, facts["task"])
    change = Change.model_validate(facts["change"])
    card = next((one.link for one in cards if one.link), None) or ""
    if cards and not card and time.time() - change.at < _CARD_SECONDS:
        raise Later(1.0, "the card is not posted yet")
    snapshot = task.snapshot
    return notes.task_news(snapshot.title if snapshot else task.name, change, snapshot.url if snapshot else "", card)


def _task_and_cards(connection: Connection, task_id: str) -> tuple[Task, list[Card]]:
    return tasks.by_id(connection, task_id), cards_of(connection, task_id)


async def _clean_up(outside: Outside, facts: Mapping[str, Any]) -> Content | None:
    finished = await outside.database.run(cleaning.finished_of, facts["user"], facts["at"])
    return notes.clean_up(finished) if finished else None


async def clean_up(outside: Outside, item: Item) -> None:
    """Delete the finished tasks for which somebody clicked, as far as they are theirs, and say what became of them."""
    origin = Origin.model_validate(item.payload["origin"])
    try:
        person = await outside.person(origin.user)
    except UserError as error:
        if isinstance(error, Later | Transient):
            raise
        await outside.tell(origin, problem(error), again=item.maybe_sent)
        return
    counts = await outside.database.run(cleaning.clear, item.payload["tasks"], person, origin)
    await outside.tell(origin, notes.cleaned(*counts), again=item.maybe_sent)


async def _source_note(outside: Outside, facts: Mapping[str, Any]) -> Content:
    card, task, view = await outside.database.run(read_card, facts["card"])
    person = await outside.database.run(find_person, task.requester)
    return sourced.source_note(person.name if person else "", view.title, card.link or "")


async def _source_outcome(outside: Outside, facts: Mapping[str, Any]) -> Content:
    card, _, view = await outside.database.run(read_card, facts["card"])
    return sourced.source_outcome(view.title, card.link or "", Change.model_validate(facts["change"]))


async def _channel_welcome(outside: Outside, facts: Mapping[str, Any]) -> Content:
    added_by = (await outside.slack.user(facts["by"])).name if facts["by"] else ""
    return welcomes.channel_welcome(added_by)


async def _dm_welcome(outside: Outside, facts: Mapping[str, Any]) -> Content:
    del outside, facts
    return welcomes.direct_welcome()


# What a note says, by the name that `queue.post_note` and `queue.tell_person` were given.
_NOTES: Mapping[str, Render] = MappingProxyType(
    {
        "source_note": _source_note,
        "source_outcome": _source_outcome,
        "watch_on": _watch_on,
        "watch_off": _watch_off,
        "settings_changed": settings_changed,
        "task_news": _task_news,
        "clean_up": _clean_up,
        "channel_welcome": _channel_welcome,
        "dm_welcome": _dm_welcome,
    }
)
