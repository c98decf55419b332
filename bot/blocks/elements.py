"""The pieces of Block Kit that this bot uses, each built in one place.

Untrusted text goes into `plain`, `words`, `quote` and `preformatted` only: Slack shows those literally.
https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

from typing import Any

Element = dict[str, Any]
Block = dict[str, Any]


def words(text: str, *, bold: bool = False, code: bool = False) -> Element:
    """Literal text in a rich text."""
    style = {key: True for key, on in (("bold", bold), ("code", code)) if on}
    return {"type": "text", "text": text, **({"style": style} if style else {})}


def link(url: str, text: str, *, bold: bool = False) -> Element:
    """A link with a literal label in a rich text."""
    return {"type": "link", "url": url, "text": text, **({"style": {"bold": True}} if bold else {})}


def emoji(name: str) -> Element:
    """A symbol by its Slack name."""
    return {"type": "emoji", "name": name}


def mention(user: str) -> Element:
    """A mention that notifies the Slack user."""
    return {"type": "user", "user_id": user}


def section(*elements: Element) -> Element:
    """A run of text in a rich text."""
    return {"type": "rich_text_section", "elements": list(elements)}


def quote(text: str) -> Element:
    """Somebody's words, set apart."""
    return {"type": "rich_text_quote", "elements": [words(text)]}


def preformatted(text: str) -> Element:
    """Output of a program."""
    return {"type": "rich_text_preformatted", "border": 0, "elements": [words(text)]}


def rich(block_id: str, *elements: Element) -> Block:
    """A rich text block."""
    return {"type": "rich_text", "block_id": block_id, "elements": list(elements)}


def plain(text: str) -> Element:
    """A plain text object: shown literally, emoji names included."""
    return {"type": "plain_text", "text": text, "emoji": False}


def mrkdwn(text: str) -> Element:
    """Slack's markup: only for this app's own sentences, dates and strictly checked values."""
    return {"type": "mrkdwn", "text": text}


def context(block_id: str, *elements: Element) -> Block:
    """Small print."""
    return {"type": "context", "block_id": block_id, "elements": list(elements)}


def step(block_id: str, text: str) -> Block:
    """A sentence of this app in normal size."""
    return {"type": "section", "block_id": block_id, "text": mrkdwn(text)}


def actions(block_id: str, *elements: Element) -> Block:
    """A row of controls."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def header(block_id: str, text: str) -> Block:
    """A heading, at most 150 characters."""
    return {"type": "header", "block_id": block_id, "text": plain(text)}


def divider(block_id: str) -> Block:
    """A line across."""
    return {"type": "divider", "block_id": block_id}


def button(
    action_id: str,
    text: str,
    *,
    label: str,
    value: str | None = None,
    url: str | None = None,
    style: str | None = None,
    confirm: Element | None = None,
) -> Element:
    """A button; `label` is what screen readers say, at most 75 characters."""
    made: Element = {"type": "button", "action_id": action_id, "text": plain(text)}
    parts = {"value": value, "url": url, "style": style, "confirm": confirm}
    made.update({key: part for key, part in parts.items() if part is not None})
    return {**made, "accessibility_label": label[:75]}


def confirm(title: str, text: str, yes: str, no: str) -> Element:
    """What Slack asks before a click counts."""
    return {"title": plain(title), "text": plain(text), "confirm": plain(yes), "deny": plain(no)}


def overflow(action_id: str, options: list[tuple[str, str]]) -> Element:
    """The menu behind the three dots; options are (text, value)."""
    return {
        "type": "overflow",
        "action_id": action_id,
        "options": [{"text": plain(text), "value": value} for text, value in options],
    }
