"""What holds in a channel: shown to whoever asks, and the form for those who may change it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from bot import channel_settings
from bot.blocks import channel as shown
from bot.blocks.forms.settings import channel_form
from bot.coder.shelf import Shelf
from bot.delivery.outside import Outside
from bot.errors import DeliveryError, Later, SlackRefused, Transient, UserError
from bot.models import ChannelSettings, Content, Form, Origin, View, Watch
from bot.problems import channels
from bot.store import Connection
from bot.store.settings_rows import get_channel
from bot.store.watch_rows import list_watches


async def settings_answer(outside: Outside, origin: Origin) -> Content:
    """Show what holds in a channel; where Coder does not answer, the template is called as it was set."""
    settings, watching = await outside.database.run(_of_channel, origin.channel)
    title = settings.template
    if title:
        with contextlib.suppress(DeliveryError):
            found = (one for one in await outside.directory.templates() if settings.template in (one.name, one.id))
            title = next((one.title or one.name for one in found), title)
    return shown.settings_answer(settings, title, watching)


def _of_channel(connection: Connection, channel: str) -> tuple[ChannelSettings, list[Watch]]:
    return get_channel(connection, channel), list_watches(connection, channel)


async def settings_changed(outside: Outside, facts: Mapping[str, Any]) -> Content:
    """What holds in a channel from now on."""
    del outside
    watching = [Watch.model_validate(one) for one in facts["watches"]]
    return shown.settings_changed(
        facts["by"], ChannelSettings.model_validate(facts["settings"]), facts["title"], watching
    )


async def fill_settings(outside: Outside, form: Form) -> View:
    """The form with everything in it; UserError for those who may not change the channel, or when Coder is silent."""
    known = channel_settings.known_of(form)
    name = await _allowed(outside, form.user, known.channel)
    try:
        name = (await outside.person(form.user)).name
    except UserError as error:  # an admin without a Coder account can change all but what is watched
        if isinstance(error, Later | Transient):
            raise
    current: Form | None = await outside.database.run(channel_settings.allow, form.id, name)
    await outside.directory.templates()
    shelf = outside.directory.shelf()
    if current is None or shelf is None:
        raise Transient("the templates are not known")
    await _read_presets(outside, current, shelf)
    made = await outside.database.run(channel_settings.shown, current, outside.directory.shelf() or shelf)
    if made is None:
        raise Transient("the form is not known in full")
    return channel_form(made)


async def _allowed(outside: Outside, user: str, channel: str) -> str:
    """The name of somebody who may change the settings: an admin of the Slack workspace, or who made the channel."""
    found = await outside.slack.user(user)
    if found.is_admin or channel.startswith("D"):  # direct messages are their person's own
        return found.name
    try:
        creator = (await outside.slack.channel(channel)).creator
    except SlackRefused:
        creator = ""
    if creator != user:
        raise channels.not_your_settings()
    return found.name


async def _read_presets(outside: Outside, form: Form, shelf: Shelf) -> None:
    """Let the presets of the chosen template be known."""
    known = channel_settings.known_of(form)
    settings, _ = await outside.database.run(_of_channel, known.channel)
    template = channel_settings.chosen(settings, known, shelf)
    if template is not None:
        await outside.directory.presets(template.version_id)
