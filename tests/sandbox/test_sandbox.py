"""The sandbox as people start it: the tour, the chat in a terminal, a clean stop, real sides in place of local ones."""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
import signal
import sys
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from bot.errors import StartError
from bot.sandbox.run import Real, bot_environment, bypass_proxies, real_sides, stage
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.records import Channel, Message
from bot.sandbox.terminal import Chat, Hands, find_card
from bot.settings import read_settings
from tests.sandbox.process_scene import STOP_SECONDS, sandbox, until

LOCAL_SLACK = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_API_URL": "http://127.0.0.1:1/api/"}
LOCAL_CODER = {"CODER_URL": "http://127.0.0.1:2", "CODER_SESSION_TOKEN": "local"}


def is_there(path: str) -> bool:
    """Whether a path exists."""
    return Path(path).exists()


async def has(path: Path, words: str) -> bool:
    """Whether a file says this."""
    return is_there(str(path)) and words in await asyncio.to_thread(path.read_text)


def taken(log: str) -> str:
    """What a log that was kept says; it is removed with its folder."""
    text = Path(log).read_text()
    shutil.rmtree(Path(log).parent)
    return text


# -- in a process of its own -------------------------------------------------------------------------------------------


async def test_the_tour_shows_every_scene() -> None:
    """The tour ends with 0, and its transcript has what each scene promises, in this order."""
    async with sandbox("--tour") as tour:
        for milestone in (
            r"1\. Ana starts a task",
            r"Ana Ruiz: /coder-task create fix the flaky login test",
            r"only Ana sees this\): Creating a task",
            r"\[card 1\]\n +Fix the flaky login test.*\n +⏳ Queued",
            r"✎ card 1 +[\d:]+  ⏳ Starting · ",
            r"✎ card 1 +[\d:]+  ⚙ Working",
            r"in thread 1 [\d:]+  Coder Tasks: 💬 @Ana Ruiz Waiting for input\n +\| Login tests pass",
            r"2\. Bo answers",
            r"only Bo sees this\): Not sent to the agent",
            r"⏳ on Ana's “Yes, remove them there too\.”",
            r"✅ on Ana's “Yes, remove them there too\.”",
            r"Coder Tasks: ✅ @Ana Ruiz Complete after .* · PR #482",
            r"3\. A mistyped command",
            r"`lsit` is not a command\. The nearest is\s+`list`",
            r"4\. The build of a second task crashes",
            # the card may show it before the thread is told, or after that
            (
                r"(?s)(?=.*in thread 2 [^\n]*⚠ @Ana Ruiz Workspace build failed)(?=.*✎ card 2 +[\d:]+  ⚠ Error)"
                r".*Error: Unable to create container: no space left on device"
            ),
            r"Ana Ruiz presses \[Retry build\]",
            r"in thread 2 .*Complete",
            r"5\. Ana pauses",
            r"⏸ Paused",
            r"✅ on Ana's “Add a test for negative totals as well\.”",
            r"6\. Ana deletes",
            r"Delete Fix the flaky login test",
            r"Ana Ruiz presses \[Delete task\]",
            r"✎ card 1 +[\d:]+  🗑 Deleted · by Ana Ruiz",
            r"Verified: 2 tasks and 4 prompts, each exactly once; \d+ messages, 0 of them twice\.",
        ):
            await tour.reads(milestone)
        assert await asyncio.wait_for(tour.process.wait(), STOP_SECONDS) == 0


async def test_the_tour_says_what_it_waits_for_when_it_is_stopped() -> None:
    """A tour that does not come to its end exits with 1, says why, and keeps the log."""
    async with sandbox("--tour") as tour:
        await tour.reads("1\\. Ana starts")
        assert await tour.stop(signal.SIGTERM) == 1
        await tour.reads("did not come to its end: it was stopped")
        assert "action=started" in taken((await tour.reads(r"log: (\S+)"))[1])


async def test_sigterm_ends_it_cleanly() -> None:
    """Without a terminal it runs until a signal, exits with 0 and leaves nothing behind."""
    async with sandbox() as running:
        log = (await running.reads(r"log +(\S+)"))[1]
        await running.reads("until Ctrl-C or SIGTERM")
        assert is_there(log)
        assert await running.stop(signal.SIGTERM) == 0
        assert not is_there(str(Path(log).parent))


