"""The pieces that fields are made of: inputs, menus, ticks, and the modal around them.

https://docs.slack.dev/reference/block-kit/blocks/input-block
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.blocks.elements import Block, Element, plain
from bot.blocks.text import said
from bot.models import View

MOST_OPTIONS = 100
_OPTION_TEXT = 75
_OPTION_VALUE = 150


def option(text: str, value: str, description: str = "") -> Element:
    """One entry of a menu; a value that Slack would not take is a mistake of ours, so it is not cut."""
    made: Element = {"text": plain(said(text, _OPTION_TEXT) or "Untitled"), "value": value}
    about = said(description, _OPTION_TEXT)
    return {**made, "description": plain(about)} if about else made


def field(
    block_id: str,
    label: str,
    element: Element,
    *,
    hint: str = "",
    optional: bool = False,
    dispatches: bool = False,
) -> Block:
    """An input with its label; `dispatches` tells the bot of every change at once."""
    made: Block = {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": element,
        "optional": optional,
    }
    if hint:
        made["hint"] = plain(hint)
    return {**made, "dispatch_action": True} if dispatches else made


def text_input(
    action_id: str, placeholder: str, *, longest: int = 3000, multiline: bool = True, initial: str = ""
) -> Element:
    """A field to type into; `initial` must fit into it."""
    made: Element = {"type": "plain_text_input", "action_id": action_id, "multiline": multiline}
    if initial:
        made["initial_value"] = initial
    return {**made, "max_length": longest, "placeholder": plain(placeholder)}


def menu(action_id: str, options: Sequence[Element], placeholder: str = "", chosen: Element | None = None) -> Element:
    """A menu of at most a hundred entries; `chosen` must be one of them."""
    made: Element = {"type": "static_select", "action_id": action_id, "options": list(options[:MOST_OPTIONS])}
    if chosen is not None:
        made["initial_option"] = chosen
    return {**made, "placeholder": plain(placeholder)} if placeholder else made


def live_menu(action_id: str, placeholder: str, chosen: Element | None = None) -> Element:
    """A menu whose entries the bot is asked for when it opens (bot.listeners.options)."""
    made: Element = {"type": "external_select", "action_id": action_id, "min_query_length": 0}
    if chosen is not None:
        made["initial_option"] = chosen
    return {**made, "placeholder": plain(placeholder)}


def ticks(action_id: str, options: Sequence[Element], ticked: Sequence[Element] = ()) -> Element:
    """Boxes to tick."""
    made: Element = {"type": "checkboxes", "action_id": action_id, "options": list(options)}
    return {**made, "initial_options": list(ticked)} if ticked else made


def radio(action_id: str, options: Sequence[Element], chosen: Element) -> Element:
    """Buttons of which one is chosen."""
    return {"type": "radio_buttons", "action_id": action_id, "options": list(options), "initial_option": chosen}


def modal(
    callback_id: str,
    title: str,
    blocks: Sequence[Block],
    *,
    form_id: str,
    submit: str = "",
    close: str = "Cancel",
) -> View:
    """A form; without `submit` it can only be closed. Slack keeps the form's id and nothing else."""
    payload: Element = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title),
        "close": plain(close),
        "blocks": list(blocks),
        "private_metadata": json.dumps({"form": form_id}),
    }
    return View({**payload, "submit": plain(submit)} if submit else payload)
