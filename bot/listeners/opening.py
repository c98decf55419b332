"""Commands for which a form opens, whether they were typed or stand behind a button."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from bot import commands
from bot.commands import Command
from bot.forms import Forms
from bot.listeners.batch import open_batch
from bot.listeners.new_task import open_new
from bot.listeners.task_forms import open_write
from bot.models import Origin

# Opens the form of one kind of command: (forms, command, origin, Slack's trigger).
Opener = Callable[[Forms, Any, Origin, str], Awaitable[None]]

_OPENERS: Mapping[type[Any], Opener] = MappingProxyType(
    {commands.New: open_new, commands.Batch: open_batch, commands.Write: open_write}
)


def opens_form(command: Command) -> bool:
    """Whether a form opens for this command."""
    return type(command) in _OPENERS


async def open_form(forms: Forms, command: Command, origin: Origin, trigger: str) -> None:
    """Open the command's form."""
    await _OPENERS[type(command)](forms, command, origin, trigger)
