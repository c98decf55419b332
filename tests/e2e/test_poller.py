"""Following tasks over time: many of them, with several replicas, with a Coder that was away or a bot that was."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bot.app import Bot, open_bot
from bot.sandbox.coder import TaskHandle
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Message
from bot.slack.pace import Rate
from tests.e2e.scene import Scene, words
from tests.e2e.steps import hurried
from tests.e2e.test_threads import heads, live

POLL = "GET /api/v2/tasks"


async def requests_a_tick(scene: Scene, ticks: int = 4) -> Counter[str]:
    """What Coder is asked during so many polls in a row, while nothing happens.

    What forms offer is asked for once a minute, however many tasks there are, and is left out.
    """
    await scene.quiet()
    known = len(scene.coder.calls)

    def polls() -> int:
        return sum(call.name == POLL for call in scene.coder.calls[known:])

    await scene.reached(lambda: polls() >= ticks, "polls")
    names = [call.name for call in scene.coder.calls[known:]]
    return Counter(name for name in names if "/api/v2/template" not in name)


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_the_requests_do_not_grow_with_the_tasks(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick is one request, with one open task and with thirty; and all thirty are followed."""
    monkeypatch.setattr("bot.slack.client.POSTS_PER_CHANNEL", Rate(spacing=0.001, burst=100))
    monkeypatch.setattr("bot.slack.client.EDITS", Rate(spacing=0.001, burst=100))
    await scene.working()
    alone = await requests_a_tick(scene)

    await asyncio.gather(*(scene.command(f"create -- Task number {number}") for number in range(29)))
    await scene.seen(lambda: len(scene.cards()) == 30, "thirty cards")
    for task in scene.coder.tasks:
        await task.ready("working", "Reading the code")
    await scene.seen(lambda: all("Working" in words(card) for card in scene.cards()), "thirty at work")
    together = await requests_a_tick(scene)

    assert set(alone) == set(together) == {POLL}


@pytest.mark.parametrize("world", ["socket-postgresql"])
async def test_two_replicas_tell_everything_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two bots on one database: one polls, both deliver, and Slack sees what one bot would have made."""
    monkeypatch.setattr("bot.slack.client.POSTS_PER_CHANNEL", Rate(spacing=0.01, burst=20))
    second = await open_bot(scene.settings())
    await second.start()
    first = scene.bot
    assert first is not None
    try:
        card, task = await scene.create()
        await live(scene, card, task)
        await scene.told(card, "Deleted in Coder")
        assert [first.poller.is_leader, second.poller.is_leader] == [True, False]
        assert second.poller.last_success is None
        await _taken_over(scene, second)
    finally:
        await second.stop()

    told = ["Prompt", "Waiting for input@", "Failed@", "Complete", "Paused", "Deleted in Coder"]
    assert heads(scene, card) == told
    assert task.inputs == ["The first"]


async def _taken_over(scene: Scene, second: Bot) -> None:
    """When the polling bot stops, the other one follows the tasks at once."""
    card, task = await scene.working("Another one")
    await scene.stop()
    task.report("complete", "Done")
    await scene.told(card, "Complete")
    assert second.poller.is_leader
    assert len(scene.cards()) == 2


@pytest.mark.parametrize(("world", "kind"), [("socket-sqlite", Kind.REFUSE), ("http-postgresql", Kind.CUT)])
async def test_what_happened_while_coder_was_away_is_told_once(scene: Scene, kind: Kind) -> None:
    """Polls that fail lose nothing: the next one that succeeds tells what is, and a lost task is not made of it."""
    card, task = await scene.working()
    hurried(scene)
    fault = scene.coder.faults.add(Fault(kind, "GET /api/v2/*", None, status=502))
    task.report("idle", "Which one?")
    await scene.reached(lambda: _failed_polls(scene) >= 3, "failed polls")
    fault.times = 0

    await scene.told(card, "Which one?")

    await scene.quiet()
    assert heads(scene, card) == ["Prompt", "Waiting for input@"]


def _failed_polls(scene: Scene) -> int:
    return sum(call.name == POLL and call.status in (499, 502) for call in scene.coder.calls)


async def happens(card: Message, task: TaskHandle, what: str) -> str:
    """Something that the bot does not see; what the thread is then told."""
    match what:
        case "complete":
            task.report("complete", "Done")
            return "Complete"
        case "paused":
            task.pause_outside()
            return "Paused"
        case "failed":
            task.fail_build(["Error: one"])
            return "Workspace build failed"
        case _:
            task.vanish()
            return "Deleted in Coder"


@pytest.mark.parametrize(
    ("world", "what"),
    [
        ("socket-sqlite", "complete"),
        ("http-postgresql", "paused"),
        ("socket-sqlite", "failed"),
        ("http-postgresql", "gone"),
    ],
)
async def test_what_happened_while_the_bot_was_down_is_told_once(scene: Scene, what: str) -> None:
    """After a restart the task is told as it is, once, and its card shows it."""
    card, task = await scene.waiting("Which one?")
    await scene.stop()
    told = await happens(card, task, what)

    await scene.start()

    await scene.told(card, told)
    await scene.quiet()
    assert [head.rstrip("@") for head in heads(scene, card)] == ["Prompt", "Waiting for input", told]
    assert len(scene.cards()) == 1


async def test_a_restart_repeats_nothing(scene: Scene) -> None:
    """A bot that starts anew finds all as it was: no edit, no reply, no mention."""
    card, _ = await scene.waiting("Which one?")
    await scene.quiet()
    known = (len(scene.slack.calls_of("chat.update")), len(scene.slack.calls_of("chat.postMessage")))
    await scene.stop()

    await scene.start()
    await scene.quiet()

    assert (len(scene.slack.calls_of("chat.update")), len(scene.slack.calls_of("chat.postMessage"))) == known
    assert heads(scene, card) == ["Prompt", "Waiting for input@"]
