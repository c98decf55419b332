"""`/coder-task`: parsed here, and taken in with one short transaction before the ack."""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import prompts, tasks
from bot.blocks import answers
from bot.blocks.help import help_answer
from bot.commands import Command, Create, Help
from bot.forms import Forms
from bot.listeners.failures import private
from bot.listeners.grammar import parse
from bot.listeners.opening import open_form, opens_form
from bot.models import Content, Origin
from bot.tasks import Run

COMMAND = "/coder-task"


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register the slash command."""

    @app.command(COMMAND)
    async def coder_task(ack: AsyncAck, body: dict[str, Any]) -> None:
        origin = Origin(
            key=body["trigger_id"],
            user=body["user_id"],
            user_name=body.get("user_name", ""),
            channel=body["channel_id"],
            response_url=body.get("response_url", ""),
        )
        at_once = await run(take_text, body.get("text") or "", origin)
        if isinstance(at_once, Content | None):
            await ack(private(at_once) if at_once else "")
            return
        await open_form(forms, at_once, origin, body["trigger_id"])
        await ack("")


def take_text(connection: Any, text: str, origin: Origin) -> Content | Command | None:
    """Take in what a person typed, or return the command for which a form opens; UserError when it is no command."""
    command = parse(text, names=partial(prompts.name_of, connection))
    return command if opens_form(command) else take_in(connection, command, origin)


def take_in(connection: Any, command: Command, origin: Origin) -> Content | None:
    """Take in a command from wherever it came; what can be said at once is returned."""
    if isinstance(command, Help):
        return help_answer(command.topic)
    if isinstance(command, Create):
        tasks.create(connection, command, origin)
        return answers.creating(command.request.template, command.request.preset)
    tasks.answer(connection, command, origin)
    return None
