"""A list of tasks read again and again: the answer is that of a reader without a memory, and the same is not parsed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.coder import parse
from bot.coder.errors import CoderFailed
from bot.coder.listing import Listing
from tests.coder.wire import raw

URL = "https://coder.example.com"

# A task is its number and how often it has changed; the order is Coder's.
_LISTS = st.lists(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2)), max_size=7, unique_by=lambda one: one[0]),
    min_size=1,
    max_size=6,
)


def written(tasks: list[Any]) -> str:
    """The list as Coder writes it."""
    return json.dumps({"tasks": tasks, "count": len(tasks)})


@given(_LISTS)
def test_it_reads_what_a_reader_without_memory_reads(lists: list[list[tuple[int, int]]]) -> None:
    """Tasks come, go, change and change places; every list is read as if it were the first."""
    listing = Listing(URL)
    for one in lists:
        tasks = [raw(number, initial_prompt=f"{number} {'}' * version} {'é' * version}") for number, version in one]
        found = asyncio.run(listing.read(written(tasks)))
        assert found == [parse.snapshot(task, URL) for task in tasks]


async def test_what_stands_there_unchanged_is_the_same_object() -> None:
    """Also when a new task came before it, another one changed, and one went."""
    listing = Listing(URL)
    first = await listing.read(written([raw(number) for number in range(1, 6)]))
    again = await listing.read(written([raw(number) for number in range(1, 6)]))
    assert all(one is other for one, other in zip(first, again, strict=True))
    later = await listing.read(written([raw(9), raw(1), raw(2, status="paused"), raw(4), raw(5)]))
    assert later[1] is first[0]
    assert later[2].status == "paused"
    assert later[4] is first[4]


async def test_a_list_that_breaks_off_is_forgotten() -> None:
    """The next whole one is read from the last whole one."""
    listing = Listing(URL)
    first = await listing.read(written([raw(1), raw(2)]))
    with pytest.raises(CoderFailed):
        await listing.read(written([raw(1), raw(2)])[:-40])
    assert await listing.read(written([raw(1), raw(2)])) == first


async def test_what_cannot_be_read_does_not_confuse_the_places() -> None:
    """Junk between tasks is left out, this time and the next."""
    listing = Listing(URL)
    for junk in (7, 70, "7", None, raw(5, name=None)):
        found = await listing.read(written([raw(1), junk, raw(2)]))
        assert [one.id for one in found] == [raw(1)["id"], raw(2)["id"]]
