"""What a form shows while it is being filled (guide, `modal.loading`)."""

from __future__ import annotations

from bot.blocks.elements import context, plain
from bot.blocks.forms.inputs import modal
from bot.models import View


def loading(callback_id: str, title: str, form_id: str, text: str = "Loading templates…") -> View:
    """A form that is replaced as soon as everything is known."""
    return modal(callback_id, title, [context("loading", plain(text))], form_id=form_id)
