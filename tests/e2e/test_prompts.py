"""Replies in a task's thread are prompts: once, in order, when the agent is ready."""

from __future__ import annotations

from bot.sandbox.coder import TaskHandle
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.records import Message
from tests.e2e.scene import Scene

DELIVERED, WAITS, FAILED, MAYBE = "white_check_mark", "hourglass_flowing_sand", "x", "grey_question"


async def test_the_owners_reply_is_sent_to_the_agent(scene: Scene) -> None:
    """A plain reply by the owner reaches the waiting agent as it was written, and its message says so."""
    card, task = await scene.waiting()

    ts = await scene.reply(card, "Yes, use `a & b` <here>\nand there")

    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["Yes, use `a & b` <here>\nand there"]


async def test_replies_wait_for_a_working_agent_in_their_order(scene: Scene) -> None:
    """While the agent works its prompts wait, are counted on the card, and go one by one as it gets ready."""
    card, task = await scene.working()

    first, second = [await scene.reply(card, text) for text in ("first", "second")]

    await scene.reaction(first, WAITS)
    await scene.reaction(second, WAITS)
    await scene.card_says(card, "2 prompts are waiting")
    assert task.inputs == []
    task.report("idle", "Done with that")
    await scene.reaction(first, DELIVERED)
    assert task.inputs == ["first"]
    task.report("idle", "Done with the first")
    await scene.reaction(second, DELIVERED)
    assert task.inputs == ["first", "second"]


async def test_replies_that_slack_delivers_out_of_order_keep_their_order(scene: Scene) -> None:
    """What was written first is sent first, also when Slack hands it over last."""
    card, task = await scene.waiting()
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.LATE, "message", times=1, seconds=0.2))

    early = await scene.slack.post(scene.ana, scene.payments, "early", thread_ts=card.ts, wait=False)
    late = await scene.reply(card, "late")

    await scene.reaction(early, DELIVERED)
    task.report("idle", "And now?")
    await scene.reaction(late, DELIVERED)
    assert task.inputs == ["early", "late"]


async def test_a_reply_that_is_delivered_twice_is_sent_once(scene: Scene) -> None:
    """Slack may deliver an event again; the agent gets the prompt once."""
    card, task = await scene.waiting()
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "message", times=2))

    ts = await scene.reply(card, "only once")

    await scene.reaction(ts, DELIVERED)
    task.report("idle", "Done")
    await scene.quiet()
    assert task.inputs == ["only once"]


async def test_a_reply_whose_ack_is_lost_is_sent_once(scene: Scene) -> None:
    """An ack that Slack does not get brings the event again, and nothing is doubled."""
    card, task = await scene.waiting()
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DROP_ACK, "message", times=1))

    ts = await scene.reply(card, "only once")

    await scene.reaction(ts, DELIVERED)
    task.report("idle", "Done")
    await scene.quiet()
    assert task.inputs == ["only once"]


async def test_a_reply_to_a_paused_task_resumes_it_first(scene: Scene) -> None:
    """A paused task is resumed for the prompt, the thread says so, and the prompt arrives when the agent is ready."""
    card, task = await scene.waiting()
    task.pause_outside()
    await scene.told(card, "Paused")

    ts = await scene.reply(card, "go on")

    await scene.told(card, "Resuming")
    await scene.card_says(card, "Resuming")
    await scene.reached(lambda: task.build.transition == "start", "a start build")
    await task.ready("idle", "Back again")
    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["go on"]


async def test_a_prompt_for_a_task_that_ends_fails_visibly(scene: Scene) -> None:
    """A prompt that waits for a task that is deleted is marked as failed, and the thread counts it."""
    card, task = await scene.working()
    ts = await scene.reply(card, "too late")
    await scene.reaction(ts, WAITS)

    task.vanish()

    await scene.told(card, "1 prompt was not delivered")
    await scene.reaction(ts, FAILED)


