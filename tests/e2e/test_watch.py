"""Tasks of elsewhere in a channel: one that somebody follows, and all that a channel watches for."""

from __future__ import annotations

import asyncio

import pytest

from bot.app import open_bot
from bot.sandbox.coder import TaskHandle
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.records import Message
from tests.e2e.scene import Scene, words
from tests.e2e.steps import ask, buttons, hurried, made_in_coder, press, template, told
from tests.e2e.test_poller import POLL, requests_a_tick


async def said(scene: Scene, *texts: str) -> Message:
    """Wait until the bot has said all these words in #payments; the message."""

    def found() -> list[Message]:
        seen = [one for one in scene.slack.messages(scene.payments) if one.bot_id]
        return [one for one in seen if all(text in words(one) for text in texts)]

    return (await scene.seen(found, f"{texts!r} in the channel"))[-1]


async def carded(scene: Scene, task: TaskHandle) -> Message:
    """Wait until the task has a card in #payments; the card."""

    def found() -> list[Message]:
        return [one for one in scene.cards() if (one.metadata or {})["event_payload"]["task_id"] == task.id]

    return (await scene.seen(found, f"a card of {task.name}"))[0]


def replies(scene: Scene, card: Message) -> list[str]:
    """The bold words with which the replies in a card's thread begin."""
    return [one.text for one in scene.thread(card)]


# -- follow ------------------------------------------------------------------------------------------------------------


async def test_follow_and_unfollow(scene: Scene) -> None:
    """A task made in Coder gets a live card and a thread; once unfollowed the card rests and the thread is deaf."""
    task = await made_in_coder(scene, "fix-login", "Fix the login")
    await task.ready("working", "Reading")
    known = len(scene.private())

    await asyncio.gather(scene.command("follow fix-login"), scene.command("watch fix-login"))

    card = await carded(scene, task)
    assert "shown here by Ana Ruiz" in words(card)
    assert "Card posted by Ana Ruiz." in card.text
    prompt = await scene.told(card, "Fix the login")
    assert "from Ana Ruiz" in words(prompt)
    again = await ask(scene, "follow fix-login")
    assert "is followed in this channel already" in words(again)
    assert card.ts.replace(".", "") in words(again)
    assert len(scene.cards()) == 1
    assert len(scene.private()) - known == 2, "one for the second of the two at once, one for the third"

    task.report("idle", "Which one?")
    await scene.told(card, "Which one?")
    ts = await scene.reply(card, "The first")
    await scene.reaction(ts, "white_check_mark")
    assert task.inputs == ["The first"]
    task.report("idle", "And now?")
    await scene.told(card, "And now?")

    stopped = await ask(scene, "unfollow fix-login")
    assert "is not followed here any more" in words(stopped)
    rests = await scene.card_says(card, "no longer follows the task")
    assert "Ana Ruiz has ended that here" in words(rests)
    assert set(buttons(rests)) == {"Open in Coder"}
    revised = len(scene.card(card).versions)
    ts = await scene.reply(card, "Too late")
    task.report("complete", "Done")
    await scene.quiet()
    assert task.inputs == ["The first"]
    assert not scene.slack.reactions(scene.payments, ts)
    assert len(scene.card(card).versions) == revised
    assert "Complete" not in "".join(replies(scene, card))
    assert "has no card in this channel" in words(await ask(scene, "watch off fix-login"))

    await scene.command("follow fix-login")
    await scene.seen(lambda: len(scene.cards()) == 2, "a new card")
    assert "Complete" in words(scene.cards()[1])


async def test_follow_only_what_one_may_see(scene: Scene) -> None:
    """Others' tasks are not shown by name, site owners show everybody's; nothing is posted where the bot is not."""
    task = await made_in_coder(scene, "fix-login", "Fix the login")
    await task.ready("working", "Reading")

    await scene.command("follow ana/fix-login", scene.bo)
    await told(scene, "No task is called", user=scene.bo)
    await scene.command("follow fix-login", scene.gia)
    await told(scene, "No Coder user has your e-mail", user=scene.gia)
    await scene.command("follow fix-login", channel=scene.random)
    await told(scene, "Coder Tasks is not in this channel", "/invite")
    await scene.command("follow no-such-task")
    await told(scene, "No task is called", "no-such-task")
    await scene.command("follow the login page until it works")
    await told(scene, "No task is called", "Start task")
    assert not scene.cards()

    await scene.command("follow ana/fix-login", scene.admin)
    card = await carded(scene, task)
    assert "shown here by Coder Admin" in words(card)
    assert "from Coder Admin" not in words(await scene.told(card, "Fix the login"))
    for user in (scene.bo, scene.gia, scene.admin):
        await scene.reply(card, "Do it my way", user)
    await scene.reply(card, "Do it my way")
    await scene.reached(lambda: not task.inputs, "nothing sent while it works")
    task.report("idle", "Well?")
    await scene.reached(lambda: task.inputs == ["Do it my way"], "the owner's prompt")


