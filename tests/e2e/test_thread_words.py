"""Words in a task's thread: commands, words that may be either, and who may prompt (guide 2.3)."""

from __future__ import annotations

import asyncio

import pytest

from bot import hearing
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.records import Message, User
from bot.store.card_rows import cards_of
from bot.store.task_rows import find_by_coder_id
from tests.e2e.scene import Scene, words
from tests.e2e.steps import buttons, press, told

DELIVERED = "white_check_mark"
WAITS = "hourglass_flowing_sand"


def at_bot(scene: Scene, text: str) -> str:
    """The text after a mention of the bot."""
    return f"<@{scene.slack.bot_user.id}> {text}"


def private_in_thread(scene: Scene, card: Message, user: User | None = None) -> list[str]:
    """What one person (Ana) was told in the card's thread."""
    seen = scene.slack.ephemerals(user or scene.ana)
    return [words(one) for one in seen if one.thread_ts == card.ts]


async def level_of(scene: Scene, task_id: str) -> str:
    """How much the thread of a task's card is told."""
    assert scene.bot is not None
    database = scene.bot.database
    task = await database.run(find_by_coder_id, task_id)
    assert task is not None
    cards = await database.run(cards_of, task.id)
    return str(cards[0].level.value)


async def test_the_words_that_read(scene: Scene) -> None:
    """Words and mentions that only look are answered in the thread, to the writer only, and are no prompts."""
    card, task = await scene.waiting()
    task.say("All lines read")

    await scene.reply(card, "!status")
    await told(scene, "Coder says", task.name)
    await scene.reply(card, "!Logs")
    await told(scene, "Logs", "All lines read")
    await scene.reply(card, at_bot(scene, "logs"))
    await scene.seen(lambda: sum("All lines read" in one for one in private_in_thread(scene, card)) == 2, "both logs")
    await scene.reply(card, "!help")
    await told(scene, "In this thread", "Slack has no slash commands in threads")
    await scene.reply(card, at_bot(scene, "list"))
    await told(scene, "1 task", task.name)
    await scene.reply(card, "!logs", scene.bo)
    await told(scene, "You cannot read this task", user=scene.bo)
    await scene.reply(card, "!status", scene.gia)
    await told(scene, "No Coder user has your e-mail", user=scene.gia)

    await scene.quiet()
    assert len(private_in_thread(scene, card)) == len(scene.private()) == 5
    assert task.inputs == []
    assert not [one for one in scene.slack.thread(scene.payments, card.ts) if one.reactions]


async def test_the_words_that_change(scene: Scene) -> None:
    """A pause is asked for once however often it comes, `!resume` undoes it, and `!delete` asks first."""
    card, task = await scene.working()
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "*", times=None))

    await scene.reply(card, "!pause", scene.bo)
    await told(scene, "You cannot pause this task", user=scene.bo)
    await scene.reply(card, at_bot(scene, "pause"))
    await scene.card_says(card, "Pausing")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    task.finish_build()
    await scene.card_says(card, "Paused")
    await scene.reply(card, "!resume")
    await scene.reached(lambda: task.build.transition == "start", "a start build")
    await task.ready("idle", "Back again")
    await scene.card_says(card, "Waiting for input")
    await scene.reply(card, "!retry")
    await told(scene, "The task has no error")
    await scene.reply(card, "!delete")
    asks = await told(scene, "This cannot be undone", task.name)
    assert asks.thread_ts == card.ts
    assert not task.deleted
    assert [build.transition for build in task.workspace.builds] == ["start", "stop", "start"]
    assert sum("Pausing" in one for one in scene.private()) == 1
    await press(scene, asks, "Delete task")
    await scene.reached(lambda: task.deleted, "the task to go")
    assert task.inputs == []


async def test_the_levels(scene: Scene) -> None:
    """`!quiet`, `!important` and `!all` set how much the thread is told; only who may change the task can."""
    card, task = await scene.working()

    await scene.reply(card, "!quiet")
    await told(scene, "Quiet", "This thread hears now only how the task ends")
    task.report("idle", "Shall I go on?")
    await scene.card_says(card, "Waiting for input")
    await scene.quiet()
    assert not [one for one in scene.thread(card) if "Waiting for input" in words(one)]
    await scene.reply(card, "!all", scene.bo)
    await told(scene, "You cannot change the notifications of this task", user=scene.bo)
    assert await level_of(scene, task.id) == "quiet"
    await scene.reply(card, at_bot(scene, "important"))
    await told(scene, "Important")
    await scene.reply(card, "!all")
    await told(scene, "Everything that happens")
    assert await level_of(scene, task.id) == "all"
    assert task.inputs == []


async def test_a_word_that_may_be_either_is_asked_about(scene: Scene) -> None:
    """`stop` alone is neither sent nor carried out; the button sends it, once, where it was written."""
    card, task = await scene.waiting()
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "*", times=None))

    ts = await scene.reply(card, "stop")
    asks = await told(scene, "“stop” can mean two things", "pausing stops the workspace")
    await scene.quiet()
    assert task.inputs == []
    assert not scene.slack.reactions(scene.payments, ts)
    assert set(buttons(asks)) == {"Pause the task", "Send “stop” to the agent"}
    assert sum("can mean two things" in one for one in scene.private()) == 1
    await asyncio.gather(*(press(scene, asks, "Send “stop” to the agent") for _ in range(2)))
    await scene.reaction(ts, DELIVERED)
    task.report("idle", "Stopped")
    await scene.quiet()
    assert task.inputs == ["stop"]

    await scene.reply(card, "Cancel.")
    await press(scene, await told(scene, "“Cancel.” can mean two things"), "Pause the task")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    assert task.inputs == ["stop"]


