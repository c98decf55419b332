"""Talking to a task and moving its workspace, against local Coders of the releases that matter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from bot.coder import parse
from bot.coder.errors import (
    AlreadyRunning,
    BuildActive,
    Busy,
    CoderFailed,
    NotActive,
    NotFound,
    Paused,
    Unreachable,
)
from bot.models import Failure, Snapshot, Status
from bot.sandbox.faults import Fault, Kind
from tests.coder.wire import raw, running

RELEASES = ["2.29.0", "2.31.9", "2.34.3", "2.36.0"]


# -- creating ---------------------------------------------------------------------------------------------


async def test_no_preset_in_any_writing_is_no_preset() -> None:
    """Coder takes an empty id for bad JSON, so none is sent."""
    async with running() as wire:
        await wire.create("one", preset_id=None)
        await wire.create("two", preset_id="")
        assert [handle.build.preset for handle in wire.server.tasks] == [None, None]


# -- talking -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", RELEASES)
async def test_send_reaches_a_waiting_agent(release: str) -> None:
    """A prompt arrives as it was written, on every release."""
    async with running(release) as wire:
        handle, _ = await wire.task()
        handle.set_busy(busy=False)
        await wire.tasks.send(handle.id, "Go on, Größe 5 “now”")
        assert handle.task.inputs == ["Go on, Größe 5 “now”"]


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("pending", Busy),
        ("initializing", Busy),
        ("active", Busy),
        ("paused", Paused),
        ("error", NotActive),
        ("unknown", Busy),
    ],
)
async def test_send_says_why_not_on_every_release(release: str, status: str, error: type[Exception]) -> None:
    """Before 2.31 one text, and before 2.32 another status: the error is the same. Nothing was sent."""
    async with running(release) as wire:
        handle, _ = await wire.task(status)
        handle.set_busy(busy=True)
        with pytest.raises(error) as raised:
            await wire.tasks.send(handle.id, "Go on")
        assert type(raised.value) is error
        assert handle.task.inputs == []


async def test_a_rejected_prompt_may_have_been_typed() -> None:
    """Only Coder's rejection after typing is ambiguous; an agent that is out of reach has not got the text."""
    async with running() as wire:
        handle, _ = await wire.task()
        handle.set_busy(busy=False)
        handle.refuse_send(typed=True)
        with pytest.raises(CoderFailed) as raised:
            await wire.tasks.send(handle.id, "Go on")
        assert raised.value.ambiguous
        handle.set_busy(busy=False)
        handle.refuse_send("Failed to reach task app endpoint.")
        with pytest.raises(Unreachable) as unreachable:
            await wire.tasks.send(handle.id, "Again")
    assert not unreachable.value.ambiguous
    assert handle.task.inputs == ["Go on"]


async def test_send_has_the_time_that_an_agent_takes() -> None:
    """Typing waits for the agent's screen: longer than any other call may take."""
    async with running(patience=0.05) as wire:
        handle, _ = await wire.task()
        handle.set_busy(busy=False)
        wire.server.faults.add(Fault(Kind.SLOW, "POST *", seconds=0.2))
        await wire.tasks.send(handle.id, "Go on")
        assert handle.task.inputs == ["Go on"]


async def test_send_without_access_to_workspaces_is_not_found() -> None:
    """A server that keeps its owners out of workspaces says 404, and the words say what to ask for."""
    async with running() as wire:
        handle, _ = await wire.task()
        wire.server.deployment.owner_workspace_access = False
        with pytest.raises(NotFound, match="allow site owners access"):
            await wire.tasks.send(handle.id, "Go on")


async def test_logs_of_a_running_and_of_a_paused_task() -> None:
    """A running task tells everything, a paused one its stored end and since when."""
    async with running() as wire:
        handle, seen = await wire.task()
        handle.say("Looking around")
        live = await wire.tasks.logs(handle.id)
        await wire.tasks.pause(seen)
        handle.finish_build()
        stored = await wire.tasks.logs(handle.id)
    assert any("Looking around" in entry.text for entry in live.entries if not entry.is_prompt)
    assert (live.is_snapshot, live.snapshot_at) == (False, None)
    assert stored.entries == live.entries
    assert stored.is_snapshot
    assert stored.snapshot_at is not None


async def test_logs_of_a_paused_task_before_snapshots() -> None:
    """2.29 has no stored logs, and says so as a matter of its version."""
    async with running("2.29.3") as wire:
        handle, _ = await wire.task("paused")
        with pytest.raises(NotActive, match=r"this server runs 2\.29\.3") as raised:
            await wire.tasks.logs(handle.id)
    assert raised.value.name == "version_old"


# -- pause, resume, retry, delete --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("release", "route"), [("2.29.0", "builds"), ("2.30.1", "builds"), ("2.31.9", ""), ("2.36.0", "")]
)
async def test_pause_and_resume_on_every_release(release: str, route: str) -> None:
    """Where there is no pause, a stop build is one; where there is no resume, a start build."""
    async with running(release) as wire:
        handle, seen = await wire.task()
        await wire.tasks.pause(seen)
        assert wire.names()[-1].endswith(route or "/pause")
        assert (handle.build.transition, handle.build.is_active) == ("stop", True)
        handle.finish_build()
        assert (await wire.tasks.snapshot(seen.id)).status is Status.PAUSED
        await wire.tasks.resume(seen)
        assert wire.names()[-1].endswith(route or "/resume")
        assert handle.build.transition == "start"