async def test_where_slack_lets_nobody_post(scene: Scene) -> None:
    """A card that cannot be posted here goes nowhere else; who asked for it reads why, and may ask once more."""
    scene.payments.posting = {scene.ana.id}
    task = await made_in_coder(scene, "fix-login")
    await task.ready("working", "Reading")

    await scene.command("follow fix-login")

    await told(scene, "The card could not be posted", "Slack does not let Coder Tasks post")
    assert not scene.slack.messages(scene.slack.dm(scene.ana))
    scene.payments.posting = None
    await scene.command("follow fix-login")
    await carded(scene, task)


async def test_a_card_elsewhere_and_here(scene: Scene) -> None:
    """A task whose card is in another channel gets one here too; both are live, each has its own thread."""
    await scene.slack.invite_bot(scene.random)
    card, task = await scene.working()
    await scene.command(f"follow {task.name}", channel=scene.random)
    await scene.seen(lambda: scene.cards(scene.random), "a card in #random")
    other = scene.cards(scene.random)[0]

    task.report("idle", "Shall I go on?")

    await scene.told(card, "Shall I go on?")
    await scene.seen(lambda: "Waiting for input" in words(other), "the other card")
    ts = await scene.slack.post(scene.ana, scene.random, "Yes", thread_ts=other.ts)
    await scene.reached(lambda: task.inputs == ["Yes"], "a prompt from the other thread")
    await scene.seen(lambda: scene.slack.reactions(scene.random, ts) == {"white_check_mark"}, "its reaction")
    await scene.command(f"unfollow {task.name}", channel=scene.random)
    await scene.seen(lambda: "no longer follows" in words(other), "the other card at rest")
    task.report("complete", "Done")
    await scene.told(card, "Complete")
    assert "no longer follows" in words(other)


# -- watch -------------------------------------------------------------------------------------------------------------


async def test_watching_a_channel(scene: Scene) -> None:
    """A watch is told in public; a task gets its card with the first event asked for, its thread those events only."""
    template(scene, "docs-writer")
    await scene.command("watch --template claude-code --on needs-input,complete", scene.admin)
    on = await said(scene, "Task news is on in this channel")
    assert "turned on by Coder Admin" in words(on)
    assert "Waiting and complete tasks of template" in words(on)
    task = await made_in_coder(scene, "fix-login", "Fix the login")
    other = await made_in_coder(scene, "other-one", "Fail")
    for one in (task, other):
        await one.ready("working", "Reading")
    await scene.quiet()
    assert not scene.cards()

    other.report("failure", "No way")
    task.report("idle", "Which one?")
    card = await carded(scene, task)
    assert "shown here by Coder Admin" in words(card)
    question = await scene.told(card, "Which one?")
    assert "<@" not in question.text
    ts = await scene.reply(card, "The first")
    await scene.reaction(ts, "white_check_mark")
    task.report("failure", "Hm")
    await scene.card_says(card, "Failed")
    task.report("complete", "Done", "https://github.com/acme/shop/pull/7")
    await scene.told(card, "PR #7")
    await scene.quiet()
    assert len(scene.cards()) == 1
    assert len(scene.thread(card)) == 2

    created, _ = await scene.create("Made in Slack", "--name made-here")
    assert "shown here" not in words(created)
    await scene.quiet()
    assert len(scene.cards()) == 2, "what is created here has its card already"


async def test_what_is_watched_is_listed_and_ended(scene: Scene) -> None:
    """`watch` alone and `watches` list; Turn off, `watch off` and `unwatch` end it, in public; nothing comes then."""
    none = await ask(scene, "watch")
    assert "This channel gets no task news." in words(none)
    await scene.command("watch --only complete")
    await said(scene, "Complete tasks of Ana Ruiz")
    await scene.command("watch --owner bo --template claude-code", scene.admin)
    await said(scene, "Complete, failed and error tasks of Bo")
    listed = await ask(scene, "watches")
    assert "Complete tasks" not in words(listed)
    assert "complete tasks of Ana Ruiz" in words(listed)
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "block_actions", times=1))

    await asyncio.gather(*(press(scene, listed, "Turn off") for _ in range(2)))

    await said(scene, "Task news is off in this channel", "turned off by Ana Ruiz")
    again = await ask(scene, "unwatch")
    assert "This channel gets no task news." in words(again)
    task = await made_in_coder(scene, "fix-login")
    await task.ready("complete", "Done")
    await scene.quiet()
    assert not scene.cards()
    assert len([one for one in scene.slack.messages(scene.payments) if "is off in" in words(one)]) == 1


