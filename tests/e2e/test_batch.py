"""Batches: one form, a preview, one task for each prompt, three at a time, and one message that shows them all."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from typing import Any

import pytest

from bot.models import ChannelSettings, StartRule
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Channel, Message, View
from bot.store.settings_rows import save_channel
from tests.e2e.scene import Scene, words
from tests.e2e.steps import buttons, creates, hurried, press, told

FRUIT = "Peel the apple\nPeel the pear\n\nPeel the plum"


async def opened(scene: Scene, text: str = "batch", channel: Channel | None = None) -> View:
    """Ana's open form, once it has its fields."""
    known = {view.id for view in scene.slack.views(scene.ana)}
    answer = await scene.command(text, channel=channel)
    assert answer.ok, (answer.error, answer.problems)

    def found() -> View | None:
        views = [view for view in scene.slack.views(scene.ana) if view.id not in known]
        return (
            views[-1] if views and any(block["block_id"].startswith("preset.") for block in views[-1].blocks) else None
        )

    view = await scene.seen(found, "the form with its fields")
    assert view is not None
    return view


async def previewed(scene: Scene, prompts: str, **more: Any) -> View:
    """The preview of a batch with these prompts."""
    form = await opened(scene)
    values = {"prompts": prompts, "title": "Fruit", **more}
    answer = await scene.slack.submit(scene.ana, form, values)
    assert answer.ok, (answer.error, answer.problems)
    assert answer.errors == {}
    return scene.slack.views(scene.ana)[-1]


async def started(scene: Scene, prompts: str, **more: Any) -> Message:
    """The roll-up of a batch that Ana has started."""
    preview = await previewed(scene, prompts, **more)
    answer = await scene.slack.submit(scene.ana, preview)
    assert answer.ok, answer.error
    assert scene.slack.views(scene.ana) == []
    return (await scene.seen(lambda: roll_ups(scene), "a roll-up"))[-1]


def roll_ups(scene: Scene, channel: Any = None) -> list[Message]:
    """The roll-ups in a channel."""
    found = scene.slack.messages(channel or scene.payments)
    return [one for one in found if one.metadata and one.metadata["event_type"] == "coder_batch_card"]


def said(scene: Scene, message: Message) -> str:
    """What a roll-up says now."""
    return words(scene.slack.message(message.channel, message.ts))


async def counts(scene: Scene, message: Message, text: str) -> None:
    """Wait until the roll-up has these words."""
    await scene.seen(lambda: text in said(scene, message), f"{text!r} in the roll-up")


def direct_cards(scene: Scene) -> list[Message]:
    """The cards in Ana's direct messages."""
    return scene.cards(scene.slack.dm(scene.ana))


async def test_one_task_for_each_prompt(scene: Scene) -> None:
    """Every line becomes a task of the chosen template and preset; the roll-up counts them and links their cards."""
    preview = await previewed(scene, FRUIT, prefix="You are a cook.")
    listed = json.dumps(preview.body, ensure_ascii=False)
    assert preview.body["title"]["text"] == "Start 3 tasks?"
    assert "Line 3 is empty and skipped." in listed
    assert "Claude Code, preset Medium. Each task starts its own workspace; they start 3 at a time." in listed
    names = re.findall(r" · (peel-the-[a-z]+-[0-9a-f]{4})", listed)
    assert len(names) == 3

    answer = await scene.slack.submit(scene.ana, preview)

    assert answer.response_action == "clear"
    [roll_up] = await scene.seen(lambda: roll_ups(scene), "the roll-up")
    await scene.reached(lambda: len(scene.coder.tasks) == 3, "three tasks")
    tasks = {task.name: task for task in scene.coder.tasks}
    assert sorted(tasks) == sorted(names)
    assert {task.task.initial_prompt for task in tasks.values()} == {
        f"You are a cook.\n\nPeel the {fruit}" for fruit in ("apple", "pear", "plum")
    }
    assert {task.build.preset.name for task in tasks.values() if task.build.preset} == {"Medium"}
    first, second, third = (tasks[name] for name in names)
    await first.ready("working", "Peeling")
    await second.ready("idle", "Which knife?")
    await third.ready("complete", "Done")
    third.report("complete", "Done", uri="https://github.com/acme/fruit/pull/7")
    await counts(scene, roll_up, "3 tasks · 1 waiting for input · 1 working · 1 complete")
    await counts(scene, roll_up, "PR #7")

    cards = await scene.seen(lambda: len(direct_cards(scene)) == 3 and direct_cards(scene), "cards in the DM")
    assert scene.cards() == []
    links = {card.ts.replace(".", "") for card in cards or []}
    await scene.seen(lambda: all(link in said(scene, roll_up) for link in links), "links to the cards")
    assert "cards are in Ana’s direct messages" in said(scene, roll_up)
    rows = scene.slack.message(roll_up.channel, roll_up.ts).blocks[1]["elements"][0]["elements"]
    assert [row["elements"][2]["text"] for row in rows] == ["Waiting for input", "Working", "Complete"]
    assert len(roll_ups(scene)) == 1


