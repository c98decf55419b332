"""One card: posted once, edited in place when something visible changed, whatever Slack does to the calls."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Call, Message
from tests.e2e.day import ask
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


def in_thread(scene: Scene, card: Message) -> list[Message]:
    """The cards that stand in the card's thread, as replacements do."""
    found = [one for one in scene.thread(card) if one.metadata and one.metadata["event_type"] == "coder_task_card"]
    return [one for one in found if not one.deleted]


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


async def test_a_card_that_was_deleted_by_hand_comes_back_in_its_thread(scene: Scene) -> None:
    """It is posted anew where its thread goes on, is followed there, and replies still reach the agent."""
    card, task = await scene.working()
    scene.slack.workspace.remove_message(scene.card(card))

    task.report("idle", "Shall I?")
    await scene.seen(lambda: in_thread(scene, card), "a new card")
    replaced = in_thread(scene, card)[0]
    await scene.card_says(replaced, "Shall I?")
    ts = await scene.reply(card, "Yes")
    await scene.reaction(ts, "white_check_mark")
    task.report("complete", "Done")

    await scene.card_says(replaced, "Complete")
    assert task.inputs == ["Yes"]
    assert len(in_thread(scene, card)) == 1


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_card_whose_thread_went_with_it_begins_a_new_one(scene: Scene) -> None:
    """When nothing of the old thread is left either, the card stands in the channel again, with a thread."""
    card, task = await scene.working()
    for reply in scene.slack.thread(scene.payments, card.ts):
        scene.slack.workspace.remove_message(reply)
    scene.slack.workspace.remove_message(scene.card(card))

    task.report("idle", "Shall I?")
    await scene.seen(lambda: [one for one in scene.cards() if one.ts != card.ts and not one.deleted], "a new card")
    replaced = next(one for one in scene.cards() if one.ts != card.ts)
    task.report("complete", "Done")

    await scene.card_says(replaced, "Complete")
    await scene.told(replaced, "Complete")
    ts = await scene.reply(replaced, "Thanks")
    await scene.reaction(ts, "white_check_mark")


async def test_a_card_that_may_not_be_edited_any_more_is_replaced(scene: Scene) -> None:
    """A workspace that closes edits after a time gets a new card in the thread, and then another."""
    card, task = await scene.working()
    scene.slack.workspace.edit_window = 0.0

    task.report("idle", "Shall I?")
    await scene.seen(lambda: len(in_thread(scene, card)) == 1, "a new card")
    task.report("complete", "Done")
    await scene.seen(lambda: any("Complete" in words(one) for one in in_thread(scene, card)), "a newer card")

    assert len(scene.cards()) == 1


async def test_a_replacement_whose_answer_is_lost_is_posted_once(scene: Scene) -> None:
    """Also when other news come before the second try."""
    card, task = await scene.working()
    hurried(scene, 0.3)
    scene.slack.workspace.remove_message(scene.card(card))
    scene.slack.faults.add(Fault(Kind.LOST, POST))

    task.report("failure", "Cannot push")
    await scene.seen(lambda: in_thread(scene, card), "a new card")
    task.report("working", "Trying again")

    await scene.card_says(in_thread(scene, card)[0], "Trying again")
    assert len(in_thread(scene, card)) == 1


async def test_a_replacement_stands_although_edits_are_open_again(scene: Scene) -> None:
    """Its answer is lost, and the second try could edit the old message: the card is the new one all the same."""
    card, task = await scene.working()
    scene.slack.workspace.edit_window = 0.0
    lost = scene.slack.faults.add(Fault(Kind.LOST, POST))
    task.report("working", "Nearly there")
    await scene.seen(lambda: lost.times == 0, "a new card")
    scene.slack.workspace.edit_window = None

    task.report("working", "There")

    await scene.card_says(in_thread(scene, card)[0], "There")
    assert len(in_thread(scene, card)) == 1


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


async def test_a_card_for_a_channel_without_the_bot_goes_to_the_person(scene: Scene) -> None:
    """The card is in the direct messages, is followed there, and the private line stays to say so."""
    await scene.command("create -- Tidy the login page", channel=scene.random)
    direct = scene.slack.dm(scene.ana)
    await scene.seen(lambda: scene.cards(direct), "a card in the direct messages")
    card = scene.cards(direct)[0]

    told = await scene.answered("Coder Tasks is not in this channel")
    task = scene.coder.tasks[0]
    await task.ready("working", "Reading the code")
    await scene.seen(lambda: "Working" in words(scene.slack.message(direct, card.ts)), "the card at work")
    await scene.quiet()

    assert card.ts.replace(".", "") in told
    assert scene.private() == [told]
    assert scene.slack.messages(scene.random) == []
    assert len(scene.cards(direct)) == 1


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_card_in_direct_messages_is_posted_once(scene: Scene) -> None:
    """Also there an answer that is lost brings no second card, and the person still hears where it is."""
    hurried(scene)
    direct = scene.slack.dm(scene.ana)
    scene.slack.faults.add(Fault(Kind.REFUSE, "conversations.open", status=500))
    scene.slack.faults.add(Fault(Kind.LOST, "chat.getPermalink"))

    await scene.command("create -- Tidy the login page", channel=scene.random)

    await scene.answered("Coder Tasks is not in this channel")
    await scene.quiet()
    assert len(scene.cards(direct)) == 1


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


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_card_in_an_archived_channel_waits_for_the_next_change(scene: Scene, database_url: str) -> None:
    """Nothing is given up, nobody is troubled, and when the channel is open again the card shows the present."""
    card, task = await scene.working()
    fault = scene.slack.faults.add(refusal("is_inactive", "chat.update", None))
    task.report("working", "Nobody sees this")
    await scene.seen(lambda: [call for call in scene.slack.calls if call.error == "is_inactive"], "a refused edit")
    await scene.quiet()
    fault.times = 0

    task.report("working", "Everybody sees this")
    await scene.card_says(card, "Everybody sees this")
    assert ask(database_url, "SELECT count(*) FROM outbox WHERE state = 2") == [(0,)]


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_deleted_card_in_a_channel_without_the_bot_waits_for_the_next_change(
    scene: Scene, database_url: str
) -> None:
    """Nothing is given up while nothing can be posted; invited again, the bot posts the card anew."""
    card, task = await scene.working()
    scene.slack.workspace.remove_message(scene.card(card))
    await scene.slack.remove_bot(scene.payments)
    task.report("working", "Nobody sees this")
    await scene.seen(lambda: [call for call in scene.slack.calls if call.error == "not_in_channel"], "a refusal")
    await scene.quiet()
    await scene.slack.invite_bot(scene.payments)

    task.report("working", "Everybody sees this")
    await scene.seen(lambda: any("Everybody sees this" in words(one) for one in in_thread(scene, card)), "a new card")
    assert ask(database_url, "SELECT count(*) FROM outbox WHERE state = 2") == [(0,)]
