"""Who steers a task: its owner, or everybody in its thread with a Coder account, as the owner or the channel says."""

from __future__ import annotations

import asyncio

import pytest

from bot.models import ChannelSettings, PromptRule
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.store.settings_rows import save_channel
from tests.e2e.scene import Scene, words
from tests.e2e.steps import choose, press, told
from tests.e2e.test_replicas import another
from tests.e2e.test_task_forms import DELIVERED, form, message

OPEN, CLOSE = "Let this thread steer", "Only the owner steers"
ON_CARD = "This thread steers: replies by everyone with a Coder account reach the agent."


async def test_the_owner_opens_the_thread_and_closes_it(scene: Scene) -> None:
    """While it is open a colleague's replies are theirs and prompts; those of people without Coder are not."""
    card, task = await scene.waiting()
    before = await scene.reply(card, "May I?", scene.bo)
    await told(scene, "Not sent to the agent", user=scene.bo)
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "block_actions", times=1))

    await choose(scene, card, OPEN)

    await scene.told(card, "Ana Ruiz opened it")
    await scene.card_says(card, ON_CARD)
    ts = await scene.reply(card, "Use the cache", scene.bo)
    await scene.reaction(ts, DELIVERED)
    task.report("idle", "Next?")
    strangers = await scene.reply(card, "And me?", scene.gia)
    await told(scene, "Not sent to the agent", user=scene.gia)
    await press(scene, await scene.card_says(card, "Waiting for input"), "Reply", scene.bo)
    await scene.slack.submit(scene.bo, await form(scene, scene.bo), {"prompt.1": "From the form"})
    await scene.told(card, "from Bo Lindqvist")
    await scene.reached(lambda: task.inputs == ["Use the cache", "From the form"], "both prompts")
    task.report("idle", "And then?")
    await scene.slack.shortcut(scene.bo, "send_to_task", message(scene, strangers))
    await scene.reaction(strangers, DELIVERED)
    task.report("idle", "More?")

    await choose(scene, card, CLOSE)

    await scene.told(card, "only what Ana Ruiz writes reaches the agent")
    await scene.seen(lambda: ON_CARD not in words(scene.card(card)), "the card to say so no more")
    late = await scene.reply(card, "One more", scene.bo)
    await press(scene, await scene.card_says(card, "Waiting for input"), "Reply", scene.bo)
    await told(scene, "You cannot prompt this task", user=scene.bo)
    await scene.quiet()
    assert task.inputs == ["Use the cache", "From the form", "And me?"]
    assert not scene.slack.reactions(scene.payments, before)
    assert not scene.slack.reactions(scene.payments, late)
    assert sum("opened it" in words(one) for one in scene.thread(card)) == 1


async def test_only_the_owner_opens_it(scene: Scene) -> None:
    """A colleague is refused; a site owner may; of two at once the first does it, and the second reads so."""
    card, task = await scene.waiting()
    await choose(scene, card, OPEN, scene.bo)
    await told(scene, "You cannot say who steers this task", "It belongs to Ana Ruiz", user=scene.bo)
    assert not [one for one in scene.thread(card) if "steers" in words(one)]

    await asyncio.gather(*(choose(scene, card, OPEN, user) for user in (scene.ana, scene.admin)))

    await scene.told(card, "This thread steers")

    def second() -> list[str]:
        return [text for user in (scene.ana, scene.admin) for text in scene.private(user) if "Already done" in text]

    assert "Everyone in the thread" in (await scene.seen(second, "the word to the second"))[0]
    await scene.quiet()
    assert sum("This thread steers" in words(one) for one in scene.thread(card)) == 1
    ts = await scene.slack.post(scene.bo, scene.random, "Not from here")
    await scene.command(f"send ana/{task.name} from elsewhere", scene.bo, scene.random)
    await told(scene, "You cannot prompt this task", user=scene.bo)
    await scene.slack.shortcut(scene.bo, "send_to_task", scene.slack.message(scene.random, ts))
    await told(scene, "You have no open task", user=scene.bo)
    assert task.inputs == []


