"""What stands where in Slack and in Coder, as a person would find it: what the oracle's rules are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.sandbox.coder import TaskHandle
from bot.sandbox.slack.records import Message
from tests.e2e.scene import words
from tests.faults.record import Line, Typed, Wish
from tests.faults.stage import CARD, Stage

ROLL_UP = "coder_batch_card"
_MARKS = {"hourglass_flowing_sand", "white_check_mark", "x", "grey_question"}


def posted(stage: Stage) -> Iterable[Message]:
    """All messages of the bot that others can see, also those that somebody has deleted since."""
    for channel in stage.slack.workspace.channels.values():
        yield from (message for message in channel.messages.values() if message.bot_id)


def delivery_of(message: Message) -> str:
    """The delivery that made a message, as its metadata says; empty for a card that was edited since."""
    payload: dict[str, Any] = (message.metadata or {}).get("event_payload") or {}
    if (message.metadata or {}).get("event_type") == CARD and message.versions:
        payload = (message.versions[0].metadata or {}).get("event_payload") or {}
    return str(payload.get("delivery") or "")


def acked_at(stage: Stage, line: Line) -> float | None:
    """When the bot had taken a line in, by Slack's clock; None when it never said so."""
    for delivery in stage.slack.deliveries:
        if delivery.type == "message" and delivery.event.get("ts") == line.ts and delivery.acked:
            acks = [one.at + one.seconds for one in delivery.attempts if one.outcome.value == "acked"]
            return min(acks, default=None)
    return None


def is_taken_in(stage: Stage, line: Line) -> bool:
    """Whether the bot has confirmed a line to Slack."""
    return acked_at(stage, line) is not None


def marks_on(line: Line) -> set[str]:
    """The bot's reactions on a line."""
    message = line.channel.messages.get(line.ts)
    return set() if message is None else {name for name in message.reactions if name in _MARKS}


def find_task(stage: Stage, id_: str) -> TaskHandle | None:
    """The task with Coder's id."""
    return next((task for task in stage.tasks if task.id == id_), None)


def has_ended(stage: Stage, id_: str) -> bool:
    """Whether Coder has the task no more."""
    task = find_task(stage, id_)
    return task is None or task.deleted


def _prompts(stage: Stage, texts: list[str]) -> list[int]:
    return [int(row[0]) for row in stage.ledgers.ask("SELECT id, text FROM prompt") if row[1] in texts]


def sent_again(stage: Stage, texts: list[str]) -> int:
    """How often somebody asked for the prompt to be sent again."""
    ours = _prompts(stage, texts) if stage.record.pressed_prompts else []
    return sum(name in {"again", "send_edit"} and prompt in ours for name, prompt in stage.record.pressed_prompts)


def was_dropped(stage: Stage, texts: list[str]) -> bool:
    """Whether somebody asked for the prompt not to be sent."""
    ours = _prompts(stage, texts) if stage.record.pressed_prompts else []
    return any(
        name in {"drop", "discard", "arrived"} and prompt in ours for name, prompt in stage.record.pressed_prompts
    )


def told_undelivered(stage: Stage, texts: list[str]) -> bool:
    """Whether the thread, or a message to its author, says that the prompt did not arrive, or that nobody knows."""
    heads = ("Not delivered", "Not certain")
    found = [words(one) for one in posted(stage)] + [words(one) for one in stage.slack.workspace.ephemerals]
    return any(any(head in one for head in heads) and any(text in one for text in texts) for one in found)


def told(stage: Stage, wish: Wish) -> bool:
    """Whether somebody has read that their task was not created."""
    if wish.batch:
        rows = [row for one in posted(stage) for row in rows_of(one) if wish.prompt in row]
        return any("Not created" in row for row in rows)
    waiting = ("Creating a task", "Coder has not answered")
    if any(not one.text.startswith(waiting) for one in answers_to(stage, wish.typed)):
        return True
    # A form has no answer address: its person is told in the channel, or in their direct messages.
    private = [one for one in stage.slack.ephemerals(wish.typed.user) if one.via is None]
    others = [one for one in (*private, *stage.slack.dm(wish.typed.user).messages.values()) if _is_other_news(one)]
    return not wish.typed.url and any(float(one.ts) > wish.typed.at for one in others)


def rows_of(message: Message) -> list[str]:
    """The rows of a roll-up, each as one text."""
    lists = [part for block in message.blocks or [] for part in block.get("elements", ())]
    rows = [row for part in lists if part.get("type") == "rich_text_list" for row in part["elements"]]
    return ["".join(str(one.get("text", "")) for one in row["elements"]) for row in rows]


def _is_other_news(message: Message) -> bool:
    """Whether a private message is about something else than a prompt or a task that goes well."""
    others = ("Creating a task", "Coder has not answered", "The agent is working", "Your reply was not", "The edit was")
    return not message.text.startswith(others)


def wish_of(stage: Stage, task: TaskHandle) -> Wish | None:
    """The wish that a task was made for; what people write has a word in it that nothing else has."""
    return next((one for one in stage.record.wishes if one.prompt in task.task.initial_prompt), None)


def is_elsewhere(stage: Stage, task: TaskHandle) -> bool:
    """Whether somebody started the task in Coder itself."""
    return task.task.initial_prompt in stage.record.elsewhere


def is_acked(stage: Stage, ts: str) -> bool:
    """Whether the bot has confirmed a message to Slack, in one of the events that tell of it."""
    found = (one for one in stage.slack.deliveries if one.type in {"message", "app_mention"} and one.acked)
    return any(one.event.get("ts") == ts for one in found)


def was_accepted(stage: Stage, wish: Wish) -> bool:
    """Whether the bot has taken a wish in."""
    return is_acked(stage, wish.ts) if wish.ts else bool(wish.typed.accepted)


def roll_ups(stage: Stage, title: str) -> list[Message]:
    """The messages that show a batch."""
    found = [one for one in posted(stage) if not one.deleted and (one.metadata or {}).get("event_type") == ROLL_UP]
    return [one for one in found if f"Batch: {title}" in words(one)]


def answers_to(stage: Stage, typed: Typed) -> list[Message]:
    """What the person was privately told about a command: at its answer address, or else in their direct messages."""
    found = [one for one in stage.slack.workspace.ephemerals if one.via == typed.url]
    found = [one for one in found if not one.deleted or typed.verb != "create"]
    key = f"private:{typed.trigger}:"
    return found + [one for one in posted(stage) if typed.trigger and delivery_of(one).startswith(key)]


_SHOWN = {"working": "working", "idle": "waiting", "complete": "complete", "failure": "failed"}


def wanted_states(task: TaskHandle) -> set[str]:
    """What a card may show of the task as Coder has it; empty while it is on its way."""
    if task.deleted:
        return {"deleted", "gone"}
    if task.status != "active":
        return {task.status} & {"paused", "error"}
    report = task.state
    if report is None:
        return {"waiting", "working"}
    if report.state != "idle":
        return {_SHOWN[report.state]}
    # An agent that falls silent after its last word still waits as it said.
    earlier = [one for one in task.workspace.reports if one.message == report.message and one.state != "working"]
    return {_SHOWN[one.state] for one in earlier}
