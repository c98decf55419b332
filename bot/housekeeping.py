"""What has to be done now and then: old rows go, numbers for operators are read, and that the bot lives is noted."""

from __future__ import annotations

import logging

from bot import tasks
from bot.errors import BotError
from bot.metrics import Metrics, observe_counts
from bot.store import Connection, lanes
from bot.store.database import Database
from bot.store.moments import Moment, get_moment, mark_moment, now
from bot.store.task_rows import count_phases

log = logging.getLogger(__name__)

# What was delivered is remembered for longer than Slack delivers anything again.
_KEEP_SECONDS = 7 * 24 * 3600.0


class Housekeeping:
    """Tidies one database; every replica does it, which does no harm."""

    def __init__(self, database: Database, metrics: Metrics) -> None:
        self._database = database
        self._pending = metrics.by_label("outbox_pending", "Deliveries that wait, by kind", "kind")
        self._tasks = metrics.by_label("tasks", "Tasks, by phase", "phase")
        self._oldest = metrics.number("outbox_oldest_due_seconds", "How long the oldest due delivery has waited")
        self._dead = metrics.number("outbox_dead", "Deliveries that were given up")

    async def begin(self) -> None:
        """Before anything runs: a file's leases can only be a dead process's; threads hear if we were away."""
        await self._database.run(lanes.release_own_leases)
        away = await self._database.run(_back_online)
        if away:
            log.info("the bot was away", extra={"action": "was_away", "seconds": round(away)})

    async def tick(self) -> None:
        """Tidy once; never raises for what the database does."""
        try:
            counts, phases = await self._database.run(_tidy)
        except BotError as error:
            log.warning("housekeeping failed", extra={"action": "housekeeping_failed", "error": repr(error)})
            return
        observe_counts(self._pending, dict(counts.pending))
        observe_counts(self._tasks, phases)
        self._oldest.set(counts.oldest_due)
        self._dead.set(counts.dead)


def _tidy(connection: Connection) -> tuple[lanes.Counts, dict[str, int]]:
    mark_moment(connection, Moment.ALIVE)
    lanes.prune(connection, _KEEP_SECONDS)
    return lanes.counts(connection), count_phases(connection)


def _back_online(connection: Connection) -> float:
    """How long no bot was there; threads in which something waited hear of it."""
    alive = get_moment(connection, Moment.ALIVE)
    at = now(connection)
    mark_moment(connection, Moment.ALIVE)
    if alive is None:
        return 0.0
    tasks.back_online(connection, alive, at)
    return at - alive
