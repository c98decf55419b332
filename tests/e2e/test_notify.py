"""Wait for completion: `--notify dm` sends the requester a direct message when the task needs them or has ended."""

from __future__ import annotations

from bot.sandbox.coder import TaskHandle
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Message
from tests.e2e.scene import Scene, words
from tests.e2e.steps import buttons, hurried, press, told


def direct(scene: Scene) -> list[Message]:
    """What the bot has written to Ana in direct messages."""
    return [one for one in scene.slack.messages(scene.slack.dm(scene.ana)) if one.bot_id]


async def written(scene: Scene, *texts: str) -> Message:
    """Wait until the bot's last direct message to Ana has all these words; the message."""
    await scene.seen(lambda: direct(scene) and all(text in words(direct(scene)[-1]) for text in texts), f"{texts!r}")
    return direct(scene)[-1]


async def answered(scene: Scene, card: Message, task: TaskHandle, text: str) -> None:
    """Ana answers the agent, which goes on."""
    ts = await scene.reply(card, text)
    await scene.reaction(ts, "white_check_mark")
    task.report("working", text)
    await scene.card_says(card, "Working")


async def test_a_direct_message_when_it_needs_input_or_ends(scene: Scene) -> None:
    """One message for each change, with the card's address; a quiet thread stays quiet, and none comes twice."""
    hurried(scene)
    card, task = await scene.create("Fix the login", "--notify quiet,dm")
    await task.ready("working", "Reading")
    await scene.card_says(card, "Working")
    assert not direct(scene)

    task.report("idle", "Which one? <!channel>")
    first = await written(scene, "waiting for input", "Which one?", "Reply in the thread to answer.")
    assert card.ts.replace(".", "") in words(first)
    assert "Open the card" in buttons(first)
    assert "<!channel>" not in first.text
    assert "<@" not in words(first)
    await answered(scene, card, task, "The first")

    post = scene.slack.faults.add(Fault(Kind.CUT, "chat.postMessage", times=1))
    task.report("failure", "The tests need a database")
    await written(scene, "failed", "The tests need a database")
    await scene.reached(lambda: post.times == 0, "the lost answer")
    await answered(scene, card, task, "Use mine")
    task.report("complete", "Done", "https://github.com/acme/shop/pull/7")
    await written(scene, "complete", "PR #7", "after")
    await scene.command(f"delete {task.name} --yes")
    await written(scene, "deleted")
    await scene.quiet()
    assert len(direct(scene)) == 4
    assert not [one for one in scene.thread(card) if "waiting for input" in one.text]


async def test_other_ends_and_other_people(scene: Scene) -> None:
    """A failed build and a task that is gone are told; who did not ask for it gets no direct messages."""
    _, broken = await scene.create("Break", "--notify dm")
    broken.fail_build(["Error: no capacity"])
    await written(scene, "error", "the workspace build failed")
    _, gone = await scene.create("Vanish", "--notify=dm,all")
    await gone.ready("working", "Reading")
    gone.vanish()
    await written(scene, "deleted in Coder")
    card, usual = await scene.create("As usual")
    await usual.ready("working", "Reading")
    usual.report("complete", "Done")
    await scene.told(card, "Complete")
    await scene.quiet()
    assert len(direct(scene)) == 2


async def test_what_notify_takes(scene: Scene) -> None:
    """Two levels at once, and words that it does not know, are refused in private with the nearest."""
    await scene.command("create --notify quiet,all Fix it")
    await told(scene, "`--notify` cannot be".replace("`", ""), "quiet,all")
    await scene.command("create --notify quite,dm Fix it")
    near = await told(scene, "quiet,dm")
    await press(scene, near, "Use quiet,dm")
    await scene.seen(scene.cards, "a card")
