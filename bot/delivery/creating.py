"""Deliveries of a new task: asked of Coder once, whatever happens on the way."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from functools import partial

from bot import names, policy, problems, queue, tasks
from bot.background import full_prompt
from bot.blocks import answers
from bot.blocks.problems import problem
from bot.coder.directory import Choice
from bot.coder.errors import NameTaken, TokenRefused
from bot.commands import again, in_form
from bot.delivery.gathering import gathered
from bot.delivery.outside import Outside
from bot.errors import CoderRefused, Later, Offer, Permanent, SlackRefused, Transient, UserError
from bot.models import CreateRequest, Person, Phase, Snapshot, Task
from bot.problems.words import NOTHING_CREATED, code
from bot.store import Connection
from bot.store.lanes import Item, nudge
from bot.store.person_rows import find_by_coder_id
from bot.store.settings_rows import get_channel, get_person_settings
from bot.store.task_rows import find_by_coder_id as find_task

log = logging.getLogger(__name__)

# A generated name is taken by chance once in thousands of tasks; so many times in a row it is not chance.
_NAMES_TRIED = 5
# After so long a try that fails is the last; the answer that Coder is slow says so.
PATIENCE_SECONDS = 600.0
# What a button "Try again" can help against, once somebody has mended it.
_EDITS = {
    "name_taken": "Change the name…",
    "template_deprecated": "Choose another template…",
    "parameter_no_preset": "Choose another template…",
}
_MENDABLE = {"no_coder_user", "suspended", "no_slack_email", "no_permission", "license", "token_refused"}


async def create_task(outside: Outside, item: Item) -> None:
    """Make the task in Coder, or find the one that an earlier try made; a refusal is told to the person."""
    task: Task = await outside.database.run(tasks.by_id, item.payload["task"])
    if task.phase is not Phase.CREATING or task.request is None:
        return
    try:
        await outside.person(task.requester)  # nothing is read for somebody who may not start a task
        request = await gathered(outside, item, task, task.request)
        snapshot = await _create(outside, task, request, look_first=item.maybe_sent or "again" in item.payload)
    except TokenRefused as error:
        if item.maybe_sent:  # the task may be there: nobody is told that it is not before Coder can be asked
            await _kept_trying(outside, item, task, error)
            return
        await _refuse(outside, task, error)
        return
    except (Later, Transient) as error:
        await _kept_trying(outside, item, task, error)
        return
    except UserError as error:
        await _refuse(outside, task, error)
        return
    owner = await outside.database.run(find_by_coder_id, snapshot.owner_id)
    await outside.database.run(tasks.accepted, task.id, snapshot, owner.slack_user if owner else None)
    log.info("a task was created", extra={"action": "task_created", "task": snapshot.id})


async def _kept_trying(outside: Outside, item: Item, task: Task, error: Later | Transient) -> None:
    """Let it be tried again, by raising the error, until nobody has patience any more."""
    if item.age < PATIENCE_SECONDS:
        raise error
    await _refuse(outside, task, _given_up(task, error))


async def _refuse(outside: Outside, task: Task, error: UserError) -> None:
    shown = _with_edit(_with_try_again(error, task) if error.name in _MENDABLE else error, task)
    await outside.database.run(tasks.refused, task.id, problem(shown))
    log.info("a task was refused", extra={"action": "task_refused", "request": task.id, "reason": error.name})


async def _create(outside: Outside, task: Task, request: CreateRequest, *, look_first: bool) -> Snapshot:
    person = await outside.person(task.requester)
    owner, organizations = await _owner(outside, person, request)
    if look_first and (made := await _made_earlier(outside, task, request, owner)):
        return made
    usual = await outside.database.run(usual_choice, task)
    choice = await outside.directory.choose(request, partial(again, task.id, request), organizations, *usual)
    try:
        return await outside.backend.create(
            owner,
            version_id=choice.version_id,
            prompt=full_prompt(request),
            preset_id=choice.preset.id if choice.preset else None,
            name=task.name,
        )
    except NameTaken:
        # A name of our making is taken by nobody else with our prompt: perhaps we froze, and another replica went on.
        if (look_first or not request.name) and (made := await _made_earlier(outside, task, request, owner)):
            return made
        if request.name:
            raise await _name_taken(outside, task, request, owner) from None
        return await _create(outside, await _renamed(outside, task), request, look_first=False)
    except CoderRefused as refusal:
        if refusal.name == "external_auth":
            raise await _where_to_connect(outside, choice, owner, task, refusal) from refusal
        raise


def usual_choice(connection: Connection, task: Task) -> tuple[str, str]:
    """The template and the preset that the channel, or else the person, has set for tasks that name none."""
    place = task.request.place if task.request and task.request.place else None
    channel = place.channel if place else task.answer.channel if task.answer else ""
    for found in (get_channel(connection, channel), get_person_settings(connection, task.requester)):
        if found.template:
            return found.template, found.preset
    return "", ""


async def _owner(outside: Outside, person: Person, request: CreateRequest) -> tuple[str, Collection[str]]:
    """The Coder user to whom the task will belong, with their organizations: the requester, or whom an owner names."""
    own = {"", "me", person.username.casefold(), f"@{person.slack_user}".casefold()}
    if request.owner.casefold() in own:
        return person.username, person.organizations or ()
    if not policy.may_create_for(person, request.owner):
        raise problems.owner_flag_forbidden()
    try:
        if request.owner.startswith("@"):  # a mention: the Slack user's own account
            other = await outside.person(request.owner[1:])
            return other.username, other.organizations or ()
        account = await outside.directory.by_username(request.owner)
    except UserError as error:
        if isinstance(error, Transient) or error.name == "owner_not_found":
            raise
        raise await _no_owner(outside, request.owner, error) from error
    return account.username, account.organizations


async def _no_owner(outside: Outside, owner: str, error: UserError) -> UserError:
    """What is wrong with somebody else, in words about them."""
    if owner.startswith("@"):
        owner = (await outside.slack.user(owner[1:])).name
    step = f"{NOTHING_CREATED} Leave `--owner` out to start the task as yourself."
    title = f"{code(owner)} cannot own a task"
    cause = (
        "Their Coder account is not active."
        if error.name == "suspended"
        else "Their Slack e-mail matches no user of Coder."
    )
    return UserError("owner_not_found", title, cause, step)


async def _made_earlier(outside: Outside, task: Task, request: CreateRequest, owner: str) -> Snapshot | None:
    """The task that an earlier try made: it has our name and our prompt, and no other request of ours has it."""
    found = await outside.backend.find(owner, task.name)
    if found is None or found.prompt.strip() != full_prompt(request).strip():
        return None
    known = await outside.database.run(find_task, found.id)
    return found if known is None or known.id == task.id else None


async def _renamed(outside: Outside, task: Task) -> Task:
    """The task with its next name; kept before it is used, so that a second try looks for the right one."""
    key = task.answer.key if task.answer else task.id
    stem = task.name.rpartition("-")[0]  # what names are made of: the prompt, or a batch's line
    tried = [names.task_name(stem, key, salt) for salt in range(_NAMES_TRIED)]
    later = tried[tried.index(task.name) + 1 :] if task.name in tried else []
    if not later:
        raise Permanent(f"no free name for request {task.id}")
    await outside.database.run(tasks.rename, task.id, later[0])
    return task.model_copy(update={"name": later[0]})


async def _where_to_connect(
    outside: Outside, choice: Choice, owner: str, task: Task, refusal: CoderRefused
) -> UserError:
    """The refusal with the addresses where the owner connects what is missing; the refusal itself if none are known."""
    account = await outside.directory.by_username(owner)
    missing = [
        (each.name, each.url)
        for each in await outside.directory.external_auth(choice.version_id, account.id)
        if not each.connected and not each.optional
    ]
    return problems.external_auth(missing, choice.template.title, _again(task)) if missing else refusal


async def _name_taken(outside: Outside, task: Task, request: CreateRequest, owner: str) -> UserError:
    """The refusal of a name, with the next one that no task of the owner has."""
    for near in _next_names(request.name):
        if await outside.backend.find(owner, near) is None:
            return problems.name_taken(request.name, near, _again(task, name=near))
    return problems.name_taken(request.name)


def _next_names(name: str) -> Iterator[str]:
    """The names that follow one: `fix`, `fix-2`, `fix-3` ..."""
    stem, _, number = name.rpartition("-")
    stem, first = (stem, int(number)) if stem and re.fullmatch(r"[1-9]\d{0,2}", number) else (name, 1)
    for following in range(first + 1, first + 1 + _NAMES_TRIED):
        yield f"{stem[: names.NAME_LENGTH - 5].rstrip('-')}-{following}"


def _again(task: Task, **changed: str) -> str:
    """What a button carries to ask for the task again, with something changed."""
    asked = task.request or CreateRequest(prompt="")
    return again(task.id, asked, asked.model_copy(update=changed))


def _with_edit(error: UserError, task: Task) -> UserError:
    """The error with a button that opens the form with all that was asked for, where a change may help."""
    from_form = task.answer is not None and task.answer.key.startswith("form:")
    label = _EDITS.get(error.name) or ("Edit first…" if from_form else "")
    if not label:
        return error
    offer = Offer(label, in_form(_again(task)))
    return UserError(error.name, error.title, error.cause, error.step, (*error.offers, offer))


def _with_try_again(error: UserError, task: Task) -> UserError:
    """The error with a button that asks again, under the same name: if the task exists after all, there is no other."""
    offer = Offer("Try again", _again(task, name=task.name))
    return UserError(error.name, error.title, error.cause, error.step, (*error.offers, offer))


def _given_up(task: Task, error: BaseException) -> UserError:
    """Nothing helped for so long that nobody waits any more."""
    why = f"{error.title}. {error.cause}" if isinstance(error, UserError) else "The cause is in this app."
    step = f"Your prompt is kept. If the task appears in Coder all the same, it is called {code(task.name)}."
    return _with_try_again(UserError("coder_unreachable", "The task was not created", why, step), task)


async def create_dead(outside: Outside, item: Item, error: BaseException) -> None:
    """Nothing helped: the person reads that their task was not created."""
    task: Task = await outside.database.run(tasks.by_id, item.payload["task"])
    reference = None if isinstance(error, UserError) else str(item.id)
    await outside.database.run(tasks.refused, task.id, problem(_given_up(task, error), reference=reference))


async def note_slow(outside: Outside, item: Item) -> None:
    """Say that Coder has not answered yet, if it has not; and when patience ends, let it be asked a last time."""
    task: Task = await outside.database.run(tasks.by_id, item.payload["task"])
    if task.phase is not Phase.CREATING:
        return
    left = PATIENCE_SECONDS - item.age
    if left <= 0:
        await outside.database.run(nudge, queue.create_task(task.id).lane)
        return
    if task.answer is not None and task.answer.response_url:
        try:
            await outside.urls.answer(task.answer.response_url, answers.creating_slow(), replace=True)
        except SlackRefused as refusal:
            log.info("an answer address is used up", extra={"action": "answer_url_gone", "code": refusal.code})
    elif task.answer is not None and task.batch_id is None:
        await outside.tell(task.answer, answers.creating_slow(), again=item.maybe_sent)
    raise Later(left, "Coder has not created the task yet")
