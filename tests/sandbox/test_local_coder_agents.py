"""The local Coder's workspaces, releases, faults, and agents that follow scripts."""

from __future__ import annotations

import httpx
import pytest

from bot.sandbox.coder.records import Lifecycle
from bot.sandbox.coder.scripts import PULL_REQUEST
from bot.sandbox.faults import Fault, Kind
from tests.sandbox.coder_scene import NOT_FOUND, Coder, refusal, running


async def test_start_phases_have_words(coder: Coder) -> None:
    """While a task initializes, current_state carries Coder's own words for the phase."""
    task = await coder.task()
    task.set_build(job_status="running")
    seen = [(await coder.shown(task))["current_state"]["message"]]
    task.finish_build()
    phases: tuple[Lifecycle, ...] = ("created", "starting", "ready")
    for lifecycle in phases:
        task.set_lifecycle(lifecycle)
        seen.append((await coder.shown(task))["current_state"]["message"])
    assert seen == ["Workspace is starting", "Agent is connecting", "Agent is starting", "App is initializing"]


async def test_workspaces_explain(coder: Coder) -> None:
    """Queue place, provisioners, the build's error, its log and a cancel are at the workspace and its build."""
    task = await coder.task()
    task.set_build(queue=(3, 5), provisioners=(1, 0))
    build = (await coder.call("GET", f"/workspaces/{task.workspace.id}")).json()["latest_build"]
    assert (build["job"]["queue_position"], build["job"]["queue_size"]) == (3, 5)
    assert build["matched_provisioners"]["available"] == 0
    task.fail_build(["Error: no space left on device"], "terraform apply: exit status 1", "INSUFFICIENT_QUOTA")
    job = (await coder.call("GET", f"/workspaces/{task.workspace.id}")).json()["latest_build"]["job"]
    assert (job["status"], job["error"], job["error_code"]) == (
        "failed", "terraform apply: exit status 1", "INSUFFICIENT_QUOTA",
    )  # fmt: skip
    lines = (await coder.call("GET", f"/workspacebuilds/{build['id']}/logs", after="0")).json()
    assert [(line["output"], line["log_level"]) for line in lines] == [("Error: no space left on device", "error")]
    assert (await coder.call("PATCH", f"/workspacebuilds/{build['id']}/cancel")).status_code == 400
    made = await coder.call("POST", f"/workspaces/{task.workspace.id}/builds", {"transition": "start"})
    assert made.status_code == 201
    assert (await coder.call("PATCH", f"/workspacebuilds/{made.json()['id']}/cancel")).status_code == 200
    assert (await coder.shown(task))["status"] == "error"
    bad = await coder.call("GET", f"/workspacebuilds/{build['id']}/logs", after="-1")
    assert refusal(bad)[1] == 'Query param "after" must be an integer greater than or equal to zero.'


async def test_old_releases_pause_by_build() -> None:
    """2.29 and 2.30 have no pause and resume routes; a stop build does the same."""
    async with running("2.30.0", manual=True) as coder:
        task = await coder.task()
        await task.ready()
        assert refusal(await coder.call("POST", f"/tasks/me/{task.id}/pause"))[:2] == (404, "Route not found.")
        await coder.call("POST", f"/workspaces/{task.workspace.id}/builds", {"transition": "stop"})
        task.finish_build()
        assert (await coder.shown(task))["status"] == "paused"
        logs = await coder.call("GET", f"/tasks/me/{task.id}/logs")
        assert refusal(logs)[:2] == (400, "Task status must be active.")


@pytest.mark.parametrize(
    ("version", "flag", "status"), [("2.36.0", False, 200), ("2.37.0", False, 404), ("2.37.0", True, 200)]
)
async def test_2_37_has_tasks_only_when_enabled(version: str, status: int, *, flag: bool) -> None:
    """Without CODER_ENABLE_AI_TASKS, 2.37 does not know the routes, under either prefix."""
    async with running(version, enable_ai_tasks=flag, manual=True) as coder:
        answers = [await coder.call("GET", "/tasks"), await coder.call("GET", "/../experimental/tasks")]
        assert [answer.status_code for answer in answers] == [status, status]
        assert status == 200 or answers[0].json() == {"message": "Route not found."}


