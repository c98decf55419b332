"""The forms that send a prompt to a task: a reply to its question, or something to do next (guide, section 5.3)."""

from __future__ import annotations

from bot.blocks.conditions import face
from bot.blocks.elements import Block, context, plain, quote, rich, section, words
from bot.blocks.forms.inputs import field, modal, text_input
from bot.blocks.pace import moment
from bot.blocks.text import date_element, said
from bot.models import CardView, Condition, View

CALLBACK = "send"

_TITLE, _QUESTION = 80, 300
_ASKS = {Condition.WAITING, Condition.FAILED}


def prompt_form(view: CardView | None, form_id: str) -> View:
    """A reply where the agent waits for one, else a prompt; `view` is None where nothing is known of the task."""
    return reply(view, form_id) if view is not None and view.condition in _ASKS else send_prompt(view, form_id)


def reply(view: CardView, form_id: str) -> View:
    """An answer to what the agent has said last."""
    question = said(view.report.message, _QUESTION) if view.report else ""
    typed = text_input("prompt", "Leave the signup tests alone and open the pull request")
    blocks = [
        about(view, question),
        field("prompt.1", "Your reply", typed),
        context("how", plain("The reply is also shown in the task’s thread.")),
    ]
    return modal(CALLBACK, "Reply to the agent", blocks, form_id=form_id, submit="Send")


def send_prompt(view: CardView | None, form_id: str) -> View:
    """Something for the agent to do, now or when it is ready."""
    how = "Delivered when the agent is ready, and shown in the task’s thread. A paused task is resumed for it."
    blocks = [
        *([about(view)] if view is not None else []),
        field("prompt.1", "Prompt", text_input("prompt", "Also update the changelog")),
        context("how", plain(how)),
    ]
    return modal(CALLBACK, "Send a prompt", blocks, form_id=form_id, submit="Send")


def about(view: CardView, question: str = "") -> Block:
    """Which task it is, what it does, and what its agent asks."""
    since = date_element(view.since, f"since {moment(view.since, view.now)}")
    head = section(words(title(view), bold=True), words(f"\n{face(view).word} "), since)
    return rich("ask", head, *([quote(question)] if question else []))


def title(view: CardView) -> str:
    """What the task is called."""
    return said(view.title, _TITLE) or said(view.name, _TITLE) or "The task"
