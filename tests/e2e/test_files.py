"""Files that belong to a prompt: texts are read and quoted, others named with their links, and nothing is lost."""

from __future__ import annotations

import pytest

from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Channel
from bot.thread_words import LONGEST_FILE
from tests.e2e.scene import Scene
from tests.e2e.steps import creates, hurried, told

DELIVERED = "white_check_mark"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00"


async def write(
    scene: Scene,
    text: str,
    files: list[tuple[str, str | bytes]],
    channel: Channel | None = None,
    thread_ts: str | None = None,
) -> str:
    """Ana writes with files; the message's ts."""
    return await scene.slack.post(scene.ana, channel or scene.payments, text, thread_ts=thread_ts, files=files)


def at_bot(scene: Scene, text: str) -> str:
    """The text after a mention of the bot."""
    return f"<@{scene.slack.bot_user.id}> {text}"


async def first_prompt(scene: Scene) -> str:
    """What the first agent was asked."""
    await scene.reached(lambda: scene.coder.tasks, "a task")
    return str(scene.coder.tasks[-1].task.initial_prompt)


async def test_files_of_a_reply(scene: Scene) -> None:
    """Texts follow the words, fenced and named; others by link, and only then the writer hears of it."""
    card, task = await scene.waiting()
    log = "line 1\n```\nnot the end\n```\nläßt ✓"

    ts = await write(scene, "Look at this", [("build.log", log)], thread_ts=card.ts)
    await scene.reaction(ts, DELIVERED)
    assert task.inputs == [f"Look at this\n\nAttached file build.log:\n````\n{log}\n````"]
    assert not [one for one in scene.private() if "cannot see" in one]

    task.report("idle", "And?")
    files: list[tuple[str, str | bytes]] = [
        ("shot.png", PNG),
        ("old.bin", PNG),
        ("utf16.txt", "grüße".encode("utf-16")),
        ("long.txt", "x" * (LONGEST_FILE + 1)),
        ("full.txt", "y" * LONGEST_FILE),
        ("<!channel>.md", "ok"),
    ]
    ts = await write(scene, "", files, thread_ts=card.ts)
    await scene.reaction(ts, DELIVERED)
    note = await told(scene, "The agent cannot see", "shot.png, old.bin, long.txt", "Text files of up to 100 kB")
    assert note.thread_ts == card.ts
    sent = task.inputs[-1]
    assert sent.startswith("Attached in Slack, not included here: shot.png https://sandbox.slack.com/files/")
    assert "Attached file utf16.txt:\n```\ngrüße\n```" in sent
    assert "y" * LONGEST_FILE in sent
    assert "x" * 1_000 not in sent
    assert "Attached file <!channel>.md:\n```\nok\n```" in sent
    downloads = [call.args["file"] for call in scene.slack.calls_of("download")]
    names = [scene.slack.files[one].name for one in downloads]
    assert sorted(names) == sorted(["build.log", "old.bin", "utf16.txt", "full.txt", "<!channel>.md"])
    ts = await write(scene, "stop", [("why.txt", "because")], thread_ts=card.ts)
    task.report("idle", "So?")
    await scene.reaction(ts, DELIVERED)
    assert task.inputs[-1] == "stop\n\nAttached file why.txt:\n```\nbecause\n```"


async def test_files_of_new_tasks(scene: Scene) -> None:
    """A mention, a direct message, also without words, and a command in a message take their files along."""
    await write(scene, at_bot(scene, "Fix it"), [("a.py", "print(1)\n"), ("shot.png", PNG)])
    prompt = await first_prompt(scene)
    assert prompt.startswith(
        "Fix it\n\nAttached file a.py:\n```\nprint(1)\n```\n\nAttached in Slack, not included here:"
    )
    await told(scene, "The agent cannot see shot.png")

    await write(scene, "", [("spec.md", "# Do this")], scene.slack.dm(scene.ana))
    await scene.reached(lambda: len(scene.coder.tasks) == 2, "the second task")
    assert await first_prompt(scene) == "Attached file spec.md:\n```\n# Do this\n```"
    await write(scene, "Fix", [("spec.md", "# Or this")], scene.slack.dm(scene.ana))
    await scene.reached(lambda: len(scene.coder.tasks) == 3, "the third task")
    assert (await first_prompt(scene)).startswith("Fix\n\nAttached file spec.md")
    await write(scene, at_bot(scene, "create -n mine Do"), [("spec.md", "# Or that")])
    await scene.reached(lambda: len(scene.coder.tasks) == 4, "the fourth task")
    assert scene.coder.tasks[-1].name == "mine"
    assert "# Or that" in await first_prompt(scene)


async def test_prompts_keep_their_order_while_a_file_is_read(scene: Scene) -> None:
    """A download that fails is tried again, and the prompt that was written after it waits for it."""
    card, task = await scene.waiting()
    hurried(scene, 0.3)
    scene.slack.faults.add(Fault(Kind.REFUSE, "download", status=503, times=2))

    first = await write(scene, "first", [("a.txt", "A")], thread_ts=card.ts)
    second = await scene.reply(card, "second")

    await scene.reaction(first, DELIVERED)
    task.report("idle", "Next?")
    await scene.reaction(second, DELIVERED)
    assert task.inputs == ["first\n\nAttached file a.txt:\n```\nA\n```", "second"]


@pytest.mark.parametrize("fault", [Kind.REFUSE, Kind.CUT])
async def test_a_file_that_cannot_be_had(scene: Scene, fault: Kind) -> None:
    """After a while the agent gets the link instead, and the writer hears of it; the words are not lost."""
    card, task = await scene.waiting()
    hurried(scene)
    scene.slack.faults.add(Fault(fault, "download", status=500, times=None))

    ts = await write(scene, "Look", [("a.txt", "A")], thread_ts=card.ts)
    await scene.reaction(ts, DELIVERED)
    await told(scene, "The agent cannot see a.txt")
    await write(scene, at_bot(scene, "Look here"), [("b.txt", "B")])
    await scene.reached(lambda: len(scene.coder.tasks) == 2, "the task")

    assert task.inputs[0].startswith("Look\n\nAttached in Slack, not included here: a.txt https://")
    assert "not included here: b.txt https://" in await first_prompt(scene)
    await told(scene, "The agent cannot see b.txt")


async def test_a_page_instead_of_a_file(scene: Scene) -> None:
    """Slack answers with a page to sign in where the scope is missing: that is no file."""
    card, task = await scene.waiting()
    scopes = scene.slack.grants.scopes
    assert scopes is not None
    object.__setattr__(scene.slack.grants, "scopes", scopes - {"files:read"})

    ts = await write(scene, "Look", [("a.txt", "A")], thread_ts=card.ts)

    await scene.reaction(ts, DELIVERED)
    assert "Sign in" not in task.inputs[0]
    assert "not included here: a.txt" in task.inputs[0]


async def test_a_crash_while_a_file_is_read(scene: Scene) -> None:
    """A restart in between loses neither the words nor the file."""
    card, task = await scene.waiting()
    scene.slack.faults.add(Fault(Kind.SLOW, "download", seconds=5.0, times=1))
    ts = await write(scene, "Look", [("a.txt", "A")], thread_ts=card.ts)
    await scene.seen(lambda: scene.slack.calls_of("download"), "the download")
    await scene.stop()
    await scene.start()

    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["Look\n\nAttached file a.txt:\n```\nA\n```"]
    assert len(creates(scene)) == 1
