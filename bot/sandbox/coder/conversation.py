"""A conversation with a coding agent, as agentapi keeps it: terminal text, the last output growing in place."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

COLUMNS = 80  # the width of agentapi's terminal


@dataclass
class Message:
    """One entry: what somebody typed (input) or what the terminal showed (output)."""

    id: int
    type: Literal["input", "output"]
    content: str
    time: datetime


@dataclass
class Conversation:
    """The messages so far, with ids 0, 1, 2 ..."""

    messages: list[Message] = field(default_factory=list)

    def heard(self, text: str, now: datetime) -> None:
        """A person's text was typed into the terminal."""
        self.messages.append(Message(len(self.messages), "input", wrapped(text), now))

    def said(self, text: str, now: datetime) -> None:
        """The agent printed text: it grows the last output, or begins one after an input."""
        if self.messages and self.messages[-1].type == "output":
            last = self.messages[-1]
            last.content, last.time = f"{last.content}\n\n{wrapped(text)}", now
        else:
            self.messages.append(Message(len(self.messages), "output", wrapped(text), now))

    def copy(self, last: int | None = None) -> list[Message]:
        """The messages as they are now (only the last ones, when a number is given), safe from later growth."""
        return copied(self.messages if last is None else self.messages[-last:])


def copied(messages: Iterable[Message]) -> list[Message]:
    """Copies of messages."""
    return [replace(message) for message in messages]


def wrapped(text: str) -> str:
    """Text as a terminal of COLUMNS columns shows it; line breaks stay."""
    return "\n".join(
        piece
        for line in text.split("\n")
        for piece in (textwrap.wrap(line, COLUMNS, replace_whitespace=False, drop_whitespace=True) or [""])
    )
