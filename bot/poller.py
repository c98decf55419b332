"""One tick: take Coder's snapshots, find what changed, and put what is worth telling into the outbox.

One replica polls at a time: the holder of the lease. A tick asks Coder once, however many tasks there are.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import time
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot import changes, observing, policy, tasks, watches
from bot.coder.errors import NotFound
from bot.coder.tasks_api import TasksApi
from bot.errors import BotError, DeliveryError, StoreError
from bot.models import Snapshot
from bot.store import Connection
from bot.store.database import Database
from bot.store.lanes import hold_lease, release_lease
from bot.store.look_rows import Known, OpenTask, coder_answered
from bot.store.moments import Moment, clear_moment, get_moment, mark_moment, now
from bot.store.task_rows import get_tasks
from bot.store.watch_rows import list_watches

log = logging.getLogger(__name__)

# Cards say that they show an old state when Coder has not answered for this long.
STALE_SECONDS = 120.0
_LEASE = "poll"
# A leader that died is followed after this long, or three polls.
LEASE_SECONDS = 10.0
# Shares of a lease: after the one a poll begins no other look at a task, after the other it is cut off.
_LOOKS = 0.4
_POLL = 0.6
# When something else asks for a poll: how soon the leader hears of it at the latest, and how often it does it at most.
HEAR_SECONDS = 0.25
FORCED_SECONDS = 1.0
# A channel that begins to watch a server with a thousand tasks must not hold up a tick.
MOST_TAKEN_IN = 100
LOADED_AT_ONCE = 50  # tasks that need a look


@dataclass
class Poller:
    """Looks at all open tasks, tick by tick; `settle` is how long idle must last before it is told, in seconds."""

    database: Database
    backend: TasksApi
    owner: str
    every: float
    settle: float
    last_success: float | None = field(default=None, init=False)
    last_seconds: float = field(default=0.0, init=False)
    open_tasks: int = field(default=0, init=False)
    is_leader: bool = field(default=False, init=False)
    _asked: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _answered: float | None = field(default=None, init=False)
    _forced: float = field(default=0.0, init=False)
    _seen: dict[str, Snapshot] = field(default_factory=dict, init=False)  # what was looked at last, by Coder's id
    _ticking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def is_fresh(self, at: float) -> bool:
        """Whether this replica, if it is the one that polls, has polled lately; `at` is Unix seconds."""
        if not self.is_leader or self.last_success is None:
            return True
        return at - self.last_success < max(60.0, 6 * self.every)

    async def finish(self, seconds: float) -> None:
        """Wait for the tick that runs, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._ticking:
                return

    async def resign(self) -> None:
        """Let another replica poll at once."""
        with contextlib.suppress(BotError):  # then it polls when the lease has run out
            await self.database.run(release_lease, _LEASE, self.owner)

    async def hurry(self) -> None:
        """Coder says that something has happened: whichever replica leads polls soon."""
        await self.database.run(mark_moment, Moment.POLL_ASKED)
        self._asked.set()

    async def hear(self) -> None:
        """Poll for as long as this runs when some replica was asked to; never raises."""
        while True:
            with contextlib.suppress(TimeoutError):  # not `wait_for`, which may swallow a cancel
                async with asyncio.timeout(HEAR_SECONDS):
                    await self._asked.wait()
            self._asked.clear()
            try:
                if self.is_leader and await self._is_asked():
                    await asyncio.sleep(self._forced + FORCED_SECONDS - time.monotonic())
                    self._answered = await self._asked_at()  # before the poll: what comes during it wants another
                    self._forced = time.monotonic()
                    await self.tick()
            except BotError as error:
                log.warning("not heard", extra={"action": "hear_failed", "error": repr(error)})
                await asyncio.sleep(FORCED_SECONDS)
            except Exception:
                log.exception("a bug in hearing", extra={"action": "hear_bug"})
                await asyncio.sleep(FORCED_SECONDS)

    async def _is_asked(self) -> bool:
        return await self._asked_at() != self._answered

    async def _asked_at(self) -> float | None:
        asked: float | None = await self.database.run(get_moment, Moment.POLL_ASKED)
        return asked

    async def tick(self) -> None:
        """Poll once, if this replica holds the lease; never raises for what Coder or the database does."""
        async with self._ticking:
            await self._tick()

    async def _tick(self) -> None:
        ttl = max(3 * self.every, LEASE_SECONDS)
        try:
            if not self.is_leader:
                self.is_leader = await self.database.run(hold_lease, _LEASE, self.owner, ttl) is not None
            if self.is_leader:
                # A poll that outlived the lease could run beside the next leader's.
                async with asyncio.timeout(_POLL * ttl):
                    await self._poll(ttl)
        except (BotError, TimeoutError) as error:
            log.warning("the poll failed", extra={"action": "poll_failed", "error": repr(error)})
            if isinstance(error, DeliveryError | TimeoutError):
                with contextlib.suppress(BotError):
                    self.is_leader = await self.database.run(_silent, self.owner, ttl)

    async def _poll(self, ttl: float) -> None:
        began = time.monotonic()
        snapshots = {snapshot.id: snapshot for snapshot in await self.backend.snapshots()}
        # Only now: whoever has not been leader any more since the last tick learns it before they write anything.
        known = await self.database.run(_begin, self.owner, ttl)
        if known is None:
            self.is_leader = False
            return
        await self._look_at_all(known, snapshots, until=began + _LOOKS * ttl)
        if known.is_watched:
            await self._take_in(snapshots.values(), {one.coder_id for one in known.open_tasks})
        if len(self._seen) > len(snapshots):
            self._seen = {id_: snapshot for id_, snapshot in self._seen.items() if id_ in snapshots}
        self.open_tasks = len(known.open_tasks)
        self.last_success = time.time()
        self.last_seconds = time.monotonic() - began

    async def _look_at_all(self, known: Known, snapshots: Mapping[str, Snapshot], until: float) -> None:
        """Look at the tasks of which Coder says something else than at the last tick, and at those that are due.

        What is not looked at `until` then is for the next tick; those that are only due wait for the others.
        """
        wanted = [one for one in known.open_tasks if one.is_due or not self._is_seen(one, snapshots)]
        fresh = [one for one in wanted if not one.is_due and one.coder_id not in self._seen]
        same = await self._known_already([one for one in fresh if one.coder_id in snapshots], snapshots)
        left = [one for one in wanted if one.id not in same]
        for number, one in enumerate(sorted(left, key=lambda one: one.is_due)):
            if time.monotonic() > until:
                log.info("the rest is for the next tick", extra={"action": "looks_left", "tasks": len(left) - number})
                return
            await self._look(one, snapshots.get(one.coder_id))

    def _is_seen(self, task: OpenTask, snapshots: Mapping[str, Snapshot]) -> bool:
        """Whether this replica has looked at what Coder says of the task now: then it is the very same object."""
        now = snapshots.get(task.coder_id)
        return now is not None and self._seen.get(task.coder_id) is now

    async def _known_already(self, fresh: Sequence[OpenTask], snapshots: Mapping[str, Snapshot]) -> set[str]:
        """Of tasks that this replica has not looked at, those of which what Coder says is remembered: our ids."""
        same = set()
        for first in range(0, len(fresh), LOADED_AT_ONCE):
            ids = [one.id for one in fresh[first : first + LOADED_AT_ONCE]]
            for task in await self.database.run(get_tasks, ids):
                snapshot = snapshots[task.coder_id or ""]
                if changes.with_last_words(task.snapshot, snapshot) == task.snapshot:
                    self._seen[snapshot.id] = snapshot
                    same.add(task.id)
        return same

    async def _look(self, task: OpenTask, snapshot: Snapshot | None) -> None:
        """Look at one task; what is wrong with it must not keep the others from being looked at."""
        try:
            if snapshot is None:
                if await self._is_gone(task.coder_id):
                    await self.database.run(observing.missed, task.id)
                return
            change = await self.database.run(observing.observe, task.id, snapshot, self.settle)
            if change is not None:
                fields = {"action": "task_changed", "task": task.coder_id, "condition": change.condition.value}
                log.info("a task changed", extra=fields)
            self._seen[snapshot.id] = snapshot
        except StoreError:
            raise
        except DeliveryError as error:
            fields = {"action": "look_failed", "task": task.coder_id, "error": repr(error)}
            log.warning("a task was not looked at", extra=fields)
        except Exception:
            log.exception("a bug in looking at a task", extra={"action": "look_bug", "task": task.coder_id})

    async def _take_in(self, snapshots: Iterable[Snapshot], known: Container[str]) -> None:
        """Know the tasks that channels watch for, the newest first, and not too many at once."""
        watching = await self.database.run(list_watches)
        unknown = (one for one in snapshots if one.id not in known)
        fitting = (one for one in unknown if any(policy.fits(watch, one) for watch in watching))
        for snapshot in itertools.islice(fitting, MOST_TAKEN_IN):
            try:
                if await self.database.run(watches.take_in, snapshot, self.settle):
                    log.info("a watched task is known", extra={"action": "task_taken_in", "task": snapshot.id})
            except StoreError:
                raise
            except Exception:
                log.exception("a bug in taking in a task", extra={"action": "take_in_bug", "task": snapshot.id})

    async def _is_gone(self, coder_id: str) -> bool:
        """Whether Coder, asked for this very task, does not have it: the list may be older than the task."""
        try:
            await self.backend.snapshot(coder_id)
        except NotFound:
            return True
        return False


def _begin(connection: Connection, owner: str, ttl: float) -> Known | None:
    """Coder has answered: note it, and if cards said that it was silent, let them say so no longer.

    None when another replica leads.
    """
    if hold_lease(connection, _LEASE, owner, ttl) is None:
        return None
    known = coder_answered(connection)
    if known.was_silent:
        clear_moment(connection, Moment.CODER_SILENT)
        tasks.refresh_all(connection)
    return known


def _silent(connection: Connection, owner: str, ttl: float) -> bool:
    """Coder did not answer: after a while the cards say so, once. Whether this replica still leads."""
    if hold_lease(connection, _LEASE, owner, ttl) is None:
        return False
    answered = get_moment(connection, Moment.CODER_ANSWERED)
    known = get_moment(connection, Moment.CODER_SILENT)
    if answered is not None and known is None and now(connection) - answered > STALE_SECONDS:
        mark_moment(connection, Moment.CODER_SILENT, answered)
        tasks.refresh_all(connection)
    return True
