"""The bot is killed with -9 at random moments of a scripted day, and nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from collections.abc import Awaitable, Callable

import psycopg
import pytest

from tests.e2e.day import BotProcess, Day, Life, ask, complaints, place, until_none
from tests.e2e.scene import Scene

KILLS = 7
# In the middle of these the bot has done something outside that it has not noted yet.
_SLACK = ("chat.postMessage", "chat.update", "reactions.add", "response_url", "conversations.replies")
_CODER = ("POST /api/v2/tasks/ana", "/send", "/pause", "/resume", "DELETE ")


async def expire_leases(scene: Scene) -> None:
    """Let the time pass after which another may take over what a dead process held; on SQLite a start does that."""
    url = scene.environment["DATABASE_URL"]
    if url.startswith("postgresql"):
        # What it had sent to the server may still be carried out.
        await until_none(scene, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'coder-task-bot'")
        with contextlib.suppress(psycopg.errors.UndefinedTable):  # it died before it had made any
            ask(url, "UPDATE lane SET lease_until = 0 WHERE lease_until > 0")
            ask(url, "UPDATE lease SET until = 0")


class Killer:
    """Kills the bot again and again, at moments that its random numbers choose, and starts it anew."""

    def __init__(self, scene: Scene, bot: BotProcess, seed: int) -> None:
        self.scene, self.bot, self.random = scene, bot, random.Random(seed)  # noqa: S311 - nothing here is secret
        self.moments: list[str] = []

    async def work(self, kills: int) -> None:
        """Kill so many times; in the end the bot runs."""
        for _ in range(kills):
            await self._moment()
            await self.bot.kill()
            await expire_leases(self.scene)
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
            await until(condition, timeout=1.5)
        except TimeoutError:
            self.moments.append("in vain")


async def the_day(scene: Scene, bot: BotProcess, killer: Killer | None) -> list[Life]:
    """Live through the day, and wait until nothing is left to be done."""
    day = Day(scene, bot)
    await bot.start()
    async with asyncio.TaskGroup() as group:
        if killer is not None:
            group.create_task(killer.work(KILLS))
        group.create_task(_in_turn((day.talk, "talk-1"), (day.end, "end-1")))
        group.create_task(_in_turn((day.rest, "rest-1"), (day.refuse, "refuse-1")))
        group.create_task(_in_turn((day.crash, "crash-1"), (day.talk, "talk-2")))
    await finished(scene, day.lives)
    return day.lives


async def _in_turn(*lives: tuple[Callable[[str], Awaitable[None]], str]) -> None:
    for live, name in lives:
        await live(name)


async def finished(scene: Scene, lives: list[Life]) -> None:
    """Wait until the outbox has nothing to do, all is as it must be, and three more polls have changed nothing."""
    # A card is looked at again and again after a prompt, and a slow Coder is spoken of after ten seconds.
    statement = "SELECT count(*) FROM outbox WHERE state = 0 AND kind NOT IN ('edit_card', 'note_slow')"
    await until_none(scene, statement, lambda: not complaints(scene, lives))
    await scene.quiet()


@pytest.mark.timeout(240)
async def test_nothing_is_lost_or_doubled_when_the_bot_is_killed(world: str, database_url: str) -> None:
    """After a day with kills every task, card, prompt and telling is there once, and every card is current."""
    seed = int(os.environ.get("KILL_SEED") or random.randrange(1_000_000))  # noqa: S311
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


@pytest.mark.parametrize("world", ["socket-sqlite"])
async def test_the_oracle_sees_what_is_wrong(world: str, database_url: str) -> None:
    """A prompt too many, prompts out of order, a doubled message, a stale card and a missing task do not escape it."""
    async with place(database_url, http=False) as (scene, bot):
        await bot.start()
        day = Day(scene, bot)
        await day.talk("talk")
        await finished(scene, day.lives)
        life = day.lives[-1]
        assert life.task is not None
        assert not complaints(scene, day.lives)

        for wrong in (life.task.inputs * 2, life.task.inputs[:1], life.task.inputs[::-1][1:]):
            with pytest.MonkeyPatch.context() as changed:
                changed.setattr(life.task.task, "inputs", wrong)
                assert complaints(scene, day.lives)
        for message in [one for one in life.channel.messages.values() if one.metadata]:
            life.channel.messages["2.0"] = message
            assert complaints(scene, day.lives)
            del life.channel.messages["2.0"]
        life.shows = "Paused"
        assert len(complaints(scene, day.lives)) == 1
        life.shows, life.prompt = "Complete", "something else"
        assert complaints(scene, day.lives)
