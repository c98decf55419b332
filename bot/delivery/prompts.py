"""Deliveries of prompts: each reaches the agent once, in the order of writing, when the agent is ready for it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from enum import Enum

from bot import absence, prompts
from bot.background import with_files
from bot.coder.errors import AlreadyRunning, BuildActive, Busy, NotActive, NotFound, Paused, Unreachable
from bot.delivery.outside import Outside
from bot.errors import CoderRefused, DeliveryError, Later, Transient
from bot.models import (
    Condition,
    Logs,
    Phase,
    Prompt,
    PromptState,
    Snapshot,
    State,
    Status,
    Task,
    Verb,
)
from bot.store import Connection
from bot.store.lanes import Item
from bot.store.moments import now
from bot.store.prompt_rows import get_prompt, list_sent, next_prompt
from bot.store.task_rows import get_task

log = logging.getLogger(__name__)

# What waits for the agent is woken by the poller; this is only how long a lost wake-up can cost.
_LOOK_AGAIN = 30.0
_BUSY_AGAIN = 3.0
_FILES_AGAIN = 5.0
# Coder's CLI takes an agent that never reported for idle after this time.
_SILENCE_IS_IDLE = 30.0
# So many tries to reach the agent in a row take about ten minutes.
_UNREACHABLE_IS_FINAL = 9
# An agent that rejects the same words so often will not take them.
_MAX_REFUSALS = 3
SENDING_SECONDS = 100.0
# For so long a new prompt waits for older ones that were written while nobody listened.
_CATCH_UP_SECONDS = 60.0
# By so much may the clocks of the database and of a workspace differ.
_SKEW = 900.0
_ENDED_BADLY = {Condition.UNHEALTHY, Condition.BUILD_FAILED}


async def send_prompt(outside: Outside, item: Item) -> None:
    """Send the task's next prompt, or wait for the agent, or resume its workspace first."""
    task: Task = await outside.database.run(get_task, item.payload["task"])
    prompt: Prompt | None = await outside.database.run(next_prompt, task.id)
    if prompt is None or task.coder_id is None or task.phase is not Phase.OPEN:
        return
    if prompt.is_unread:
        raise Later(_FILES_AGAIN, "its files are being read")
    if await outside.database.run(_may_not_be_first, prompt):
        raise Later(1.0, "the thread is being read for older prompts")
    try:
        snapshot = await outside.backend.snapshot(task.coder_id)
    except NotFound:
        raise Later(_LOOK_AGAIN, "the task is not to be seen; the poller says when it has ended") from None
    if prompt.state is PromptState.SENDING and not await _look_back(outside, task, snapshot, prompt):
        return
    await _when_ready(outside, item, task, snapshot, prompt)
    started: Prompt | None = await outside.database.run(prompts.begin, task.id)
    if started is None:
        raise Later(0.0, "another prompt was first after all")
    await _send(outside, item, snapshot, started)


def _may_not_be_first(connection: Connection, prompt: Prompt) -> bool:
    """Whether something older may still be found in the thread; nothing is waited for that long."""
    is_new = now(connection) - prompt.created_at < _CATCH_UP_SECONDS
    return is_new and absence.is_catching_up(connection, prompt.task_id)


async def send_dead(outside: Outside, item: Item, error: BaseException) -> None:
    """Nothing helped: the author reads that it was not delivered, or that nobody knows."""
    del error
    prompt: Prompt | None = await outside.database.run(next_prompt, item.payload["task"])
    if prompt is not None and prompt.state is PromptState.SENDING:
        await outside.database.run(prompts.uncertain, prompt.id)
    elif prompt is not None:
        await outside.database.run(prompts.failed, prompt.id, "It could not be delivered for hours.")


