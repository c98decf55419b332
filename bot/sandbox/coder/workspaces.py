"""The endpoints of workspaces, their builds and agents (coder-api.md section 3.5)."""

from __future__ import annotations

from aiohttp import web

from bot.sandbox.coder.deployment import Deployment, sees
from bot.sandbox.coder.gate import answered, body_of, caller_of, text_in
from bot.sandbox.coder.provisioner import Provisioner
from bot.sandbox.coder.records import Agent, Build, LogLine, Transition, User, Workspace
from bot.sandbox.coder.refusals import Refusal, not_found
from bot.sandbox.coder.shapes import agent_log_json, build_json, build_log_json, workspace_json

_TRANSITIONS: dict[str, Transition] = {"start": "start", "stop": "stop", "delete": "delete"}


class WorkspaceRoutes:
    """What is under a task."""

    def __init__(self, deployment: Deployment, provisioner: Provisioner) -> None:
        self._deployment = deployment
        self._provisioner = provisioner

    def routes(self) -> list[web.RouteDef]:
        """The routes, the same in every release."""
        return [
            web.get("/api/v2/workspaces/{workspace}", self.get),
            web.post("/api/v2/workspaces/{workspace}/builds", self.build),
            web.get("/api/v2/workspacebuilds/{build}/logs", self.build_logs),
            web.patch("/api/v2/workspacebuilds/{build}/cancel", self.cancel),
            web.get("/api/v2/workspaceagents/{agent}/logs", self.agent_logs),
        ]

    async def get(self, request: web.Request) -> web.Response:
        """A workspace, also one whose task is deleted, until it is gone itself."""
        workspace = self._workspace(request)
        return answered(workspace_json(workspace, self._deployment.task_of(workspace)))

    async def build(self, request: web.Request) -> web.Response:
        """A new build: the way to pause and resume before 2.31."""
        workspace = self._workspace(request)
        body = await body_of(request)
        transition = _TRANSITIONS.get(text_in(body, "transition"))
        if transition is None:
            detail = f'Validation failed for tag "oneof" with value: "{text_in(body, "transition")}"'
            raise Refusal(400, "Validation failed.", "", {"transition": detail})
        reason = text_in(body, "reason") or "initiator"
        build = self._provisioner.queue(workspace, transition, reason, caller_of(request))
        return answered(build_json(workspace, build), 201)

    async def build_logs(self, request: web.Request) -> web.Response:
        """A build's log after a line, as JSON or (`format=text`) as text."""
        _, build = self._build(request)
        lines = _after(build.logs, request)
        if request.query.get("format") == "text":
            return web.Response(text="".join(f"{line.output}\n" for line in lines))
        return answered([build_log_json(line) for line in lines])

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel a build that is waiting or running."""
        workspace, build = self._build(request)
        if build.job.completed_at is not None:
            raise Refusal(400, "Job has already completed!")
        if build.job.status == "canceling":
            raise Refusal(400, "Job has already been marked as canceled!")
        self._provisioner.cancel(self._deployment.task_of(workspace), build)
        return answered({"message": "Job has been marked as canceled..."})

    async def agent_logs(self, request: web.Request) -> web.Response:
        """An agent's startup log after a line."""
        lines = _after(self._agent(request).logs, request)
        if request.query.get("format") == "text":
            return web.Response(text="".join(f"{line.output}\n" for line in lines))
        return answered([agent_log_json(line) for line in lines])

    def _workspace(self, request: web.Request) -> Workspace:
        workspace = self._deployment.workspace(request.match_info["workspace"], caller_of(request))
        if workspace.deleted:
            message = f'Workspace "{workspace.id}" was deleted, you can view this workspace by specifying '
            raise Refusal(410, message + "'?deleted=true' and trying again.")
        return workspace

    def _build(self, request: web.Request) -> tuple[Workspace, Build]:
        for workspace in self._seen(caller_of(request)):
            for build in workspace.builds:
                if build.id == request.match_info["build"]:
                    return workspace, build
        raise not_found()

    def _agent(self, request: web.Request) -> Agent:
        for workspace in self._seen(caller_of(request)):
            for build in workspace.builds:
                if build.agent is not None and build.agent.id == request.match_info["agent"]:
                    return build.agent
        raise not_found()

    def _seen(self, caller: User) -> list[Workspace]:
        return [workspace for workspace in self._deployment.workspaces if sees(caller, workspace.owner)]


def _after(lines: list[LogLine], request: web.Request) -> list[LogLine]:
    text = request.query.get("after", "0")
    if not text.isdigit():
        raise Refusal(400, 'Query param "after" must be an integer greater than or equal to zero.')
    return [line for line in lines if line.id > int(text)]
