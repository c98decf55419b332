"""What people do in Slack: commands, replies, edits, clicks, twice and at once."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

from bot.sandbox.coder import TaskHandle
from bot.sandbox.slack.records import Message, User
from tests.faults.moves import move
from tests.faults.record import Line, Sent, Typed, Wanted, Wish
from tests.faults.stage import Stage, task_id

_MACHINE = ("pause", "resume", "retry", "delete")


@move("people", 9)
async def create(stage: Stage, chance: random.Random) -> str:
    """Somebody starts a task; now and then from a template that is not there, or without an account."""
    user = chance.choices((stage.scene.ana, stage.scene.bo, stage.scene.gia), (80, 15, 5))[0]
    channel = chance.choice(stage.channels)
    hopeless = chance.random() < 0.1
    flags = "--template nonsense " if hopeless else chance.choice(("", "", "", "--notify all ", "--template aider "))
    await _create(stage, user, channel, flags, hopeless=hopeless or user is stage.scene.gia)
    return f"{user.name}: create {flags}in {channel.name}"


async def _create(stage: Stage, user: User, channel: Any, flags: str, *, hopeless: bool) -> None:
    prompt = f"Mend what {stage.number()} has broken"
    typed = Typed("", user, channel, time.time())
    stage.record.wishes.append(wish := Wish(prompt, typed, hopeless))
    known = len(stage.tasks)

    async def work() -> None:
        wish.typed = await stage.command(user, channel, f"create {flags}-- {prompt}")

    stage.spawn(work())
    await _soon(stage, lambda: len(stage.tasks) > known and stage.known_tasks(), 0.25)


@move("opening", 1)
async def begin(stage: Stage, chance: random.Random) -> str:
    """A task with a card, before anything goes wrong."""
    channel, known = chance.choice(stage.channels), len(stage.known_tasks())
    await _create(stage, stage.scene.ana, channel, "", hopeless=False)
    await _soon(stage, lambda: len(stage.known_tasks()) > known, 20)
    return f"ana: a task in {channel.name}"


@move("people", 3)
async def create_several(stage: Stage, chance: random.Random) -> str:
    """Several tasks at the same moment."""
    channel = chance.choice(stage.channels)
    for _ in range(3):
        await _create(stage, stage.scene.ana, channel, "", hopeless=False)
    return f"ana: three times create in {channel.name}"


async def _soon(stage: Stage, condition: Any, seconds: float) -> None:
    """Give the effect a moment, so that schedules get somewhere; but do not insist."""
    try:
        await stage.slack.until(condition, timeout=seconds)
    except TimeoutError:
        return


def a_task(stage: Stage, chance: random.Random, *, only_open: bool = True) -> TaskHandle | None:
    """One of the tasks that people see."""
    tasks = stage.open_tasks() if only_open else stage.known_tasks()
    return chance.choice(tasks) if tasks else None


def a_user(stage: Stage, chance: random.Random, task: TaskHandle) -> User:
    """Mostly the task's owner."""
    own = stage.owner_of(task)
    other = stage.scene.ana if own is stage.scene.bo else stage.scene.bo
    return own if chance.random() < 0.9 else other


@move("people", 12)
async def reply(stage: Stage, chance: random.Random) -> str:
    """Somebody writes in a thread: mostly the owner, mostly no note."""
    task = a_task(stage, chance, only_open=chance.random() < 0.9)
    if task is None:
        return ""
    user = a_user(stage, chance, task)
    note = "// " if chance.random() < 0.08 else ""
    text = await write(stage, task, user, note)
    return f"{user.name}: {text!r} in the thread of {task.name}" if text else ""


@move("people", 4)
async def replies_at_once(stage: Stage, chance: random.Random) -> str:
    """Two or three replies in one moment."""
    task = a_task(stage, chance)
    if task is None:
        return ""
    said = [await write(stage, task, stage.owner_of(task), "") for _ in range(chance.randint(2, 3))]
    return f"owner: {said} in the thread of {task.name}"


