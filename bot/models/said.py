"""What somebody wrote in Slack where the bot reads it."""

from __future__ import annotations

from enum import StrEnum

from bot.models.asked import Enclosed
from bot.models.model import Model


class Kind(StrEnum):
    """What words in a task's thread are for."""

    NOTE = "note"  # for people
    WORD = "word"  # a command
    UNSURE = "unsure"  # a command or a prompt: the person is asked
    TEXT = "text"  # for the agent


def said_key(channel: str, ts: str) -> str:
    """The same however often, and as whatever event, Slack delivers a message."""
    return f"said:{channel}:{ts}"


class Said(Model):
    """One message of a person. `text` is as Slack delivers it, without the mention of the bot that it begins with.

    `word` is the command that is meant, or, where that is not sure, the one that may be meant.
    """

    channel: str
    ts: str
    user: str
    thread_ts: str = ""
    text: str = ""
    kind: Kind = Kind.TEXT
    word: str = ""
    to_bot: bool = False  # it begins with a mention of the bot
    of_bot: bool = False  # it mentions the bot somewhere
    files: tuple[Enclosed, ...] = ()

    @property
    def key(self) -> str:
        """The same however often, and as whatever event, Slack delivers the message."""
        return said_key(self.channel, self.ts)

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing at all."""
        return not self.text.strip() and not self.files

    @property
    def is_direct(self) -> bool:
        """Whether it was written to the bot alone."""
        return self.channel.startswith("D")
