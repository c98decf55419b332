"""`pause`, `resume`, `retry` and `delete`: done once, by those who may, and refused with a reason where they cannot."""

from __future__ import annotations

import pytest

from bot.coder import errors
from bot.delivery import controls
from bot.sandbox.coder import TaskHandle
from bot.sandbox.faults import Fault, Kind
from tests.e2e import day
from tests.e2e.scene import Scene, words
from tests.e2e.steps import ask, buttons, hurried, made_in_coder, press, told


def builds(task: TaskHandle) -> list[str]:
    """The transitions that the task's workspace has been through."""
    return [build.transition for build in task.workspace.builds]


async def test_pause_and_resume(scene: Scene) -> None:
    """A task is paused and resumed once; the card follows, and what is done already is said so."""
    card, task = await scene.waiting()

    await scene.command(f"pause {task.name}")
    await told(scene, f"Pausing {task.name}", "Files are kept")
    await scene.card_says(card, "Pausing")
    await scene.reached(lambda: builds(task) == ["start", "stop"], "a stop build")
    task.finish_build()
    await scene.card_says(card, "Paused")
    already = words(await ask(scene, f"pause {task.name}"))
    assert "The task is already paused" in already
    assert "Ana Ruiz paused it" in already
    await scene.command(f"resume {task.name}")
    await told(scene, f"Resuming {task.name}")
    await scene.card_says(card, "Resuming")
    await scene.reached(lambda: builds(task) == ["start", "stop", "start"], "a start build")
    await task.ready("working", "Back")
    await scene.card_says(card, "Working")
    running = words(await ask(scene, f"resume {task.name}"))
    assert "The task is not paused" in running
    assert builds(task) == ["start", "stop", "start"]


async def test_resume_is_offered_where_pause_was_too_late(scene: Scene) -> None:
    """The button of "already paused" resumes the task, of an admin's too."""
    task = await made_in_coder(scene, "fix-login")
    task.pause_outside()

    paused = await ask(scene, "pause ana/fix-login", scene.admin)
    assert "already paused" in words(paused)
    await press(scene, paused, "Resume", scene.admin)

    await scene.reached(lambda: builds(task)[-1] == "start", "a start build")