async def test_what_was_sent_while_it_was_open(scene: Scene) -> None:
    """A colleague's prompt that failed is theirs to discard when the thread is closed, but not to send again."""
    card, task = await scene.working()
    await choose(scene, card, OPEN)
    await scene.told(card, "This thread steers")
    ts = await scene.reply(card, "Use the cache", scene.bo)
    await scene.reaction(ts, "hourglass_flowing_sand")
    await told(scene, "Queued.", user=scene.bo)
    task.fail_build(["Error: no capacity"])
    await scene.reaction(ts, "x")
    failed = await scene.told(card, "Not delivered")
    assert f"<@{scene.bo.id}>" in failed.text
    await press(scene, await scene.card_says(card, "Retry build"), "Retry build")
    await scene.reached(lambda: len(task.workspace.builds) == 2, "a second build")
    await task.ready("idle", "Up again")
    await scene.card_says(card, "Waiting for input")
    await choose(scene, card, CLOSE)
    await scene.told(card, "Only the owner steers")

    await press(scene, failed, "Send again", scene.bo)

    await told(scene, "Not sent to the agent", "belongs to Ana Ruiz", user=scene.bo)
    await press(scene, failed, "Discard", scene.bo)
    await scene.seen(lambda: not scene.slack.reactions(scene.payments, ts), "no reaction any more")
    await scene.quiet()
    assert task.inputs == []


async def test_a_channel_where_everyone_steers(scene: Scene) -> None:
    """The channel's setting holds for its tasks until the owner says otherwise for one."""
    assert scene.bot is not None
    settings = ChannelSettings(channel=scene.payments.id, prompts=PromptRule.ANYONE)
    await scene.bot.database.run(save_channel, settings)
    card, task = await scene.waiting()
    await scene.card_says(card, ON_CARD)
    ts = await scene.reply(card, "Use the cache", scene.bo)
    await scene.reaction(ts, DELIVERED)
    task.report("idle", "Next?")
    await scene.card_says(card, "Waiting for input")

    await choose(scene, card, CLOSE)

    await scene.told(card, "Only the owner steers")
    await scene.reply(card, "One more", scene.bo)
    await told(scene, "Not sent to the agent", user=scene.bo)
    await scene.quiet()
    assert task.inputs == ["Use the cache"]


@pytest.mark.parametrize("world", ["socket-postgresql"])
async def test_clicks_of_two_people_at_two_bots(scene: Scene) -> None:
    """Whichever bot each click goes to, and however often it comes, everything is done once."""
    async with another(scene):
        scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "block_actions", times=None))
        card, task = await scene.waiting()
        people = (scene.ana, scene.admin)

        async def one_is_second(times: int) -> None:
            """Before anything else happens: somebody who comes when it is long done reads something else."""
            await scene.reached(lambda: len(seconds()) >= times, f"the word to the second, {times} times")

        def seconds() -> list[str]:
            return [text for user in people for text in scene.private(user) if "Already done" in text]

        for times, (label, transition) in enumerate((("Pause", "stop"), ("Resume", "start")), 1):
            shown = await scene.card_says(card, label)
            await asyncio.gather(*(press(scene, shown, label, user) for user in people))
            await scene.reached(lambda: task.build.transition == transition, f"a {transition} build")  # noqa: B023
            await one_is_second(times)
            if transition == "stop":
                task.finish_build()
                await scene.card_says(card, "Paused")
        await task.ready("idle", "Back again")
        await scene.card_says(card, "Waiting for input")
        await asyncio.gather(*(choose(scene, card, OPEN, user) for user in people))
        await scene.told(card, "This thread steers")
        await one_is_second(3)
        await asyncio.gather(*(choose(scene, card, "Delete…", user) for user in people))
        forms = [await form(scene, user) for user in people]
        await asyncio.gather(*(scene.slack.submit(one.user, one) for one in forms))
        await scene.reached(lambda: task.deleted, "the task to go")
        await scene.told(card, "Deleted")
        await one_is_second(4)
        await scene.quiet()

        assert [build.transition for build in task.workspace.builds] == ["start", "stop", "start", "delete"]
        assert sum("This thread steers" in words(one) for one in scene.thread(card)) == 1
        assert len(seconds()) == 4
