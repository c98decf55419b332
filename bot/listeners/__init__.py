"""What Slack tells us, one file by what arrives. A listener writes one transaction and returns; it never calls out.

The exception are forms: Slack lets them be opened within three seconds only (`bot.forms`).
"""

from __future__ import annotations

from slack_bolt.app.async_app import AsyncApp

from bot.forms import Forms
from bot.listeners import actions, commands, failures, messages
from bot.tasks import Run


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register every listener with the Bolt app; `run` runs a use case in a transaction."""
    failures.register(app)
    commands.register(app, run, forms)
    messages.register(app, run)
    actions.register(app, run, forms)
