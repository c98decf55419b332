"""The local Slack refuses what Slack refuses, and takes every message that this bot is designed to send."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.slack import limits

Json = dict[str, Any]
SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "messages" / "blocks"
CARD: list[Json] = [
    {
        "type": "rich_text",
        "block_id": "card.head",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {
                        "type": "link",
                        "url": "https://coder.example.com/tasks/1",
                        "text": "Fix",
                        "style": {"bold": True},
                    },
                    {"type": "emoji", "name": "hourglass"},
                    {"type": "date", "timestamp": 1795357920, "format": "{ago}", "fallback": "now"},
                ],
            }
        ],
    },
    {"type": "context", "block_id": "card.foot", "elements": [{"type": "plain_text", "text": "Ana", "emoji": False}]},
    {
        "type": "actions",
        "block_id": "card.do",
        "elements": [
            {
                "type": "button",
                "action_id": "delete",
                "text": {"type": "plain_text", "text": "Delete"},
                "style": "danger",
                "value": "task-1",
                "confirm": {
                    "title": {"type": "plain_text", "text": "Delete?"},
                    "text": {"type": "plain_text", "text": "The workspace goes too."},
                    "confirm": {"type": "plain_text", "text": "Delete"},
                    "deny": {"type": "plain_text", "text": "Keep"},
                },
            }
        ],
    },
]


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def section(text: str, **more: Any) -> Json:
    """A section with mrkdwn text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(**more: Any) -> Json:
    """A button."""
    return {"type": "button", "text": plain("Go"), "action_id": "go", **more}


def menu(**more: Any) -> Json:
    """A static menu with one option."""
    options = [{"text": plain("A"), "value": "a"}]
    return {"type": "static_select", "action_id": "menu", "options": options, **more}


def actions(*elements: Json) -> Json:
    """An actions block."""
    return {"type": "actions", "elements": list(elements)}


def field(element: Json, **more: Any) -> Json:
    """An input block."""
    return {"type": "input", "label": plain("Prompt"), "element": element, **more}


def modal(*blocks: Json, **more: Any) -> Json:
    """A modal with a submit button."""
    return {"type": "modal", "title": plain("New"), "submit": plain("Create"), "blocks": list(blocks), **more}


TEXT_FIELD: Json = {"type": "plain_text_input", "action_id": "prompt"}
RICH = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": ""}]}]}
CONFIRM = {"title": plain("x" * 101), "text": plain("?"), "confirm": plain("Yes"), "deny": plain("No")}

