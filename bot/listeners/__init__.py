"""What Slack tells us, one file by what arrives. A listener writes one transaction and returns; it never calls out.

The exception are forms: Slack lets them be opened within three seconds only (`bot.forms`).
"""

from __future__ import annotations

from slack_bolt.app.async_app import AsyncApp

from bot.forms import Forms
from bot.listeners import (
    actions,
    batch,
    changing,
    channels,
    commands,
    defaults,
    failures,
    home,
    mentions,
    messages,
    new_task,
    options,
    settings,
    shortcuts,
    task_forms,
)
from bot.tasks import Run


def register(app: AsyncApp, run: Run, forms: Forms, bot_user: str) -> None:
    """Register every listener with the Bolt app; `run` runs a use case in a transaction, `bot_user` is the bot's id."""
    failures.register(app)
    commands.register(app, run, forms)
    messages.register(app, run, bot_user)
    mentions.register(app, run, forms, bot_user)
    channels.register(app, run, bot_user)
    home.register(app, run, forms)
    batch.register(app, run, forms)
    defaults.register(app, run, forms)
    task_forms.register(app, run, forms)
    settings.register(app, run, forms)
    shortcuts.register(app, run, forms)
    new_task.register(app, run, forms)
    options.register(app, run, forms)
    changing.register(app, run, forms)
    actions.register(app, run, forms)
