"""Deliveries to a task's machine: pause, resume, retry, restart, delete; each safe to try again."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from bot import observing, problems, queue, tasks
from bot.blocks.problems import problem
from bot.coder.errors import AlreadyRunning, BuildActive, NotFound
from bot.delivery.outside import Outside
from bot.errors import Later, Transient, UserError
from bot.models import Condition, Origin, Phase, Snapshot, Task, Verb
from bot.store.lanes import Item, enqueue
from bot.store.task_rows import get_task, save_task

log = logging.getLogger(__name__)

_BUILD_AGAIN = 5.0
# Whoever waits longer than this for another build to end is told so.
_BUSY_SECONDS = 120.0
_STOPPED = {"stopped", "stopping"}
_STARTED = {"starting", "running"}
_BUILDS = {"pending", "stopping", "canceling"}


async def control(outside: Outside, item: Item) -> None:
    """Do what was asked of the machine, unless it is done already; a refusal is told to the person who asked."""
    task: Task = await outside.database.run(get_task, item.payload["task"])
    verb, origin = Verb(item.payload["verb"]), Origin.model_validate(item.payload["origin"])
    if task.phase is not Phase.OPEN or task.coder_id is None:
        return
    try:
        snapshot = await outside.backend.snapshot(task.coder_id)
        await _do_once(outside, item, verb, snapshot)
    except NotFound:
        await _not_there(outside, task, verb)
        return
    except BuildActive as busy:
        if item.age > _BUSY_SECONDS:
            await outside.database.run(enqueue, queue.private_answer(origin, problem(busy), f"busy:{origin.key}"))
        raise
    except (Later, Transient):
        raise
    except UserError as error:
        await outside.database.run(tasks.not_done, task.id, origin, problem(error))
        log.info("Coder refused", extra={"action": "control_refused", "verb": verb.value, "reason": error.name})
        return
    if verb is Verb.DELETE:
        await outside.database.run(observing.ended, task.id, Condition.DELETED, origin.user_name)
    log.info("done with a task's machine", extra={"action": f"task_{verb.value}", "task": task.coder_id})


async def _not_there(outside: Outside, task: Task, verb: Verb) -> None:
    """Coder does not have the task: for a delete that is success, else the poller will see what it means."""
    if verb is Verb.DELETE:
        await outside.database.run(observing.ended, task.id, Condition.DELETED)
    else:
        await outside.database.run(save_task, task.id, asked=None)


async def _do_once(outside: Outside, item: Item, verb: Verb, snapshot: Snapshot) -> None:
    """Do it, unless an earlier try has, or may have."""
    build = item.payload["build"]
    if item.maybe_sent and _may_be_under_way(verb, snapshot, build):
        raise Later(_BUILD_AGAIN, "the build that waits for its turn may be ours")
    if not (item.maybe_sent and _is_over(verb, snapshot, build)):
        await _DO[verb](outside, snapshot, build)


def _may_be_under_way(verb: Verb, snapshot: Snapshot, build: int) -> bool:
    """Whether an earlier try may have queued a stop: Coder would stop what it has stopped a moment later once more."""
    return verb is Verb.PAUSE and snapshot.build_number > build and snapshot.workspace_status == "pending"


def _is_over(verb: Verb, snapshot: Snapshot, build: int) -> bool:
    """Whether an earlier try has paused or resumed the workspace, and it has been started or stopped again since."""
    return verb in {Verb.PAUSE, Verb.RESUME} and snapshot.build_number > build + 1


async def _pause(outside: Outside, snapshot: Snapshot, _: int) -> None:
    if snapshot.workspace_status not in _STOPPED:
        await outside.backend.pause(snapshot)


async def _resume(outside: Outside, snapshot: Snapshot, _: int) -> None:
    if snapshot.workspace_status in _STARTED:
        return
    try:
        await outside.backend.resume(snapshot)
    except AlreadyRunning:
        log.info("the workspace runs already", extra={"action": "already_running", "task": snapshot.id})


async def _retry(outside: Outside, snapshot: Snapshot, build: int) -> None:
    """Start the workspace anew, if no newer build than the one that failed has begun."""
    if snapshot.build_number <= build and snapshot.workspace_status not in _STARTED:
        await outside.backend.retry(snapshot)


async def _restart(outside: Outside, snapshot: Snapshot, build: int) -> None:
    """Stop, wait, start: how far it is, the number of the build tells."""
    done = snapshot.build_number - build
    if done <= 0:
        await outside.backend.pause(snapshot)
        raise Later(_BUILD_AGAIN, "the workspace is being stopped")
    if done == 1 and snapshot.workspace_status not in _STARTED:
        if snapshot.workspace_status in _BUILDS:
            raise Later(_BUILD_AGAIN, "the workspace is being stopped")
        await outside.backend.retry(snapshot)  # also after a stop that failed: a start mends it


async def _delete(outside: Outside, snapshot: Snapshot, _: int) -> None:
    await outside.backend.delete(snapshot.id)


_DO: dict[Verb, Callable[[Outside, Snapshot, int], Awaitable[None]]] = {
    Verb.PAUSE: _pause,
    Verb.RESUME: _resume,
    Verb.RETRY: _retry,
    Verb.RESTART: _restart,
    Verb.DELETE: _delete,
}


async def control_dead(outside: Outside, item: Item, error: BaseException) -> None:
    """Nothing helped: the person reads that it was not done."""
    del error
    origin = Origin.model_validate(item.payload["origin"])
    content = problem(problems.unexpected(), reference=str(item.id))
    await outside.database.run(tasks.not_done, item.payload["task"], origin, content)
