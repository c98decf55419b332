"""The form that sends a message to one of a person's tasks (guide, section 5.3, `modal.send_to_task`)."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks.conditions import face
from bot.blocks.elements import Element
from bot.blocks.forms.fields import prompt_fields, split_prompt
from bot.blocks.forms.inputs import field, live_menu, modal, option
from bot.blocks.forms.quoted import OWN_WORDS_HINT, include_field, quoted, small_print
from bot.blocks.forms.reply import CALLBACK
from bot.blocks.text import said
from bot.models import CardView, SourceMessage, SourceThread, View

KIND, TITLE = "send_to_task", "Send to a Coder task"

_NAME = 64
_NEUTRAL = "Take the quoted message into account."


def send_to_task(
    tasks: Sequence[CardView], message: SourceMessage, form_id: str, thread: SourceThread | None = None
) -> View:
    """Which task gets the message, and what the agent shall do with it; the first of the tasks is chosen.

    A person's own message is the prompt itself.
    """
    own = split_prompt(message.text) if message.is_own else None
    include = include_field(message, thread)
    blocks = [
        field("task", "Task", live_menu("task", "Choose a task", task_option(tasks[0]) if tasks else None)),
        *prompt_fields(own or [_NEUTRAL if message.text.strip() else ""], hint=OWN_WORDS_HINT, more=False),
        *([] if own else [quoted(message)]),
        *([include] if include else []),
        *small_print(message, thread),
    ]
    return modal(CALLBACK, TITLE, blocks, form_id=form_id, submit="Send")


def task_option(view: CardView) -> Element:
    """A task in a menu."""
    name = said(view.name, _NAME)
    return option(view.title.strip() or name, view.task_id, f"{face(view).word} · {name}")
