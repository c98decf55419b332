"""What a form shows when it cannot be filled: why, and what to do."""

from __future__ import annotations

from bot.blocks.elements import actions, button, context, plain
from bot.blocks.forms.inputs import modal
from bot.blocks.problems import problem
from bot.errors import UserError
from bot.models import View

_WAITS = "This form is tried again by itself for some minutes. Nothing was created."


def failed(callback_id: str, title: str, form_id: str, error: UserError, *, again: bool) -> View:
    """The reason in place of the fields; with `again` it may pass, and the form is tried again."""
    blocks = [one for one in problem(error).blocks if one["type"] != "actions"]
    if again:
        retry = button("form.again", "Try again", label="Try to fill the form again", value=form_id)
        blocks = [*blocks, context("failed.how", plain(_WAITS)), actions("failed.do", retry)]
    return modal(callback_id, title, blocks, form_id=form_id, close="Close")
