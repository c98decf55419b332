"""Deliveries into a card's thread: changes, prompts from elsewhere, what could not be delivered, files."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from bot import prompts, queue
from bot.absence import met_absence
from bot.background import full_prompt
from bot.blocks import replies, sourced
from bot.blocks.output import Output, last_output
from bot.blocks.text import kept
from bot.delivery.cards import read_card, up_to_date_details
from bot.delivery.outside import Outside
from bot.errors import DeliveryError, Later, SlackRefused, Transient
from bot.models import Card, CardView, Change, Condition, Content, CreateRequest, Origin, Phase, Prompt, Task
from bot.slack.failures import NO_POSTING
from bot.store import Connection
from bot.store.card_rows import save_card
from bot.store.lanes import Item, enqueue
from bot.store.person_rows import find_person
from bot.store.prompt_rows import get_prompt

log = logging.getLogger(__name__)

_WITH_OUTPUT = {Condition.WAITING, Condition.COMPLETE, Condition.FAILED}
_TO_AUTHOR = {"not_delivered", "maybe_delivered"}
_SNIPPET_BYTES = 1_000_000
# Whoever posts the card wakes what waits for it; this is only how long a lost wake-up can cost.
_NOT_POSTED = 15.0
# A card that was deleted by hand, with its thread, is posted anew within seconds.
_ANEW = 1.0
_THREADS_AWAITED = 6


async def post_reply(outside: Outside, item: Item) -> None:
    """Post one reply in the thread of its card, once; a longer text follows as a file."""
    card, task, view = await outside.database.run(read_card, item.payload["card"])
    if card.unfollowed_at is not None:
        return
    if card.ts is None or card.thread_ts is None:
        raise Later(_NOT_POSTED, "the card is not posted yet")
    content, attached = await _content(outside, item, task, view)
    if content is None:
        return
    try:
        ts = await _earlier(outside, item, card) if item.maybe_sent else None
        if ts is None:
            ts = await outside.slack.post(card.channel, content, item.dedup, card.thread_ts)
    except SlackRefused as refusal:
        if refusal.code == "thread_not_found" and item.failures < _THREADS_AWAITED:
            await outside.database.run(_stand_again, card)
            raise Transient("the thread is gone with its card, which is posted anew", after=_ANEW) from refusal
        if refusal.code not in NO_POSTING | {"thread_not_found"}:
            raise
        log.warning(
            "a reply cannot be posted", extra={"action": "reply_refused", "card": card.id, "code": refusal.code}
        )
        await _tell_author(outside, item, card, content)
        return
    if attached is not None:
        await outside.database.run(enqueue, queue.upload(card, *attached))
    if item.payload["what"] == "sent_elsewhere" and "prompt" in item.payload:
        await outside.database.run(prompts.recorded, item.payload["prompt"], card.channel, ts)


async def _tell_author(outside: Outside, item: Item, card: Card, content: Content) -> None:
    """A prompt that was not delivered is its author's, whom a message reaches where its thread is closed to us."""
    if item.payload["what"] not in _TO_AUTHOR:
        return
    prompt: Prompt = await outside.database.run(get_prompt, item.payload["prompt"])
    if prompt.channel in {None, card.channel}:  # where other cards stand, others read
        origin = Origin(key=item.dedup, user=prompt.author, user_name="", channel=prompt.author)
        await outside.tell(origin, content, again=item.maybe_sent)


async def _earlier(outside: Outside, item: Item, card: Card) -> str | None:
    """The reply as an earlier try has posted it, if it has."""
    since = item.created_at_ms / 1000
    return await outside.slack.find_posted(card.channel, item.dedup, since, card.thread_ts)


def _stand_again(connection: Connection, card: Card) -> None:
    """Somebody deleted the card before anything stood in its thread: edited, it is found missing and posted anew."""
    save_card(connection, card.id, shown=None)
    enqueue(connection, queue.edit_card(card))


Attached = tuple[str, str, str]  # file name, text, key


async def _content(outside: Outside, item: Item, task: Task, view: CardView) -> tuple[Content | None, Attached | None]:
    facts = item.payload
    match facts["what"]:
        case "change":
            return await _change(outside, Change.model_validate(facts["change"]), facts, task, view)
        case "prompt":
            return await _first_prompt(outside, task, view.owner)
        case what if what in _TO_AUTHOR:
            return await _undelivered(outside, facts, task)
        case "back_online":
            return await _back_online(outside, facts, task, view), None
        case what:
            return _plain(what, facts, view), None


def _plain(what: str, facts: dict[str, Any], view: CardView) -> Content | None:
    """A reply that needs nothing but its facts."""
    match what:
        case "sent_elsewhere":
            return replies.sent_elsewhere_reply(facts["by"], facts["text"])
        case "resuming":
            return replies.resuming_reply(view.title, max(view.waiting_prompts, 1), facts["prompt"])
        case "steered":
            return replies.steered_reply(view.title, facts["by"], facts["owner"], everyone=facts["everyone"])
    log.error("no such reply", extra={"action": "reply_unknown", "what": what})
    return None


