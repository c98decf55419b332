"""What people say to the bot itself: by its name in a channel, in their direct messages, with a word in a thread."""

from __future__ import annotations

import random
import time

from bot.sandbox.slack.records import Channel, User
from tests.faults.moves import move
from tests.faults.people import a_task, a_user
from tests.faults.record import Typed, Wanted, Wish, Word
from tests.faults.stage import Stage

_MACHINE = ("pause", "resume", "retry")


@move("people", 4)
async def mention(stage: Stage, chance: random.Random) -> str:
    """Somebody starts a task by a message that begins with the bot's name; Slack tells of it by two events."""
    user = chance.choices((stage.scene.ana, stage.scene.bo, stage.scene.gia), (80, 15, 5))[0]
    channel = chance.choice(stage.channels)
    prompt = f"Repair what {stage.number()} has broken"
    text = f"<@{stage.slack.bot_user.id}> {prompt}"
    return await _say(stage, user, channel, text, prompt) and f"{user.name}: @bot {prompt} in {channel.name}"


@move("people", 2)
async def direct_message(stage: Stage, chance: random.Random) -> str:
    """Somebody starts a task by a message to the bot."""
    user = chance.choice((stage.scene.ana, stage.scene.bo))
    prompt = f"Repair what {stage.number()} has broken"
    return await _say(stage, user, stage.slack.dm(user), prompt, prompt) and f"{user.name}: {prompt} to the bot"


async def _say(stage: Stage, user: User, channel: Channel, text: str, prompt: str) -> str:
    """Write a message that is a wish; its ts, empty where nobody can write."""
    if channel.archived:
        return ""
    at = time.time()
    ts = await stage.slack.post(user, channel, text, wait=False)
    stage.record.wishes.append(Wish(prompt, Typed("", user, channel, at), user is stage.scene.gia, ts))
    return ts


@move("people", 4)
async def word(stage: Stage, chance: random.Random) -> str:
    """Somebody writes a command into a task's thread, with an exclamation mark or by the bot's name."""
    task = a_task(stage, chance)
    card = stage.card_of(task.id) if task else None
    if task is None or card is None:
        return ""
    user, channel = a_user(stage, chance, task), stage.slack.workspace.channels[card.channel]
    if channel.archived or user.id not in channel.members:
        return ""
    verb = chance.choice((*_MACHINE, "pause", "status", "logs"))
    text = chance.choice((f"!{verb}", f"<@{stage.slack.bot_user.id}> {verb}"))
    root = card.thread_ts or card.ts
    if verb in _MACHINE:
        stage.record.wanted.append(Wanted(verb, task.id, time.time()))
    builds = len(task.workspace.builds)
    ts = await stage.slack.post(user, channel, text, thread_ts=root, wait=False)
    stage.record.words.append(Word(verb, user, channel, root, ts, task.id, builds))
    return f"{user.name}: {text!r} in the thread of {task.name}"