async def test_resume_of_a_running_task_is_its_own_answer() -> None:
    """Who asked twice can be told, and a second try after a lost answer knows that it is done."""
    async with running() as wire:
        _, seen = await wire.task()
        with pytest.raises(AlreadyRunning):
            await wire.tasks.resume(seen)


async def test_a_retry_is_a_build() -> None:
    """A failed build is started again."""
    async with running() as wire:
        handle, seen = await wire.task()
        handle.fail_build()
        await wire.tasks.retry(seen)
        assert [build.transition for build in handle.workspace.builds] == ["start", "start"]


@pytest.mark.parametrize("verb", ["pause", "resume", "retry", "delete"])
async def test_an_active_build_is_waited_for(verb: str) -> None:
    """While a build runs everything else is later, not an error, and the task is not deleted."""
    async with running() as wire:
        handle, seen = await wire.task()
        handle.pause_outside(done=False)
        calls: dict[str, Callable[[], Awaitable[None]]] = {
            "pause": lambda: wire.tasks.pause(seen),
            "resume": lambda: wire.tasks.resume(seen),
            "retry": lambda: wire.tasks.retry(seen),
            "delete": lambda: wire.tasks.delete(seen.id),
        }
        with pytest.raises(BuildActive) as raised:
            await calls[verb]()
        assert (await wire.tasks.snapshot(seen.id)).id == seen.id
    assert (raised.value.name, raised.value.after) == ("busy_build", 5)


async def test_a_deleted_task_is_gone_at_once() -> None:
    """Delete ends the task; a second delete and a look find nothing."""
    async with running() as wire:
        _, seen = await wire.task()
        await wire.tasks.delete(seen.id)
        assert await wire.tasks.snapshots() == []
        for call in (wire.tasks.delete, wire.tasks.snapshot):
            with pytest.raises(NotFound):
                await call(seen.id)


# -- why -------------------------------------------------------------------------------------------------------------


async def test_details_of_a_failed_build_have_its_cause_and_tail() -> None:
    """The job's error, the last errors of its log and the build they belong to."""
    async with running() as wire:
        handle, seen = await wire.task("initializing")
        wire.server.deployment.log(handle.build, "Initializing the backend...")
        handle.fail_build(["Error: no space left", "  on main.tf"], "terraform apply: exit status 1")
        details = await wire.tasks.details(seen)
        log = await wire.tasks.build_log(seen)
    assert (details.failure, details.cause) == (Failure.BUILD, "terraform apply: exit status 1")
    assert details.tail == ("Error: no space left", "  on main.tf")
    assert details.build_number == handle.build.number
    assert log == ["Initializing the backend...", "Error: no space left", "  on main.tf"]


async def test_details_tell_quota_and_cancel_from_other_failures() -> None:
    """A used-up quota and a canceled build have causes of their own."""
    async with running() as wire:
        handle, seen = await wire.task("initializing")
        handle.fail_build(code="INSUFFICIENT_QUOTA", error="insufficient quota")
        assert (await wire.tasks.details(seen)).failure is Failure.QUOTA
        handle.set_build(job_status="canceled", error="")
        handle.build.job.error_code = ""
        assert (await wire.tasks.details(seen)).failure is Failure.CANCELED


async def test_details_without_a_log_still_have_the_cause() -> None:
    """A log that cannot be read does not hide why the build failed."""
    async with running() as wire:
        handle, seen = await wire.task("initializing")
        handle.fail_build(["Error: x"], "exit status 1")
        wire.refuse(500, "Internal error fetching logs.", match="GET *logs")
        details = await wire.tasks.details(seen)
    assert (details.cause, details.tail) == ("exit status 1", ())


async def test_details_of_a_waiting_build_tell_the_queue() -> None:
    """Place and size of the queue, and how many provisioners could take the job."""
    async with running() as wire:
        handle, seen = await wire.task("pending")
        handle.set_build(queue=(3, 5), provisioners=(1, 0))
        details = await wire.tasks.details(seen)
    assert (details.queue_position, details.queue_size, details.provisioners) == (3, 5, 0)
    assert details.provisioner_seen_at is not None


async def test_details_of_a_paused_task_tell_who_paused_it() -> None:
    """A person by name, or Coder by itself."""
    async with running() as wire:
        handle, seen = await wire.task()
        handle.pause_outside("task_manual_pause", "bo")
        by_bo = await wire.tasks.details(seen)
        handle.set_status("active")
        handle.pause_outside("task_auto_pause")
        by_coder = await wire.tasks.details(seen)
    assert (by_bo.paused_by, by_bo.auto_paused) == ("bo", False)
    assert (by_coder.paused_by, by_coder.auto_paused) == ("", True)


def test_details_of_a_running_task_tell_its_deadline() -> None:
    """When Coder will stop it; Go's zero time is no time."""
    build: dict[str, Any] = {"build_number": 2, "transition": "start", "deadline": "1970-01-01T00:01:00Z"}
    assert parse.details({"latest_build": build}).stops_at == 60
    assert parse.details({"latest_build": {**build, "deadline": "0001-01-01T00:00:00Z"}}).stops_at is None
    assert parse.details({"latest_build": build}).provisioners is None


async def test_a_task_without_a_workspace_has_no_details() -> None:
    """Nothing is asked where there is nothing to ask about."""
    async with running() as wire:
        seen: Snapshot = parse.snapshot(raw(workspace_id=None), wire.server.url)
        assert (await wire.tasks.details(seen)).build_number == 3
        assert await wire.tasks.build_log(seen) == []
        assert wire.server.calls == []
