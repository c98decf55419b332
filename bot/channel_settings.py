"""The use cases of what holds in a channel: what its form shows, and what becomes of the filled form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot import queue, watches
from bot.blocks.forms.fields import NO_PRESET
from bot.blocks.forms.settings import ChannelForm, News
from bot.coder.shelf import Shelf
from bot.commands import EVENTS
from bot.models import ChannelSettings, Form, Level, Model, Person, PromptRule, StartRule, Template, Watch
from bot.store import Connection
from bot.store.form_rows import find_form, save_form
from bot.store.lanes import enqueue
from bot.store.person_rows import find_person
from bot.store.settings_rows import get_channel, save_channel
from bot.store.watch_rows import list_watches, remove_watches, save_watch

KIND = "settings"
_FAILED = {"failed", "error"}  # one box in the form


class Known(Model):
    """What is kept with an open form. `may`: its person was found to be somebody who may change the settings.

    `template` is the id of what is chosen now, None while nothing was chosen; `name` is the person's.
    """

    channel: str
    may: bool = False
    name: str = ""
    template: str | None = None
    changed: str = ""
    saved: bool = False


@dataclass(frozen=True)
class Filled:
    """What a person has filled in; `news` is None where the form had no such field."""

    template: str = ""
    preset: str = ""
    start: StartRule = StartRule.ANYONE
    prompts: PromptRule = PromptRule.OWNER
    level: Level = Level.IMPORTANT
    news: frozenset[str] | None = None
    news_template: str = ""


def known_of(form: Form) -> Known:
    """What is kept with the form."""
    return Known.model_validate(form.data)


def allow(connection: Connection, form_id: str, name: str) -> Form | None:
    """Slack says that the person, called so, may change the settings."""
    form = find_form(connection, form_id)
    if form is not None:
        _keep(connection, form_id, known_of(form).model_copy(update={"may": True, "name": name}))
    return find_form(connection, form_id)


def change(connection: Connection, form_id: str, at: str, template: str) -> Form | None:
    """Take in another choice of the template; None when a later one was taken in."""
    form = find_form(connection, form_id)
    if form is None or at < known_of(form).changed:
        return None
    _keep(connection, form_id, known_of(form).model_copy(update={"template": template, "changed": at}))
    return find_form(connection, form_id)


def _keep(connection: Connection, form_id: str, known: Known) -> None:
    save_form(connection, form_id, data=known.model_dump(mode="json"))


# -- what the form shows -----------------------------------------------------------------------------------------------


def shown(connection: Connection, form: Form, shelf: Shelf) -> ChannelForm | None:
    """What the form shows; None while it is not known that its person may change it."""
    known = known_of(form)
    if not known.may:
        return None
    settings, watching = get_channel(connection, known.channel), list_watches(connection, known.channel)
    template = chosen(settings, known, shelf)
    has_account = find_person(connection, form.user) is not None
    return ChannelForm(
        form_id=form.id,
        channel=known.channel,
        template=template,
        presets=shelf.presets(template) if template else None,
        required=shelf.required(template) if template else (),
        preset=settings.preset,
        start=settings.start,
        prompts=settings.prompts,
        level=settings.level,
        news=_news(watching, shelf) if has_account and len(watching) < 2 else None,
        has_several=len(watching) > 1,
    )


def chosen(settings: ChannelSettings, known: Known, shelf: Shelf) -> Template | None:
    """The template that is chosen in the form now, at first the channel's."""
    return shelf.template(settings.template if known.template is None else known.template)


def _news(watching: list[Watch], shelf: Shelf) -> News:
    if not watching:
        return News()
    watch = watching[0]
    return News(_boxes(watch), next((one for one in shelf.templates if _title(one) == watch.template), None))


def _boxes(watch: Watch) -> frozenset[str]:
    """The watch's events as the form has them."""
    return frozenset("failed" if event in _FAILED else event for event in watch.events if event != "created")


def _title(template: Template) -> str:
    return template.title or template.name


# -- what becomes of it ------------------------------------------------------------------------------------------------


def save(connection: Connection, form_id: str, user: str, filled: Filled, shelf: Shelf | None) -> dict[str, str]:
    """Take in the filled form, once; what is wrong, by the field's block id. What changes is told in the channel."""
    form = find_form(connection, form_id)
    if form is None or form.user != user:
        return {"notify": "This form is more than a day old. Open it once more."}
    known = known_of(form)
    if not known.may or shelf is None:
        return {"notify": "Nothing was saved: Coder does not answer. Try again in a minute."}
    if known.saved:
        return {}
    template = shelf.template(filled.template)
    if filled.template and template is None:
        return {"template": "This template is not there any more. Choose another one."}
    old, new = get_channel(connection, known.channel), _settings(known, user, filled, shelf, template)
    save_channel(connection, new)
    _keep(connection, form_id, known.model_copy(update={"saved": True}))
    news = _watch(connection, known, find_person(connection, user), filled, shelf)
    if news or _differs(old, new):
        watching = [one.model_dump(mode="json") for one in list_watches(connection, known.channel)]
        facts: dict[str, Any] = {"settings": new.model_dump(mode="json"), "watches": watching}
        title = _title(template) if template else ""
        note = queue.post_note(
            known.channel, "settings_changed", f"settings:{form_id}", by=known.name, title=title, **facts
        )
        enqueue(connection, note)
    return {}


def _differs(old: ChannelSettings, new: ChannelSettings) -> bool:
    by = {"changed_by", "changed_by_name", "changed_at"}
    usual = {"level": old.level or Level.IMPORTANT}
    return old.model_copy(update=usual).model_dump(exclude=by) != new.model_dump(exclude=by)


def _settings(known: Known, user: str, filled: Filled, shelf: Shelf, template: Template | None) -> ChannelSettings:
    presets = (shelf.presets(template) or ()) if template else ()
    preset = next((one.name for one in presets if one.id == filled.preset), "")
    names = [one.name for one in shelf.templates]
    return ChannelSettings(
        channel=known.channel,
        template="" if template is None else template.name if names.count(template.name) == 1 else template.id,
        preset=NO_PRESET if filled.preset == NO_PRESET else preset,
        level=filled.level,
        start=filled.start,
        prompts=filled.prompts,
        changed_by=user,
        changed_by_name=known.name,
    )


def _watch(connection: Connection, known: Known, person: Person | None, filled: Filled, shelf: Shelf) -> bool:
    """Keep what the channel is told of tasks of elsewhere; False when that is as it was, or not in this form."""
    watching = list_watches(connection, known.channel)
    if filled.news is None or person is None or len(watching) > 1:
        return False
    only = shelf.template(filled.news_template)
    template, old = _title(only) if only else "", watching[0] if watching else None
    if (old.template if old else "", _boxes(old) if old else frozenset()) == (template, filled.news):
        return False
    if not old and not filled.news:
        return False
    remove_watches(connection, known.channel)
    if filled.news:
        events = tuple(event for event in EVENTS if _has(event, filled, old))
        whose = (old.owner_id, old.owner_name) if old else ("", "")
        save_watch(connection, watches.new_watch(person, known.channel, whose, template, events))
    return True


def _has(event: str, filled: Filled, old: Watch | None) -> bool:
    """Whether an event is wanted: what the form has no box for stays as it was."""
    if event == "created":
        return old is not None and event in old.events
    return ("failed" if event in _FAILED else event) in (filled.news or ())
