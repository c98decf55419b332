"""The buttons of cards: whoever clicks is answered privately, may do what their Coder account may, and once."""

from __future__ import annotations

import asyncio
from copy import copy

import pytest

from bot import changes
from bot.delivery import controls
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.records import Message, User, View
from tests.e2e.scene import Scene, words
from tests.e2e.steps import buttons, choose, hurried, made_in_coder, press, told
from tests.e2e.test_card_edits import refusal


async def test_logs_and_build_log(scene: Scene) -> None:
    """Logs and Build log show the end of the log to whoever clicked, and leave the card as it is."""
    card, task = await scene.create()
    scene.coder.deployment.log(task.build, "Pulling the image")
    await press(scene, scene.card(card), "Build log")
    await told(scene, "Build log", "Pulling the image")
    await task.ready("working", "Reading")
    task.say("All lines read")
    await scene.card_says(card, "Working")

    await press(scene, scene.card(card), "Logs")

    log = await told(scene, "Logs", "All lines read")
    assert (log.channel, log.thread_ts) == (card.channel, None)
    await press(scene, log, "Build log")
    await scene.seen(lambda: "Pulling the image" in words(log), "the build's log in its place")
    assert "Working" in words(scene.card(card))


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_an_answer_in_direct_messages_comes_once(scene: Scene) -> None:
    """Where nobody can be told privately it is a direct message, which is looked for when its own answer was lost."""
    card, task = await scene.create()
    await scene.seen(lambda: scene.thread(card), "the beginning of the thread")  # or its answer would be the lost one
    scene.coder.deployment.log(task.build, "Pulling the image")
    hurried(scene)
    scene.slack.faults.add(refusal("is_archived", "chat.postEphemeral", None))
    scene.slack.faults.add(Fault(Kind.LOST, "chat.postMessage"))

    await press(scene, scene.card(card), "Build log")

    await scene.seen(lambda: scene.slack.calls_of("conversations.history"), "a second try")
    await scene.quiet()
    said = [words(one) for one in scene.slack.messages(scene.slack.dm(scene.ana))]
    assert len(said) == 1
    assert "Pulling the image" in said[0]


async def test_pause_and_resume(scene: Scene) -> None:
    """Pause and Resume act at once, however often they are clicked, and the card shows how far it is."""
    card, task = await scene.working()
    assert "confirm" in buttons(scene.card(card))["Pause"]
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "block_actions", times=1))

    await asyncio.gather(*(press(scene, scene.card(card), "Pause") for _ in range(2)))
    await scene.card_says(card, "Pausing")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    task.finish_build()
    await scene.card_says(card, "Paused")
    await told(scene, "Pausing", "Files are kept")
    await asyncio.gather(*(press(scene, scene.card(card), "Resume") for _ in range(2)))
    await scene.card_says(card, "Resuming")
    await scene.reached(lambda: task.build.transition == "start", "a start build")
    await task.ready("idle", "Back again")
    await scene.card_says(card, "Waiting for input")
    assert [build.transition for build in task.workspace.builds] == ["start", "stop", "start"]


async def test_retry_build(scene: Scene) -> None:
    """Retry build on the card of a failed build starts it once more, once."""
    card, task = await scene.create()
    task.fail_build(["Error: no capacity"])
    await scene.card_says(card, "Error")

    await asyncio.gather(*(press(scene, scene.card(card), "Retry build") for _ in range(2)))

    await told(scene, "Retrying the build")
    await scene.reached(lambda: len(task.workspace.builds) == 2, "a second build")
    await task.ready("working", "Here we go")
    await scene.card_says(card, "Working")
    await scene.quiet()
    assert [build.transition for build in task.workspace.builds] == ["start", "start"]