async def _when_ready(outside: Outside, item: Item, task: Task, snapshot: Snapshot, prompt: Prompt) -> None:
    """Return when the agent can take a prompt; else raise Later, having done what makes it ready."""
    match snapshot.status:
        case Status.ACTIVE if snapshot.report is None:
            quiet = await outside.database.run(now) - max(task.memory.since, prompt.created_at)
            if quiet < _SILENCE_IS_IDLE:
                raise Later(_SILENCE_IS_IDLE - quiet, "the agent has not reported yet")
        case Status.ACTIVE if snapshot.report and snapshot.report.state is State.WORKING:
            raise Later(_LOOK_AGAIN, "the agent is working")
        case Status.ACTIVE:
            return
        case Status.PAUSED if task.asked and task.asked.verb is Verb.DELETE:
            raise Later(_LOOK_AGAIN, "the task is being deleted")
        case Status.PAUSED:
            await _resume(outside, task, snapshot, prompt)
        case Status.ERROR if _has_failed(snapshot, task):
            reason = "The workspace is in error. The prompt is kept; send it again when the workspace runs."
            await outside.database.run(prompts.failed, prompt.id, reason)
            raise Later(0.0, "the next prompt may have been written after the mend")
        case Status.PENDING | Status.INITIALIZING if item.maybe_sent and task.memory.condition in _PAUSED:
            # It may be us who resumed it, without having said so.
            await outside.database.run(prompts.resuming, task.id, prompt.id)
            raise Later(_LOOK_AGAIN, "the workspace is being resumed")
        case _:
            raise Later(_LOOK_AGAIN, f"the task is {snapshot.status.value}")


_PAUSED = {Condition.PAUSED, Condition.RESUMING}


def _has_failed(snapshot: Snapshot, task: Task) -> bool:
    """A failed build stays failed; an unhealthy app is given its five minutes, as the poller does."""
    return snapshot.workspace_status == "failed" or task.memory.condition in _ENDED_BADLY


async def _resume(outside: Outside, task: Task, snapshot: Snapshot, prompt: Prompt) -> None:
    """Start the paused workspace for the prompt's sake, and say so in the thread."""
    try:
        await outside.backend.resume(snapshot)
    except (AlreadyRunning, BuildActive):
        raise Later(_BUSY_AGAIN, "a build is on its way") from None
    except NotFound:
        raise Later(_LOOK_AGAIN, "the task is not to be seen") from None
    except CoderRefused as refusal:
        await outside.database.run(
            prompts.failed, prompt.id, f"{refusal.title}. {refusal.cause} {refusal.step}".strip()
        )
        raise Later(0.0) from refusal
    await outside.database.run(prompts.resuming, task.id, prompt.id)
    raise Later(_LOOK_AGAIN, "the workspace is being resumed")


async def _send(outside: Outside, item: Item, snapshot: Snapshot, prompt: Prompt) -> None:
    try:
        await outside.backend.send(snapshot.id, whole(prompt))
    except (Busy, Paused, NotActive) as refusal:
        await outside.database.run(prompts.back_to_queue, prompt.id)
        raise Later(_BUSY_AGAIN, str(refusal)) from refusal
    except NotFound as refusal:
        await _not_ours(outside, snapshot, prompt, refusal)
    except Unreachable:
        await outside.database.run(prompts.back_to_queue, prompt.id)
        if item.failures < _UNREACHABLE_IS_FINAL:
            raise
        reason = "The agent could not be reached for 10 minutes. The prompt is kept."
        await outside.database.run(prompts.failed, prompt.id, reason)
    except CoderRefused as refusal:
        await outside.database.run(prompts.failed, prompt.id, f"{refusal.title}. {refusal.cause}".strip())
    except Transient as error:
        if not error.ambiguous:
            await outside.database.run(prompts.back_to_queue, prompt.id)
            raise
        # It stays `sending`: the next try reads the logs before it sends anything.
        raise Later(_BUSY_AGAIN, f"the outcome is unknown: {error}") from error
    else:
        reported = snapshot.report.at if snapshot.report else 0.0
        await outside.database.run(prompts.delivered, prompt.id, reported)
        log.info("a prompt was delivered", extra={"action": "prompt_delivered", "task": snapshot.id})


async def _not_ours(outside: Outside, snapshot: Snapshot, prompt: Prompt, refusal: NotFound) -> None:
    """Coder shows no such task to send to: it is gone, or the app's account may see but not reach its agent."""
    await outside.database.run(prompts.back_to_queue, prompt.id)
    try:
        await outside.backend.snapshot(snapshot.id)
    except NotFound:
        raise Later(_LOOK_AGAIN, str(refusal)) from refusal
    reason = "Coder does not let this app reach the agent. A Coder admin can allow it."
    await outside.database.run(prompts.failed, prompt.id, reason)


