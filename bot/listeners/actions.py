"""Clicks: on a card, on a reply, on an answer. Each is authorised again and has one effect, however often it comes."""

from __future__ import annotations

import re
from functools import partial
from hashlib import sha256
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import commands as words
from bot import edits, hearing, problems, prompts, tasks
from bot.blocks.problems import problem
from bot.commands import Command, Create
from bot.errors import UserError
from bot.forms import Forms
from bot.listeners import task_forms
from bot.listeners.commands import take_in
from bot.listeners.grammar import parse
from bot.listeners.opening import open_form, opens_form
from bot.listeners.origins import origin_of
from bot.models import CreateRequest, Origin, Task
from bot.tasks import Run

# What a button on a card or in its menu asks for; its value is Coder's id of the task.
_OF_TASK: dict[str, Any] = {
    "logs": lambda task: words.Logs(task=task),
    "build": lambda task: words.Logs(task=task, build=True),
    "pause": lambda task: words.Pause(task=task),
    "resume": lambda task: words.Resume(task=task),
    "retry": lambda task: words.Retry(task=task),
    "restart": lambda task: words.Retry(task=task, restart=True),
    "steer": lambda task: words.Steer(task=task, everyone=True),
    "own": lambda task: words.Steer(task=task, everyone=False),
    "again": lambda task: words.New(task=task),
}
_CHANGES = (Create, words.Send, words.Delete, words.Pause, words.Resume, words.Retry)
_OF_PROMPT: dict[str, Any] = {
    "drop": prompts.drop,
    "discard": prompts.drop,
    "again": prompts.again,
    "arrived": prompts.arrived,
    "send_edit": edits.send_edit,
    "send_literal": hearing.send_word,
}
_SENDS = {"again", "send_edit", "send_literal"}


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register every click; the last takes what needs nothing, because link buttons tell of their click as well."""
    app.action(re.compile(r"^task\."))(partial(task_clicked, run, forms))
    app.action(re.compile(r"^(command\.run|user\.list$)"))(partial(command_clicked, run, forms))
    app.action(re.compile(r"^prompt\."))(partial(prompt_clicked, run))
    app.action("answer.dismiss")(partial(dismissed, run))
    app.action(re.compile(r".*"))(link_clicked)


async def task_clicked(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """A button on a card or a reply, or an entry of the card's menu."""
    name, task = action["action_id"].removeprefix("task."), action.get("value", "")
    if name == "more":
        name, _, task = action["selected_option"]["value"].partition(":")
    make = _OF_TASK.get(name)
    if name in task_forms.FORMS:
        await task_forms.open_form(run, forms, name, task, origin_of(body, action), body["trigger_id"])
    elif make is not None:
        command: Command = make(task)
        if opens_form(command):
            await open_form(forms, command, origin_of(body, action), body["trigger_id"])
        else:
            await run(tasks.answer, command, origin_of(body, action))
    await ack()


async def command_clicked(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """A button that runs a command; in a private answer what comes takes that answer's place."""
    origin, container = origin_of(body, action), body.get("container") or {}
    once = origin.key
    if container.get("is_ephemeral"):  # what comes takes its place, so that a second click can only be a slip
        once = sha256(f"{origin.user}:{container.get('message_ts')}:{action['value']}".encode()).hexdigest()
    opens = await run(_command_clicked, action["value"], origin, once)
    if opens is not None:
        await open_form(forms, opens, origin, body["trigger_id"])
    await ack()


def _command_clicked(connection: Any, text: str, origin: Origin, once: str) -> Command | None:
    """Take in the command and show what can be said at once, together: what is found out later has to come later.

    A command for which a form opens is returned.

    A command that changes something is known by `once`, so that it is done once, however often its button is clicked.
    """
    try:
        command = _wanted(connection, text, origin)
    except UserError as error:
        tasks.show_at_once(connection, origin, problem(error))
        return None
    if opens_form(command):
        return command
    if isinstance(command, _CHANGES):
        origin = origin.model_copy(update={"key": once})
    at_once = take_in(connection, command, origin)
    if at_once is not None:
        tasks.show_at_once(connection, origin, at_once)
    return None


def _wanted(connection: Any, text: str, origin: Origin) -> Command:
    """The command that a button stands for: written out, or a refused wish for a task with something changed in it."""
    opens = words.parse_in_form(text)
    if opens is not None:
        return _in_form(connection, opens, origin)
    again = words.parse_again(text)
    if again is None:
        return parse(text)
    try:
        refused: Task = tasks.by_id(connection, again.task)
    except LookupError:
        raise problems.unexpected() from None
    if refused.request is None or refused.requester != origin.user:
        raise problems.unexpected()
    return Create(request=CreateRequest.model_validate({**refused.request.model_dump(), **again.changes}))


def _in_form(connection: Any, text: str, origin: Origin) -> Command:
    """The form for what a button would otherwise start."""
    new = words.parse_form(text)
    if new is not None:
        return new
    command = _wanted(connection, text, origin)
    return words.New(request=command.request) if isinstance(command, Create) else command


async def prompt_clicked(run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """What shall become of a prompt that has not certainly arrived."""
    name = action["action_id"].removeprefix("prompt.")
    act = _OF_PROMPT.get(name)
    if act is not None:
        await run(prompts.clicked, act, int(action["value"]), origin_of(body, action), sends=name in _SENDS)
    await ack()


async def dismissed(run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """The person needs a private answer no longer."""
    await run(tasks.dismiss, origin_of(body, action))
    await ack()


async def link_clicked(ack: AsyncAck) -> None:
    """A link was opened."""
    await ack()
