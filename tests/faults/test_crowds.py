"""A Coder full of other people's tasks, and a Slack that counts: the bot stays current with its own, and is polite."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.e2e.scene import words
from tests.faults import agents, people
from tests.faults.bots import Nursery
from tests.faults.crowds import send_away, slack_keeps_rates, strangers_of
from tests.faults.player import Player
from tests.faults.record import Wish
from tests.faults.schedule import settled
from tests.faults.stage import Stage, World, stage
from tests.faults.test_promises import CHANCE

SQLITE = World("socket", "sqlite")
pytestmark = pytest.mark.timeout(240)


def test_five_thousand_tasks_of_others(player: Player) -> None:
    """They come while a task of ours is at work: prompts, changes and cards go their way."""
    player.on(SQLITE, _a_crowd)


async def _wished(made: Stage, prompt: str) -> None:
    """Somebody asks for a task; who sees that Slack could not deliver the command types another."""
    accepted = False
    while not accepted:
        await made.slack.until(lambda: made.slack.socket.open, 60, "a socket")
        typed = await made.command(made.scene.ana, made.scene.payments, f"create -- {prompt}")
        made.record.wishes.append(Wish(prompt, typed))
        accepted, prompt = bool(typed.accepted), f"{prompt}!"


async def _a_crowd(url: str, nursery: Nursery, folder: Path) -> None:
    async with stage(SQLITE, url, nursery, folder, poll_seconds=2.0) as made:
        await _wished(made, "Repair it")
        task, *_ = await made.slack.until(made.known_tasks, 20, "a card")
        strangers_of(made, 5000)
        await agents.bring_up(made, task, "idle")
        await people.write(made, task, made.scene.ana, "")
        await made.coder.until(lambda: task.inputs, 60, "the reply")
        task.report("complete", agents.say(made, task, "complete"))
        await _wished(made, "Repair another")
        await made.slack.until(lambda: len(made.known_tasks()) >= 2, 60, "another card")
        await made.slack.until(lambda: "Complete" in words(made.cards()[0]), 60, "the end on the first card")
        send_away(made)  # to judge would take the longer
        assert await settled(made) == []


def test_slack_counts(player: Player) -> None:
    """Ten tasks at once under Slack's rates: all cards stand and are current, and 429s are few."""
    player.on(SQLITE, _many_cards)


async def _many_cards(url: str, nursery: Nursery, folder: Path) -> None:
    async with stage(SQLITE, url, nursery, folder) as made:
        await slack_keeps_rates(made, CHANCE)
        await asyncio.gather(*(_wished(made, f"Repair number {number}.") for number in range(10)))
        await made.slack.until(lambda: len(made.known_tasks()) >= 10, 60, "ten cards")
        for task in made.tasks:
            await agents.bring_up(made, task, "complete")
        assert await settled(made) == []
        limited = [call for call in made.slack.calls if call.error == "ratelimited"]
        assert len(limited) < len(made.slack.calls) / 10
        await made.calm()
