"""One tick after the other, by hand: what the poller asks of Coder, what it writes, and what it bears."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
import sqlalchemy as sa

from bot import cards, observing, poller, tasks
from bot.coder.http import CoderHttp
from bot.coder.tasks_api import TasksApi
from bot.commands import Create
from bot.models import Asked, Condition, CreateRequest, Memory, Origin, Phase, Snapshot, Task, Verb
from bot.poller import Poller
from bot.sandbox.coder import CoderServer, TaskHandle
from bot.sandbox.faults import Fault, Kind
from bot.store import Connection
from bot.store.database import Database
from bot.store.migrate import migrate
from bot.store.moments import Moment, get_moment, mark_moment
from bot.store.schema import outbox
from bot.store.task_rows import get_task, save_task

LIST = "GET /api/v2/tasks"
Item = tuple[str, str]  # kind of delivery, and of a reply what it tells


@dataclass
class Stage:
    """A database, a local Coder and a poller that ticks when it is told to."""

    database: Database
    coder: CoderServer
    poller: Poller

    async def make(self, name: str = "tidy") -> TaskHandle:
        """A task in Coder, of which the bot does not know yet."""
        version = self.coder.deployment.templates[0].active_version.id
        made = await self.poller.backend.create("ana", version_id=version, prompt="Tidy", name=name)
        return self.coder.task(made.id)

    async def take_in(self, task: TaskHandle) -> str:
        """Let Coder have accepted a task that was asked for in Slack, as it is now; our id."""
        snapshot = await self.poller.backend.snapshot(task.id)
        origin = Origin(key=task.name, user="U1", user_name="Ana", channel="C1")
        await self.database.run(tasks.create, Create(request=CreateRequest(prompt="Tidy", name=task.name)), origin)
        known: Task | None = await self.database.run(tasks.of_request, task.name)
        assert known is not None
        await self.database.run(tasks.accepted, known.id, snapshot, "U1")
        return known.id

    async def open(self, name: str = "tidy") -> tuple[str, TaskHandle]:
        """A task that Coder has accepted; our id and its handle."""
        task = await self.make(name)
        return await self.take_in(task), task

    async def at_work(self, name: str = "tidy") -> tuple[str, TaskHandle]:
        """A task whose agent is seen to work."""
        task_id, task = await self.open(name)
        await task.ready("working", "Reading")
        await self.poller.tick()
        assert (await self.condition(task_id)) is Condition.WORKING
        return task_id, task

    async def task(self, task_id: str) -> Task:
        """The task as it is remembered."""
        found: Task = await self.database.run(get_task, task_id)
        return found

    async def condition(self, task_id: str) -> Condition:
        """The condition that is remembered."""
        return (await self.task(task_id)).memory.condition

    async def written(self) -> list[Item]:
        """Everything that was ever put into the outbox, oldest first."""
        found: list[Item] = await self.database.run(_written)
        return found

    async def told(self) -> list[str]:
        """The changes that were put into the thread."""
        return [what for kind, what in await self.written() if kind == "post_reply" and what != "prompt"]

    def asked(self, since: int = 0) -> list[str]:
        """What Coder was asked."""
        return [call.name for call in self.coder.calls[since:]]


def _written(connection: Connection) -> list[Item]:
    rows = connection.execute(sa.select(outbox.c.kind, outbox.c.payload).order_by(outbox.c.id))
    return [
        (row.kind, (row.payload.get("change") or {}).get("condition") or row.payload.get("what", "")) for row in rows
    ]


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """The stage, without tasks."""
    database = await Database.open(database_url)
    await migrate(database)
    async with CoderServer(manual=True) as coder:
        http = CoderHttp(coder.url, coder.token)
        yield Stage(database, coder, Poller(database, TasksApi(http), "me", every=1.0, settle=0.0))
        await http.close()
    await database.close()


async def test_a_tick_asks_coder_once_however_many_tasks_there_are(stage: Stage) -> None:
    """One open task costs one request, and so do thirty, also when all of them have changed."""
    opened = [await stage.open("task-0")]
    counts = []
    for more in (0, 29):
        opened += [await stage.open(f"task-{len(opened) + number}") for number in range(more)]
        for _, task in opened:
            await task.ready("working", f"Reading, for {len(opened)}")
        known = len(stage.coder.calls)
        await stage.poller.tick()
        counts.append(stage.asked(known))

    assert counts == [[LIST], [LIST]]
    assert stage.poller.open_tasks == 30
    assert {await stage.condition(task_id) for task_id, _ in opened} == {Condition.WORKING}


async def test_a_tick_that_finds_nothing_new_writes_nothing(stage: Stage) -> None:
    """Tasks that stand still cost no write; one that was paused here is no exception."""
    task_id, task = await stage.at_work()
    task.pause_outside()
    await stage.poller.tick()
    asked = Asked(verb=Verb.PAUSE, by="U1", by_name="Ana", at=0.0)
    await stage.database.run(save_task, task_id, asked=asked)
    await stage.poller.tick()
    before = (await stage.written(), await stage.task(task_id))

    for _ in range(3):
        await stage.poller.tick()

    assert (await stage.written(), await stage.task(task_id)) == before
    assert await stage.told() == ["paused"]


async def test_a_task_that_was_far_when_it_was_found_is_caught_up(stage: Stage) -> None:
    """What an earlier try has made may be at work already, and never change again."""
    task = await stage.make()
    await task.ready("complete", "Done")
    task_id = await stage.take_in(task)

    await stage.poller.tick()

    assert await stage.condition(task_id) is Condition.COMPLETE
    assert await stage.told() == ["complete"]


async def test_a_task_is_gone_when_it_is_missing_twice(stage: Stage) -> None:
    """One list without the task may be a hiccup; two and two answers that it is not there are its end."""
    task_id, task = await stage.at_work()
    task.vanish()

    await stage.poller.tick()
    assert (await stage.task(task_id)).phase is Phase.OPEN
    await stage.poller.tick()

    assert (await stage.task(task_id)).phase is Phase.CLOSED
    assert await stage.told() == ["gone"]
    await stage.poller.tick()
    assert stage.poller.open_tasks == 0
    assert await stage.told() == ["gone"]


async def test_a_task_that_comes_back_was_not_gone(stage: Stage) -> None:
    """Missing once, there again, and missing once more is not missing twice in a row."""
    task_id, task = await stage.at_work()
    for deleted in (True, False, True, False):
        task.task.deleted = deleted
        await stage.poller.tick()

    assert (await stage.task(task_id)).phase is Phase.OPEN
    assert await stage.told() == []


async def test_a_list_that_is_older_than_a_task_does_not_end_it(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that is missing in the list, and found when it is asked for, is there."""
    task_id, _ = await stage.at_work()

    async def nothing(_: TasksApi) -> list[Snapshot]:
        return []

    monkeypatch.setattr(TasksApi, "snapshots", nothing)
    for _ in range(3):
        await stage.poller.tick()

    assert (await stage.task(task_id)).phase is Phase.OPEN