async def _back_online(outside: Outside, facts: dict[str, Any], task: Task, view: CardView) -> Content | None:
    since, until = facts["since"], facts["until"]
    met, delivered = await outside.database.run(met_absence, task.id, since, until, facts["waiting"])
    return replies.back_online(view.title, since, until, delivered) if met else None


async def _change(
    outside: Outside, change: Change, facts: dict[str, Any], task: Task, view: CardView
) -> tuple[Content, Attached | None]:
    output = await _output(outside, task, change) if change.condition in _WITH_OUTPUT else None
    change = change if task.mention else change.model_copy(update={"mention": False})
    view = view.model_copy(update={"condition": change.condition})
    is_complete = change.condition is Condition.COMPLETE  # it says until when the workspace runs, which moves
    details = await up_to_date_details(outside, task, view, afresh=is_complete)
    subject = replies.Subject(
        title=view.title,
        name=view.name,
        task_id=view.task_id,
        owner_slack=task.owner_slack,
        by=facts.get("by", ""),
        undelivered=facts.get("lost", 0),
        output=output,
        details=details,
    )
    content = replies.change_reply(change, subject)
    if output is None or not output.is_cut:
        return content, None
    # A name of its own: by it a second try finds what the first one did.
    name = f"output-{datetime.fromtimestamp(change.at, UTC):%H%M%S}.txt"
    return content, (name, _tail(output.full), f"output:{change.turn}:{change.at:.3f}")


async def _output(outside: Outside, task: Task, change: Change) -> Output | None:
    """The end of what the agent said; without it the reply is still true, so a failure only leaves it out."""
    if task.coder_id is None or task.phase is not Phase.OPEN:
        return None
    try:
        logs = await outside.backend.logs(task.coder_id)
    except DeliveryError as error:
        log.info("no output", extra={"action": "output_failed", "task": task.coder_id, "error": repr(error)})
        return None
    output = last_output(logs.entries, question=change.message)
    return output if output.shown else None


async def _first_prompt(outside: Outside, task: Task, owner: str) -> tuple[Content | None, Attached | None]:
    text = task.request.prompt if task.request else task.snapshot.prompt if task.snapshot else ""
    if not text:
        return None, None
    # What was started elsewhere is its owner's wish, whoever has it shown here.
    person = await outside.database.run(find_person, task.requester) if task.request else None
    name = person.name if person else "somebody" if task.request else owner
    if task.request is not None and task.request.quotes:
        return _prompt_with_quotes(name, task.request)
    attached = (replies.PROMPT_FILE, kept(text), "prompt") if replies.needs_file(text) else None
    return replies.prompt_reply(name, text), attached


def _prompt_with_quotes(name: str, request: CreateRequest) -> tuple[Content, Attached | None]:
    """What a task from a message was started with; what does not stand in the reply follows as a file."""
    link = request.source.link if request.source else ""
    attached = None
    if sourced.is_cut(request.prompt, request.quotes):
        attached = (replies.PROMPT_FILE, kept(full_prompt(request)), "prompt")
    return sourced.prompt_from_message(name, request.prompt, request.quotes, link), attached


async def _undelivered(outside: Outside, facts: dict[str, Any], task: Task) -> tuple[Content, None]:
    prompt: Prompt = await outside.database.run(get_prompt, facts["prompt"])
    if facts["what"] == "not_delivered":
        return replies.not_delivered_reply(prompt.author, prompt.text, facts["reason"], prompt.id), None
    output = None
    if task.coder_id is not None:
        change = Change(condition=Condition.WAITING, at=0.0, turn=0, before=Condition.WORKING)
        output = await _output(outside, task, change)
    return replies.maybe_delivered_reply(prompt.author, prompt.text, output, prompt.id), None


def _tail(text: str) -> str:
    """The end of a text that Slack still shows as a snippet."""
    data = text.encode()
    return text if len(data) <= _SNIPPET_BYTES else data[-_SNIPPET_BYTES:].decode(errors="ignore")


async def upload(outside: Outside, item: Item) -> None:
    """Put a file into the thread, once; where files are turned off the reply has said the most of it."""
    card, _, _ = await outside.database.run(read_card, item.payload["card"])
    if card.ts is None or card.thread_ts is None:
        raise Later(_NOT_POSTED, "the card is not posted yet")
    filename = item.payload["filename"]
    try:
        if item.maybe_sent and await outside.slack.find_file(card.channel, card.thread_ts, filename):
            return
        await outside.slack.upload(card.channel, card.thread_ts, filename, item.payload["text"])
    except SlackRefused as refusal:
        log.warning("a file was refused", extra={"action": "file_refused", "card": card.id, "code": refusal.code})
