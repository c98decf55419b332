"""What becomes of a filled new-task form: what is wrong with it, by field, or a task."""

from __future__ import annotations

from dataclasses import dataclass

from bot import queue, tasks, wishes
from bot.background import fitting
from bot.blocks.answers import creating
from bot.blocks.forms.fields import NO_PRESET, split_prompt
from bot.blocks.forms.new_task import Thread
from bot.coder.shelf import Shelf
from bot.commands import Create
from bot.drafts import Draft, draft_of, named_template, thread_of, thread_place
from bot.errors import UserError
from bot.models import CreateRequest, Form, Level, Origin, Person, Place, Preset, Quote, Template
from bot.names import task_name_problem
from bot.store import Connection
from bot.store.form_rows import find_form
from bot.store.lanes import enqueue
from bot.store.person_rows import find_person

PROMPT_LIMIT = 100_000
_FIELD_ERROR = 500  # characters that are shown under a field


@dataclass(frozen=True)
class Filled:
    """What a person has filled in; `preset_words` is what the chosen preset's entry says."""

    template: str = ""
    preset: str = ""
    preset_words: str = ""
    prompt: str = ""
    name: str = ""
    level: Level = Level.IMPORTANT
    tell: bool = False
    in_thread: bool = False
    channel: str = ""
    include: frozenset[str] = frozenset()
    has_preset_field: bool = False


def submit(connection: Connection, form_id: str, filled: Filled, user: str, shelf: Shelf | None) -> dict[str, str]:
    """Take in the filled form: what is wrong, by the field's block id; nothing wrong means that the task is on its way.

    However often it is submitted, it is one task.
    """
    form = find_form(connection, form_id)
    if form is None or form.user != user:
        return {"prompt.1": "This form is more than a day old. Copy your text and open it once more."}
    draft = draft_of(form)
    person = find_person(connection, form.user)
    if wrong := _wrong(draft, filled, person, shelf):
        return wrong
    request = _request(connection, draft, filled, shelf)
    origin = _origin(form, draft, request, user)
    try:
        is_new = tasks.create(connection, Create(request=request), origin)
    except UserError as error:
        field = "place" if filled.in_thread else "channel"
        return {field: f"{error.title}. {error.cause} {error.step}"[:_FIELD_ERROR]}
    if draft.wish and (taken := _taken(connection, form, draft.wish, is_new=is_new)):
        return taken
    if is_new:
        template = shelf.template(filled.template) if shelf else None
        line = creating(template.title if template else request.template, request.preset)
        enqueue(connection, queue.private_answer(origin, line, f"creating:{form.id}"))
    return {}


def _taken(connection: Connection, form: Form, wish: str, *, is_new: bool) -> dict[str, str]:
    """Note that this form answers the question it came from, or say that something else has done so."""
    if is_new:
        wishes.note_start(connection, wish, form.id)
    is_ours = wishes.started_by(connection, wish) == form.id
    return {} if is_ours else {"prompt.1": "A task was already started from this message. Nothing more was started."}


def _wrong(draft: Draft, filled: Filled, person: Person | None, shelf: Shelf | None) -> dict[str, str]:
    """What the person has to mend, by field."""
    prompt, wrong = full_prompt(draft, filled), dict[str, str]()
    if not prompt.strip():
        wrong["prompt.1"] = "Write a prompt first."
    elif len(prompt) > PROMPT_LIMIT:
        wrong["prompt.1"] = f"The prompt has {len(prompt):,} characters; the limit is {PROMPT_LIMIT:,}."
    if filled.name and (problem := task_name_problem(filled.name)):
        wrong["name"] = problem
    if not filled.in_thread and not filled.channel:
        wrong["channel"] = "Choose where the card is posted."
    return wrong | wrong_template(filled, person, shelf)


