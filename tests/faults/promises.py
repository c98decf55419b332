"""More rules of the oracle: what is shown beside a task's own card, and what is said to the bot itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from bot.sandbox.coder import TaskHandle
from bot.sandbox.slack.records import Channel, User
from tests.e2e.scene import strings
from tests.faults.record import Asked, Watching, Word
from tests.faults.sight import find_task, has_ended, is_acked, is_elsewhere, roll_ups, rows_of, wanted_states
from tests.faults.stage import Stage, task_id

_HEADINGS = {
    "waiting": "Waiting for you",
    "failed": "Needs attention",
    "error": "Needs attention",
    "working": "Working",
    "paused": "Paused",
    "complete": "Complete in the last day",
}
_ROWS = {
    "waiting": "Waiting for input",
    "failed": "Failed",
    "error": "Error",
    "working": "Working",
    "paused": "Paused",
    "complete": "Complete",
    "deleted": "Deleted",
    "gone": "Deleted in Coder",
}


# -- the Home tab ------------------------------------------------------------------------------------------------------


def homes_are_current(stage: Stage) -> Iterator[str]:
    """Who has opened the Home tab sees every task of theirs under what it does now."""
    for user in (stage.scene.ana, stage.scene.bo, stage.scene.gia):
        if not _has_opened(stage, user):
            continue
        view = stage.slack.home(user)
        if view is None:
            yield f"the Home tab of {user.name} was never published"
            continue
        shown = {block["text"]["text"] for block in view.blocks if block["type"] == "header"}
        if user is stage.scene.gia:
            yield from () if shown == {"Your Coder account"} else (f"a stranger's Home tab shows {shown}",)
        elif (wanted := _headings(stage, user)) is not None and shown != wanted:
            yield f"the Home tab of {user.name} shows {sorted(shown)} instead of {sorted(wanted)}"


def _has_opened(stage: Stage, user: User) -> bool:
    found = (one for one in stage.slack.deliveries if one.type == "app_home_opened" and one.acked)
    return any(one.event.get("user") == user.id and one.event.get("tab") == "home" for one in found)


def _headings(stage: Stage, user: User) -> set[str] | None:
    """What must stand above the tasks of a person; None when a task of theirs may be shown in two ways."""
    known = {row[0] for row in stage.ledgers.ask("SELECT coder_id FROM task WHERE coder_id IS NOT NULL")}
    counts: Counter[str] = Counter()
    for task in stage.tasks:
        if task.id not in known or task.deleted or task.task.owner.username != user.name:
            continue
        states = {_HEADINGS[one] for one in wanted_states(task)}
        if len(states) != 1:
            return None
        counts[states.pop()] += 1
    return {f"{heading} ({count})" for heading, count in counts.items()}


# -- batches -----------------------------------------------------------------------------------------------------------


def one_roll_up_for_each_batch(stage: Stage) -> Iterator[str]:
    """A batch that was started has one message that shows every task of it as it is."""
    for asked in stage.record.batches:
        accepted = any(one.typed.accepted for one in stage.record.wishes if one.prompt in asked.prompts)
        found = roll_ups(stage, asked.title)
        is_torn = asked.channel.id in stage.record.rough or "all" in stage.record.torn
        if len(found) > 1 and not is_torn:
            yield f"{len(found)} messages of the batch {asked.title}"
        if accepted and not found:
            yield f"no message of the batch {asked.title}"
        if found and not is_torn:
            yield from _of_rows(stage, asked, rows_of(found[-1]))


def _of_rows(stage: Stage, asked: Asked, rows: list[str]) -> Iterator[str]:
    for prompt in asked.prompts:
        mine = [row for row in rows if prompt in row]
        if len(mine) != 1:
            yield f"{prompt!r} stands {len(mine)} times in its batch"
            continue
        made = [task for task in stage.tasks if prompt in task.task.initial_prompt]
        wanted = {f" · {_ROWS[one]}" for task in made for one in wanted_states(task)} or {" · Not created"}
        if not any(text in mine[0] for text in wanted):
            yield f"the batch shows {mine[0]!r}, and the task is {sorted(wanted)}"


# -- channels that watch -----------------------------------------------------------------------------------------------


def watched_tasks_have_one_card(stage: Stage) -> Iterator[str]:
    """A task that was started in Coder has at most one card in each channel, and only where somebody asked for it."""
    for task in stage.tasks:
        if not is_elsewhere(stage, task):
            continue
        places = Counter(card.channel for card in stage.cards() if task_id(card) == task.id)
        is_torn = task.id in stage.record.torn or "all" in stage.record.torn
        for channel in stage.channels:
            watching = [one for one in stage.record.watching if one.channel is channel]
            if places[channel.id] > 1 and not is_torn:
                yield f"{places[channel.id]} cards of {task.name} in {channel.name}"
            if places[channel.id] and not watching:
                yield f"a card of {task.name} in {channel.name}, which watches nothing"
            if not places[channel.id] and _must_show(stage, task, channel, watching) and not is_torn:
                yield f"no card of {task.name} in {channel.name}, which watches"


def _must_show(stage: Stage, task: TaskHandle, channel: Channel, watching: list[Watching]) -> bool:
    """Whether the channel watched before the task began, and ever since, and the task has ended well."""
    began = stage.record.elsewhere[task.task.initial_prompt]
    before = any(one.on and one.typed.accepted and one.at < began - 1.0 for one in watching)
    if not before or not all(one.on for one in watching) or channel.id in stage.record.rough or stage.world.skew < 0:
        return False
    return wanted_states(task) == {"complete"}


# -- words in threads --------------------------------------------------------------------------------------------------


def words_are_heard(stage: Stage) -> Iterator[str]:
    """A command in a thread that was taken in was carried out, or its writer was answered there."""
    for word in stage.record.words:
        if not is_acked(stage, word.ts) or word.channel.id in stage.record.rough or has_ended(stage, word.task):
            continue
        if not _is_answered(stage, word) and not _is_carried_out(stage, word):
            yield f"nothing came of !{word.verb} of {word.user.name}"


def _is_answered(stage: Stage, word: Word) -> bool:
    private = stage.slack.ephemerals(word.user)
    return any(one.thread_ts == word.root and float(one.ts) > float(word.ts) for one in private)


def _is_carried_out(stage: Stage, word: Word) -> bool:
    task = find_task(stage, word.task)
    return task is not None and len(task.workspace.builds) > word.builds and word.verb not in {"status", "logs"}


def notes_name_each_watch(stage: Stage) -> Iterator[str]:
    """A command that changes what a channel watches is told there or privately."""
    for one in stage.record.watching:
        if one.typed.accepted and one.channel.id not in stage.record.rough and not _is_noted(stage, one):
            yield f"nobody was told of {one.typed.text!r} in {one.channel.name}"


def _is_noted(stage: Stage, watching: Watching) -> bool:
    # A private answer may also say that the bot could not take it in, without naming what.
    if any(one.via == watching.typed.url and not one.deleted for one in stage.slack.workspace.ephemerals):
        return True
    public = [one for one in watching.channel.messages.values() if one.bot_id and float(one.ts) > watching.at - 1.0]
    said = [text for one in public for text in (one.text, *strings(one.blocks or []))]
    return any("ask news" in text or "watch" in text for text in said)


RULES = (
    homes_are_current,
    one_roll_up_for_each_batch,
    watched_tasks_have_one_card,
    words_are_heard,
    notes_name_each_watch,
)
