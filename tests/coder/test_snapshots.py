"""What is made of Coder's tasks: snapshots, of one task and of a thousand."""

from __future__ import annotations

import asyncio
import gc
import json
import time
from typing import Any

import pytest

from bot.coder import parse
from bot.coder.errors import CoderFailed
from bot.models import State, Status
from bot.sandbox.faults import Fault, Kind
from tests.coder.wire import JSON, Wire, raw, running


def listed(wire: Wire, tasks: list[Any]) -> None:
    """The next list of tasks is this one."""
    body = json.dumps({"tasks": tasks, "count": len(tasks)}, separators=(",", ":"))
    wire.server.faults.add(Fault(Kind.REFUSE, "GET /api/v2/tasks", status=200, body=body, headers=dict(JSON)))


async def test_a_new_task_is_read_back_the_same_three_ways() -> None:
    """What create, get, find and list say of one task is one snapshot."""
    async with running() as wire:
        made = await wire.create("fix-login", "Fix the login test", preset_id=wire.version().presets[0].id)
        assert await wire.tasks.snapshot(made.id) == made
        assert await wire.tasks.find("ana", "fix-login") == made
        assert await wire.tasks.find("ana", "other") is None
        assert await wire.tasks.find("nobody", "fix-login") is None
        assert await wire.tasks.snapshots() == [made]
    assert made.url == f"{wire.server.url}/tasks/ana/{made.id}"
    assert (made.status, made.template, made.title) == (Status.PENDING, "Claude Code", "Fix the login test")
    assert wire.server.task("fix-login").build.preset is wire.version().presets[0]


async def test_a_list_is_one_request_with_an_empty_query() -> None:
    """All tasks of all owners come in one request."""
    async with running() as wire:
        await wire.tasks.snapshots()
        [call] = wire.server.calls
    assert (call.name, call.query) == ("GET /api/v2/tasks", {"q": ""})


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("working", State.WORKING),
        ("idle", State.IDLE),
        ("complete", State.COMPLETE),
        ("completed", State.COMPLETE),
        ("failed", State.FAILED),
        ("failure", State.FAILED),
        ("dreaming", None),
    ],
)
def test_states_are_read_as_documented_and_as_sent(said: str, state: State | None) -> None:
    """Both spellings of a state are one state; one that nobody knows is no report."""
    found = parse.snapshot(raw(current_state={"timestamp": "2026-11-22T10:00:00Z", "state": said}), "http://c")
    assert (found.report.state if found.report else None) == state


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:01:00Z", 60.0),
        ("1970-01-01T00:01:00.5Z", 60.5),
        ("1970-01-01T00:01:00.123456789Z", 60.123456),
        ("1970-01-01T01:01:00+01:00", 60.0),
    ],
)
def test_times_of_any_precision_are_unix_seconds(text: str, seconds: float) -> None:
    """Go writes as many digits as there are, up to nanoseconds."""
    assert parse.time(text) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({}, "title", "Fix the login test"),
        ({"display_name": "", "initial_prompt": "\n\n  Fix it \nnow"}, "title", "Fix it"),
        ({"display_name": "", "initial_prompt": ""}, "title", "task-0"),
        ({"template_display_name": ""}, "template", "claude-code"),
        ({"status": "brand-new"}, "status", Status.UNKNOWN),
        ({"current_state": None}, "report", None),
        ({"workspace_id": None}, "workspace_id", None),
        ({}, "health_reason", "agent has lost connection"),
        ({"workspace_agent_health": {"healthy": True, "reason": "x"}}, "health_reason", ""),
        ({"workspace_agent_health": None}, "health_reason", ""),
    ],
)
def test_what_is_empty_falls_back(changed: dict[str, Any], field: str, value: object) -> None:
    """Titles, templates and statuses have a value whatever Coder leaves empty."""
    assert getattr(parse.snapshot(raw(**changed), "http://c"), field) == value


async def test_one_unreadable_task_does_not_hide_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """A task without a name or of another shape is left out, and the log says which."""
    async with running() as wire:
        listed(wire, [raw(0), raw(1, name=None), 7, raw(2, created_at="yesterday"), raw(3)])
        found = await wire.tasks.snapshots()
    assert [task.name for task in found] == ["task-0", "task-3"]
    assert [getattr(line, "task", "") for line in caplog.records] == [raw(1)["id"], None, raw(2)["id"]]


async def test_a_list_in_which_nothing_can_be_read_is_not_an_empty_list() -> None:
    """Otherwise every task would look deleted."""
    async with running() as wire:
        listed(wire, [raw(0, name=None), raw(1, name=None)])
        with pytest.raises(CoderFailed):
            await wire.tasks.snapshots()


@pytest.mark.parametrize(
    "body", ['{"tasks":null,"count":0}', '{"count":0,"tasks":[]}', '{"tasks":[]}', ' { "tasks" : [ ] } ']
)
async def test_an_empty_list_in_any_writing_is_empty(body: str) -> None:
    """Null, another order of fields and white space are no tasks, not an error."""
    async with running() as wire:
        wire.server.faults.add(Fault(Kind.REFUSE, status=200, body=body, headers=dict(JSON)))
        assert await wire.tasks.snapshots() == []


async def test_thousands_of_tasks_do_not_stall_the_event_loop() -> None:
    """While a large list is read, everything else gets its turns: no one of them does a third of the work."""
    async with running() as wire:
        tasks = [raw(number) for number in range(4000)]
        listed(wire, tasks)
        gaps: list[float] = []

        async def tick() -> None:
            last = time.thread_time()
            while True:
                await asyncio.sleep(0)
                gaps.append((now := time.thread_time()) - last)
                last = now

        gc.disable()  # a collection of what other tests left behind is not the reader's work
        try:
            ticking = asyncio.create_task(tick())
            found = await wire.tasks.snapshots()
            await asyncio.sleep(0)  # the gap that ends here counts too
            ticking.cancel()
        finally:
            gc.enable()
    assert len(found) == 4000
    assert max(gaps) < sum(gaps) / 3
