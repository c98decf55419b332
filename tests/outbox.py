"""What the tests of the outbox share: a sink for items, an outbox at work, and waiting for what happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bot.outbox import Delivery, Item, Outbox
from bot.store import lanes
from bot.store.database import Database
from bot.store.lanes import NewItem, State
from bot.store.schema import lane, outbox

NEVER = 60.0  # seconds: what waits that long is not seen by a test


@dataclass
class Sink:
    """Where items go: it notes what it got, and answers with the exceptions it was told to raise."""

    answers: dict[str, list[Exception]] = field(default_factory=dict)
    got: list[Item] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Let everything pass at first."""
        self.open.set()

    async def deliver(self, item: Item) -> None:
        """Take an item."""
        self.got.append(item)
        await self.open.wait()
        if answers := self.answers.get(item.dedup):
            raise answers.pop(0)

    @property
    def names(self) -> list[str]:
        """The dedup keys in the order of their coming."""
        return [item.dedup for item in self.got]


@dataclass
class Grave:
    """A `dead` hook: it notes who came and why."""

    database: Database
    answers: list[Exception] = field(default_factory=list)
    got: list[tuple[str, str]] = field(default_factory=list)

    async def bury(self, item: Item, error: BaseException) -> None:
        """Take an item that is given up, and which must not be recorded as dead yet."""
        self.got.append((item.dedup, str(error)))
        assert (await states(self.database))[item.dedup] == State.PENDING
        if self.answers:
            raise self.answers.pop(0)


@dataclass
class Running:
    """An outbox at work."""

    box: Outbox
    task: asyncio.Task[None]
    stopping: asyncio.Event

    async def stop(self) -> None:
        """Stop as a process does on SIGTERM."""
        self.stopping.set()
        async with asyncio.timeout(15):
            await self.task

    async def crash(self) -> None:
        """Stop with nothing finished and nothing recorded."""
        self.task.cancel()
        await asyncio.wait([self.task])


@contextlib.asynccontextmanager
async def running(
    database: Database, deliver: Delivery | dict[str, Delivery], **options: Any
) -> AsyncIterator[Running]:
    """An outbox that delivers items of kind `k`, or several kinds, until the end of the block."""
    kinds = {"k": deliver} if isinstance(deliver, Delivery) else deliver
    box = Outbox(database, kinds, **{"back_off": lambda _failures: 0.01, **options})
    stopping = asyncio.Event()
    work = Running(box, asyncio.create_task(box.run(stopping)), stopping)
    try:
        yield work
    finally:
        if not work.task.done():
            await work.stop()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it is so, for at most ten seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what happens in a database sets no event
            await asyncio.sleep(0.005)


async def until_empty(database: Database) -> None:
    """Wait until nothing waits any more."""
    async with asyncio.timeout(30):
        while (await database.run(lanes.counts)).pending:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def until_waiting(database: Database) -> None:
    """Wait until no lane is leased."""
    async with asyncio.timeout(10):
        leased = sa.select(lane.c.key).where(lane.c.owner.isnot(None))
        while await database.run(lambda c: c.execute(leased).first()):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def states(database: Database) -> dict[str, State]:
    """The state of every item by dedup key."""
    rows = await database.run(lambda c: c.execute(sa.select(outbox.c.dedup, outbox.c.state)).all())
    return {row.dedup: State(row.state) for row in rows}


async def change(database: Database, **values: Any) -> None:
    """Change the items behind the engine's back."""
    await database.run(lambda c: c.execute(sa.update(outbox).values(**values)))


async def expire_leases(database: Database) -> None:
    """Let the time of every lease pass, as if its holder had gone."""
    await database.run(lambda c: c.execute(sa.update(lane).values(lease_until=0)))


def new(
    dedup: str, lane_key: str = "a", *, delay: float = 0.0, coalesce: str | None = None, kind: str = "k"
) -> NewItem:
    """An item whose dedup key is its name."""
    return NewItem(lane=lane_key, kind=kind, payload={}, dedup=dedup, delay=delay, coalesce=coalesce)
