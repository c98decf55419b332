"""From Slack to the ack: commands one at a time and 200 at once, replies as quickly as they are taken."""

from __future__ import annotations

import asyncio
import time

from bot.sandbox.slack.records import Message
from tests.bench.rows import Row, durations, median, percentile
from tests.bench.stage import DATABASES, FLOOR, database, running, servers
from tests.e2e.scene import Scene

_COMMANDS = 200
_AT_ONCE = 200
_EVENTS = 500
_REST = 0.03  # seconds in which ours and the floor end what they do after an answer: idle is what the row says


async def measure() -> list[Row]:
    """Commands and events on both databases, against a Bolt app that does nothing."""
    rows: list[Row] = []
    for kind in DATABASES:
        rows += await _on(kind)
    return rows


async def _on(kind: str) -> list[Row]:
    with database(kind) as url:
        async with servers(url, BOT_POLL_SECONDS="600") as made:
            async with running(made):
                card, _ = await made.create()
                ours = await _one_at_a_time(made, answered=True)
                burst = await _at_once(made)
                events = await _events(made, card)
            async with running(made, *FLOOR):
                floor = await _one_at_a_time(made, answered=False)
                floor_burst = await _at_once(made)
                floor_events = await _events(made, card)
    return [
        Row(f"command to ack, idle, median ({kind})", median(ours), median(floor), most=3),
        Row(f"command to ack, idle, p99 ({kind})", percentile(ours, 0.99), percentile(floor, 0.99), most=5),
        Row(f"{_AT_ONCE} commands at once, the last ack ({kind})", max(burst), None, most=1000),
        Row(f"{_AT_ONCE} commands at once, median ({kind})", median(burst), median(floor_burst)),
        Row(f"thread reply, taken in, each of {_EVENTS} ({kind})", events, floor_events),
    ]


async def _one_at_a_time(made: Scene, *, answered: bool) -> list[float]:
    """Milliseconds from a command to its ack; the next comes when the bot has nothing to do any more."""
    taken = []
    for number in range(_COMMANDS + 1):
        known = len(made.slack.calls)
        began = time.perf_counter()
        answer = await made.slack.command(made.ana, made.payments, "/coder-task", "templates")
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.ok, answer.error
        if answered:
            await made.slack.until(lambda known=known: len(made.slack.calls) > known, what=f"answer {number}")  # type: ignore[misc]
        await asyncio.sleep(_REST)
    return taken[1:]


async def _at_once(made: Scene) -> list[float]:
    """Milliseconds from so many commands, typed at the same time, to each one's ack."""
    began = time.perf_counter()

    async def one() -> float:
        answer = await made.slack.command(made.ana, made.payments, "/coder-task", "templates")
        assert answer.ok, answer.error
        return (time.perf_counter() - began) * 1000

    return await asyncio.gather(*(one() for _ in range(_AT_ONCE)))


async def _events(made: Scene, card: Message) -> float:
    """Milliseconds for each of many replies in a thread, one behind the other as quickly as they are acked."""

    async def note() -> None:
        await made.slack.post(made.ana, made.payments, "// a note", thread_ts=card.ts)

    return sum(await durations(note, _EVENTS)) / _EVENTS
