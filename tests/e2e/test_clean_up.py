"""The weekly clean-up: owners hear of tasks that finished long ago, and delete what they choose, or hear no more."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot import cleaning
from bot.app import Bot, open_bot
from bot.sandbox.slack.records import Message
from tests.e2e.scene import Scene, words
from tests.e2e.steps import buttons, press, told
from tests.e2e.test_notify import direct

DAY = 86400.0


async def look(bot: Bot | None, days: float) -> None:
    """Let the bot look for finished tasks as if so many days had passed."""
    assert bot is not None
    await bot.database.run(cleaning.remind, time.time() + days * DAY)


async def weekly(scene: Scene, count: int = 1) -> Message:
    """Wait until Ana has so many weekly messages; the last."""
    await scene.seen(lambda: len(direct(scene)) >= count, f"{count} weekly messages")
    return direct(scene)[-1]


async def test_finished_tasks_are_listed_once_a_week_and_deleted(scene: Scene) -> None:
    """The message lists what has been finished for a week; buttons delete one or all, but nothing that works again."""
    made = [await scene.create(f"Number {number}", f"--name number-{number}") for number in range(4)]
    for card, task in made:
        await task.ready("working", "Reading")
        await scene.card_says(card, "Working")
    (one, first), (two, second), (three, third), (_, fourth) = made
    first.report("complete", "Done <!channel>")
    second.report("failure", "No way")
    third.pause_outside()
    for card, text in ((one, "Complete"), (two, "Failed"), (three, "Paused")):
        await scene.card_says(card, text)

    await look(scene.bot, 6)
    await look(scene.bot, 8)
    message = await weekly(scene)
    assert "You have 3 finished tasks." in words(message)
    assert all(f"number-{number}" in words(message) for number in range(3))
    assert "number-3" not in words(message)
    assert all("confirm" in element for label, element in buttons(message).items() if "Delete" in label)
    await look(scene.bot, 8.1)
    second.report("working", "Once more")
    await scene.card_says(two, "Working")

    await asyncio.gather(*(press(scene, message, "Delete these 3") for _ in range(2)))

    await told(scene, "Deleting 2 tasks.", "1 task is in use again and was kept.")
    await scene.reached(lambda: first.deleted and third.deleted, "two tasks to go")
    await scene.card_says(one, "Deleted")
    await scene.quiet()
    assert not second.deleted
    assert not fourth.deleted
    assert len(direct(scene)) == 1
    second.report("complete", "Done now")
    await scene.card_says(two, "Complete")
    await look(scene.bot, 15.2)
    again = await weekly(scene, 2)
    assert "You have 1 finished task." in words(again)
    answer = await scene.slack.click(scene.ana, again, "clean.delete", value=second.id)
    assert answer.ok
    await scene.reached(lambda: second.deleted, "the third task to go")
    assert "number-3" not in words(again)


async def test_it_can_be_switched_off(scene: Scene) -> None:
    """Who does not want the message gets none until they turn it on again."""
    card, task = await scene.working()
    task.report("complete", "Done")
    await scene.card_says(card, "Complete")
    await look(scene.bot, 8)
    await press(scene, await weekly(scene), "Do not send this any more")
    off = await told(scene, "This message is not sent to you any more.")
    await look(scene.bot, 15)
    await scene.quiet()
    assert len(direct(scene)) == 1
    assert not task.deleted

    await press(scene, off, "Turn it on again")
    await scene.seen(lambda: "You are told once a week" in words(off), "that it is on")
    await look(scene.bot, 22)
    await weekly(scene, 2)


@pytest.mark.parametrize("world", ["socket-postgresql"])
async def test_replicas_and_restarts_send_one(scene: Scene) -> None:
    """Two replicas that look at the same time, and one that starts anew, send one message a week."""
    card, task = await scene.working()
    task.report("complete", "Done")
    await scene.card_says(card, "Complete")
    second = await open_bot(scene.settings())
    await second.start()
    try:
        await asyncio.gather(look(scene.bot, 8), look(second, 8))
        await weekly(scene)
        await scene.stop()
        await scene.start()
        await look(scene.bot, 8.1)
        await look(second, 8.2)
        await scene.quiet()
        assert len(direct(scene)) == 1
    finally:
        await second.stop()


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_many_finished_tasks(scene: Scene) -> None:
    """Ten are listed at most, and how many more there are; hostile titles stay what they are."""
    assert scene.bot is not None
    for number in range(12):
        await scene.command(f"create --name number-{number} -- <!channel> *{'🎉' * 200}* number {number}")
    await scene.reached(lambda: len(scene.coder.tasks) == 12, "twelve tasks")
    for task in scene.coder.tasks:
        await task.ready("complete", "Done")
    await scene.reached(lambda: scene.bot is not None and scene.bot.poller.open_tasks == 12, "twelve known")
    await scene.quiet()

    await look(scene.bot, 8)

    message = await weekly(scene)
    assert "You have 12 finished tasks." in words(message)
    assert "more" in words(message)
    assert len([block for block in message.blocks if block["type"] == "section"]) <= 10
    assert "<!channel>" not in message.text
