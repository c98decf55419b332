"""From a change in Coder to the message in Slack, and 60 or 600 cards of one channel that change at once."""

from __future__ import annotations

import time

from tests.bench.rows import Row, percentile
from tests.bench.stage import database
from tests.bench.ticks import many_tasks
from tests.e2e.scene import scene

_POLL = 1.0
_CHANGES = 40


async def measure() -> list[Row]:
    """With a thousand open tasks: how long until the thread has it."""
    with database("sqlite") as url:
        async with scene(url, BOT_POLL_SECONDS=f"{_POLL}", BOT_EDIT_SECONDS="0.1", BOT_SETTLE_SECONDS="0") as made:
            await many_tasks(made, 1_000)
            card, task = await made.working()
            taken = []
            for number in range(_CHANGES):
                began = time.perf_counter()
                task.report("complete" if number % 2 else "failure", f"Outcome {number}")
                await made.told(card, f"Outcome {number}")
                taken.append((time.perf_counter() - began) * 1000)
                task.report("working", f"Again {number}")
                await made.card_says(card, f"Again {number}")
    most = _POLL * 1000 + 150
    return [
        Row("change in Coder to the reply in Slack, p95, 1,000 tasks, poll 1 s", percentile(taken, 0.95), most=most)
    ]
