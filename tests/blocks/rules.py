"""What holds for every message, whatever is in it (guide, section 7)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from slack_sdk.models.blocks import Block

from bot.models import Content

_DATE = re.compile(r"<!date\^\d+\^[^|<>]+\|[^|<>]+ UTC>")
_MENTION = re.compile(r"<@([UW][A-Z0-9]+)>")
_MARKUP_LINK = re.compile(r"<https?://[^|<>\s]+\|[^<>]+>")
_BROADCAST = re.compile(r"<!(?:here|channel|everyone|subteam)")
_EMOJI = re.compile("[\u2600-\u27bf\U0001f000-\U0001faff]")
_LIMITS = {"plain_text": 3_000, "mrkdwn": 3_000}

HOSTILE = st.one_of(
    st.text(max_size=200),
    st.sampled_from(
        [
            "<!channel> <@U0BO000001> <https://evil.example|Open in Coder>",
            "*b* _i_ ~s~ `c` :tada: &amp; &lt;",
            "\u202egnp.exe\u200b\u2066 RTL",
            "x" * 50_000,
            "word " * 10_000,
            "\U0001f469\u200d\U0001f4bb\U0001f389" * 3_000,
            "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07",
            "\x00\x07\ud800 \ufffe",
            "\n" * 500 + "end",
            "GITHUB_TOKEN=ghp_0123456789abcdefghij0123456789abcdef",
            "<" * 4_000,
            "{} {0} %s",
            "https://example.com/a?b=c&d see",
            "",
            "   ",
        ]
    ),
    st.lists(st.sampled_from("<>&*_`:|@!#\n\t\x1b\u200f\u00e9\u4e2d\U0001f600 aA1/-."), max_size=400).map("".join),
)


def check(content: Content, *, mentions: int = 0) -> None:
    """Every rule of the guide's section 7 that one message alone can break."""
    _check_text(content.text)
    _check_sizes(content)
    _check_names(content)
    _check_elements(content)
    told, shown = set(_MENTION.findall(content.text)), {part["user_id"] for part in _of_type(content, "user")}
    assert told == shown
    assert len(shown) <= mentions


def _check_text(text: str) -> None:
    assert len(text.encode()) <= 3_800
    assert text.strip()
    assert not _EMOJI.search(text)
    bare = _MARKUP_LINK.sub("", _MENTION.sub("", _DATE.sub("", text)))
    assert "<" not in bare
    assert ">" not in bare
    assert not re.search(r"https?://", bare)


def _check_sizes(content: Content) -> None:
    assert len(content.blocks) <= 7
    assert len(json.dumps(content.blocks, ensure_ascii=False).encode()) <= 12_000
    for part in _parts(content.blocks):
        if part.get("type") in _LIMITS:
            assert 0 < len(part["text"]) <= _LIMITS[part["type"]]
        if part.get("type") == "text":
            assert part["text"]
        if part.get("type") in ("rich_text", "rich_text_section", "context", "actions"):
            assert part["elements"]


def _check_names(content: Content) -> None:
    names = [block["block_id"] for block in content.blocks]
    assert len(set(names)) == len(names)
    assert all(0 < len(name) <= 255 for name in names)
    for block in content.blocks:
        assert block["type"] in {"section", "header", "context", "actions", "input", "rich_text", "divider"}
        acts = [element["action_id"] for element in block.get("elements", []) if "action_id" in element]
        assert len(set(acts)) == len(acts)
        assert Block.parse(block).to_dict() == block  # type: ignore[union-attr]


def _check_elements(content: Content) -> None:
    buttons = _of_type(content, "button")
    assert sum(button.get("style") == "primary" for button in buttons) <= 1
    for button in buttons:
        assert button.get("value") or button.get("url")
        assert 0 < len(button["accessibility_label"]) <= 75
        assert 0 < len(button["text"]["text"]) <= 30
    assert len(_of_type(content, "emoji")) <= 1
    for part in _of_type(content, "mrkdwn"):
        assert not _BROADCAST.search(part["text"])
        assert "<" not in _MARKUP_LINK.sub("", _DATE.sub("", part["text"]))
    for part in _of_type(content, "plain_text"):
        assert part["emoji"] is False


def markup(content: Content) -> str:
    """All that Slack reads as markup in the blocks."""
    return "\n".join(part["text"] for part in _of_type(content, "mrkdwn"))


def shown(content: Content) -> str:
    """Everything that people can read in a message."""
    return json.dumps([content.text, content.blocks], ensure_ascii=False)


def _of_type(content: Content, kind: str) -> list[dict[str, Any]]:
    return [part for part in _parts(content.blocks) if part.get("type") == kind]


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from _parts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _parts(part)
