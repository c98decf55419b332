"""What has to be done now and then: old rows go, numbers for operators are read, and that the bot lives is noted."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from bot import absence, cleaning
from bot.errors import BotError
from bot.metrics import Metrics
from bot.store import Connection, lanes
from bot.store.database import Database
from bot.store.form_rows import prune_forms
from bot.store.moments import Moment, get_moment, mark_moment, now
from bot.store.replica_rows import count_replicas, leave_replicas
from bot.store.task_rows import count_phases

log = logging.getLogger(__name__)

# What was delivered is remembered for longer than Slack delivers anything again.
_KEEP_SECONDS = 7 * 24 * 3600.0
# Prometheus gives up after ten by itself; the other numbers are worth more than a late page.
_COUNT_SECONDS = 2.0


class Housekeeping:
    """Tidies one database; every replica does it, which does no harm."""

    def __init__(self, database: Database, metrics: Metrics, name: str) -> None:
        """`name` is who this replica is in leases."""
        self._database = database
        self._metrics = metrics
        self._name = name
        self.replicas = 1  # that are alive, this one among them

    async def begin(self) -> None:
        """Before anything runs: a file's leases can only be a dead process's; threads hear if we were away."""
        await self._database.run(lanes.release_own_leases)
        away = await self._database.run(_back_online)
        if away:
            log.info("the bot was away", extra={"action": "was_away", "seconds": round(away)})
        self.replicas = await self._database.run(count_replicas, self._name)

    async def end(self) -> None:
        """The others need not reckon with this replica any more; never raises."""
        with contextlib.suppress(BotError):  # then they learn it within a minute
            await self._database.run(leave_replicas, self._name)

    async def tick(self) -> None:
        """Tidy once; never raises for what the database does."""
        try:
            await self._database.run(_tidy)
            self.replicas = await self._database.run(count_replicas, self._name)
            told = await self._database.run(cleaning.remind)
            if told:
                log.info("owners are told of finished tasks", extra={"action": "clean_up_told", "owners": told})
        except BotError as error:
            log.warning("housekeeping failed", extra={"action": "housekeeping_failed", "error": repr(error)})

    async def count(self) -> None:
        """Read the numbers for operators; never raises for what the database does, nor waits for it for long."""
        try:
            async with asyncio.timeout(_COUNT_SECONDS):
                counts, phases = await self._database.run(_count)
        except (BotError, TimeoutError):
            self._metrics.database_away()
        else:
            self._metrics.stored(counts.pending, counts.oldest_due, counts.dead, phases)


def _tidy(connection: Connection) -> None:
    mark_moment(connection, Moment.ALIVE)
    lanes.prune(connection, _KEEP_SECONDS)
    prune_forms(connection)


def _count(connection: Connection) -> tuple[lanes.Counts, dict[str, int]]:
    return lanes.counts(connection), count_phases(connection)


def _back_online(connection: Connection) -> float:
    """How long no bot was there; threads in which something waited hear of it."""
    alive = get_moment(connection, Moment.ALIVE)
    at = now(connection)
    mark_moment(connection, Moment.ALIVE)
    if alive is None:
        return 0.0
    absence.back_online(connection, alive, at)
    return at - alive
