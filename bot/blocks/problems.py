"""How errors are shown: **title.** cause. Next step. Then buttons, then the reference (guide, section 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bot.blocks.elements import Block, Element, actions, button, context, plain, quote, rich, section, words
from bot.blocks.size import MESSAGE_BYTES, size
from bot.blocks.text import cut, date_element, fallback, said, sentence
from bot.errors import LinkOffer, Offer, UserError
from bot.models import Content

__all__ = ["DISMISS", "offer_row", "offers", "problem"]

DISMISS = "answer.dismiss"  # the action of a button that only takes the answer away

_TITLE, _CAUSE, _STEP, _QUOTE = 200, 400, 1_200, 600
_MARKS = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<!date\^(?P<at>\d{1,10})\^(?P<format>(?:since )?(?:\{date_short_pretty\} at )?\{time\})\|[^<>|]{0,40}>"
)
_BUTTON_TEXT, _BUTTON_LABEL, _BUTTON_VALUE, _BUTTON_URL, _ROW = 30, 75, 2_000, 3_000, 25


def problem(error: UserError, *, reference: str | None = None) -> Content:
    """An error as its person reads it; `reference` only when an admin would need it.

    Words in back quotes are shown as code, Slack's dates in the reader's zone; a step that begins with `> ` is shown
    as a quote. Everything else is literal.
    """
    if error.name == "create_ask":
        return _ask_to_create(error)
    title, cause = said(error.title, _TITLE) or "That did not work", said(error.cause, _CAUSE)
    quoted = said(error.step[2:], _QUOTE) if error.step.startswith("> ") else ""
    step = "" if quoted else said(error.step, _STEP)
    line = [*_heading(title, more=bool(cause)), *_marked(cause)]
    if step:
        line += [words("\n"), *_marked(step)]
    shown = rich("err.text", section(*line), *([quote(quoted)] if quoted else []))
    small = [context("err.ref", plain(f"Reference {said(reference, 40)}"))] if reference else []
    spoken = " ".join((_spoken(sentence(title)), _spoken(cause), _spoken(step), quoted))
    return Content(fallback(spoken), _fitted([shown], "err.do", error.offers, small))


def _ask_to_create(error: UserError) -> Content:
    """The question whether words without a verb are a prompt: they are quoted (guide, `slash.create_ask`)."""
    title, prompt, step = said(error.title, _TITLE), said(error.cause, _QUOTE), said(error.step, _STEP)
    asked = rich("ask.q", section(words(title, bold=True)), *([quote(prompt)] if prompt else []))
    how = [context("ask.how", plain(_spoken(step)))] if step else []
    return Content(fallback(f"{title} {prompt} {_spoken(step)}"), _fitted([asked, *how], "ask.do", error.offers, []))


def offers(given: Sequence[Offer | LinkOffer]) -> list[Element]:
    """The buttons that Slack takes: at most one green, none whose command or address is too long for it."""
    made: list[Element] = []
    green = False
    for offer in given[:_ROW]:
        element = _button(len(made), offer, green=green)
        if element:
            made.append(element)
            green = green or element.get("style") == "primary"
    return made


def offer_row(block_id: str, *given: Offer | LinkOffer) -> list[Block]:
    """The buttons in a row; no row without buttons."""
    made = offers(given)
    return [actions(block_id, *made)] if made else []


def _button(number: int, offer: Offer | LinkOffer, *, green: bool) -> Element | None:
    full = said(offer.label, _BUTTON_LABEL)
    text = cut(full, _BUTTON_TEXT)
    if isinstance(offer, LinkOffer):
        usable = offer.url.startswith(("https://", "http://")) and len(offer.url) <= _BUTTON_URL
        return button(f"link.{number}", text, label=full, url=offer.url) if usable and text else None
    if not text or not 0 < len(offer.command) <= _BUTTON_VALUE:
        return None
    style = offer.style if offer.style == "danger" or (offer.style == "primary" and not green) else None
    return button(f"command.run.{number}", text, label=full, value=offer.command, style=style)


def _fitted(head: list[Block], row: str, given: Sequence[Offer | LinkOffer], tail: list[Block]) -> list[Block]:
    """The blocks with as many of the buttons as a message holds."""
    made = offers(given)
    while made and size([*head, actions(row, *made), *tail]) > MESSAGE_BYTES:
        made.pop()
    return [*head, *([actions(row, *made)] if made else []), *tail]


# -- marks in the text -------------------------------------------------------------------------------------------------


def _heading(title: str, *, more: bool) -> list[Element]:
    """The title in bold, ended like a sentence."""
    line = list(_marked(title, bold=True))
    stop = sentence(title)[len(title) :] + (" " if more else "")
    if line[-1]["type"] == "text" and "code" not in line[-1]["style"]:
        line[-1] = words(line[-1]["text"] + stop, bold=True)
    elif stop:
        line.append(words(stop, bold=True))
    return line


def _marked(text: str, *, bold: bool = False) -> Iterator[Element]:
    """The text as literal words, code and dates."""
    end = 0
    for mark in _MARKS.finditer(text):
        if mark.start() > end:
            yield words(text[end : mark.start()], bold=bold)
        yield words(mark["code"], bold=bold, code=True) if mark["code"] else _date(mark)
        end = mark.end()
    if text[end:]:
        yield words(text[end:], bold=bold)


def _date(mark: re.Match[str]) -> Element:
    return date_element(int(mark["at"]), mark["format"])


def _spoken(text: str) -> str:
    """The text without its marks."""
    return _MARKS.sub(lambda mark: mark["code"] or str(_date(mark)["fallback"]), text)