async def write(stage: Stage, task: TaskHandle, user: User, note: str) -> str:
    """Write a line in the task's thread; its text, empty when there is no thread to write in."""
    card = stage.card_of(task.id)
    channel = stage.slack.workspace.channels[card.channel] if card else None
    if card is None or channel is None or channel.archived or user.id not in channel.members:
        return ""
    text = f"{note}Please do {stage.number()} too"
    by_owner = user is stage.owner_of(task) and not note
    root = card.thread_ts or card.ts
    at = time.time()
    ts = await stage.slack.post(user, channel, text, thread_ts=root, wait=False)
    stage.record.lines.append(Line([text], user, channel, ts, task.id, at, by_owner))
    return text


@move("people", 3)
async def edit_reply(stage: Stage, chance: random.Random) -> str:
    """Somebody changes what they wrote."""
    line = _a_line(stage, chance)
    if line is None:
        return ""
    text = f"Rather do {stage.number()}"
    line.texts.append(text)
    stage.spawn(stage.slack.edit(line.user, line.channel, line.ts, text))
    return f"{line.user.name}: changes {line.texts[0]!r} to {text!r}"


@move("people", 2)
async def delete_reply(stage: Stage, chance: random.Random) -> str:
    """Somebody deletes what they wrote."""
    line = _a_line(stage, chance)
    if line is None:
        return ""
    line.deleted = True
    stage.spawn(stage.slack.delete(line.user, line.channel, line.ts))
    return f"{line.user.name}: deletes {line.texts[-1]!r}"


def _a_line(stage: Stage, chance: random.Random) -> Line | None:
    lines = [line for line in stage.record.lines if not line.deleted and not line.channel.archived]
    return chance.choice(lines[-4:]) if lines else None


@move("people", 3)
async def send(stage: Stage, chance: random.Random) -> str:
    """Somebody prompts a task by command."""
    task = a_task(stage, chance)
    if task is None:
        return ""
    user, text = stage.owner_of(task), f"By command {stage.number()}"
    sent = Sent(text, task.id, Typed("", user, stage.scene.payments, time.time()))
    stage.record.sent.append(sent)

    async def work() -> None:
        sent.typed = await stage.command(user, stage.scene.payments, f"send {task.name} {text}")

    stage.spawn(work())
    return f"{user.name}: send {task.name} {text}"


@move("people", 5)
async def machine_command(stage: Stage, chance: random.Random) -> str:
    """Somebody asks for a task's machine to be paused, resumed, retried or deleted."""
    task = a_task(stage, chance, only_open=chance.random() < 0.9)
    if task is None:
        return ""
    verb = chance.choices(_MACHINE, (5, 5, 2, 2))[0]
    user = a_user(stage, chance, task)
    wanted = Wanted(verb, task.id, time.time())
    stage.record.wanted.append(wanted)
    text = f"{verb} {task.name}{' --yes' if verb == 'delete' else ''}"

    async def work() -> None:
        wanted.typed = await stage.command(user, stage.scene.payments, text)

    stage.spawn(work())
    return f"{user.name}: {text}"


@move("people", 2)
async def look(stage: Stage, chance: random.Random) -> str:
    """Somebody looks at something."""
    task = a_task(stage, chance, only_open=False)
    texts = ["list", "list --all", "templates", "whoami", "help", "presets claude-code"]
    if task is not None:
        texts += [f"status {task.name}", f"logs {task.name}", f"delete {task.name}"]
    text = chance.choice(texts)
    stage.spawn(stage.command(stage.scene.ana, chance.choice(stage.channels), text))
    return f"ana: {text}"


@move("people", 6)
async def click(stage: Stage, chance: random.Random) -> str:
    """Somebody presses a button of a card, once or twice."""
    cards = stage.cards()
    if not cards:
        return ""
    card = chance.choice(cards)
    found = _elements(card, "button", "task.")
    if not found:
        return ""
    element = chance.choice(found)
    user = stage.scene.ana if chance.random() < 0.9 else stage.scene.bo
    verb, times = element["action_id"].removeprefix("task."), chance.choice((1, 1, 2))
    for _ in range(times):
        stage.record.wanted.append(Wanted(verb, task_id(card), time.time()))
        stage.spawn(stage.slack.click(user, card, element["action_id"], value=element.get("value")))
    return f"{user.name}: presses {verb} on a card, {times} times"


