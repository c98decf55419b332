"""What menus show that ask for their entries: from the shelf, so that nobody waits for Coder.

https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import drafts, steering
from bot.blocks.forms.fields import template_option
from bot.blocks.forms.inputs import MOST_OPTIONS
from bot.blocks.forms.send import task_option
from bot.forms import Forms
from bot.models import CardView, Template
from bot.tasks import Run


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register every menu that asks."""
    app.options("template")(partial(templates, run, forms))
    app.options("task")(partial(open_tasks, run))


async def templates(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any]) -> None:
    """The templates that the person can use and that have all the typed words, a hundred at most."""
    shelf = forms.shelf()
    if shelf is None:
        await ack(options=[])
        return
    usable: list[Template] = await run(drafts.usable, body["user"]["id"], shelf)
    words = str(body.get("value") or "").casefold().split()
    several = len({each.organization_id for each in usable}) > 1
    found = [each for each in usable if _fits(each, words)][:MOST_OPTIONS]
    entries = [template_option(each, needs_preset=bool(shelf.required(each)), several=several) for each in found]
    await ack(options=entries)


async def open_tasks(run: Run, ack: AsyncAck, body: dict[str, Any]) -> None:
    """The person's tasks that have all the typed words, the ones that wait first, a hundred at most."""
    found: list[CardView] = await run(steering.open_tasks, body["user"]["id"], str(body.get("value") or ""))
    await ack(options=[task_option(each) for each in found[:MOST_OPTIONS]])


def _fits(template: Template, words: Sequence[str]) -> bool:
    text = f"{template.name} {template.title} {template.description}".casefold()
    return all(word in text for word in words)
