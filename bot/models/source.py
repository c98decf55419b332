"""What a form was opened from: a message in Slack, and the thread around it."""

from __future__ import annotations

from bot.models.asked import Enclosed, Place, Quote
from bot.models.model import Model


class SourceMessage(Model):
    """A message that somebody used a shortcut on. `user` is empty when an app wrote it, `author` until it is known."""

    place: Place
    user: str
    author: str = ""
    text: str
    at: float
    is_own: bool = False
    is_trusted: bool = True  # written by a member of this workspace: no app, no guest, nobody from outside
    files: tuple[Enclosed, ...] = ()

    @property
    def root(self) -> str:
        """The ts of the first message of its thread."""
        return self.place.thread_ts or self.place.ts

    def quote(self) -> Quote:
        """The message as background."""
        return Quote(author=self.author, text=self.text, at=self.at)


class SourceThread(Model):
    """The other messages of a message's thread, as far as they may and can be sent along.

    `dropped` are those that were too many characters, `left_out` those that guests and apps have written.
    """

    quotes: tuple[Quote, ...]
    dropped: int = 0
    left_out: int = 0

    @property
    def people(self) -> int:
        """How many have written them."""
        return len({one.author for one in self.quotes})

    @property
    def characters(self) -> int:
        """How long they are together."""
        return sum(len(one.text) for one in self.quotes)
