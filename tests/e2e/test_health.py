"""What a supervisor and Prometheus read: /healthz, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import metrics
from bot.sandbox.faults import Fault, Kind
from tests.e2e.scene import Scene
from tests.e2e.scene import scene as a_scene


@pytest.fixture(name="scene")
async def _scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """The bot over sockets."""
    async with a_scene(f"sqlite:///{tmp_path}/bot.db") as made:
        yield made


async def get(scene: Scene, path: str) -> tuple[int, str, Any]:
    """Ask the bot's port: status, text, and the JSON where it is some."""
    assert scene.bot is not None
    url = f"http://127.0.0.1:{scene.bot.port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        is_json = response.content_type == "application/json"
        return response.status, await response.text(), await response.json() if is_json else None


async def numbers(scene: Scene) -> dict[str, float]:
    """The page for Prometheus, by name and labels."""
    status, text, _ = await get(scene, "/metrics")
    assert status == 200
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


async def test_a_bot_that_works_is_healthy_and_ready(scene: Scene) -> None:
    """Readiness says what it found: the workspace, the sockets, Coder's version."""
    assert (await get(scene, "/healthz"))[:2] == (200, "ok\n")
    await scene.seen(lambda: len(scene.slack.socket.open) == 2, "two sockets")

    status, _, facts = await get(scene, "/readyz")

    assert status == 200
    assert facts == {
        "ready": True,
        "reasons": [],
        "slack": {"team": "Sandbox", "mode": "socket"},
        "sockets": 2,
        "coder": {"version": "2.34.3", "fresh": True},
        "warnings": [],
        "leader": facts["leader"],
    }


async def test_without_a_socket_it_is_not_ready(scene: Scene) -> None:
    """Slack cannot reach it, and it says so; it lives all the same."""
    scene.slack.socket.refused_tickets = 10**6
    scene.slack.socket.abort()
    await scene.seen(lambda: not scene.slack.socket.connections, "no socket")

    status, _, facts = await get(scene, "/readyz")

    assert (status, facts["reasons"], facts["sockets"]) == (503, ["no socket to Slack is open"], 0)
    assert (await numbers(scene))["coder_bot_sockets_open"] == 0
    assert (await get(scene, "/healthz"))[0] == 200


async def test_without_the_database_it_is_not_ready(scene: Scene) -> None:
    """The reason is the database's own; the other numbers are still told."""
    assert scene.bot is not None
    await scene.bot.database.close()

    status, _, facts = await get(scene, "/readyz")

    assert (status, facts["reasons"]) == (503, ["the database is away: the database is closed"])
    found = await numbers(scene)
    assert found["coder_bot_database_up"] == 0
    assert found["coder_bot_sockets_open"] == 2


async def test_a_coder_that_is_away_does_not_make_it_unready(scene: Scene) -> None:
    """People can still be answered; that Coder does not answer is told, and seen in the age of the poll."""
    assert scene.bot is not None
    await scene.quiet()
    scene.coder.faults.add(Fault(Kind.CUT, times=None))
    await scene.reached(lambda: scene.coder.calls[-1].status == 499, "a poll that fails")
    scene.bot.poller.last_success = 1.0

    status, _, facts = await get(scene, "/readyz")

    assert (status, facts["coder"]["fresh"]) == (200, False)
    assert (await numbers(scene))["coder_bot_poll_age_seconds"] > 60


async def test_in_http_mode_there_are_no_sockets(tmp_path: Path) -> None:
    """And nobody waits for one."""
    async with a_scene(f"sqlite:///{tmp_path}/bot.db", http=True) as scene:
        status, _, facts = await get(scene, "/readyz")
        assert (status, facts["sockets"], facts["slack"]["mode"]) == (200, None, "http")
        assert str((await numbers(scene))["coder_bot_sockets_open"]) == "nan"


async def test_the_numbers_tell_what_happens(scene: Scene) -> None:
    """Deliveries by kind and outcome, tasks by phase, the poll, and Slack's 429s."""
    assert scene.bot is not None
    await scene.working()
    scene.slack.faults.add(
        Fault(Kind.REFUSE, "chat.postMessage", status=429, headers={"Retry-After": "0"}, body='{"ok": false}')
    )
    await scene.create("Tidy the signup page")
    await scene.quiet()

    found = await numbers(scene)

    assert found['coder_bot_deliveries_total{kind="create_task",outcome="done"}'] == 2
    assert found['coder_bot_deliveries_total{kind="post_card",outcome="retry"}'] == 1
    assert found['coder_bot_delivery_seconds_count{kind="create_task"}'] == 2
    assert found['coder_bot_slack_rate_limited_total{method="chat.postMessage"}'] == 1
    assert found['coder_bot_tasks{phase="open"}'] == 2
    assert found["coder_bot_outbox_dead"] == 0
    assert found["coder_bot_outbox_oldest_due_seconds"] < 10
    assert (found["coder_bot_database_up"], found["coder_bot_leader"]) == (1, 1)
    assert 0 <= found["coder_bot_poll_age_seconds"] < 10
    assert 0 < found["coder_bot_poll_seconds"] < 10
    assert found["coder_bot_sockets_open"] == 2


async def test_what_waits_is_counted_by_kind(scene: Scene) -> None:
    """While Slack is away the outbox grows, and its oldest item gets older."""
    assert scene.bot is not None
    scene.slack.faults.add(Fault(Kind.REFUSE, "chat.postMessage", times=None))
    assert (await scene.command("create -- Tidy the login page")).ok
    await scene.seen(lambda: scene.slack.calls_of("chat.postMessage"), "a failed post")

    async with asyncio.timeout(10):
        while 'coder_bot_outbox_pending{kind="post_card"}' not in (found := await numbers(scene)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert found['coder_bot_outbox_pending{kind="post_card"}'] == 1


async def test_every_number_is_documented(scene: Scene) -> None:
    """The docstring of bot/metrics.py names exactly what there is."""
    documented = set(re.findall(r"^ *(coder_bot_\w+)", metrics.__doc__ or "", re.MULTILINE))
    _, text, _ = await get(scene, "/metrics")
    told = set(re.findall(r"^# TYPE (\w+) (?:counter|gauge|histogram)$", text, re.MULTILINE))
    assert {name for name in told if not name.endswith("_created")} == documented


async def test_while_it_starts_it_is_not_ready(scene: Scene) -> None:
    """Work is taken only when everything runs."""
    assert scene.bot is not None
    scene.bot.running.clear()
    status, _, facts = await get(scene, "/readyz")
    assert (status, facts["reasons"]) == (503, ["starting"])
