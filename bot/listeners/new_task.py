"""The form for a new task: opened, changed, submitted. What it offers comes from the shelf, never from Coder."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import drafts, submissions, tasks
from bot.blocks.forms.loading import loading
from bot.blocks.forms.new_task import CALLBACK, TITLE, NewTask, new_task
from bot.blocks.problems import problem
from bot.commands import New
from bot.drafts import Draft
from bot.errors import UserError
from bot.forms import Forms
from bot.listeners import fields
from bot.models import Form, Level, Origin
from bot.submissions import Filled
from bot.tasks import Run

_SHOWN_AGAIN = 3  # somebody who changes the template while it is shown sees the last one at the latest then


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register the submitted form; changes in it come by `changing`."""
    app.view(CALLBACK)(partial(submitted, run, forms))


async def open_new(forms: Forms, command: New, origin: Origin, trigger: str) -> None:
    """Open the form for a command or a button."""
    try:
        draft = await forms.database.run(_first_draft, command, origin)
    except UserError as error:
        await forms.database.run(tasks.show_at_once, origin, problem(error))
        return
    await open_draft(forms, draft, origin, trigger)


async def open_draft(forms: Forms, draft: Draft, origin: Origin, trigger: str) -> None:
    """Open the form with what is known; what has to be asked for is filled in by the delivery."""
    form_id = sha256(f"form:{trigger}".encode()).hexdigest()[:32]
    form = Form(id=form_id, kind=drafts.KIND, user=origin.user, data=draft.model_dump(mode="json"))
    known: NewTask | None = None
    if draft.message is None:  # who wrote a message, and what its thread says, has to be asked for
        known = await forms.database.run(drafts.shown, form, forms.shelf())
    view = new_task(known) if known else loading(CALLBACK, TITLE, form_id)
    await forms.open(trigger, form, view, origin, fill=known is None or known.is_waiting)


def _first_draft(connection: Any, command: New, origin: Origin) -> Draft:
    """What the form begins with."""
    if command.form:
        return drafts.old_draft(connection, command.form, origin.user)
    request = drafts.again(connection, command.task, origin) if command.task else command.request
    in_channel = origin.channel != origin.user  # the Home tab is in none
    return Draft(
        request=request,
        channel=origin.channel if in_channel else "",
        thread_ts=origin.thread_ts,
        user_name=origin.user_name,
    )


async def changed(run: Run, forms: Forms, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Another template was chosen, or one more field for the prompt is wanted: the form follows at once."""
    view, at = body["view"], str(action.get("action_ts", ""))
    form_id = fields.form_id(view)
    template = fields.template_id(fields.state_of(view)) if action["action_id"] == "template" else ""
    parts = int(action["value"]) if action["action_id"] == "draft.more" else 0
    form = await run(drafts.change, form_id, at, template=template, parts=parts)
    for _ in range(_SHOWN_AGAIN):
        if form is None:
            return
        known: NewTask | None = await run(drafts.shown, form, forms.shelf())
        if known is None or known.is_waiting:
            await forms.fill(form_id)
        if known is not None:
            await forms.show(view["id"], new_task(known))
        latest = await forms.form(form_id)
        if latest is None or latest.data == form.data:
            return
        form = latest


async def submitted(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
    """The form was filled in: a task is on its way, or its fields say what is wrong with them."""
    wrong: dict[str, str] = await run(
        submissions.submit, fields.form_id(view), _filled(view), body["user"]["id"], forms.shelf()
    )
    if not wrong:
        await ack()
        return
    there = {block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    errors = {name: text for name, text in wrong.items() if name in there}
    # What is wrong with something that has no field here is said at one that every form has.
    await ack(response_action="errors", errors=errors or {"prompt.1": next(iter(wrong.values()))})


def _filled(view: dict[str, Any]) -> Filled:
    state = fields.state_of(view)
    template = fields.template_id(state)
    level = fields.chosen(state, "notify")
    return Filled(
        template=template,
        preset=fields.preset_id(state, template),
        preset_words=fields.chosen_words(state, f"preset.{template}"),
        prompt=fields.prompt(state),
        name=fields.typed(state, "name").strip(),
        level=Level(level) if level in set(Level) else Level.IMPORTANT,
        tell="tell" in fields.ticked(state, "tell"),
        in_thread=fields.chosen(state, "place") == "thread",
        channel=fields.chosen(state, "channel"),
        include=frozenset(fields.ticked(state, "include")),
        has_preset_field=f"preset.{template}" in state,
    )
