"""The tasks endpoints: list, create, get, delete, pause, resume (coder-api.md sections 2.3-2.6, 2.10, 2.11)."""

from __future__ import annotations

import re

from aiohttp import web

from bot.sandbox.coder.deployment import Deployment, generated_names, sees
from bot.sandbox.coder.gate import answered, body_of, caller_of, text_in, uuid_in
from bot.sandbox.coder.provisioner import Provisioner
from bot.sandbox.coder.records import Preset, Task, Template, User, Version, Workspace
from bot.sandbox.coder.refusals import Refusal, not_found
from bot.sandbox.coder.scripts import DEFAULT, chosen
from bot.sandbox.coder.search import parsed
from bot.sandbox.coder.shapes import build_json, task_json
from bot.sandbox.coder.status import task_status, workspace_status

_STATUSES = ("pending", "initializing", "active", "paused", "unknown", "error")
_NAME = re.compile(r"[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*")
_BAD_SEARCH = "Invalid task search query."
_NOT_ENTITLED = (
    "Build is not permitted: Your license is not entitled to managed agents. "
    "Please contact sales to continue using managed agents."
)
_NOT_ALLOWED_HERE = (
    "You are unable to create a workspace in this organization. It is possible to have access to the template, but "
    "not be able to create a workspace. Please contact an administrator about your permissions if you feel this is "
    "an error."
)


class TaskRoutes:
    """What can be done with a task as a whole."""

    def __init__(self, deployment: Deployment, provisioner: Provisioner) -> None:
        self._deployment = deployment
        self._provisioner = provisioner

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """The routes of this release under a prefix."""
        one = prefix + "/tasks/{user}/{task}"
        routes = [
            web.get(prefix + "/tasks", self.listed),
            web.post(prefix + "/tasks/{user}", self.create),
            web.get(one, self.get),
            web.delete(one, self.delete),
        ]
        if self._deployment.release.can_pause:
            routes += [web.post(one + "/pause", self.pause), web.post(one + "/resume", self.resume)]
        return routes

    async def listed(self, request: web.Request) -> web.Response:
        """Every task the caller may read and the query lets through, newest first."""
        caller = caller_of(request)
        terms = parsed(request.query.get("q", ""), ("owner", "organization", "status"), "owner", _BAD_SEARCH)
        owner = self._searched_owner(terms["owner"], caller) if "owner" in terms else None
        self._check_organization(terms)
        if terms.get("status") not in (None, *_STATUSES):
            raise Refusal(500, "Internal error fetching tasks.")
        found = [
            task_json(task)
            for task in reversed(self._deployment.tasks)
            if not task.deleted
            and sees(caller, task.owner)
            and owner in (None, task.owner)
            and terms.get("status") in (None, task_status(task))
        ]
        return answered({"tasks": found, "count": len(found)})

    def _searched_owner(self, key: str, caller: User) -> User:
        try:
            return self._deployment.user(key, caller)
        except Refusal:
            detail = (
                f'Query param "owner" has invalid value: user "{key}" either does not exist, '
                "or you are unauthorized to view them"
            )
            raise Refusal(400, _BAD_SEARCH, "", {"owner": detail}) from None

    def _check_organization(self, terms: dict[str, str]) -> None:
        if "organization" not in terms:
            return
        try:
            self._deployment.organization(terms["organization"])
        except Refusal:
            detail = (
                f'Query param "organization" has invalid value: organization "{terms["organization"]}" '
                "either does not exist, or you are unauthorized to view it"
            )
            raise Refusal(400, _BAD_SEARCH, "", {"organization": detail}) from None

    async def get(self, request: web.Request) -> web.Response:
        """One task."""
        return answered(task_json(self._task(request)))

    async def delete(self, request: web.Request) -> web.Response:
        """Begin to delete the workspace; the task is gone at once."""
        task = self._task(request)
        self._provisioner.queue(task.workspace, "delete", "initiator", caller_of(request))
        task.deleted = True
        self._deployment.touched(task.workspace)
        return web.Response(status=202)

    async def pause(self, request: web.Request) -> web.Response:
        """Stop the workspace, whatever the task's status."""
        task = self._task(request)
        build = self._provisioner.queue(task.workspace, "stop", "task_manual_pause", caller_of(request))
        return answered({"workspace_build": build_json(task.workspace, build)}, 202)

    async def resume(self, request: web.Request) -> web.Response:
        """Start the workspace, unless it runs."""
        task = self._task(request)
        if workspace_status(task.workspace) == "running":
            raise Refusal(409, "Task workspace is already running.", 'Workspace status is "running".')
        build = self._provisioner.queue(task.workspace, "start", "task_resume", caller_of(request))
        return answered({"workspace_build": build_json(task.workspace, build)}, 202)

    def _task(self, request: web.Request) -> Task:
        return self._deployment.task(request.match_info["user"], request.match_info["task"], caller_of(request))

    async def create(self, request: web.Request) -> web.Response:
        """A new task and its first start build, or the first refusal in Coder's order of checks."""
        owner = self._deployment.user(request.match_info["user"], caller_of(request))
        body = await body_of(request)
        template, version = self._usable_version(uuid_in(body, "template_version_id"))
        prompt, preset_id = text_in(body, "input"), uuid_in(body, "template_version_preset_id")
        name, display_name = text_in(body, "name"), text_in(body, "display_name").strip()
        _check_names(name, display_name)
        self._check_rights(caller_of(request), owner, template, version)
        generated = generated_names(prompt)
        names = name, display_name = name or generated[0], display_name or generated[1]
        if self._deployment.name_is_taken(owner, name):
            taken = {"name": "This value is already in use and should be unique."}
            raise Refusal(409, f'Workspace "{name}" already exists.', "", taken)
        preset = _checked_preset(template, version, preset_id)
        _check_import(version)
        if not self._deployment.managed_agents:
            raise Refusal(403, _NOT_ENTITLED)
        task = self._made(owner, template, version, names, prompt)
        self._provisioner.queue(task.workspace, "start", "initiator", caller_of(request), preset)
        return answered(task_json(task), 201)

    def _made(self, owner: User, template: Template, version: Version, names: tuple[str, str], prompt: str) -> Task:
        now, (name, display_name) = self._deployment.clock.now(), names
        workspace = Workspace(name, owner, template, version, now, now)
        script = chosen(prompt) or DEFAULT
        task = Task(name, display_name, prompt, owner, workspace, now, list(script.build), list(script.agent))
        self._deployment.workspaces.append(workspace)
        self._deployment.tasks.append(task)
        return task

    def _usable_version(self, version_id: str) -> tuple[Template, Version]:
        try:
            template, version = self._deployment.version(version_id)
        except Refusal:
            message = "Template version not found or you do not have access to this resource"
            raise Refusal(400, message) from None
        if not version.has_ai_task:
            raise Refusal(400, 'Template does not have a valid "coder_ai_task" resource.')
        return template, version

    def _check_rights(self, caller: User, owner: User, template: Template, version: Version) -> None:
        if not caller.is_owner and template.organization not in owner.organizations:
            raise not_found()
        if not caller.may_create_workspaces:
            raise Refusal(403, "Unauthorized to create workspace.", _NOT_ALLOWED_HERE)
        if caller.username in template.hidden_from:
            raise Refusal(403, f'Unauthorized access to use the template "{template.name}".')
        if template.deprecation_message:
            message = f'Template "{template.name}" has been deprecated, and cannot be used to create a new workspace.'
            raise Refusal(400, message, template.deprecation_message)
        if version.archived:
            raise Refusal(500, "Archived template versions cannot be used to make a workspace.")
        missing = [auth for auth in version.external_auth if not auth.optional and auth.id not in owner.authenticated]
        if missing and self._deployment.release.requires_external_auth:
            names = ", ".join(auth.display_name for auth in missing)
            raise Refusal(
                403,
                "External authentication is required to create a workspace with this template.",
                f"The workspace owner must authenticate with the following external auth providers: {names}",
                {"external_auth": ", ".join(auth.id for auth in missing)},
            )


