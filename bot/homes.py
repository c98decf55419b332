"""The use cases of the Home tab: each is one transaction, and none calls out."""

from __future__ import annotations

from bot import queue
from bot.store import Connection
from bot.store.home_rows import forget_shown, open_home
from bot.store.lanes import enqueue, nudge


def opened(connection: Connection, slack_user: str) -> None:
    """Somebody looks at their Home tab: it is brought up to date at once, whatever waits, and kept so from now on."""
    open_home(connection, slack_user)
    item = queue.publish_home(slack_user)
    enqueue(connection, item)
    nudge(connection, item.lane)


def refreshed(connection: Connection, slack_user: str) -> None:
    """Somebody wants to see that their Home tab is up to date: it is published even if nothing has changed."""
    forget_shown(connection, slack_user)
    opened(connection, slack_user)
