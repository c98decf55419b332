"""What Prometheus may read: each number answers a question that an on-call person asks."""

from __future__ import annotations

from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The numbers of one bot, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._deliveries = Counter(
            "coder_bot_deliveries",
            "Attempts to deliver, by kind and outcome",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "coder_bot_delivery_seconds", "Duration of attempts", ["kind"], buckets=_SECONDS, registry=self.registry
        )

    def delivered(self, kind: str, outcome: str, seconds: float) -> None:
        """Count one attempt of the outbox."""
        self._deliveries.labels(kind, outcome).inc()
        self._seconds.labels(kind).observe(seconds)

    def number(self, name: str, text: str) -> Gauge:
        """Show a number; the caller sets it."""
        return Gauge(f"coder_bot_{name}", text, registry=self.registry)

    def by_label(self, name: str, text: str, label: str) -> Gauge:
        """Show a number per value of a label; the caller sets it."""
        return Gauge(f"coder_bot_{name}", text, [label], registry=self.registry)

    def expose(self) -> tuple[bytes, str]:
        """The page and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


def observe_counts(gauge: Gauge, counts: dict[str, Any]) -> None:
    """Set a gauge per label, and drop the labels that are gone."""
    gauge.clear()
    for label, count in counts.items():
        gauge.labels(label).set(count)
