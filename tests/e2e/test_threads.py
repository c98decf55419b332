"""What a task's thread is told: which changes, to whom, with what the agent said; once, and in order."""

from __future__ import annotations

import pytest

from bot.sandbox.coder import TaskHandle
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Message
from bot.slack.pace import Rate
from tests.e2e.day import ask
from tests.e2e.scene import Scene, words
from tests.e2e.steps import buttons, hurried
from tests.e2e.test_card_edits import limited, polled, refusal

POST, LOOK = "chat.postMessage", "conversations.replies"
HEADS = (
    "Prompt",
    "Waiting for input",
    "Complete",
    "Failed",
    "Workspace build failed",
    "Paused",
    "Resumed",
    "Working",
    "Deleted in Coder",
)


def heads(scene: Scene, card: Message) -> list[str]:
    """What the replies in the thread are about, oldest first; `@` marks those that mention the owner."""
    found = []
    for reply in scene.thread(card):
        about = next((head for head in HEADS if head in words(reply)), "file" if reply.files else words(reply))
        found.append(about + ("@" if f"<@{scene.ana.id}>" in reply.text else ""))
    return found


async def live(scene: Scene, card: Message, task: TaskHandle) -> None:
    """A whole life: work, a question, an answer, work, a failure, the end, a pause, a resume, and gone."""
    await task.ready("working", "Reading the code")
    await scene.card_says(card, "Working")
    task.report("idle", "Which one?")
    await scene.card_says(card, "Waiting for input")
    ts = await scene.reply(card, "The first")
    await scene.reaction(ts, "white_check_mark")
    task.report("working", "Taking the first")
    await scene.card_says(card, "Taking the first")
    task.report("failure", "Cannot push")
    await scene.card_says(card, "Failed")
    task.report("complete", "Pushed")
    await scene.card_says(card, "Complete")
    task.pause_outside()
    await scene.card_says(card, "Paused")
    task.resume_outside()
    await scene.card_says(card, "Resuming")
    await task.ready("working", "Back")
    await scene.card_says(card, "Working")
    task.vanish()
    await scene.card_says(card, "Deleted in Coder")


