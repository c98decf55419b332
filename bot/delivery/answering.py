"""Commands that look into Coder before they are answered: lists, status, logs, and what is asked of a task."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bot import commands, policy, problems, prompts, tasks
from bot.blocks import answers
from bot.blocks.problems import problem
from bot.commands import COMMAND
from bot.delivery import reading
from bot.delivery.finding import Wanted, find_task
from bot.delivery.outside import Outside
from bot.errors import Later, Transient, UserError
from bot.models import Content, Origin, Person, Snapshot, Status, Task, Verb
from bot.store.card_rows import cards_of
from bot.store.lanes import Item

log = logging.getLogger(__name__)


async def answer_command(outside: Outside, item: Item) -> None:
    """Carry out a command and answer it; what the person can mend is answered too."""
    command: Any = COMMAND.validate_python(item.payload["command"])
    origin = Origin.model_validate(item.payload["origin"])
    try:
        person = await outside.person(origin.user)
        content = await _ANSWERS[type(command)](outside, person, command, origin)
    except UserError as error:
        if isinstance(error, Later | Transient) and item.failures < _PATIENCE:
            raise
        log.info("a command was refused", extra={"action": "command_refused", "why": error.name, "user": origin.user})
        content = problem(error)
    await outside.tell(origin, content)


# A person who looks at Slack waits for a few seconds; then the reason is a better answer than none.
_PATIENCE = 2


async def answer_dead(outside: Outside, item: Item, error: BaseException) -> None:
    """Nothing helped: say so."""
    del error
    origin = Origin.model_validate(item.payload["origin"])
    await outside.tell(origin, problem(problems.unexpected(), reference=str(item.id)))


async def _found(outside: Outside, person: Person, called: str, verb: Verb) -> tuple[Snapshot, Task, str | None]:
    """The task that something is asked of, known to us from now on, and the address of its card."""
    snapshot = await find_task(outside, person, Wanted(called, verb.value, exactly=True))
    if not policy.may_control(person, snapshot):
        raise problems.not_yours(verb.value, snapshot.owner_name, snapshot.url)
    task: Task = await outside.database.run(tasks.adopt, snapshot, person)
    return snapshot, task, await card_link(outside, task)


async def card_link(outside: Outside, task: Task) -> str | None:
    """The address of the task's card, if it has one."""
    cards = await outside.database.run(cards_of, task.id)
    return next((card.link for card in cards if card.link), None)


async def _send(outside: Outside, person: Person, command: commands.Send, origin: Origin) -> Content:
    snapshot = await find_task(outside, person, Wanted(command.task, "send", exactly=True))
    task: Task = await outside.database.run(tasks.adopt, snapshot, person)
    if not policy.may_steer(person, task):
        raise problems.not_yours("prompt", snapshot.owner_name, snapshot.url)
    await outside.database.run(prompts.send, task, person, command.text, origin)
    return answers.send_ok(snapshot.title, snapshot.name, await card_link(outside, task))


async def _pause(outside: Outside, person: Person, command: commands.Pause, origin: Origin) -> Content:
    snapshot, task, link = await _found(outside, person, command.task, Verb.PAUSE)
    if snapshot.status is Status.PAUSED:
        by, at = (task.asked.by_name, task.asked.at) if task.asked else ("", None)
        raise problems.already_paused(by, at, f"resume {snapshot.name}")
    await _ask(outside, person, task, Verb.PAUSE, origin)
    return answers.pause_ok(snapshot.title, snapshot.name, link)


async def _resume(outside: Outside, person: Person, command: commands.Resume, origin: Origin) -> Content:
    snapshot, task, link = await _found(outside, person, command.task, Verb.RESUME)
    if snapshot.status is Status.ERROR:
        raise problems.task_in_error(snapshot.name)
    if snapshot.status is not Status.PAUSED:
        raise problems.not_paused(f"status {snapshot.name}")
    await _ask(outside, person, task, Verb.RESUME, origin)
    return answers.resume_ok(snapshot.title, snapshot.name, link)


async def _retry(outside: Outside, person: Person, command: commands.Retry, origin: Origin) -> Content:
    verb = Verb.RESTART if command.restart else Verb.RETRY
    snapshot, task, link = await _found(outside, person, command.task, verb)
    if verb is Verb.RETRY and snapshot.status is not Status.ERROR:
        raise problems.not_failed(f"status {snapshot.name}")
    if verb is Verb.RETRY and snapshot.workspace_status == "running":
        verb = Verb.RESTART  # the build is well, the agent in it is not: only a restart mends that
    await _ask(outside, person, task, verb, origin)
    return answers.retry_ok(snapshot.title, snapshot.name, link, restart=verb is Verb.RESTART)


async def _delete(outside: Outside, person: Person, command: commands.Delete, origin: Origin) -> Content:
    snapshot, task, _ = await _found(outside, person, command.task, Verb.DELETE)
    if not command.confirmed:
        uri = snapshot.report.uri if snapshot.report else ""
        waiting = await outside.database.run(prompts.count_waiting, task.id)
        named = snapshot.name if snapshot.owner_id == person.coder_id else snapshot.id
        state = task.memory.condition
        return answers.delete_ask(snapshot.title, named, state, uri, url=snapshot.url, waiting=waiting)
    await _ask(outside, person, task, Verb.DELETE, origin)
    return answers.delete_ok(snapshot.name)


async def _ask(outside: Outside, person: Person, task: Task, verb: Verb, origin: Origin) -> None:
    known = origin.model_copy(update={"user_name": person.name})
    if not await outside.database.run(tasks.ask, task.id, verb, known):
        raise problems.task_gone()


Answer = Callable[[Outside, Person, Any, Origin], Awaitable[Content]]

_ANSWERS: dict[type[Any], Answer] = {
    commands.List: reading.task_list,
    commands.Show: reading.task_status,
    commands.Logs: reading.task_logs,
    commands.Templates: reading.templates,
    commands.Presets: reading.presets,
    commands.WhoAmI: reading.whoami,
    commands.Send: _send,
    commands.Pause: _pause,
    commands.Resume: _resume,
    commands.Retry: _retry,
    commands.Delete: _delete,
}
