"""The transcript: each kind of block and element as plain text, and nothing that could steer a terminal."""

from __future__ import annotations

import json
import unicodedata
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.transcript import (
    Reader,
    block_lines,
    content_lines,
    control,
    date,
    inline,
    laid_out,
    markup,
    safe,
    text_object,
)

NOON = 1795348800  # 2026-11-22 12:00 UTC
READER = Reader({"U1": "Ana Ruiz"}, {"C1": "payments"}, timezone(timedelta(hours=1)), NOON)
SAMPLES = sorted((Path(__file__).parents[3] / "shared/reference/messages/blocks").glob("*.json"))


def plain(text: str, **more: Any) -> dict[str, Any]:
    """A plain_text object."""
    return {"type": "plain_text", "text": text, **more}


def rich(*parts: dict[str, Any]) -> list[str]:
    """The lines of a rich_text block with these parts."""
    return block_lines({"type": "rich_text", "elements": list(parts)}, READER)


def part(kind: str, *texts: str, **more: Any) -> dict[str, Any]:
    """A part of a rich_text block that holds these texts."""
    return {"type": f"rich_text_{kind}", "elements": [{"type": "text", "text": text} for text in texts], **more}


# -- rich text ---------------------------------------------------------------------------------------------------------


def test_a_section_keeps_its_line_breaks() -> None:
    """The elements of a section follow each other; a line break in them is one."""
    assert rich(part("section", "Fix login\n", "Queued")) == ["Fix login", "Queued"]


def test_a_quote_has_a_bar_on_every_line() -> None:
    """A quote is set apart, empty lines too."""
    assert rich(part("quote", "one\n\ntwo")) == ["| one", "|", "| two"]


def test_preformatted_text_is_indented() -> None:
    """Output of a program keeps its own indentation behind ours."""
    assert rich(part("preformatted", "Error: no space\n  with docker")) == ["    Error: no space", "      with docker"]


@pytest.mark.parametrize(
    ("more", "lines"),
    [
        ({"style": "bullet"}, ["• one", "  more", "• two"]),
        ({"style": "ordered"}, ["1. one", "   more", "2. two"]),
        ({"style": "ordered", "offset": 4, "indent": 1}, ["  5. one", "     more", "  6. two"]),
    ],
)
def test_a_list_has_bullets_or_numbers(more: dict[str, Any], lines: list[str]) -> None:
    """Rows begin with their mark, and further lines of a row stand below its text."""
    rows = {"type": "rich_text_list", "elements": [part("section", "one\nmore"), part("section", "two")], **more}
    assert rich(rows) == lines


@pytest.mark.parametrize(
    ("element", "text"),
    [
        ({"type": "text", "text": "*literal* :tada:"}, "*literal* :tada:"),
        ({"type": "text", "text": "fix-login", "style": {"code": True}}, "`fix-login`"),
        ({"type": "link", "url": "https://a.example", "text": "PR #482"}, "PR #482"),
        ({"type": "link", "url": "https://a.example"}, "https://a.example"),
        ({"type": "emoji", "name": "gear"}, "⚙"),
        ({"type": "emoji", "name": "parrot"}, ":parrot:"),
        ({"type": "user", "user_id": "U1"}, "@Ana Ruiz"),
        ({"type": "user", "user_id": "U9"}, "@U9"),
        ({"type": "channel", "channel_id": "C1"}, "#payments"),
        ({"type": "usergroup", "usergroup_id": "S1"}, "@S1"),
        ({"type": "broadcast", "range": "here"}, "@here"),
        ({"type": "date", "timestamp": NOON, "format": "since {time}"}, "since 13:00"),
        ({"type": "color", "value": "#ff0000"}, "#ff0000"),
        ({"type": "hologram"}, "[unknown element: hologram]"),
    ],
)
def test_an_element_reads_as(element: dict[str, Any], text: str) -> None:
    """Each kind of element in a run of rich text."""
    assert inline([element], READER) == text


