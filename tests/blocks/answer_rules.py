"""What every private answer must hold (guide, section 7), and the sample payloads where they are at hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.blocks.size import MESSAGE_BYTES, size
from bot.models import Content

SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "messages" / "blocks"
TASK_ID = "7c1f2b1e-9a3d-4f0e-8b52-6d1f0c2a9e11"
TASK_URL = f"https://coder.example.com/tasks/ana/{TASK_ID}"
CARD = "https://acme.slack.com/archives/C0PAYMENTS1/p1795356121000100"
NAME, TITLE = "fix-flaky-login-3f2a", "Fix flaky login test"
MARK = "zq_x"  # no part of a task's name; stands in all hostile text, so that tests find where it went

_TYPES = {"section", "header", "context", "actions", "input", "rich_text", "divider"}
_EMOJI = re.compile("[\U0001f000-\U0001faff☀-➿️]")
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_NASTY = (
    "<!channel> <@U012AB3CD> <#C0123|x> <https://evil.example|bank>",
    "*bold* _it_ ~no~ `code` ``` :tada: &amp; & < >",
    "a\x1b[31mred\x1b[0m \x00\x07 \u202egnp\u202c \u200b b",
    "`<!date^0^{time}|never> `` ` ```",
    "xoxb-1234567890-abcdefghijkl token=hunter2hunter2",
    "\n\n\n> quote\n\n\n\nlast",
    "🎉" * 400,
    "W" * 4_000,
    "\U0001d54fy" * 900,
    "",
)

hostile = st.one_of(
    st.sampled_from(_NASTY), st.text(max_size=200), st.text(alphabet="`<!@#^{}|>&*_~: \n-", max_size=120)
).map(lambda text: f"{MARK}{text}")


def sample(name: str, *later: str) -> tuple[str, list[dict[str, Any]]] | None:
    """The text and blocks of a sample without the controls that come later; None where there are no samples."""
    path = SAMPLES / f"{name}.json"
    if not path.exists():
        return None
    payload = json.loads(path.read_text())["payload"]
    return payload["text"], [block for each in payload["blocks"] if (block := _without(each, later))]


def _without(block: dict[str, Any], later: tuple[str, ...]) -> dict[str, Any] | None:
    if block["type"] != "actions":
        return block
    kept = [each for each in block["elements"] if each["action_id"] not in later]
    return {**block, "elements": kept} if kept else None


def assert_like(content: Content, name: str, *later: str) -> None:
    """The content is the sample, as far as its controls exist."""
    expected = sample(name, *later)
    if expected is not None:
        assert (content.text, content.blocks) == expected


def assert_holds(content: Content) -> None:
    """All rules of section 7 that concern private answers."""
    _text(content.text)
    blocks = content.blocks
    assert 1 <= len(blocks) <= 50
    assert size(blocks) <= MESSAGE_BYTES
    assert len({block["block_id"] for block in blocks}) == len(blocks)
    assert {block["type"] for block in blocks} <= _TYPES
    for block in blocks:
        assert len(block["block_id"]) <= 255
        parsed = Block.parse(block)
        assert parsed is not None
        assert parsed.to_dict()["type"] == block["type"]
        _block(block)
    parts = list(objects(blocks))
    assert sum(part.get("style") == "primary" for part in parts) <= 1
    assert sum(part.get("type") == "emoji" for part in parts) <= 1
    assert not any(part.get("type") in {"user", "usergroup", "broadcast", "channel"} for part in parts)
    # A button's value is the person's own command, read again by the grammar and never shown.
    assert not _CONTROL.search("".join(words for part in parts for key, words in part.items() if _is_shown(key, words)))


def _is_shown(key: str, value: object) -> TypeGuard[str]:
    return isinstance(value, str) and key != "value"


def _text(text: str) -> None:
    assert text
    assert len(text.encode()) <= 3_800
    bare = re.sub(r"<https?://[^|<>]+\|[^<>]+>", "", text)
    assert "<" not in bare
    assert not re.search(r"https?://", bare)
    assert not _EMOJI.search(text)
    assert not _CONTROL.search(text)


def _block(block: dict[str, Any]) -> None:
    elements = block.get("elements", [])
    limits = {"context": 10, "actions": 25}
    if block["type"] in limits:
        assert 1 <= len(elements) <= limits[block["type"]]
    if block["type"] == "actions":
        assert len({element["action_id"] for element in elements}) == len(elements)
    for part in objects(block):
        kind = part.get("type")
        if kind == "button":
            _button(part)
        elif kind in {"rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted"}:
            assert part["elements"]
        elif kind in {"text", "link", "mrkdwn", "plain_text"}:
            assert 1 <= len(part["text"]) <= 3_000
        if kind == "mrkdwn":
            assert MARK not in part["text"]
            assert not re.search(r"<!(?!date)|<@|<#", part["text"])
        if kind == "plain_text":
            assert part["emoji"] is False
        if kind == "link":
            assert re.match(r"https?://", part["url"])


def _button(button: dict[str, Any]) -> None:
    assert ("value" in button) != ("url" in button)
    assert 1 <= len(button.get("value", "x")) <= 2_000
    assert 1 <= len(button["text"]["text"]) <= 30
    assert 1 <= len(button["accessibility_label"]) <= 75


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """All objects in blocks, at every depth."""
    if isinstance(part, dict):
        yield part
        for inner in part.values():
            yield from objects(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from objects(inner)


def shown(content: Content) -> str:
    """All words that people see, in their order."""
    return "".join(
        str(part["text"]) if isinstance(part.get("text"), str) else str(part.get("fallback", ""))
        for part in objects(content.blocks)
    )


def buttons(content: Content) -> list[tuple[str, str]]:
    """The buttons as (text, command or address)."""
    return [
        (part["text"]["text"], part.get("value") or part["url"])
        for part in objects(content.blocks)
        if part.get("type") == "button"
    ]
