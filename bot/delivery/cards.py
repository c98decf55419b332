"""Deliveries of a card: posted once, then edited in place, not too often and only when something visible changed."""

from __future__ import annotations

import logging

from bot import tasks
from bot.blocks import answers
from bot.blocks.card import card as card_content
from bot.blocks.card import fingerprint
from bot.cards import card_view
from bot.delivery.outside import Outside
from bot.errors import DeliveryError, Later, SlackRefused
from bot.models import Card, CardView, Condition, Content, Details, Origin, Phase, Task
from bot.slack.failures import NO_POSTING, NOT_EDITABLE
from bot.store import Connection
from bot.store.card_rows import get_card, mark_edited
from bot.store.lanes import Item
from bot.store.moments import now
from bot.store.task_rows import get_task, save_task
from bot.tasks import Posted

log = logging.getLogger(__name__)

# Details are asked for again while they can change: the place in the queue.
_QUEUE_SECONDS = 5.0
_NO_MEMBER = {"not_in_channel", "channel_not_found"}
_NEED_DETAILS = {Condition.BUILD_FAILED, Condition.PAUSED, Condition.UNHEALTHY, Condition.COMPLETE}


def read_card(connection: Connection, card_id: str) -> tuple[Card, Task, CardView]:
    """The card, its task, and what it would show now."""
    card = get_card(connection, card_id)
    task = get_task(connection, card.task_id)
    return card, task, card_view(connection, task, now(connection), card.revision + 1)


async def post_card(outside: Outside, item: Item) -> None:
    """Post the card in its channel, or, where the bot may not write, in the person's direct messages."""
    card, task, view = await outside.database.run(read_card, item.payload["card"])
    if card.ts is not None:
        return
    content = card_content(view)
    channel, ts = await _post(outside, card, task, item, content)
    posted = Posted(channel, ts, await outside.slack.permalink(channel, ts), fingerprint(content))
    await outside.database.run(tasks.card_posted, card.id, posted)


async def _post(outside: Outside, card: Card, task: Task, item: Item, content: Content) -> tuple[str, str]:
    if item.maybe_sent and (found := await _find(outside, card, task, item)):
        return found
    try:
        return card.channel, await outside.slack.post(card.channel, content, item.dedup, card.thread_ts)
    except SlackRefused as refusal:
        if refusal.code not in NO_POSTING:
            raise
        channel = await outside.slack.open_direct_message(task.requester)
        ts = await outside.slack.post(channel, content, item.dedup)
        await _say_where(outside, task, refusal.code, await outside.slack.permalink(channel, ts))
        return channel, ts


async def _find(outside: Outside, card: Card, task: Task, item: Item) -> tuple[str, str] | None:
    """Where an earlier try has posted the card, if it has: in its channel or in the direct messages."""
    since = item.created_at_ms / 1000 - 60
    try:
        ts = await outside.slack.find_posted(card.channel, item.dedup, since, card.thread_ts)
        if ts is not None:
            return card.channel, ts
    except SlackRefused as refusal:
        if refusal.code not in NO_POSTING:
            raise
    channel = await outside.slack.open_direct_message(task.requester)
    ts = await outside.slack.find_posted(channel, item.dedup, since)
    return (channel, ts) if ts else None


async def _say_where(outside: Outside, task: Task, code: str, permalink: str) -> None:
    """Tell the person that the card is in their direct messages, and how to get it into the channel."""
    origin = task.answer or Origin(key=task.id, user=task.requester, user_name="", channel=task.requester)
    title = task.snapshot.title if task.snapshot else task.name
    reason = answers.Elsewhere.NOT_IN_CHANNEL if code in _NO_MEMBER else answers.Elsewhere.NO_POSTING
    await outside.tell(origin, answers.created_elsewhere(title, permalink, reason))


async def edit_card(outside: Outside, item: Item) -> None:
    """Make the card show the present."""
    card, task, view = await outside.database.run(read_card, item.payload["card"])
    if card.ts is None:
        return
    wait = outside.edit_seconds - (view.now - card.edited_at)
    if wait > 0:
        raise Later(wait, "this card was edited a moment ago")
    view = view.model_copy(update={"details": await up_to_date_details(outside, task, view)})
    content = card_content(view)
    shown = fingerprint(content)
    if shown == card.shown:
        return
    try:
        await outside.slack.update(card.channel, card.ts, content, card.id)
    except SlackRefused as refusal:
        if refusal.code not in NOT_EDITABLE:
            raise
        await _replace(outside, card, item, content)
    await outside.database.run(mark_edited, card.id, view.revision, shown)


async def _replace(outside: Outside, card: Card, item: Item, content: Content) -> None:
    """Post the card anew in its thread: the old message was deleted by hand, or may not be edited any more."""
    log.warning("a card cannot be edited, it is posted anew", extra={"action": "card_replaced", "card": card.id})
    ts = await outside.slack.find_posted(card.channel, item.dedup, item.created_at_ms / 1000 - 60, card.thread_ts)
    if ts is None:
        ts = await outside.slack.post(card.channel, content, item.dedup, card.thread_ts)
    await outside.database.run(tasks.card_moved, card.id, ts)


async def up_to_date_details(outside: Outside, task: Task, view: CardView) -> Details | None:
    """What only the workspace knows, asked for when the card shows it and we do not know it yet."""
    snapshot, known = task.snapshot, view.details
    queued = view.condition is Condition.QUEUED and view.now - view.since >= _QUEUE_SECONDS
    wanted = queued or (view.condition in _NEED_DETAILS and known is None)
    if snapshot is None or task.phase is not Phase.OPEN or not wanted:
        return known
    try:
        details: Details = await outside.backend.details(snapshot)
    except DeliveryError as error:
        log.info("no details", extra={"action": "details_failed", "task": snapshot.id, "error": repr(error)})
        return known
    await outside.database.run(save_task, task.id, details=details)
    return details
