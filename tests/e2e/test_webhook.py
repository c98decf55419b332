"""Coder's notification webhook: it brings the next poll forward, on whichever replica leads, and does nothing else."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bot.app import Bot, open_bot
from bot.sandbox.coder import TaskHandle
from tests.e2e.scene import Scene
from tests.sandbox.coder_scene import NO_TLS

SECRET = "s3cr3t-of-coder-0123456789"


def notification(task: TaskHandle | None = None) -> dict[str, Any]:
    """What Coder sends when a task becomes idle."""
    labels = {"task": task.name if task else "any", "workspace": "w"}
    payload = {"_version": "1.2", "notification_name": "Task Idle", "labels": labels, "user_username": "ana"}
    return {"_version": "1.1", "msg_id": str(uuid4()), "title": "Task is idle", "payload": payload}


async def post(bot: Bot | None, body: Any, secret: str = SECRET) -> int:
    """Post something to the bot as Coder does; the status."""
    assert bot is not None
    text = body if isinstance(body, bytes) else httpx.Request("POST", "http://x", json=body).content
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{bot.port}", verify=NO_TLS) as client:
        return (await client.post(f"/coder/notifications/{secret}", content=text)).status_code


async def test_a_notification_brings_the_poll_forward(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """An update arrives within a second where the poll is a minute away; duplicates and junk do no harm."""
    caplog.set_level(logging.DEBUG)
    card, task = await scene.working()
    await scene.stop()
    await scene.start(CODER_WEBHOOK_SECRET=SECRET, BOT_POLL_SECONDS="60", BOT_SETTLE_SECONDS="0")
    assert scene.bot is not None
    await scene.bot.poller.tick()  # the first one comes after a minute, and only a leader is hurried
    polls = len(scene.polls())
    task.report("failure", "No way")
    began = time.monotonic()

    assert await post(scene.bot, notification(task)) == 204

    await scene.told(card, "No way")
    assert time.monotonic() - began < 2.0  # a second, and a busy machine
    statuses = await asyncio.gather(*(post(scene.bot, notification(task)) for _ in range(20)))
    assert set(statuses) == {204}
    task.report("complete", "Done")
    assert await post(scene.bot, notification(task)) == 204
    await scene.told(card, "Complete")
    assert len(scene.polls()) - polls <= 2 + (time.monotonic() - began) / 1.0, "at most one forced poll a second"

    junk = [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"payload": 1}', b"[" * 50_000, b"{}"]
    assert {await post(scene.bot, one) for one in junk} == {400}
    assert await post(scene.bot, b'"' + b"x" * 2_000_000 + b'"') == 413
    for wrong in ("wrong", SECRET[:-1], f"{SECRET}x", "%C3%A9", "%FF"):
        assert await post(scene.bot, notification(task), wrong) == 404
    assert len(scene.thread(card)) == 3
    ours = [one.getMessage() + str(vars(one)) for one in caplog.records if one.name.startswith(("bot", "aiohttp"))]
    assert ours
    assert not [line for line in ours if SECRET in line]


async def test_it_is_off_without_a_secret(scene: Scene) -> None:
    """Without the setting there is no such address."""
    assert await post(scene.bot, notification()) == 404


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_the_leader_polls_whoever_is_told(scene: Scene) -> None:
    """A notification that reaches a replica that does not poll is heard by the one that does."""
    await scene.stop()
    slow = {"CODER_WEBHOOK_SECRET": SECRET, "BOT_POLL_SECONDS": "60", "BOT_SETTLE_SECONDS": "0"}
    first = await scene.start(**slow)
    await first.poller.tick()
    second = await open_bot(scene.settings(**slow))
    await second.start()
    try:
        assert (first.poller.is_leader, second.poller.is_leader) == (True, False)
        card, task = await scene.create()
        await task.ready("complete", "Done")
        assert await post(second, notification(task)) == 204
        await scene.told(card, "Complete")
        assert second.poller.last_success is None
    finally:
        await second.stop()
