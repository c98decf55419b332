"""The switches: what each of them does to a call, and that the faults end when they are switched off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox import controls as module
from bot.sandbox.bot_process import BotProcess
from bot.sandbox.coder import CoderServer
from bot.sandbox.controls import Controls
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.records import Channel
from tests.sandbox.coder_scene import running as coder_running

SLACK = ["slack_slow", "slack_429", "slack_5xx", "slack_lost", "slack_down"]
CODER = ["coder_slow", "coder_5xx", "coder_lost", "coder_down"]


@dataclass
class Scene:
    """Both servers, their controls, and a client of both."""

    slack: SlackServer
    channel: Channel
    coder: CoderServer
    controls: Controls
    client: aiohttp.ClientSession

    async def call(self, method: str, **body: str) -> str:
        """The status of a call of Slack, or that it was cut."""
        headers = {"Authorization": f"Bearer {self.slack.bot_token}"}
        try:
            async with self.client.post(self.slack.api_url + method, json=body, headers=headers) as answer:
                return f"{answer.status} {answer.headers.get('Retry-After', '')}".strip()
        except aiohttp.ClientConnectionError:
            return "cut"

    async def post(self) -> str:
        """Say something, as the bot."""
        return await self.call("chat.postMessage", channel=self.channel.id, text="hello")

    async def ask_coder(self, method: str = "GET", path: str = "/api/v2/tasks") -> str:
        """The status of a call of Coder, or that it was cut."""
        headers = {"Coder-Session-Token": self.coder.token}
        try:
            async with self.client.request(method, self.coder.url + path, headers=headers) as answer:
                return str(answer.status)
        except aiohttp.ClientConnectionError:
            return "cut"


@asynccontextmanager
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Two local servers, and nobody who calls them but the test."""
    async with SlackServer() as slack, CoderServer(manual=True) as coder, aiohttp.ClientSession() as client:
        controls = Controls(slack, coder, BotProcess({}, tmp_path / "bot.log"))
        yield Scene(slack, slack.add_channel("team", [slack.bot_user]), coder, controls, client)


async def test_every_switch_is_there_and_off(tmp_path: Path) -> None:
    """Each side has its own, with words for people; a real side has none."""
    async with scene(tmp_path) as one:
        assert [switch.name for switch in one.controls.switches()] == SLACK + CODER
        assert not any(switch.on for switch in one.controls.switches())
        assert all(switch.label and switch.explanation.endswith(".") for switch in one.controls.switches())
        bot = BotProcess({}, tmp_path / "bot.log")
        assert [switch.name for switch in Controls(one.slack, None, bot).switches()] == SLACK
        assert [switch.name for switch in Controls(None, one.coder, bot).switches()] == CODER


@pytest.mark.parametrize(
    ("name", "posted", "looked"),
    [
        ("slack_429", "429 3", "429 3"),
        ("slack_5xx", "503", "503"),
        ("slack_lost", "cut", "200"),
        ("slack_down", "cut", "cut"),
    ],
)
async def test_a_fault_of_slack_lasts_until_it_is_switched_off(
    tmp_path: Path, name: str, posted: str, looked: str
) -> None:
    """Every call meets it while it is on; a lost answer leaves the message there."""
    async with scene(tmp_path) as one:
        one.controls.set(name, on=True)
        assert [switch.name for switch in one.controls.switches() if switch.on] == [name]
        assert [await one.post(), await one.post(), await one.call("auth.test")] == [posted, posted, looked]
        assert len(one.slack.messages(one.channel)) == (2 if name == "slack_lost" else 0)
        one.controls.set(name, on=False)
        assert await one.post() == "200"
        assert not one.slack.faults.active


@pytest.mark.parametrize(
    ("name", "written", "looked"),
    [("coder_5xx", "503", "503"), ("coder_lost", "cut", "200"), ("coder_down", "cut", "cut")],
)
async def test_a_fault_of_coder_lasts_until_it_is_switched_off(
    tmp_path: Path, name: str, written: str, looked: str
) -> None:
    """Every call meets it while it is on; the pages of the local Coder go on."""
    async with scene(tmp_path) as one:
        one.controls.set(name, on=True)
        assert await one.ask_coder("POST", "/api/v2/users/me/keys/tokens") == written
        assert [await one.ask_coder(), await one.ask_coder(path="/tasks")] == [looked, "200"]
        one.controls.set(name, on=False)
        assert await one.ask_coder() == "200"


async def test_slow_answers_come_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is done at once, its answer comes after the seconds that the switch names."""
    async with scene(tmp_path) as one:
        for name in ("slack_slow", "coder_slow"):
            one.controls.set(name, on=True)
        assert [fault.seconds for fault in one.slack.faults.active] == [module._SLACK_SECONDS]
        assert [fault.seconds for fault in one.coder.faults.active] == [module._CODER_SECONDS]
        one.slack.faults.active[0].seconds = 60
        posting = asyncio.create_task(one.post())
        await one.slack.until(lambda: one.slack.messages(one.channel), what="the message")
        assert not posting.done()
        posting.cancel()


async def test_the_graver_fault_wins(tmp_path: Path) -> None:
    """Whatever the order in which they were switched on; others' faults are left alone."""
    async with scene(tmp_path) as one:
        for name in ("slack_lost", "slack_5xx", "slack_down", "slack_5xx"):
            one.controls.set(name, on=True)
        assert await one.post() == "cut"
        one.controls.set("slack_down", on=False)
        assert await one.post() == "503"
        one.controls.set("slack_5xx", on=False)
        one.controls.set("slack_5xx", on=False)
        assert await one.post() == "cut"
        assert [switch.name for switch in one.controls.switches() if switch.on] == ["slack_lost"]


async def test_names_and_speeds_are_checked(tmp_path: Path) -> None:
    """An unknown switch is a LookupError, a speed that makes no sense a ValueError."""
    async with scene(tmp_path) as one:
        with pytest.raises(LookupError, match="no_such"):
            one.controls.set("no_such", on=True)
        for speed in (0.0, -1.0, 1001.0, float("nan")):
            with pytest.raises(ValueError, match="speed"):
                one.controls.set_speed(speed)
        one.controls.set_speed(7.5)
        assert one.controls.speed() == one.coder.deployment.clock.speed == 7.5


async def test_a_new_speed_holds_for_what_goes_on(tmp_path: Path) -> None:
    """A wait of a minute is over when the speed is raised."""
    async with coder_running(speed=0.001) as coder:
        controls = Controls(None, coder.server, BotProcess({}, tmp_path / "bot.log"))
        task = await coder.task("no provisioner")
        controls.set_speed(1000)
        await coder.server.until(lambda: task.status == "active")