async def test_an_error_tells_why_the_prompt_did_not_arrive(scene: Scene) -> None:
    """When the workspace cannot run, the author is mentioned with the reason, and may send the prompt again."""
    card, task = await scene.working()
    ts = await scene.reply(card, "please")
    await scene.reaction(ts, WAITS)
    task.fail_build(["Error: no capacity"])

    told = await scene.told(card, "Not delivered")

    assert f"<@{scene.ana.id}>" in told.text
    await scene.reaction(ts, FAILED)
    task.set_status("active")
    task.report("idle", "Ready again")
    await scene.slack.click(scene.ana, told, "prompt.again")
    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["please"]


async def test_an_ambiguous_send_that_arrived_is_not_sent_again(scene: Scene) -> None:
    """An answer lost on the way is resolved by reading the logs: the prompt is there, so it is not typed twice."""
    card, task = await scene.waiting()
    scene.coder.faults.add(Fault(Kind.LOST, f"POST /api/v2/tasks/*/{task.id}/send"))

    ts = await scene.reply(card, "do it")

    await scene.reaction(ts, DELIVERED)
    task.report("idle", "Done")
    await scene.quiet()
    assert task.inputs == ["do it"]


async def test_an_ambiguous_send_that_did_not_arrive_is_sent_again(scene: Scene) -> None:
    """When the logs show that nothing arrived, the prompt is sent once more."""
    card, task = await scene.waiting()
    task.refuse_send(typed=False)

    ts = await scene.reply(card, "do it")

    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["do it"]


async def test_a_rejected_prompt_that_arrived_all_the_same_is_not_sent_again(scene: Scene) -> None:
    """Coder may say that the agent rejected what it has taken: the logs know better."""
    card, task = await scene.waiting()
    task.refuse_send(typed=True)

    ts = await scene.reply(card, "do it carefully")

    await scene.reaction(ts, DELIVERED)
    task.report("idle", "Done")
    await scene.quiet()
    assert task.inputs == ["do it carefully"]


async def uncertain(scene: Scene) -> tuple[Message, TaskHandle, str]:
    """A task whose agent has a prompt on its screen and, for all the logs tell, not taken it; the message's ts."""
    card, task = await scene.waiting()
    task.refuse_send(typed=False)
    ts = await scene.reply(card, "do it carefully")
    await scene.reached(lambda: [call for call in scene.coder.calls if call.status == 502], "the refusal")
    task.say("> do it carefully")
    return await scene.told(card, "Not certain"), task, ts


async def test_a_prompt_that_only_stands_on_the_screen_is_left_to_its_author(scene: Scene) -> None:
    """When nobody can tell whether the agent took the words, their author is asked and nothing is sent again."""
    told, task, ts = await uncertain(scene)

    assert f"<@{scene.ana.id}>" in told.text
    await scene.reaction(ts, MAYBE)
    await scene.slack.click(scene.ana, told, "prompt.arrived")
    await scene.reaction(ts, DELIVERED)
    assert task.inputs == []


async def test_an_uncertain_prompt_is_sent_again_when_its_author_says_so(scene: Scene) -> None:
    """Send again sends the prompt once more."""
    told, task, ts = await uncertain(scene)

    await scene.slack.click(scene.ana, told, "prompt.again")

    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["do it carefully"]


async def test_a_busy_agent_is_tried_again(scene: Scene) -> None:
    """An agent that turns out to be busy refuses nothing for good."""
    card, task = await scene.waiting()
    task.set_busy(busy=True)
    ts = await scene.reply(card, "when you can")
    await scene.reached(lambda: [call for call in scene.coder.calls if call.status == 409], "a refusal")

    task.set_busy(busy=False)

    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["when you can"]


async def test_notes_to_people_are_not_sent(scene: Scene) -> None:
    """A reply that begins with // or with a mention is for people: no prompt, no reaction."""
    card, task = await scene.waiting()

    notes = [
        await scene.reply(card, text) for text in ("// look at this", f"<@{scene.bo.id}> what do you think?", "  // hm")
    ]
    ts = await scene.reply(card, "for the agent")

    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["for the agent"]
    assert all(not scene.slack.reactions(scene.payments, note) for note in notes)


