"""Deliveries of what people write in threads: whose words they are, for which task; and what was written unheard."""

from __future__ import annotations

import logging

from bot import hearing, problems, prompts
from bot.blocks import replies, thread_answers
from bot.blocks.problems import problem
from bot.commands import Meant, SetLevel
from bot.delivery.finding import find_controlled
from bot.delivery.outside import Outside
from bot.errors import Later, SlackRefused, Transient, UserError
from bot.models import Card, Content, Origin, Person, Said
from bot.store.card_rows import find_thread as find_task_thread
from bot.store.card_rows import get_card, save_card
from bot.store.lanes import Item
from bot.thread_words import said_in

log = logging.getLogger(__name__)

# Slack hands over messages concurrently, and again after 1 and 5 minutes: an older one may not have been taken in
# although a newer one was.
_REORDERED = 600.0
# For so long a reply waits for the card that is being posted, and may be its thread's.
_POSTING_SECONDS = 60.0
_LOOK_AGAIN = 0.3


async def find_thread(outside: Outside, item: Item) -> None:
    """Take in a reply as soon as it is known whether its thread is a task's."""
    said, meant = Said.model_validate(item.payload["said"]), item.payload["meant"]
    if await outside.database.run(hearing.is_awaited, said, posting=item.age < _POSTING_SECONDS):
        raise Later(_LOOK_AGAIN, "a card is on its way: it may be its thread")
    known = Meant.model_validate(meant) if meant else None
    await outside.database.run(hearing.hear, said, known, sure=True)


async def judge_reply(outside: Outside, item: Item) -> None:
    """Take the reply of somebody whom we had to look up, or refuse it privately, once for each person and thread.

    Who has spoken to the bot by its name hears it every time.
    """
    said = Said.model_validate(item.payload)
    found = await outside.database.run(find_task_thread, said.channel, said.thread_ts)
    if found is None:
        return
    card, task = found
    try:
        person = await outside.person(said.user)
        if await outside.database.run(hearing.take_if_allowed, task.id, card, person, said):
            return
    except UserError as error:
        if isinstance(error, Later | Transient):  # Coder is away: nobody knows yet who they are
            raise
        log.info("a reply is not taken", extra={"action": "reply_not_taken", "why": error.name, "user": said.user})
    owner = await outside.database.run(prompts.owner_name, task)
    key = f"not_allowed:{said.ts if said.to_bot else card.id}:{said.user}"
    await outside.database.run(prompts.show_private, _origin(item, said), replies.not_allowed(owner), key)


async def judge_dead(outside: Outside, item: Item, error: BaseException) -> None:
    """Nobody could be asked who the person is: they read that their reply went nowhere."""
    del error
    origin = _origin(item, Said.model_validate(item.payload))
    await outside.tell(origin, problem(problems.unexpected(), reference=str(item.id)), again=item.maybe_sent)


def _origin(item: Item, said: Said) -> Origin:
    return Origin(key=item.dedup, user=said.user, user_name="", channel=said.channel, thread_ts=said.thread_ts)


async def catch_up(outside: Outside, item: Item) -> None:
    """Take in what was written in a thread while nobody listened; what was taken in before is not taken again."""
    card: Card = await outside.database.run(get_card, item.payload["card"])
    if card.ts is None or card.thread_ts is None:
        return
    try:
        since = float(card.seen_ts or card.thread_ts) - _REORDERED
        written = await outside.slack.replies(card.channel, card.thread_ts, since)
    except SlackRefused as refusal:
        log.info("cannot catch up", extra={"action": "catch_up_refused", "card": card.id, "code": refusal.code})
        return
    for message in written:
        said = said_in({**message, "thread_ts": card.thread_ts}, card.channel, outside.bot_user)
        # A message that was seen before and changed since: what was a note then does not become a prompt now.
        was_seen = "edited" in message and message["ts"] <= (card.seen_ts or "")
        if said is not None and not was_seen:
            await outside.database.run(hearing.hear, said)


async def set_level(outside: Outside, person: Person, command: SetLevel, origin: Origin) -> Content:
    """Set how much the thread of a card is told."""
    del origin
    await find_controlled(outside, person, command.task, "notify")
    await outside.database.run(save_card, command.card, level=command.level)
    return thread_answers.level_set(command.level)
