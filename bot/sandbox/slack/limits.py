"""Slack's refusals as pure functions: what is wrong with a message's blocks, a view, a text, an answer with options."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from bot.sandbox.slack.block_shapes import IN_HOME, IN_MESSAGE, IN_MODAL
from bot.sandbox.slack.element_shapes import MENU_OPTION, OPTION_GROUP, plain_text
from bot.sandbox.slack.shapes import (
    Check,
    Json,
    Problem,
    anything,
    at_most_one,
    both,
    flag,
    items,
    one_of,
    shape,
    string,
)

MESSAGE_BLOCKS: Final = 50
VIEW_BLOCKS: Final = 100
BLOCKS_CHARACTERS: Final = 13_200  # all blocks of one message as JSON; not published, measured by others
UPDATE_TEXT_BYTES: Final = 4_000
POST_TEXT_CHARACTERS: Final = 40_000  # cut there, not refused
MARKDOWN_CHARACTERS: Final = 12_000
TABLE_CHARACTERS: Final = 10_000
METADATA_BYTES: Final = 8_192  # remembered, not published
VIEW_BYTES: Final = 250_000
SNIPPET_BYTES: Final = 1_048_576
EMOJI_NAME: Final = re.compile(r"[a-z0-9_+'\-]{1,100}(::skin-tone-[2-6])?")


def message_problems(blocks: object) -> list[Problem]:
    """What Slack refuses in a message's blocks, in the order of the blocks; [] when it takes them."""
    found = [*items(IN_MESSAGE, MESSAGE_BLOCKS, 0)(blocks, "/blocks")]
    if isinstance(blocks, list):
        found += [*_ids(blocks, "/blocks"), *_message_budgets(blocks)]
    return found


def view_problems(view: object) -> list[Problem]:
    """What Slack refuses in a modal or Home view; [] when it takes it."""
    if not isinstance(view, dict):
        return [Problem("/view", "must provide an object")]
    if view.get("type") not in ("modal", "home"):
        return [Problem("/view/type", f"unsupported type: {view.get('type')}")]
    modal = view["type"] == "modal"
    found = [*(MODAL if modal else HOME)(view, "/view")]
    blocks = view.get("blocks")
    if isinstance(blocks, list):
        found += [*_ids(blocks, "/view/blocks"), *_one_focus(blocks)]
        has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
        if modal and has_input and not view.get("submit"):
            found.append(Problem("/view", "missing required field: submit (the view has an input block)"))
    return found


def options_problems(answer: object) -> list[Problem]:
    """What Slack refuses in the answer to a block_suggestion; [] when the menu can be shown."""
    return [*SUGGESTIONS(answer, "")]


def blocks_too_long(blocks: object) -> bool:
    """Whether all blocks of one message together exceed what one message may carry."""
    return len(compact(blocks)) > BLOCKS_CHARACTERS


def update_text_too_long(text: str) -> bool:
    """Whether chat.update refuses this text: it counts UTF-8 bytes."""
    return len(text.encode()) > UPDATE_TEXT_BYTES


def view_too_large(view: object) -> bool:
    """Whether a view is more than Slack stores."""
    return len(compact(view).encode()) > VIEW_BYTES


def metadata_error(metadata: object) -> str | None:
    """The error code for a message's metadata, or None when Slack takes it."""
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str) or not metadata["event_type"]:
        return "invalid_metadata_format"
    payload = metadata.get("event_payload")
    if not isinstance(payload, dict) or not all(_metadata_value(value) for value in payload.values()):
        return "invalid_metadata_format"
    return "metadata_too_large" if len(compact(metadata).encode()) > METADATA_BYTES else None


def emoji_problem(name: str) -> bool:
    """Whether a reaction name cannot be an emoji's (colons, capitals, spaces)."""
    return EMOJI_NAME.fullmatch(name) is None


def compact(value: object) -> str:
    """The shortest JSON text of a value: what the budgets count."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def walk(value: object, at: str) -> Iterator[tuple[str, Json]]:
    """Every object inside a payload with its JSON pointer, outermost first."""
    if isinstance(value, dict):
        yield at, value
        for name, inner in value.items():
            yield from walk(inner, f"{at}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from walk(inner, f"{at}/{index}")


def _metadata_value(value: object) -> bool:
    scalar = (str, int, float, bool)
    if isinstance(value, dict):
        return all(isinstance(inner, scalar) for inner in value.values())
    if isinstance(value, list):
        return all(
            isinstance(one, scalar) or (isinstance(one, dict) and all(isinstance(v, scalar) for v in one.values()))
            for one in value
        )
    return isinstance(value, scalar)


def _ids(blocks: list[Any], at: str) -> Iterator[Problem]:
    """block_id must be unique in the payload, action_id in its block."""
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        block_id = block.get("block_id")
        if isinstance(block_id, str):
            if block_id in seen:
                yield Problem(f"{at}/{index}/block_id", f"block_id already exists: {block_id}")
            seen.add(block_id)
        yield from _action_ids(block, f"{at}/{index}")


def _action_ids(block: Json, at: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for pointer, inner in walk(block, at):
        action_id = inner.get("action_id")
        if isinstance(action_id, str):
            if action_id in seen:
                yield Problem(f"{pointer}/action_id", f"action_id already exists in this block: {action_id}")
            seen.add(action_id)


def _one_focus(blocks: list[Any]) -> Iterator[Problem]:
    focused = [pointer for pointer, inner in walk(blocks, "/view/blocks") if inner.get("focus_on_load") is True]
    for pointer in focused[1:]:
        yield Problem(f"{pointer}/focus_on_load", "only one element of a view may have the focus")


def _message_budgets(blocks: list[Any]) -> Iterator[Problem]:
    known = [block for block in blocks if isinstance(block, dict)]
    markdown = sum(len(block["text"]) for block in known if block.get("type") == "markdown" and _has_text(block))
    if markdown > MARKDOWN_CHARACTERS:
        yield Problem("/blocks", f"all markdown blocks together must be less than {MARKDOWN_CHARACTERS + 1} characters")
    tables = [block for block in known if block.get("type") in ("table", "data_table")]
    if len(tables) > 1:
        yield Problem("/blocks", "only one table is allowed in a message")
    cells = sum(len(inner["text"]) for _, inner in walk(tables, "") if _has_text(inner))
    if cells > TABLE_CHARACTERS:
        yield Problem("/blocks", f"all table cells together must be less than {TABLE_CHARACTERS + 1} characters")


def _has_text(value: Json) -> bool:
    return isinstance(value.get("text"), str)


VIEW_FIELDS: Final[dict[str, Check]] = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
}
MODAL: Final = shape(
    {"type": anything, "title": plain_text(24), "blocks": items(IN_MODAL, VIEW_BLOCKS)},
    {
        **VIEW_FIELDS,
        "submit": plain_text(24),
        "close": plain_text(24),
        "clear_on_close": flag,
        "notify_on_close": flag,
        "submit_disabled": flag,
    },
)
HOME: Final = shape({"type": one_of("home"), "blocks": items(IN_HOME, VIEW_BLOCKS)}, VIEW_FIELDS)
SUGGESTIONS: Final = both(
    shape({}, {"options": items(MENU_OPTION, 100, 0), "option_groups": items(OPTION_GROUP, 100, 0)}),
    at_most_one("options", "option_groups"),
)
