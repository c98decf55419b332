"""The life of a task at the local Coder: made, listed, prompted, paused, resumed."""

from __future__ import annotations

import pytest

from tests.sandbox.coder_scene import NOT_FOUND, Coder, refusal, running


async def test_a_new_task(coder: Coder) -> None:
    """A created task is pending in build 1, has a name from its prompt, and can be had by id and by name."""
    answer = await coder.create("Fix the flaky login test, please: it fails every second night")
    task = answer.json()
    assert answer.status_code == 201
    assert (task["status"], task["workspace_status"], task["workspace_build_number"]) == ("pending", "pending", 1)
    assert (task["workspace_agent_id"], task["workspace_agent_lifecycle"], task["current_state"]) == (None, None, None)
    assert task["name"].startswith("fix-the-flaky-login-test-")
    assert len(task["name"]) <= 32
    assert task["display_name"] == "Fix the flaky login test, please: it fails every second night"
    assert (await coder.call("GET", f"/tasks/ana/{task['name'].upper()}")).json()["id"] == task["id"]
    assert refusal(await coder.call("GET", f"/tasks/bo/{task['name']}"))[:2] == (404, NOT_FOUND)


async def test_a_taken_name_is_refused_until_the_workspace_is_gone(coder: Coder) -> None:
    """A name is unique among the owner's workspaces, also while a deleted task's workspace is still there."""
    task = await coder.task(name="login")
    taken = await coder.create(name="login")
    assert refusal(taken)[:2] == (409, 'Workspace "login" already exists.')
    assert taken.json()["validations"][0]["field"] == "name"
    assert (await coder.create(name="login", user="bo")).status_code == 201
    await task.ready()
    assert (await coder.call("DELETE", "/tasks/ana/login")).status_code == 202
    assert (await coder.call("GET", f"/tasks/me/{task.id}")).status_code == 404
    assert (await coder.create(name="login")).status_code == 409
    task.finish_build()
    assert (await coder.create(name="login")).status_code == 201


async def test_the_list(coder: Coder) -> None:
    """Newest first, filtered by owner and status, everything for an Owner and only their own for a member."""
    first, second = await coder.task(), await coder.task(user="bo")
    await first.ready()

    async def ids(q: str, token: str = "") -> list[str]:
        answer = (await coder.call("GET", "/tasks", token=token, q=q)).json()
        assert answer["count"] == len(answer["tasks"])
        return [task["id"] for task in answer["tasks"]]

    assert await ids("") == [second.id, first.id]
    assert await ids('owner:"ana"') == await ids("ana status:active") == [first.id]
    assert await ids("owner:me") == []
    assert await ids("", coder.server.token_for("bo")) == [second.id]


@pytest.mark.parametrize(
    ("q", "status", "field_name", "detail"),
    [
        ("foo:1", 400, "foo", '"foo" is not a valid query param'),
        ("a:b:c", 400, "q", "Query element \"a:b:c\" can only contain 1 ':'"),
        ("a:", 400, "q", "Query element \"a:\" cannot start or end with ':'"),
        (
            "owner:x",
            400,
            "owner",
            (
                'Query param "owner" has invalid value: user "x" either does not exist, '
                "or you are unauthorized to view them"
            ),
        ),
        ("status:running", 500, None, "Internal error fetching tasks."),
    ],
)
async def test_a_wrong_search_is_refused(
    coder: Coder, q: str, status: int, field_name: str | None, detail: str
) -> None:
    """A search that Coder cannot read is 400 with the place, a wrong status value is 500."""
    answer = await coder.call("GET", "/tasks", q=q)
    assert answer.status_code == status
    if field_name is None:
        assert answer.json()["message"] == detail
    else:
        assert answer.json()["message"] == "Invalid task search query."
        assert answer.json()["validations"] == [{"field": field_name, "detail": detail}]


@pytest.mark.parametrize(
    ("version", "status", "code", "message"),
    [
        ("2.34.3", "pending", 409, "Task is pending."),
        ("2.34.3", "initializing", 409, "Task is initializing."),
        ("2.34.3", "paused", 409, "Task is paused."),
        ("2.34.3", "error", 400, "Task must be active."),
        ("2.34.3", "unknown", 400, "Task must be active."),
        ("2.30.0", "pending", 400, "Task status must be active."),
        ("2.30.0", "paused", 400, "Task status must be active."),
    ],
)
async def test_only_an_active_task_takes_a_prompt(version: str, status: str, code: int, message: str) -> None:
    """A send to a task that is not active is refused by status, and nothing reaches the agent."""
    async with running(version, manual=True) as coder:
        task = await coder.task()
        await task.ready("idle")
        task.set_status(status)
        assert (await coder.shown(task))["status"] == status
        assert refusal(await coder.send(task))[:2] == (code, message)
        assert task.inputs == []


