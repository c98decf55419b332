"""What has happened in the local Slack, numbered, so that a page that lost its connection can go on where it was."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from dataclasses import dataclass, field

from bot.sandbox.slack.feed import Change, Feed

KEPT = 5000


@dataclass
class Journal:
    """The last changes. Positions are texts that another run of the sandbox does not understand."""

    feed: Feed
    number: int = 0
    closed: bool = False
    _run: str = field(default_factory=lambda: secrets.token_hex(4))
    _kept: deque[Change] = field(default_factory=lambda: deque(maxlen=KEPT))
    _more: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write down what happens."""
        subscription = self.feed.subscribe()

        async def write() -> None:
            with subscription:
                async for change in subscription:
                    self._kept.append(change)
                    self.number += 1
                    self._wake()

        self._task = asyncio.create_task(write(), name="sandbox page journal")

    async def stop(self) -> None:
        """Write nothing more, and let everyone who waits go."""
        self.closed = True
        self._wake()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def mark(self, number: int | None = None) -> str:
        """The text for a position; the present one when none is given."""
        return f"{self._run}-{self.number if number is None else number}"

    def position(self, mark: str) -> int | None:
        """The position that a text stands for; None when it is too long ago, or of another run."""
        run, _, number = mark.partition("-")
        if run != self._run or not number.isdecimal():
            return None
        return int(number) if self.number - len(self._kept) <= int(number) <= self.number else None

    def since(self, position: int) -> list[Change]:
        """The changes after a position."""
        first = len(self._kept) - (self.number - position)
        return [self._kept[index] for index in range(max(first, 0), len(self._kept))]

    async def wait(self, seconds: float) -> None:
        """Wait until something happens, or for so many seconds."""
        try:
            await asyncio.wait_for(self._more.wait(), seconds)
        except TimeoutError:
            return

    def _wake(self) -> None:
        self._more.set()
        self._more = asyncio.Event()
