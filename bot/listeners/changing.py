"""Changes in an open form that others of its fields follow, and the click that lets a form be filled once more."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.blocks.forms import batch as batch_form
from bot.blocks.forms import defaults as defaults_form
from bot.blocks.forms import settings as settings_form
from bot.blocks.forms.loading import loading
from bot.blocks.forms.new_task import CALLBACK
from bot.forms import Forms
from bot.listeners import batch, defaults, fields, new_task, settings
from bot.tasks import Run

# What a change means for one kind of form: (run, forms, body, action).
Changed = Callable[[Run, Forms, dict[str, Any], dict[str, Any]], Awaitable[None]]

# By callback id.
_CHANGED: Mapping[str, Changed] = MappingProxyType(
    {
        CALLBACK: new_task.changed,
        settings_form.CALLBACK: settings.changed,
        batch_form.CALLBACK: batch.changed,
        defaults_form.CALLBACK: defaults.changed,
    }
)


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register the fields that tell of every change: `template`, and the button for more room, `draft.more`."""
    app.action(re.compile(r"^(template|draft\.more)$"))(partial(field_changed, run, forms))
    app.action("form.again")(partial(fill_again, forms))


async def field_changed(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """A field was changed, or one more is wanted."""
    follow = _CHANGED.get((body.get("view") or {}).get("callback_id", ""))
    if follow is not None:
        await follow(run, forms, body, action)
    await ack()


async def fill_again(forms: Forms, ack: AsyncAck, body: dict[str, Any]) -> None:
    """A form could not be filled, and the person does not wait until it is tried by itself."""
    view = body["view"]
    form_id = fields.form_id(view)
    await forms.show(view["id"], loading(view["callback_id"], view["title"]["text"], form_id))
    await forms.fill(form_id)
    await ack()
