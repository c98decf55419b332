"""The local Coder answers as the real one does: statuses, texts, order of checks, and agents that follow scripts."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from bot.sandbox.coder import CoderServer, TaskHandle
from bot.sandbox.coder.records import AppHealth, ExternalAuth, JobStatus, Lifecycle, Transition, Version
from bot.sandbox.coder.scripts import PULL_REQUEST
from bot.sandbox.coder.status import computed
from bot.sandbox.faults import Fault, Kind

NOT_FOUND = "Resource not found or you do not have access to this resource"
NO_ID = "11111111-1111-4111-8111-111111111111"
FAST = 3000.0
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # httpx reads all certificates for every client otherwise


@dataclass
class Coder:
    """A running local Coder and a client of it."""

    server: CoderServer
    client: httpx.AsyncClient
    versions: dict[str, str] = field(default_factory=dict)  # template name -> active version id

    async def call(self, method: str, path: str, body: object = None, token: str = "", **query: str) -> httpx.Response:
        """One request, with the Owner's token unless another is given."""
        headers = {"Coder-Session-Token": token or self.server.token}
        return await self.client.request(method, "/api/v2" + path, json=body, params=query, headers=headers)

    async def create(self, prompt: str = "Fix the login test", user: str = "ana", **body: Any) -> httpx.Response:
        """Create a task from claude-code, for Ana unless the body says otherwise."""
        whole = {"template_version_id": self.versions["claude-code"], "input": prompt, **body}
        return await self.call("POST", f"/tasks/{user}", whole)

    async def task(self, prompt: str = "Fix the login test", **body: Any) -> TaskHandle:
        """A created task."""
        answer = await self.create(prompt, **body)
        assert answer.status_code == 201, answer.text
        return self.server.task(answer.json()["id"])

    async def send(self, task: TaskHandle, text: str = "Go on") -> httpx.Response:
        """Send a prompt."""
        return await self.call("POST", f"/tasks/me/{task.id}/send", {"input": text})

    async def shown(self, task: TaskHandle) -> dict[str, Any]:
        """The task as Coder shows it."""
        answer: dict[str, Any] = (await self.call("GET", f"/tasks/me/{task.id}")).json()
        return answer


@asynccontextmanager
async def running(version: str = "2.34.3", **options: Any) -> AsyncIterator[Coder]:
    """A local Coder and its client, both stopped at the end."""
    async with (
        CoderServer(version, **options) as server,
        httpx.AsyncClient(base_url=server.url, verify=NO_TLS) as client,
    ):
        templates = server.deployment.templates
        yield Coder(server, client, {template.name: template.active_version.id for template in templates})


@pytest.fixture
async def coder() -> AsyncIterator[Coder]:
    """A Coder where nothing moves by itself."""
    async with running(manual=True) as started:
        yield started


@pytest.fixture
async def fast() -> AsyncIterator[Coder]:
    """A Coder whose scripts take milliseconds."""
    async with running(speed=FAST) as started:
        yield started


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, message and detail of an error answer."""
    body = answer.json()
    return answer.status_code, body["message"], body.get("detail", "")


@pytest.mark.parametrize(
    ("transition", "job", "lifecycle", "app", "status"),
    [
        (None, None, None, None, "pending"),
        ("start", None, None, None, "pending"),
        ("start", "pending", None, None, "pending"),
        ("start", "running", None, None, "initializing"),
        ("start", "succeeded", None, None, "initializing"),
        ("start", "succeeded", "created", "initializing", "initializing"),
        ("start", "succeeded", "starting", "healthy", "initializing"),
        ("start", "succeeded", "ready", "initializing", "initializing"),
        ("start", "succeeded", "ready", "healthy", "active"),
        ("start", "succeeded", "ready", "disabled", "active"),
        ("start", "succeeded", "start_timeout", "healthy", "active"),
        ("start", "succeeded", "start_error", "healthy", "active"),
        ("start", "succeeded", "ready", "unhealthy", "error"),
        ("start", "succeeded", "ready", None, "unknown"),
        ("start", "succeeded", "shutting_down", "healthy", "unknown"),
        ("start", "succeeded", "off", "healthy", "unknown"),
        ("start", "failed", None, None, "error"),
        ("stop", "canceling", None, None, "error"),
        ("delete", "canceled", None, None, "error"),
        ("stop", "pending", None, None, "unknown"),
        ("stop", "running", None, None, "unknown"),
        ("stop", "succeeded", None, None, "paused"),
        ("delete", "running", None, None, "unknown"),
        ("delete", "succeeded", None, None, "paused"),
    ],
)
def test_status_is_computed_as_in_coder(
    transition: Transition | None,
    job: JobStatus | None,
    lifecycle: Lifecycle | None,
    app: AppHealth | None,
    status: str,
) -> None:
    """A task's status follows from build, agent and app, in that order."""
    assert computed(transition, job, lifecycle, app) == status