async def test_a_colleagues_reply_is_refused_privately_and_once(scene: Scene) -> None:
    """Whoever does not own the task is told so, once and privately, and the agent gets nothing."""
    card, task = await scene.waiting()

    await scene.reply(card, "stop everything", scene.bo)
    await scene.answered("Not sent to the agent", scene.bo)
    await scene.reply(card, "please", scene.bo)
    await scene.reply(card, "me too", scene.gia)
    await scene.answered("Not sent to the agent", scene.gia)
    await scene.quiet()

    assert task.inputs == []
    assert len([text for text in scene.private(scene.bo) if "Not sent" in text]) == 1
    assert not [text for text in scene.private(scene.ana) if "Not sent" in text]


async def test_foreign_threads_bots_and_joins_are_ignored(scene: Scene) -> None:
    """Only plain replies of people in a task's thread count; the rest is acknowledged and forgotten."""
    card, task = await scene.waiting()
    other = await scene.slack.post(scene.ana, scene.payments, "a thread of our own")
    robot = scene.slack.add_user("robot", is_bot=True)
    await scene.slack.join(robot, scene.payments)

    await scene.slack.post(scene.ana, scene.payments, "not for the agent", thread_ts=other)
    await scene.reply(card, "beep", robot)
    ts = await scene.reply(card, "for the agent")

    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["for the agent"]
    await scene.seen(lambda: all(delivery.acked for delivery in scene.slack.deliveries), "everything acknowledged")


async def test_an_edit_before_delivery_changes_what_is_sent(scene: Scene) -> None:
    """A waiting prompt is sent as it reads when its turn comes."""
    card, task = await scene.working()
    ts = await scene.reply(card, "old words")
    await scene.reaction(ts, WAITS)

    await scene.slack.edit(scene.ana, scene.payments, ts, "new words")
    task.report("idle", "Ready")

    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["new words"]


async def test_an_edit_after_delivery_is_not_sent(scene: Scene) -> None:
    """What the agent has read cannot be unread: the author is told privately."""
    card, task = await scene.waiting()
    ts = await scene.reply(card, "old words")
    await scene.reaction(ts, DELIVERED)

    await scene.slack.edit(scene.ana, scene.payments, ts, "new words")

    await scene.answered("The edit was not sent")
    assert task.inputs == ["old words"]


async def test_a_message_deleted_before_delivery_is_dropped(scene: Scene) -> None:
    """A waiting prompt whose message is deleted is never sent."""
    card, task = await scene.working()
    ts = await scene.reply(card, "never mind")
    await scene.reaction(ts, WAITS)

    await scene.slack.delete(scene.ana, scene.payments, ts)
    after = await scene.reply(card, "this one")
    task.report("idle", "Ready")

    await scene.reaction(after, DELIVERED)
    assert task.inputs == ["this one"]


async def test_send_goes_the_same_way_and_is_shown_in_the_thread(scene: Scene) -> None:
    """`send` delivers a prompt like a reply does, and the thread shows it to everybody."""
    card, task = await scene.waiting()

    await scene.command(f"send {task.name} leave the signup tests alone")

    await scene.answered("Prompt sent to")
    await scene.told(card, "leave the signup tests alone")
    await scene.reached(lambda: task.inputs == ["leave the signup tests alone"], "the prompt")


async def test_replies_written_while_the_bot_was_down_are_caught_up(scene: Scene) -> None:
    """What was written in a thread while nobody listened is taken in at the next start, once and in order."""
    card, task = await scene.waiting()
    await scene.stop()
    first = await scene.reply(card, "written in the dark")
    second = await scene.reply(card, "and this too")

    await scene.start()

    await scene.reaction(first, DELIVERED)
    task.report("idle", "Next?")
    await scene.reaction(second, DELIVERED)
    assert task.inputs == ["written in the dark", "and this too"]


async def test_a_second_click_changes_nothing(scene: Scene) -> None:
    """Of two clicks on a prompt's button the first counts, and the second is told so; others may not click at all."""
    told, task, ts = await uncertain(scene)

    await scene.slack.click(scene.bo, told, "prompt.again")
    await scene.answered("Not sent to the agent", scene.bo)
    await scene.slack.click(scene.ana, told, "prompt.arrived")
    await scene.slack.click(scene.ana, told, "prompt.again")

    await scene.answered("Already done")
    await scene.reaction(ts, DELIVERED)
    assert task.inputs == []