def wrong_template(filled: Filled, person: Person | None, shelf: Shelf | None) -> dict[str, str]:
    """What is wrong with the chosen template and preset, by field."""
    if not filled.template:
        return {"template": "Choose a template."}
    if shelf is None:  # only after a restart: the delivery finds out
        return {}
    usable = shelf.usable(person.organizations) if person and person.organizations is not None else shelf.templates
    template = next((each for each in usable if each.id == filled.template), None)
    if template is None:
        return {"template": "You cannot use this template any more. Choose another one."}
    if not shelf.startable(template):
        missing = (shelf.required(template) or ("a parameter",))[0]
        return {
            "template": f"It needs “{missing}” and has no preset that sets it. Choose another template."[:_FIELD_ERROR]
        }
    if shelf.enough(template, _preset(shelf, template, filled)):
        return {}
    missing = ", ".join(f"“{name}”" for name in shelf.required(template))
    where = f"preset.{template.id}" if filled.has_preset_field else "template"
    return {where: f"Choose a preset: it sets {missing}."[:_FIELD_ERROR]}


def _preset(shelf: Shelf, template: Template, filled: Filled) -> Preset | None:
    """The chosen preset, by its id or, where the template has a new version meanwhile, by its name."""
    presets = shelf.presets(template) or ()
    by_id = next((one for one in presets if one.id == filled.preset), None)
    return by_id or next((one for one in presets if one.name == filled.preset_words), None)


def full_prompt(draft: Draft, filled: Filled) -> str:
    """The person's words; a prompt that its fields could not hold comes before them."""
    if split_prompt(draft.request.prompt) is not None:
        return filled.prompt
    return f"{draft.request.prompt}\n\n{filled.prompt}" if filled.prompt.strip() else draft.request.prompt


def _request(connection: Connection, draft: Draft, filled: Filled, shelf: Shelf | None) -> CreateRequest:
    template = next((each for each in shelf.templates if each.id == filled.template), None) if shelf else None
    same = _is_first_template(draft, template)
    changes = {
        "prompt": full_prompt(draft, filled),
        "template": template.name if template else filled.template,
        "organization": organization_of(shelf, template),
        "template_version": draft.request.template_version if same else "",
        "preset": preset_name(shelf, template, filled),
        "name": filled.name,
        "level": filled.level,
        "tell": filled.tell,
        "place": _place(connection, draft, filled),
        **_background(draft, filled),
    }
    return draft.request.model_copy(update=changes)


def _is_first_template(draft: Draft, template: Template | None) -> bool:
    """Whether the template is the one that was asked for by name, whose version may have been asked for too."""
    return template is not None and named_template([template], draft.request.template) is not None


def organization_of(shelf: Shelf | None, template: Template | None) -> str:
    """The template's organization, where its name alone does not say which one is meant."""
    same = [each for each in shelf.templates if template and each.name == template.name] if shelf else []
    return template.organization if template and len(same) > 1 else ""


def preset_name(shelf: Shelf | None, template: Template | None, filled: Filled) -> str:
    """The chosen preset by name: a preset's id is only of one version of the template."""
    if filled.preset in ("", NO_PRESET) or shelf is None or template is None:
        return filled.preset
    found = _preset(shelf, template, filled)
    return found.name if found else filled.preset_words


def _place(connection: Connection, draft: Draft, filled: Filled) -> Place:
    """Where the card goes; a thread whose task has not ended has no room for another."""
    thread = thread_place(draft)
    if not filled.in_thread or thread is None:
        return Place(channel=filled.channel)
    is_free = thread_of(connection, draft) is Thread.FREE
    return thread if is_free else Place(channel=thread.channel)


def _background(draft: Draft, filled: Filled) -> dict[str, object]:
    """What others wrote and what is attached, as far as the person sends it along."""
    message = draft.message
    if message is None:
        return {}
    with_message = message.is_own or "message" in filled.include
    quotes = [message.quote()] if with_message and not message.is_own else []
    if "thread" in filled.include and draft.replies is not None:
        quotes += draft.replies.quotes
    found: list[Quote] = sorted(fitting(quotes)[0], key=lambda one: one.at)
    return {"quotes": tuple(found), "files": message.files if with_message else (), "source": message.place}


def _origin(form: Form, draft: Draft, request: CreateRequest, user: str) -> Origin:
    """Where the private answers go: where the form was opened, else where the card goes."""
    place = request.place or Place(channel=user)
    return Origin(
        key=wishes.key_of(draft.wish) if draft.wish else f"form:{form.id}",
        user=user,
        user_name=draft.user_name,
        channel=draft.channel or place.channel,
        thread_ts=draft.thread_ts,
    )
