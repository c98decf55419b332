"""A task's card when its machine fails, rests or goes, and when people ask for that."""

from __future__ import annotations

import pytest

from bot import cards, changes
from bot.sandbox.coder import TaskHandle
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Message
from tests.e2e.scene import Scene, words
from tests.e2e.steps import choose, press
from tests.e2e.test_cards import shown, state


async def test_a_build_fails_and_is_retried(scene: Scene) -> None:
    """A failed build shows its cause and the end of its log; Retry build brings the task up, and both are followed."""
    card, task = await scene.create()
    task.fail_build(["Error: creating container", "no space left on device"], "terraform apply: exit status 1")
    await scene.card_says(card, "The workspace build failed")
    assert all(text in shown(scene, card) for text in ("terraform apply: exit status 1", "no space left on device"))
    await scene.told(card, "Workspace build failed")

    await press(scene, scene.card(card), "Retry build")
    await scene.reached(lambda: task.build.number == 2, "a second build")
    await scene.card_says(card, "Queued")
    task.fail_build(["Error: still no space"])
    await scene.told(card, "Workspace build failed", times=2)
    await scene.card_says(card, "still no space")

    await press(scene, scene.card(card), "Retry build")
    await scene.reached(lambda: task.build.number == 3, "a third build")
    await task.ready("working", "Here now")

    await scene.card_says(card, "Working")


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_a_queued_build_that_fails_shows_why(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked of the build while it waited is asked again when it has failed."""
    monkeypatch.setattr(cards, "QUEUE_SECONDS", 0.1)
    card, task = await scene.create()
    task.set_build(queue=(3, 5))
    await scene.card_says(card, "3rd of 5")

    task.fail_build(["Error: no such image"])

    await scene.card_says(card, "no such image")


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_used_up_quota_has_its_own_words(scene: Scene) -> None:
    """A build that met the quota says whose quota it is and what to do."""
    card, task = await scene.create()

    task.fail_build(["Error: insufficient quota"], "insufficient quota", "INSUFFICIENT_QUOTA")

    await scene.card_says(card, "workspace quota is used up")
    assert "Pause or delete another workspace, then retry the build." in shown(scene, card)
    await scene.told(card, "Workspace quota is used up")


async def test_an_unhealthy_agent_is_shown_when_it_lasts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card gives Coder's reason and offers a restart; the restart shows as one, and no pause is told."""
    monkeypatch.setattr(changes, "UNHEALTHY_SETTLES", 0.4)
    card, task = await scene.working()
    task.set_health("unhealthy", "agent has lost connection")
    await scene.card_says(card, "The agent app is unhealthy")
    assert "agent has lost connection" in shown(scene, card)
    assert "agent has lost connection" in words(await scene.told(card, "The agent app is unhealthy"))

    await press(scene, scene.card(card), "Restart workspace")
    await scene.reached(lambda: task.build.transition == "stop", "a stop")
    await scene.card_says(card, "Restart asked by Ana Ruiz")
    task.finish_build()
    await scene.reached(lambda: task.build.transition == "start", "a start")
    await task.ready("working", "Back again")

    await scene.card_says(card, "Working")
    assert "Restart asked by" not in shown(scene, card)
    assert not [one for one in scene.thread(card) if "Paused" in words(one)]


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_a_restart_whose_stop_fails_starts_all_the_same(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workspace that cannot be stopped is started anew, and what is asked later does not wait behind it."""
    monkeypatch.setattr(changes, "UNHEALTHY_SETTLES", 0.2)
    card, task = await scene.working()
    task.set_health("unhealthy", "agent has lost connection")
    await scene.card_says(card, "The agent app is unhealthy")
    await press(scene, scene.card(card), "Restart workspace")
    await scene.reached(lambda: task.build.transition == "stop", "a stop")

    task.fail_build(["Error: cannot stop"])

    await scene.reached(lambda: task.build.transition == "start", "a start")
    await task.ready("working", "Back again")
    await scene.card_says(card, "Working")


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_an_unknown_state_is_shown_when_it_lasts(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """When Coder cannot tell and no build runs, the card says so; the thread does not."""
    monkeypatch.setattr(changes, "UNKNOWN_SETTLES", 0.3)
    card, task = await scene.working()

    task.set_lifecycle("off")

    await scene.card_says(card, "Coder cannot tell the agent’s state")
    assert "Open the task in Coder to see the workspace." in shown(scene, card)
    assert len(scene.thread(card)) == 1


async def test_a_pause_from_the_card(scene: Scene) -> None:
    """Pause shows at once, is carried out, names who asked for it, and Resume brings the task back."""
    card, task = await scene.waiting()
    await press(scene, scene.card(card), "Pause")
    await scene.card_says(card, "Pausing")
    assert "asked by Ana Ruiz" in shown(scene, card)
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    await scene.quiet()
    assert state(scene, card) == "pausing"

    task.finish_build()
    await scene.card_says(card, "Paused")
    assert "by Ana Ruiz" in shown(scene, card)
    assert "Files are kept." in shown(scene, card)
    assert "Shall I go on?" in shown(scene, card)
    assert "by Ana Ruiz" in words(await scene.told(card, "Paused"))

    await press(scene, scene.card(card), "Resume")
    await scene.card_says(card, "Resuming")
    assert "Asked by Ana Ruiz" in shown(scene, card)
    await scene.reached(lambda: task.build.transition == "start", "a start build")
    await task.ready("idle", "Back again")
    await scene.card_says(card, "Waiting for input")


async def test_a_pause_that_coder_refuses_is_taken_back(scene: Scene) -> None:
    """The card goes back to what it was, and only the person who asked reads why."""
    card, _ = await scene.waiting()
    body = '{"message": "You do not have permission to stop this workspace."}'
    headers = {"Content-Type": "application/json"}
    scene.coder.faults.add(Fault(Kind.REFUSE, "POST /api/v2/tasks/*/pause", status=403, body=body, headers=headers))

    await press(scene, scene.card(card), "Pause")

    await scene.answered("Coder does not allow it")
    await scene.card_says(card, "Waiting for input")
    assert not scene.private(scene.bo)
    assert not [one for one in scene.thread(card) if "Paused" in words(one)]


async def test_a_restart_that_no_poll_saw(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coder's list was away while the workspace stopped and started: the card does not go on saying Resuming."""
    monkeypatch.setattr("bot.changes.UNHEALTHY_SETTLES", 0.1)
    monkeypatch.setattr("bot.delivery.controls._BUILD_AGAIN", 0.1)
    card, task = await scene.working()
    task.set_health("unhealthy", "agent has lost connection")
    await scene.card_says(card, "Restart workspace")
    scene.coder.faults.add(Fault(Kind.REFUSE, "GET /api/v2/tasks", None, status=503))

    await press(scene, scene.card(card), "Restart workspace")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    task.finish_build()
    await scene.reached(lambda: task.build.transition == "start", "a start build")
    await task.ready("working", "Up again")
    await scene.card_says(card, "Resuming")
    scene.coder.faults.clear()

    await scene.card_says(card, "Working")


async def test_a_restart_whose_end_only_a_prompt_saw(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The poll saw the stop, and no more until a prompt had reached the agent: the restart is over all the same."""
    monkeypatch.setattr("bot.changes.UNHEALTHY_SETTLES", 0.1)
    monkeypatch.setattr("bot.delivery.controls._BUILD_AGAIN", 0.1)
    card, task = await scene.working()
    task.set_health("unhealthy", "agent has lost connection")
    await press(scene, await scene.card_says(card, "Restart workspace"), "Restart workspace")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    await scene.quiet()
    scene.coder.faults.add(Fault(Kind.REFUSE, "GET /api/v2/tasks", None, status=503))
    task.finish_build()
    await scene.reached(lambda: task.build.transition == "start", "a start build")
    await task.ready("idle", "Up again")
    await scene.reply(card, "Go on")
    await scene.reached(lambda: task.inputs == ["Go on"], "the prompt")
    scene.coder.faults.clear()

    await scene.card_says(card, "Working")


async def test_a_delete_waits_for_the_build(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delete while a build runs is kept, shown, explained when it takes long, and carried out when the build ends."""
    monkeypatch.setattr("bot.delivery.controls._BUSY_SECONDS", 0.0)
    card, task = await scene.create()
    task.set_build(job_status="running")
    await scene.card_says(card, "Starting")
    await _delete(scene, card, task)
    await scene.card_says(card, "Deleting")
    await scene.answered("It is deleted as soon as the build ends.")
    assert not task.deleted

    task.finish_build()

    await scene.card_says(card, "Deleted")
    assert scene.coder.task(task.id).deleted
    assert "by Ana Ruiz" in words(await scene.told(card, "Deleted"))


async def _delete(scene: Scene, card: Message, task: TaskHandle) -> None:
    """Ana deletes the task from the card's menu, and says yes in the form that asks."""
    await choose(scene, card, f"delete:{task.id}")
    form = (await scene.seen(lambda: scene.slack.views(scene.ana), "a form that asks"))[-1]
    assert (await scene.slack.submit(scene.ana, form)).ok
