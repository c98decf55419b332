"""What a new-task form knows beside its fields, from its opening to the task: kept as a draft, one transaction each."""

from __future__ import annotations

from collections.abc import Sequence

from bot import problems, tasks
from bot.blocks.forms.fields import PROMPT_PARTS, split_prompt
from bot.blocks.forms.new_task import NewTask, Thread
from bot.blocks.forms.quoted import NEUTRAL_PROMPT
from bot.coder.shelf import Shelf
from bot.models import (
    CreateRequest,
    Form,
    Level,
    Model,
    Origin,
    Person,
    Phase,
    Place,
    SourceMessage,
    SourceThread,
    Task,
    Template,
)
from bot.store import Connection
from bot.store.card_rows import cards_of, find_thread
from bot.store.form_rows import find_form, save_form
from bot.store.person_rows import find_person
from bot.store.settings_rows import get_channel, get_person_settings
from bot.store.task_rows import last_request

KIND = "new"
# What a form offers may be older than what a task is made of: there it is asked for anew.
_PERSON_SECONDS = 7 * 24 * 3600.0


class Draft(Model):
    """What is kept of an open form. `request` is what it begins with, `template` the id of what is chosen now.

    `channel` and `thread_ts` are where it was opened, empty where that is no conversation; `wish` is the question that
    it was opened from, of which only one answer counts.
    """

    request: CreateRequest = CreateRequest(prompt="")
    channel: str = ""
    thread_ts: str = ""
    user_name: str = ""
    wish: str = ""
    message: SourceMessage | None = None
    replies: SourceThread | None = None
    template: str = ""
    parts: int = 1
    changed: str = ""  # when a field was last changed: Slack's time of the action


def draft_of(form: Form) -> Draft:
    """The draft in a form's row."""
    return Draft.model_validate(form.data)


def save_draft(connection: Connection, form_id: str, draft: Draft) -> None:
    """Keep what is known now."""
    save_form(connection, form_id, data=draft.model_dump(mode="json"))


def old_draft(connection: Connection, form_id: str, user: str) -> Draft:
    """The draft of a form that did not open; UserError when it is not there any more, or another's."""
    form = find_form(connection, form_id)
    if form is None or form.user != user:
        raise problems.form_expired()
    return draft_of(form)


def usable(connection: Connection, user: str, shelf: Shelf) -> list[Template]:
    """The templates that somebody can use; none while nobody knows who they are."""
    person = find_person(connection, user)
    return shelf.usable(person.organizations) if person else []


# -- what the form shows -----------------------------------------------------------------------------------------------


def shown(connection: Connection, form: Form, shelf: Shelf | None) -> NewTask | None:
    """The form as far as nothing has to be asked for; None when something has to."""
    person = find_person(connection, form.user, younger_than=_PERSON_SECONDS)
    if shelf is None or person is None or person.organizations is None:
        return None
    draft = draft_of(form)
    template, preset = chosen(connection, draft, person, shelf)
    parts = split_prompt(_first_prompt(draft))
    return NewTask(
        form_id=form.id,
        template=template,
        presets=shelf.presets(template) if template else None,
        required=shelf.required(template) if template else (),
        preset=preset,
        several=_several(shelf.usable(person.organizations)),
        parts=_padded(parts or [""], draft.parts),
        kept="" if parts else draft.request.prompt,
        name=draft.request.name,
        level=draft.request.level or _usual_level(connection, draft, form.user),
        tell=draft.request.tell,
        channel=_first_channel(draft),
        thread=thread_of(connection, draft),
        message=draft.message,
        replies=draft.replies,
        facts=_facts(draft),
    )


def chosen(connection: Connection, draft: Draft, person: Person, shelf: Shelf) -> tuple[Template | None, str]:
    """The template that is chosen, and the preset to begin with, by name; else what the channel or person has set."""
    offered = shelf.usable(person.organizations)
    first, preset = _begun_with(connection, draft, person, shelf, offered)
    if not draft.template:
        return first, preset
    now = next((each for each in offered if each.id == draft.template), None)
    return now, preset if first is now else ""


def _begun_with(
    connection: Connection, draft: Draft, person: Person, shelf: Shelf, offered: Sequence[Template]
) -> tuple[Template | None, str]:
    asked = draft.request
    if asked.template:
        return named_template(offered, asked.template, asked.organization), asked.preset
    settings = (get_channel(connection, draft.channel), get_person_settings(connection, person.slack_user))
    known = [(one.template, one.preset) for one in settings]
    for name, preset in (*known, (shelf.default_template, shelf.default_preset)):
        if found := named_template(offered, name):
            return found, asked.preset or preset
    last = last_request(connection, person.slack_user)
    found = named_template(offered, last.template, last.organization) if last else None
    return found or (offered[0] if len(offered) == 1 else None), asked.preset


