"""What was filled in: reads the `view.state.values` of a submitted form, or of one that is open."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bot.blocks.forms.fields import PROMPT_PARTS

State = Mapping[str, Mapping[str, Mapping[str, Any]]]

_SINGLE = ("selected_conversation", "selected_channel", "selected_user", "selected_date")


def state_of(view: Mapping[str, Any]) -> State:
    """What stands in a view's fields: block id -> action id -> value."""
    values: State = (view.get("state") or {}).get("values") or {}
    return values


def form_id(view: Mapping[str, Any]) -> str:
    """Which form a view is; empty for one of an older kind."""
    try:
        return str(json.loads(view.get("private_metadata") or "{}").get("form", ""))
    except (ValueError, AttributeError):
        return ""


def chosen(state: State, block_id: str) -> str:
    """The value of the option, channel or person that is chosen in a field; empty when none is, or no such field."""
    for value in _values(state, block_id):
        option = value.get("selected_option")
        if option:
            return str(option["value"])
        for key in _SINGLE:
            if value.get(key):
                return str(value[key])
    return ""


def chosen_words(state: State, block_id: str) -> str:
    """What the chosen option says; empty when none is chosen."""
    options = (value.get("selected_option") for value in _values(state, block_id))
    return next((str(option["text"]["text"]) for option in options if option), "")


def ticked(state: State, block_id: str) -> set[str]:
    """The values of the boxes that are ticked in a field."""
    return {str(one["value"]) for value in _values(state, block_id) for one in value.get("selected_options") or []}


def typed(state: State, block_id: str) -> str:
    """What stands in a text field, as it was typed; empty when there is no such field."""
    return next((str(value["value"]) for value in _values(state, block_id) if value.get("value")), "")


def template_id(state: State) -> str:
    """The id of the chosen template; empty when none is chosen."""
    return chosen(state, "template").removeprefix("tpl:")


def preset_id(state: State, template: str) -> str:
    """The id of the preset that is chosen for this template (its id), `none` for none; empty without a choice."""
    return chosen(state, f"preset.{template}").removeprefix("pst:")


def prompt_parts(state: State) -> list[str]:
    """The prompt as it stands in its fields, one text each."""
    numbers = [number for number in range(1, PROMPT_PARTS + 1) if f"prompt.{number}" in state]
    return [typed(state, f"prompt.{number}") for number in numbers]


def prompt(state: State) -> str:
    """The prompt, its parts joined without a break."""
    return "".join(prompt_parts(state))


def _values(state: State, block_id: str) -> Iterator[Mapping[str, Any]]:
    yield from (state.get(block_id) or {}).values()
