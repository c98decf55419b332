"""What is asked of Coder at start, and the one line that says what to mend."""

from __future__ import annotations

import asyncio
import socket
import time

import httpx
import pytest

from bot.coder import Coder
from bot.coder.http import CoderHttp
from bot.coder.server import ServerInfo, check
from bot.errors import StartError
from bot.sandbox.faults import Fault, Kind
from bot.settings import read_settings
from tests.coder.wire import TLS, running


@pytest.mark.parametrize("release", ["2.29.0", "2.31.9", "2.34.3", "2.36.0"])
async def test_a_good_server_has_no_warnings(release: str) -> None:
    """Every release with tasks and a site owner's token is good."""
    async with running(release) as wire:
        assert await check(wire.http) == ServerInfo(release, tasks=True, is_owner=True, username="admin")


@pytest.mark.parametrize(
    ("release", "mend"),
    [
        ("2.28.5", "has no Tasks: upgrade the server to 2.29 or newer"),
        ("2.37.0", "CODER_ENABLE_AI_TASKS=true"),
        ("2.38.0", "no longer has Tasks"),
    ],
)
async def test_a_server_without_tasks_stops_the_start(release: str, mend: str) -> None:
    """Too old, turned off, removed: each has its mend."""
    async with running(release) as wire:
        with pytest.raises(StartError, match=mend) as raised:
            await check(wire.http)
    assert "\n" not in str(raised.value)


async def test_2_37_with_its_switch_is_good() -> None:
    """With the switch the last release is as good as those before."""
    async with running("2.37.2", enable_ai_tasks=True) as wire:
        assert (await check(wire.http)).warnings == ()


async def test_a_member_is_warned_of() -> None:
    """A token that is no owner's works for one person only: a warning, not a failure."""
    async with running() as wire, httpx.AsyncClient(verify=TLS) as client:
        info = await check(CoderHttp(wire.server.url, wire.server.token_for("ana"), client=client))
    assert (info.username, info.is_owner) == ("ana", False)
    assert "CODER_SESSION_TOKEN is of ana" in info.warnings[0]


@pytest.mark.parametrize("version", ["v0.0.0-devel+abc", "weekly", "v2.40.1"])
async def test_a_version_that_nobody_knows_is_warned_of(version: str) -> None:
    """A server that has tasks is taken, whatever it calls itself."""
    async with running() as wire:
        body = f'{{"version": "{version}"}}'
        headers = {"Content-Type": "application/json"}
        wire.server.faults.add(Fault(Kind.REFUSE, "*buildinfo", status=200, body=body, headers=headers))
        [warning] = (await check(wire.http)).warnings
    assert "2.29 to 2.37" in warning


async def test_a_refused_token_stops_the_start() -> None:
    """The setting and how to make a new token, without the token."""
    async with running() as wire, httpx.AsyncClient(verify=TLS) as client:
        with pytest.raises(StartError, match=r"CODER_SESSION_TOKEN is refused .* `coder tokens create`") as raised:
            await check(CoderHttp(wire.server.url, "wrong-token", client=client))
        ana = wire.server.token_for("ana")
        wire.server.deployment.user("ana").status = "suspended"
        with pytest.raises(StartError, match=r"CODER_SESSION_TOKEN .* suspended"):
            await check(CoderHttp(wire.server.url, ana, client=client))
    assert "wrong-token" not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [(200, "<html>", "text/html"), (404, "not here", "text/plain"), (200, "[]", "application/json")],
)
async def test_another_web_server_is_not_coder(status: int, body: str, kind: str) -> None:
    """What answers at CODER_URL must answer as Coder does."""
    async with running() as wire:
        fault = Fault(Kind.REFUSE, "*buildinfo", status=status, body=body, headers={"Content-Type": kind})
        wire.server.faults.add(fault)
        with pytest.raises(StartError, match="CODER_URL"):
            await check(wire.http)


async def test_nobody_at_the_address_stops_the_start() -> None:
    """A closed port and a name that does not exist are said at once."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with httpx.AsyncClient(verify=TLS) as client:
            with pytest.raises(StartError, match=r"CODER_URL: http://127\.0\.0\.1.* does not answer"):
                await check(CoderHttp(url, "a-token", client=client))


async def test_a_silent_server_stops_the_start_in_time() -> None:
    """A server that takes the connection and says nothing is given up."""
    began = time.monotonic()
    held: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: held.append(writer), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with httpx.AsyncClient(verify=TLS) as client:
        with pytest.raises(StartError, match=r"no answer in 0\.2 s"):
            await check(CoderHttp(url, "a-token", client=client), seconds=0.2)
    for writer in held:
        writer.close()
    server.close()
    assert time.monotonic() - began < 10


async def test_the_settings_make_a_working_coder() -> None:
    """From the environment to an answer, with the configured defaults."""
    async with running() as wire:
        environment = {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
            "CODER_URL": f"{wire.server.url}/",
            "CODER_SESSION_TOKEN": wire.server.token,
            "CODER_TASK_TEMPLATE_NAME": "claude-code",
        }
        coder = Coder.of(read_settings(environment))
        assert (await coder.directory.me()).username == "admin"
        assert await coder.tasks.snapshots() == []
        await coder.close()
