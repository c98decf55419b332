"""What is shown elsewhere than where it was asked for: Home tabs, channels that watch Coder, and Coder's own word."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import suppress

import aiohttp
import httpx

from tests.faults.moves import move
from tests.faults.record import Watching
from tests.faults.stage import WEBHOOK_SECRET, Stage
from tests.sandbox.coder_scene import NO_TLS

_SECONDS = 1.5


@move("people", 2)
async def look_at_home(stage: Stage, chance: random.Random) -> str:
    """Somebody opens their Home tab; from then on it follows."""
    user = chance.choice((stage.scene.ana, stage.scene.ana, stage.scene.bo, stage.scene.gia))
    stage.spawn(stage.slack.open_home(user))
    return f"{user.name}: opens the Home tab"


@move("people", 2)
async def watch(stage: Stage, chance: random.Random) -> str:
    """A site owner lets a channel hear of tasks that nobody started from Slack, or ends that."""
    on = chance.random() < 0.75
    text = "watch --on needs-input,complete,failed,error" if on else "unwatch"
    channel, at = chance.choice(stage.channels), time.time()

    async def work() -> None:
        typed = await stage.command(stage.scene.admin, channel, text)
        stage.record.watching.append(Watching(channel, typed, at, on=on))

    stage.spawn(work())
    return f"admin: {text} in {channel.name}"


@move("people", 3)
async def made_in_coder(stage: Stage, chance: random.Random) -> str:
    """Somebody starts a task in Coder itself."""
    owner, prompt = chance.choice(("ana", "bo")), f"Elsewhere mend {stage.number()}"
    version = stage.coder.deployment.templates[0].active_version.id
    stage.record.elsewhere[prompt] = time.time()
    stage.spawn(_make(stage, owner, {"template_version_id": version, "input": prompt}))
    return f"{owner} in Coder: {prompt}"


async def _make(stage: Stage, owner: str, body: dict[str, str]) -> None:
    headers = {"Coder-Session-Token": stage.coder.token_for(owner)}
    async with httpx.AsyncClient(base_url=stage.coder.url, headers=headers, verify=NO_TLS) as client:
        with suppress(httpx.HTTPError):  # Coder's faults meet everybody
            await client.post("/api/v2/tasks/me", json=body)


@move("agents", 4)
async def coder_notifies(stage: Stage, chance: random.Random) -> str:
    """Coder says to some bot that something has happened: it is true or not, comes once or several times."""
    bots = [bot for bot in stage.bots if bot.up.is_set()]
    if not bots:
        return ""
    bot, times = chance.choice(bots), chance.choice((1, 1, 2, 5))
    for _ in range(times):
        stage.spawn(_notify(bot.port))
    return f"Coder notifies {bot.name}, {times} times"


async def _notify(port: int) -> None:
    url = f"http://127.0.0.1:{port}/coder/notifications/{WEBHOOK_SECRET}"
    payload = {"_version": "1.2", "notification_name": "Task Idle", "labels": {"task": "any"}, "user_username": "ana"}
    body = {"_version": "1.1", "msg_id": "0", "title": "Task is idle", "payload": payload}
    timeout = aiohttp.ClientTimeout(_SECONDS)
    with suppress(aiohttp.ClientError, asyncio.TimeoutError):
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url, json=body) as answer:
            await answer.read()
