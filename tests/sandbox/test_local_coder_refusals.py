"""The local Coder refuses what the real one refuses: statuses, texts, order of checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.coder.records import AppHealth, ExternalAuth, JobStatus, Lifecycle, Transition, Version
from bot.sandbox.coder.status import computed
from tests.sandbox.coder_scene import NO_ID, NOT_FOUND, Coder, refusal, running


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
