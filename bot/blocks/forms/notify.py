"""The form that says how much of a task becomes messages (guide, section 5.3)."""

from __future__ import annotations

from bot.blocks.elements import rich, section, words
from bot.blocks.forms.fields import LEVELS
from bot.blocks.forms.inputs import field, modal, option, radio, ticks
from bot.blocks.forms.reply import title
from bot.models import CardView, Level, View

CALLBACK = "notify"


def notify(
    view: CardView, form_id: str, level: Level, *, mention: bool, tell: bool | None = None, is_owner: bool = True
) -> View:
    """What the thread is told, and whom it mentions; `tell` is None for those whom no direct message can be sent.

    `is_owner`: the reader is the one who is mentioned.
    """
    levels = {one: option(text, one.value, about) for one, (text, about) in LEVELS.items()}
    whom = "me" if is_owner else "the owner"
    mentions = option(f"Mention {whom} when the task waits, completes or fails", "me")
    blocks = [
        rich("what", section(words(title(view), bold=True))),
        field("level", "Replies in the thread", radio("level", list(levels.values()), levels[level])),
        field("mention", "Mention", ticks("mention", [mentions], [mentions] if mention else []), optional=True),
    ]
    if tell is not None:
        direct = option("Send me a direct message when it needs input or ends", "tell")
        box = ticks("tell", [direct], [direct] if tell else [])
        blocks.append(field("tell", "Direct message", box, optional=True))
    return modal(CALLBACK, "Notifications", blocks, form_id=form_id, submit="Save")
