"""A task's card: its one message in a channel, edited in place (guide, section 1)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from bot.blocks.conditions import face
from bot.blocks.controls import Target, card_controls
from bot.blocks.elements import (
    Block,
    Element,
    context,
    emoji,
    link,
    mrkdwn,
    plain,
    preformatted,
    quote,
    rich,
    section,
    step,
    words,
)
from bot.blocks.face import Face
from bot.blocks.output import fitting_tail
from bot.blocks.pace import next_look
from bot.blocks.text import WorkLink, escape, fallback, link_markup, mrkdwn_date, said, spoken, work_link
from bot.models import CardView, Content

__all__ = ["EVENT_TYPE", "card", "fingerprint", "next_look"]

EVENT_TYPE = "coder_task_card"

_TITLE_CHARACTERS = 80
_NAME_CHARACTERS = 30
# Coder allows 32 and names are never cut; this only bounds what could not come from Coder.
_TASK_NAME_CHARACTERS = 64
_STEERED = "This thread steers: replies by everyone with a Coder account reach the agent."


def card(view: CardView) -> Content:
    """The card of a task at the instant `view.now`."""
    made = face(view)
    revision = f"r{view.revision}"
    url = "" if made.is_over else _address(view.url)
    name = said(view.name, _TASK_NAME_CHARACTERS)
    title = said(view.title, _TITLE_CHARACTERS) or name
    blocks = [
        _head(f"card.head.{revision}", made, title, url),
        *([rich(f"card.agent.{revision}", quote(made.agent))] if made.agent else []),
        *_cause(f"card.cause.{revision}", made),
        *([step(f"card.step.{revision}", made.step)] if made.step else []),
        *([context(f"card.hint.{revision}", *made.hint)] if made.hint else []),
        _foot(f"card.foot.{revision}", view, made, name),
        *card_controls(f"card.do.{revision}", made.layout, _target(view, made, name, url)),
    ]
    return Content(_text(view, made, title, url), blocks, _metadata(view, made))


def fingerprint(content: Content) -> str:
    """A stable hash of what people can see: equal for two contents that differ in block ids and metadata only."""
    seen = [{key: part for key, part in block.items() if key != "block_id"} for block in content.blocks]
    text = json.dumps([content.text, seen], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _metadata(view: CardView, made: Face) -> dict[str, Any]:
    payload = {"task_id": view.task_id, "revision": view.revision, "state": made.state}
    return {"event_type": EVENT_TYPE, "event_payload": payload}


def _address(url: str) -> str:
    """The task's address in Coder, if it is one."""
    checked = work_link(url)
    return checked.url if checked else ""


def _head(block_id: str, made: Face, title: str, url: str) -> Block:
    named: list[Element] = []
    if title:
        named = [link(url, title, bold=True) if url else words(title, bold=True), words("\n")]
    return rich(
        block_id,
        section(*named, emoji(made.symbol), words(" "), words(made.word, bold=True), *made.detail),
    )


def _cause(block_id: str, made: Face) -> list[Block]:
    tail = fitting_tail(made.tail)
    parts = [*([section(words(made.cause))] if made.cause else []), *([preformatted(tail)] if tail else [])]
    return [rich(block_id, *parts)] if parts else []


def _foot(block_id: str, view: CardView, made: Face, name: str) -> Block:
    people = [said(view.owner, _NAME_CHARACTERS), said(view.template, _NAME_CHARACTERS), name]
    people += [f"shown here by {said(view.shown_by, _NAME_CHARACTERS)}"] if view.shown_by.strip() else []
    line = " · ".join(part for part in people if part)
    created = mrkdwn(mrkdwn_date(view.created_at, "created {date_short_pretty} at {time}"))
    steered = [plain(_STEERED)] if view.steered and not made.is_over else []
    return context(block_id, *([plain(line)] if line else []), created, *steered)


def _target(view: CardView, made: Face, name: str, url: str) -> Target:
    return Target(view.task_id, name, url, made.link, steered=view.steered)


def _text(view: CardView, made: Face, title: str, url: str) -> str:
    """The card for screen readers and notifications, in the order of guide 6.6."""
    owner = escape(spoken(said(view.owner, _NAME_CHARACTERS)))
    tail = [_link_sentence(made)] if made.link else []
    if not made.is_over:
        shown_by = escape(spoken(said(view.shown_by, _NAME_CHARACTERS)))
        tail += [f"Card posted by {shown_by}."] if shown_by else []
        tail += [f"Owner {owner}."] if owner else []
        tail += [_STEERED] if view.steered else []
        tail += [f"{link_markup(WorkLink(url, 'Open in Coder'))}"] if url else []
    return fallback(f"{title}: {made.spoken}", tail=" ".join(tail))


def _link_sentence(made: Face) -> str:
    if made.link is None:
        return ""
    return f"{link_markup(made.link)}{' stays' if made.link_stays else ''}."
