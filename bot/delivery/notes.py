"""Messages that are no card's reply: notes in a channel or a thread, and direct messages to one person."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot.delivery.outside import Outside
from bot.errors import SlackRefused
from bot.models import Content
from bot.slack.failures import NO_POSTING
from bot.store.lanes import Item

log = logging.getLogger(__name__)

# Makes a message of the item's facts; None when it needs no message any more.
Render = Callable[[Outside, Mapping[str, Any]], Awaitable[Content | None]]

# What a note says, by the name that `queue.post_note` and `queue.tell_person` were given.
_NOTES: Mapping[str, Render] = MappingProxyType({})


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
    since = item.created_at_ms / 1000 - 60
    if item.maybe_sent and await outside.slack.find_posted(channel, item.dedup, since, thread_ts):
        return
    await outside.slack.post(channel, content, item.dedup, thread_ts)


async def _content(outside: Outside, item: Item) -> Content | None:
    render = _NOTES.get(item.payload["what"])
    if render is None:
        log.error("no such note", extra={"action": "note_unknown", "what": item.payload["what"]})
        return None
    return await render(outside, item.payload)
