"""The bot in a process of its own: started, stopped, killed, started again, and never left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.errors import StartError
from bot.sandbox.bot_process import BotProcess
from bot.sandbox.controls import Controls
from bot.sandbox.narrator import Narrator
from bot.sandbox.run import Options, World, open_world, without_settings
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.feed import Change
from tests.sandbox.process_scene import answers, sandbox
from tests.sandbox.process_scene import until as eventually

SECONDS = 40.0


@asynccontextmanager
async def world(**settings: str) -> AsyncIterator[World]:
    """A sandbox without its page."""
    async with open_world({**without_settings(os.environ), **settings}, Options()) as opened:
        yield opened


async def until(world: World, condition: Callable[[], object], what: str) -> None:
    """Wait for something that the bot's process does; each change of its state is told in the local Slack."""
    assert world.stage
    await world.stage.slack.until(condition, SECONDS, what)


async def test_it_runs_beside_us_and_ends_with_us() -> None:
    """It has a process and a port of its own, its log is in the folder, and nothing is left of it."""
    async with world() as opened:
        url = f"http://127.0.0.1:{opened.bot.port}/healthz"
        assert opened.controls.bot_state() == "running"
        assert opened.bot.pid not in (0, os.getpid())
        assert await answers(url)
        assert "action=started" in opened.log_path.read_text()
    assert opened.controls.bot_state() == "stopped"
    assert opened.bot.ends == []
    assert not await answers(url)


async def test_killed_or_restarted_it_comes_again() -> None:
    """SIGKILL and an orderly restart each give a new process; neither counts as an end that nobody asked for."""
    async with world() as opened:
        controls, pids = opened.controls, [opened.bot.pid]
        await controls.kill_bot()
        assert controls.bot_state() != "running"
        await until(opened, lambda: controls.bot_state() == "running", "the bot after the kill")
        pids.append(opened.bot.pid)
        await controls.restart_bot()
        assert controls.bot_state() == "running"
        pids.append(opened.bot.pid)
        assert len(set(pids)) == 3
        assert opened.bot.ends == []
        log = opened.log_path.read_text()
    assert (log.count("action=started"), log.count("action=stopped")) == (3, 1)


async def test_an_end_that_nobody_asked_for_is_known() -> None:
    """It is started again as a supervisor would, and its exit status is kept."""
    async with world() as opened:
        os.kill(opened.bot.pid, signal.SIGTERM)
        await until(opened, lambda: opened.bot.ends, "the end")
        await until(opened, lambda: opened.controls.bot_state() == "running", "the next start")
        assert opened.bot.ends == [0]


async def test_a_restart_while_it_cannot_start_is_not_waited_for() -> None:
    """With Coder away no start succeeds; the state says so, and it runs as soon as Coder is back."""
    async with world() as opened:
        opened.controls.set("coder_down", on=True)
        await opened.controls.restart_bot()
        assert opened.controls.bot_state() != "running"
        opened.controls.set("coder_down", on=False)
        await until(opened, lambda: opened.controls.bot_state() == "running", "the bot, when Coder is back")


async def test_what_it_refuses_is_said_in_its_own_words(tmp_path: Path) -> None:
    """When it ends before it runs, its one line is the error's."""
    bot = BotProcess({**without_settings(os.environ), "SLACK_BOT_TOKEN": "xoxb-1"}, tmp_path / "bot.log")
    with pytest.raises(StartError, match="CODER_URL is missing: set it to"):
        await bot.start()
    assert bot.state == "stopped"
    assert "CODER_URL is missing" in (tmp_path / "bot.log").read_text()


async def test_its_log_says_that_it_runs_at_every_level(tmp_path: Path) -> None:
    """Whoever wants few lines in the log still gets a sandbox that knows when the bot runs."""
    async with world(BOT_LOG_LEVEL="error") as opened:
        assert opened.bot.state == "running"


async def test_it_dies_with_a_sandbox_that_is_killed(tmp_path: Path) -> None:
    """SIGKILL for the sandbox leaves no bot behind."""
    async with sandbox("--no-open", settings={"TMPDIR": str(tmp_path)}) as running:  # nobody tidies up after SIGKILL
        url = (await running.reads(r"health +(\S+)/readyz"))[1] + "/healthz"
        await running.reads("until Ctrl-C or SIGTERM")
        assert await answers(url)

        async def gone() -> bool:
            return not await answers(url)

        running.process.kill()
        await running.process.wait()
        await eventually(gone)


def test_controls_need_no_running_bot(tmp_path: Path) -> None:
    """With both sides real there are no switches and no speed, and the state is told all the same."""
    controls = Controls(None, None, BotProcess({}, tmp_path / "bot.log"))
    assert controls.switches() == []
    assert (controls.bot_state(), controls.speed()) == ("stopped", 1.0)
    with pytest.raises(LookupError):
        controls.set("slack_down", on=True)
    with pytest.raises(LookupError):
        controls.set_speed(2)


def test_the_terminal_tells_how_the_bot_is() -> None:
    """Each change of its state is one line."""
    narrator = Narrator(SlackServer(), print)
    told = [narrator.lines(Change("bot", {"state": state})) for state in ("stopped", "starting", "running")]
    assert [line.split("  ")[-1] for (line,) in told] == ["The bot has ended.", "The bot starts.", "The bot runs."]
