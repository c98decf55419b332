"""The shapes of text objects, options and interactive elements, with Slack's limits (reference/slack-platform.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from bot.sandbox.slack.shapes import (
    Check,
    Problem,
    anything,
    at_most_one,
    both,
    flag,
    integer,
    items,
    needs_any,
    one_of,
    shape,
    string,
    typed,
    url,
)

LINK_SCHEMES: Final = ("http", "https", "mailto", "tel", "slack")
WEB_SCHEMES: Final = ("http", "https")


def plain_text(maximum: int, minimum: int = 1) -> Check:
    """A plain_text object; `verbatim` belongs to mrkdwn and is refused here."""
    return typed({"plain_text": _plain(maximum, minimum)})


def any_text(maximum: int) -> Check:
    """A plain_text or mrkdwn object."""
    return typed({"plain_text": _plain(maximum, 1), "mrkdwn": _mrkdwn(maximum)})


def _plain(maximum: int, minimum: int) -> Check:
    return shape({"type": anything, "text": string(maximum, minimum)}, {"emoji": flag})


def _mrkdwn(maximum: int) -> Check:
    return shape({"type": anything, "text": string(maximum)}, {"verbatim": flag})


CONTEXT_TEXTS: Final = {"plain_text": _plain(3000, 1), "mrkdwn": _mrkdwn(3000)}
SLACK_FILE: Final = both(shape({}, {"id": string(255), "url": url(3000, WEB_SCHEMES)}), needs_any("id", "url"))
CONFIRM: Final = shape(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)
ACTION_ID: Final = string(255)
PLACEHOLDER: Final = plain_text(150)
DISPATCH: Final = shape(
    {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 2)},
)
CONVERSATION_FILTER: Final = shape(
    {},
    {
        "include": items(one_of("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
)


def option(text: Check) -> Check:
    """One option of a select, checkbox group, radio group or overflow menu."""
    return shape({"text": text, "value": string(150)}, {"description": any_text(75), "url": url(3000, LINK_SCHEMES)})


MENU_OPTION: Final = option(plain_text(75))
TICK_OPTION: Final = option(any_text(75))
OPTION_GROUP: Final = shape({"label": plain_text(75), "options": items(MENU_OPTION, 100)})


def _element(required: dict[str, Check], optional: dict[str, Check]) -> Check:
    common: dict[str, Check] = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": flag}
    return shape({"type": anything, **required}, {**common, **optional})


def _pattern(pattern: str, what: str) -> Check:
    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield Problem(at, f"must be in the format {what}")

    return check


def _initial_among_options(value: Any, at: str) -> Iterator[Problem]:
    """What is chosen at first must be, field for field, one of the choices."""
    choices = list(value.get("options") or [])
    for group in value.get("option_groups") or []:
        choices += group.get("options", []) if isinstance(group, dict) else []
    chosen = [("initial_option", value.get("initial_option"))] if value.get("initial_option") else []
    for index, one in enumerate(value.get("initial_options") or []):
        chosen.append((f"initial_options/{index}", one))
    for name, one in chosen:
        if one not in choices:
            yield Problem(f"{at}/{name}", "must be one of the provided options")


def _lengths_in_order(value: Any, at: str) -> Iterator[Problem]:
    low, high = value.get("min_length"), value.get("max_length")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        yield Problem(f"{at}/min_length", "must be less than or equal to max_length")


def _menu(initial: dict[str, Check], fields: dict[str, Check] | None = None) -> Check:
    return _element({}, {"placeholder": PLACEHOLDER, **initial, **(fields or {})})


def _static(initial: dict[str, Check]) -> Check:
    choices = {"options": items(MENU_OPTION, 100), "option_groups": items(OPTION_GROUP, 100)}
    return both(
        _menu(initial, choices),
        needs_any("options", "option_groups"),
        at_most_one("options", "option_groups"),
        _initial_among_options,
    )


MANY: Final[dict[str, Check]] = {"max_selected_items": integer(1, 100_000)}
ONE_OPTION: Final[dict[str, Check]] = {"initial_option": MENU_OPTION}
SOME_OPTIONS: Final[dict[str, Check]] = {"initial_options": items(MENU_OPTION, 100)}
QUERY: Final[dict[str, Check]] = {"min_query_length": integer(0, 3000)}
CONVERSATIONS: Final[dict[str, Check]] = {
    "default_to_current_conversation": flag,
    "filter": CONVERSATION_FILTER,
}
ANSWERABLE: Final[dict[str, Check]] = {"response_url_enabled": flag}
IDS: Final = items(string(255), 100)

SELECTS: Final[dict[str, Check]] = {
    "static_select": _static(ONE_OPTION),
    "external_select": _menu(ONE_OPTION, QUERY),
    "users_select": _menu({"initial_user": string(255)}),
    "conversations_select": _menu({"initial_conversation": string(255)}, CONVERSATIONS | ANSWERABLE),
    "channels_select": _menu({"initial_channel": string(255)}, ANSWERABLE),
    "multi_static_select": _static(SOME_OPTIONS | MANY),
    "multi_external_select": _menu(SOME_OPTIONS, QUERY | MANY),
    "multi_users_select": _menu({"initial_users": IDS}, MANY),
    "multi_conversations_select": _menu({"initial_conversations": IDS}, CONVERSATIONS | MANY),
    "multi_channels_select": _menu({"initial_channels": IDS}, MANY),
}
PICKERS: Final[dict[str, Check]] = {
    "datepicker": _menu({"initial_date": _pattern(r"\d{4}-\d\d-\d\d", "YYYY-MM-DD")}),
    "timepicker": _menu({"initial_time": _pattern(r"([01]\d|2[0-3]):[0-5]\d", "HH:mm"), "timezone": string(255)}),
    "datetimepicker": _element({}, {"initial_date_time": integer(0, 9_999_999_999)}),
    "checkboxes": both(
        _element({"options": items(TICK_OPTION, 10)}, {"initial_options": items(TICK_OPTION, 10)}),
        _initial_among_options,
    ),
    "radio_buttons": both(
        _element({"options": items(TICK_OPTION, 10)}, {"initial_option": TICK_OPTION}), _initial_among_options
    ),
}
BUTTON: Final = _element(
    {"text": plain_text(75)},
    {
        "url": url(3000, LINK_SCHEMES),
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "accessibility_label": string(75),
        "visible_to_user_ids": IDS,
        "agent_prompt": string(4000),
    },
)
PRESSABLE: Final[dict[str, Check]] = {
    "button": BUTTON,
    "overflow": _element({"options": items(MENU_OPTION, 5)}, {}),
    "workflow_button": _element(
        {"text": plain_text(75), "workflow": anything},
        {"style": one_of("primary", "danger"), "accessibility_label": string(75)},
    ),
}
PLAIN_TEXT_INPUT: Final = both(
    _menu(
        {"initial_value": string(3000, 0)},
        {
            "multiline": flag,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
            "dispatch_action_config": DISPATCH,
        },
    ),
    _lengths_in_order,
)
TYPED_IN: Final[dict[str, Check]] = {
    "plain_text_input": PLAIN_TEXT_INPUT,
    "email_text_input": _menu({"initial_value": string(3000)}, {"dispatch_action_config": DISPATCH}),
    "url_text_input": _menu({"initial_value": string(3000)}, {"dispatch_action_config": DISPATCH}),
    "number_input": _menu(
        {"initial_value": string(255)},
        {
            "is_decimal_allowed": flag,
            "min_value": string(255),
            "max_value": string(255),
            "dispatch_action_config": DISPATCH,
        },
    ),
    "rich_text_input": _menu(
        {"initial_value": anything},
        {"dispatch_action_config": DISPATCH, "min_lines": integer(1, 100), "max_lines": integer(1, 100)},
    ),
    "file_input": _element({}, {"filetypes": items(string(255), 100), "max_files": integer(1, 10)}),
}
IMAGE_FIELDS: Final[dict[str, Check]] = {"image_url": url(3000, WEB_SCHEMES), "slack_file": SLACK_FILE}
IMAGE: Final = both(
    shape({"type": anything, "alt_text": string(2000)}, IMAGE_FIELDS),
    needs_any("image_url", "slack_file"),
    at_most_one("image_url", "slack_file"),
)
FEEDBACK_BUTTON: Final = shape({"text": plain_text(75), "value": string(2000)}, {"accessibility_label": string(75)})

IN_SECTION: Final = typed({**SELECTS, **PICKERS, **PRESSABLE, "image": IMAGE})
IN_ACTIONS: Final = typed({**SELECTS, **PICKERS, **PRESSABLE, "rich_text_input": TYPED_IN["rich_text_input"]})
IN_INPUT: Final = typed({**SELECTS, **PICKERS, **TYPED_IN})
IN_CONTEXT: Final = typed({**CONTEXT_TEXTS, "image": IMAGE})
IN_CONTEXT_ACTIONS: Final = typed(
    {
        "feedback_buttons": _element({"positive_button": FEEDBACK_BUTTON, "negative_button": FEEDBACK_BUTTON}, {}),
        "icon_button": _element(
            {"icon": string(255), "text": plain_text(75)},
            {"value": string(2000), "accessibility_label": string(75), "visible_to_user_ids": IDS},
        ),
    }
)
