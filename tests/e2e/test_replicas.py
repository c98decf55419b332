"""Several bots on one PostgreSQL database: each thing is done once, by whichever of them comes first."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.app import Bot, open_bot
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from tests.e2e.day import ask, place
from tests.e2e.scene import Scene, words

pytestmark = pytest.mark.parametrize("world", ["socket-postgresql"])
DELIVERED = "white_check_mark"


@asynccontextmanager
async def another(scene: Scene) -> AsyncIterator[Bot]:
    """One more bot on the scene's database; Slack hands events to either."""
    bot = await open_bot(scene.settings())
    await bot.start()
    try:
        yield bot
    finally:
        await bot.stop()


async def test_two_bots_do_everything_once(scene: Scene, database_url: str) -> None:
    """Events go to either bot, some to both; there is one card, one prompt and one telling of each, and no deadlock."""
    async with another(scene) as second:
        scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "message", times=None))
        made = [await scene.waiting() for _ in range(3)]
        sent = [[await scene.reply(card, text) for text in ("first", "second")] for card, _ in made]
        for (card, task), (first, last) in zip(made, sent, strict=True):
            await scene.reaction(first, DELIVERED)
            task.report("idle", "Next?")
            await scene.reaction(last, DELIVERED)
            task.report("complete", "All done")
            await scene.told(card, "All done")
        await scene.quiet()

        assert [task.inputs for _, task in made] == [["first", "second"]] * 3
        assert len(scene.cards()) == len(scene.coder.tasks) == 3
        for card, _ in made:
            told = [words(one) for one in scene.thread(card)]
            assert [sum(text in one for one in told) for text in ("Shall I go on?", "All done", "Prompt")] == [1, 1, 1]
        assert scene.bot is not None
        assert [scene.bot.poller.is_leader, second.poller.is_leader].count(True) == 1
    assert ask(database_url, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]


async def test_a_bot_that_stops_hands_the_poll_over_at_once(scene: Scene) -> None:
    """After an orderly stop another bot polls within a moment."""
    card, task = await scene.waiting()
    async with another(scene) as second:
        assert not second.poller.is_leader
        await scene.stop()
        task.report("complete", "All done")

        await scene.told(card, "All done")
        assert second.poller.is_leader


async def test_a_killed_bot_loses_the_poll_within_fifteen_seconds(world: str, database_url: str) -> None:
    """When the bot that polls is killed, another one does within 15 seconds, and tells what has happened."""
    async with place(database_url, http=False) as (scene, first):
        await first.start()
        await scene.seen(lambda: scene.slack.socket.open, "the first bot", timeout=20)
        card, task = await scene.waiting()
        async with another(scene) as second:
            await scene.quiet()
            assert not second.poller.is_leader
            await first.kill()
            killed = time.monotonic()
            task.report("complete", "All done")

            await scene.reached(lambda: second.poller.is_leader, "another leader", timeout=20)
            assert time.monotonic() - killed < 15
            await scene.told(card, "All done")
            ts = await scene.reply(card, "thanks")
            await scene.reaction(ts, DELIVERED)
            assert task.inputs == ["thanks"]
