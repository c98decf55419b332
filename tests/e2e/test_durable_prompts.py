"""Prompts are sent once and in order: those written while nobody listened, and those whose sending is uncertain."""

from __future__ import annotations

import pytest

from bot.sandbox.coder import TaskHandle
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Message
from bot.store.lanes import counts
from bot.store.moments import Moment, mark_moment, now
from tests.e2e.scene import Scene, words
from tests.e2e.steps import hurried

DELIVERED, WAITS = "white_check_mark", "hourglass_flowing_sand"
on_sqlite = pytest.mark.parametrize("world", ["socket-sqlite"])


def replies(scene: Scene, card: Message, text: str) -> list[Message]:
    """The bot's replies with these words in the card's thread."""
    return [one for one in scene.thread(card) if text in words(one)]


# -- while the bot was away -------------------------------------------------------------------------------------------


async def test_catching_up_takes_what_a_listener_would_take(scene: Scene) -> None:
    """Notes, other people and bots are no prompts, also when they were written while nobody listened."""
    card, task = await scene.waiting()
    robot = scene.slack.add_user("robot", is_bot=True)
    await scene.slack.join(robot, scene.payments)
    note = await scene.reply(card, "// only for people")
    await scene.stop()
    await scene.slack.edit(scene.ana, scene.payments, note, "no note any more")
    await scene.reply(card, "// a note")
    await scene.reply(card, "beep", robot)
    await scene.reply(card, "stop it", scene.bo)
    ts = await scene.reply(card, "for the agent")

    await scene.start()

    await scene.reaction(ts, DELIVERED)
    await scene.answered("Not sent to the agent", scene.bo)
    task.report("idle", "Next?")
    await scene.quiet()
    assert task.inputs == ["for the agent"]


@on_sqlite
async def test_what_was_written_in_the_dark_comes_before_what_is_written_now(scene: Scene) -> None:
    """A reply that comes right after the start waits until the older ones have been read."""
    card, task = await scene.waiting()
    await scene.stop()
    early = await scene.reply(card, "early")
    scene.slack.faults.add(Fault(Kind.SLOW, "conversations.replies", seconds=2.0))

    await scene.start()
    late = await scene.reply(card, "late")

    await scene.reaction(early, DELIVERED)
    task.report("idle", "Next?")
    await scene.reaction(late, DELIVERED)
    assert task.inputs == ["early", "late"]


@on_sqlite
@pytest.mark.parametrize(("seconds", "told"), [(600, 1), (200, 0)])
async def test_a_long_absence_is_told_where_something_waited(scene: Scene, seconds: int, told: int) -> None:
    """After more than five minutes the threads in which a prompt waits hear once that the bot is back."""
    card, task = await scene.working()
    idle, _ = await scene.waiting()
    await scene.reaction(await scene.reply(card, "later"), WAITS)
    await last_alive(scene, seconds)

    await scene.start()
    task.report("idle", "Now?")
    await scene.reached(lambda: task.inputs, "the prompt")
    await last_alive(scene, 100)
    await scene.start()

    await all_replies_delivered(scene)
    assert len(replies(scene, card, "Back online")) == told
    assert not replies(scene, idle, "Back online")


async def all_replies_delivered(scene: Scene) -> None:
    """Wait until no reply waits in the outbox any more."""
    assert scene.bot is not None
    while "post_reply" in (await scene.bot.database.run(counts)).pending:
        await scene.quiet()


async def last_alive(scene: Scene, seconds: int) -> None:
    """Stop the bot, as if it had stopped so many seconds ago."""
    assert scene.bot is not None
    database = scene.bot.database
    await database.run(lambda connection: mark_moment(connection, Moment.ALIVE, now(connection) - seconds))
    await scene.stop()


# -- prompts whose sending is uncertain -------------------------------------------------------------------------------


async def after_an_answer(scene: Scene, text: str) -> tuple[Message, TaskHandle]:
    """A task whose agent has got a prompt and waits again."""
    card, task = await scene.waiting()
    await scene.reaction(await scene.reply(card, text), DELIVERED)
    task.report("idle", "And now?")
    return card, task


@on_sqlite
async def test_the_same_words_again_are_another_prompt(scene: Scene) -> None:
    """A send without an answer is not taken for done because the agent has heard the same words a minute ago."""
    card, task = await after_an_answer(scene, "continue")
    task.refuse_send(typed=False)

    ts = await scene.reply(card, "continue")

    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["continue", "continue"]


@on_sqlite
async def test_an_end_that_came_before_its_prompt_was_known_to_arrive_stays(scene: Scene) -> None:
    """When the agent is done before a lost answer is cleared up, it is told once and the card goes on saying so."""
    card, task = await scene.waiting()
    scene.coder.faults.add(Fault(Kind.LOST, f"POST /api/v2/tasks/*/{task.id}/send"))
    ts = await scene.reply(card, "do it")
    await scene.reached(lambda: task.inputs, "the prompt")
    task.report("complete", "All done")
    await scene.told(card, "All done")

    await scene.reaction(ts, DELIVERED)
    await scene.quiet()

    assert "Complete" in words(scene.card(card))
    assert len(replies(scene, card, "All done")) == 1


@on_sqlite
async def test_an_edit_during_the_sending_is_not_lost_in_silence(scene: Scene) -> None:
    """Whoever changes a message while it is being sent reads that the change came too late."""
    card, task = await scene.waiting()
    scene.coder.faults.add(Fault(Kind.SLOW, f"POST /api/v2/tasks/*/{task.id}/send", seconds=1.0))
    ts = await scene.reply(card, "old words")
    await scene.reached(lambda: task.inputs, "the prompt")

    await scene.slack.edit(scene.ana, scene.payments, ts, "new words")

    await scene.answered("The edit was not sent")
    assert task.inputs == ["old words"]


@on_sqlite
async def test_a_reply_is_not_refused_because_coder_is_away(scene: Scene) -> None:
    """Who somebody is must be known before they are refused: an unknown owner's reply waits for Coder."""
    hurried(scene, 0.3)
    await scene.command("create --owner bo -- Tidy up", scene.admin)
    card = (await scene.seen(scene.cards, "a card"))[0]
    task = scene.coder.tasks[0]
    await task.ready("idle", "Shall I?")
    await scene.told(card, "Prompt")
    fault = scene.coder.faults.add(Fault(Kind.REFUSE, "GET /api/v2/users*", times=None, status=500))
    ts = await scene.reply(card, "go on", scene.bo)
    await scene.quiet()
    scene.coder.faults.active.remove(fault)

    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["go on"]
    assert not scene.private(scene.bo)
