"""The small forms of a task: a prompt, a delete, its notifications; and the message shortcuts that lead to them.

They open with what the database knows. What was submitted is taken in as a command, and the person is authorised then.
"""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import commands, problems, steering, tasks
from bot.blocks.forms.delete import delete
from bot.blocks.forms.loading import loading
from bot.blocks.forms.notify import notify
from bot.blocks.forms.reply import CALLBACK, prompt_form
from bot.blocks.forms.send import KIND, TITLE, send_to_task
from bot.blocks.problems import problem
from bot.commands import Command
from bot.errors import UserError
from bot.forms import Forms
from bot.listeners import mistakes
from bot.listeners.fields import chosen, form_id, prompt, state_of, ticked
from bot.listeners.shortcuts import message_origin, source_message
from bot.models import Form, Level, Origin, Quote, SourceMessage, SourceThread, View
from bot.tasks import Run
from bot.thread_words import said_in

# The buttons and the menu's entries that open a form, and what the form does to the task.
FORMS = {"reply": "send", "send": "send", "notify": "notify", "delete": "delete"}
_NO_PROMPT = {"prompt.1": "Write what the agent shall do."}


class Made(NamedTuple):
    """A form that is to be opened; with `fill` what it does not know is found out afterwards."""

    form: Form
    view: View
    fill: bool = False


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register the shortcuts on messages, and the submitted forms."""
    app.shortcut("send_to_task")(partial(send_shortcut, run, forms))
    app.shortcut("delete_task")(partial(delete_shortcut, run, forms))
    app.view("send")(partial(submitted, run, forms))
    app.view("delete")(partial(submitted, run, forms))
    app.view("notify")(partial(submitted, run, forms))


# -- from a card -------------------------------------------------------------------------------------------------------


async def open_form(run: Run, forms: Forms, entry: str, coder_id: str, origin: Origin, trigger: str) -> None:
    """Open the form of a button or of an entry of the menu, or say privately why not."""
    await _open(forms, await run(_of_task, FORMS[entry], coder_id, origin), origin, trigger)


async def open_write(forms: Forms, command: commands.Write, origin: Origin, trigger: str) -> None:
    """Open the form for a prompt to one of the person's tasks; of others nothing is known that a form could show."""
    await _open(forms, await forms.database.run(_of_name, command.task, origin), origin, trigger)


async def _open(forms: Forms, made: Made | None, origin: Origin, trigger: str) -> None:
    if made is not None:
        await forms.open(trigger, made.form, made.view, origin, fill=made.fill)


def _of_task(connection: Any, what: str, coder_id: str, origin: Origin) -> Made | None:
    """The form for a task; None when the person is told something instead."""
    try:
        shown = steering.shown(connection, what, coder_id, origin)
        if shown is None and what == "delete":  # nothing is known of it here: Coder has to be asked first
            tasks.answer(connection, commands.Delete(task=coder_id), origin)
            return None
        form = _form(what, origin, task=coder_id)
        return Made(form, _view(connection, what, shown, form))
    except UserError as error:
        tasks.show_at_once(connection, origin, problem(error))
        return None


def _of_name(connection: Any, name: str, origin: Origin) -> Made | None:
    coder_id = steering.of_name(connection, origin.user, name)
    if coder_id is None:
        tasks.show_at_once(connection, origin, problem(mistakes.empty_prompt("send")))
        return None
    made = _of_task(connection, "send", coder_id, origin)
    if made is None:
        return None
    data = {**made.form.data, "response_url": origin.response_url}  # the bot may be no member of the channel
    return made._replace(form=made.form.model_copy(update={"data": data}))


def _form(what: str, origin: Origin, **data: Any) -> Form:
    """What the form knows; opened twice by one click that Slack delivers twice, it is the same."""
    key = sha256(origin.key.encode()).hexdigest()[:32]
    place = {"channel": origin.channel, "thread_ts": origin.thread_ts}
    return Form(id=key, kind=what, user=origin.user, data={**place, **data})


def _view(connection: Any, what: str, shown: steering.Shown | None, form: Form) -> View:
    if what == "send":
        return prompt_form(shown.view if shown else None, form.id)
    if shown is None or (what == "notify" and shown.card is None):
        raise problems.no_card()
    if what == "delete":
        return delete(shown.view, form.id)
    task, level = shown.task, shown.card.level if shown.card else Level.IMPORTANT
    return notify(
        shown.view,
        form.id,
        level,
        mention=task.mention,
        tell=task.tell if task.requester == form.user else None,
        is_owner=steering.is_owner(connection, task, form.user),
    )


# -- from a message ----------------------------------------------------------------------------------------------------


async def send_shortcut(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], context: dict[str, Any]) -> None:
    """Send a message to the task of its thread, or ask which of the person's tasks shall have it."""
    origin = message_origin(body)
    made = await run(_sent_message, body, origin, str(context.get("bot_id") or ""))
    await _open(forms, made, origin, body["trigger_id"])
    await ack()


