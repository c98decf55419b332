"""Where a card stands when its message goes, may not be edited any more, or its channel is closed to the bot."""

from __future__ import annotations

import pytest

from bot.sandbox.coder import TaskHandle
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Message
from bot.store.card_rows import save_card
from tests.e2e.day import ask
from tests.e2e.scene import Scene, words
from tests.e2e.steps import hurried
from tests.e2e.test_card_edits import POST, refusal


def in_thread(scene: Scene, card: Message) -> list[Message]:
    """The cards that stand in the card's thread, as replacements do."""
    found = [one for one in scene.thread(card) if one.metadata and one.metadata["event_type"] == "coder_task_card"]
    return [one for one in found if not one.deleted]


async def test_a_card_that_was_deleted_by_hand_comes_back_in_its_thread(scene: Scene) -> None:
    """It is posted anew where its thread goes on, is followed there, and replies still reach the agent."""
    card, task = await scene.working()
    scene.slack.workspace.remove_message(scene.card(card))

    task.report("idle", "Shall I?")
    await scene.seen(lambda: in_thread(scene, card), "a new card")
    replaced = in_thread(scene, card)[0]
    await scene.card_says(replaced, "Shall I?")
    ts = await scene.reply(card, "Yes")
    await scene.reaction(ts, "white_check_mark")
    task.report("complete", "Done")

    await scene.card_says(replaced, "Complete")
    assert task.inputs == ["Yes"]
    assert len(in_thread(scene, card)) == 1


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_card_whose_thread_went_with_it_begins_a_new_one(scene: Scene) -> None:
    """When nothing of the old thread is left either, the card stands in the channel again, with a thread."""
    card, task = await scene.working()
    replaced = await begun_anew(scene, card, task)
    task.report("complete", "Done")

    await scene.card_says(replaced, "Complete")
    await scene.told(replaced, "Complete")
    ts = await scene.reply(replaced, "Thanks")
    await scene.reaction(ts, "white_check_mark")


async def test_who_writes_below_the_new_card_at_once_is_heard(scene: Scene) -> None:
    """Slack shows the card before its answer has come: the reply waits until it is known whose thread that is."""
    card, task = await scene.working()
    scene.slack.faults.add(Fault(Kind.SLOW, "chat.postMessage", seconds=1.0))
    replaced = await begun_anew(scene, card, task)

    ts = await scene.reply(replaced, "Yes")

    await scene.reaction(ts, "white_check_mark")
    assert task.inputs == ["Yes"]


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_nobody_waits_for_the_card_of_a_task_that_has_ended(scene: Scene, database_url: str) -> None:
    """Such a card may never be shown again: what people write in threads of their own is not held up by it."""
    card, task = await scene.working()
    task.vanish()
    await scene.card_says(card, "Deleted")
    await scene.quiet()
    assert scene.bot is not None
    [(known,)] = ask(database_url, "SELECT id FROM card")
    await scene.bot.database.run(save_card, known, shown=None)
    ts = await scene.slack.post(scene.ana, scene.payments, "Lunch?")

    await scene.slack.post(scene.bo, scene.payments, "At noon", thread_ts=ts)

    assert ask(database_url, "SELECT kind FROM outbox WHERE kind = 'find_thread'") == []


async def begun_anew(scene: Scene, card: Message, task: TaskHandle) -> Message:
    """Somebody deletes the card and its whole thread, and the agent asks: the message that is the card now."""
    for message in (*scene.slack.thread(scene.payments, card.ts), scene.card(card)):
        scene.slack.workspace.remove_message(message)
    task.report("idle", "Shall I?")
    await scene.seen(lambda: [one for one in scene.cards() if one.ts != card.ts and not one.deleted], "a new card")
    return next(one for one in scene.cards() if one.ts != card.ts)


async def test_a_card_that_may_not_be_edited_any_more_is_replaced(scene: Scene) -> None:
    """A workspace that closes edits after a time gets a new card in the thread, and then another."""
    card, task = await scene.working()
    scene.slack.workspace.edit_window = 0.0

    task.report("idle", "Shall I?")
    await scene.seen(lambda: len(in_thread(scene, card)) == 1, "a new card")
    task.report("complete", "Done")
    await scene.seen(lambda: any("Complete" in words(one) for one in in_thread(scene, card)), "a newer card")

    assert len(scene.cards()) == 1


async def test_a_replacement_whose_answer_is_lost_is_posted_once(scene: Scene) -> None:
    """Also when other news come before the second try."""
    card, task = await scene.working()
    hurried(scene, 0.3)
    scene.slack.workspace.remove_message(scene.card(card))
    scene.slack.faults.add(Fault(Kind.LOST, POST))

    task.report("failure", "Cannot push")
    await scene.seen(lambda: in_thread(scene, card), "a new card")
    task.report("working", "Trying again")

    await scene.card_says(in_thread(scene, card)[0], "Trying again")
    assert len(in_thread(scene, card)) == 1


