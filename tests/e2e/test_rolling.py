"""Replicas that are replaced, or frozen and woken again, while people write: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import signal

import pytest

from bot.sandbox.faults import Fault, Kind
from tests.e2e.day import ask
from tests.e2e.process import bot_process
from tests.e2e.scene import Scene, words

pytestmark = pytest.mark.parametrize("world", ["socket-postgresql"])
DELIVERED = "white_check_mark"


async def test_a_rolling_restart_loses_nothing(scene: Scene) -> None:
    """Each replica in turn is asked to stop after its successor runs; every reply is a prompt, once and in order."""
    card, task = await scene.waiting()
    async with bot_process(scene.environment) as second:
        await second.logged("action=started")
        written = [await scene.reply(card, "step 0")]
        await scene.stop()  # the first replica
        written.append(await scene.reply(card, "step 1"))
        async with bot_process(scene.environment) as third:
            await third.logged("action=started")
            written.append(await scene.reply(card, "step 2"))
            await scene.reaction(written[0], DELIVERED)
            task.report("idle", "Done with 0")
            assert await second.stop() == 0
            written.append(await scene.reply(card, "step 3"))
            for number, ts in enumerate(written[1:], 1):
                await scene.reaction(ts, DELIVERED)
                task.report("idle", f"Done with {number}")
            await scene.told(card, "Done with 3")
            assert task.inputs == [f"step {number}" for number in range(4)]
            assert await third.stop() == 0
    told = [one.metadata["event_payload"]["delivery"] for one in scene.thread(card) if one.metadata]
    assert len(told) == len(set(told))


async def test_a_frozen_replica_that_wakes_does_no_harm(scene: Scene, database_url: str) -> None:
    """It is stopped in the middle of a post; another one takes over, and what wakes later finds its lease gone."""
    card, task = await scene.waiting()
    async with bot_process(scene.environment) as frozen:
        await frozen.logged("action=started")
        await scene.stop()  # now the process has all the work
        scene.slack.faults.add(Fault(Kind.SLOW, "chat.postMessage", times=1, seconds=1.0))
        task.report("complete", "All done")
        # Slack has made the message and keeps the answer back.
        await scene.seen(lambda: any("All done" in words(one) for one in scene.thread(card)), "the post")
        frozen.process.send_signal(signal.SIGSTOP)
        await scene.start()
        # As if the lease had run out: the second replica may take the lanes and the poll over.
        for over in ("UPDATE lane SET lease_until = 0 WHERE lease_until > 0", "UPDATE lease SET until = 0"):
            await asyncio.to_thread(ask, database_url, over)  # it waits for the locks of the frozen one's transaction
        await scene.card_says(card, "Complete")

        frozen.process.send_signal(signal.SIGCONT)
        task.report("idle", "Anything else?")
        await scene.told(card, "Anything else?")
        later = await scene.reply(card, "No")
        await scene.reaction(later, DELIVERED)
        await scene.quiet()
        assert await frozen.stop() == 0

    told = [words(one) for one in scene.thread(card)]
    assert [sum(text in one for one in told) for text in ("All done", "Anything else?")] == [1, 1]
    assert task.inputs == ["No"]
