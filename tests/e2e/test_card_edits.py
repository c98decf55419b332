"""One card: posted once, edited in place when something visible changed, whatever Slack does to the calls."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Call, Message
from tests.e2e.scene import Scene, words
from tests.e2e.steps import hurried

POST, UPDATE = "chat.postMessage", "chat.update"
JSON = {"Content-Type": "application/json"}


def refusal(code: str, method: str, times: int | None = 1) -> Fault:
    """Slack says no to a method."""
    return Fault(Kind.REFUSE, method, times, status=200, body=json.dumps({"ok": False, "error": code}), headers=JSON)


def limited(method: str, seconds: int = 1, times: int | None = 1) -> Fault:
    """Slack says that it is too much, and to come again after so many seconds."""
    headers = {**JSON, "Retry-After": str(seconds)}
    return Fault(Kind.REFUSE, method, times, status=429, body='{"ok": false, "error": "ratelimited"}', headers=headers)


def payload(message: Message) -> dict[str, Any]:
    """What the card's metadata carries."""
    found: dict[str, Any] = (message.metadata or {})["event_payload"]
    return found


def edits(scene: Scene, card: Message) -> list[Call]:
    """The edits of a card that Slack was asked for."""
    return [call for call in scene.slack.calls_of(UPDATE) if call.args.get("ts") == card.ts]


def versions_of(scene: Scene, card: Message) -> list[Message]:
    """Everything that the card has said, oldest first."""
    now = scene.card(card)
    before = [Message(now.channel, now.ts, now.user, one.text, one.blocks, [], one.metadata) for one in now.versions]
    return [*before, now]


async def polled(scene: Scene) -> None:
    """Wait until what Coder says now has been polled."""
    known = len(scene.polls())
    await scene.reached(lambda: len(scene.polls()) > known + 1, "two polls")


async def test_a_card_is_edited_in_place_and_its_revision_grows(scene: Scene) -> None:
    """Through all conditions it is the same message; every edit has a greater revision, and block ids of its own."""
    card, task = await scene.waiting()
    task.report("complete", "Done")
    await scene.card_says(card, "Complete")
    task.pause_outside()
    await scene.card_says(card, "Paused")

    assert [one.ts for one in scene.cards()] == [card.ts]
    versions = versions_of(scene, card)
    revisions = [payload(one)["revision"] for one in versions]
    assert revisions == sorted(set(revisions))
    ids = [block["block_id"] for version in versions for block in version.blocks]
    assert len(ids) == len(set(ids))
    assert payload(scene.card(card))["state"] == "paused"
    assert payload(scene.card(card))["task_id"] == task.id


async def test_nothing_is_edited_when_nothing_visible_changes(scene: Scene) -> None:
    """Polls that find the same, and changes that no card shows, bring no edit."""
    card, task = await scene.waiting()
    await scene.quiet()
    known = len(edits(scene, card))

    task.set_health("healthy", "something inside")
    task.set_busy(busy=True)
    await scene.quiet()
    await scene.quiet()

    assert len(edits(scene, card)) == known
    assert len(scene.thread(card)) == 2


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_many_changes_at_once_become_few_edits(scene: Scene) -> None:
    """A card is edited at most once in the time between edits, and ends with the latest."""
    await scene.stop()
    await scene.start(BOT_EDIT_SECONDS="0.6")
    card, task = await scene.working()

    for number in range(4):
        task.report("working", f"Step {number}")
        await polled(scene)

    await scene.card_says(card, "Step 3")
    at = [call.at for call in edits(scene, card)]
    assert min(later - earlier for earlier, later in pairwise(at)) > 0.5


@pytest.mark.parametrize(
    ("world", "kind"), [("socket-sqlite", Kind.LOST), ("http-postgresql", Kind.CUT), ("socket-sqlite", Kind.REFUSE)]
)
async def test_a_card_is_posted_once_whatever_becomes_of_the_answer(scene: Scene, kind: Kind) -> None:
    """When the outcome of the post is unknown, Slack is looked through before a second try."""
    hurried(scene)
    scene.slack.faults.add(Fault(kind, POST, status=500))

    card, _ = await scene.create()
    await scene.told(card, "Prompt from Ana Ruiz")
    await scene.quiet()

    assert len(scene.cards()) == 1
    assert not scene.slack.ephemerals(scene.ana)