async def _look_back(outside: Outside, task: Task, snapshot: Snapshot, prompt: Prompt) -> bool:
    """Find out what became of a try whose outcome is unknown; True when the prompt has to be sent again."""
    try:
        logs = await outside.backend.logs(snapshot.id)
    except DeliveryError as error:
        if snapshot.status is not Status.ERROR or not _has_failed(snapshot, task):
            raise Later(_BUSY_AGAIN, f"the logs cannot be read yet: {error}") from error
        await outside.database.run(prompts.uncertain, prompt.id)
        return False
    sent = await outside.database.run(list_sent, task.id, _window(prompt))
    match heard_at(logs, prompt, sent):
        case None if prompt_is_on_screen(logs, prompt) or prompt.refusals + 1 >= _MAX_REFUSALS:
            await outside.database.run(prompts.uncertain, prompt.id)
        case None:
            await outside.database.run(prompts.try_again, prompt.id)
            return True
        case Heard.PERHAPS:
            await outside.database.run(prompts.uncertain, prompt.id)
        case at:
            await outside.database.run(prompts.delivered, prompt.id, at)
    return False


def _window(prompt: Prompt) -> float:
    """Since when the agent may have heard a prompt, by its own clock."""
    return (prompt.sent_at or prompt.created_at) - _SKEW


class Heard(Enum):
    """What the logs cannot tell."""

    PERHAPS = "the agent has heard such words, but from whom?"


def heard_at(logs: Logs, prompt: Prompt, sent: Sequence[Prompt]) -> float | Heard | None:
    """When the agent's conversation got the prompt, from about when it was sent; None when it did not.

    `sent` are the prompts of that time that did arrive or may have: people say "continue" more than once.
    """
    words = _folded(whole(prompt))
    heard = [entry for entry in logs.entries if entry.is_prompt and entry.at >= _window(prompt)]
    heard = [entry for entry in heard if _folded(entry.text) == words]
    same = [one.state for one in sent if _folded(whole(one)) == words]
    if len(heard) > len(same):
        return heard[-1].at
    return None if len(heard) == same.count(PromptState.DELIVERED) else Heard.PERHAPS


def prompt_is_on_screen(logs: Logs, prompt: Prompt) -> bool:
    """Whether the words stand in the agent's last output: typed, perhaps, and not taken."""
    spoken = [entry for entry in logs.entries if not entry.is_prompt]
    return bool(spoken) and _folded(whole(prompt))[:200] in _folded(spoken[-1].text)


def whole(prompt: Prompt) -> str:
    """What the agent reads: the words, and the files that came with them."""
    return with_files(prompt.text, prompt.files)


def _folded(text: str) -> str:
    return " ".join(text.split())


async def mark_message(outside: Outside, item: Item) -> None:
    """Show a prompt's state as a reaction on the person's message, in place of the one before."""
    prompt: Prompt = await outside.database.run(get_prompt, item.payload["prompt"])
    if prompt.channel is None or prompt.ts is None:
        return
    wanted = _MARKS.get(prompt.state)
    for name in _earlier_marks(prompt):
        await outside.slack.unreact(prompt.channel, prompt.ts, name)
    if wanted is not None:
        await outside.slack.react(prompt.channel, prompt.ts, wanted)


_QUEUED = "hourglass_flowing_sand"
_MARKS = {
    PromptState.QUEUED: _QUEUED,
    PromptState.SENDING: _QUEUED,
    PromptState.DELIVERED: "white_check_mark",
    PromptState.FAILED: "x",
    PromptState.MAYBE: "grey_question",
}


def _earlier_marks(prompt: Prompt) -> list[str]:
    """The marks that the message may have and should not: most prompts wait once and are delivered."""
    if prompt.refusals == 0 and prompt.state is not PromptState.DROPPED:
        return [_QUEUED] if _MARKS.get(prompt.state) != _QUEUED else []
    return sorted(set(_MARKS.values()) - {_MARKS.get(prompt.state)})