async def test_the_cards_work_in_the_direct_messages(scene: Scene) -> None:
    """A reply in the thread of a card in the direct messages is a prompt."""
    await started(scene, "Peel the apple")
    await scene.reached(lambda: scene.coder.tasks, "a task")
    task = scene.coder.tasks[0]
    await task.ready("idle", "Which knife?")
    [card] = await scene.seen(lambda: direct_cards(scene), "the card")

    direct = scene.slack.dm(scene.ana)
    await scene.seen(lambda: any("Which knife?" in words(one) for one in scene.slack.thread(direct, card.ts)), "told")
    await scene.slack.post(scene.ana, direct, "The sharp one", thread_ts=card.ts)

    await scene.reached(lambda: "The sharp one" in task.inputs, "the prompt")


async def test_blocks_and_cards_in_the_channel(scene: Scene) -> None:
    """Blocks with a line of hyphens between are one prompt each; the cards can go into the channel."""
    roll_up = await started(scene, "Peel:\nthe apple\n---\nPeel:\nthe pear\n", cards="channel")

    await scene.seen(lambda: len(scene.cards()) == 2, "two cards in the channel")
    assert {task.task.initial_prompt for task in scene.coder.tasks} == {"Peel:\nthe apple", "Peel:\nthe pear"}
    await counts(scene, roll_up, "cards are in this channel")
    assert direct_cards(scene) == []


async def test_the_live_count(scene: Scene) -> None:
    """While prompts are typed the form says how many tasks there will be, and keeps what was typed."""
    form = await opened(scene, "batch -t claude-code --preset Large -- Peel the apple\nPeel the pear")
    assert "2 tasks" in str(form.blocks)
    preset = next(block for block in form.blocks if block["block_id"].startswith("preset."))
    assert preset["element"]["initial_option"]["text"]["text"] == "Large"

    await scene.slack.click(scene.ana, form, "prompts", selected="one\ntwo\nthree")
    await scene.seen(lambda: "3 tasks" in str(form.blocks), "three")
    updates = len(scene.slack.calls_of("views.update"))
    await scene.slack.click(scene.ana, form, "prompts", selected="one\ntwo\nthree!")
    await scene.slack.click(scene.ana, form, "prompts", selected="\n".join(map(str, range(30))))
    await scene.seen(lambda: "30 tasks: 5 more than start at a time" in str(form.blocks), "too many")
    assert len(scene.slack.calls_of("views.update")) == updates + 1
    assert form.typed["prompts"]["prompts"]["value"].startswith("0\n1\n")

    answer = await scene.slack.submit(scene.ana, form, {"title": "Numbers"})
    assert answer.errors == {"prompts": "These are 30 prompts; 25 can start at a time."}
    answer = await scene.slack.submit(scene.ana, form, {"prompts": " \n \n", "title": "Numbers"})
    assert answer.errors == {"prompts": "Write at least one prompt."}
    answer = await scene.slack.submit(scene.ana, form, {"prompts": "a\nb\na", "title": "Numbers"})
    preview = scene.slack.views(scene.ana)[-1]
    assert "Lines 1 and 3 are equal: each starts a task." in str(preview.blocks)
    assert preview.body["submit"]["text"] == "Start 3 tasks"
    await scene.slack.close(scene.ana, preview)
    assert scene.slack.views(scene.ana) == [form]
    assert not creates(scene)