async def test_what_is_typed_at_a_terminal_is_done() -> None:
    """Commands, replies, clicks and other people: each line does what the help says."""
    keyboard, terminal = pty.openpty()
    try:
        pace = {"BOT_EDIT_SECONDS": "0.3", "BOT_SETTLE_SECONDS": "0.3"}
        async with sandbox("--no-open", "--speed", "20", stdin=terminal, settings=pace) as chat:

            async def types(line: str, pattern: str) -> None:
                os.write(keyboard, f"{line}\n".encode())
                await chat.reads(pattern)

            await chat.reads("quit  ")
            await types("hello everybody", "#payments .*Ana Ruiz: hello everybody")
            await types("/coder-task create ask first", "in thread 1 .*Waiting for input")
            await types("as bo", "You are Bo Lindqvist in #payments")
            await types("> I think yes", "only Bo sees this.*Not sent")
            await types("as ana", "You are Ana Ruiz")
            await types(">1 yes", "✅ on Ana's “yes”")
            await chat.reads("card 1 .*Complete")
            await types("click logs", r"only Ana sees this\): Logs")
            await types("click nonsense", "there is no 'nonsense' to click")
            await types("show", r"Ask first\n +✅ Complete")
            await types("/lunch", "/lunch is not a valid command")
            os.write(keyboard, b"quit\n")
            assert await asyncio.wait_for(chat.process.wait(), STOP_SECONDS) == 0
    finally:
        os.close(keyboard)
        os.close(terminal)


async def test_the_page_is_served_where_it_says() -> None:
    """The first line is the page's address; it shows a page that a browser may read."""
    async with sandbox("--no-open") as running, aiohttp.ClientSession() as browser:
        url = (await running.reads(r"\AOpen (http://127\.0\.0\.1:\d+) in a browser\."))[1]
        async with browser.get(url) as page:
            assert (page.status, page.content_type) == (200, "text/html")
        assert await running.stop(signal.SIGTERM) == 0


async def test_the_page_is_opened_at_a_terminal(tmp_path: Path) -> None:
    """Somebody at a terminal gets it in the browser, but not in CI nor with --no-open; the chat goes on meanwhile."""
    browser, seen = tmp_path / "browser.py", tmp_path / "seen"
    browser.write_text(f"import sys; open({str(seen)!r}, 'a').write(sys.argv[1])")
    settings = {"BROWSER": f"{sys.executable} {browser} %s", "CI": ""}
    keyboard, terminal = pty.openpty()
    url = ""

    async def opened() -> bool:
        return is_there(str(seen))

    try:
        for arguments, more in ((("--no-open",), {}), ((), {"CI": "1"}), ((), {})):
            async with sandbox(*arguments, stdin=terminal, settings=settings | more) as running:
                url = (await running.reads(r"\AOpen (\S+) in"))[1]
                await running.reads("quit  ")
                os.write(keyboard, b"hello\n")
                await running.reads("Ana Ruiz: hello")
                if not arguments and not more:
                    await until(opened)
                assert await running.stop(signal.SIGTERM) == 0
        assert await asyncio.to_thread(seen.read_text) == url
    finally:
        os.close(keyboard)
        os.close(terminal)


async def test_the_tour_is_also_played_in_the_page() -> None:
    """With a port for the page, the page shows the tour's messages while it plays."""
    async with sandbox("--tour", "--port", "0") as tour, aiohttp.ClientSession() as browser:
        url = (await tour.reads(r"\AOpen (http://127\.0\.0\.1:\d+)"))[1]
        await tour.reads(r"\[card 1\]")
        async with browser.get(f"{url}/api/state") as state:
            assert "fix the flaky login test" in (await state.text()).lower()


