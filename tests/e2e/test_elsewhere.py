"""Where the bot may not write: cards go to the person's direct messages, and answers and what was lost reach them."""

from __future__ import annotations

import pytest

from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Channel, Message
from tests.e2e.day import ask
from tests.e2e.scene import Scene, words
from tests.e2e.steps import press, told
from tests.e2e.test_card_edits import refusal


async def in_direct_messages(scene: Scene) -> Message:
    """Ana's card in her direct messages."""
    [card] = await scene.seen(lambda: scene.cards(scene.slack.dm(scene.ana)), "a card in direct messages")
    return card


async def test_a_channel_that_the_bot_is_not_in(scene: Scene) -> None:
    """The task is made, its card is in the person's direct messages, and a private note says why and how to mend it."""
    await scene.command("create Fix it", channel=scene.random)

    card = await in_direct_messages(scene)
    note = await told(scene, "Task created", "Coder Tasks is not in this channel", "/invite @Coder Tasks")
    await scene.quiet()
    assert note.channel == scene.random.id
    assert len(scene.private()) == 1
    assert not scene.slack.messages(scene.random)
    [task] = scene.coder.tasks
    await task.ready("idle", "Well?")
    await scene.seen(lambda: "Waiting for input" in words(scene.slack.message(card.channel, card.ts)), "the card")
    await scene.slack.post(scene.ana, scene.slack.dm(scene.ana), "Go on", thread_ts=card.ts)
    await scene.reached(lambda: task.inputs == ["Go on"], "the prompt")


async def test_a_channel_where_nobody_may_post(scene: Scene) -> None:
    """Where posting is restricted or the channel is closed to apps, it is the same."""
    scene.payments.posting = {scene.admin.id}

    await scene.command("create Fix it")

    await in_direct_messages(scene)
    await told(scene, "Task created", "Slack does not let Coder Tasks post in this channel")
    await scene.quiet()
    assert len(scene.private()) == 1
    assert not scene.slack.messages(scene.payments)


async def test_commands_where_the_bot_is_not(scene: Scene) -> None:
    """Answers to commands need no membership, and refusals neither."""
    for text, says in (("list", "You have no tasks"), ("status nothing", "No task is called"), ("help", "Coder Tasks")):
        await scene.command(text, channel=scene.random)
        assert (await told(scene, says)).channel == scene.random.id


async def test_an_answer_address_that_is_used_up(scene: Scene) -> None:
    """What cannot be said through the command's own address is said in the channel, privately, or in a message."""
    gone = Fault(Kind.REFUSE, "response_url", status=404, body="expired_url", times=None)
    scene.slack.faults.add(gone)

    await scene.command("list")
    assert (await told(scene, "You have no tasks")).via is None
    await scene.command("list", channel=scene.random)
    dm = scene.slack.dm(scene.ana)
    await scene.seen(
        lambda: [one for one in scene.slack.messages(dm) if "You have no tasks" in words(one)], "a message"
    )


async def test_a_command_in_the_direct_messages(scene: Scene) -> None:
    """In the direct messages with the bot the card is posted there, and its buttons work."""
    dm: Channel = scene.slack.dm(scene.ana)

    await scene.command("create Fix it", channel=dm)

    card = await in_direct_messages(scene)
    await press(scene, card, "Build log")
    await told(scene, "No build log yet")


def undelivered(scene: Scene, channel: Channel) -> list[Message]:
    """The messages that say of a prompt that it did not arrive."""
    return [one for one in scene.slack.messages(channel) if "Not delivered" in one.text]


async def test_where_its_thread_is_closed_the_author_reads_it_in_a_message(scene: Scene) -> None:
    """The bot is out of the channel when it turns out: the person is told all the same, and may send it again."""
    card, task = await scene.working()
    ts = await scene.reply(card, "please")
    await scene.reaction(ts, "hourglass_flowing_sand")
    await scene.slack.remove_bot(scene.payments)
    task.fail_build(["Error: no capacity"])
    direct = scene.slack.dm(scene.ana)

    [message] = await scene.seen(lambda: undelivered(scene, direct), "a direct message")

    assert "please" in words(message)
    task.set_status("active")
    task.report("idle", "Ready again")
    await scene.slack.click(scene.ana, message, "prompt.again")
    await scene.reached(lambda: task.inputs == ["please"], "the prompt")
    await scene.quiet()
    assert len(undelivered(scene, direct)) == 1


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_where_only_another_thread_is_closed_the_prompts_own_says_it(scene: Scene) -> None:
    """The task has a second card, in a channel that the bot has left: nobody is told twice."""
    card, task = await scene.working()
    await scene.slack.invite_bot(scene.random)
    await scene.command(f"follow {task.name}", channel=scene.random)
    await scene.seen(lambda: scene.cards(scene.random), "the second card")
    await scene.slack.remove_bot(scene.random)
    ts = await scene.reply(card, "please")
    await scene.reaction(ts, "hourglass_flowing_sand")

    task.fail_build(["Error: no capacity"])

    await scene.told(card, "Not delivered")
    await scene.quiet()
    assert undelivered(scene, scene.slack.dm(scene.ana)) == []


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_nobody_waits_for_a_card_that_could_not_be_posted(scene: Scene, database_url: str) -> None:
    """It follows nothing any more: what people write in threads of that channel is not held up by it."""
    _, task = await scene.working()
    await scene.slack.invite_bot(scene.random)
    await scene.seen(lambda: scene.slack.messages(scene.random), "the welcome")
    refused = scene.slack.faults.add(refusal("is_archived", "chat.postMessage", 1))
    await scene.command(f"follow {task.name}", channel=scene.random)
    await scene.seen(lambda: refused.times == 0, "a refusal")
    await told(scene, "The card could not be posted")
    ts = await scene.slack.post(scene.ana, scene.random, "Lunch?")

    await scene.slack.post(scene.bo, scene.random, "At noon", thread_ts=ts)

    assert ask(database_url, "SELECT kind FROM outbox WHERE kind = 'find_thread'") == []
