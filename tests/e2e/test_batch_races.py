"""Batches when things go wrong: twice, in parts, with lost answers, in the middle of a stop; nothing is made twice."""

from __future__ import annotations

import asyncio
import json

import pytest

from bot.delivery import creating
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from tests.e2e.scene import Scene
from tests.e2e.steps import buttons, creates, hurried, press, told
from tests.e2e.test_batch import FRUIT, counts, direct_cards, previewed, roll_ups, said, started

JSON = {"Content-Type": "application/json"}
CREATE = "POST /api/v2/tasks/*"


async def test_submitted_twice(scene: Scene) -> None:
    """A double submit, also one that Slack delivers twice, is one batch."""
    preview = await previewed(scene, FRUIT)
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "view_submission", times=2))

    await asyncio.gather(*(scene.slack.submit(scene.ana, preview) for _ in range(2)), return_exceptions=True)

    await scene.reached(lambda: len(scene.coder.tasks) == 3, "three tasks")
    await scene.seen(lambda: len(direct_cards(scene)) == 3, "three cards")
    await scene.quiet()
    assert len(creates(scene)) == 3
    assert len(roll_ups(scene)) == 1


async def test_three_at_a_time(scene: Scene) -> None:
    """No more than three tasks are being created at a time; the next one begins when one has come to its end."""
    slow = scene.coder.faults.add(Fault(Kind.SLOW, CREATE, None, seconds=0.5))

    await started(scene, "\n".join(f"Peel apple {number}" for number in range(8)))
    await scene.reached(lambda: len(scene.coder.tasks) == 8, "eight tasks")

    slow.times = 0
    begun = sorted(call.time.timestamp() for call in creates(scene))
    assert begun[2] - begun[0] < 0.4, "three at a time"
    assert all(fourth - first >= 0.45 for first, fourth in zip(begun, begun[3:], strict=False)), "never four"
    await scene.seen(lambda: len(direct_cards(scene)) == 8, "eight cards", 40.0)
    assert len({task.name for task in scene.coder.tasks}) == 8


async def test_partial_failure(scene: Scene) -> None:
    """A line that Coder refuses says why in the roll-up, to nobody else; Retry creates it, once, and no other again."""
    hurried(scene)
    refusal = Fault(
        Kind.REFUSE, CREATE, 2, status=403, body=json.dumps({"message": "You may not, <!channel>."}), headers=JSON
    )
    scene.coder.faults.add(refusal)
    roll_up = await started(scene, FRUIT)
    await counts(scene, roll_up, "2 not created")
    assert len(scene.coder.tasks) == 1
    assert scene.private() == []
    assert "Not created" in said(scene, roll_up)
    assert "It says: “You may not, <!channel>.”" in said(scene, roll_up)

    await press(scene, scene.slack.message(roll_up.channel, roll_up.ts), "Retry failed lines", scene.bo)
    await told(scene, "You cannot retry the lines of this batch", user=scene.bo)
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "block_actions", times=2))
    shown = scene.slack.message(roll_up.channel, roll_up.ts)
    await asyncio.gather(*(press(scene, shown, "Retry failed lines") for _ in range(2)))

    await scene.reached(lambda: len(scene.coder.tasks) == 3, "three tasks")
    await told(scene, "Already done")
    await counts(scene, roll_up, "3 queued")
    await scene.seen(lambda: len(direct_cards(scene)) == 3, "three cards")
    await scene.quiet()
    assert len(scene.coder.tasks) == 3
    assert sorted(task.task.initial_prompt for task in scene.coder.tasks) == [
        "Peel the apple",
        "Peel the pear",
        "Peel the plum",
    ]
    assert "Retry failed lines" not in buttons(scene.slack.message(roll_up.channel, roll_up.ts))


async def test_a_lost_answer_doubles_nothing(scene: Scene) -> None:
    """Where Coder's answer to a create or Slack's to the roll-up is lost, it is looked for and not made again."""
    hurried(scene)
    scene.coder.faults.add(Fault(Kind.LOST, CREATE))
    scene.slack.faults.add(Fault(Kind.LOST, "chat.postMessage"))

    roll_up = await started(scene, FRUIT)

    await counts(scene, roll_up, "3 queued")
    await scene.seen(lambda: len(direct_cards(scene)) == 3, "three cards")
    await scene.quiet()
    assert len(scene.coder.tasks) == 3
    assert len(direct_cards(scene)) == 3
    assert len(roll_ups(scene)) == 1


async def test_killed_and_started_again(scene: Scene) -> None:
    """A batch goes on where it was when the bot stops in the middle of it."""
    slow = scene.coder.faults.add(Fault(Kind.SLOW, CREATE, None, seconds=0.4))
    await started(scene, "\n".join(f"Peel apple {number}" for number in range(5)))
    await scene.reached(lambda: creates(scene), "the first create")
    await scene.stop()
    slow.times = 0

    await scene.start()
    hurried(scene)

    await scene.reached(lambda: len(scene.coder.tasks) == 5, "five tasks", 40.0)
    await scene.seen(lambda: len(direct_cards(scene)) == 5, "five cards", 40.0)
    assert len({task.task.initial_prompt for task in scene.coder.tasks}) == 5
    assert len(roll_ups(scene)) == 1


async def test_retried_after_an_unknown_outcome(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that was given up although Coder had made its task is found by the retry, not made again."""
    monkeypatch.setattr(creating, "PATIENCE_SECONDS", 0.0)
    scene.coder.faults.add(Fault(Kind.LOST, CREATE))
    roll_up = await started(scene, "Peel the apple")
    await counts(scene, roll_up, "1 not created")
    assert "The task was not created" in said(scene, roll_up)
    assert len(scene.coder.tasks) == 1

    await press(scene, scene.slack.message(roll_up.channel, roll_up.ts), "Retry failed line")

    await counts(scene, roll_up, "1 queued")
    await scene.seen(lambda: len(direct_cards(scene)) == 1, "its card")
    await scene.quiet()
    assert len(scene.coder.tasks) == 1


async def test_deleted_before_the_last_has_begun(scene: Scene) -> None:
    """Delete all lets the lines be whose turn has not come, and deletes those that are being created as well."""
    scene.coder.faults.add(Fault(Kind.SLOW, CREATE, None, seconds=1.0))
    roll_up = await started(scene, "\n".join(f"Peel apple {number}" for number in range(7)))

    def there() -> bool:
        return "Delete all…" in buttons(scene.slack.message(roll_up.channel, roll_up.ts))

    await scene.seen(there, "something to delete")
    await press(scene, scene.slack.message(roll_up.channel, roll_up.ts), "Delete all…")

    await told(scene, "Deleting 7 tasks")
    made = len(scene.coder.tasks)
    await counts(scene, roll_up, f"{made} deleting")
    assert "queued" not in said(scene, roll_up)
    if made < 7:
        assert "Ana Ruiz deleted the tasks of the batch before its turn." in said(scene, roll_up)
    await scene.quiet()
    assert len(scene.coder.tasks) == made
