"""What people ask of a task's conversation, once they have been looked up: prompts, who steers, what is told."""

from __future__ import annotations

from bot import commands, steering
from bot.background import with_quotes
from bot.blocks import answers
from bot.blocks.forms.send import send_to_task
from bot.commands import typed
from bot.delivery.finding import Wanted, card_link, find_controlled, find_task, not_yours
from bot.delivery.outside import Outside
from bot.delivery.starting import read_source
from bot.models import CardView, Content, Form, Origin, Person, SourceMessage, Task, View
from bot.store.form_rows import save_form
from bot.tasks import adopt


async def send(outside: Outside, person: Person, command: commands.Send, origin: Origin) -> Content:
    """Send a prompt: the words of a command or a form, or somebody's message."""
    rest = f" {typed(command.text)}"
    wanted = Wanted(command.task, "send", exactly=True, rest=rest, channel=origin.channel)
    snapshot = await find_task(outside, person, wanted)
    task: Task = await outside.database.run(adopt, snapshot, person)
    if command.message is not None:
        taken = await outside.database.run(steering.send_message, task.id, person, command, command.message, origin)
    else:
        text = with_quotes(command.text, command.quotes, command.source.link if command.source else "")
        taken = await outside.database.run(steering.send, task.id, person, text, origin)
    if not taken:
        raise await not_yours(outside, snapshot, "send")
    return answers.send_ok(snapshot.title, snapshot.name, await card_link(outside, task))


async def notify(outside: Outside, person: Person, command: commands.Notify, origin: Origin) -> Content:
    """Keep how much of a task becomes messages."""
    snapshot, task, link = await find_controlled(outside, person, command.task, "notify")
    await outside.database.run(
        steering.notify, task.id, origin, command.level, mention=command.mention, tell=command.tell
    )
    return answers.notify_ok(snapshot.title, snapshot.name, link, level=command.level, mention=command.mention)


async def steer(outside: Outside, person: Person, command: commands.Steer, origin: Origin) -> None:
    """Say who steers a task; its threads say so to everybody, the person included."""
    _, task, _ = await find_controlled(outside, person, command.task, "steer")
    await outside.database.run(steering.switch, task.id, person, origin, everyone=command.everyone)


async def fill_send_to_task(outside: Outside, form: Form) -> View:
    """The form that asks which task gets a message, with its author and its thread."""
    message, thread = await read_source(outside, SourceMessage.model_validate(form.data["message"]))
    found = {"message": message.model_dump(mode="json"), "thread": thread.model_dump(mode="json")}
    await outside.database.run(save_form, form.id, data={**form.data, **found})
    tasks: list[CardView] = await outside.database.run(steering.open_tasks, form.user)
    return send_to_task(tasks, message, form.id, thread)
