"""Every error answer that Coder's API documents becomes one kind of error, with words of its own for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from bot.coder.errors import (
    AlreadyRunning,
    BuildActive,
    Busy,
    CoderFailed,
    CoderLater,
    NameTaken,
    NotActive,
    NotFound,
    Paused,
    RouteMissing,
    TokenRefused,
    Unreachable,
)
from bot.coder.refusals import TABLE
from bot.coder.words import Answer, Call
from bot.errors import CoderRefused, LinkOffer, UserError
from tests.coder.wire import Wire, running

GONE = "Resource not found or you do not have access to this resource"
SECRET = "never-show-this-detail"


@dataclass(frozen=True)
class Case:
    """An answer to a kind of call, the error it becomes and that error's name in the catalogue."""

    call: str
    status: int
    message: str
    error: type[UserError]
    name: str
    detail: str = SECRET
    fields: dict[str, str] = field(default_factory=dict)
    ambiguous: bool = False


def is_(state: str) -> str:
    """The detail with which Coder names a task's status."""
    return f'Task status is "{state}", it must be "active" to interact with the task. {SECRET}'


SIGNED_OUT = "You are signed out or your session has expired. Please sign in again to continue."
SUSPENDED = 'User is not active (status = "suspended"). Contact an admin to reactivate your account.'
AUTH = f"{SECRET}. The workspace owner must authenticate with the following external auth providers: GitHub, Jira"
BREACHED = "You have breached the managed agent limit in your license."
CASES = [
    # section 1
    Case("list", 401, SIGNED_OUT, TokenRefused, "token_refused"),
    Case("list", 401, SUSPENDED, TokenRefused, "token_refused"),
    Case("get", 404, GONE, NotFound, "task_gone"),
    Case("get", 410, 'Workspace "x" was deleted, you can view this workspace by ...', NotFound, "task_gone"),
    Case("get", 403, "Forbidden.", CoderRefused, "no_permission"),
    Case("create", 400, "Request body must be valid JSON.", CoderRefused, "unexpected"),
    Case("create", 400, "Validation failed.", CoderRefused, "unexpected"),
    Case("send", 413, "Request body too large.", CoderRefused, "prompt_too_long"),
    Case("list", 429, "You've been rate limited for sending more than 512 ...", CoderFailed, "rate_limited"),
    Case("list", 500, "An internal server error occurred.", CoderFailed, "coder_error"),
    Case("create", 500, "An internal server error occurred.", CoderFailed, "coder_error", ambiguous=True),
    # 2.3 list
    Case("list", 400, "Invalid task search query.", CoderRefused, "unexpected"),
    Case("list", 500, "Internal error fetching tasks.", CoderFailed, "coder_error"),
    Case("list", 500, "Internal error converting tasks.", CoderFailed, "coder_error"),
    # 2.4 create, in Coder's order of checks
    Case("create", 400, "Template version not found or you do not have ...", CoderRefused, "template_not_found"),
    Case("create", 400, 'Template does not have a valid "coder_ai_task" resource.', CoderRefused, "template_unfit"),
    Case("create", 400, "Unable to create a Task with the provided name.", CoderRefused, "bad_name"),
    Case("create", 400, "Display name must be 64 characters or less.", CoderRefused, "unexpected"),
    Case("create", 404, GONE, CoderRefused, "no_permission"),
    Case("create", 403, "Unauthorized to create workspace.", CoderRefused, "no_permission"),
    Case("create", 403, 'Unauthorized access to use the template "aider".', CoderRefused, "no_permission"),
    Case(
        "create",
        400,
        'Template "aider" has been deprecated, and cannot be used to create a new workspace.',
        CoderRefused,
        "template_deprecated",
    ),
    Case("create", 500, "Archived template versions cannot be used to ...", CoderRefused, "template_unfit"),
    Case(
        "create",
        403,
        "External authentication is required to create a workspace with this template.",
        CoderRefused,
        "external_auth",
        AUTH,
        {"external_auth": "github, jira"},
    ),
    Case("create", 409, 'Workspace "login-fix" already exists.', NameTaken, "name_taken", fields={"name": SECRET}),
    Case("create", 500, "Internal error creating task.", CoderFailed, "coder_error", ambiguous=True),
    Case("create", 400, "Unable to validate parameters", CoderRefused, "parameter_required", fields={"repo": SECRET}),
    Case("create", 400, 'Unable to validate parameter "repo"', CoderRefused, "parameter_required"),
    Case("create", 400, "resolve parameters", CoderRefused, "parameter_required"),
    Case("create", 406, "The provided template version is running. Wait for ...", CoderRefused, "coder_error"),
    Case(
        "create",
        400,
        'The provided template version "v" has failed to import: "x". You cannot build workspaces with it!',
        CoderRefused,
        "template_unfit",
    ),
    Case("create", 403, "Build is not permitted: Your license is not entitled ...", CoderRefused, "license"),
    Case("create", 403, f"Build is not permitted: {BREACHED} Please contact sales.", CoderRefused, "license"),
    # 2.5 get
    Case("get", 500, "Internal error fetching workspace.", CoderFailed, "coder_error"),
    Case("get", 500, "Internal error fetching task.", CoderFailed, "coder_error"),
    # 2.6 delete
    Case("delete", 409, "A workspace build is already active.", BuildActive, "busy_build"),
    Case("delete", 403, "You do not have permission to delete this workspace.", CoderRefused, "not_yours"),
    Case("delete", 404, GONE, NotFound, "task_gone"),
    Case("delete", 500, "Failed to delete task", CoderFailed, "coder_error"),
    # 2.7 input
    Case("input", 400, "Task input is required.", CoderRefused, "empty_prompt"),
    Case("input", 409, "Unable to update task input, task must be paused.", NotActive, "coder_error"),
    # 2.8 send
    Case("send", 400, "Task input is required.", CoderRefused, "empty_prompt"),
    Case("send", 409, "Task is pending.", Busy, "busy"),
    Case("send", 409, "Task is initializing.", Busy, "busy"),
    Case("send", 409, "Task is paused.", Paused, "task_paused"),
    Case("send", 400, "Task must be active.", NotActive, "task_in_error", is_("error")),
    Case("send", 400, "Task must be active.", Busy, "busy", is_("unknown")),
    Case("send", 400, "Task status must be active.", NotActive, "task_in_error", is_("error")),
    Case("send", 400, "Task status must be active.", Paused, "task_paused", is_("paused")),
    Case("send", 400, "Task status must be active.", Busy, "busy", is_("pending")),
    Case("send", 400, "Task status must be active.", Busy, "busy", is_("initializing")),
    Case("send", 409, "Task app is not ready to accept input.", Busy, "busy"),
    Case("send", 502, "Task app is not ready to accept input.", Busy, "busy"),
    Case("send", 502, "Failed to reach task app endpoint.", Unreachable, "agent_unreachable"),
    Case("send", 502, "Failed to get status from task app.", Unreachable, "agent_unreachable"),
    Case("send", 502, "Task app rejected the message.", CoderFailed, "maybe_delivered", ambiguous=True),
    Case("send", 502, "Failed to create agentapi client.", Unreachable, "agent_unreachable"),
    Case("send", 400, "Task does not have a workspace.", CoderRefused, "agent_unreachable"),
    Case("send", 400, "Task does not have a workspace app.", CoderRefused, "agent_unreachable"),
    Case("send", 400, "Only http scheme is supported for direct agent-dial.", CoderRefused, "agent_unreachable"),
    Case("send", 500, "Task app URL is not configured.", CoderRefused, "agent_unreachable"),
    Case("send", 500, "Internal error parsing task app URL.", CoderRefused, "agent_unreachable"),
    Case("send", 404, GONE, NotFound, "task_gone"),
    # 2.9 logs
    Case("logs", 409, "Cannot fetch logs for task in current state.", NotActive, "logs_unavailable", is_("error")),
    Case("logs", 400, "Task status must be active.", NotActive, "version_old", is_("paused")),
    Case("logs", 400, "Task status must be active.", NotActive, "logs_unavailable", is_("error")),
    Case("logs", 502, "Failed to get messages from task app.", Unreachable, "agent_unreachable"),
    Case("logs", 502, "Invalid task app response.", Unreachable, "agent_unreachable"),
    Case("logs", 502, "Failed to reach task app endpoint.", Unreachable, "agent_unreachable"),
    Case("logs", 500, "Unsupported task snapshot format.", CoderFailed, "coder_error"),
    Case("logs", 404, GONE, NotFound, "task_gone"),
    # 2.10 pause, 2.11 resume
    Case("pause", 409, "A workspace build is already active.", BuildActive, "busy_build"),
    Case("pause", 403, "You do not have permission to stop this workspace.", CoderRefused, "not_yours"),
    Case("pause", 404, GONE, NotFound, "task_gone"),
    Case("pause", 500, "Task does not have a workspace.", CoderRefused, "agent_unreachable"),
    Case("resume", 409, "Task workspace is already running.", AlreadyRunning, "not_paused"),
    Case("resume", 409, "A workspace build is already active.", BuildActive, "busy_build"),
    Case("resume", 403, "You do not have permission to start this workspace.", CoderRefused, "not_yours"),
    Case("resume", 403, "Build is not permitted: Your license is not entitled ...", CoderRefused, "license"),
    Case("resume", 400, "Unable to validate parameters", CoderRefused, "parameter_required", fields={"repo": SECRET}),
    # what no list has
    Case("create", 418, "Something new.", CoderRefused, "coder_error"),
    Case("send", 503, "Something new.", CoderFailed, "coder_error", ambiguous=True),
]