def test_an_unknown_part_shows_itself() -> None:
    """A part of rich text that is not known is not left out in silence."""
    assert rich({"type": "rich_text_poem"}) == ["[unknown rich text: rich_text_poem]"]


# -- blocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "lines"),
    [
        ({"type": "section", "text": plain("one"), "fields": [plain("two"), plain("three")]}, ["one", "two", "three"]),
        (
            {"type": "section", "text": plain("Template"), "accessory": {"type": "button", "text": plain("Pick")}},
            ["Template", "[Pick]"],
        ),
        ({"type": "context", "elements": [plain("Ana"), plain("created today")]}, ["Ana  created today"]),
        ({"type": "context", "elements": [{"type": "image", "alt_text": "a face"}]}, ["[image: a face]"]),
        (
            {"type": "actions", "elements": [{"type": "button", "text": plain(text)} for text in ("Logs", "Pause")]},
            ["[Logs] [Pause]"],
        ),
        ({"type": "header", "text": plain("Your tasks")}, ["Your tasks"]),
        ({"type": "divider"}, ["─" * 20]),
        ({"type": "image", "alt_text": "a chart"}, ["[image: a chart]"]),
        (
            {"type": "input", "label": plain("Name"), "element": {"type": "plain_text_input", "initial_value": "x"}},
            ["Name: [✎ x]"],
        ),
        ({"type": "markdown", "text": "# Title\ntext"}, ["# Title", "text"]),
        ({"type": "video", "title": plain("x")}, ["[unknown block: video]"]),
        ({}, ["[unknown block: None]"]),
    ],
)
def test_a_block_reads_as(block: dict[str, Any], lines: list[str]) -> None:
    """Each kind of block; one that is not known shows itself as such."""
    assert block_lines(block, READER) == lines


@pytest.mark.parametrize(
    ("element", "text"),
    [
        ({"type": "button", "text": plain("Logs"), "style": "primary"}, "[Logs]"),
        (
            {"type": "overflow", "options": [{"text": plain("Build log")}, {"text": plain("Delete…")}]},
            "[⋮ Build log, Delete…]",
        ),
        (
            {"type": "static_select", "placeholder": plain("Template"), "options": [{"text": plain("aider")}]},
            "[▾ Template: aider]",
        ),
        (
            {"type": "static_select", "option_groups": [{"options": [{"text": plain("a")}, {"text": plain("b")}]}]},
            "[▾ : a, b]",
        ),
        ({"type": "external_select", "placeholder": plain("Template")}, "[▾ Template]"),
        ({"type": "checkboxes", "options": [{"text": plain("quote it")}]}, "[◦ quote it]"),
        ({"type": "datepicker", "placeholder": plain("a day")}, "[✎ a day]"),
        ({"type": "lever"}, "[unknown control: lever]"),
    ],
)
def test_a_control_reads_as(element: dict[str, Any], text: str) -> None:
    """Each kind of control looks like something to press or fill in."""
    assert control(element, READER) == text


def test_blocks_go_before_text() -> None:
    """A message with blocks is shown by them, another by its text; an empty one has no lines."""
    blocks = [{"type": "header", "text": plain("blocks")}]
    assert content_lines({"text": "text", "blocks": blocks}, READER) == ["blocks"]
    assert content_lines({"text": "*text*\nmore", "blocks": []}, READER) == ["text", "more"]
    assert content_lines({}, READER) == []


# -- text --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*Retry build* on the card", "Retry build on the card"),
        ("_it_ ~gone~ and 2 * 3 * 4", "it gone and 2 * 3 * 4"),
        ("snake_case_name and *.py", "snake_case_name and *.py"),
        ("<@U1> in <#C1> and <#C2|random>", "@Ana Ruiz in #payments and #random"),
        ("<https://a.example|PR #482> <https://b.example>", "PR #482 https://b.example"),
        ("<!here> <!subteam^S1|@team>", "@here @team"),
        (f"<!date^{NOON}^created {{date_short_pretty}} at {{time}}|long ago>", "created today at 13:00"),
        ("<!date^soon^{time}|later>", "later"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("&gt; quoted", "| quoted"),
        (":warning: :parrot:", "⚠ :parrot:"),
    ],
)
def test_markup_reads_as(text: str, shown: str) -> None:
    """Slack's markup is resolved, and what only looks like it stays."""
    assert markup(text, READER) == shown