@pytest.mark.parametrize(("version", "code"), [("2.34.3", 409), ("2.32.0", 409), ("2.31.0", 502), ("2.29.0", 502)])
async def test_a_busy_agent_takes_no_prompt(version: str, code: int) -> None:
    """The second of two prompts is refused while the agent works on the first: 409 since 2.32, 502 before."""
    async with running(version, manual=True) as coder:
        task = await coder.task()
        await task.ready("idle", "Which one?")
        assert (await coder.send(task, "  The first \n")).status_code == 204
        assert refusal(await coder.send(task)) == (code, "Task app is not ready to accept input.", "Status: running")
        task.report("idle")
        assert (await coder.send(task, "Again")).status_code == 204
        assert task.inputs == ["The first", "Again"]


@pytest.mark.parametrize("typed", [True, False])
async def test_a_rejected_prompt_may_have_been_typed(coder: Coder, *, typed: bool) -> None:
    """The same 502 stands for both, only the logs tell."""
    task = await coder.task()
    await task.ready("idle")
    task.refuse_send(detail="timeout", typed=typed)
    assert refusal(await coder.send(task, "Go on")) == (502, "Task app rejected the message.", "timeout")
    logs = (await coder.call("GET", f"/tasks/me/{task.id}/logs")).json()["logs"]
    assert (task.inputs == ["Go on"]) is ("Go on" in [entry["content"] for entry in logs]) is typed


async def test_an_empty_prompt_is_refused(coder: Coder) -> None:
    """Empty text is 400, blank text is rejected by the agent."""
    task = await coder.task()
    await task.ready("idle")
    assert refusal(await coder.send(task, ""))[:2] == (400, "Task input is required.")
    assert refusal(await coder.send(task, " \n"))[:2] == (502, "Task app rejected the message.")
    assert task.inputs == []


async def test_logs(coder: Coder) -> None:
    """Live logs grow in place and wrap, a paused task shows its snapshot, an error none."""
    task = await coder.task("Fix it")
    path = f"/tasks/me/{task.id}/logs"
    assert (await coder.call("GET", path)).json() == {"logs": [], "snapshot": True}
    await task.ready("idle")
    task.say("word " * 30)
    task.say("More")
    first, second = (await coder.call("GET", path)).json()["logs"]
    assert (first["id"], first["type"], first["content"]) == (0, "input", "Fix it")
    assert (second["id"], second["type"], second["content"].endswith("\n\nMore")) == (1, "output", True)
    assert max(map(len, second["content"].split("\n"))) <= 80
    task.pause_outside()
    stored = (await coder.call("GET", path)).json()
    assert (stored["logs"], stored["snapshot"], "snapshot_at" in stored) == ([first, second], True, True)
    task.set_status("error")
    expected = (409, "Cannot fetch logs for task in current state.", 'Task status is "error".')
    assert refusal(await coder.call("GET", path)) == expected


async def test_pause_and_resume(coder: Coder) -> None:
    """Pausing is unknown until the stop is done, keeps the last message; resuming starts without a state."""
    task = await coder.task()
    path = f"/tasks/me/{task.id}"
    active = (409, "A workspace build is already active.")
    assert refusal(await coder.call("POST", path + "/pause"))[:2] == active
    assert refusal(await coder.call("DELETE", path))[:2] == active
    await task.ready("idle", "Which one?")
    running_already = (409, "Task workspace is already running.", 'Workspace status is "running".')
    assert refusal(await coder.call("POST", path + "/resume")) == running_already
    paused = await coder.call("POST", path + "/pause")
    assert (paused.status_code, paused.json()["workspace_build"]["reason"]) == (202, "task_manual_pause")
    shown = await coder.shown(task)
    assert (shown["status"], shown["workspace_status"], shown["workspace_agent_id"]) == ("unknown", "pending", None)
    task.finish_build()
    shown = await coder.shown(task)
    assert (shown["status"], shown["current_state"]["message"]) == ("paused", "Which one?")
    assert (await coder.call("PATCH", path + "/input", {"input": "Other"})).status_code == 204
    resumed = await coder.call("POST", path + "/resume")
    assert (resumed.status_code, resumed.json()["workspace_build"]["reason"]) == (202, "task_resume")
    await task.ready(None)
    shown = await coder.shown(task)
    assert (shown["status"], shown["current_state"], shown["initial_prompt"]) == ("active", None, "Other")
    refused = await coder.call("PATCH", path + "/input", {"input": "Late"})
    assert refusal(refused)[:2] == (409, "Unable to update task input, task must be paused.")