async def test_who_may_watch_what(scene: Scene) -> None:
    """People watch their own tasks, site owners anybody's; mistakes are told in private and change nothing."""
    await scene.command("watch --owner all")
    await told(scene, "You can only watch your own tasks")
    await scene.command(f"watch --owner <@{scene.bo.id}>")
    await scene.seen(lambda: sum("only watch your own" in one for one in scene.private()) == 2, "a second refusal")
    await scene.command("watch --template clude-code")
    near = await told(scene, "No template is called", "claude-code")
    await scene.command("watch --only done")
    await told(scene, "cannot be", "done")
    await scene.command("watch --only complete --owner me", channel=scene.random)
    await told(scene, "Coder Tasks is not in this channel")
    await scene.command("watch --owner me", scene.gia)
    await told(scene, "No Coder user has your e-mail", user=scene.gia)
    assert "This channel gets no task news." in words(await ask(scene, "watch"))

    await press(scene, near, "Use claude-code")
    await said(scene, "tasks of Ana Ruiz, of template")
    mine, other = await made_in_coder(scene, "mine"), await made_in_coder(scene, "other", owner="bo")
    for one in (other, mine):
        await one.ready("complete", "Done")
    await carded(scene, mine)
    await scene.quiet()
    assert len(scene.cards()) == 1
    await scene.command(f"watch --owner <@{scene.bo.id}> --only created", scene.admin)
    await said(scene, "New tasks of Bo")
    await scene.quiet()
    assert len(scene.cards()) == 1, "what was there before is no news"
    third = await made_in_coder(scene, "third", owner="bo")
    await carded(scene, third)


async def test_what_was_there_before_is_shown_when_something_happens(scene: Scene) -> None:
    """No flood: old tasks get their card with the next event; however many watches fit there is one card."""
    old = [await made_in_coder(scene, f"old-{number}") for number in range(5)]
    for one in old:
        await one.ready("complete", "Done before")
    await asyncio.gather(
        scene.command("watch --owner me --only complete,failed"),
        scene.command("watch --owner all --on complete,error", scene.admin),
        scene.command("watch --template claude-code --only complete,created", scene.admin),
    )
    await scene.seen(lambda: len([one for one in scene.slack.messages(scene.payments) if one.bot_id]) == 3, "3 watches")
    await scene.quiet()
    assert not scene.cards()

    old[0].report("working", "Once more")
    await scene.quiet()
    old[0].report("complete", "Done again")

    card = await carded(scene, old[0])
    await scene.told(card, "Done again")
    old[1].fail_build(["Error: no capacity"])
    error = await carded(scene, old[1])
    assert "Error" in words(error)
    await scene.quiet()
    assert len(scene.cards()) == 2
    assert (await requests_a_tick(scene)).keys() == {POLL}


@pytest.mark.parametrize("world", ["socket-postgresql"])
async def test_replicas_and_restarts_make_one_card(scene: Scene) -> None:
    """Two replicas, a lost answer of Slack and a restart: still one card and one reply for each event."""
    hurried(scene)
    await scene.command("watch --owner me --only created,complete")
    await said(scene, "New and complete tasks of Ana Ruiz")
    second = await open_bot(scene.settings())
    await second.start()
    try:
        lost = scene.slack.faults.add(Fault(Kind.CUT, "chat.postMessage", times=1))
        task = await made_in_coder(scene, "fix-login")
        card = await carded(scene, task)
        await scene.reached(lambda: lost.times == 0, "the lost answer")
        await task.ready("working", "Reading")
        await scene.card_says(card, "Working")
        await scene.stop()
        task.report("complete", "Done")
        await scene.told(card, "Done")
    finally:
        await second.stop()
    late = await made_in_coder(scene, "while-away")
    await late.ready("complete", "Done while nobody looked")
    await scene.start()
    await scene.told(await carded(scene, late), "Done while nobody looked")
    await scene.quiet()
    assert len(scene.cards()) == 2
    assert len(scene.thread(card)) == 1
