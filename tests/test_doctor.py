"""The doctor: one line for each thing that the bot needs, with the mend where one is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from bot.doctor import doctor
from bot.sandbox.coder import CoderServer
from bot.sandbox.slack import SlackServer
from bot.settings import read_settings
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.e2e.scene import MANIFEST, Scene


@pytest.fixture(name="servers")
async def _servers(tmp_path: Path) -> AsyncIterator[Scene]:
    """The two servers, without the bot."""
    manifest = yaml.safe_load(MANIFEST.read_text())
    async with SlackServer(manifest=manifest) as slack, CoderServer(manual=True) as coder:
        yield Scene(slack, coder, f"sqlite:///{tmp_path}/bot.db", http=False)


async def said(scene: Scene, **changes: str) -> tuple[int, list[str]]:
    """The doctor's exit status and lines."""
    lines: list[str] = []
    status = await doctor(read_settings({**scene.environment, **changes}), lines.append)
    return status, lines


async def test_all_is_well(servers: Scene, tmp_path: Path) -> None:
    """Each thing is named with what was found; nothing is changed."""
    status, lines = await said(servers)

    assert status == 0
    assert [line.split()[:2] for line in lines] == [
        ["Slack", "ok"],
        ["Ingress", "ok"],
        ["Coder", "ok"],
        ["Coder", "ok"],
        ["Database", "ok"],
    ]
    assert f"Coder 2.34.3 at {servers.coder.url}, as admin" in lines[2]
    assert "claude-code" in lines[3]
    assert lines[4].endswith("sqlite: empty, the first start makes the tables")
    database = await Database.open(f"sqlite:///{tmp_path}/bot.db")
    assert await migrate(database) == "created"
    await database.close()
    assert (await said(servers))[1][4].endswith("sqlite: up to date")


async def test_everything_that_is_wrong_is_said(servers: Scene) -> None:
    """One failure does not hide the others, and the status says that something is wrong."""
    status, lines = await said(
        servers,
        SLACK_BOT_TOKEN="xoxb-wrong",
        SLACK_APP_TOKEN="xapp-wrong",
        CODER_SESSION_TOKEN="wrong-wrong",
        DATABASE_URL="sqlite:////no/such/folder/bot.db",
    )

    assert status == 1
    assert [line.split()[:2] for line in lines] == [
        [name, "FAILED"] for name in ("Slack", "Ingress", "Coder", "Database")
    ]
    assert "OAuth & Permissions" in lines[0]
    assert "connections:write" in lines[1]
    assert "coder tokens create" in lines[2]
    assert "create it" in lines[3]
    assert "wrong" not in "".join(lines)


async def test_what_works_only_in_part_is_a_warning(servers: Scene) -> None:
    """A scope that is missing, and a token that is no site owner's; the status stays 0."""
    async with SlackServer(scopes=frozenset({"chat:write"})) as poor:
        status, lines = await said(
            servers, CODER_SESSION_TOKEN=servers.coder.token_for("ana"), SLACK_API_URL=poor.api_url
        )

    assert status == 0
    warnings = [line for line in lines if line.split()[1] == "warning"]
    assert [line for line in warnings if "without the scope files:write" in line]
    assert [line for line in warnings if "ana" in line]


async def test_http_mode_is_explained(servers: Scene) -> None:
    """Without an app token it says where Slack's requests must lead."""
    _, lines = await said(servers, SLACK_APP_TOKEN="", BOT_PORT="8080")
    assert "port 8080" in lines[1]
    assert "/slack/events" in lines[1]


async def test_a_running_bot_holds_its_file(servers: Scene) -> None:
    """That is as it should be, and no failure."""
    await servers.start()
    status, lines = await said(servers)
    await servers.stop()
    assert status == 0
    assert "if that is the running bot, all is well" in lines[-1]
