"""Notices when the machine stands still: nothing that happens after it says anything about the bot."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

_GLANCE = 0.05  # seconds


class Stillness:
    """The longest time for which this process's event loop had no turn."""

    def __init__(self) -> None:
        self.longest = 0.0

    @contextlib.asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Watch for as long as this lasts."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait({watching})

    async def _watch(self) -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(_GLANCE)
            self.longest = max(self.longest, time.monotonic() - began - _GLANCE)
