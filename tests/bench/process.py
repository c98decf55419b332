"""The process: from its start to readiness, and what it takes of the machine while nothing happens."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from tests.bench.rows import Row, durations, median
from tests.bench.stage import apart, database, opened, running, servers
from tests.bench.ticks import known
from tests.e2e.process import ROOT, BotProcess
from tests.e2e.scene import Scene

_STARTS = 5
_IDLE_SECONDS = 20.0
_TASKS = 2_000
_POLLS = 8
_TICKS = os.sysconf("SC_CLK_TCK")


async def measure() -> list[Row]:
    """Start, idle processor, memory, and memory for each open task."""
    with database("sqlite") as url:
        async with servers(url, BOT_POLL_SECONDS="5") as made:
            started = [await _start(made) for _ in range(_STARTS)]
            imported = median(await durations(_import_bolt, _STARTS))
            async with running(made) as process:
                await asyncio.sleep(2)  # what a start does once is done
                cpu = await _idle_cpu(process)
                small = _rss(process)
    with database("sqlite") as url:
        grown = await _with_tasks(url)
    return [
        Row("process start to the first open socket (floor: import Bolt)", median(started), imported, most=4),
        Row("process start to the first open socket", median(started), most=1500),
        Row("processor while idle, poll every 5 s", cpu * 100, unit="% core", most=0.5),
        Row("memory while idle (RSS)", small / 1024, unit="MiB", most=90),
        Row(f"memory for each open task (RSS, {_TASKS} tasks)", (grown - small) / _TASKS, unit="KiB", most=3),
    ]


async def _start(made: Scene) -> float:
    """Milliseconds from the start of the process until Slack sees an open socket."""
    began = time.perf_counter()
    async with running(made):
        return (time.perf_counter() - began) * 1000


async def _import_bolt() -> None:
    code = "import slack_bolt.app.async_app"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, cwd=ROOT)
    await process.wait()


async def _idle_cpu(process: BotProcess) -> float:
    """The share of one core that the process takes."""
    before, began = _cpu_seconds(process), time.monotonic()
    await asyncio.sleep(_IDLE_SECONDS)
    return (_cpu_seconds(process) - before) / (time.monotonic() - began)


def _cpu_seconds(process: BotProcess) -> float:
    fields = Path(f"/proc/{process.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _rss(process: BotProcess) -> int:
    """Resident memory in KiB."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


async def _with_tasks(url: str) -> int:
    """Resident memory in KiB of a bot that has polled many open tasks a few times."""
    async with apart(url, BOT_POLL_SECONDS="1") as made:
        await made.coder.make(_TASKS)
        async with opened(made) as bot:
            await known(bot, channel="")
        async with running(made) as process:
            before = await made.coder.calls()
            while await made.coder.calls() < before + _POLLS:  # noqa: ASYNC110 - another process counts
                await asyncio.sleep(0.5)
            return _rss(process)