async def test_a_configured_limit(scene: Scene) -> None:
    """BOT_BATCH_LIMIT says how many may start at a time."""
    await scene.stop()
    await scene.start(BOT_BATCH_LIMIT="2")
    form = await opened(scene)

    answer = await scene.slack.submit(scene.ana, form, {"prompts": FRUIT, "title": "Fruit"})

    assert answer.errors == {"prompts": "These are 3 prompts; 2 can start at a time."}


async def test_pause_all_and_delete_all(scene: Scene) -> None:
    """Pause all and Delete all ask, act on every task that the person may control, and say how many those were."""
    roll_up = await started(scene, FRUIT)
    await scene.reached(lambda: len(scene.coder.tasks) == 3, "three tasks")
    for task in scene.coder.tasks:
        await task.ready("working", "Peeling")
    await counts(scene, roll_up, "3 working")
    shown = scene.slack.message(roll_up.channel, roll_up.ts)
    assert all("confirm" in buttons(shown)[text] for text in ("Pause all…", "Delete all…"))

    await press(scene, shown, "Pause all…", scene.bo)
    await told(scene, "You cannot pause this task", user=scene.bo)
    assert [task.build.transition for task in scene.coder.tasks] == ["start"] * 3
    await asyncio.gather(*(press(scene, shown, "Pause all…") for _ in range(2)))
    await told(scene, "Pausing 3 tasks", "Files are kept")
    await told(scene, "Already done")
    await scene.reached(lambda: all(task.build.transition == "stop" for task in scene.coder.tasks), "three stops")
    await counts(scene, roll_up, "3 pausing")
    for task in scene.coder.tasks:
        task.finish_build()
    await counts(scene, roll_up, "3 paused")

    await press(scene, scene.slack.message(roll_up.channel, roll_up.ts), "Delete all…")
    await told(scene, "Deleting 3 tasks")
    await scene.reached(lambda: all(task.deleted for task in scene.coder.tasks), "no task left")
    await counts(scene, roll_up, "3 deleted")
    assert buttons(scene.slack.message(roll_up.channel, roll_up.ts)) == {}


