"""Coder's list of tasks, read tick by tick: what stands there word for word as the last time is not parsed again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bot.coder import parse
from bot.coder.refusals import not_understood
from bot.models import Snapshot

_SLICE_SECONDS = 0.004  # of parsing, before the event loop gets its turn


@dataclass(frozen=True)
class _Seen:
    """Where a task stood in the last list, and what it said; None for one that cannot be read."""

    start: int
    end: int
    snapshot: Snapshot | None


class Listing:
    """The last list of tasks, to compare the next one with; `url` is the server's."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._text = ""
        self._seen: list[_Seen] = []
        self._found: list[Snapshot] = []

    async def read(self, text: str) -> list[Snapshot]:
        """Every task of a list; one that has not changed is the same object as the last time.

        A task that cannot be read is left out and logged; CoderFailed if none can be, or if the text is no list.
        """
        if text != self._text or not self._text:
            seen = await self._parsed(text)
            found = [each.snapshot for each in seen if each.snapshot is not None]
            if seen and not found:  # an empty list would say that all tasks are gone
                why = f"none of {len(seen)} tasks can be read"
                raise not_understood(why)
            self._text, self._seen, self._found = text, seen, found
        return list(self._found)

    async def _parsed(self, text: str) -> list[_Seen]:
        position = parse.list_start(text)
        if position is None:  # null instead of a list, or another order of fields: parsed at once
            return [_Seen(0, 0, parse.snapshot_or_none(task, self._url)) for task in parse.whole_list(text)]
        seen: list[_Seen] = []
        places = {each.snapshot.id: number for number, each in enumerate(self._seen) if each.snapshot}
        expected = 0  # the place in the last list of what probably comes next
        until = time.monotonic() + _SLICE_SECONDS
        while not text.startswith("]", position):
            one = self._same(text, position, expected) or self._new(text, position)
            seen.append(one)
            known = places.get(one.snapshot.id) if one.snapshot else expected
            expected = expected if known is None else known + 1
            position = parse.after_comma(text, one.end)
            if time.monotonic() >= until:
                await asyncio.sleep(0)
                until = time.monotonic() + _SLICE_SECONDS
        return seen

    def _same(self, text: str, position: int, expected: int) -> _Seen | None:
        """The task that stood next in the last list, if its very words stand here: an object's text ends by itself."""
        if expected >= len(self._seen):
            return None
        old = self._seen[expected]
        words = self._text[old.start : old.end]
        if not words.startswith("{") or not text.startswith(words, position):
            return None
        return _Seen(position, position + len(words), old.snapshot)

    def _new(self, text: str, position: int) -> _Seen:
        task, end = parse.next_task(text, position)
        return _Seen(position, end, parse.snapshot_or_none(task, self._url))