async def test_who_is_not_signed_in_is_refused(coder: Coder) -> None:
    """Missing, wrong and suspended users' tokens get 401 with Coder's texts; Bearer works like the header."""
    signed_out = "You are signed out or your session has expired. Please sign in again to continue."
    token = coder.server.token_for("bo")
    assert refusal(await coder.client.get("/api/v2/users/me"))[:2] == (401, signed_out)
    assert refusal(await coder.call("GET", "/users/me", token="x-y"))[:2] == (401, signed_out)
    bearer = await coder.client.get("/api/v2/users/me", headers={"Authorization": f"Bearer {token}"})
    assert bearer.json()["email"] == "bo@example.com"
    coder.server.deployment.user("bo").status = "suspended"
    message = 'User is not active (status = "suspended"). Contact an admin to reactivate your account.'
    assert refusal(await coder.call("GET", "/users/me", token=token))[:2] == (401, message)


async def test_version_and_routes(coder: Coder) -> None:
    """Every answer carries the build version, buildinfo needs no token, an unknown route is no missing resource."""
    answer = await coder.client.get("/api/v2/buildinfo")
    assert answer.json()["version"] == answer.headers["X-Coder-Build-Version"] == "v2.34.3+abcdef0"
    assert (await coder.client.get("/healthz")).text == "OK"
    assert refusal(await coder.call("GET", "/chats")) == (404, "Route not found.", "")
    assert refusal(await coder.call("GET", f"/tasks/me/{NO_ID}")) == (404, NOT_FOUND, "")
    assert (await coder.call("GET", "/users/me")).headers["Content-Type"] == "application/json; charset=utf-8"


async def test_people(coder: Coder) -> None:
    """A search is by substring, an email is no user name, a member sees only themselves, `email:` comes with 2.37."""
    ana = coder.server.token_for("ana")
    found = (await coder.call("GET", "/users", q="EXAMPLE.com")).json()
    assert ([user["username"] for user in found["users"]], found["count"]) == (["admin", "ana", "bo"], 3)
    assert (await coder.call("GET", "/users", token=ana, q="bo")).json() == {"users": [], "count": 0}
    assert refusal(await coder.call("GET", "/users/ana@example.com"))[:2] == (404, NOT_FOUND)
    assert refusal(await coder.call("GET", "/users/bo", token=ana))[:2] == (404, NOT_FOUND)
    old = await coder.call("GET", "/users", q="email:bo@example.com")
    assert refusal(old)[:2] == (400, "Invalid user search query.")
    assert old.json()["validations"] == [{"field": "email", "detail": '"email" is not a valid query param'}]
    async with running("2.37.0", manual=True) as newer:
        assert (await newer.call("GET", "/users", q="email:bo@example.com")).json()["count"] == 1


async def test_tokens_are_minted(coder: Coder) -> None:
    """An Owner mints tokens for others, by a name once; a member cannot."""
    made = await coder.call("POST", "/users/ana/keys/tokens", {"token_name": "bot", "lifetime": 3_600_000_000_000})
    assert made.status_code == 201
    assert (await coder.call("GET", "/users/me", token=made.json()["key"])).json()["username"] == "ana"
    again = await coder.call("POST", "/users/ana/keys/tokens", {"token_name": "bot"})
    assert refusal(again)[:2] == (409, 'A token with name "bot" already exists.')
    assert (await coder.call("POST", "/users/bo/keys/tokens", {}, token=made.json()["key"])).status_code == 404