async def test_rate_limit(coder: Coder) -> None:
    """The headers count down for each user and path; 429 comes only when it is switched on."""
    coder.server.rate_limit.limit = 2
    left = [(await coder.call("GET", "/users/me")).headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert left == ["1", "0", "0"]
    coder.server.rate_limit.enforced = True
    refused = await coder.call("GET", "/users/me")
    assert refusal(refused)[:2] == (429, "You've been rate limited for sending more than 2 requests in 1m0s.")
    assert refused.headers["Retry-After"] == "60"
    assert (await coder.call("GET", "/users/ana")).status_code == 200


async def test_a_lost_answer_leaves_the_task(coder: Coder) -> None:
    """When the answer to a create is lost the task exists; when the request is cut it does not."""
    coder.server.faults.add(Fault(Kind.LOST, "POST /api/v2/tasks/*"))
    with pytest.raises(httpx.TransportError):
        await coder.create(name="lost")
    assert (await coder.call("GET", "/tasks/ana/lost")).status_code == 200
    coder.server.faults.add(Fault(Kind.CUT, "POST /api/v2/tasks/*"))
    with pytest.raises(httpx.TransportError):
        await coder.create(name="cut")
    assert (await coder.call("GET", "/tasks/ana/cut")).status_code == 404
    assert [call.json["name"] for call in coder.server.calls if call.method == "POST"] == ["lost", "cut"]


async def test_outside_changes(coder: Coder) -> None:
    """A test can pause, delete or lose a task as somebody else."""
    paused, deleted, gone = await coder.task(), await coder.task(), await coder.task()
    for task in (paused, deleted, gone):
        await task.ready()
    paused.pause_outside("task_auto_pause", "admin")
    build = (await coder.call("GET", f"/workspaces/{paused.workspace.id}")).json()["latest_build"]
    assert (build["reason"], build["initiator_name"], build["status"]) == ("task_auto_pause", "admin", "stopped")
    deleted.delete("bo")
    gone.vanish()
    assert [task["id"] for task in (await coder.call("GET", "/tasks")).json()["tasks"]] == [paused.id]


async def test_waiting_says_what_for(coder: Coder) -> None:
    """A wait in vain names what it waited for and the last calls."""
    await coder.call("GET", "/users/me")
    with pytest.raises(TimeoutError, match=r"(?s)for the moon.*GET /api/v2/users/me -> 200"):
        await coder.server.until(lambda: False, timeout=0.01, what="the moon")


async def test_the_usual_script(fast: Coder) -> None:
    """A task works by itself and finishes with a pull request; a prompt then gets a follow-up."""
    task = await fast.task()
    await fast.server.until(lambda: task.state and task.state.state == "complete", what="the end")
    assert (await fast.shown(task))["current_state"]["uri"] == PULL_REQUEST
    assert [message.type for message in task.messages] == ["input", "output"]
    assert (await fast.send(task, "Add a changelog entry")).status_code == 204
    await fast.server.until(lambda: task.state and task.state.message.startswith("Made the change"), what="follow-up")
    assert (task.inputs, len(task.messages)) == (["Add a changelog entry"], 4)
    page = await fast.client.get(f"/tasks/ana/{task.id}")
    assert "Add a changelog entry" in page.text


async def test_a_script_that_asks(fast: Coder) -> None:
    """`ask` waits with a question, goes on with the answer, and survives a pause in between."""
    task = await fast.task("Fix the <b>login</b> test, ask first")
    await fast.server.until(lambda: task.state and task.state.state == "idle", what="the question")
    await fast.call("POST", f"/tasks/me/{task.id}/pause")
    await fast.server.until(lambda: task.status == "paused", what="paused")
    await fast.call("POST", f"/tasks/me/{task.id}/resume")
    await fast.server.until(lambda: task.state and task.state.message.startswith("Ready to go on"), what="resumed")
    assert (await fast.send(task, "Only the login test")).status_code == 204
    await fast.server.until(lambda: task.state and task.state.uri == PULL_REQUEST, what="the pull request")
    assert task.inputs == ["Only the login test"]
    assert "&lt;b&gt;login" in (await fast.client.get(f"/tasks/ana/{task.id}")).text


@pytest.mark.parametrize(
    ("prompt", "status", "state", "word"),
    [
        ("This will fail", "active", "failure", "403 Forbidden"),
        ("Over quota, please", "error", None, "INSUFFICIENT_QUOTA"),
        ("Crash the build", "error", None, "no space left on device"),
        ("Stay in the queue", "active", "complete", "Fixed"),
        ("Slow start", "active", "complete", "Fixed"),
        ("Flicker a bit", "active", "complete", "Fixed"),
        ("Become unhealthy", "active", "complete", "Fixed"),
        ("No provisioner", "active", "complete", "Fixed"),
        ("Just answer", "active", "complete", "cookie"),
        ("Use auto-pause", "paused", "complete", "Fixed"),
        ("Fix the failing task", "active", "complete", "Fixed"),
    ],
)
async def test_scripts_by_prompt(fast: Coder, prompt: str, status: str, state: str | None, word: str) -> None:
    """Words in the prompt choose what happens, up to a final state."""
    task = await fast.task(prompt)

    def ended() -> bool:
        shown = task.state.state if task.state else None
        return (task.status, shown) == (status, state)

    await fast.server.until(ended, what=f"{status} {state}")
    said = f"{task.build.job.error} {task.build.job.error_code} {task.state.message if task.state else ''}"
    assert word in said


async def test_a_crashed_build_works_again(fast: Coder) -> None:
    """After the first build failed, a resume starts the task and gives the agent its prompt."""
    task = await fast.task("Crash the build")
    await fast.server.until(lambda: task.status == "error", what="the crash")
    assert (await fast.call("POST", f"/tasks/me/{task.id}/resume")).status_code == 202
    await fast.server.until(lambda: task.state and task.state.state == "complete", what="the end")
    assert [message.content for message in task.messages if message.type == "input"] == ["Crash the build"]


async def test_a_silent_agent_reports_nothing(fast: Coder) -> None:
    """`silent` is active without a state, and ready for a prompt."""
    task = await fast.task("Be silent")
    await fast.server.until(lambda: task.status == "active" and not task.task.busy and task.messages, what="silence")
    assert (await fast.shown(task))["current_state"] is None
    assert (await fast.send(task, "Speak")).status_code == 204


async def test_rarer_refusals(coder: Coder) -> None:
    """Failed imports, classic parameters, long token lives, bad user ids and empty inputs have Coder's words too."""
    codex = coder.server.deployment.templates[1]
    codex.classic_parameters = True
    bare = await coder.create(template_version_id=codex.active_version.id)
    assert refusal(bare)[:2] == (400, 'Unable to validate parameter "repo"')
    aider = coder.server.deployment.templates[2].active_version
    aider.job_status, aider.job_error = "failed", "bad main.tf"
    message = (
        'The provided template version "calm_finch3" has failed to import: "bad main.tf". '
        "You cannot build workspaces with it!"
    )
    assert refusal(await coder.create(template_version_id=aider.id))[:2] == (400, message)
    long = await coder.call("POST", "/users/ana/keys/tokens", {"token_name": "x", "lifetime": 10**18})
    assert refusal(long)[:2] == (400, "Failed to validate create API key request.")
    task = await coder.task()
    empty = await coder.call("PATCH", f"/tasks/me/{task.id}/input", {"input": ""})
    assert refusal(empty)[:2] == (400, "Task input is required.")
    assert (await coder.call("DELETE", "/users/me")).status_code == 405
    async with running("2.37.0", manual=True) as newer:
        path = f"/templateversions/{newer.versions['aider']}/external-auth"
        bad = await newer.call("GET", path, user_id="ana")
        assert refusal(bad)[:2] == (400, "Invalid user_id query parameter.")
        bo = newer.server.token_for("bo")
        other = await newer.call("GET", path, token=bo, user_id=newer.server.deployment.user("ana").id)
        assert refusal(other)[:2] == (403, "Forbidden.")
        big = await newer.call("POST", "/users/me/keys/tokens", {"token_name": "x" * 4_200_000})
        assert refusal(big) == (413, "Request body too large.", "Maximum request body size is 4194304 bytes.")


async def test_an_owner_may_be_kept_from_agents(coder: Coder) -> None:
    """With --disable-owner-workspace-access, send and live logs of another's task are 404 for a site Owner."""
    task = await coder.task()
    await task.ready("idle")
    coder.server.deployment.owner_workspace_access = False
    assert refusal(await coder.send(task))[:2] == (404, NOT_FOUND)
    assert refusal(await coder.call("GET", f"/tasks/me/{task.id}/logs"))[:2] == (404, NOT_FOUND)
    own = await coder.call("GET", f"/tasks/me/{task.id}/logs", token=coder.server.token_for("ana"))
    assert own.status_code == 200


async def test_a_running_build_is_canceled(coder: Coder) -> None:
    """A running job is canceling first, and a second cancel is refused; the task ends in error."""
    task = await coder.task()
    task.set_build(job_status="running")
    path = f"/workspacebuilds/{task.build.id}/cancel"
    assert (await coder.call("PATCH", path)).status_code == 200
    assert (task.build.job.status, task.status) == ("canceling", "error")
    assert refusal(await coder.call("PATCH", path))[:2] == (400, "Job has already been marked as canceled!")
    task.finish_build()
    assert (task.build.job.status, task.status) == ("canceled", "error")
