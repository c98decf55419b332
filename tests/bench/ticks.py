"""One poll: requests, processor and stall of the event loop, by the number of tasks and of those that changed."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import httpx
import sqlalchemy as sa

from bot import tasks
from bot.app import Bot
from bot.models import Card, Person, Snapshot
from bot.store import Connection
from bot.store.card_rows import add_card
from bot.store.schema import task as task_table
from tests.bench.far import FarCoder
from tests.bench.rows import Row, median
from tests.bench.stage import apart, database, opened

SIZES = (10, 100, 1_000, 10_000)
_TICKS = 9
_GLANCE = 0.001  # seconds between two looks at whether the loop is free
_AT_ONCE = 500
_ANA = Person(slack_user="U1", slack_name="Ana", coder_id="ana", username="ana", name="Ana Ruiz")

Work = Callable[[], Awaitable[object]]


async def measure() -> list[Row]:
    """Every size, against reading and parsing the same bytes with nothing done."""
    rows: list[Row] = []
    for size in SIZES:
        with database("sqlite") as url:
            async with apart(url, BOT_POLL_SECONDS="3600") as made, opened(made) as bot:
                rows += await _of(bot, made.coder, size)
    return rows


async def _of(bot: Bot, coder: FarCoder, size: int) -> list[Row]:
    tick = bot.poller.tick
    await coder.make(size)
    await known(bot)
    await tick()  # the first of a leader looks at everything
    async with reading(coder) as read:
        floor = median(await processor(read, _TICKS))
    none = median(await processor(tick, _TICKS))
    stall = median([await _stall(tick) for _ in range(_TICKS)])
    about = f"tick, {size} tasks"
    rows = [
        Row(f"{about}, none changed: processor (floor: httpx and json.loads)", none, floor, most=1.2),
        Row(f"{about}, none changed: longest stall of the loop", stall, most=20),
        Row(f"{about}: requests", await _requests(bot, coder), unit="count", most=1),
    ]
    for share, changed in (("1 %", max(1, size // 100)), ("all", size)):
        each, stall, nothing = await _changed(bot, coder, changed, none)
        rows.append(Row(f"{about}, {share} changed: processor for each changed one", each, most=2))
        rows.append(Row(f"{about}, {share} changed: longest stall of the loop", stall, most=20))
        rows.append(Row(f"{about}, {share} changed: the machine's own stall in as long a time", nothing))
    return rows


async def _changed(bot: Bot, coder: FarCoder, number: int, idle: float) -> tuple[float, float, float]:
    """Milliseconds of processor for each task that changed, without the unchanged tick's; and two longest stalls.

    The second is that of a loop with nothing to do for as long: what the machine itself does to whoever measures.
    """
    times = 7 if number <= _AT_ONCE else 1
    each, stalls, nothing = [], [], []
    for _ in range(times):
        await coder.report(number, f"step {time.monotonic_ns()}")
        each.append((median(await processor(bot.poller.tick, 1)) - idle) / number)
        await coder.report(number, f"step {time.monotonic_ns()}")
        began = time.perf_counter()
        stalls.append(await _stall(bot.poller.tick))
        seconds = time.perf_counter() - began
        nothing.append(await _stall(functools.partial(asyncio.sleep, seconds)))
    return max(0.0, median(each)), median(stalls), median(nothing)


async def processor(work: Work, times: int) -> list[float]:
    """Milliseconds of this process's processor for a piece of work, each time."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        await work()
        taken.append((time.process_time() - began) * 1000)
    return taken


async def _stall(work: Work) -> float:
    """The longest time in milliseconds for which nothing else had a turn while the work was done."""
    longest = 0.0

    async def glance() -> None:
        nonlocal longest
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_GLANCE)
            longest = max(longest, time.perf_counter() - began - _GLANCE)

    watching = asyncio.create_task(glance())
    await asyncio.sleep(0)
    await work()
    await asyncio.sleep(_GLANCE)
    watching.cancel()
    return longest * 1000


async def _requests(bot: Bot, coder: FarCoder) -> float:
    """How many requests one tick makes."""
    before = await coder.calls()
    await bot.poller.tick()
    return await coder.calls() - before


@contextlib.asynccontextmanager
async def reading(coder: FarCoder) -> AsyncIterator[Work]:
    """Read and parse what a tick reads, with the client library of the bot, and do nothing with it."""
    async with httpx.AsyncClient(headers={"Coder-Session-Token": coder.token}) as client:

        async def read() -> None:
            response = await client.get(f"{coder.url}/api/v2/tasks", params={"q": ""}, timeout=60)
            json.loads(response.content)

        yield read


async def known(bot: Bot, channel: str = "C1") -> None:
    """Let the bot know all tasks that Coder has; no tick has anything to do for them.

    With a channel each has a card there, which Slack does not know: that must be a bot that delivers nothing.
    """
    snapshots = await bot.poller.backend.snapshots()
    for first in range(0, len(snapshots), _AT_ONCE):
        await bot.database.run(_adopt, snapshots[first : first + _AT_ONCE], channel)


def _adopt(connection: Connection, snapshots: Sequence[Snapshot], channel: str) -> None:
    for snapshot in snapshots:
        task = tasks.adopt(connection, snapshot, _ANA)
        if channel:
            ts = f"{task.created_at:.3f}"
            add_card(connection, Card(id=f"{task.id}-1", task_id=task.id, channel=channel, ts=ts, thread_ts=ts))
    connection.execute(sa.update(task_table).values(look_at=None))
