"""The use cases of the weekly clean-up: owners hear of tasks that finished long ago, and delete what they choose."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

from bot import queue, tasks
from bot.blocks.notes import Finished, clean_up_off, clean_up_on
from bot.models import Condition, Origin, Person, Phase, Task, Verb
from bot.store import Connection
from bot.store.lanes import enqueue
from bot.store.moments import Moment, get_moment, mark_moment, now
from bot.store.person_rows import find_by_coder_id
from bot.store.settings_rows import get_person_settings, save_person_settings
from bot.store.task_rows import list_open

OLD_SECONDS = 7 * 24 * 3600.0
# The tasks are read so often at most; who is told in which week is in the key of the message.
_LOOK_SECONDS = 3600.0
_FINISHED = {
    Condition.COMPLETE,
    Condition.FAILED,
    Condition.PAUSED,
    Condition.BUILD_FAILED,
    Condition.UNHEALTHY,
}


def remind(connection: Connection, at: float | None = None) -> int:
    """Tell each owner of their tasks that finished a week ago, once a week; how many owners. `at` is the time."""
    time = now(connection) if at is None else at
    last = get_moment(connection, Moment.CLEANED)
    if last is not None and abs(time - last) < _LOOK_SECONDS:
        return 0
    mark_moment(connection, Moment.CLEANED, time)
    of_owner = defaultdict[str, list[Task]](list)
    for task in list_open(connection):
        if is_finished(task, time) and task.owner_id:
            of_owner[task.owner_id].append(task)
    people = [found for owner in of_owner if (found := find_by_coder_id(connection, owner)) is not None]
    told = [one.slack_user for one in people if get_person_settings(connection, one.slack_user).clean_up]
    week = f"{datetime.fromtimestamp(time, UTC):%G-%V}"
    enqueue(
        connection,
        *(queue.tell_person(user, "clean_up", f"cleanup:{user}:{week}", at=time) for user in sorted(told)),
    )
    return len(told)


def finished_of(connection: Connection, slack_user: str, at: float) -> list[Finished]:
    """The person's tasks that have been finished for a week, oldest first; none when they do not want to hear of it."""
    if not get_person_settings(connection, slack_user).clean_up:
        return []
    found = [task for task in list_open(connection) if is_finished(task, at) and _is_of(connection, task, slack_user)]
    return [_finished(task) for task in sorted(found, key=lambda task: task.memory.since)]


def is_finished(task: Task, at: float) -> bool:
    """Whether nothing has happened to the task for a week, and nothing was asked of it."""
    going = task.asked is not None and task.asked.verb is not Verb.PAUSE
    return task.memory.condition in _FINISHED and not going and at - task.memory.since >= OLD_SECONDS


def _is_of(connection: Connection, task: Task, slack_user: str) -> bool:
    owner = find_by_coder_id(connection, task.owner_id) if task.owner_id else None
    return owner is not None and owner.slack_user == slack_user


def _finished(task: Task) -> Finished:
    snapshot = task.snapshot
    return Finished(
        id=task.coder_id or "",
        title=snapshot.title if snapshot else "",
        name=task.name,
        condition=task.memory.condition,
        since=task.memory.since,
        url=snapshot.url if snapshot else "",
    )


def clear(connection: Connection, coder_ids: list[str], person: Person, origin: Origin) -> tuple[int, int, int]:
    """Delete the person's finished tasks among these; how many that is, how many are in use again, how many are gone.

    What is at work again is kept: the message with the button may be weeks old.
    """
    deleted = kept = 0
    for coder_id in sorted(set(coder_ids)):  # always in this order: no deadlock
        task = tasks.by_coder_id(connection, coder_id)
        if task is None or task.owner_id != person.coder_id or task.phase is not Phase.OPEN:
            continue
        wish = origin.model_copy(update={"key": f"{origin.key}:{coder_id}", "user_name": person.name})
        if task.asked is not None and task.asked.verb is Verb.DELETE:
            deleted += 1
        elif task.memory.condition not in _FINISHED:
            kept += 1
        elif tasks.ask(connection, task.id, Verb.DELETE, wish):
            deleted += 1
    return deleted, kept, len(coder_ids) - deleted - kept


def delete(connection: Connection, coder_ids: list[str], origin: Origin) -> None:
    """Take in the click that deletes finished tasks; whose they are is looked up before anything happens."""
    enqueue(connection, queue.clean_up(coder_ids, origin))


def switch(connection: Connection, origin: Origin, *, on: bool) -> None:
    """Send the weekly message to this person, or not."""
    mine = get_person_settings(connection, origin.user)
    save_person_settings(connection, mine.model_copy(update={"clean_up": on}))
    tasks.show_at_once(connection, origin, clean_up_on() if on else clean_up_off())