REFUSED_BLOCKS: dict[str, tuple[list[Json], str]] = {
    "51 blocks": ([{"type": "divider"}] * 51, "/blocks"),
    "unknown type": ([{"type": "banner"}], "/blocks/0/type"),
    "unknown property": ([{"type": "divider", "colour": "red"}], "/blocks/0"),
    "section of 3001": ([section("x" * 3001)], "/blocks/0/text/text"),
    "empty section text": ([section("")], "/blocks/0/text/text"),
    "section without text": ([{"type": "section"}], "/blocks/0"),
    "11 fields": ([{"type": "section", "fields": [plain("x")] * 11}], "/blocks/0/fields"),
    "field of 2001": ([{"type": "section", "fields": [plain("x" * 2001)]}], "/blocks/0/fields/0/text"),
    "header of 151": ([{"type": "header", "text": plain("x" * 151)}], "/blocks/0/text/text"),
    "mrkdwn header": ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "/blocks/0/text/type"),
    "emoji in mrkdwn": ([{**section("x"), "text": {"type": "mrkdwn", "text": "x", "emoji": True}}], "/blocks/0/text"),
    "26 buttons": ([actions(*(button(action_id=str(n)) for n in range(26)))], "/blocks/0/elements"),
    "no buttons": ([actions()], "/blocks/0/elements"),
    "button text of 76": ([actions(button(text=plain("x" * 76)))], "/blocks/0/elements/0/text/text"),
    "button value of 2001": ([actions(button(value="x" * 2001))], "/blocks/0/elements/0/value"),
    "button style": ([actions(button(style="warning"))], "/blocks/0/elements/0/style"),
    "button url scheme": ([actions(button(url="javascript:alert(1)"))], "/blocks/0/elements/0/url"),
    "action_id of 256": ([actions(button(action_id="x" * 256))], "/blocks/0/elements/0/action_id"),
    "same action_id": ([actions(button(), button())], "/blocks/0/elements/1/action_id"),
    "same block_id": ([section("a", block_id="b"), section("c", block_id="b")], "/blocks/1/block_id"),
    "confirm title of 101": ([actions(button(confirm=CONFIRM))], "/blocks/0/elements/0/confirm/title/text"),
    "101 options": ([actions(menu(options=menu()["options"] * 101))], "/blocks/0/elements/0/options"),
    "option text of 76": (
        [actions(menu(options=[{"text": plain("x" * 76), "value": "a"}]))],
        "/blocks/0/elements/0/options/0/text/text",
    ),
    "option value of 151": (
        [actions(menu(options=[{"text": plain("x"), "value": "a" * 151}]))],
        "/blocks/0/elements/0/options/0/value",
    ),
    "initial option elsewhere": (
        [actions(menu(initial_option={"text": plain("B"), "value": "b"}))],
        "/blocks/0/elements/0/initial_option",
    ),
    "6 overflow options": (
        [actions({"type": "overflow", "action_id": "o", "options": menu()["options"] * 6})],
        "/blocks/0/elements/0/options",
    ),
    "11 context elements": ([{"type": "context", "elements": [plain("x")] * 11}], "/blocks/0/elements"),
    "text input in actions": ([actions(TEXT_FIELD)], "/blocks/0/elements/0/type"),
    "image without alt": ([{"type": "image", "image_url": "https://x.example/a.png"}], "/blocks/0"),
    "empty rich text": ([RICH], "/blocks/0/elements/0/elements/0/text"),
    "unknown rich text": (
        [{"type": "rich_text", "elements": [{"type": "rich_text_table", "elements": []}]}],
        "/blocks/0/elements/0/type",
    ),
    "alert in a message": ([{"type": "alert", "text": plain("x")}], "/blocks/0/type"),
    "12001 of markdown": (
        [{"type": "markdown", "text": "x" * 6000}, {"type": "markdown", "text": "x" * 6001}],
        "/blocks",
    ),
    "lone pending task card": (
        [{"type": "task_card", "task_id": "1", "title": "x", "status": "pending"}],
        "/blocks/0/status",
    ),
}

REFUSED_VIEWS: dict[str, tuple[Json, str]] = {
    "title of 25": (modal(section("x"), title=plain("x" * 25)), "/view/title/text"),
    "submit of 25": (modal(section("x"), submit=plain("x" * 25)), "/view/submit/text"),
    "close of 25": (modal(section("x"), close=plain("x" * 25)), "/view/close/text"),
    "101 blocks": (modal(*[{"type": "divider"}] * 101), "/view/blocks"),
    "no blocks": (modal(), "/view/blocks"),
    "private_metadata of 3001": (modal(section("x"), private_metadata="x" * 3001), "/view/private_metadata"),
    "callback_id of 256": (modal(section("x"), callback_id="x" * 256), "/view/callback_id"),
    "input without submit": (modal(field(TEXT_FIELD), submit=None), "/view"),
    "text field of 3001": (
        modal(field({**TEXT_FIELD, "max_length": 3001})),
        "/view/blocks/0/element/max_length",
    ),
    "placeholder of 151": (
        modal(field({**TEXT_FIELD, "placeholder": plain("x" * 151)})),
        "/view/blocks/0/element/placeholder/text",
    ),
    "button as input": (modal(field(button())), "/view/blocks/0/element/type"),
    "markdown in a modal": (modal({"type": "markdown", "text": "x"}), "/view/blocks/0/type"),
    "title on a Home tab": ({"type": "home", "title": plain("x"), "blocks": [section("x")]}, "/view"),
    "two focused fields": (
        modal(field({**TEXT_FIELD, "focus_on_load": True}), field({**TEXT_FIELD, "focus_on_load": True})),
        "/view/blocks/1/element/focus_on_load",
    ),
}