async def test_templates(coder: Coder) -> None:
    """Presets have Go's field names and are null when there are none; parameters say what is required."""
    listed = (await coder.call("GET", "/templates", q="has-ai-task:true")).json()
    assert [template["name"] for template in listed] == ["claude-code", "codex-monorepo", "aider"]
    one = (await coder.call("GET", "/organizations/default/templates/claude-code")).json()
    presets = (await coder.call("GET", f"/templateversions/{one['active_version_id']}/presets")).json()
    assert [(preset["Name"], preset["Default"]) for preset in presets] == [
        ("Small", False), ("Medium", True), ("Large", False),
    ]  # fmt: skip
    assert (await coder.call("GET", f"/templateversions/{coder.versions['aider']}/presets")).json() is None
    codex = (await coder.call("GET", f"/templateversions/{coder.versions['codex-monorepo']}/rich-parameters")).json()
    assert [(parameter["name"], parameter["required"]) for parameter in codex] == [("repo", True)]
    assert (await coder.call("GET", "/templates", q="nope:1")).json()["validations"][0]["field"] == "nope"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"template_version_id": NO_ID},
            (400, "Template version not found or you do not have access to this resource"),
        ),
        ({"template_version_preset_id": ""}, (400, "Request body must be valid JSON.")),
        ({"name": "x" * 33}, (400, "Unable to create a Task with the provided name.", "must be <= 32 characters")),
        ({"name": "new"}, (400, "Unable to create a Task with the provided name.", 'cannot use "new" as a name')),
        (
            {"name": "a_b"},
            (400, "Unable to create a Task with the provided name.", "must be alphanumeric with hyphens"),
        ),
        ({"display_name": "é" * 33}, (400, "Display name must be 64 characters or less.")),
    ],
)
async def test_a_wrong_create_is_refused(coder: Coder, body: dict[str, Any], expected: tuple[object, ...]) -> None:
    """What is wrong in a create is answered with Coder's words, and no task is made."""
    answer = refusal(await coder.create(**body))
    assert answer[: len(expected)] == expected
    assert coder.server.tasks == []


def _deprecate(coder: Coder, version: Version) -> None:
    coder.server.deployment.templates[0].deprecation_message = "Use codex-monorepo"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda _, v: setattr(v, "has_ai_task", False),
            (400, 'Template does not have a valid "coder_ai_task" resource.'),
        ),
        (
            lambda c, _: setattr(c.server.deployment.user("admin"), "may_create_workspaces", False),
            (403, "Unauthorized to create workspace."),
        ),
        (
            lambda c, _: c.server.deployment.templates[0].hidden_from.add("admin"),
            (403, 'Unauthorized access to use the template "claude-code".'),
        ),
        (
            _deprecate,
            (400, 'Template "claude-code" has been deprecated, and cannot be used to create a new workspace.'),
        ),
        (
            lambda _, v: setattr(v, "archived", True),
            (500, "Archived template versions cannot be used to make a workspace."),
        ),
        (
            lambda _, v: setattr(v, "job_status", "running"),
            (406, "The provided template version is running. Wait for it to complete importing!"),
        ),
        (
            lambda c, _: setattr(c.server.deployment, "managed_agents", False),
            (
                403,
                (
                    "Build is not permitted: Your license is not entitled to managed agents. "
                    "Please contact sales to continue using managed agents."
                ),
            ),
        ),
    ],
)
async def test_a_template_that_cannot_be_used_is_refused(
    coder: Coder, change: Callable[[Coder, Version], object], expected: tuple[int, str]
) -> None:
    """Deprecated, archived, hidden, importing or unlicensed: each has its own words."""
    change(coder, coder.server.deployment.templates[0].active_version)
    assert refusal(await coder.create())[:2] == expected
    assert coder.server.tasks == []


async def test_required_parameters_need_a_preset(coder: Coder) -> None:
    """A template with a required parameter makes a task with a preset, and none without."""
    version = coder.versions["codex-monorepo"]
    bare = await coder.create(template_version_id=version)
    assert refusal(bare)[:2] == (400, "Unable to validate parameters")
    assert [problem["field"] for problem in bare.json()["validations"]] == ["repo"]
    preset = (await coder.call("GET", f"/templateversions/{version}/presets")).json()[0]["ID"]
    task = await coder.task(template_version_id=version, template_version_preset_id=preset)
    shown = (await coder.call("GET", f"/workspaces/{task.workspace.id}")).json()
    assert shown["latest_build"]["template_version_preset_id"] == preset


async def test_external_auth_is_enforced_from_2_36(coder: Coder) -> None:
    """Up to 2.35 the task is made; from 2.36 on the owner must have signed in to the provider."""
    github = ExternalAuth("github", "GitHub")
    coder.server.deployment.templates[0].active_version.external_auth.append(github)
    assert (await coder.create()).status_code == 201
    async with running("2.36.0", manual=True) as newer:
        version = newer.server.deployment.templates[0].active_version
        version.external_auth.append(github)
        answer = await newer.create()
        assert refusal(answer)[:2] == (
            403,
            "External authentication is required to create a workspace with this template.",
        )
        assert answer.json()["validations"] == [{"field": "external_auth", "detail": "github"}]
        ana = newer.server.deployment.user("ana")
        ana.authenticated.add("github")
        path = f"/templateversions/{version.id}/external-auth"
        assert [one["authenticated"] for one in (await newer.call("GET", path, user_id=ana.id)).json()] == [True]
        assert (await newer.create()).status_code == 201


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
