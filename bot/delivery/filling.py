"""Forms that were opened before everything was known: filled in, or replaced by the reason why that cannot be."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot import batch_drafts, channel_settings, problems
from bot import defaults as person_defaults
from bot.blocks.forms import batch, defaults, new_task, reply, send, settings
from bot.blocks.forms.failed import failed
from bot.delivery.fields import fill_batch, fill_defaults
from bot.delivery.outside import Outside
from bot.delivery.settings import fill_settings
from bot.delivery.starting import fill_new_task
from bot.delivery.steering import fill_send_to_task
from bot.errors import Later, SlackRefused, Transient, UserError
from bot.models import Form, View
from bot.store.form_rows import find_form
from bot.store.lanes import Item

log = logging.getLogger(__name__)

# Somebody looks at the form: after so long without an answer they read why it is empty, and it is tried again.
_PATIENCE_SECONDS = 8.0
_CLOSED = {"not_found", "view_not_found"}
_SHOWN_AGAIN = 3


@dataclass(frozen=True)
class Filler:
    """How one kind of form is filled; `callback_id` and `title` are for the view that says why it cannot be."""

    fill: Callable[[Outside, Form], Awaitable[View]]
    callback_id: str
    title: str


# By the form's kind.
_FILLERS: Mapping[str, Filler] = MappingProxyType(
    {
        "new": Filler(fill_new_task, new_task.CALLBACK, new_task.TITLE),
        channel_settings.KIND: Filler(fill_settings, settings.CALLBACK, settings.TITLE),
        batch_drafts.KIND: Filler(fill_batch, batch.CALLBACK, batch.TITLE),
        person_defaults.KIND: Filler(fill_defaults, defaults.CALLBACK, defaults.TITLE),
        send.KIND: Filler(fill_send_to_task, reply.CALLBACK, send.TITLE),
    }
)


async def fill_form(outside: Outside, item: Item) -> None:
    """Fill in an open form; what the person can mend, or that Coder does not answer, is shown in its place."""
    form_id = item.payload["form"]
    form: Form | None = await outside.database.run(find_form, form_id)
    filler = _FILLERS.get(form.kind) if form else None
    if form is None or form.view_id is None or filler is None:
        return
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await _fill(outside, form, form.view_id, filler)
    except TimeoutError:
        await _explain(
            outside, form, filler, problems.coder_unreachable(outside.coder.http.url.partition("://")[2]), again=True
        )
        raise Transient("Coder takes too long to fill a form") from None
    except UserError as error:
        again = isinstance(error, Later | Transient)
        await _explain(outside, form, filler, error, again=again)
        if again:
            raise


async def _fill(outside: Outside, form: Form, view_id: str, filler: Filler) -> None:
    """Fill the form; what the person has changed in it meanwhile is shown too."""
    for _ in range(_SHOWN_AGAIN):
        await _show(outside, view_id, await filler.fill(outside, form))
        filled: Form | None = await outside.database.run(find_form, form.id)
        if filled is None or filled.data.get("changed") == form.data.get("changed"):
            return
        form = filled


async def _explain(outside: Outside, form: Form, filler: Filler, error: UserError, *, again: bool) -> None:
    log.info("a form is not filled", extra={"action": "fill_refused", "form": form.id, "why": error.name})
    view = failed(filler.callback_id, filler.title, form.id, error, again=again)
    await _show(outside, str(form.view_id), view)


async def _show(outside: Outside, view_id: str, view: View) -> None:
    try:
        await outside.slack.update_view(view_id, view)
    except SlackRefused as refusal:
        if refusal.code not in _CLOSED:
            raise
