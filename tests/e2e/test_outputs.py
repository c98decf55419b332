"""What agents, people and builds say, as the thread and the card show it: readable, whole, and harmless."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.sandbox.coder import TaskHandle
from bot.sandbox.coder.records import AppState, AppStatus
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import File, Message
from tests.e2e.scene import Scene, words
from tests.e2e.steps import hurried
from tests.e2e.test_card_edits import refusal

# What is read and shown depends on neither transport nor database: each test goes through one world.
SOCKET = pytest.mark.parametrize("world", ["socket-sqlite"])
HTTP = pytest.mark.parametrize("world", ["http-postgresql"])
SCREEN = """\x1b[1m\x1b[32m● All 12 tests pass\x1b[0m\x07
\x1b[2K\x1b[1G  12 passed in 3.4s\x00
╭──────────────────────────────────────────────╮
│ >                                            │
╰──────────────────────────────────────────────╯
  ? for shortcuts"""
HOSTILE = "<!channel> *bold* <@U0BOSS00001> `x` \u202eright-to-left :tada: <https://evil.example|click> & \x1b[31mred"
# What must stand nowhere as markup or as a control character.
FORBIDDEN = ("<!channel>", "<@U0BOSS00001>", "<https://evil.example", "\u202e", "\x1b")


def files(scene: Scene) -> list[File]:
    """The files that the bot has put into threads."""
    return [one for one in scene.slack.files.values() if one.completed and one.shares]


def content(file: File) -> str:
    """What is in a file."""
    assert file.content is not None
    return file.content.decode()


def long_text(lines: int = 200) -> str:
    """More than a reply shows."""
    return "\n".join(f"● Step number {number} is done, and nothing was wrong" for number in range(1, lines + 1))


def markup(value: Any) -> Iterator[str]:
    """The texts that Slack reads as markup."""
    if isinstance(value, list):
        for each in value:
            yield from markup(each)
    elif isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield str(value["text"])
        for each in value.values():
            yield from markup(each)


def everything(scene: Scene) -> list[Message]:
    """All messages of the bot, those that only one person sees too."""
    found = [one for channel in scene.slack.workspace.channels.values() for one in channel.messages.values()]
    return [one for one in [*found, *scene.slack.workspace.ephemerals] if one.bot_id]


def assert_harmless(scene: Scene) -> None:
    """No text of others is markup anywhere, none has control characters, and Slack refused nothing."""
    for message in everything(scene):
        for text in [message.text, *markup(message.blocks)]:
            assert not [bad for bad in FORBIDDEN if bad in text], text
            assert "*bold*" not in text or text is message.text
        assert "\x1b" not in words(message)
        assert "\u202e" not in words(message)
        assert len(message.text.encode()) <= 3800
        assert message.blocks or message.files
    assert not [call for call in scene.slack.calls if call.method.startswith("chat.") and not call.ok]


@pytest.mark.parametrize(
    ("world", "state", "head"),
    [
        ("socket-sqlite", "idle", "Waiting for input"),
        ("http-postgresql", "complete", "Complete"),
        ("socket-sqlite", "failure", "Failed"),
    ],
)
async def test_the_end_of_a_turn_brings_the_end_of_the_output(scene: Scene, state: AppState, head: str) -> None:
    """The reply shows the last of what the agent did, without the terminal's frames and control characters."""
    card, task = await scene.working()
    task.say(SCREEN)

    task.report(state, "That is it")

    told = await scene.told(card, head)
    assert "● All 12 tests pass\n  12 passed in 3.4s" in words(told)
    assert not [sign for sign in ("\x1b", "\x07", "\x00", "╭", "│", "? for shortcuts") if sign in words(told)]
    await scene.quiet()
    assert not files(scene)


@pytest.mark.parametrize(
    ("world", "state", "head"),
    [("http-postgresql", "idle", "Waiting for input"), ("socket-sqlite", "complete", "Complete")],
)
async def test_a_long_output_follows_as_a_file(scene: Scene, state: AppState, head: str) -> None:
    """The reply has the last lines, and the file right behind it all of them, readable too."""
    card, task = await scene.working()
    task.say(f"{long_text()}\n{SCREEN}")

    task.report(state, "That is it")

    told = await scene.told(card, head)
    await scene.seen(lambda: files(scene), "a file")
    assert "12 passed in 3.4s" in words(told)
    assert "Step number 1 " not in words(told)
    whole = content(files(scene)[0])
    assert all(f"Step number {number} " in whole for number in range(1, 201))
    assert "12 passed in 3.4s" in whole
    assert "\x1b" not in whole
    assert "╭" not in whole
    replies = scene.thread(card)
    assert replies[replies.index(told) + 1].files == [files(scene)[0].id]


@HTTP
async def test_the_output_is_that_of_this_turn(scene: Scene) -> None:
    """What the agent said before the last prompt is not told again."""
    card, task = await scene.working()
    task.say("Before the question")
    task.report("idle", "Which one?")
    await scene.told(card, "Before the question")
    ts = await scene.reply(card, "The first")
    await scene.reaction(ts, "white_check_mark")

    task.say("After the answer")
    task.report("complete", "Done")

    told = words(await scene.told(card, "After the answer"))
    assert "Before the question" not in told


@SOCKET
async def test_every_long_output_has_a_file_of_its_own(scene: Scene) -> None:
    """Also two in one turn, and when the answer to the second upload is lost."""
    hurried(scene)
    card, task = await scene.working()
    task.say(long_text())
    task.report("idle", "Which one?")
    await scene.seen(lambda: len(files(scene)) == 1, "a file")
    scene.slack.faults.add(Fault(Kind.CUT, "files.completeUploadExternal"))
    task.say(long_text(100))
    task.workspace.reports.append(AppStatus("failure", "Cannot push", "", _in_a_second(task)))

    await scene.told(card, "Cannot push")

    await scene.seen(lambda: len(files(scene)) == 2, "a second file")
    assert len({file.name for file in files(scene)}) == 2


def _in_a_second(task: TaskHandle) -> datetime:
    """A second after the last report: the moment of one that the local Coder would not take."""
    return task.workspace.reports[-1].created_at + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("world", "kind", "method"),
    [
        ("socket-sqlite", Kind.LOST, "files.completeUploadExternal"),
        ("http-postgresql", Kind.REFUSE, "files.getUploadURLExternal"),
        ("socket-sqlite", Kind.REFUSE, "upload"),
        ("http-postgresql", Kind.LOST, "chat.postMessage"),
    ],
)
async def test_a_reply_and_its_file_come_once(scene: Scene, kind: Kind, method: str) -> None:
    """Whatever fails on the way, the thread has one reply and one file in the end."""
    card, task = await scene.working()
    await scene.told(card, "Prompt")
    hurried(scene)
    scene.slack.faults.add(Fault(kind, method, status=500))
    task.say(long_text())

    task.report("complete", "Done")

    await scene.told(card, "Complete")
    await scene.seen(lambda: files(scene), "the file")
    await scene.quiet()
    assert len(files(scene)) == 1
    assert len([one for one in scene.thread(card) if "Complete" in words(one)]) == 1


@HTTP
async def test_without_files_the_reply_stands_alone(scene: Scene) -> None:
    """Where files are turned off the thread goes on without them."""
    card, task = await scene.working()
    scene.slack.faults.add(refusal("file_uploads_disabled", "files.getUploadURLExternal", None))
    task.say(long_text())
    task.report("failure", "Cannot push")
    await scene.told(card, "Cannot push")

    task.report("complete", "Done")

    await scene.told(card, "Complete")
    assert not files(scene)


@SOCKET
async def test_without_logs_the_reply_is_still_true(scene: Scene) -> None:
    """When Coder cannot give the output, the thread hears the rest."""
    card, task = await scene.working()
    body = '{"message": "Failed to get messages from task app."}'
    headers = {"Content-Type": "application/json"}
    scene.coder.faults.add(Fault(Kind.REFUSE, "GET */logs", None, status=502, body=body, headers=headers))

    task.report("idle", "Which one?")

    assert "Last output" not in words(await scene.told(card, "Which one?"))


@HTTP
async def test_a_long_prompt_follows_as_a_file(scene: Scene) -> None:
    """The first reply has the beginning of a long prompt, the file the whole of it, as it was typed."""
    prompt = "\n".join(f"{number}. Look at `module_{number}`" for number in range(1, 80))
    card, _ = await scene.create(prompt)

    told = await scene.told(card, "whole text in prompt.txt below")
    await scene.seen(lambda: files(scene), "the file")

    assert "79. Look at" not in words(told)
    assert [(file.name, content(file)) for file in files(scene)] == [("prompt.txt", prompt)]


@SOCKET
async def test_hostile_words_are_only_words(scene: Scene) -> None:
    """A prompt, an agent and a log that try to ping, to format or to turn the line are shown as they are."""
    card, task = await scene.create(HOSTILE)
    await task.ready("working", HOSTILE.replace("\x1b[31m", "")[:160])
    await scene.card_says(card, "Working")
    task.say(HOSTILE)
    task.report("idle", "<!channel> <@U0BOSS00001> now?", "javascript:alert(1)")
    told = await scene.told(card, "Waiting for input")
    assert "<!channel> <@U0BOSS00001> now?" in words(told)
    task.report("complete", HOSTILE[:160], "https://evil.example/<!channel>|x")
    await scene.told(card, "Complete")
    task.fail_build([f"Error: {HOSTILE}", HOSTILE], HOSTILE)
    await scene.told(card, "Workspace build failed")
    await scene.card_says(card, "The workspace build failed")

    assert "javascript:" not in words(scene.card(card))
    assert_harmless(scene)


@HTTP
async def test_endless_words_keep_within_slacks_limits(scene: Scene) -> None:
    """50 kB of prompt, report, output and build log become cards and replies that Slack takes."""
    endless = "word <!channel> & *bold* " * 2000
    card, task = await scene.create("Tidy")
    task.task.display_name = endless
    await task.ready("working", "Reading the code")
    task.workspace.reports.append(AppStatus("idle", endless, "https://x.example/" + "a" * 5000, _in_a_second(task)))
    task.say(endless.replace("word", "line"))
    await scene.told(card, "Waiting for input")
    await scene.seen(lambda: files(scene), "the file")

    task.fail_build([endless, "Error: " + endless] * 20, endless)

    await scene.told(card, "Workspace build failed")
    await scene.card_says(card, "The workspace build failed")
    assert_harmless(scene)
