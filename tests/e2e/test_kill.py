"""The bot is killed with -9 at random moments of a scripted day, and nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable

import pytest

from tests.e2e.day import BotProcess, Day, Life, ask, complaints, expire_leases, place
from tests.e2e.scene import Scene

KILLS = 7
# In the middle of these the bot has done something outside that it has not noted yet.
_SLACK = ("chat.postMessage", "chat.update", "reactions.add", "response_url", "conversations.replies")
_CODER = ("POST /api/v2/tasks/ana", "/send", "/pause", "/resume", "DELETE ")


class Killer:
    """Kills the bot again and again, at moments that its random numbers choose, and starts it anew."""

    def __init__(self, scene: Scene, bot: BotProcess, seed: int) -> None:
        self.scene, self.bot, self.random = scene, bot, random.Random(seed)
        self.moments: list[str] = []

    async def work(self, kills: int) -> None:
        """Kill so many times; in the end the bot runs."""
        for _ in range(kills):
            await self._moment()
            await self.bot.kill()
            expire_leases(self.scene.environment["DATABASE_URL"])
            await asyncio.sleep(self.random.uniform(0.0, 0.5))
            await self.bot.start()

    async def _moment(self) -> None:
        """Wait for a moment: some time after the start, some calls later, or right when something has been done."""
        kind = self.random.choice(("time", "calls", "slack", "coder", "slack", "coder"))
        if kind == "time":
            await self._some_time(0.1, 2.0)
            return
        await asyncio.wait_for(self.bot.is_up.wait(), 30)
        slack, coder = self.scene.slack, self.scene.coder
        if kind == "calls":
            calls = len(slack.calls) + self.random.randint(1, 20)
            self.moments.append(f"{calls} calls")
            await self._patiently(lambda: len(slack.calls) >= calls)
        elif kind == "slack":
            method = self.random.choice(_SLACK)
            known = len(slack.calls_of(method))
            self.moments.append(method)
            await self._patiently(lambda: len(slack.calls_of(method)) > known and slack.calls_of(method)[-1].status)
        else:
            name = self.random.choice(_CODER)
            known = len(coder.calls)
            self.moments.append(name)
            await self._patiently(lambda: any(name in call.name for call in coder.calls[known:]), coder=True)

    async def _some_time(self, least: float, most: float) -> None:
        seconds = self.random.uniform(least, most)
        self.moments.append(f"{seconds:.2f} s")
        await asyncio.sleep(seconds)

    async def _patiently(self, condition: Callable[[], object], *, coder: bool = False) -> None:
        """Wait for the condition, but not for ever: the day may be over."""
        until = self.scene.coder.until if coder else self.scene.slack.until
        try:
            await until(condition, timeout=3.0)
        except TimeoutError:
            self.moments.append("in vain")


async def the_day(scene: Scene, bot: BotProcess, killer: Killer | None) -> list[Life]:
    """Live through the day, and wait until nothing is left to be done."""
    day = Day(scene, bot)
    await bot.start()
    async with asyncio.TaskGroup() as group:
        if killer is not None:
            group.create_task(killer.work(KILLS))
        group.create_task(_one_after_the_other(lambda: day.talk("talk-1"), lambda: day.end("end-1")))
        group.create_task(_one_after_the_other(lambda: day.rest("rest-1"), lambda: day.refuse("refuse-1")))
        group.create_task(_one_after_the_other(lambda: day.crash("crash-1"), lambda: day.talk("talk-2")))
    await finished(scene, day.lives)
    return day.lives


async def _one_after_the_other(*lives: Callable[[], object]) -> None:
    for life in lives:
        await life()  # type: ignore[misc]


async def finished(scene: Scene, lives: list[Life]) -> None:
    """Wait until the outbox has nothing to do, all is as it must be, and three more polls have changed nothing."""
    url = scene.environment["DATABASE_URL"]
    # A card is looked at again and again after a prompt, and a slow Coder is spoken of after ten seconds.
    statement = "SELECT count(*) FROM outbox WHERE state = 0 AND kind NOT IN ('edit_card', 'note_slow')"
    deadline = asyncio.get_running_loop().time() + 30
    while asyncio.get_running_loop().time() < deadline:
        if ask(url, statement) == [(0,)] and not complaints(scene, lives):
            break
        await asyncio.sleep(0.1)
    await scene.quiet()


@pytest.mark.timeout(150)
async def test_nothing_is_lost_or_doubled_when_the_bot_is_killed(world: str, database_url: str) -> None:
    """After a day with kills every task, card, prompt and telling is there once, and every card is current."""
    seed = int(os.environ.get("KILL_SEED") or random.randrange(1_000_000))
    async with place(database_url, http=world.startswith("http")) as (scene, bot):
        killer = Killer(scene, bot, seed)
        try:
            lives = await the_day(scene, bot, killer)
            wrong = complaints(scene, lives)
            dead = ask(database_url, "SELECT kind, last_error FROM outbox WHERE state = 2")
        except BaseException as error:
            error.add_note(f"KILL_SEED={seed} killed after {killer.moments}\n" + "\n".join(bot.lines))
            raise
        assert not wrong, f"KILL_SEED={seed} killed after {killer.moments}: {wrong}"
        assert not dead, f"KILL_SEED={seed} killed after {killer.moments}: {dead}"
