"""Messages: a reply in a task's thread is its next prompt, a message to the bot a task; edits and removals follow.

Every message event comes here; "not ours" is decided inside, because Slack delivers again what no listener takes.
"""

from __future__ import annotations

import re
from typing import Any

from slack_bolt.app.async_app import AsyncApp

from bot import edits, hearing
from bot.listeners.mentions import heard
from bot.tasks import Run
from bot.thread_words import said_in

_WRITTEN = {None, "file_share", "thread_broadcast"}


def register(app: AsyncApp, run: Run, bot_user: str) -> None:
    """Register the message listener."""

    @app.event("message")
    async def message(event: dict[str, Any]) -> None:
        match event.get("subtype"):
            case "message_changed":
                await _edited(run, event, bot_user)
            case "message_deleted":
                await run(edits.removed, event["channel"], event["deleted_ts"])
            case subtype if subtype in _WRITTEN:
                await heard(run, bot_user, event)

    @app.event({"type": "message", "subtype": [re.compile(".*")]})
    async def other_message(event: dict[str, Any]) -> None:
        """Joins, topics and the like: taken, so that Slack does not deliver them again."""
        del event


async def _edited(run: Run, event: dict[str, Any], bot_user: str) -> None:
    message = event.get("message") or {}
    unfurled = (event.get("previous_message") or {}).get("text") == message.get("text")  # by Slack, not by a person
    said = None if unfurled else said_in(message, event["channel"], bot_user)
    if said is not None:
        await run(hearing.edited, said)
