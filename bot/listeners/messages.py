"""Messages in threads: a plain reply is the next prompt, an edit or a removal changes what still waits.

Every message event comes here; "not ours" is decided inside, because Slack delivers again what no listener takes.
"""

from __future__ import annotations

import re
from typing import Any

from slack_bolt.app.async_app import AsyncApp

from bot import prompts
from bot.tasks import Run

_WRITTEN = {None, "file_share", "thread_broadcast"}


def register(app: AsyncApp, run: Run) -> None:
    """Register the message listener."""

    @app.event("message")
    async def message(event: dict[str, Any]) -> None:
        match event.get("subtype"):
            case "message_changed":
                await _edited(run, event)
            case "message_deleted":
                await run(prompts.removed, event["channel"], event["deleted_ts"])
            case subtype if subtype in _WRITTEN:
                await _reply(run, event)

    @app.event({"type": "message", "subtype": [re.compile(".*")]})
    async def other_message(event: dict[str, Any]) -> None:
        """Joins, topics and the like: taken, so that Slack does not deliver them again."""
        del event


async def _reply(run: Run, event: dict[str, Any]) -> None:
    thread_ts = event.get("thread_ts")
    if event.get("bot_id") or not event.get("user") or not thread_ts or thread_ts == event["ts"]:
        return
    text = event.get("text") or ""
    await run(prompts.reply, event["channel"], thread_ts, event["ts"], event["user"], text)


async def _edited(run: Run, event: dict[str, Any]) -> None:
    message = event.get("message") or {}
    text = message.get("text") or ""
    unfurled = (event.get("previous_message") or {}).get("text") == text  # Slack changed it, nobody did
    if unfurled or message.get("bot_id") or not message.get("user"):
        return
    await run(prompts.edited, event["channel"], message["ts"], message["user"], text)