async def test_from_the_home_tab_and_where_the_bot_is_not(scene: Scene) -> None:
    """Without a channel, or where the bot may not write, the summary goes to the direct messages like the cards."""
    await scene.slack.open_home(scene.ana)
    view = await scene.seen(lambda: scene.slack.home(scene.ana), "the Home tab")
    assert view is not None
    await scene.slack.click(scene.ana, view, "user.batch")
    form = await scene.seen(
        lambda: next((one for one in scene.slack.views(scene.ana) if "prompts" in str(one.blocks)), None), "the form"
    )
    assert form is not None
    assert "go to your direct messages" in str(form.blocks)
    await scene.slack.submit(scene.ana, form, {"prompts": "Peel the apple", "title": "Fruit"})
    await scene.slack.submit(scene.ana, scene.slack.views(scene.ana)[-1])
    direct = scene.slack.dm(scene.ana)
    [roll_up] = await scene.seen(lambda: roll_ups(scene, direct), "the roll-up")
    await scene.seen(lambda: len(direct_cards(scene)) == 1, "its card")

    answer = await scene.command("batch", channel=scene.random)
    assert answer.ok
    form = await scene.seen(lambda: next(iter(scene.slack.views(scene.ana)), None), "the form")
    assert form is not None
    values = {"prompts": "Peel the pear", "title": "More", "cards": "channel"}
    await scene.slack.submit(scene.ana, form, values)
    await scene.slack.submit(scene.ana, scene.slack.views(scene.ana)[-1])
    await scene.seen(lambda: len(roll_ups(scene, direct)) == 2, "the second roll-up")
    await scene.seen(lambda: len(direct_cards(scene)) == 2, "its card")
    assert roll_ups(scene, scene.random) == []
    assert "Fruit" in said(scene, roll_up)


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_summary_that_went_to_the_direct_messages_stays_there(scene: Scene) -> None:
    """Its answer is lost, and when it is looked for the bot may write in the channel."""
    hurried(scene, 0.7)
    lost = scene.slack.faults.add(Fault(Kind.LOST, "chat.postMessage", times=None))
    form = await opened(scene, channel=scene.random)
    await scene.slack.submit(scene.ana, form, {"prompts": "Peel the pear", "title": "More", "cards": "dm"})
    await scene.slack.submit(scene.ana, scene.slack.views(scene.ana)[-1])
    direct = scene.slack.dm(scene.ana)
    await scene.seen(lambda: roll_ups(scene, direct), "the roll-up")

    await scene.slack.invite_bot(scene.random)
    lost.times = 0

    await scene.seen(lambda: "queued" in said(scene, roll_ups(scene, direct)[0]), "the roll-up with its task")
    await scene.quiet()
    assert len(roll_ups(scene, direct)) == 1
    assert roll_ups(scene, scene.random) == []


async def test_edited_no_more_often_than_needed(scene: Scene) -> None:
    """The latest state wins, with a pause between two edits; nothing is edited when nothing visible has changed."""
    await scene.stop()
    await scene.start(BOT_EDIT_SECONDS="1.5")
    roll_up = await started(scene, FRUIT)
    await scene.reached(lambda: len(scene.coder.tasks) == 3, "three tasks")
    for task in scene.coder.tasks:
        await task.ready("working", "Peeling")
    await counts(scene, roll_up, "3 working")

    edits = [call for call in scene.slack.calls_of("chat.update") if call.args["ts"] == roll_up.ts and call.ok]
    gaps = [after.at - before.at for before, after in itertools.pairwise(edits)]
    assert all(gap >= 1.4 for gap in gaps), gaps
    assert len(edits) <= 4
    scene.coder.tasks[0].report("working", "Still peeling")
    await scene.quiet()
    later = [call for call in scene.slack.calls_of("chat.update") if call.args["ts"] == roll_up.ts]
    assert len(later) == len(edits)


async def test_more_text_than_the_form_holds(scene: Scene) -> None:
    """Prompts that do not fit into the field are not cut: the person reads how many characters it holds."""
    answer = await scene.command("batch " + "x" * 3_500)

    assert answer.message is not None
    assert "The prompts are too long" in words(answer.message)
    assert scene.slack.views(scene.ana) == []


async def test_tasks_are_turned_off(scene: Scene) -> None:
    """Where nobody may start tasks nothing starts, and the person reads so."""
    preview = await previewed(scene, FRUIT)
    assert scene.bot is not None
    off = ChannelSettings(channel=scene.payments.id, start=StartRule.NOBODY, changed_by_name="Bo", changed_at=1.0)
    await scene.bot.database.run(save_channel, off)

    await scene.slack.submit(scene.ana, preview)

    await told(scene, "Tasks are turned off in this channel")
    assert scene.slack.views(scene.ana) == []
    assert not creates(scene)
    assert not roll_ups(scene)


async def test_somebody_without_a_coder_user(scene: Scene) -> None:
    """Whoever has no Coder user reads so in the form, and nothing can be started."""
    await scene.command("batch", scene.gia)

    def form() -> str:
        return str([view.body for view in scene.slack.views(scene.gia)])

    await scene.seen(lambda: "No Coder user has your e-mail" in form(), "the reason in the form")
    assert "submit" not in scene.slack.views(scene.gia)[-1].body
