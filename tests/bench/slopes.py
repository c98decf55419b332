"""Cost as it grows: what one more task, channel or replica costs, by the line of the least squares."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg

from bot.models import Watch
from bot.store import Connection
from bot.store.watch_rows import save_watch
from tests.bench.rows import Row, median, slope
from tests.bench.stage import Apart, apart, database, opened
from tests.bench.ticks import known, processor
from tests.e2e.process import BotProcess, bot_process

_TASKS = (100, 1_000, 4_000)
_CHANNELS = (1, 10, 50)
_REPLICAS = (1, 2, 4, 8)
_TICKS = 9
_COMMANDS = 40
_REST_SECONDS = 2.0
_BUSY = 0.02  # of a core, for each process
_PATIENCE = 30.0
_IDLE_SECONDS = 10.0
_CLOCK = os.sysconf("SC_CLK_TCK")

Points = list[tuple[float, float]]


async def measure() -> list[Row]:
    """Tasks and channels cost the one that polls, replicas cost the database."""
    tasks: Points = [(size, await _tick(size)) for size in _TASKS]
    channels: Points = [(number, await _tick(_TASKS[0], watching=number)) for number in _CHANNELS]
    return [
        Row(f"slope: processor of an unchanged tick for each 1,000 tasks ({_of(_TASKS)})", slope(tasks) * 1000),
        Row(
            f"slope: processor of an unchanged tick for each channel that watches {_TASKS[0]} tasks ({_of(_CHANNELS)})",
            slope(channels),
        ),
        *await _replicas(),
    ]


def _of(numbers: Sequence[int]) -> str:
    return ", ".join(f"{number:,}" for number in numbers)


async def _tick(size: int, *, watching: int = 0) -> float:
    """Milliseconds of processor of a tick in which nothing has changed; `watching` channels do not want what is new."""
    with database("sqlite") as url:
        async with apart(url, BOT_POLL_SECONDS="3600") as made, opened(made) as bot:
            await made.coder.make(size)
            if watching:
                await bot.database.run(_watch, watching)
            else:
                await known(bot)
            for _ in range(2):
                await bot.poller.tick()
            return median(await processor(bot.poller.tick, _TICKS))


def _watch(connection: Connection, number: int) -> None:
    """So many channels watch the tasks of somebody who has none: the dearest case, for every tick looks at all anew."""
    for each in range(number):
        watch = Watch(channel=f"C{each}", owner_id="nobody", set_by="U1", set_by_name="Ana", set_by_coder="ana")
        save_watch(connection, watch)


async def _replicas() -> list[Row]:
    """Replicas on one PostgreSQL with nothing to do, and the ack of a command that reaches one of them."""
    transactions: Points = []
    processors: Points = []
    acks: Points = []
    for number in _REPLICAS:
        with database("postgresql") as url:
            async with apart(url, CODER_TASK_TEMPLATE_NAME="claude-code") as made, _running(made, number) as processes:
                done, seconds = await _idle(url, processes)
                transactions.append((number, done))
                processors.append((number, seconds * 100))
                acks.append((number, await _ack(made)))
    which = f"({_of(_REPLICAS)})"
    return [
        Row("one replica: database transactions a second while idle", transactions[0][1], unit="1/s"),
        Row(f"slope: database transactions a second while idle, each replica {which}", slope(transactions), unit="1/s"),
        Row(f"slope: processor while idle, each replica {which}", slope(processors), unit="% core"),
        Row("one replica: command to ack, median", acks[0][1]),
        Row(f"slope: command to ack, median, each replica {which}", slope(acks)),
    ]


@contextlib.asynccontextmanager
async def _running(made: Apart, number: int) -> AsyncIterator[list[BotProcess]]:
    """So many replicas, ready; over HTTP, because Slack allows one app ten sockets, and each replica opens two."""
    environment = {**made.environment, "SLACK_SIGNING_SECRET": made.slack.signing_secret}
    del environment["SLACK_APP_TOKEN"]
    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(bot_process(environment)) for _ in range(number)]
        ports = [await process.port() for process in processes]
        made.slack.deliver_over_http(f"http://127.0.0.1:{ports[-1]}/slack/events")
        await _at_rest(processes)
        yield processes


async def _at_rest(processes: Sequence[BotProcess]) -> None:
    """Wait until what a start does once is done."""
    end = time.monotonic() + _PATIENCE
    await asyncio.sleep(_REST_SECONDS)
    while time.monotonic() < end:
        before = _used(processes)
        await asyncio.sleep(_REST_SECONDS)
        if _used(processes) - before < _BUSY * _REST_SECONDS * len(processes):
            return


async def _idle(url: str, processes: Sequence[BotProcess]) -> tuple[float, float]:
    """Transactions a second, and seconds of processor a second of all replicas."""
    with psycopg.connect(url, autocommit=True) as connection:
        before, used, began = _transactions(connection), _used(processes), time.monotonic()
        await asyncio.sleep(_IDLE_SECONDS)
        seconds = time.monotonic() - began
        return (_transactions(connection) - before) / seconds, (_used(processes) - used) / seconds


def _transactions(connection: psycopg.Connection) -> int:
    connection.execute("SELECT pg_stat_clear_snapshot()")
    counted = connection.execute("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")
    row = counted.fetchone()
    assert row is not None
    return int(row[0])


def _used(processes: Sequence[BotProcess]) -> float:
    """Seconds of processor of all of them so far."""
    fields = [Path(f"/proc/{one.process.pid}/stat").read_text().rpartition(")")[2].split() for one in processes]
    return sum(int(one[11]) + int(one[12]) for one in fields) / _CLOCK


async def _ack(made: Apart) -> float:
    """Milliseconds from a command to its ack, one at a time."""
    ana = made.slack.add_user("ana", "ana@example.com", real_name="Ana Ruiz")
    channel = made.slack.add_channel("payments", [ana, made.slack.bot_user])
    taken = []
    for _ in range(_COMMANDS):
        began = time.perf_counter()
        answer = await made.slack.command(ana, channel, "/coder-task", "templates")
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.ok, answer.error
        await asyncio.sleep(0.05)
    return median(taken)
