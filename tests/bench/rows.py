"""What a measurement says: ours, the floor of the same run, their ratio, and the aim."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measurement in `unit`; `most` is the aim, for the ratio, or for ours where there is no floor."""

    what: str
    ours: float
    floor: float | None = None
    unit: str = "ms"
    most: float | None = None

    @property
    def ratio(self) -> float:
        """How many times the floor; NaN without one."""
        return self.ours / self.floor if self.floor else math.nan

    @property
    def verdict(self) -> str:
        """Whether the aim is met."""
        if self.most is None:
            return ""
        reached = self.ours if self.floor is None else self.ratio
        return "ok" if reached <= self.most else f"over {self.most:g}"


def table(rows: Sequence[Row]) -> str:
    """The rows for a person."""
    lines = [f"{'':70} {'ours':>10} {'floor':>10} {'unit':>8} {'ratio':>7}"]
    for row in rows:
        floor = "" if row.floor is None else f"{row.floor:.2f}"
        ratio = "" if row.floor is None else f"{row.ratio:.1f}x"
        lines.append(f"{row.what:70} {row.ours:10.2f} {floor:>10} {row.unit:>8} {ratio:>7}  {row.verdict}".rstrip())
    return "\n".join(lines)


async def durations(work: Callable[[], Awaitable[object]], times: int) -> list[float]:
    """How long a piece of work took each time, in milliseconds, after one that does not count."""
    await work()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


def slope(points: Sequence[tuple[float, float]]) -> float:
    """By how much the second value grows with each unit of the first: the line of the least squares."""
    return statistics.linear_regression(*zip(*points, strict=True)).slope
