"""Many cards of one channel that change at once, under Slack's limits: how long until all show the present.

Each edit is one of 50 a minute (tier 3), and each outcome a message in the channel, of which there is one a second.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bot.app import open_bot
from bot.sandbox.coder import CoderServer
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.rates import PER_MINUTE, POSTS_PER_SECOND, Rates
from bot.sandbox.slack.records import Message
from bot.slack.pace import Pace
from tests.bench.rows import Row
from tests.bench.stage import database
from tests.e2e.scene import RETRIES, Scene, _manifest, words

_SIZES = ((60, 1.0), (600, 10.0))  # six hundred would take twelve minutes: there, all of time is ten times as fast
_UNLIMITED = 1_000.0
_LOOK = 0.2  # seconds
_PATIENCE = 300
_EDIT_SECONDS = 3.0


@dataclass(frozen=True)
class _Measured:
    """How long it took, in Slack's time, and how often Slack said that it was too much."""

    seconds: float
    limited: int


async def measure() -> list[Row]:
    """Against the time in which Slack takes so many edits and messages one after the other."""
    rows: list[Row] = []
    for number, speed in _SIZES:
        found = await _measured(number, speed)
        least = number * max(60 / PER_MINUTE["chat.update"], 1 / POSTS_PER_SECOND)
        what = f"{number} cards change at once" + (f", time {speed:g} times as fast" if speed > 1 else "")
        rows += [
            Row(f"{what}, until all are current and told", found.seconds, least, "s", most=1.2),
            Row(f"{what}: 429s", found.limited, unit="count", most=0),
        ]
    return rows


async def _measured(number: int, speed: float) -> _Measured:
    pace = Pace(speed=_UNLIMITED)
    with database("sqlite") as url:
        async with SlackServer(manifest=_manifest(), retry_delays=RETRIES) as slack, CoderServer(manual=True) as coder:
            made = Scene(slack, coder, url, http=False)
            bot = await open_bot(made.settings(BOT_POLL_SECONDS="1", BOT_EDIT_SECONDS=f"{_EDIT_SECONDS / speed}"), pace)
            await bot.start()
            try:
                await made.seen(lambda: slack.socket.open, "an open socket")
                await _create(made, number)
                pace.speed = speed
                return await _change(made, speed)
            finally:
                await bot.stop()


async def _create(made: Scene, number: int) -> None:
    """So many tasks whose agents are seen to work."""
    for each in range(number):
        await made.command(f"create -- Task number {each}")
    await _until(made, number, "Task number")
    for task in made.coder.tasks:
        await task.ready("working", "Reading the code")
    await _until(made, number, "Reading the code")


async def _change(made: Scene, speed: float) -> _Measured:
    """All of them end: each card says so, and each thread."""
    tasks = made.coder.tasks
    made.slack.api.rates = Rates(lambda: time.monotonic() * speed)
    known, began = len(made.slack.calls), time.monotonic()
    for task in tasks:
        task.report("complete", "All is done")
    await _until(made, len(tasks), "All is done", told=True)
    seconds = (time.monotonic() - began) * speed
    return _Measured(seconds, sum(call.error == "ratelimited" for call in made.slack.calls[known:]))


async def _until(made: Scene, number: int, text: str, *, told: bool = False) -> None:
    """Wait until so many cards say it, and with `told` their threads, too."""
    end, left = time.monotonic() + _PATIENCE, made.cards()
    while left or len(made.cards()) < number:
        assert time.monotonic() < end, f"not all cards say {text!r}"
        await asyncio.sleep(_LOOK)
        found = left if len(made.cards()) == number else made.cards()
        left = [card for card in found if not _says(made, card, text, told=told)]


def _says(made: Scene, card: Message, text: str, *, told: bool) -> bool:
    if text not in words(made.card(card)):
        return False
    return not told or any(text in words(one) for one in made.thread(card))
