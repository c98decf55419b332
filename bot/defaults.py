"""What a person's tasks start from when they say nothing: shown in a form and kept, one transaction each."""

from __future__ import annotations

from bot import drafts, homes
from bot.blocks.forms.defaults import DefaultsForm
from bot.coder.shelf import Shelf
from bot.drafts import Draft
from bot.models import Form, Level, Model, PersonSettings
from bot.store import Connection
from bot.store.form_rows import find_form, save_form
from bot.store.home_rows import is_home_open
from bot.store.person_rows import find_person
from bot.store.settings_rows import get_person_settings, save_person_settings
from bot.submissions import Filled, preset_name, wrong_template

KIND = "defaults"
_PERSON_SECONDS = 7 * 24 * 3600.0
_EXPIRED = "This form is more than a day old. Open it once more."


class DefaultsDraft(Model):
    """What is kept of an open form: the id of the template that is chosen now, and when a field was last changed."""

    template: str = ""
    changed: str = ""


def draft_of(form: Form) -> Draft:
    """The same as the draft of a new task: what decides which template and preset the form begins with."""
    return Draft(template=DefaultsDraft.model_validate(form.data).template)


def shown(connection: Connection, form: Form, shelf: Shelf | None) -> DefaultsForm | None:
    """The form as far as nothing has to be asked for; None when something has to."""
    person = find_person(connection, form.user, younger_than=_PERSON_SECONDS)
    if shelf is None or person is None or person.organizations is None:
        return None
    template, preset = drafts.chosen(connection, draft_of(form), person, shelf)
    settings = get_person_settings(connection, form.user)
    usable = shelf.usable(person.organizations)
    return DefaultsForm(
        form_id=form.id,
        template=template,
        presets=shelf.presets(template) if template else None,
        required=shelf.required(template) if template else (),
        preset=preset,
        several=len({each.organization_id for each in usable}) > 1,
        level=settings.level,
        clean_up=settings.clean_up,
    )


def change(connection: Connection, form_id: str, at: str, template: str) -> Form | None:
    """Take in another template; None when a later change was taken in."""
    form = find_form(connection, form_id)
    draft = DefaultsDraft.model_validate(form.data) if form else None
    if draft is None or at < draft.changed:
        return None
    data = DefaultsDraft(template=template or draft.template, changed=at).model_dump(mode="json")
    save_form(connection, form_id, data=data)
    return find_form(connection, form_id)


def save(
    connection: Connection, form_id: str, choice: Filled, level: Level, shelf: Shelf | None, *, clean_up: bool
) -> dict[str, str]:
    """Keep what was filled in; what is wrong is returned, by field. The person's Home tab shows it at once."""
    form = find_form(connection, form_id)
    if form is None:
        return {"template": _EXPIRED}
    if wrong := wrong_template(choice, find_person(connection, form.user), shelf):
        return wrong
    template = next((each for each in shelf.templates if each.id == choice.template), None) if shelf else None
    settings = PersonSettings(
        slack_user=form.user,
        template=choice.template,  # the id: a name may be another organization's too
        preset=preset_name(shelf, template, choice),
        level=level,
        clean_up=clean_up,
    )
    save_person_settings(connection, settings)
    if is_home_open(connection, form.user):
        homes.refreshed(connection, form.user)
    return {}