async def test_a_replacement_stands_although_edits_are_open_again(scene: Scene) -> None:
    """Its answer is lost, and the second try could edit the old message: the card is the new one all the same."""
    card, task = await scene.working()
    scene.slack.workspace.edit_window = 0.0
    lost = scene.slack.faults.add(Fault(Kind.LOST, POST))
    task.report("working", "Nearly there")
    await scene.seen(lambda: lost.times == 0, "a new card")
    scene.slack.workspace.edit_window = None

    task.report("working", "There")

    await scene.card_says(in_thread(scene, card)[0], "There")
    assert len(in_thread(scene, card)) == 1


async def test_a_card_for_a_channel_without_the_bot_goes_to_the_person(scene: Scene) -> None:
    """The card is in the direct messages, is followed there, and the private line stays to say so."""
    await scene.command("create -- Tidy the login page", channel=scene.random)
    direct = scene.slack.dm(scene.ana)
    await scene.seen(lambda: scene.cards(direct), "a card in the direct messages")
    card = scene.cards(direct)[0]

    told = await scene.answered("Coder Tasks is not in this channel")
    task = scene.coder.tasks[0]
    await task.ready("working", "Reading the code")
    await scene.seen(lambda: "Working" in words(scene.slack.message(direct, card.ts)), "the card at work")
    await scene.quiet()

    assert card.ts.replace(".", "") in told
    assert scene.private() == [told]
    assert scene.slack.messages(scene.random) == []
    assert len(scene.cards(direct)) == 1


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_who_writes_below_it_there_at_once_is_heard(scene: Scene) -> None:
    """Slack shows it before its answer has come: the reply waits, and is no wish for another task."""
    scene.slack.faults.add(Fault(Kind.SLOW, "chat.postMessage", seconds=1.0))
    await scene.command("create -- Tidy the login page", channel=scene.random)
    direct = scene.slack.dm(scene.ana)
    [card] = await scene.seen(lambda: scene.cards(direct), "a card in the direct messages")

    ts = await scene.slack.post(scene.ana, direct, "And the header", thread_ts=card.ts)

    await scene.seen(lambda: scene.slack.reactions(direct, ts) == {"hourglass_flowing_sand"}, "a prompt that waits")
    task = scene.coder.tasks[0]
    await task.ready("idle", "What first?")
    await scene.reached(lambda: task.inputs == ["And the header"], "the prompt")
    assert len(scene.coder.tasks) == 1
    assert not [text for text in scene.private() if "header" in text]


async def test_a_card_in_direct_messages_is_posted_once(scene: Scene) -> None:
    """Also there an answer that is lost brings no second card, and the person still hears where it is."""
    hurried(scene)
    direct = scene.slack.dm(scene.ana)
    scene.slack.faults.add(Fault(Kind.REFUSE, "conversations.open", status=500))
    scene.slack.faults.add(Fault(Kind.LOST, "chat.getPermalink"))

    await scene.command("create -- Tidy the login page", channel=scene.random)

    await scene.answered("Coder Tasks is not in this channel")
    await scene.quiet()
    assert len(scene.cards(direct)) == 1


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_card_is_not_posted_again_where_nobody_could_look(scene: Scene) -> None:
    """Its answer was lost, and the bot is out of the channel for just the moment in which it looks."""
    hurried(scene)
    scene.slack.faults.add(Fault(Kind.LOST, POST))
    scene.slack.faults.add(refusal("not_in_channel", "conversations.history", 1))

    await scene.command("create -- Tidy the login page")

    direct = scene.slack.dm(scene.ana)
    await scene.seen(lambda: scene.cards(direct), "a card in the direct messages")
    await scene.quiet()
    assert len(scene.cards(direct)) == 1
    assert len(scene.cards()) == 1


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_card_in_an_archived_channel_waits_for_the_next_change(scene: Scene, database_url: str) -> None:
    """Nothing is given up, nobody is troubled, and when the channel is open again the card shows the present."""
    card, task = await scene.working()
    fault = scene.slack.faults.add(refusal("is_inactive", "chat.update", None))
    task.report("working", "Nobody sees this")
    await scene.seen(lambda: [call for call in scene.slack.calls if call.error == "is_inactive"], "a refused edit")
    await scene.quiet()
    fault.times = 0

    task.report("working", "Everybody sees this")
    await scene.card_says(card, "Everybody sees this")
    assert ask(database_url, "SELECT count(*) FROM outbox WHERE state = 2") == [(0,)]


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_deleted_card_in_a_channel_without_the_bot_waits_for_the_next_change(
    scene: Scene, database_url: str
) -> None:
    """Nothing is given up while nothing can be posted; invited again, the bot posts the card anew."""
    card, task = await scene.working()
    scene.slack.workspace.remove_message(scene.card(card))
    await scene.slack.remove_bot(scene.payments)
    task.report("working", "Nobody sees this")
    await scene.seen(lambda: [call for call in scene.slack.calls if call.error == "not_in_channel"], "a refusal")
    await scene.quiet()
    await scene.slack.invite_bot(scene.payments)

    task.report("working", "Everybody sees this")
    await scene.seen(lambda: any("Everybody sees this" in words(one) for one in in_thread(scene, card)), "a new card")
    assert ask(database_url, "SELECT count(*) FROM outbox WHERE state = 2") == [(0,)]
