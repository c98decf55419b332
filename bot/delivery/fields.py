"""What has to be asked for before the forms with a template and a preset can be filled."""

from __future__ import annotations

import asyncio

from bot import batch_drafts, defaults, drafts
from bot.blocks.forms.batch import batch
from bot.blocks.forms.defaults import defaults as defaults_view
from bot.delivery.outside import Outside
from bot.drafts import Draft
from bot.errors import Transient
from bot.models import Form, View


async def fill_batch(outside: Outside, form: Form) -> View:
    """The form of a batch with everything in it; UserError when Coder does not answer, or does not know the person."""
    await _read(outside, form, batch_drafts.as_new_task(batch_drafts.draft_of(form)))
    shown = await outside.database.run(batch_drafts.shown, form, outside.directory.shelf(), outside.batch_limit)
    if shown is None:
        raise Transient("the form is not known in full")
    return batch(shown)


async def fill_defaults(outside: Outside, form: Form) -> View:
    """The form of a person's defaults with everything in it."""
    await _read(outside, form, defaults.draft_of(form))
    shown = await outside.database.run(defaults.shown, form, outside.directory.shelf())
    if shown is None:
        raise Transient("the form is not known in full")
    return defaults_view(shown)


async def _read(outside: Outside, form: Form, draft: Draft) -> None:
    """Let the person, the templates, and the presets of the chosen one be known."""
    person, _ = await asyncio.gather(outside.person(form.user), outside.directory.templates())
    shelf = outside.directory.shelf()
    if shelf is not None:
        template, _ = await outside.database.run(drafts.chosen, draft, person, shelf)
        if template is not None:
            await outside.directory.presets(template.version_id)
