"""Batches: the form, its live count, the preview and the start; and the buttons of the roll-up."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import batch_drafts, batches
from bot.batch_drafts import BatchDraft, FilledBatch
from bot.batch_lines import split_lines
from bot.blocks.forms.batch import CALLBACK, START, TITLE, BatchForm, Preview, batch, preview
from bot.blocks.forms.loading import loading
from bot.commands import Batch
from bot.forms import Forms
from bot.listeners import fields
from bot.listeners.origins import origin_of
from bot.models import Form, Origin, Verb
from bot.submissions import Filled
from bot.tasks import Run

_STEERS = {"batch.pause": Verb.PAUSE, "batch.delete": Verb.DELETE}


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register the forms, the count, and the buttons; a change of the template comes by `changing`."""
    app.action("user.batch")(partial(batch_clicked, forms))
    app.action("prompts")(partial(prompts_changed, run, forms))
    app.action("batch.retry")(partial(retry_clicked, run))
    app.action("batch.pause")(partial(steer_clicked, run))
    app.action("batch.delete")(partial(steer_clicked, run))
    app.view(CALLBACK)(partial(submitted, run, forms))
    app.view(START)(partial(started, run))


# -- opened ------------------------------------------------------------------------------------------------------------


async def batch_clicked(forms: Forms, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """New batch, on the Home tab."""
    await open_batch(forms, Batch(), origin_of(body, action), body["trigger_id"])
    await ack()


async def open_batch(forms: Forms, command: Batch, origin: Origin, trigger: str) -> None:
    """Open the form for a command or a button."""
    draft = BatchDraft(
        request=command.request,
        channel=origin.channel if origin.channel != origin.user else "",  # the Home tab is in none
        user_name=origin.user_name,
        count=len(split_lines(command.request.prompt).prompts),
    )
    form_id = sha256(f"batch:{trigger}".encode()).hexdigest()[:32]
    form = Form(id=form_id, kind=batch_drafts.KIND, user=origin.user, data=draft.model_dump(mode="json"))
    known: BatchForm | None = await forms.database.run(batch_drafts.shown, form, forms.shelf(), forms.batch_limit)
    view = batch(known) if known else loading(CALLBACK, TITLE, form_id)
    await forms.open(trigger, form, view, origin, fill=known is None or known.is_waiting)


# -- while it is open --------------------------------------------------------------------------------------------------


async def prompts_changed(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """The prompts were changed: the form says how many there are."""
    if (body.get("view") or {}).get("callback_id") == CALLBACK:
        count = len(split_lines(str(action.get("value") or "")).prompts)
        await _follow(run, forms, body, action, count=count)
    await ack()


async def changed(run: Run, forms: Forms, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Another template was chosen: its presets follow at once."""
    await _follow(run, forms, body, action, template=fields.template_id(fields.state_of(body["view"])))


async def _follow(run: Run, forms: Forms, body: dict[str, Any], action: dict[str, Any], **change: Any) -> None:
    view, at = body["view"], str(action.get("action_ts", ""))
    form_id = fields.form_id(view)
    form = await run(batch_drafts.change, form_id, at, **change)
    while form is not None:
        known: BatchForm | None = await run(batch_drafts.shown, form, forms.shelf(), forms.batch_limit)
        if known is None or known.is_waiting:
            await forms.fill(form_id)
        if known is not None:
            await forms.show(view["id"], batch(known))
        latest = await forms.form(form_id)
        form = latest if latest is not None and latest.data != form.data else None


# -- submitted ---------------------------------------------------------------------------------------------------------


async def submitted(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
    """Preview what would start, or say on the fields what is wrong with them."""
    del body
    found: Preview | dict[str, str] = await run(
        batch_drafts.preview, fields.form_id(view), _filled(view), forms.shelf(), forms.batch_limit
    )
    if isinstance(found, Preview):
        await ack(response_action="push", view=preview(found).payload)
        return
    there = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    errors = {name: text for name, text in found.items() if name in there}
    await ack(response_action="errors", errors=errors or {"prompts": next(iter(found.values()))})


def _filled(view: dict[str, Any]) -> FilledBatch:
    state = fields.state_of(view)
    template = fields.template_id(state)
    choice = Filled(
        template=template,
        preset=fields.preset_id(state, template),
        preset_words=fields.chosen_words(state, f"preset.{template}"),
        has_preset_field=f"preset.{template}" in state,
    )
    return FilledBatch(
        choice,
        fields.typed(state, "prompts"),
        fields.typed(state, "prefix"),
        fields.typed(state, "title"),
        to_person=fields.chosen(state, "cards") != "channel",
    )


async def started(run: Run, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
    """Start what was previewed."""
    user = body["user"]
    await run(batches.submit, fields.form_id(view), user["id"], user.get("name") or user.get("username") or "")
    await ack(response_action="clear")


# -- the roll-up -------------------------------------------------------------------------------------------------------


async def retry_clicked(run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Retry failed lines."""
    await run(batches.retry, action["value"], origin_of(body, action))
    await ack()


async def steer_clicked(run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Pause all, Delete all."""
    await run(batches.steer, action["value"], _STEERS[action["action_id"]], origin_of(body, action))
    await ack()
