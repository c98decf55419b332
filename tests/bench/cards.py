"""Many cards of one channel that change at once, under Slack's limits: how long until all show the present."""

from __future__ import annotations

import asyncio
import time

from bot.sandbox.slack.rates import Rates
from tests.bench.rows import Row
from tests.bench.stage import database, running, servers
from tests.e2e.scene import words

_CARDS = 60
_EDIT_SECONDS = 60 / 50  # Slack's tier 3: 50 edits a minute


async def measure() -> list[Row]:
    """Against one edit every 1.2 seconds; a 429 would mean that the bot does not keep the pace by itself."""
    with database("sqlite") as url:
        async with servers(url, BOT_POLL_SECONDS="1") as made, running(made):
            await asyncio.gather(*(made.command(f"create -- Task number {number}") for number in range(_CARDS)))
            await made.seen(lambda: len(made.cards()) == _CARDS, "all cards", timeout=180)
            tasks = made.coder.tasks
            made.slack.api.rates = Rates()
            began = time.perf_counter()
            for task in tasks:
                await task.ready("working", "Reading the code")
            await made.seen(
                lambda: all("Reading the code" in words(card) for card in made.cards()), "current cards", timeout=300
            )
            seconds = time.perf_counter() - began
            limited = sum(call.error == "ratelimited" for call in made.slack.calls)
    return [
        Row(f"{_CARDS} cards change at once, until all are current", seconds, _CARDS * _EDIT_SECONDS, "s", most=1.2),
        Row(f"{_CARDS} cards change at once: 429s", limited, unit="count", most=0),
    ]