async def test_resume_while_it_is_being_paused(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changes their mind need not wait: the task is resumed when it has been paused."""
    monkeypatch.setattr(errors, "SOON", 0.1)
    task = await made_in_coder(scene, "fix-login")
    await task.ready("idle", "Well?")

    await scene.command("pause fix-login")
    await scene.reached(lambda: builds(task) == ["start", "stop"], "a stop build")
    await scene.command("resume fix-login")
    await told(scene, "Resuming fix-login")
    task.finish_build()

    await scene.reached(lambda: builds(task) == ["start", "stop", "start"], "a start build")


async def test_a_pause_whose_answer_is_lost_is_not_done_again_after_a_resume(scene: Scene, database_url: str) -> None:
    """By the second try somebody has started the workspace again: they meant it."""
    hurried(scene, 1.0)
    card, task = await scene.waiting()
    scene.coder.faults.add(Fault(Kind.LOST, "POST /api/v2/tasks/*/pause"))
    await scene.command(f"pause {task.name}")
    await scene.reached(lambda: builds(task) == ["start", "stop"], "a stop build")
    task.finish_build()
    task.resume_outside()
    await task.ready("working", "Back")

    await scene.card_says(card, "Back")
    open_ = "SELECT count(*) FROM outbox WHERE kind = 'control' AND state = 0"
    await scene.reached(lambda: day.ask(database_url, open_) == [(0,)], "the second try")

    assert builds(task) == ["start", "stop", "start"]


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_pause_whose_answer_is_lost_is_asked_for_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a build waits that may be the one, nothing is asked of Coder: it could be over when that arrives."""
    hurried(scene)
    monkeypatch.setattr(controls, "_BUILD_AGAIN", 0.1)
    card, task = await scene.waiting()
    scene.coder.faults.add(Fault(Kind.LOST, "POST /api/v2/tasks/*/pause"))
    await scene.command(f"pause {task.name}")
    await scene.reached(lambda: builds(task) == ["start", "stop"], "a stop build")
    await scene.card_says(card, "Pausing")
    await scene.quiet()

    task.finish_build()

    await scene.card_says(card, "Paused")
    await scene.quiet()
    assert builds(task) == ["start", "stop"]
    assert len([call for call in scene.coder.calls if call.name.endswith("/pause")]) == 1


async def test_retry(scene: Scene) -> None:
    """A failed build is started again; a task without an error has nothing to retry, and one in error no resume."""
    card, task = await scene.create()
    assert "The task has no error" in words(await ask(scene, f"retry {task.name}"))
    task.fail_build(["Error: no capacity"])
    await scene.card_says(card, "Error")

    refused = await ask(scene, f"resume {task.name}")
    assert "The task is in state error" in words(refused)
    await press(scene, refused, "Retry build")

    await scene.reached(lambda: builds(task) == ["start", "start"], "a second build")
    await scene.seen(lambda: "Retrying the build" in words(refused), "the answer in its place")
    await task.ready("working", "Here we go")
    await scene.card_says(card, "Working")


async def test_retry_of_a_task_whose_agent_is_not_well(scene: Scene) -> None:
    """When the build is well and the agent is not, retry stops the workspace and starts it."""
    task = await made_in_coder(scene, "fix-login")
    await task.ready()
    task.set_health("unhealthy", "agent has lost connection")

    await scene.command("retry fix-login")

    await told(scene, "Restarting the workspace")
    await scene.reached(lambda: builds(task) == ["start", "stop"], "a stop build")


async def test_delete_asks_first(scene: Scene) -> None:
    """Delete names what goes and waits for a click; Keep it keeps it; a double click is one."""
    card, task = await scene.waiting()

    asks = await ask(scene, f"rm {task.name}")
    assert "This cannot be undone" in words(asks)
    assert task.name in words(asks)
    assert set(buttons(asks)) == {"Delete task", "Pause instead", "Keep it"}
    await press(scene, asks, "Keep it")
    await scene.seen(lambda: not scene.private(), "the question to go")
    assert not task.deleted
    asks = await ask(scene, f"delete {task.name}")
    element = buttons(asks)["Delete task"]
    for _ in range(2):
        await scene.slack.click(scene.ana, asks, element["action_id"], value=element["value"])
    await scene.reached(lambda: task.deleted, "the task to go")
    await scene.card_says(card, "Deleted")
    await scene.told(card, "by Ana Ruiz")
    await scene.quiet()
    assert "Deleting" in words(asks)
    assert builds(task) == ["start", "delete"]
    assert "No task is called" in words(await ask(scene, f"delete {task.name}"))


async def test_pause_instead_of_delete(scene: Scene) -> None:
    """The question of delete offers the gentler way."""
    task = await made_in_coder(scene, "fix-login")
    await task.ready("idle", "Well?")

    await press(scene, await ask(scene, "delete fix-login"), "Pause instead")

    await scene.reached(lambda: builds(task)[-1] == "stop", "a stop build")
    assert not task.deleted


async def test_delete_at_once(scene: Scene) -> None:
    """With --yes nobody is asked, whatever the task's state."""
    failed, paused = [await made_in_coder(scene, name) for name in ("failed", "paused")]
    failed.fail_build()
    paused.pause_outside()

    for task in (failed, paused):
        await scene.command(f"delete {task.name} --yes")
        await scene.reached(lambda: task.deleted, f"{task.name} to go")  # noqa: B023
        await told(scene, "Deleting", task.name)


async def test_delete_while_the_workspace_is_built(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Coder refuses because a build runs is done when the build has ended, and the card says so meanwhile."""
    monkeypatch.setattr(errors, "SOON", 0.1)
    card, task = await scene.create()

    await scene.command(f"delete {task.name} --yes")

    await scene.card_says(card, "Deleting")
    await scene.reached(lambda: [call for call in scene.coder.calls if call.status == 409], "a refusal")
    assert not task.deleted
    task.finish_build()
    await scene.reached(lambda: task.deleted, "the task to go")
    await scene.card_says(card, "Deleted")


async def test_tasks_of_others(scene: Scene) -> None:
    """Nobody steers or reads another's task; a site owner may do to it what Coder lets them, but not speak for it."""
    card, task = await scene.waiting()
    secret = await made_in_coder(scene, "secret")
    secret.finish_build()
    for command in ("pause", "resume", "retry", "delete --yes", "logs", "status", "send"):
        verb, *flags = command.split()
        text = " ".join([verb, f"ana/{task.name}", *(["hello"] if verb == "send" else []), *flags])
        refused = words(await ask(scene, text, scene.bo))
        assert "You cannot" in refused, text
        assert "It belongs to Ana Ruiz" in refused, text
    refused = words(await ask(scene, "status ana/secret", scene.bo))
    assert "No task is called" in refused
    assert "belongs" not in refused

    assert "Coder says" in words(await ask(scene, f"status ana/{task.name}", scene.admin))
    assert "You cannot prompt this task" in words(await ask(scene, f"send ana/{task.name} hi", scene.admin))
    asks = await ask(scene, "delete ana/secret", scene.admin)
    await press(scene, asks, "Delete task", scene.admin)
    await scene.reached(lambda: secret.deleted, "the task to go")
    await scene.command(f"pause ana/{task.name}", scene.admin)
    await scene.card_says(card, "asked by Coder Admin")
    await scene.reached(lambda: builds(task) == ["start", "stop"], "a stop build")
    assert task.inputs == []


async def test_what_coder_fails_at_or_refuses(scene: Scene) -> None:
    """A failure of Coder's is tried again; a refusal is told to whoever asked, and the card goes back."""
    hurried(scene)
    card, task = await scene.waiting()
    scene.coder.faults.add(Fault(Kind.LOST, f"POST /api/v2/tasks/*/{task.id}/pause"))
    await scene.command(f"pause {task.name}")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    task.finish_build()
    await scene.card_says(card, "Paused")
    assert builds(task) == ["start", "stop"]

    body = '{"message": "You do not have permission to start this workspace."}'
    json = {"Content-Type": "application/json"}
    resume = f"POST /api/v2/tasks/*/{task.id}/resume"
    scene.coder.faults.add(Fault(Kind.REFUSE, resume, status=403, body=body, headers=json))
    await scene.command(f"resume {task.name}")
    await told(scene, "You cannot resume this task")
    await scene.card_says(card, "Paused")
    assert builds(task) == ["start", "stop"]
