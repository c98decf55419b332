"""Gives the blocks of a message or view the ids that the app left out, as Slack does when it stores them."""

from __future__ import annotations

import copy
import secrets
from typing import Any, Final

from bot.sandbox.slack.shapes import Json

INTERACTIVE: Final = frozenset(
    {
        "button",
        "checkboxes",
        "datepicker",
        "datetimepicker",
        "email_text_input",
        "file_input",
        "number_input",
        "overflow",
        "plain_text_input",
        "radio_buttons",
        "rich_text_input",
        "timepicker",
        "url_text_input",
        "feedback_buttons",
        "icon_button",
        "workflow_button",
    }
)


def named_blocks(blocks: list[Json]) -> list[Json]:
    """A copy in which every block has a block_id and every interactive element an action_id."""
    named = copy.deepcopy(blocks)
    for block in named:
        block.setdefault("block_id", secrets.token_urlsafe(4)[:5])
        _name_elements(block)
    return named


def is_interactive(value: Json) -> bool:
    """Whether an object is an element that a user can press, choose from or type in."""
    kind = value.get("type")
    return isinstance(kind, str) and (kind in INTERACTIVE or kind.endswith("_select"))


def _name_elements(value: Any) -> None:
    if isinstance(value, dict):
        if is_interactive(value):
            value.setdefault("action_id", secrets.token_urlsafe(4)[:5])
        for inner in value.values():
            _name_elements(inner)
    elif isinstance(value, list):
        for inner in value:
            _name_elements(inner)
