"""What Prometheus may read: each number answers a question that an on-call person asks.

coder_bot_deliveries_total{kind,outcome}   attempts to deliver; outcome is done, later, retry, dead or lost
coder_bot_delivery_seconds{kind}           histogram: how long attempts took
coder_bot_outbox_pending{kind}             deliveries that wait
coder_bot_outbox_oldest_due_seconds        how long the oldest due delivery has waited; above 120 something is stuck
coder_bot_outbox_dead                      deliveries that were given up, of the last 7 days
coder_bot_tasks{phase}                     tasks
coder_bot_database_up                      1 when the database answered this very request, else 0, and the five
                                           numbers before are older
coder_bot_leader                           1 on the replica that polls Coder
coder_bot_poll_age_seconds                 since the last successful poll; NaN on a replica that does not poll
coder_bot_poll_seconds                     how long the last successful poll took
coder_bot_sockets_open                     Socket Mode connections that receive; NaN in HTTP mode
coder_bot_slack_rate_limited_total{method} 429s from Slack
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The numbers of one bot, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["kind", "outcome"]
        self._deliveries = Counter(
            "coder_bot_deliveries", "Attempts to deliver, by kind and outcome", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "coder_bot_delivery_seconds", "Duration of attempts", ["kind"], buckets=_SECONDS, registry=self.registry
        )
        self._rate_limited = Counter(
            "coder_bot_slack_rate_limited", "429s from Slack, by method", ["method"], registry=self.registry
        )
        self._pending = self._gauge("outbox_pending", "Deliveries that wait, by kind", "kind")
        self._oldest = self._gauge("outbox_oldest_due_seconds", "How long the oldest due delivery has waited")
        self._dead = self._gauge("outbox_dead", "Deliveries that were given up")
        self._tasks = self._gauge("tasks", "Tasks, by phase", "phase")
        self._database = self._gauge("database_up", "Whether the database answers")
        self._leader = self._gauge("leader", "Whether this replica polls Coder")
        self._poll_age = self._gauge("poll_age_seconds", "Since the last successful poll")
        self._poll_seconds = self._gauge("poll_seconds", "Duration of the last successful poll")
        self._sockets = self._gauge("sockets_open", "Socket Mode connections that receive")

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"coder_bot_{name}", text, labels, registry=self.registry)

    def delivered(self, kind: str, outcome: str, seconds: float) -> None:
        """Count one attempt of the outbox."""
        self._deliveries.labels(kind, outcome).inc()
        self._seconds.labels(kind).observe(seconds)

    def rate_limited(self, method: str) -> None:
        """Count one 429 of Slack's."""
        self._rate_limited.labels(method).inc()

    def stored(self, pending: Mapping[str, int], oldest_due: float, dead: int, phases: Mapping[str, int]) -> None:
        """Show what the database says."""
        _show(self._pending, pending)
        _show(self._tasks, phases)
        self._oldest.set(oldest_due)
        self._dead.set(dead)
        self._database.set(1)

    def database_away(self) -> None:
        """Show that the database does not answer; its numbers stay as they were."""
        self._database.set(0)

    def polled(self, *, leader: bool, age: float, seconds: float) -> None:
        """Show how the polling goes; `age` counts for the leader only."""
        self._leader.set(int(leader))
        self._poll_age.set(age if leader else math.nan)
        self._poll_seconds.set(seconds)

    def sockets(self, count: int | None) -> None:
        """Show how many sockets receive; None in HTTP mode."""
        self._sockets.set(math.nan if count is None else count)

    def expose(self) -> tuple[bytes, str]:
        """The page and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


def _show(gauge: Gauge, counts: Mapping[str, int]) -> None:
    """Set a gauge per label, and drop the labels that are gone."""
    gauge.clear()
    for label, count in counts.items():
        gauge.labels(label).set(count)
