"""The Home tab: it is opened, refreshed, and asked for help. Its other buttons are clicks like those in messages."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import arrivals, homes, tasks
from bot.blocks.help import help_answer
from bot.commands import New
from bot.forms import Forms
from bot.listeners.opening import open_form
from bot.listeners.origins import origin_of
from bot.tasks import Run


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register what happens on the Home tab; a click has to be registered before `actions`, which takes the rest."""
    app.event("app_home_opened")(partial(home_opened, run))
    app.action("user.new")(partial(new_clicked, forms))
    app.action("home.refresh")(partial(refresh_clicked, run))
    app.action("user.help")(partial(help_clicked, run))


async def home_opened(run: Run, event: dict[str, Any]) -> None:
    """Somebody looks at the app's page: at the Home tab, or at its messages."""
    if event.get("tab") == "home":
        await run(homes.opened, event["user"])
    elif event.get("tab") == "messages":
        await run(arrivals.messages_opened, event["user"])


async def new_clicked(forms: Forms, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """New task."""
    await open_form(forms, New(), origin_of(body, action), body["trigger_id"])
    await ack()


async def refresh_clicked(run: Run, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Refresh."""
    await run(homes.refreshed, body["user"]["id"])
    await ack()


async def help_clicked(run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Help: on the Home tab the answer goes into the person's direct messages."""
    await run(tasks.show_at_once, origin_of(body, action), help_answer(""))
    await ack()