def _check_names(name: str, display_name: str) -> None:
    problem = _name_problem(name) if name else ""
    if problem:
        raise Refusal(400, "Unable to create a Task with the provided name.", problem)
    if len(display_name.encode()) > 64:
        raise Refusal(400, "Display name must be 64 characters or less.")


def _name_problem(name: str) -> str:
    if len(name) > 32:
        return "must be <= 32 characters"
    if name.lower() in ("new", "create"):
        return f'cannot use "{name}" as a name'
    return "" if _NAME.fullmatch(name) else "must be alphanumeric with hyphens"


def _checked_preset(template: Template, version: Version, preset_id: str) -> Preset | None:
    """The chosen preset; refused when it is unknown, or when a required parameter gets no value."""
    preset = next((preset for preset in version.presets if preset.id == preset_id), None)
    if preset_id and preset is None:
        raise Refusal(400, "resolve parameters", "preset not found")
    given = preset.parameters if preset else {}
    missing = [parameter.name for parameter in version.parameters if parameter.required and parameter.name not in given]
    if missing and template.classic_parameters:
        raise Refusal(400, f'Unable to validate parameter "{missing[0]}"', "parameter value is required")
    if missing:
        problems = dict.fromkeys(missing, "Required parameter not provided; parameter value is null")
        raise Refusal(400, "Unable to validate parameters", "", problems)
    return preset


def _check_import(version: Version) -> None:
    if version.job_status in ("pending", "running", "canceling"):
        message = f"The provided template version is {version.job_status}. Wait for it to complete importing!"
        raise Refusal(406, message)
    if version.job_status != "succeeded":
        message = (
            f'The provided template version "{version.name}" has failed to import: "{version.job_error}". '
            "You cannot build workspaces with it!"
        )
        raise Refusal(400, message)