async def test_what_is_deleted_here_is_not_gone_elsewhere(stage: Stage) -> None:
    """A task whose delete was asked for here is deleted by that person, also when the poll sees it first."""
    task_id, task = await stage.at_work()
    origin = Origin(key="delete", user="U1", user_name="Ana", channel="C1")
    await stage.database.run(tasks.ask, task_id, Verb.DELETE, origin)
    task.vanish()

    await stage.poller.tick()

    assert await stage.told() == ["deleted"]


async def test_one_bad_task_does_not_keep_the_others_from_being_seen(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a bug nor a Coder that will not say whether a task is there stops the round."""
    gone, missing = await stage.at_work("a-missing")
    bad, second = await stage.at_work("b-bad")
    good, third = await stage.at_work("c-good")
    missing.vanish()
    stage.coder.faults.add(Fault(Kind.REFUSE, f"GET */{missing.id}", None, status=500))
    observe = observing.observe

    def observed(connection: Connection, task_id: str, snapshot: Snapshot, settle: float) -> object:
        assert task_id != bad
        return observe(connection, task_id, snapshot, settle)

    monkeypatch.setattr(observing, "observe", observed)
    for task in (second, third):
        task.report("complete", "Done")
    await stage.poller.tick()

    assert await stage.condition(good) is Condition.COMPLETE
    assert (await stage.task(gone)).missing == 0
    assert stage.poller.last_success is not None


@pytest.mark.parametrize("kind", [Kind.REFUSE, Kind.CUT, Kind.SLOW])
async def test_a_silent_coder_is_noted_once_and_forgotten(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    """Whether it refuses, cuts or hangs: after two minutes the cards are told, once; and once that it speaks again."""
    await stage.at_work()
    monkeypatch.setattr(poller, "LEASE_SECONDS", 0.1)
    stage.poller.every = 0.1  # so that a tick is given up soon
    fault = stage.coder.faults.add(Fault(kind, LIST, None, seconds=0.5, status=502))
    await stage.poller.tick()
    assert await stage.database.run(get_moment, Moment.CODER_SILENT) is None
    known = len(await stage.written())

    await stage.database.run(_two_minutes_pass)
    for _ in range(2):
        await stage.poller.tick()
    assert await stage.database.run(get_moment, Moment.CODER_SILENT) is not None
    assert (await stage.written())[known:] == [("edit_card", "")]

    fault.times = 0
    stage.poller.every = 10.0
    for _ in range(2):
        await stage.poller.tick()
    assert await stage.database.run(get_moment, Moment.CODER_SILENT) is None
    assert (await stage.written())[known:] == [("edit_card", "")] * 2


def _two_minutes_pass(connection: Connection) -> None:
    answered = get_moment(connection, Moment.CODER_ANSWERED)
    assert answered is not None
    mark_moment(connection, Moment.CODER_ANSWERED, answered - 121)


async def test_one_of_two_replicas_polls(stage: Stage) -> None:
    """The holder of the lease polls; when it resigns, or is heard of no more, the other does."""
    first = stage.poller
    second = Poller(stage.database, first.backend, "you", every=1.0, settle=0.0)
    for _ in range(2):
        await asyncio.gather(first.tick(), second.tick())
    assert [first.is_leader, second.is_leader].count(True) == 1
    leader, other = (first, second) if first.is_leader else (second, first)
    assert other.last_success is None
    assert other.is_fresh(1e12)

    await leader.resign()
    await other.tick()

    assert other.is_leader
    await leader.tick()
    assert not leader.is_leader


async def test_a_queued_task_is_looked_at_less_and_less_often(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its place in the queue is not in Coder's list: the card asks for it after 5 s, and then at growing intervals."""
    task_id, _ = await stage.open()
    await stage.poller.tick()
    task = await stage.task(task_id)

    assert task.look_at is not None
    assert task.look_at == pytest.approx(task.memory.since + cards.QUEUE_SECONDS, abs=0.5)
    await stage.database.run(save_task, task_id, memory=Memory(since=task.memory.since - 120), look_at=1.0)
    await stage.poller.tick()
    later = (await stage.task(task_id)).look_at
    assert later is not None
    assert later - task.memory.since == pytest.approx(30, abs=1)


# What is asked of a machine, and the steps after which it is not under way any more.
ASKED = [
    (Verb.PAUSE, [Condition.WORKING, Condition.PAUSING, Condition.PAUSED], True),
    (Verb.PAUSE, [Condition.PAUSING, Condition.PAUSED, Condition.RESUMING], False),
    (Verb.PAUSE, [Condition.PAUSING, Condition.BUILD_FAILED], False),
    (Verb.RESUME, [Condition.PAUSED, Condition.RESUMING], True),
    (Verb.RESUME, [Condition.RESUMING, Condition.WORKING], False),
    (Verb.RESUME, [Condition.RESUMING, Condition.BUILD_FAILED], False),
    (Verb.RESUME, [Condition.RESUMING, Condition.PAUSED], False),
    (Verb.RETRY, [Condition.BUILD_FAILED, Condition.QUEUED, Condition.STARTING], True),
    (Verb.RETRY, [Condition.STARTING, Condition.WAITING], False),
    (Verb.RETRY, [Condition.STARTING, Condition.BUILD_FAILED], False),
    (Verb.RESTART, [Condition.UNHEALTHY, Condition.WORKING, Condition.PAUSING, Condition.PAUSED], True),
    (Verb.RESTART, [Condition.PAUSED, Condition.RESUMING], True),
    (Verb.RESTART, [Condition.RESUMING, Condition.WORKING], False),
    (Verb.RESTART, [Condition.PAUSED, Condition.WORKING], False),
    (Verb.RESTART, [Condition.RESUMING, Condition.BUILD_FAILED], False),
    (Verb.DELETE, [Condition.WORKING, Condition.PAUSED, Condition.BUILD_FAILED], True),
]


@pytest.mark.parametrize(("verb", "steps", "under_way"), ASKED)
def test_what_was_asked_is_shown_until_it_is_done_or_has_failed(
    verb: Verb, steps: list[Condition], *, under_way: bool
) -> None:
    """A pause names who asked for it as long as it lasts; nothing is shown as under way when it is over."""
    asked: Asked | None = Asked(verb=verb, by="U1", by_name="Ana", at=100.0)
    for before, after in pairwise(steps):
        asked = observing._still_asked(asked, before, after, 110.0)

    assert (asked is not None) == under_way


@pytest.mark.parametrize(("condition", "kept"), [(Condition.PAUSED, True), (Condition.WORKING, False)])
def test_what_never_comes_about_is_forgotten(condition: Condition, *, kept: bool) -> None:
    """After a while without a sign of it the card goes back to what is; who paused stays."""
    asked = Asked(verb=Verb.PAUSE, by="U1", by_name="Ana", at=100.0)

    assert (observing._still_asked(asked, condition, condition, 100.0 + 24 * 3600) is not None) == kept
