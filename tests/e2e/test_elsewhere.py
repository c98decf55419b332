"""Where the bot may not write: the card goes to the person's direct messages, and answers still reach them."""

from __future__ import annotations

from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Channel, Message
from tests.e2e.scene import Scene, words
from tests.e2e.steps import press, told


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
