"""What stands in the elements of a view or message: Slack's state values, from what the app set and the user did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bot.sandbox.slack.named import is_interactive
from bot.sandbox.slack.records import ClientRefused
from bot.sandbox.slack.shapes import Json

State = dict[str, dict[str, Json]]

# element type -> (field of the state value, field of the element that sets it at first)
FIELDS: Final = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "file_input": ("files", None),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
}


@dataclass(frozen=True)
class Element:
    """An interactive element and the block it stands in."""

    block: Json
    body: Json

    @property
    def type(self) -> str:
        """Slack's element type."""
        return str(self.body["type"])

    @property
    def action_id(self) -> str:
        """The app's name for it."""
        return str(self.body["action_id"])

    @property
    def block_id(self) -> str:
        """The name of its block."""
        return str(self.block["block_id"])


def elements(blocks: list[Json]) -> Iterator[Element]:
    """Every interactive element, in the order it is shown."""
    for block in blocks:
        yield from (Element(block, found) for found in _inside(block))


def _inside(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        if is_interactive(value) and "action_id" in value:
            yield value
        for inner in value.values():
            yield from _inside(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _inside(inner)


def find_element(blocks: list[Json], action_id: str, value: str | None = None, block_id: str | None = None) -> Element:
    """The element a user means; refused when it is not there, or when several fit."""
    everything = list(elements(blocks))
    found = [one for one in everything if one.action_id == action_id and block_id in (None, one.block_id)]
    if value is not None and len(found) > 1:
        found = [one for one in found if one.body.get("value") == value]
    if len(found) != 1:
        shown = ", ".join(f"{one.action_id}={one.body.get('value')!r}" for one in everything)
        raise ClientRefused(f"{len(found)} elements fit action_id={action_id!r} value={value!r}; shown: {shown}")
    return found[0]


def initial_state(blocks: list[Json], channel: str | None = None) -> State:
    """The state values of freshly shown blocks; `channel` is the current conversation."""
    state: State = {}
    for one in elements(blocks):
        if one.type in FIELDS:
            state.setdefault(one.block_id, {})[one.action_id] = _initial(one.body, channel)
    return state


def _initial(body: Json, channel: str | None) -> Json:
    field, initial = FIELDS[str(body["type"])]
    value = body.get(initial) if initial else None
    if value is None and body.get("default_to_current_conversation"):
        value = channel
    if value is None and (field.endswith("s") and field != "files"):
        value = []
    return {"type": body["type"], field: value}


def kept_state(before: State, blocks: list[Json], channel: str | None = None) -> State:
    """The state after an update: kept where block_id, action_id and type are the same."""
    state = initial_state(blocks, channel)
    for block_id, actions in state.items():
        for action_id, fresh in actions.items():
            old = before.get(block_id, {}).get(action_id)
            if old is not None and old["type"] == fresh["type"]:
                actions[action_id] = old
    return state


def state_value(element: Element, given: Any, options: list[Json]) -> Json:
    """The state value after a user set an element to `given`.

    `given` is the text, date or id; for options a value, a shown text or a whole option (a list of them for several).
    `options` are those the menu shows (for an external select, what the app answered).
    """
    field, _ = FIELDS[element.type]
    if field == "selected_option":
        given = None if given is None else pick(options, given)
    elif field == "selected_options":
        given = [pick(options, one) for one in given or []]
    elif field == "value" and given is not None:
        given = str(given)
    return {"type": element.type, field: given}


def shown_options(element: Element) -> list[Json]:
    """The options that stand in the element itself."""
    options = list(element.body.get("options") or [])
    for group in element.body.get("option_groups") or []:
        options += group["options"]
    options += element.body.get("initial_options") or []
    return [*options, element.body["initial_option"]] if element.body.get("initial_option") else options


def pick(options: list[Json], given: Any) -> Json:
    """The option with this value or shown text; refused when the menu does not show it."""
    for option in options:
        if given in (option, option.get("value"), option["text"]["text"]):
            return option
    raise ClientRefused(f"no option {given!r}; shown: {[option.get('value') for option in options]}")


def is_empty(value: Json) -> bool:
    """Whether nothing stands in an element."""
    return value.get(FIELDS[value["type"]][0]) in (None, "", [])


def form_errors(blocks: list[Json], state: State) -> dict[str, str]:
    """What Slack's own client says under the fields before it sends anything: block_id -> complaint."""
    errors: dict[str, str] = {}
    for one in elements(blocks):
        if one.block.get("type") != "input":
            continue
        value = state[one.block_id][one.action_id]
        if is_empty(value):
            if not one.block.get("optional"):
                errors[one.block_id] = "is required"
            continue
        for complaint in (check(one.body, value) for check in CHECKS):
            if complaint:
                errors[one.block_id] = complaint
    return errors


def _length(body: Json, value: Json) -> str:
    text = value.get("value")
    if not isinstance(text, str) or body["type"] != "plain_text_input":
        return ""
    low, high = body.get("min_length", 0), body.get("max_length", 3000)
    return "" if low <= len(text) <= high else f"must have {low} to {high} characters, has {len(text)}"


def _number(body: Json, value: Json) -> str:
    if body["type"] != "number_input":
        return ""
    try:
        number = float(value["value"]) if body.get("is_decimal_allowed") else int(value["value"])
    except ValueError:
        return "must be a number"
    low, high = float(body.get("min_value", "-inf")), float(body.get("max_value", "inf"))
    return "" if low <= number <= high else f"must be between {low} and {high}"


CHECKS: Final[tuple[Callable[[Json, Json], str], ...]] = (_length, _number)