async def test_a_killed_sandbox_can_be_gone_on_with(tmp_path: Path) -> None:
    """SIGKILL leaves a folder that the next sandbox takes, with what was said, at the same addresses."""
    keyboard, terminal = pty.openpty()
    try:
        async with sandbox("--no-open", "--data", str(tmp_path), stdin=terminal) as running:
            slack = (await running.reads(r"Slack +(\S+)"))[1]
            await running.reads("quit  ")
            os.write(keyboard, b"remember this\n")
            await until(partial(has, tmp_path / "slack.json", "remember this"))
            running.process.kill()
            await running.process.wait()
        async with sandbox("--no-open", "--data", str(tmp_path)) as running:
            assert (await running.reads(r"Slack +(\S+)"))[1] == slack
            await running.reads(f"log +{tmp_path}")
            await running.reads("It runs until")
            assert await running.stop(signal.SIGTERM) == 0
        assert await has(tmp_path / "slack.json", "remember this")
        assert await has(tmp_path / "bot.log", "action=stopped")
    finally:
        os.close(keyboard)
        os.close(terminal)


async def test_a_taken_port_is_named() -> None:
    """A port that somebody else has ends the start with one line that says what to do."""
    async with SlackServer() as other, sandbox("--port", str(other.port)) as running:
        await running.reads(f"coder-task-bot: --port: cannot listen on 127.0.0.1:{other.port} .*choose another")
        assert await asyncio.wait_for(running.process.wait(), STOP_SECONDS) == 1


# -- which side is real ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "real"),
    [
        ({}, Real()),
        ({"CODER_URL": "", "SLACK_BOT_TOKEN": ""}, Real()),
        ({"CODER_URL": "https://coder.example.com", "CODER_SESSION_TOKEN": "x"}, Real(coder=True)),
        ({"CODER_SESSION_TOKEN": "x"}, Real(coder=True)),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, Real(slack=True)),
        ({"SLACK_SIGNING_SECRET": "s"}, Real(slack=True)),
        ({"CODER_URL": "https://coder.example.com", "SLACK_BOT_TOKEN": "xoxb-1"}, Real(slack=True, coder=True)),
        ({"SLACK_API_URL": "http://127.0.0.1:1/api/", "CODER_TASK_TEMPLATE_NAME": "web"}, Real()),
    ],
)
def test_a_side_is_real_when_it_is_configured(environment: dict[str, str], real: Real) -> None:
    """Any address or token of a side makes it real; empty settings are none."""
    assert real_sides(environment) == real


def test_local_sides_have_short_waits() -> None:
    """Polling and settling are quick, the ports are free ones, the database is the given one, a template is chosen."""
    settings = read_settings(bot_environment({}, {**LOCAL_SLACK, **LOCAL_CODER}, "sqlite:///x.db"))
    assert (settings.bot_poll_seconds, settings.bot_settle_seconds, settings.bot_port) == (1.0, 3.0, 0)
    assert settings.slack_api_url == LOCAL_SLACK["SLACK_API_URL"]
    assert settings.coder_url == LOCAL_CODER["CODER_URL"]
    assert (settings.database_url, settings.coder_task_template_name) == ("sqlite:///x.db", "claude-code")


def test_what_is_set_is_kept() -> None:
    """Settings of the environment come before the sandbox's own, but never lead away from a local server."""
    given = {
        "BOT_POLL_SECONDS": "7",
        "BOT_PORT": "9000",
        "DATABASE_URL": "postgresql://h/d",
        "SLACK_API_URL": "https://elsewhere.example/api/",
        "CODER_TASK_TEMPLATE_NAME": "aider",
        "BOT_SETTLE_SECONDS": "",
    }
    settings = read_settings(bot_environment(given, {**LOCAL_SLACK, **LOCAL_CODER}, "sqlite:///x.db"))
    assert (settings.bot_poll_seconds, settings.bot_port, settings.bot_settle_seconds) == (7.0, 9000, 3.0)
    assert (settings.database_url, settings.coder_task_template_name) == ("postgresql://h/d", "aider")
    assert settings.slack_api_url == LOCAL_SLACK["SLACK_API_URL"]


def test_a_real_coder_chooses_its_own_template() -> None:
    """The local template's name is not asked of a real server."""
    given = {"CODER_URL": "https://coder.example.com", "CODER_SESSION_TOKEN": "x"}
    settings = read_settings(bot_environment(given, LOCAL_SLACK, "sqlite:///x.db"))
    assert (settings.coder_url, settings.coder_task_template_name) == ("https://coder.example.com", "")


