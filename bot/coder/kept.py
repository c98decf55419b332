"""Values from Coder that are kept for a while, so that nobody waits for what was known a moment ago."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from bot.errors import Transient

T = TypeVar("T")
_logger = logging.getLogger(__name__)


class Kept(Generic[T]):
    """What `fetch` brought: fresh for `fresh` seconds; then served while a new one is fetched, for `usable` seconds.

    After that a reader waits for the new one, and gets the old one only if Coder fails.
    """

    def __init__(self, fetch: Callable[[], Awaitable[T]], fresh: float, usable: float) -> None:
        self._fetch, self._fresh, self._usable = fetch, fresh, usable
        self._value: tuple[T] | None = None
        self._at = 0.0
        self._fetching: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """The value; raises what `fetch` raises when there is none to fall back on."""
        age = time.monotonic() - self._at
        if self._value is None or age >= self._usable:
            return await self._fetched()
        if age >= self._fresh:
            self._begin()
        return self._value[0]

    def known(self) -> T | None:
        """The value as it was last fetched, however old; None when there has been none."""
        return self._value[0] if self._value else None

    async def close(self) -> None:
        """Stop fetching."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    async def _fetched(self) -> T:
        """The new value, fetched once for all who wait; one who stops waiting does not stop the others."""
        try:
            return await asyncio.shield(self._begin())
        except Transient:
            if self._value is None:
                raise
            return self._value[0]

    def _begin(self) -> asyncio.Task[T]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._refresh())
            self._fetching.add_done_callback(self._done)
        return self._fetching

    async def _refresh(self) -> T:
        value = await self._fetch()
        self._value, self._at = (value,), time.monotonic()
        return value

    def _done(self, task: asyncio.Task[T]) -> None:
        self._fetching = None
        if not task.cancelled() and (error := task.exception()) is not None:
            _logger.warning("action=refresh_failed", extra={"why": str(error)})
