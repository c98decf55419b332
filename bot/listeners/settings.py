"""What a channel is shown and what holds in it: the buttons and the form, and the buttons of the weekly clean-up."""

from __future__ import annotations

import re
from functools import partial
from hashlib import sha256
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import channel_settings, cleaning, commands, tasks
from bot.blocks.forms.loading import loading
from bot.blocks.forms.settings import CALLBACK, TITLE, channel_form
from bot.channel_settings import Filled, Known
from bot.forms import Forms
from bot.listeners import fields, options
from bot.listeners.origins import origin_of
from bot.models import Form, Level, PromptRule, StartRule
from bot.tasks import Run


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register what belongs to channels."""
    app.action("channel.watch_off")(partial(watch_off, run))
    app.action("channel.settings")(partial(open_settings, forms))
    app.options("news_template")(partial(options.templates, run, forms))
    app.view(CALLBACK)(partial(submitted, run, forms))
    app.action(re.compile(r"^clean\."))(partial(clean_clicked, run))


async def watch_off(run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """The channel shall be told of no tasks any more."""
    await run(tasks.answer, commands.Unwatch(), origin_of(body, action))
    await ack()


async def clean_clicked(run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """A button of the weekly message: delete some of the tasks, or do not send it any more."""
    origin = origin_of(body, action)
    match action["action_id"].removeprefix("clean."):
        case "delete" | "all":
            await run(cleaning.delete, action["value"].split(","), origin)
        case "on" | "off" as wanted:
            await run(cleaning.switch, origin, on=wanted == "on")
    await ack()


async def open_settings(forms: Forms, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Open the form; who may change the channel has to be asked for, so that it begins empty."""
    trigger, origin = body["trigger_id"], origin_of(body, action)
    form_id = sha256(f"form:{trigger}".encode()).hexdigest()[:32]
    known = Known(channel=action["value"])
    form = Form(id=form_id, kind=channel_settings.KIND, user=origin.user, data=known.model_dump(mode="json"))
    await forms.open(trigger, form, loading(CALLBACK, TITLE, form_id, "Loading settings…"), origin, fill=True)
    await ack()


async def changed(run: Run, forms: Forms, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Another template was chosen: its presets follow."""
    view, form_id = body["view"], fields.form_id(body["view"])
    template = fields.template_id(fields.state_of(view))
    form: Form | None = await run(channel_settings.change, form_id, str(action.get("action_ts", "")), template)
    shelf = forms.shelf()
    shown = await run(channel_settings.shown, form, shelf) if form and shelf else None
    if form and (shown is None or (shown.template is not None and shown.presets is None)):
        await forms.fill(form_id)
    if shown is not None:
        await forms.show(view["id"], channel_form(shown))


async def submitted(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
    """The form was filled in: it holds from now on, or a field says why not."""
    wrong: dict[str, str] = await run(
        channel_settings.save, fields.form_id(view), body["user"]["id"], _filled(view), forms.shelf()
    )
    if wrong:
        await ack(response_action="errors", errors=wrong)
    else:
        await ack()


def _filled(view: dict[str, Any]) -> Filled:
    state = fields.state_of(view)
    template, level = fields.template_id(state), fields.chosen(state, "notify")
    nobody, anyone = StartRule.NOBODY, PromptRule.ANYONE
    return Filled(
        template=template,
        preset=fields.preset_id(state, template),
        start=nobody if fields.chosen(state, "start") == nobody else StartRule.ANYONE,
        prompts=anyone if fields.chosen(state, "steer") == anyone else PromptRule.OWNER,
        level=Level(level) if level in set(Level) else Level.IMPORTANT,
        news=frozenset(fields.ticked(state, "news")) if "news" in state else None,
        news_template=fields.chosen(state, "news_template").removeprefix("tpl:"),
    )
