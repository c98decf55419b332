"""Tells everyone who waits that the state changed: test conditions, and the pages that watch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self, TypeVar

from bot.sandbox.slack.shapes import Json

T = TypeVar("T")


@dataclass(frozen=True)
class Change:
    """One thing that happened: `kind` (message, call, delivery, view, ...) and its ids and values, ready for JSON."""

    kind: str
    data: Json = field(default_factory=dict)
    at: float = 0.0


class Subscription:
    """Changes as they come, to iterate over; the context (or `close`) ends it."""

    def __init__(self, queues: set[asyncio.Queue[Change]]) -> None:
        self._queues = queues
        self._queue: asyncio.Queue[Change] = asyncio.Queue()
        queues.add(self._queue)

    def close(self) -> None:
        """Take no more changes."""
        self._queues.discard(self._queue)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Change:
        return await self._queue.get()


class Feed:
    """What happens, as it happens."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._queues: set[asyncio.Queue[Change]] = set()

    def tell(self, kind: str, **data: object) -> None:
        """Say that something changed."""
        change = Change(kind, dict(data), time.time())
        for queue in self._queues:
            queue.put_nowait(change)
        # Each wait holds the event it started with, so that no change between a check and a wait is missed.
        self._changed.set()
        self._changed = asyncio.Event()

    def subscribe(self) -> Subscription:
        """Every change from now on, one after the other."""
        return Subscription(self._queues)

    async def until(self, condition: Callable[[], T]) -> T:
        """The first truthy value of the condition, looked at after every change; a LookupError means: not yet."""
        while True:
            changed = self._changed
            with suppress(LookupError):
                if value := condition():
                    return value
            await changed.wait()
