"""The use cases of being new somewhere: in a channel, in somebody's direct messages."""

from __future__ import annotations

from bot import queue
from bot.store import Connection
from bot.store.card_rows import cards_in
from bot.store.lanes import enqueue
from bot.store.moments import is_first_since

# Who adds the app again knows it; after a month others are there.
_WELCOME_AGAIN = 30 * 24 * 3600.0
_NEVER_AGAIN = 100 * 365 * 24 * 3600.0


def joined(connection: Connection, channel: str, inviter: str, event_ts: str) -> None:
    """The bot was added to a channel: it says what it is, and cards that could not be edited come up to date."""
    cards = cards_in(connection, channel)
    items = [queue.edit_card(card) for card in cards] + [queue.catch_up(card, f"joined:{event_ts}") for card in cards]
    if is_first_since(connection, f"welcome:{channel}", _WELCOME_AGAIN):
        items.append(queue.post_note(channel, "channel_welcome", f"welcome:{channel}:{event_ts}", by=inviter))
    enqueue(connection, *items)


def messages_opened(connection: Connection, slack_user: str) -> None:
    """Somebody looks at their direct messages with the bot: the first time they read what can be written there."""
    if is_first_since(connection, f"dm_welcome:{slack_user}", _NEVER_AGAIN):
        enqueue(connection, queue.tell_person(slack_user, "dm_welcome", f"dm_welcome:{slack_user}"))