def test_a_half_configured_side_is_refused() -> None:
    """What a real side lacks is named, instead of a local one in its place."""
    with pytest.raises(StartError, match="CODER_SESSION_TOKEN is missing"):
        read_settings(bot_environment({"CODER_URL": "https://coder.example.com"}, LOCAL_SLACK, "sqlite:///x.db"))


@pytest.mark.parametrize(
    ("real", "left"),
    [
        (Real(), {}),
        (Real(coder=True), {"ALL_PROXY": "http://proxy:1"}),
        (Real(slack=True), {"HTTPS_PROXY": "http://proxy:1"}),
        (Real(slack=True, coder=True), {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "corp"}),
    ],
)
def test_local_servers_are_reached_without_a_proxy(real: Real, left: dict[str, str]) -> None:
    """slack_sdk would take the proxy for 127.0.0.1 too; a real Coder is still reached through it."""
    environment = {"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "corp"}
    bypass_proxies(environment, real)
    local = {"NO_PROXY": "corp,127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
    assert environment == {**({} if real == Real(slack=True, coder=True) else local), **left}


# -- what people do ----------------------------------------------------------------------------------------------------


def card_blocks(name: str) -> list[dict[str, object]]:
    """Blocks as a card has them: the small print with the name, a button that asks, a menu."""
    text = {"type": "plain_text", "text": "Pause"}
    question = {"title": text, "text": text, "confirm": text, "deny": text}
    menu = [{"text": {"type": "plain_text", "text": "Delete…"}, "value": "delete:1"}]
    return [
        {"type": "context", "elements": [{"type": "plain_text", "text": f"Ana · {name}"}]},
        {
            "type": "actions",
            "block_id": "do",
            "elements": [
                {"type": "button", "action_id": "pause", "value": "1", "text": text, "confirm": question},
                {"type": "overflow", "action_id": "more", "options": menu},
            ],
        },
    ]


def card_in(slack: SlackServer, channel: Channel, name: str) -> Message:
    """A message of the bot that looks like a task's card."""
    message = Message(channel.id, slack.workspace.new_ts(channel), slack.bot_user.id)
    message.blocks, message.metadata = card_blocks(name), {"event_type": "coder_task_card"}
    return slack.workspace.add_message(message)


async def test_a_click_finds_the_newest_label_and_says_what_slack_asks() -> None:
    """A confirm dialog is shown and said yes to; a menu's entry is chosen by its label; dots may be left out."""
    async with SlackServer(ack_seconds=0.1) as slack:
        scene = stage(slack)
        one, two = (card_in(slack, scene.payments, name) for name in ("one", "two"))
        with slack.subscribe() as changes:
            await Hands(slack).press(scene.ana, "pause")
            await Hands(slack).press(scene.ana, "delete")
            told = [await anext(changes) for _ in range(2)]
        assert "Slack asks: Pause Pause → Pause" in told[1].data["text"]
        clicked = [delivery.payload for delivery in slack.deliveries]
        assert [payload["message"]["ts"] for payload in clicked] == [two.ts, two.ts]
        assert clicked[1]["actions"][0]["selected_option"]["value"] == "delete:1"
        assert [find_card(slack, name) for name in ("", "two", "2", "1", "one")] == [two, two, two, one, one]


async def test_a_chat_refuses_what_cannot_be_done() -> None:
    """What a person gets wrong is said, and the chat goes on; quit ends it."""
    async with SlackServer() as slack:
        scene = stage(slack)
        chat = Chat(scene, scene.ana, scene.payments)
        with slack.subscribe() as changes:
            for line in ("as zoe", "in nowhere", "> hello", "click Logs", "", "help", "words"):
                assert await chat.do(line)
            told = [(await anext(changes)).data["text"] for _ in range(6)]
        assert "'zoe' is none of: ana, bo, gia" in told[0]
        assert "'nowhere' is none of: payments, random" in told[1]
        assert "there is no task yet" in told[2]
        assert "there is no 'Logs' to click" in told[3]
        assert "quit" in told[4]
        assert "crash the build" in told[5]
        assert not await chat.do("quit")