async def test_what_the_other_words_offer(scene: Scene) -> None:
    """Each word offers its command; a word that nearly is one offers the nearest."""
    card, task = await scene.waiting()
    task.say("All lines read")

    await scene.reply(card, "logs")
    await press(scene, await told(scene, "“logs” can mean two things"), "Show the logs")
    await told(scene, "All lines read")
    await scene.reply(card, "status")
    await press(scene, await told(scene, "“status” can mean two things"), "Show the status")
    await told(scene, "Coder says")
    await scene.reply(card, "resume")
    assert "Resume the task" in buttons(await told(scene, "“resume” can mean two things"))
    await scene.reply(card, "!puase")
    asks = await told(scene, "“!puase” can mean two things", "The nearest command is !pause")
    assert set(buttons(asks)) == {"Pause the task", "Send “!puase” to the agent"}
    assert task.inputs == []


async def test_the_word_that_is_asked_about_can_still_be_changed(scene: Scene) -> None:
    """An edit makes it certain that the words are a prompt; a message that is deleted is not sent by its button."""
    card, task = await scene.waiting()

    ts = await scene.reply(card, "stop")
    await told(scene, "“stop” can mean two things")
    await scene.slack.edit(scene.ana, scene.payments, ts, "stop using sleep()")
    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["stop using sleep()"]

    task.report("working", "On it")
    await scene.card_says(card, "On it")
    gone = await scene.reply(card, "status")
    asks = await told(scene, "“status” can mean two things")
    await scene.slack.delete(scene.ana, scene.payments, gone)
    await press(scene, asks, "Send “status” to the agent")
    await told(scene, "Already done")
    waits = await scene.reply(card, "please hurry")
    await scene.reaction(waits, WAITS)
    await scene.slack.edit(scene.ana, scene.payments, waits, "!status")
    await told(scene, "Coder says", task.name)
    task.report("idle", "Done")
    await scene.told(card, "Done")
    await scene.quiet()
    assert task.inputs == ["stop using sleep()"]
    assert not scene.slack.reactions(scene.payments, waits)


async def test_a_mention_before_a_prompt_changes_nothing(scene: Scene) -> None:
    """`@bot` and text is the text; it counts once although it comes as two events, whichever is first."""
    card, task = await scene.waiting()
    for mishap in (
        DeliveryFault(Mishap.LATE, "message", seconds=0.2),
        DeliveryFault(Mishap.LATE, "app_mention", seconds=0.2),
    ):
        scene.slack.delivery_faults[:] = [mishap, DeliveryFault(Mishap.DUPLICATE, "*", times=None)]
        ts = await scene.reply(card, at_bot(scene, "pause the <deployment>"))
        await scene.reaction(ts, DELIVERED)
        task.report("idle", "And now?")
        await scene.quiet()

    assert task.inputs == ["pause the <deployment>"] * 2
    assert len(scene.coder.tasks) == 1
    await scene.reply(card, f"<@{scene.bo.id}> stop")
    await scene.quiet()
    assert not [one for one in private_in_thread(scene, card) if "two things" in one]


async def test_who_may_not_prompt_and_speaks_to_the_bot_is_told_every_time(scene: Scene) -> None:
    """A plain reply is refused once in a thread; one that begins with a mention always, and its words go nowhere."""
    card, task = await scene.waiting()

    for text in ("hello", "stop", "again"):
        await scene.reply(card, text, scene.bo)
    await told(scene, "Not sent to the agent", "Ana Ruiz", user=scene.bo)
    for _ in range(2):
        await scene.reply(card, at_bot(scene, "do it"), scene.bo)
    refused = "Not sent to the agent"
    await scene.seen(lambda: sum(refused in one for one in scene.private(scene.bo)) == 3, "three refusals")
    await scene.quiet()
    assert len(scene.private(scene.bo)) == 3
    assert task.inputs == []


async def test_a_colleague_who_steers(scene: Scene) -> None:
    """Where the thread steers, a colleague's word is asked about like the owner's, and sent for them."""
    card, task = await scene.waiting()
    await scene.slack.click(scene.ana, scene.card(card), "task.more", selected="Let this thread steer")
    await scene.told(card, "steer")

    ts = await scene.reply(card, "stop", scene.bo)
    asks = await told(scene, "“stop” can mean two things", user=scene.bo)
    await press(scene, asks, "Send “stop” to the agent", scene.bo)
    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["stop"]
    assert not scene.private()


@pytest.mark.parametrize("patience", [300.0, 0.0])
async def test_words_that_were_written_while_nobody_listened(
    scene: Scene, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an absence commands are no prompts: young ones are carried out, old ones that change something are not."""
    card, task = await scene.waiting()
    await scene.stop()
    monkeypatch.setattr(hearing, "LATE_SECONDS", patience)
    for text in ("!pause", "!quiet", "stop", at_bot(scene, "logs")):
        await scene.slack.post(scene.ana, scene.payments, text, thread_ts=card.ts, wait=False)

    await scene.start()

    await told(scene, "“stop” can mean two things")
    await told(scene, "Quiet", "This thread hears now only")
    await scene.seen(lambda: any("ogs" in one for one in private_in_thread(scene, card)), "the logs")
    if patience == 0.0:
        note = await told(scene, "!pause was not carried out", "Coder Tasks was away")
        await scene.quiet()
        assert task.build.transition == "start"
        await press(scene, note, "Pause the task")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    assert task.inputs == []
