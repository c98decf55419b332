"""Clicks: on a card, on a reply, on an answer. Each is authorised again and has one effect, however often it comes."""

from __future__ import annotations

import re
from functools import partial
from hashlib import sha256
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import commands as words
from bot import problems, prompts, tasks
from bot.blocks.problems import problem
from bot.commands import Command, Create
from bot.errors import UserError
from bot.forms import Forms
from bot.listeners.commands import take_in
from bot.listeners.grammar import parse
from bot.listeners.opening import open_form, opens_form
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
    "delete": lambda task: words.Delete(task=task),
}
_CHANGES = (Create, words.Send, words.Delete, words.Pause, words.Resume, words.Retry)
_OF_PROMPT: dict[str, Any] = {
    "drop": prompts.drop,
    "discard": prompts.drop,
    "again": prompts.again,
    "arrived": prompts.arrived,
}


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register every click; the last takes what needs nothing, because link buttons tell of their click as well."""
    app.action(re.compile(r"^task\."))(partial(task_clicked, run))
    app.action(re.compile(r"^(command\.run|user\.list$)"))(partial(command_clicked, run, forms))
    app.action(re.compile(r"^prompt\."))(partial(prompt_clicked, run))
    app.action("answer.dismiss")(partial(dismissed, run))
    app.action(re.compile(r".*"))(link_clicked)


async def task_clicked(run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """A button on a card or a reply, or an entry of the card's menu."""
    name, task = action["action_id"].removeprefix("task."), action.get("value", "")
    if name == "more":
        name, _, task = action["selected_option"]["value"].partition(":")
    make = _OF_TASK.get(name)
    if make is not None:
        await run(tasks.answer, make(task), _origin(body, action))
    await ack()


async def command_clicked(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """A button that runs a command; in a private answer what comes takes that answer's place."""
    origin, container = _origin(body, action), body.get("container") or {}
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


async def prompt_clicked(run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """What shall become of a prompt that has not certainly arrived."""
    act = _OF_PROMPT.get(action["action_id"].removeprefix("prompt."))
    if act is not None:
        await run(prompts.clicked, act, int(action["value"]), _origin(body, action))
    await ack()


async def dismissed(run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """The person needs a private answer no longer."""
    await run(tasks.dismiss, _origin(body, action))
    await ack()


async def link_clicked(ack: AsyncAck) -> None:
    """A link was opened."""
    await ack()


def _origin(body: dict[str, Any], action: dict[str, Any]) -> Origin:
    container, user = body.get("container") or {}, body["user"]
    # The same click delivered twice has the same time; two clicks on one button are two wishes.
    key = f"{user['id']}:{container.get('message_ts', '')}:{action['action_id']}:{action.get('action_ts', '')}"
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id") or user["id"]
    name = user.get("name") or user.get("username") or ""
    return Origin(
        key=key, user=user["id"], user_name=name, channel=channel, response_url=_url(body), thread_ts=_thread(body)
    )


def _url(body: dict[str, Any]) -> str:
    """The answer address, only of an ephemeral message: another's would let an answer take the card's place."""
    ephemeral = (body.get("container") or {}).get("is_ephemeral", False)
    return str(body.get("response_url") or "") if ephemeral else ""


def _thread(body: dict[str, Any]) -> str:
    """The thread of the clicked message; the card itself is answered in the channel."""
    container, message = body.get("container") or {}, body.get("message") or {}
    thread_ts = str(container.get("thread_ts") or message.get("thread_ts") or "")
    return "" if thread_ts == container.get("message_ts") else thread_ts