async def prepared(wire: Wire, kind: str) -> Callable[[], Awaitable[object]]:
    """A call of a kind, about a task that exists."""
    snapshot = await wire.create("here")
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "list": wire.tasks.snapshots,
        "get": lambda: wire.tasks.snapshot(snapshot.id),
        "create": wire.create,
        "delete": lambda: wire.tasks.delete(snapshot.id),
        "send": lambda: wire.tasks.send(snapshot.id, "Go on"),
        "logs": lambda: wire.tasks.logs(snapshot.id),
        "pause": lambda: wire.tasks.pause(snapshot),
        "resume": lambda: wire.tasks.resume(snapshot),
        "input": lambda: wire.http.patch(f"/tasks/me/{snapshot.id}/input", {"input": ""}),
    }
    return calls[kind]


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{number} {case.call} {case.status}" for number, case in enumerate(CASES)]
)
async def test_every_documented_answer_has_its_error_and_its_words(case: Case) -> None:
    """An answer becomes the one error of its row, with a title, a next step, and nothing of Coder's detail."""
    async with running() as wire:
        call = await prepared(wire, case.call)
        wire.refuse(case.status, case.message, case.detail, **case.fields)
        with pytest.raises(case.error) as raised:
            await call()
    error = raised.value
    assert isinstance(error, CoderRefused | CoderFailed | CoderLater)
    assert type(error) is case.error
    assert (error.name, error.status) == (case.name, case.status)
    assert error.title
    assert error.step or error.offers or case.name in ("task_gone", "name_taken", "not_paused", "template_deprecated")
    assert SECRET not in f"{error} {error.title} {error.cause} {error.step} {error.offers}"
    if isinstance(error, CoderFailed):
        assert error.ambiguous is case.ambiguous


