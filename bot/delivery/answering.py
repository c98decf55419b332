"""Commands that look into Coder before they are answered: lists, status, logs, and what is asked of a task."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bot import commands, problems, tasks
from bot.blocks import answers
from bot.blocks.problems import problem
from bot.commands import COMMAND
from bot.delivery import hearing, reading, steering, watching
from bot.delivery.finding import called_by, find_controlled
from bot.delivery.outside import Outside
from bot.delivery.settings import settings_answer
from bot.errors import Later, Transient, UserError
from bot.models import Content, Origin, Person, Snapshot, Status, Task, Verb
from bot.store.lanes import Item
from bot.store.prompt_rows import count_waiting

log = logging.getLogger(__name__)

# A person who looks at Slack waits for some seconds; then the reason is a better answer than none.
_PATIENCE_SECONDS = 10.0
_PATIENCE = 2  # failures


async def answer_command(outside: Outside, item: Item) -> None:
    """Carry out a command and answer it; what the person can mend is answered too."""
    command: Any = COMMAND.validate_python(item.payload["command"])
    origin = Origin.model_validate(item.payload["origin"])
    try:
        if isinstance(command, commands.Settings):  # everybody may see them, also without a Coder account
            await outside.tell(origin, await settings_answer(outside, origin), again=item.maybe_sent)
            return
        person = await outside.person(origin.user)
        content = await _ANSWERS[type(command)](outside, person, command, origin)
    except UserError as error:
        if isinstance(error, Later | Transient) and not _lasts(item, error.after):
            raise
        await outside.tell(origin, problem(error), again=item.maybe_sent)
        log.info("a command was refused", extra={"action": "command_refused", "why": error.name, "user": origin.user})
        if isinstance(error, Transient) and error.after:
            raise  # Coder said when to ask again: the command is kept until then, and now the person knows
    else:
        if content is not None:
            await outside.tell(origin, content, again=item.maybe_sent)


def _lasts(item: Item, after: float | None) -> bool:
    """Whether the person has waited for long, or will have before the next try in `after` seconds."""
    return item.failures >= _PATIENCE or item.age + (after or 0.0) > _PATIENCE_SECONDS


async def answer_dead(outside: Outside, item: Item, error: BaseException) -> None:
    """Nothing helped: say so."""
    origin = Origin.model_validate(item.payload["origin"])
    if isinstance(error, UserError):
        await outside.tell(origin, problem(error), again=item.maybe_sent)
    else:
        await outside.tell(origin, problem(problems.unexpected(), reference=str(item.id)), again=item.maybe_sent)


async def _pause(outside: Outside, person: Person, command: commands.Pause, origin: Origin) -> Content:
    snapshot, task, link = await find_controlled(outside, person, command.task, Verb.PAUSE)
    asked = task.asked
    if snapshot.status is Status.PAUSED and not (asked and asked.verb in _STARTS):
        by, at = (asked.by_name, asked.at) if asked and asked.verb is Verb.PAUSE else ("", None)
        raise problems.already_paused(by, at, f"resume {called_by(person, snapshot)}")
    await _ask(outside, person, task, Verb.PAUSE, origin)
    return answers.pause_ok(snapshot.title, snapshot.name, link)


async def _resume(outside: Outside, person: Person, command: commands.Resume, origin: Origin) -> Content:
    snapshot, task, link = await find_controlled(outside, person, command.task, Verb.RESUME)
    tasks.check_first(task, Verb.RESUME, origin)
    if snapshot.status is Status.ERROR:
        raise problems.task_in_error(called_by(person, snapshot))
    if snapshot.status is not Status.PAUSED and not _is_pausing(snapshot, task):
        raise problems.not_paused(f"status {called_by(person, snapshot)}")
    await _ask(outside, person, task, Verb.RESUME, origin)
    return answers.resume_ok(snapshot.title, snapshot.name, link)


def _is_pausing(snapshot: Snapshot, task: Task) -> bool:
    """Whether the workspace is being stopped, or Coder is about to be asked for it: then it can be asked to go on."""
    if snapshot.status is Status.UNKNOWN:  # a start that waits for its turn would be pending
        return snapshot.workspace_status in {"pending", "stopping"}
    return snapshot.status is Status.ACTIVE and task.asked is not None and task.asked.verb is Verb.PAUSE


async def _retry(outside: Outside, person: Person, command: commands.Retry, origin: Origin) -> Content:
    verb = Verb.RESTART if command.restart else Verb.RETRY
    snapshot, task, link = await find_controlled(outside, person, command.task, verb)
    tasks.check_first(task, Verb.RETRY, origin)
    tasks.check_first(task, Verb.RESTART, origin)
    if verb is Verb.RETRY and snapshot.status is not Status.ERROR:
        raise problems.not_failed(f"status {called_by(person, snapshot)}")
    if verb is Verb.RETRY and snapshot.workspace_status == "running":
        verb = Verb.RESTART  # the build is well, the agent in it is not: only a restart mends that
    await _ask(outside, person, task, verb, origin)
    return answers.retry_ok(snapshot.title, snapshot.name, link, restart=verb is Verb.RESTART)


async def _delete(outside: Outside, person: Person, command: commands.Delete, origin: Origin) -> Content:
    snapshot, task, _ = await find_controlled(outside, person, command.task, Verb.DELETE)
    tasks.check_first(task, Verb.DELETE, origin)
    if not command.confirmed:
        uri = snapshot.report.uri if snapshot.report else ""
        waiting = await outside.database.run(count_waiting, task.id)
        called, state = called_by(person, snapshot), task.memory.condition
        return answers.delete_ask(snapshot.title, called, state, uri, url=snapshot.url, waiting=waiting)
    await _ask(outside, person, task, Verb.DELETE, origin)
    return answers.delete_ok(snapshot.name)


async def _ask(outside: Outside, person: Person, task: Task, verb: Verb, origin: Origin) -> None:
    known = origin.model_copy(update={"user_name": person.name})
    if not await outside.database.run(tasks.ask, task.id, verb, known):
        raise tasks.ended(task)


_STARTS = {Verb.RESUME, Verb.RETRY, Verb.RESTART}
Answer = Callable[[Outside, Person, Any, Origin], Awaitable[Content | None]]

_ANSWERS: dict[type[Any], Answer] = {
    commands.List: reading.task_list,
    commands.Show: reading.task_status,
    commands.Logs: reading.task_logs,
    commands.Templates: reading.templates,
    commands.Presets: reading.presets,
    commands.Follow: watching.follow,
    commands.Unfollow: watching.unfollow,
    commands.Watch: watching.watch,
    commands.Watches: watching.watching,
    commands.Unwatch: watching.unwatch,
    commands.WhoAmI: reading.whoami,
    commands.SetLevel: hearing.set_level,
    commands.Send: steering.send,
    commands.Notify: steering.notify,
    commands.Steer: steering.steer,
    commands.Pause: _pause,
    commands.Resume: _resume,
    commands.Retry: _retry,
    commands.Delete: _delete,
}
