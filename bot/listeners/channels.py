"""Channels: the bot is added to one."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp

from bot import arrivals
from bot.tasks import Run


def register(app: AsyncApp, run: Run, bot_user: str) -> None:
    """Register who joins a channel."""
    app.event("member_joined_channel")(partial(joined, run, bot_user))


async def joined(run: Run, bot_user: str, event: dict[str, Any]) -> None:
    """Somebody joins a channel where the bot is: of interest only when it is the bot itself."""
    if event.get("user") == bot_user:
        await run(arrivals.joined, event["channel"], str(event.get("inviter") or ""), str(event["event_ts"]))
