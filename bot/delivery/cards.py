"""Deliveries of a card: posted once, then edited in place, not too often and only when something visible changed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial

from bot import problems, tasks, watches
from bot.blocks import answers
from bot.blocks.card import card as card_content
from bot.blocks.card import fingerprint
from bot.blocks.problems import problem
from bot.cards import card_view, queues
from bot.delivery.outside import Outside, keep_apart
from bot.errors import DeliveryError, Later, SlackRefused, Transient
from bot.models import Card, CardView, Condition, Content, Details, Origin, Phase, Task
from bot.problems import channels
from bot.slack.failures import FROZEN_CHANNEL, NO_POSTING, NOT_EDITABLE
from bot.store import Connection
from bot.store.card_rows import get_card, mark_edited, save_card
from bot.store.lanes import Item
from bot.store.moments import now
from bot.store.task_rows import get_task, save_task
from bot.tasks import Posted

log = logging.getLogger(__name__)

_NO_MEMBER = {"not_in_channel", "channel_not_found"}
_NEED_DETAILS = {Condition.PAUSED, Condition.COMPLETE}
_COMES_UP = {Condition.STARTING, Condition.RESUMING}


def read_card(connection: Connection, card_id: str) -> tuple[Card, Task, CardView]:
    """The card, its task, and what it would show now."""
    card = get_card(connection, card_id)
    task = get_task(connection, card.task_id)
    view = card_view(connection, task, now(connection), card.revision + 1, card.channel)
    marks = {name: getattr(card, name) for name in ("shown_by", "unfollowed_by", "unfollowed_at")}
    return card, task, view.model_copy(update=marks)


async def post_card(outside: Outside, item: Item) -> None:
    """Post the card in its channel, or, where the bot may not write, in the person's direct messages."""
    card, task, view = await outside.database.run(read_card, item.payload["card"])
    if card.ts is not None or card.unfollowed_at is not None:
        return
    card = await _placed(outside, card)
    content = card_content(await _with_usual_start(outside, view))
    try:
        found, refused = await _find(outside, card, task, item) if item.maybe_sent else (None, "")
        place = found or await _post(outside, card, task, item, content, refused)
    except SlackRefused as refusal:
        if refusal.code == "thread_not_found" and card.thread_ts:
            await outside.database.run(save_card, card.id, thread_ts=None)
            raise Later(0.0, "the message below which it belongs is gone") from refusal
        if refusal.code not in NO_POSTING:
            raise
        await _shown_nowhere(outside, card, item)
        return
    link = await _link(outside, place)
    shown = "" if found else fingerprint(content)  # what an earlier try has shown may be the past
    posted = Posted(place.channel, place.ts, link, shown)
    elsewhere = answers.created_elsewhere(view.title, link, place.reason) if place.reason else None
    await outside.database.run(tasks.card_posted, card.id, posted, elsewhere)


async def _placed(outside: Outside, card: Card) -> Card:
    """The card with the channel of the direct messages with a person, if it is meant for those."""
    if not card.channel.startswith(("U", "W")):
        return card
    return card.model_copy(update={"channel": await outside.slack.open_direct_message(card.channel)})


async def _shown_nowhere(outside: Outside, card: Card, item: Item) -> None:
    """The card of a task that was started elsewhere is for this channel only; whoever asked for it reads why not."""
    await outside.database.run(watches.leave, card, "")
    if "origin" in item.payload:
        origin = Origin.model_validate(item.payload["origin"])
        await outside.tell(origin, problem(channels.not_posted()), again=item.maybe_sent)


@dataclass(frozen=True)
class _Place:
    """Where a card's message is; `reason` says why that is not the channel in which it was asked for."""

    channel: str
    ts: str
    reason: answers.Elsewhere | None = None


async def _post(outside: Outside, card: Card, task: Task, item: Item, content: Content, refused: str) -> _Place:
    """Post the card in its channel; in the direct messages where Slack has `refused` to, or to let us look."""
    if not refused:
        try:
            return _Place(card.channel, await outside.slack.post(card.channel, content, item.dedup, card.thread_ts))
        except SlackRefused as refusal:
            if refusal.code not in NO_POSTING or card.shown_by:
                raise
            refused = refusal.code
    channel = await outside.slack.open_direct_message(task.requester)
    return _Place(channel, await outside.slack.post(channel, content, item.dedup), _reason(refused))


async def _find(outside: Outside, card: Card, task: Task, item: Item) -> tuple[_Place | None, str]:
    """Where an earlier try has posted the card, if it has; the error where nobody could look in its channel.

    There the card may stand, so it must not be posted there again, even if the bot is back a moment later.
    """
    since, refused = item.created_at_ms / 1000, ""
    try:
        ts = await outside.slack.find_posted(card.channel, item.dedup, since, card.thread_ts)
        if ts is not None:
            return _Place(card.channel, ts), ""
    except SlackRefused as refusal:
        if refusal.code not in NO_POSTING or card.shown_by:
            raise
        refused = refusal.code
    if card.shown_by:
        return None, ""
    channel = await outside.slack.open_direct_message(task.requester)
    ts = await outside.slack.find_posted(channel, item.dedup, since)
    reason = _reason(refused) if refused else answers.Elsewhere.NO_POSTING
    return (_Place(channel, ts, reason) if ts else None), refused


def _reason(code: str) -> answers.Elsewhere:
    return answers.Elsewhere.NOT_IN_CHANNEL if code in _NO_MEMBER else answers.Elsewhere.NO_POSTING


