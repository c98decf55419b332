"""What the replies in a thread have in common: their first line, the one mention, the last output."""

from __future__ import annotations

from dataclasses import dataclass

from bot.blocks.elements import (
    Block,
    Element,
    emoji,
    mention,
    preformatted,
    quote,
    rich,
    section,
    words,
)
from bot.blocks.output import Output, fitting_tail
from bot.blocks.text import fallback, mention_markup, sentence
from bot.models import Content

AGENT_CHARACTERS = 160
CAUSE_CHARACTERS = 200
PERSON_CHARACTERS = 30
TITLE_CHARACTERS = 80


@dataclass(frozen=True)
class Head:
    """A reply's first block: symbol, mention, bold words, what follows them, and somebody's words."""

    symbol: str
    word: str
    rest: tuple[Element, ...] = ()
    quoted: str = ""
    user: str = ""

    def block(self) -> Block:
        """The block, without a mention of what is no Slack user."""
        lead = [emoji(self.symbol), words(" ")] if self.symbol else []
        mentioned = [mention(self.user), words(" ")] if mention_markup(self.user) else []
        line = section(*lead, *mentioned, words(self.word, bold=True), *self.rest)
        return rich("ev.head", line, *([quote(self.quoted)] if self.quoted else []))


def told(head: Head, spoken: str, *blocks: Block, tail: str = "") -> Content:
    """A reply: `spoken` says the same as the blocks; a mention stands in both or in neither."""
    return Content(fallback(spoken, lead=mention_markup(head.user), tail=tail), [head.block(), *blocks])


def agent_says(agent: str) -> str:
    """The agent's message in the top-level text."""
    return f"Agent: {sentence(agent)}" if agent else ""


def last_output_blocks(output: Output | None) -> list[Block]:
    """The end of what the agent did, if there is any."""
    shown = fitting_tail(output.shown) if output else ""
    return [rich("ev.out", section(words("Last output")), preformatted(shown))] if shown else []
