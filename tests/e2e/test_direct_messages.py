"""Direct messages to the bot, and what it says where it is new."""

from __future__ import annotations

import asyncio

from bot.sandbox.coder import TaskHandle
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.records import Message, User
from tests.e2e.scene import Scene, words
from tests.e2e.steps import buttons, creates, press, told

DELIVERED = "white_check_mark"


async def write(scene: Scene, text: str, thread_ts: str | None = None, user: User | None = None) -> str:
    """Somebody (Ana) writes to the bot; the message's ts."""
    who = user or scene.ana
    return await scene.slack.post(who, scene.slack.dm(who), text, thread_ts=thread_ts)


async def card_below(scene: Scene, ts: str, user: User | None = None) -> tuple[Message, TaskHandle]:
    """The card in the thread of a direct message, and its task."""
    place = scene.slack.dm(user or scene.ana)

    def cards() -> list[Message]:
        found = scene.slack.thread(place, ts)
        return [one for one in found if one.metadata and one.metadata["event_type"] == "coder_task_card"]

    card = (await scene.seen(cards, "a card in the thread"))[0]
    return card, scene.coder.task((card.metadata or {})["event_payload"]["task_id"])


async def test_every_message_is_a_task_and_its_thread_the_conversation(scene: Scene) -> None:
    """Two messages are two tasks; replies below each reach its agent, also after a restart, and events count once."""
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "*", times=None))
    first = await write(scene, "Fix the <login> test\nquickly")
    second = await write(scene, f"<@{scene.slack.bot_user.id}> Write the docs")
    by_bo = await write(scene, "And the changelog", user=scene.bo)

    _, task = await card_below(scene, first)
    _, other = await card_below(scene, second)
    _, bos = await card_below(scene, by_bo, scene.bo)
    assert task.task.initial_prompt == "Fix the <login> test\nquickly"
    assert other.task.initial_prompt == "Write the docs"
    assert bos.task.owner.username == "bo"
    await task.ready("idle", "Which one?")
    await other.ready("idle", "Which docs?")
    place = scene.slack.dm(scene.ana)
    reply = await write(scene, "The second", first)
    await scene.seen(lambda: scene.slack.reactions(place, reply, scene.slack.bot_user) == {DELIVERED}, "the reply")
    await scene.stop()
    late = await scene.slack.post(scene.ana, place, "All of them", thread_ts=second, wait=False)
    await scene.start()
    await scene.seen(lambda: scene.slack.reactions(place, late, scene.slack.bot_user) == {DELIVERED}, "the late one")
    await write(scene, "!status", first)
    await told(scene, "Coder says", task.name)

    await scene.quiet()
    assert (task.inputs, other.inputs, bos.inputs) == (["The second"], ["All of them"], [])
    assert len(creates(scene)) == 3
    assert not scene.slack.messages(scene.payments)


async def test_the_grammar_comes_first(scene: Scene) -> None:
    """Commands work as after the slash; one word alone starts nothing, and a note is left alone."""
    place = scene.slack.dm(scene.ana)
    for text, answer in (
        ("help", "/coder-task"),
        ("list", "You have no tasks"),
        ("hlep", "The nearest is"),
        ("hi", "`help`"),
    ):
        known = len(scene.private())
        await write(scene, text)
        await scene.seen(lambda known=known: len(scene.private()) > known, f"an answer to {text!r}")  # type: ignore[misc]
        assert answer.strip("`") in scene.private()[-1], (text, scene.private()[-1])
    await write(scene, "// just a note")
    await write(scene, "create")
    opens = await told(scene, "This needs a form")
    await scene.quiet()
    assert not creates(scene)
    await press(scene, opens, "Open the form…")
    await scene.seen(lambda: scene.slack.views(scene.ana), "the form")
    ts = await write(scene, "create -t aider -n my-fix Do it")
    _, task = await card_below(scene, ts)
    assert (task.name, task.workspace.template.name) == ("my-fix", "aider")
    assert {one.channel for one in scene.slack.ephemerals(scene.ana)} == {place.id}


async def test_who_has_no_account_is_told(scene: Scene) -> None:
    """A stranger's message starts nothing and is answered; a reply where there is no task is asked about."""
    ts = await write(scene, "Fix it", user=scene.gia)
    await told(scene, "No Coder user has your e-mail", user=scene.gia)
    assert not creates(scene)
    await write(scene, "please try again", ts, user=scene.gia)
    asks = await told(scene, "Start a task with this prompt?", user=scene.gia)
    assert "Start with the thread" in buttons(asks)


async def test_welcome_in_direct_messages(scene: Scene) -> None:
    """Who looks at the messages for the first time reads what to do; once, however often they look."""
    place = scene.slack.dm(scene.ana)
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "*", times=None))

    await asyncio.gather(*(scene.slack.open_home(scene.ana, "messages") for _ in range(3)))
    await scene.slack.open_home(scene.bo)

    [welcome] = await scene.seen(lambda: scene.slack.messages(place), "the welcome")
    assert "Send a prompt here to start a Coder task" in words(welcome)
    await scene.stop()
    await scene.start()
    await scene.slack.open_home(scene.ana, "messages")
    await scene.quiet()
    assert scene.slack.messages(place) == [welcome]
    assert not scene.slack.messages(scene.slack.dm(scene.bo))
    await press(scene, welcome, "New task")
    await scene.seen(lambda: scene.slack.views(scene.ana), "the form")


async def test_welcome_in_a_channel(scene: Scene) -> None:
    """Whoever adds the bot lets it say what it is; not again when it is added once more, and not for other people."""
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "*", times=None))

    await scene.slack.invite_bot(scene.random, scene.ana)
    [welcome] = await scene.seen(lambda: scene.slack.messages(scene.random), "the welcome")
    assert "visible to everyone here" in words(welcome)
    assert "Added by ana" in words(welcome)
    assert set(buttons(welcome)) == {"New task", "Channel settings…", "Help"}
    newcomer = scene.slack.add_user("new")
    await scene.slack.join(newcomer, scene.random)
    await scene.slack.remove_bot(scene.random)
    await scene.slack.invite_bot(scene.random, scene.bo)
    await scene.quiet()

    assert scene.slack.messages(scene.random) == [welcome]
    await press(scene, welcome, "Help", scene.bo)
    await told(scene, "/coder-task", user=scene.bo)
    await press(scene, welcome, "New task")
    await scene.seen(lambda: scene.slack.views(scene.ana), "the form")


async def test_cards_come_up_to_date_when_the_bot_is_back_in_the_channel(scene: Scene) -> None:
    """What a card missed while the bot was out shows when it is added again, and replies are taken in."""
    card, task = await scene.waiting()
    await scene.slack.remove_bot(scene.payments)
    task.report("complete", "All done")
    await scene.quiet()
    ts = await scene.slack.post(scene.ana, scene.payments, "one more thing", thread_ts=card.ts)
    await scene.quiet()
    assert task.inputs == []

    await scene.slack.invite_bot(scene.payments, scene.ana)

    await scene.card_says(card, "Complete")
    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["one more thing"]
