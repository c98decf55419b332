"""Two weeks in fast time: task lives day by day, and what the bot's process and its database have grown by.

A day passes for the database by making every time in it a day older, while nothing waits in the outbox: so
housekeeping, in its second week, has as much to remove as each day brings. The bot is a process of its own.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bot.sandbox.slack.records import Channel, Message
from bot.store.schema import metadata
from tests.bench.rows import Row, slope
from tests.bench.stage import database, running, servers
from tests.e2e.process import BotProcess
from tests.e2e.scene import Scene, words

_DAYS = 14
_LIVES = 16  # a day, each in a channel of its own: they go on at the same time
_DAY_MS = 24 * 3600 * 1000
_PASSING = ("outbox", "lane", "form")  # what housekeeping removes in the end
_KEPT = ("task", "card", "prompt")
_HOUSEKEEPING = 2.2  # seconds, for two rounds of it
_PATIENCE = 30.0
_SWIFT = ("-m", "tests.bench.swift")


@dataclass(frozen=True)
class _Sample:
    """The evening of a day: memory in MiB, open descriptors, size of the database in KiB, rows of each table."""

    memory: float
    descriptors: int
    size: float
    rows: dict[str, int]


async def measure() -> list[Row]:
    """The second week, when what is kept for a week has come to its full number."""
    samples = []
    with database("sqlite") as url:
        path = Path(url.removeprefix("sqlite:///"))
        async with (
            servers(url, BOT_POLL_SECONDS="0.25", BOT_SETTLE_SECONDS="0.1", BOT_EDIT_SECONDS="0.1") as made,
            running(made, *_SWIFT) as process,
        ):
            channels = [
                made.slack.add_channel(f"soak-{each}", [made.ana, made.slack.bot_user]) for each in range(_LIVES)
            ]
            for _ in range(_DAYS):
                await asyncio.gather(*(_life(made, channel) for channel in channels))
                await _a_day_passes(path)
                samples.append(_sample(process, path))
    return _rows(samples)


def _rows(samples: Sequence[_Sample]) -> list[Row]:
    week = samples[_DAYS // 2 :]
    about = f"soak, {_DAYS} days of {_LIVES} task lives"

    def grown(value: Callable[[_Sample], float]) -> float:
        return slope([(number, value(sample)) for number, sample in enumerate(week)]) * len(week)

    passing = [sum(sample.rows[table] for table in _PASSING) for sample in samples]
    share = grown(lambda sample: sum(sample.rows[table] for table in _PASSING)) / passing[-1] * 100
    kept = grown(lambda sample: sum(sample.rows[table] for table in _KEPT)) / len(week) / _LIVES
    return [
        Row(f"{about}: memory at the end (RSS)", samples[-1].memory, unit="MiB"),
        Row(f"{about}: growth of memory in the second week", grown(lambda one: one.memory), unit="MiB", most=2),
        Row(f"{about}: growth of open descriptors", grown(lambda one: one.descriptors), unit="count", most=1),
        Row(f"{about}: growth of {', '.join(_PASSING)} rows", share, unit="%", most=3),
        Row(f"{about}: removed by housekeeping", _removed(samples), unit="rows"),
        Row(f"{about}: {', '.join(_KEPT)} rows kept for each life", kept, unit="rows"),
        Row(f"{about}: database kept for each life", grown(lambda one: one.size) / len(week) / _LIVES, unit="KiB"),
    ]


def _removed(samples: Sequence[_Sample]) -> float:
    """What is not there any more of what the first days have shown to come each day."""
    daily = samples[3].rows["outbox"] - samples[2].rows["outbox"]
    return daily * len(samples) - samples[-1].rows["outbox"]


async def _life(made: Scene, channel: Channel) -> None:
    """A task is made, works, asks, is answered, ends and is deleted."""
    known = {card.ts for card in made.cards(channel)}
    await made.command("create -- Tidy the login page", channel=channel)
    new = await made.seen(lambda: [one for one in made.cards(channel) if one.ts not in known], "a card", _PATIENCE)
    card, task = new[0], made.coder.task((new[0].metadata or {})["event_payload"]["task_id"])
    await task.ready("working", "Reading the code")
    await _card_says(made, channel, card, "Reading the code")
    task.report("idle", "Shall I go on?")
    await _told(made, channel, card, "Shall I go on?")
    await made.slack.post(made.ana, channel, "Go on", thread_ts=card.ts)
    await made.reached(lambda: task.inputs, "the answer", _PATIENCE)
    task.report("complete", "All is done")
    await _told(made, channel, card, "All is done")
    await made.command(f"delete {task.name} --yes", channel=channel)
    await made.reached(lambda: task.deleted, "the end", _PATIENCE)
    task.finish_build()
    await _card_says(made, channel, card, "Deleted")


async def _card_says(made: Scene, channel: Channel, card: Message, text: str) -> None:
    await made.seen(lambda: text in words(made.slack.message(channel, card.ts)), text, _PATIENCE)


async def _told(made: Scene, channel: Channel, card: Message, text: str) -> None:
    await made.seen(lambda: any(text in words(one) for one in made.slack.thread(channel, card.ts)), text, _PATIENCE)


async def _a_day_passes(path: Path) -> None:
    """When nothing waits any more: every time is a day older, and housekeeping sees it."""
    end = time.monotonic() + _PATIENCE
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        while not _age(connection):
            assert time.monotonic() < end, "something waits for ever"
            await asyncio.sleep(0.1)
    await asyncio.sleep(_HOUSEKEEPING)


def _age(connection: sqlite3.Connection) -> bool:
    """Make every time a day older; False when something waits, which would lose its lease."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("SELECT count(*) FROM outbox WHERE state = 0").fetchone()[0]:
        connection.execute("ROLLBACK")
        return False
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, sa.BigInteger) and column.name.endswith(("at", "until")):
                name = column.name
                connection.execute(f"UPDATE {table.name} SET {name} = {name} - {_DAY_MS} WHERE {name} > {_DAY_MS}")  # noqa: S608
    connection.execute("COMMIT")
    return True


def _sample(process: BotProcess, path: Path) -> _Sample:
    home = Path(f"/proc/{process.process.pid}")
    status = dict(line.split(":", 1) for line in (home / "status").read_text().splitlines())
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        tables = [table.name for table in metadata.sorted_tables]
        rows = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608
        pages, free, page = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
    memory = int(status["VmRSS"].split()[0]) / 1024
    return _Sample(memory, len(list((home / "fd").iterdir())), (pages - free) * page / 1024, rows)