@move("people", 1.5)
async def menu(stage: Stage, chance: random.Random) -> str:
    """Somebody chooses an entry of a card's menu that asks nothing more."""
    cards = [card for card in stage.cards() if _elements(card, "overflow", "task.more")]
    if not cards:
        return ""
    card = chance.choice(cards)
    options = _elements(card, "overflow", "task.more")[0]["options"]
    values = [one["value"] for one in options if one["value"].split(":")[0] in ("logs", "build", "delete")]
    if not values:
        return ""
    value = chance.choice(values)
    stage.spawn(stage.slack.click(stage.scene.ana, card, "task.more", selected=value))
    return f"ana: chooses {value.split(':')[0]}"


@move("people", 3)
async def click_answer(stage: Stage, chance: random.Random) -> str:
    """Somebody presses a button of a private answer, once or twice."""
    answers = [one for one in stage.slack.ephemerals(stage.scene.ana) if _elements(one, "button", "")]
    if not answers:
        return ""
    message = chance.choice(answers[-5:])
    usable = [one for one in _elements(message, "button", "") if _is_known(one)]
    if not usable:
        return ""
    element = chance.choice(usable)
    times = chance.choice((1, 1, 2))
    for _ in range(times):
        note_press(stage, element)
        stage.spawn(_press(stage, stage.scene.ana, message, element))
    return f"ana: presses {element['action_id']} {element.get('value', '')!r} of an answer, {times} times"


@move("people", 3)
async def click_prompt(stage: Stage, chance: random.Random) -> str:
    """Somebody presses a button of a reply about a prompt."""
    messages = [one for channel in stage.channels for one in channel.messages.values() if one.bot_id]
    found = [one for one in messages if _elements(one, "button", "prompt.")]
    if not found:
        return ""
    message = chance.choice(found[-4:])
    element = chance.choice(_elements(message, "button", "prompt."))
    note_press(stage, element)
    stage.spawn(_press(stage, stage.scene.ana, message, element))
    return f"ana: presses {element['action_id']} of a reply"


def note_press(stage: Stage, element: dict[str, Any]) -> None:
    """Write down what a button asks for, as far as the oracle must know it."""
    name, value = element["action_id"], str(element.get("value", ""))
    if name.startswith("prompt."):
        stage.record.pressed_prompts.append((name.removeprefix("prompt."), int(value)))
    elif name.startswith("task."):
        stage.record.wanted.append(Wanted(name.removeprefix("task."), value, time.time()))
    elif name.startswith("command.run") and (words := value.split())[:1] and words[0] in _MACHINE:
        task = next((one.id for one in stage.tasks if words[1:2] == [one.name]), "")
        stage.record.wanted.append(Wanted(words[0], task, time.time()))


async def _press(stage: Stage, user: User, message: Message, element: dict[str, Any]) -> None:
    await asyncio.sleep(0)
    await stage.slack.click(user, message, element["action_id"], value=element.get("value"))


def _is_known(element: dict[str, Any]) -> bool:
    """Whether the oracle understands what the button asks for: no second try of a create."""
    name, value = element["action_id"], str(element.get("value", ""))
    if name.startswith("command.run"):
        return value.split(maxsplit=1)[0] in {*_MACHINE, "list", "status", "logs", "help", "templates"}
    return str(name).startswith(("prompt.", "task.", "answer.dismiss", "user.list"))


def _elements(message: Message, kind: str, prefix: str) -> list[dict[str, Any]]:
    rows = [block for block in message.blocks if block["type"] == "actions"]
    found = [element for row in rows for element in row["elements"]]
    return [one for one in found if one["type"] == kind and one["action_id"].startswith(prefix) and "url" not in one]
