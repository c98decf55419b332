"""A card in words, and the words that several conditions share."""

from __future__ import annotations

from dataclasses import dataclass

from bot.blocks.controls import Layout
from bot.blocks.elements import Element, plain, words
from bot.blocks.pace import moment
from bot.blocks.text import WorkLink, date_element, plural, said, sentence
from bot.models import CardView, Verb

AGENT_CHARACTERS = 160
CAUSE_CHARACTERS = 200
HOURGLASS = "hourglass_flowing_sand"

Parts = tuple[Element, ...]


@dataclass(frozen=True)
class Face:
    """One card in words. `spoken` follows the title in the top-level text; `state` is for the message's metadata."""

    state: str
    symbol: str
    word: str
    detail: Parts
    spoken: str
    layout: Layout
    agent: str = ""
    cause: str = ""
    tail: str = ""
    step: str = ""
    hint: Parts = ()
    link: WorkLink | None = None
    link_stays: bool = False
    is_over: bool = False  # the task is going or gone: no link to it


def agent_words(view: CardView) -> str:
    """The agent's last message as a card shows it."""
    return said(view.report.message, AGENT_CHARACTERS) if view.report else ""


def agent_says(agent: str) -> str:
    """The agent's message in the top-level text."""
    return f"Agent: {sentence(agent)}" if agent else ""


def person(name: str) -> str:
    """A person's name as a card shows it."""
    return said(name, 30) or "somebody"


def lower(text: str) -> str:
    """The text with a small first letter, to go on in a sentence."""
    return text[:1].lower() + text[1:]


def are(count: int) -> str:
    """`is` or `are`."""
    return "is" if count == 1 else "are"


def small(text: str) -> Parts:
    """A hint that may hold anybody's words."""
    return (plain(text),) if text else ()


def waiting_to_be_delivered(view: CardView) -> str:
    """How many prompts wait, as a sentence; empty when none does."""
    count = view.waiting_prompts
    return f"{plural(count, 'prompt')} {are(count)} waiting to be delivered." if count else ""


def at_moment(at: float, now: float) -> str:
    """`at {time}`, or the day and the time."""
    pattern = moment(at, now)
    return pattern if "{date" in pattern else f"at {pattern}"


def when(text: str, at: float, now: float) -> Parts:
    """A fact and its moment, the word "at" in the text as long as the moment is of today."""
    pattern = moment(at, now)
    lead = f" · {text} " if text else " · "
    return words(lead if "{date" in pattern or not text else f"{lead}at "), date_element(at, pattern)


def asked(view: CardView, leads: dict[Verb, str]) -> tuple[Parts, str]:
    """Who asked for what is going on, as a detail and as words; without an answer, since when it goes on."""
    if view.asked is None or view.asked.verb not in leads:
        return (words(" · "), date_element(view.since, f"since {moment(view.since, view.now)}")), ""
    who = f"{leads[view.asked.verb]} {person(view.asked.by_name)}"
    return when(who, view.asked.at, view.now), f", {who}"
