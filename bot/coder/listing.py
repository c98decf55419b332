"""Coder's list of tasks, read tick by tick: what it says word for word as the last time keeps its snapshot."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from bot.coder import parse
from bot.coder.refusals import not_understood
from bot.models import Snapshot

_SLICE_SECONDS = 0.004  # of parsing, before the event loop gets its turn
_NEVER = -1  # the hash of no text


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the last list said of a task, as length and hash of its words; None for a task that cannot be read."""

    length: int
    words: int
    snapshot: Snapshot | None


class Listing:
    """The last list of tasks, to compare the next one with; `url` is the server's."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._text: int | None = None  # a hash: the text itself would take more memory than all else
        self._seen: dict[Any, _Seen] = {}
        self._found: list[Snapshot] = []

    async def read(self, text: str) -> list[Snapshot]:
        """Every task of a list; one that has not changed is the same object as the last time.

        A task that cannot be read is left out and logged; CoderFailed if none can be, or if the text is no list.
        """
        await asyncio.sleep(0)  # of ten thousand tasks, the text alone takes some milliseconds
        words = hash(text)
        if words != self._text:
            await asyncio.sleep(0)
            seen, number = await self._parsed(text)
            found = [each.snapshot for each in seen.values() if each.snapshot is not None]
            if number and not found:  # an empty list would say that all tasks are gone
                why = f"none of {number} tasks can be read"
                raise not_understood(why)
            self._text, self._seen, self._found = words, seen, found
        return list(self._found)

    async def _parsed(self, text: str) -> tuple[dict[Any, _Seen], int]:
        """What is said of each task, by its id, and how many there are."""
        seen: dict[Any, _Seen] = {}
        position, number = parse.list_start(text), 0
        if position is None:  # null instead of a list, or another order of fields: parsed at once
            tasks = [parse.snapshot_or_none(task, self._url) for task in parse.whole_list(text)]
            return {place: _Seen(0, _NEVER, snapshot) for place, snapshot in enumerate(tasks)}, len(tasks)
        last = _Last(self._seen)
        until = time.monotonic() + _SLICE_SECONDS
        while not text.startswith("]", position):
            id_, known = last.here(text, position) or self._read_task(text, position, last)
            seen[id_] = known
            position, number = parse.after_comma(text, position + known.length), number + 1
            if time.monotonic() >= until:
                await asyncio.sleep(0)
                until = time.monotonic() + _SLICE_SECONDS
        return seen, number

    def _read_task(self, text: str, position: int, last: _Last) -> tuple[Any, _Seen]:
        """The task that stands here, and its id."""
        task, end = parse.next_task(text, position)
        id_ = task.get("id") if isinstance(task, dict) else None
        last.passed(id_)
        now = parse.snapshot_or_none(task, self._url)
        known = self._seen.get(id_)
        # What Coder has changed may be nothing that ours shows.
        kept = known.snapshot if known is not None and known.snapshot == now else now
        words = hash(text[position:end]) if isinstance(task, dict) else _NEVER
        return id_, _Seen(end - position, words, kept)


class _Last:
    """The last list, gone through beside the new one: most tasks stand where they stood, word for word."""

    def __init__(self, seen: dict[Any, _Seen]) -> None:
        self._seen = seen
        self._rest = iter(seen.items())
        self._next = next(self._rest, None)

    def here(self, text: str, position: int) -> tuple[Any, _Seen] | None:
        """The task that is next in the last list, if its very words stand here; parsing would take ten times as long.

        A whole object cannot be the beginning of another one, so that its end need not be looked for.
        """
        found = self._next
        if found is None or hash(text[position : position + found[1].length]) != found[1].words:
            return None
        self._next = next(self._rest, None)
        return found

    def passed(self, id_: Any) -> None:
        """A task with other words stood here: what came after it in the last list is next."""
        if id_ in self._seen:
            while self._next is not None and self._next[0] != id_:
                self._next = next(self._rest, None)
            self._next = next(self._rest, None)