def test_no_row_is_hidden_by_another() -> None:
    """Every row of the table is the first that fits for at least one documented answer."""
    reached = set()
    for case in [*CASES, Case("list", 404, "Route not found.", RouteMissing, "")]:
        answer = Answer(case.status, case.message, case.detail)
        fits = [number for number, row in enumerate(TABLE) if row.fits(answer, Call(case.call))]
        reached.update(fits[:1])
    assert [TABLE[number].message for number in range(len(TABLE)) if number not in reached] == []


async def test_names_in_the_words_come_from_coder_and_the_call() -> None:
    """The name that is taken, the name that is bad, the parameter and the services to connect are said."""
    async with running() as wire:
        wire.refuse(409, 'Workspace "login-fix" already exists.', match="POST *")
        with pytest.raises(NameTaken, match="`login-fix`"):
            await wire.create("login-fix")
        with pytest.raises(CoderRefused, match="`fix_login` cannot be a task name"):
            await wire.create("fix_login")
        with pytest.raises(CoderRefused, match="“repo”"):
            await wire.create(version_id=wire.version("codex-monorepo").id)
        wire.refuse(403, "External authentication is required to create ...", AUTH, external_auth="github, jira")
        with pytest.raises(CoderRefused, match="Connect GitHub and Jira in Coder first") as raised:
            await wire.create()
    assert raised.value.offers == (
        LinkOffer("Connect GitHub", f"{wire.server.url}/external-auth/github"),
        LinkOffer("Connect Jira", f"{wire.server.url}/external-auth/jira"),
    )


@pytest.mark.parametrize(
    ("version", "name"),
    [("2.28.9", "version_old"), ("2.37.0", "tasks_off"), ("2.38.1", "tasks_removed"), ("3.0.0", "tasks_removed")],
)
async def test_a_server_without_tasks_says_which_kind_it_is(version: str, name: str) -> None:
    """A missing route is too old a server, the switch of 2.37, or a server after it, never a missing task."""
    async with running(version) as wire:
        with pytest.raises(RouteMissing) as raised:
            await wire.tasks.snapshots()
    assert raised.value.name == name


async def test_2_37_with_its_switch_has_tasks() -> None:
    """With CODER_ENABLE_AI_TASKS the last release with tasks answers as those before it."""
    async with running("2.37.1", enable_ai_tasks=True) as wire:
        made = await wire.create()
        assert await wire.tasks.snapshots() == [made]
