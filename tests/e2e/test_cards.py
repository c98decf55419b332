"""A task's card as its agent comes up, works and ends its turns, and when Coder is silent."""

from __future__ import annotations

import pytest

from bot import cards, poller
from bot.blocks import pace
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Message
from tests.e2e.scene import Scene, words
from tests.e2e.steps import buttons, hurried

POLL = "GET /api/v2/tasks"
PULL = "https://github.com/acme/web/pull/482"


def shown(scene: Scene, card: Message) -> str:
    """Everything that the card says now."""
    return words(scene.card(card))


def state(scene: Scene, card: Message) -> str:
    """The card's state, as its metadata gives it to other programs."""
    return str((scene.card(card).metadata or {})["event_payload"]["state"])


async def test_create_answers_at_once_and_one_card_appears(scene: Scene) -> None:
    """The person is answered privately; when Coder has accepted, one card is in the channel and the answer is gone."""
    answer = await scene.command("create -- Tidy the login page")
    assert answer.message is not None
    assert answer.message.only_for == scene.ana.id
    assert "Creating" in words(answer.message)

    await scene.seen(lambda: len(scene.cards()) == 1, "a card")
    card = scene.cards()[0]
    await scene.seen(lambda: not scene.slack.ephemerals(scene.ana), "the private line gone")
    await scene.told(card, "Prompt from Ana Ruiz")
    await scene.quiet()

    assert len(scene.cards()) == 1
    said = shown(scene, card)
    assert all(text in said for text in ("Tidy the login page", "Queued", "Coder accepted the task", "Ana Ruiz"))
    assert "Claude Code" in said
    assert scene.coder.tasks[0].name in said
    assert not [text for text in scene.private(scene.bo) if text]
    assert f"<@{scene.ana.id}>" not in said


async def test_a_refusal_is_private_and_the_channel_sees_nothing(scene: Scene) -> None:
    """When Coder refuses, the private answer says why, and nothing was ever posted."""
    scene.coder.deployment.managed_agents = False

    await scene.command("create -- Tidy the login page")

    await scene.answered("license")
    await scene.quiet()
    assert scene.slack.messages(scene.payments) == []
    assert not scene.slack.calls_of("chat.postMessage")


