"""What Slack tells us, one file by what arrives. A listener writes one transaction and returns; it never calls out."""

from __future__ import annotations

from slack_bolt.app.async_app import AsyncApp

from bot.listeners import actions, commands, failures, messages
from bot.tasks import Run


def register(app: AsyncApp, run: Run) -> None:
    """Register every listener with the Bolt app; `run` runs a use case in a transaction."""
    failures.register(app)
    commands.register(app, run)
    messages.register(app, run)
    actions.register(app, run)