@pytest.mark.parametrize(
    ("world", "level", "told"),
    [
        (
            "socket-sqlite",
            "all",
            ["Prompt", "Waiting for input@", "Working", "Failed@", "Complete", "Paused", "Resumed", "Deleted in Coder"],
        ),
        (
            "http-postgresql",
            "important",
            ["Prompt", "Waiting for input@", "Failed@", "Complete", "Paused", "Deleted in Coder"],
        ),
        ("socket-sqlite", "quiet", ["Prompt", "Failed", "Complete"]),
    ],
)
async def test_each_level_is_told_what_it_asked_for(
    scene: Scene, level: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guide's table over a whole life: the owner is mentioned once a turn, and in a quiet thread never."""
    monkeypatch.setattr("bot.slack.client.POSTS_PER_CHANNEL", Rate(spacing=0.01, burst=20))
    card, task = await scene.create(flags=f"--notify {level}")

    await live(scene, card, task)

    await scene.seen(lambda: len(heads(scene, card)) >= len(told), "all replies")
    assert heads(scene, card) == told


@pytest.mark.parametrize(("world", "level"), [("socket-sqlite", "important"), ("http-postgresql", "quiet")])
async def test_a_failed_build_is_told_on_every_level(scene: Scene, level: str) -> None:
    """A build that failed is a reply in quiet threads too, with the cause; there it mentions nobody."""
    card, task = await scene.create(flags=f"--notify {level}")

    task.fail_build(["Error: no such image"])

    told = await scene.told(card, "Workspace build failed")
    await scene.quiet()
    assert "terraform apply: exit status 1" in words(told)
    assert heads(scene, card) == ["Prompt", "Workspace build failed" + ("" if level == "quiet" else "@")]


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_idle_that_does_not_last_is_not_told(scene: Scene) -> None:
    """Moments between steps shorter than the settle time bring no reply, and the card goes on working."""
    await scene.stop()
    await scene.start(BOT_SETTLE_SECONDS="0.8")
    card, task = await scene.working()
    for number in range(4):
        task.report("idle", f"Step {number}")
        await polled(scene)
        task.report("working", f"Doing step {number + 1}")
        await polled(scene)

    assert heads(scene, card) == ["Prompt"]
    assert all("Waiting" not in words(one) for one in scene.slack.thread(scene.payments, card.ts))
    task.report("idle", "Now it is your turn")
    await scene.told(card, "Now it is your turn")
    assert heads(scene, card) == ["Prompt", "Waiting for input@"]


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_failure_and_failed_are_one(scene: Scene) -> None:
    """Coder's word on the wire is not the one in its documents; both are a failure, told once."""
    card, task = await scene.working()

    task.report("failure", "Cannot push")
    await scene.told(card, "Cannot push")
    task.report("failed", "Cannot push")  # type: ignore[arg-type]  # documented, and never on the wire so far
    await scene.quiet()

    assert heads(scene, card) == ["Prompt", "Failed@"]


async def test_a_stop_from_outside_is_no_failure(scene: Scene) -> None:
    """While a workspace stops Coder knows no state; the card says Pausing and then Paused, the thread only Paused."""
    card, task = await scene.working()

    task.pause_outside("task_manual_pause", "bo", done=False)
    await scene.card_says(card, "Pausing")
    task.set_build(job_status="running")
    await polled(scene)
    assert heads(scene, card) == ["Prompt"]
    task.finish_build()

    assert " by bo" in words(await scene.told(card, "Paused"))
    await scene.card_says(card, "by bo")
    await scene.quiet()
    assert heads(scene, card) == ["Prompt", "Paused"]


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_pause_by_coder_says_so(scene: Scene) -> None:
    """Coder's own pause after inactivity is told as such, with what the agent was doing."""
    card, task = await scene.waiting()

    task.pause_outside("task_auto_pause")

    told = words(await scene.told(card, "Paused"))
    assert "by Coder after inactivity" in told
    assert "The agent was waiting for input." in told
    await scene.card_says(card, "by Coder after inactivity")


async def test_a_resume_from_outside_is_noticed(scene: Scene) -> None:
    """The card follows a resume that nobody asked for here; when the agent waits again, the thread hears it."""
    card, task = await scene.waiting("Which one?")
    task.pause_outside()
    await scene.told(card, "Paused")

    task.resume_outside()
    await scene.card_says(card, "Resuming")
    await task.ready("idle", "Which one?")

    await scene.told(card, "Waiting for input", times=2)
    assert heads(scene, card) == ["Prompt", "Waiting for input@", "Paused", "Waiting for input"]


@pytest.mark.parametrize(("world", "how"), [("socket-sqlite", "delete"), ("http-postgresql", "vanish")])
async def test_a_delete_from_outside_is_noticed(scene: Scene, how: str) -> None:
    """A task that is gone from Coder is told as gone, once; its card offers nothing that needs it."""
    card, task = await scene.waiting()

    getattr(task, how)()

    await scene.told(card, "Deleted in Coder")
    await scene.card_says(card, "Deleted in Coder")
    await scene.quiet()
    assert "Deleted outside Slack" in words(scene.thread(card)[-1])
    assert set(buttons(scene.card(card))) == {"Run again…"}
    assert heads(scene, card)[-1] == "Deleted in Coder"


async def test_another_question_is_told_without_a_second_mention(scene: Scene) -> None:
    """An agent that asks something else without having been answered is heard, and pings nobody again."""
    card, task = await scene.waiting("Which one?")

    task.report("idle", "Or both?")

    await scene.told(card, "Or both?")
    assert heads(scene, card) == ["Prompt", "Waiting for input@", "Waiting for input"]


async def test_the_same_words_after_a_prompt_are_news(scene: Scene) -> None:
    """Each delivered prompt begins a turn: the same question is told again, with a mention again."""
    card, task = await scene.waiting("Anything else?")

    ts = await scene.reply(card, "Tidy up")
    await scene.reaction(ts, "white_check_mark")
    task.report("idle", "Anything else?")

    await scene.told(card, "Waiting for input", times=2)
    assert heads(scene, card) == ["Prompt", "Waiting for input@", "Waiting for input@"]


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_work_that_begins_after_a_prompt_does_not_repeat_the_question(scene: Scene) -> None:
    """An agent still shows its question as it begins to work on the answer; that is not what it does."""
    card, task = await scene.create(flags="--notify all")
    await task.ready("idle", "Which one?")
    await scene.told(card, "Waiting for input")

    ts = await scene.reply(card, "The first")
    await scene.reaction(ts, "white_check_mark")

    assert "Which one?" not in words(await scene.told(card, "Working"))


# -- whatever Slack does -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("world", "kind"), [("http-postgresql", Kind.LOST), ("socket-sqlite", Kind.CUT), ("http-postgresql", Kind.REFUSE)]
)
async def test_a_reply_is_posted_once_whatever_becomes_of_the_answer(scene: Scene, kind: Kind) -> None:
    """A post whose outcome is unknown is looked for in the thread before the second try."""
    card, task = await scene.working()
    await scene.told(card, "Prompt")
    hurried(scene)
    scene.slack.faults.add(Fault(kind, POST, status=500))

    task.report("failure", "Cannot push")
    await scene.told(card, "Cannot push")
    task.report("complete", "Pushed")
    await scene.told(card, "Pushed")

    assert heads(scene, card) == ["Prompt", "Failed@", "Complete"]


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_rate_limited_replies_keep_their_order(scene: Scene) -> None:
    """Slack's Retry-After puts replies off; none is lost, and none overtakes another."""
    card, task = await scene.working()
    await scene.told(card, "Prompt")
    known = len(scene.slack.calls_of(POST))
    scene.slack.faults.add(limited(POST))

    task.report("failure", "Cannot push")
    await scene.seen(lambda: len(scene.slack.calls_of(POST)) > known, "a refused post")
    task.report("complete", "Pushed")
    await scene.told(card, "Pushed")

    assert heads(scene, card) == ["Prompt", "Failed@", "Complete"]
    refused, following = scene.slack.calls_of(POST)[known : known + 2]
    assert following.at - refused.at >= 0.9


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_a_reply_whose_blocks_are_refused_is_said_in_words(scene: Scene) -> None:
    """The text alone says the same, with the mention."""
    card, task = await scene.working()
    await scene.told(card, "Prompt")
    scene.slack.faults.add(refusal("invalid_blocks", POST))

    task.report("idle", "Which one?")

    told = await scene.told(card, "is waiting for input. Agent: Which one?")
    assert told.blocks == []
    assert told.text.startswith(f"<@{scene.ana.id}>")


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_the_prompt_is_the_first_reply_however_late_the_card_is(scene: Scene) -> None:
    """A task that has ended before Slack took the card has a thread that still begins with its prompt."""
    hurried(scene, 0.3)
    fault = scene.slack.faults.add(Fault(Kind.REFUSE, POST, None, status=503))
    await scene.command("create -- Tidy the login page")
    await scene.reached(lambda: scene.coder.tasks, "the task")
    await scene.coder.tasks[0].ready("complete", "Tidy now")
    await polled(scene)
    fault.times = 0

    await scene.seen(scene.cards, "the card")
    card = scene.cards()[0]
    await scene.told(card, "Tidy now")

    assert heads(scene, card) == ["Prompt", "Complete@"]


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_an_uncertain_reply_where_the_bot_is_no_member_any_more(scene: Scene, database_url: str) -> None:
    """It can neither be looked for nor posted: nothing is given up, and invited again the bot tells what comes then."""
    card, task = await scene.working()
    lost = scene.slack.faults.add(Fault(Kind.LOST, POST))
    task.report("idle", "Which one?")
    await scene.seen(lambda: lost.times == 0, "a lost answer")
    await scene.slack.remove_bot(scene.payments)
    await scene.seen(lambda: "not_in_channel" in [one.error for one in scene.slack.calls_of(LOOK)], "a refusal")
    await scene.slack.invite_bot(scene.payments)

    task.report("complete", "The first one")

    await scene.told(card, "Complete")
    assert heads(scene, card) == ["Prompt", "Waiting for input@", "Complete"]
    assert ask(database_url, "SELECT count(*) FROM outbox WHERE state = 2") == [(0,)]