async def test_a_card_whose_address_cannot_be_had_is_not_posted_again(scene: Scene) -> None:
    """What fails after the post does not repeat the post."""
    hurried(scene)
    scene.slack.faults.add(Fault(Kind.REFUSE, "chat.getPermalink", 2, status=500))

    card, _ = await scene.create()
    await scene.told(card, "Prompt from Ana Ruiz")

    assert len(scene.cards()) == 1


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_a_rate_limited_edit_comes_later_with_the_latest(scene: Scene) -> None:
    """Slack's Retry-After is kept, and then the card shows the present."""
    card, task = await scene.working()
    await scene.quiet()
    scene.slack.faults.add(limited(UPDATE))
    known = len(scene.slack.calls_of(UPDATE))
    task.report("working", "First")
    await scene.seen(lambda: len(scene.slack.calls_of(UPDATE)) > known, "a refused edit")
    task.report("working", "Second")

    await scene.card_says(card, "Second")

    refused, following = scene.slack.calls_of(UPDATE)[known : known + 2]
    assert refused.status == 429
    assert following.at - refused.at >= 0.9
    assert all("First" not in words(version) for version in versions_of(scene, card))


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_edits_that_fail_are_tried_again(scene: Scene) -> None:
    """5xx, a lost answer and a cut connection leave the card current in the end."""
    card, task = await scene.working()
    hurried(scene)
    for fault in (Fault(Kind.REFUSE, UPDATE, status=503), Fault(Kind.LOST, UPDATE), Fault(Kind.CUT, UPDATE)):
        scene.slack.faults.add(fault)

    task.report("complete", "Done")

    await scene.card_says(card, "Complete")
    await scene.seen(lambda: all(fault.times == 0 for fault in scene.slack.faults.active), "all faults")
    await scene.quiet()
    assert "Complete" in words(scene.card(card))


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_refused_blocks_become_plain_text(scene: Scene) -> None:
    """What Slack does not take as blocks is said in words alone, so that nothing is lost."""
    scene.slack.faults.add(refusal("invalid_blocks", POST))
    card, task = await scene.create()
    assert "Tidy the login page: queued." in scene.card(card).text
    scene.slack.faults.add(refusal("invalid_blocks", UPDATE))
    task.set_build(job_status="running")
    await scene.seen(lambda: "starting" in scene.card(card).text, "the start in words")
    assert scene.card(card).blocks == []

    await task.ready("working", "Reading the code")

    await scene.card_says(card, "Working")
    assert scene.card(card).blocks


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_slack_away_for_a_while(scene: Scene) -> None:
    """What happens while Slack does not answer is told when it does: the card once, its thread in order."""
    hurried(scene, 0.4)
    away = [scene.slack.faults.add(Fault(Kind.REFUSE, f"{room}.*", None, status=503)) for room in ("chat", "files")]
    await scene.command("create -- Tidy the login page")
    task = await scene.reached(lambda: scene.coder.tasks[0] if scene.coder.tasks else None, "the task")
    assert task is not None
    await task.ready("working", "Reading the code")
    await scene.quiet()
    task.report("failure", "Cannot push")
    await scene.quiet()
    task.report("complete", "Pushed")
    await scene.quiet()
    assert scene.slack.messages(scene.payments) == []

    for fault in away:
        fault.times = 0

    await scene.seen(scene.cards, "the card")
    card = scene.cards()[0]
    await scene.told(card, "Complete")
    await scene.card_says(card, "Complete")
    await scene.quiet()
    heads = ("Prompt from Ana Ruiz", "Failed", "Complete")
    assert [next(head for head in heads if head in words(one)) for one in scene.thread(card)] == list(heads)
    assert len(scene.cards()) == 1