async def test_a_task_waits_in_the_queue(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The card shows the place in the provisioners' queue as it changes, and that there is no provisioner at all."""
    monkeypatch.setattr(cards, "QUEUE_SECONDS", 0.1)
    card, task = await scene.create()
    task.set_build(queue=(3, 5))
    await scene.card_says(card, "3rd of 5 in the provisioner queue")
    task.set_build(queue=(2, 4))
    await scene.card_says(card, "2nd of 4 in the provisioner queue")

    task.set_build(provisioners=(1, 0))

    await scene.card_says(card, "No provisioner is available")
    assert "Ask a Coder admin to check the provisioners." in shown(scene, card)
    assert len(scene.thread(card)) == 1


async def test_a_start_shows_its_steps(scene: Scene) -> None:
    """A start goes through its four steps on the card, and the thread hears nothing of them."""
    card, task = await scene.create()
    task.set_build(job_status="running")
    await scene.card_says(card, "Workspace is starting (step 2 of 4)")
    assert "Usually about 2 minutes" in shown(scene, card)
    task.finish_build()
    task.set_lifecycle("created")
    await scene.card_says(card, "Agent is connecting (step 3 of 4)")
    task.set_lifecycle("starting")
    await scene.card_says(card, "Agent is starting (step 3 of 4)")
    task.set_lifecycle("ready")
    task.set_health("initializing")
    await scene.card_says(card, "App is initializing (step 4 of 4)")

    await task.ready("working", "Reading the code")

    await scene.card_says(card, "Working")
    assert "Reading the code" in shown(scene, card)
    assert set(buttons(scene.card(card))) >= {"Logs", "Pause", "Open in Coder"}
    assert len(scene.thread(card)) == 1


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_slow_start_gets_a_hint(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that takes longer than usual says where to look, although nothing changes in Coder."""
    scene.coder.deployment.templates[0].start_seconds = None
    monkeypatch.setattr(pace, "SLOW_SECONDS", 0.5)
    card, task = await scene.create()

    task.set_build(job_status="running")

    await scene.card_says(card, "longer than usual")

    assert "the workspace build" in shown(scene, card)


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_an_error_in_a_healthy_start_is_not_shown(scene: Scene) -> None:
    """An app that is unhealthy for a moment as it comes up is still starting, in words and in the thread."""
    card, task = await scene.create()
    task.set_status("initializing")
    await scene.card_says(card, "Starting")
    task.set_status("error")
    await scene.quiet()
    assert state(scene, card) == "starting"

    await task.ready("working", "Reading the code")

    await scene.card_says(card, "Working")
    assert all(version.metadata and "error" not in str(version.metadata) for version in scene.card(card).versions)
    assert len(scene.thread(card)) == 1


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_an_agent_that_idles_as_it_comes_up_is_no_step_of_the_start(scene: Scene) -> None:
    """Before it has settled, what an idle agent says is not shown as what the start is doing."""
    await scene.stop()
    await scene.start(BOT_SETTLE_SECONDS="1.0")
    card, task = await scene.create()
    await task.ready("idle", "What shall I do?")
    await scene.quiet()
    assert "What shall I do?" not in shown(scene, card)

    await scene.card_says(card, "Waiting for input")

    assert "What shall I do?" in shown(scene, card)


async def test_a_turn_ends_on_the_card(scene: Scene) -> None:
    """Waiting, failed and complete show the agent's last message, and what it made can be opened."""
    card, task = await scene.waiting("Which of the two?")
    await scene.card_says(card, "Waiting for input")
    assert "Which of the two?" in shown(scene, card)
    assert "Reply in the thread to answer." in shown(scene, card)
    task.report("failure", "Cannot push")
    await scene.card_says(card, "Failed")
    assert "Cannot push" in shown(scene, card)
    assert "Reply in the thread with what to try next." in shown(scene, card)

    task.report("complete", "Opened a pull request", PULL)

    await scene.card_says(card, "Complete")
    assert "Opened a pull request" in shown(scene, card)
    assert "PR #482" in shown(scene, card)
    assert buttons(scene.card(card))["Open PR #482"]["url"] == PULL


@pytest.mark.parametrize(("world", "last_words"), [("socket-sqlite", ""), ("http-postgresql", "Opened a pull request")])
async def test_complete_stays_complete_when_the_agent_falls_silent(scene: Scene, last_words: str) -> None:
    """An idle that adds nothing changes nothing: the card keeps the state, the words and the link."""
    card, task = await scene.working()
    task.report("complete", "Opened a pull request", PULL)
    await scene.card_says(card, "PR #482")

    task.report("idle", last_words)
    await scene.quiet()
    await scene.quiet()

    assert state(scene, card) == "complete"
    assert "Open PR #482" in buttons(scene.card(card))
    assert len([one for one in scene.thread(card) if "Complete" in words(one)]) == 1
    assert not [one for one in scene.thread(card) if "Waiting" in words(one)]


async def test_cards_say_when_coder_is_silent(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Coder does not answer, cards say that they show the last known state; then they catch up."""
    monkeypatch.setattr(poller, "STALE_SECONDS", 0.3)
    card, task = await scene.working()
    hurried(scene)
    fault = scene.coder.faults.add(Fault(Kind.REFUSE, POLL, None, status=502, body="<html>bad gateway</html>"))

    await scene.card_says(card, "Last known state. Coder has not answered")
    assert "Working" in shown(scene, card)
    task.report("idle", "Anybody there?")
    fault.times = 0

    await scene.card_says(card, "Waiting for input")
    assert "Last known state" not in shown(scene, card)
