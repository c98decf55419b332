"""A person's defaults: the button that opens the form, and the form."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import defaults
from bot.blocks.forms.defaults import CALLBACK, TITLE, DefaultsForm
from bot.blocks.forms.defaults import defaults as view_of
from bot.blocks.forms.loading import loading
from bot.forms import Forms
from bot.listeners import fields
from bot.listeners.origins import origin_of
from bot.models import Form, Level
from bot.submissions import Filled
from bot.tasks import Run


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register the button and the submitted form; a change of the template comes by `changing`."""
    app.action("user.defaults")(partial(defaults_clicked, forms))
    app.view(CALLBACK)(partial(submitted, run, forms))


async def defaults_clicked(forms: Forms, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Change defaults…, on the Home tab or below `whoami`."""
    origin, trigger = origin_of(body, action), body["trigger_id"]
    form_id = sha256(f"defaults:{trigger}".encode()).hexdigest()[:32]
    form = Form(id=form_id, kind=defaults.KIND, user=origin.user, data={})
    known: DefaultsForm | None = await forms.database.run(defaults.shown, form, forms.shelf())
    view = view_of(known) if known else loading(CALLBACK, TITLE, form_id)
    await forms.open(trigger, form, view, origin, fill=known is None or known.is_waiting)
    await ack()


async def changed(run: Run, forms: Forms, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Another template was chosen: its presets follow at once."""
    view = body["view"]
    form_id, template = fields.form_id(view), fields.template_id(fields.state_of(view))
    form = await run(defaults.change, form_id, str(action.get("action_ts", "")), template)
    if form is None:
        return
    known: DefaultsForm | None = await run(defaults.shown, form, forms.shelf())
    if known is None or known.is_waiting:
        await forms.fill(form_id)
    if known is not None:
        await forms.show(view["id"], view_of(known))


async def submitted(run: Run, forms: Forms, ack: AsyncAck, view: dict[str, Any]) -> None:
    """Save, or say on the fields what is wrong with them."""
    state = fields.state_of(view)
    template, level = fields.template_id(state), fields.chosen(state, "notify")
    choice = Filled(
        template=template,
        preset=fields.preset_id(state, template),
        preset_words=fields.chosen_words(state, f"preset.{template}"),
        has_preset_field=f"preset.{template}" in state,
    )
    chosen = Level(level) if level in set(Level) else Level.IMPORTANT
    clean_up = "weekly" in fields.ticked(state, "clean_up")
    wrong: dict[str, str] = await run(
        defaults.save, fields.form_id(view), choice, chosen, forms.shelf(), clean_up=clean_up
    )
    if wrong:
        await ack(response_action="errors", errors=wrong)
    else:
        await ack()