async def delete_shortcut(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any]) -> None:
    """Ask whether the task of the message's thread shall be deleted."""
    origin = message_origin(body)
    await _open(forms, await run(_deleted_task, body, origin), origin, body["trigger_id"])
    await ack()


def _sent_message(connection: Any, body: dict[str, Any], origin: Origin, bot_id: str) -> Made | None:
    message: SourceMessage = source_message(connection, body)
    task = steering.of_thread(connection, message.place.channel, message.root)
    if task is None or task.coder_id is None:
        return _which_task(connection, body, message, origin)
    is_ours = bool(bot_id) and body["message"].get("bot_id") == bot_id
    said = said_in(body["message"], message.place.channel, "")
    files = said.files if said else message.files
    if is_ours or not (message.text.strip() or files):  # nothing that anybody could mean for an agent
        return _of_task(connection, "send", task.coder_id, origin)
    command = commands.Send(task=task.coder_id, text=message.text, message=message.place, files=files)
    tasks.answer(connection, command, origin)
    return None


def _which_task(connection: Any, body: dict[str, Any], message: SourceMessage, origin: Origin) -> Made | None:
    """The form that asks for the task; who wrote the message, and what its thread says, is found out later."""
    origin = origin.model_copy(update={"response_url": str(body.get("response_url") or "")})  # the bot may be no member
    found = steering.open_tasks(connection, origin.user)
    if not found:
        tasks.show_at_once(connection, origin, problem(problems.no_open_task()))
        return None
    form = _form(KIND, origin, message=message.model_dump(mode="json"), response_url=origin.response_url)
    is_known = message.is_own and not (message.place.thread_ts or body["message"].get("reply_count"))
    view = (
        send_to_task(found, message, form.id) if is_known else loading(CALLBACK, TITLE, form.id, "Loading the message…")
    )
    return Made(form, view, fill=not is_known)


def _deleted_task(connection: Any, body: dict[str, Any], origin: Origin) -> Made | None:
    place = source_message(connection, body)
    task = steering.of_thread(connection, place.place.channel, place.root)
    if task is None or task.coder_id is None:
        where = origin.model_copy(update={"response_url": str(body.get("response_url") or "")})
        tasks.show_at_once(connection, where, problem(problems.not_a_task_thread()))
        return None
    return _of_task(connection, "delete", task.coder_id, origin)


# -- submitted ---------------------------------------------------------------------------------------------------------


async def submitted(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
    """Take in what a form asks for, once, however often it is submitted; what is wrong is said on its field."""
    form, user = await forms.form(form_id(view)), body["user"]
    if form is None or form.user != user["id"]:
        origin = Origin(key=f"form:{view['id']}", user=user["id"], user_name="", channel=user["id"])
        await run(tasks.show_at_once, origin, problem(problems.form_expired()))
        await ack()
        return
    if view["callback_id"] == "send" and not prompt(state_of(view)).strip():
        await ack(response_action="errors", errors=_NO_PROMPT)
        return
    await run(tasks.answer, _wanted(form, view), _origin_of_form(form, user))
    await ack()


def _wanted(form: Form, view: dict[str, Any]) -> Command:
    """The command that a form stands for."""
    state, task = state_of(view), str(form.data.get("task", ""))
    match view["callback_id"]:
        case "delete":
            return commands.Delete(task=task, confirmed=True)
        case "notify":
            tell = "tell" in ticked(state, "tell") if "tell" in state else None
            level, mention = Level(chosen(state, "level")), "me" in ticked(state, "mention")
            return commands.Notify(task=task, level=level, mention=mention, tell=tell)
        case _ if form.kind == KIND:
            message = SourceMessage.model_validate(form.data["message"])
            quotes, text = _background(form, message, ticked(state, "include")), prompt(state)
            return commands.Send(task=chosen(state, "task"), text=text, source=message.place, quotes=quotes)
        case _:
            return commands.Send(task=task, text=prompt(state))


def _background(form: Form, message: SourceMessage, wanted: set[str]) -> tuple[Quote, ...]:
    """What the person wants to be sent along."""
    thread = SourceThread.model_validate(form.data["thread"]) if form.data.get("thread") else None
    first = (message.quote(),) if "message" in wanted else ()
    return (*first, *(thread.quotes if thread and "thread" in wanted else ()))


def _origin_of_form(form: Form, user: dict[str, Any]) -> Origin:
    """Where the form was opened is where its answer goes; its id makes it one request."""
    return Origin(
        key=f"form:{form.id}",
        user=user["id"],
        user_name=user.get("name") or user.get("username") or "",
        channel=form.data["channel"],
        thread_ts=form.data["thread_ts"],
        response_url=form.data.get("response_url") or "",
    )
