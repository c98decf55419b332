"""The form that asks before a task is deleted (guide, section 5.3)."""

from __future__ import annotations

from bot.blocks.conditions import face
from bot.blocks.elements import context, plain, rich, section, words
from bot.blocks.face import are
from bot.blocks.forms.inputs import modal
from bot.blocks.forms.reply import title
from bot.blocks.text import plural, said, work_link
from bot.models import CardView, View

CALLBACK = "delete"

_NAME = 64


def delete(view: CardView, form_id: str) -> View:
    """What goes, what state it is in, what stays, and what will not arrive."""
    name = said(view.name, _NAME)
    what = section(
        words(title(view), bold=True),
        words("\nThe workspace "),
        words(name or "of the task", code=bool(name)),
        words(" and everything not pushed from it are removed. This cannot be undone."),
    )
    blocks = [rich("what", what), context("state", plain(_state(view)))]
    return modal(CALLBACK, "Delete this task?", blocks, form_id=form_id, submit="Delete task", close="Keep it")


def _state(view: CardView) -> str:
    work, count = work_link(view.report.uri) if view.report else None, view.waiting_prompts
    parts = [f"{face(view).word}."]
    if work is None:
        parts.append("No pull request reported.")
    else:
        parts.append(f"{work.kind} stays." if " " in work.kind else f"The agent reported a link to {work.kind}.")
    if count:
        parts.append(f"{plural(count, 'prompt')} {are(count)} waiting and will not be delivered.")
    return " ".join(parts)