async def test_restart_workspace(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Restart workspace, once confirmed, stops the workspace of an agent that is not well, and starts it."""
    monkeypatch.setattr(changes, "UNHEALTHY_SETTLES", 0.1)
    card, task = await scene.working()
    task.set_health("unhealthy", "agent has lost connection")
    await scene.card_says(card, "Restart workspace")
    assert "confirm" in buttons(scene.card(card))["Restart workspace"]

    await press(scene, scene.card(card), "Restart workspace")

    await told(scene, "Restarting the workspace")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")


async def test_of_two_people_at_once_the_first_is_done_the_will_of(scene: Scene) -> None:
    """Ana and an admin pause, resume, retry and delete at the same time: it is done once, the second reads by whom."""
    card, task = await scene.waiting()
    for label, did, transition in (("Pause", "paused the task", "stop"), ("Resume", "resumed the task", "start")):
        await both_press(scene, card, label)
        await one_was_first(scene, did)
        await scene.reached(lambda: task.build.transition == transition, f"a {transition} build")  # noqa: B023
        if transition == "stop":
            task.finish_build()
            await scene.card_says(card, "Paused")
    task.fail_build(["Error: no capacity"])
    await scene.card_says(card, "Error")

    await both_press(scene, card, "Retry build")
    await one_was_first(scene, "retried the build")
    await scene.reached(lambda: len(task.workspace.builds) == 4, "a second start")
    await task.ready("idle", "Back again")
    await scene.card_says(card, "Waiting for input")
    await scene.quiet()
    assert [build.transition for build in task.workspace.builds] == ["start", "stop", "start", "start"]

    forms = [await delete_form(scene, card, user) for user in (scene.ana, scene.admin)]
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "view_submission", times=None))
    await asyncio.gather(*(scene.slack.submit(form.user, form) for form in forms))
    await one_was_first(scene, "deleted the task")
    await scene.reached(lambda: task.deleted, "the task to go")
    await scene.told(card, "Deleted")
    assert [build.transition for build in task.workspace.builds][4:] == ["delete"]


async def test_restarted_by_two_people_at_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two restarts at once stop and start the workspace once."""
    monkeypatch.setattr(changes, "UNHEALTHY_SETTLES", 0.1)
    monkeypatch.setattr(controls, "_BUILD_AGAIN", 0.1)
    card, task = await scene.working()
    task.set_health("unhealthy", "agent has lost connection")
    await scene.card_says(card, "Restart workspace")

    await both_press(scene, card, "Restart workspace")

    await one_was_first(scene, "restarted the workspace")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    task.finish_build()
    await scene.reached(lambda: task.build.transition == "start", "a start build")
    await task.ready("working", "Up again")
    await scene.card_says(card, "Working")
    await scene.quiet()
    assert [build.transition for build in task.workspace.builds] == ["start", "stop", "start"]


async def both_press(scene: Scene, card: Message, label: str) -> None:
    """Ana and the admin press the same button at the same time."""
    shown = scene.card(card)
    await asyncio.gather(*(press(scene, shown, label, user) for user in (scene.ana, scene.admin)))


async def one_was_first(scene: Scene, did: str) -> None:
    """Wait until exactly one of the two has been told that the other did it."""

    def told_so() -> list[str]:
        pairs = ((scene.ana, f"Coder Admin {did} at"), (scene.admin, f"Ana Ruiz {did} at"))
        return [text for user, who in pairs for text in scene.private(user) if "Already done" in text and who in text]

    found = await scene.seen(told_so, f"somebody to read who {did}")
    assert len(found) == 1


async def delete_form(scene: Scene, card: Message, user: User) -> View:
    """Somebody opens the form that asks before a delete."""
    await choose(scene, card, "Delete…", user)
    return (await scene.seen(lambda: scene.slack.views(user), "the form"))[-1]


async def test_delete_in_the_menu(scene: Scene) -> None:
    """Delete… opens a form that says what goes; Keep it keeps it, Delete task deletes, and says so privately."""
    card, task = await scene.waiting()
    form = await delete_form(scene, card, scene.ana)
    assert "This cannot be undone" in str(form.body)
    assert task.name in str(form.body)
    await scene.slack.close(scene.ana, form)
    assert not task.deleted

    form = await delete_form(scene, card, scene.ana)
    assert (await scene.slack.submit(scene.ana, form)).ok
    await scene.reached(lambda: task.deleted, "the task to go")
    await scene.card_says(card, "Deleted")
    await scene.told(card, "Deleted")
    await told(scene, "Deleting", task.name)


async def test_a_colleague_clicks(scene: Scene) -> None:
    """Everybody sees the same buttons; who may not is told privately whose task it is, and nothing happens."""
    card, task = await scene.waiting()

    for label, verb in (("Logs", "read"), ("Pause", "pause")):
        await press(scene, scene.card(card), label, scene.bo)
        await told(scene, f"You cannot {verb} this task", "It belongs to Ana Ruiz", "Ask Ana", user=scene.bo)
    await choose(scene, card, "Delete…", scene.bo)
    await told(scene, "You cannot delete this task", user=scene.bo)
    await press(scene, scene.card(card), "Logs", scene.gia)
    await told(scene, "No Coder user has your e-mail", user=scene.gia)
    assert not scene.private()
    await press(scene, scene.card(card), "Pause", scene.admin)
    await scene.card_says(card, "asked by Coder Admin")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")


async def test_a_card_of_a_task_that_is_gone(scene: Scene) -> None:
    """A click on a card that has not heard yet says that there is no task any more."""
    card, task = await scene.waiting()
    old = copy(await scene.card_says(card, "Waiting for input"))
    element = buttons(old)["Pause"]
    task.vanish()

    await scene.slack.click(scene.ana, old, element["action_id"], value=element["value"])

    await told(scene, "This task no longer exists")
    await scene.card_says(card, "Deleted in Coder")
    reply = buttons(old)["Reply"]
    await scene.slack.click(scene.ana, old, reply["action_id"], value=reply["value"])
    await scene.seen(lambda: sum("This task no longer exists" in text for text in scene.private()) == 2, "it once more")
    assert not scene.slack.views(scene.ana)


async def test_the_buttons_of_answers(scene: Scene) -> None:
    """The buttons below a list of one task, and below a status, do what those of its card do."""
    task = await made_in_coder(scene, "fix-login")
    await task.ready("idle", "Well?")
    await scene.command("list")
    listed = await told(scene, "1 task", "fix-login")
    await press(scene, listed, "Logs")
    await scene.seen(lambda: "No log yet" in words(listed) or "Logs" in words(listed), "the log in its place")
    await scene.command("status fix-login")
    shown = await told(scene, "Coder says")

    answer = await scene.slack.click(scene.ana, shown, "task.more", selected="Delete…")

    assert answer.ok
    await scene.seen(lambda: "This cannot be undone" in words(shown), "the question in its place")
