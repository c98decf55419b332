"""One poll: requests, time, processor and stall of the event loop, by the number of tasks and of those that changed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx

from bot import tasks
from bot.app import Bot
from bot.models import Person
from bot.sandbox.coder import TaskHandle
from tests.bench.rows import Row, durations, median
from tests.bench.stage import database
from tests.e2e.scene import Scene, scene

_SIZES = (10, 100, 1_000)
_TICKS = 7


async def measure() -> list[Row]:
    """Every size, against reading and parsing the same bytes with nothing done."""
    rows: list[Row] = []
    for size in _SIZES:
        with database("sqlite") as url:
            async with scene(url, BOT_POLL_SECONDS="3600", BOT_EDIT_SECONDS="3600") as made:
                rows += await _of(made, size)
    return rows


async def _of(made: Scene, size: int) -> list[Row]:
    bot = made.bot
    assert bot is not None
    handles = await many_tasks(made, size)
    await bot.poller.tick()  # the first of a leader looks at everything
    requests = len(made.polls())
    async with _reading(made) as read:
        floor = median(await durations(read, _TICKS))
    none = median(await durations(bot.poller.tick, _TICKS))
    stall = await _stall(bot.poller.tick)
    rows = [
        Row(f"tick, {size} tasks, none changed", none, floor, most=1.2),
        Row(f"tick, {size} tasks, none changed: longest stall of the loop, beyond the servers'", stall, most=20),
        Row(f"tick, {size} tasks: requests", (len(made.polls()) - requests) / (2 * _TICKS + 3), unit="count"),
    ]
    for share, changed in (("1 %", max(1, size // 100)), ("all", size)):
        if changed > 1_000:
            continue  # the local Coder, in this very process, would be what is measured
        rows.append(
            Row(
                f"tick, {size} tasks, {share} changed: each changed task",
                await _changed(bot, handles[:changed]),
                most=2,
            )
        )
    return rows


async def _changed(bot: Bot, handles: list[TaskHandle]) -> float:
    """Milliseconds of processor for each task that changed, the unchanged tick taken off."""
    await bot.poller.tick()
    began = time.process_time()
    await bot.poller.tick()
    idle = time.process_time() - began
    for handle in handles:
        handle.report("working", f"step {time.monotonic_ns()}")
    began = time.process_time()
    await bot.poller.tick()
    return max(0.0, time.process_time() - began - idle) * 1000 / len(handles)


async def _stall(work: Callable[[], Awaitable[object]]) -> float:
    """The longest time in milliseconds for which nothing else had a turn while the work was done."""
    longest, last = 0.0, time.perf_counter()

    async def turns() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    watching = asyncio.create_task(turns())
    await work()
    watching.cancel()
    return longest * 1000


@contextlib.asynccontextmanager
async def _reading(made: Scene) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """Read and parse what a tick reads, and do nothing with it."""
    async with httpx.AsyncClient(headers={"Coder-Session-Token": made.coder.token}) as client:

        async def read() -> None:
            response = await client.get(f"{made.coder.url}/api/v2/tasks", params={"q": ""}, timeout=60)
            json.loads(response.content)

        yield read


async def many_tasks(made: Scene, number: int) -> list[TaskHandle]:
    """So many open tasks, in Coder and known to the bot, without cards."""
    coder, bot = made.coder, made.bot
    assert bot is not None
    version = next(template for template in coder.deployment.templates if template.name == "claude-code").versions[-1]
    async with httpx.AsyncClient(headers={"Coder-Session-Token": coder.token}) as client:
        for each in range(number):
            body = {"template_version_id": str(version.id), "input": f"task {each}", "name": f"task-{each}"}
            response = await client.post(f"{coder.url}/api/v2/tasks/ana", json=body)
            response.raise_for_status()
    person = Person(slack_user=made.ana.id, slack_name="Ana", coder_id="ana", username="ana", name="Ana Ruiz")
    for snapshot in await bot.poller.backend.snapshots():
        await bot.database.run(tasks.adopt, snapshot, person)
    return coder.tasks