def named_template(templates: Sequence[Template], name: str, organization: str = "") -> Template | None:
    """The template of that id, name or title; None when there is none, or more than one."""
    word, owner = name.casefold(), organization.casefold()
    listed = [each for each in templates if owner in ("", each.organization.casefold())]
    found = [each for each in listed if word and (name == each.id or word == each.name.casefold())]
    found = found or [each for each in listed if word and word == each.title.casefold()]
    return found[0] if len(found) == 1 else None


def _several(templates: Sequence[Template]) -> bool:
    return len({each.organization_id for each in templates}) > 1


def _first_prompt(draft: Draft) -> str:
    if draft.request.prompt or draft.message is None:
        return draft.request.prompt
    return draft.message.text if draft.message.is_own else NEUTRAL_PROMPT


def _padded(parts: Sequence[str], count: int) -> list[str]:
    return [*parts, *([""] * (min(count, PROMPT_PARTS) - len(parts)))]


def _usual_level(connection: Connection, draft: Draft, user: str) -> Level:
    own = get_person_settings(connection, user).level
    return own or get_channel(connection, draft.channel).level or Level.IMPORTANT


def _first_channel(draft: Draft) -> str:
    """The channel that was asked for, if it was; else Slack puts in the current conversation."""
    return draft.request.place.channel if draft.request.place else ""


def thread_of(connection: Connection, draft: Draft) -> Thread:
    """Whether the card can go into the thread of the message that the form was opened from."""
    place = thread_place(draft)
    if place is None:
        return Thread.NONE
    found = find_thread(connection, place.channel, place.thread_ts)
    return Thread.TAKEN if found and found[1].phase is Phase.OPEN else Thread.FREE


def thread_place(draft: Draft) -> Place | None:
    """The thread into which the card can go."""
    if draft.message is not None:
        return Place(channel=draft.message.place.channel, thread_ts=draft.message.root)
    place = draft.request.place
    return place if place is not None and place.thread_ts else None


def _facts(draft: Draft) -> list[str]:
    """What was asked for, or is sent along, without a field of its own."""
    asked, facts = draft.request, []
    if asked.template_version:
        facts.append(f"Template version {asked.template_version}, unless you choose another template.")
    if asked.owner:
        facts.append(f"Owner {asked.owner.lstrip('@')}.")
    if draft.message is None and (asked.quotes or asked.files):
        facts.append("The quoted messages and files of the first task are sent along.")
    return facts


# -- what is changed while it is open ----------------------------------------------------------------------------------


def change(connection: Connection, form_id: str, at: str, *, template: str = "", parts: int = 0) -> Form | None:
    """Take in a change of the template or of the number of prompt fields; None when a later one was taken in."""
    form = find_form(connection, form_id)
    if form is None:
        return None
    draft = draft_of(form)
    if at < draft.changed:
        return None
    changes = {"changed": at, "template": template or draft.template, "parts": max(parts, draft.parts)}
    save_draft(connection, form_id, draft.model_copy(update=changes))
    return find_form(connection, form_id)


def save_found(connection: Connection, form_id: str, message: SourceMessage, replies: SourceThread) -> None:
    """Keep what was found out of the message and its thread, with whatever was changed meanwhile."""
    form = find_form(connection, form_id)
    if form is not None:
        save_draft(connection, form_id, draft_of(form).model_copy(update={"message": message, "replies": replies}))


# -- once more ---------------------------------------------------------------------------------------------------------


def again(connection: Connection, coder_id: str, origin: Origin) -> CreateRequest:
    """What a task was asked for, to ask for it once more, also when it is gone; UserError where it cannot be seen."""
    task = tasks.by_coder_id(connection, coder_id)
    if task is None or not _is_seen(connection, task, origin):
        raise problems.unexpected()
    if task.request is not None:
        return task.request.model_copy(update={"name": "", "place": None})
    snapshot = task.snapshot
    return CreateRequest(prompt=snapshot.prompt if snapshot else "", template=snapshot.template if snapshot else "")


def _is_seen(connection: Connection, task: Task, origin: Origin) -> bool:
    """Whether the task's prompt stands before the person: it is theirs, or it has a card where they clicked."""
    is_theirs = origin.user in {task.requester, task.owner_slack}
    return is_theirs or any(card.channel == origin.channel for card in cards_of(connection, task.id))
