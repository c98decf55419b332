"""What the form of a batch knows beside its fields, from its opening to its preview: one transaction each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot import drafts
from bot.batch_lines import Lines, name_of, split_lines
from bot.blocks.forms.batch import BatchForm, Preview
from bot.blocks.forms.fields import NO_PRESET
from bot.coder.shelf import Shelf
from bot.drafts import Draft
from bot.models import CreateRequest, Form, Model, Person, Template
from bot.store import Connection
from bot.store.form_rows import find_form, save_form
from bot.store.person_rows import find_person
from bot.submissions import Filled, organization_of, preset_name, wrong_template

KIND = "batch"
_PERSON_SECONDS = 7 * 24 * 3600.0  # what a form offers may be older than what a task is made of
_EXPIRED = "This form is more than a day old. Copy your text and open it once more."


class BatchDraft(Model):
    """What is kept of an open form: what it begins with, what is chosen now, and what was previewed last.

    `template` is the id of the chosen one; `channel` is empty where it was opened on the Home tab.
    """

    request: CreateRequest = CreateRequest(prompt="")
    channel: str = ""
    user_name: str = ""
    template: str = ""
    count: int = 0
    changed: str = ""  # when a field was last changed: Slack's time of the action
    prompts: tuple[str, ...] = ()
    prefix: str = ""
    title: str = ""
    to_person: bool = True


@dataclass(frozen=True)
class FilledBatch:
    """What a person has filled in."""

    choice: Filled
    prompts: str
    prefix: str = ""
    title: str = ""
    to_person: bool = True


def draft_of(form: Form) -> BatchDraft:
    """The draft in a form's row."""
    return BatchDraft.model_validate(form.data)


def _save(connection: Connection, form_id: str, draft: BatchDraft) -> None:
    save_form(connection, form_id, data=draft.model_dump(mode="json"))


def as_new_task(draft: BatchDraft) -> Draft:
    """The same as the draft of one task: what decides which template and preset the form begins with."""
    return Draft(request=draft.request, channel=draft.channel, template=draft.template)


def shown(connection: Connection, form: Form, shelf: Shelf | None, limit: int) -> BatchForm | None:
    """The form as far as nothing has to be asked for; None when something has to."""
    person = find_person(connection, form.user, younger_than=_PERSON_SECONDS)
    if shelf is None or person is None or person.organizations is None:
        return None
    draft = draft_of(form)
    template, preset = drafts.chosen(connection, as_new_task(draft), person, shelf)
    usable = shelf.usable(person.organizations)
    return BatchForm(
        form_id=form.id,
        limit=limit,
        template=template,
        presets=shelf.presets(template) if template else None,
        required=shelf.required(template) if template else (),
        preset=preset,
        several=len({each.organization_id for each in usable}) > 1,
        prompts=draft.request.prompt,
        count=draft.count,
        in_channel=bool(draft.channel),
    )


def change(
    connection: Connection, form_id: str, at: str, *, template: str = "", count: int | None = None
) -> Form | None:
    """Take in a change of the template or of the number of prompts; None when nothing that is shown is changed."""
    form = find_form(connection, form_id)
    if form is None:
        return None
    draft = draft_of(form)
    is_same = (template or draft.template, draft.count if count is None else count) == (draft.template, draft.count)
    if at < draft.changed or is_same:
        return None
    changes = {"changed": at, "template": template or draft.template}
    counted = draft.count if count is None else count
    _save(connection, form_id, draft.model_copy(update={**changes, "count": counted}))
    return find_form(connection, form_id)


def preview(
    connection: Connection, form_id: str, filled: FilledBatch, shelf: Shelf | None, limit: int
) -> Preview | dict[str, str]:
    """What would start, kept for the start; or what is wrong with the form, by field."""
    form = find_form(connection, form_id)
    if form is None:
        return {"prompts": _EXPIRED}
    person = find_person(connection, form.user)
    lines = split_lines(filled.prompts)
    if wrong := _wrong(filled, lines, person, shelf, limit):
        return wrong
    draft, choice = draft_of(form), filled.choice
    template = _template(shelf, choice)
    preset = preset_name(shelf, template, choice)
    request = draft.request.model_copy(
        update={
            "prompt": "",
            "name": "",
            "template": template.name if template else choice.template,
            "organization": organization_of(shelf, template),
            "preset": preset,
        }
    )
    found = {"request": request, "prompts": lines.prompts, "prefix": filled.prefix.strip()}
    kept = {**found, "title": filled.title.strip(), "to_person": filled.to_person or not draft.channel}
    _save(connection, form_id, draft.model_copy(update=kept))
    named = [(prompt, name_of(form_id, line, prompt)) for line, prompt in enumerate(lines.prompts)]
    title = template.title if template else choice.template
    return Preview(form_id, title, preset or _default(shelf, template), named, _notes(lines, filled.prefix))


def _template(shelf: Shelf | None, choice: Filled) -> Template | None:
    return next((each for each in shelf.templates if each.id == choice.template), None) if shelf else None


def _default(shelf: Shelf | None, template: Template | None) -> str:
    """The preset that a task gets without asking for one."""
    presets = (shelf.presets(template) or ()) if shelf and template else ()
    return next((one.name for one in presets if one.is_default), NO_PRESET if template else "")


def _wrong(filled: FilledBatch, lines: Lines, person: Person | None, shelf: Shelf | None, limit: int) -> dict[str, str]:
    wrong = wrong_template(filled.choice, person, shelf)
    if not lines.prompts:
        wrong["prompts"] = "Write at least one prompt."
    elif len(lines.prompts) > limit:
        wrong["prompts"] = f"These are {len(lines.prompts)} prompts; {limit} can start at a time."
    if not filled.title.strip():
        wrong["title"] = "Give the batch a title."
    return wrong


def _notes(lines: Lines, prefix: str) -> list[str]:
    """What is worth a word before the start."""
    what = "Block" if lines.is_blocks else "Line"
    notes = [f"{_these(what, lines.skipped)} empty and skipped."] if lines.skipped else []
    notes += [f"{_these(what, same)} equal: each starts a task." for same in lines.equal]
    return [*notes, *(["The text in front is added to every prompt."] if prefix.strip() else [])]


def _these(what: str, numbers: Sequence[int]) -> str:
    """`Line 4 is`, `Lines 2 and 5 are`."""
    if len(numbers) == 1:
        return f"{what} {numbers[0]} is"
    *first, last = (str(number) for number in numbers)
    return f"{what}s {', '.join(first)} and {last} are"
