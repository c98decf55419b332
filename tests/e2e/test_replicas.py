"""Several bots on one PostgreSQL database: each thing is done once, by whichever of them comes first."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

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


async def test_more_replicas_than_slack_has_room_for(scene: Scene) -> None:
    """Slack allows ten sockets for an app: of six bots each gives its second one up, and all of them hear."""
    async with AsyncExitStack() as stack:
        bots = [await stack.enter_async_context(another(scene)) for _ in range(5)]
        assert scene.bot is not None
        bots.append(scene.bot)
        await scene.seen(lambda: len(scene.slack.socket.connections) == 10, "ten sockets")
        asked = len(scene.slack.calls_of("apps.connections.open"))
        for bot in bots:
            await bot.housekeeping.tick()
        assert [bot.housekeeping.replicas for bot in bots] == [6] * 6

        for now in (1000.0, 1031.0):  # what was refused is tried again after half a minute
            for bot in bots:
                assert bot.socket is not None
                await bot.socket.check(now)
        await scene.seen(lambda: len(scene.slack.socket.open) == 6, "six sockets")
        await scene.quiet()
        assert [await bot.socket.connected() for bot in bots if bot.socket] == [1] * 6
        assert len(scene.slack.calls_of("apps.connections.open")) - asked < 10, "nobody asks again and again"

        await scene.stop()
        for bot in bots[:-1]:
            await bot.housekeeping.tick()
            assert bot.socket is not None
            await bot.socket.check(2000.0)
        await scene.seen(lambda: len(scene.slack.socket.open) == 10, "two sockets each again")