@pytest.mark.parametrize("case", REFUSED_BLOCKS)
def test_refused_blocks_name_the_place(case: str) -> None:
    """Each limit that blocks break is refused with a pointer to the place that breaks it."""
    blocks, pointer = REFUSED_BLOCKS[case]
    assert [problem.pointer for problem in limits.message_problems(blocks)] == [pointer]


@pytest.mark.parametrize("case", REFUSED_VIEWS)
def test_refused_views_name_the_place(case: str) -> None:
    """Each limit that a view breaks is refused with a pointer to the place that breaks it."""
    view, pointer = REFUSED_VIEWS[case]
    assert [problem.pointer for problem in limits.view_problems(view)] == [pointer]


def test_what_stands_at_a_limit_is_taken() -> None:
    """A payload exactly at the limits is not refused."""
    blocks = [section("x" * 3000), {"type": "header", "text": plain("x" * 150)}, actions(button(value="x" * 2000))]
    assert limits.message_problems(blocks) == []
    view = modal(field({**TEXT_FIELD, "max_length": 3000}), title=plain("x" * 24), private_metadata="x" * 3000)
    assert limits.view_problems(view) == []


def test_a_card_is_taken() -> None:
    """A card with rich text, context and a confirmed button is not refused, nor changed by the check."""
    before = copy.deepcopy(CARD)
    assert limits.message_problems(CARD) == []
    assert before == CARD


def test_texts_are_counted_as_slack_counts_them() -> None:
    """An update counts UTF-8 bytes, a message's blocks the characters of their JSON."""
    assert not limits.update_text_too_long("x" * 4000)
    assert limits.update_text_too_long("é" * 2001)
    assert limits.blocks_too_long([section("x" * 3000) for _ in range(5)])
    assert not limits.blocks_too_long([section("x" * 3000) for _ in range(4)])


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"event_type": "task", "event_payload": {"id": "1", "tags": ["a"], "by": {"user": "U1"}}}, None),
        ({"event_type": "task", "event_payload": {"x": "y" * 9000}}, "metadata_too_large"),
        ({"event_type": "task", "event_payload": {"deep": {"er": {"still": 1}}}}, "invalid_metadata_format"),
        ({"event_payload": {}}, "invalid_metadata_format"),
    ],
)
def test_metadata_is_flat_and_small(metadata: Json, error: str | None) -> None:
    """Metadata may be one level deep and a few kilobytes, no more."""
    assert limits.metadata_error(metadata) == error


def test_a_menu_shows_a_hundred_options() -> None:
    """An answer to a menu's question is refused above 100 options, or with both options and groups."""
    option = menu()["options"][0]
    assert limits.options_problems({"options": [option] * 100}) == []
    assert limits.options_problems({"options": [option] * 101})
    assert limits.options_problems({"options": [option], "option_groups": []})


@pytest.mark.skipif(not SAMPLES.exists(), reason="the reference messages are not part of the repository")
def test_every_designed_message_is_taken() -> None:
    """Every message, form and Home tab of the design passes the limits."""
    wrong = {}
    for path in sorted(SAMPLES.glob("*.json")):
        payload = json.loads(path.read_text())["payload"]
        problems = limits.view_problems(payload["view"]) if "view" in payload else []
        problems += limits.message_problems(payload.get("blocks", []))
        error = limits.metadata_error(payload["metadata"]) if "metadata" in payload else None
        if problems or error or limits.blocks_too_long(payload.get("blocks", [])):
            wrong[path.name] = [*map(str, problems), error]
    assert wrong == {}