async def _link(outside: Outside, place: _Place) -> str:
    """The address of the message that stands there now; a failure must not post it once more."""
    try:
        return await outside.slack.permalink(place.channel, place.ts)
    except SlackRefused as refusal:
        log.warning("a card has no address", extra={"action": "no_permalink", "code": refusal.code})
        return ""
    except Transient as error:
        raise Transient(str(error), after=error.after, ambiguous=True) from error


async def card_dead(outside: Outside, item: Item, error: BaseException) -> None:
    """Slack will not have the card, anywhere: the person reads that the task runs without one."""
    del error
    _, task, _ = await outside.database.run(read_card, item.payload["card"])
    if task.answer is not None:
        content = problem(problems.card_refused(), reference=str(item.id))
        await outside.tell(task.answer, content, again=item.maybe_sent)


async def edit_card(outside: Outside, item: Item) -> None:
    """Make the card show the present."""
    card, task, view = await outside.database.run(read_card, item.payload["card"])
    if card.ts is None:
        return
    keep_apart(view.now, card.edited_at, outside.edit_seconds, "this card was edited a moment ago")
    details = await up_to_date_details(outside, task, view)
    view = await _with_usual_start(outside, view.model_copy(update={"details": details}))
    content = card_content(view)
    shown = fingerprint(content)
    if shown == card.shown and not item.maybe_sent:  # a crashed try may have made Slack show something else
        return
    try:
        await _show(outside, card, card.ts, content, again=item.maybe_sent)
    except SlackRefused as refusal:
        if refusal.code not in FROZEN_CHANNEL | _NO_MEMBER:
            raise
        # The next change after the channel is open to us again brings the card up to date.
        fields = {"action": "card_out_of_reach", "card": card.id, "code": refusal.code}
        log.info("a card stands in an archived channel, or one that the bot has left", extra=fields)
        return
    await outside.database.run(mark_edited, card.id, view.revision, shown)


async def _show(outside: Outside, card: Card, ts: str, content: Content, *, again: bool) -> None:
    """Edit the card's message, or post it anew where Slack does not let us; `again`: an earlier try may have."""
    # Where there is a new message, the old one is not the card even if it can be edited again.
    if not again or await _posted_anew(outside, card) is None:
        try:
            await outside.slack.update(card.channel, ts, content, card.id)
        except SlackRefused as refusal:
            if refusal.code not in NOT_EDITABLE:
                raise
        else:
            return
    await _replace(outside, card, content)


async def _posted_anew(outside: Outside, card: Card) -> str | None:
    """The ts of the message that an earlier try has posted in place of the card's."""
    try:
        return await outside.slack.find_posted(card.channel, _anew(card), float(card.ts or 0.0), card.thread_ts)
    except SlackRefused as refusal:
        if refusal.code != "thread_not_found":
            raise
        return None


def _anew(card: Card) -> str:
    """The name of the delivery that posts a message in place of the card's."""
    return f"replace:{card.id}:{card.ts}"


async def _replace(outside: Outside, card: Card, content: Content) -> None:
    """Post the card anew in its thread: the old message was deleted by hand, or may not be edited any more."""
    log.warning("a card cannot be edited, it is posted anew", extra={"action": "card_replaced", "card": card.id})
    place, thread_ts = partial(_once, outside, card, content), card.thread_ts
    try:
        ts, is_new = await place(thread_ts)
    except SlackRefused as refusal:
        if refusal.code != "thread_not_found":
            raise
        # The thread went with the message: a new one begins, and somebody may write there before we know of it.
        await outside.database.run(save_card, card.id, shown=None)
        ts, is_new = await place(None)
        thread_ts = ts
    link = await _link(outside, _Place(card.channel, ts))
    await outside.database.run(tasks.card_moved, card.id, ts, thread_ts, link)
    if not is_new:
        raise Later(0.0, "what an earlier try has posted may show the past")


async def _once(outside: Outside, card: Card, content: Content, thread_ts: str | None) -> tuple[str, bool]:
    """The ts of the message that takes the place of the card's, and whether it was posted only now."""
    found = await outside.slack.find_posted(card.channel, _anew(card), float(card.ts or 0.0), thread_ts)
    if found is not None:
        return found, False
    return await outside.slack.post(card.channel, content, _anew(card), thread_ts), True


async def up_to_date_details(outside: Outside, task: Task, view: CardView, *, afresh: bool = False) -> Details | None:
    """What only the workspace knows: asked for `afresh`, or when the card shows it and we do not know it yet."""
    snapshot, known = task.snapshot, view.details
    failed = view.condition is Condition.BUILD_FAILED and (known is None or known.failure is None)
    wanted = afresh or failed or queues(view) or (view.condition in _NEED_DETAILS and known is None)
    if snapshot is None or task.phase is not Phase.OPEN or not wanted:
        return known
    try:
        details: Details = await outside.backend.details(snapshot)
    except DeliveryError as error:
        log.info("no details", extra={"action": "details_failed", "task": snapshot.id, "error": repr(error)})
        return known
    await outside.database.run(save_task, task.id, details=details)
    return details


async def _with_usual_start(outside: Outside, view: CardView) -> CardView:
    """The view with how long the template's workspaces usually take to start, if the card says so."""
    if view.condition not in _COMES_UP:
        return view
    try:
        templates = await outside.directory.templates()
    except DeliveryError as error:
        log.info("no templates", extra={"action": "templates_failed", "error": repr(error)})
        return view
    usual = next((one.usual_start for one in templates if view.template in {one.title, one.name}), None)
    return view.model_copy(update={"usual_start": usual})