def test_what_a_person_typed_keeps_its_marks() -> None:
    """Without styles only mentions and entities are resolved."""
    assert markup("*all* of &lt;b&gt; :tada: <@U1>", READER, styled=False) == "*all* of <b> :tada: @Ana Ruiz"


def test_plain_text_shows_emoji_unless_it_says_no() -> None:
    """A plain_text object with `emoji: false` is literal, and none at all is nothing."""
    assert text_object(plain(":gear: *x*"), READER) == "⚙ *x*"
    assert text_object(plain(":gear:", emoji=False), READER) == ":gear:"
    assert text_object(None, READER) == ""


@pytest.mark.parametrize(
    ("seconds", "pattern", "shown"),
    [
        (NOON, "{date_num} {time_secs}", "2026-11-22 13:00:00"),
        (NOON, "{date} {date_short} {date_long}", "November 22, 2026 Nov 22, 2026 Sunday, November 22, 2026"),
        (NOON - 86_400, "{date_pretty}, {date_short_pretty}", "yesterday, yesterday"),
        (NOON + 86_400, "{date_long_pretty}", "tomorrow"),
        (NOON - 3 * 86_400, "{date_short_pretty} {unknown}", "Nov 19, 2026 {unknown}"),
        (1e30, "never", "never"),
    ],
)
def test_a_date_reads_as(seconds: float, pattern: str, shown: str) -> None:
    """Dates are in the reader's zone and near days have names."""
    assert date(seconds, pattern, READER) == shown


# -- safety and layout -------------------------------------------------------------------------------------------------


def test_control_characters_become_visible() -> None:
    """An escape code is shown, not obeyed; direction marks and half characters are taken out."""
    assert safe("\x1b[31mred\x07\x7f\x9b1m \u202egnp\u200b\ud800\tx") == "␛[31mred␇␡\ufffd1m gnp\ufffd    x"


@given(st.text(st.characters(codec=None), max_size=60))
def test_no_text_can_steer_the_terminal(text: str) -> None:
    """Whatever is written, no control character, direction mark or half character comes through anywhere."""
    content = {
        "blocks": [
            {"type": "rich_text", "elements": [part("section", text), part("preformatted", text), part("quote", text)]},
            {"type": "section", "text": {"type": "mrkdwn", "text": text}},
            {"type": "context", "elements": [plain(text)]},
            {"type": "actions", "elements": [{"type": "button", "text": plain(text)}]},
            {"type": text},
        ]
    }
    lines = [*content_lines(content, READER), *content_lines({"text": text}, READER)]
    shown = "".join(laid_out("", lines, "  "))
    assert {unicodedata.category(character) for character in shown}.isdisjoint({"Cc", "Cs"})
    assert not set(shown) & set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_long_lines_are_folded_below_themselves() -> None:
    """A folded line keeps its place, and a folded quote or list stays one."""
    lines = laid_out("#payments 12:00 Ana: one two", ["| three four five", "• six seven eight"], "    ", 18)
    assert lines == [
        "#payments 12:00",
        "    Ana: one two",
        "    | three four",
        "    | five",
        "    • six seven",
        "      eight",
    ]


@pytest.mark.skipif(not SAMPLES, reason="the sample messages are not on this machine")
def test_every_sample_message_is_known() -> None:
    """All that the guide shows can be shown here."""
    for path in SAMPLES:
        payload = json.loads(path.read_text())["payload"]
        assert not [line for line in content_lines(payload.get("view", payload), READER) if "[unknown" in line], path
