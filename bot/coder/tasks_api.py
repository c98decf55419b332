"""Coder's Tasks API, as the use cases need it: read, create, talk, pause, resume, delete, and why a build failed."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from bot.coder import parse
from bot.coder.errors import CoderFailed, NotFound, RouteMissing
from bot.coder.http import CoderHttp
from bot.coder.listing import Listing
from bot.coder.refusals import Call
from bot.errors import CoderRefused
from bot.models import Details, Logs, Snapshot

_CREATE_SECONDS = 40.0  # Coder evaluates the template before it answers
_SEND_SECONDS = 75.0  # Coder dials the agent for up to 30 s and waits up to 17 s for its screen to change
_LOGS_SECONDS = 40.0  # reading waits while a send is in progress


class TasksApi:
    """Tasks of a Coder server (2.29 and newer), with the rights of one token.

    Every method may raise CoderFailed (try again) besides what it names; see `bot.coder.errors`.
    """

    def __init__(self, http: CoderHttp) -> None:
        self._http = http
        self._listing = Listing(http.url)

    async def snapshots(self) -> list[Snapshot]:
        """Every task that the token may read, newest first, in one request; see `Listing.read`."""
        text = await self._http.text("/tasks", {"q": ""}, call=Call("list"))
        return await self._listing.read(text)

    async def snapshot(self, task_id: str) -> Snapshot:
        """One task; raises NotFound when it is gone."""
        return self._snapshot(await self._http.get(_task(task_id), call=Call("get", task_id)))

    async def find(self, owner_username: str, name: str) -> Snapshot | None:
        """The owner's task of that name; None when there is none."""
        try:
            path = f"/tasks/{quote(owner_username, safe='')}/{quote(name, safe='')}"
            return self._snapshot(await self._http.get(path, call=Call("get", name)))
        except NotFound:
            return None

    async def create(
        self, owner_username: str, *, version_id: str, prompt: str, preset_id: str | None = None, name: str
    ) -> Snapshot:
        """Make a task; raises NameTaken (perhaps by an earlier try: look with `find`) and CoderRefused."""
        body = {"template_version_id": version_id, "input": prompt, "name": name}
        if preset_id:  # an empty text is refused as bad JSON
            body["template_version_preset_id"] = preset_id
        path, call = f"/tasks/{quote(owner_username, safe='')}", Call("create", name)
        answer = await self._http.post(path, body, call=call, seconds=_CREATE_SECONDS)
        return self._snapshot(answer, ambiguous=True)

    async def send(self, task_id: str, text: str) -> None:
        """Type a prompt into the agent, which must wait for one.

        Raises Busy, Paused, NotActive, Unreachable, NotFound; an ambiguous CoderFailed may have typed the text.
        """
        call = Call("send", task_id)
        await self._http.post(f"{_task(task_id)}/send", {"input": text}, call=call, seconds=_SEND_SECONDS)

    async def pause(self, snapshot: Snapshot) -> None:
        """Begin to stop the workspace, also when it is stopped already; raises BuildActive, NotFound."""
        try:
            await self._http.post(f"{_task(snapshot.id)}/pause", call=Call("pause", snapshot.name))
        except RouteMissing:
            await self._build(snapshot, "stop", "pause")

    async def resume(self, snapshot: Snapshot) -> None:
        """Begin to start the workspace; raises AlreadyRunning, BuildActive, NotFound, CoderRefused."""
        try:
            await self._http.post(f"{_task(snapshot.id)}/resume", call=Call("resume", snapshot.name))
        except RouteMissing:
            await self._build(snapshot, "start", "resume")

    async def retry(self, snapshot: Snapshot) -> None:
        """Begin a new start build after one that failed; raises BuildActive, NotFound, CoderRefused."""
        await self._build(snapshot, "start", "retry")

    async def delete(self, task_id: str) -> None:
        """Delete the task and begin to delete its workspace; raises BuildActive, NotFound when it is gone already."""
        await self._http.delete(_task(task_id), call=Call("delete", task_id))

    async def logs(self, task_id: str) -> Logs:
        """The conversation, or the stored end of a paused task's; raises NotActive, Unreachable, NotFound."""
        call = Call("logs", task_id)
        answer = await self._http.get(f"{_task(task_id)}/logs", call=call, seconds=_LOGS_SECONDS)
        return parse.read(parse.logs, answer)

    async def details(self, snapshot: Snapshot) -> Details:
        """What only the workspace knows; empty for a task without one. Raises NotFound when it is deleted."""
        if snapshot.workspace_id is None:
            return Details(build_number=snapshot.build_number)
        workspace = await self._workspace(snapshot)
        details = parse.read(parse.details, workspace)
        if details.failure is None:
            return details
        try:
            tail = parse.read(parse.tail, await self._log(workspace))
        except (CoderFailed, CoderRefused):  # the cause is worth showing without it
            return details
        return details.model_copy(update={"tail": tail})

    async def build_log(self, snapshot: Snapshot) -> list[str]:
        """The lines of the latest build's log; none for a task without a workspace. Raises NotFound."""
        if snapshot.workspace_id is None:
            return []
        return parse.read(parse.lines, await self._log(await self._workspace(snapshot)))

    def _snapshot(self, answer: Any, *, ambiguous: bool = False) -> Snapshot:
        return parse.read(lambda task: parse.snapshot(task, self._http.url), answer, ambiguous=ambiguous)

    async def _workspace(self, snapshot: Snapshot) -> Any:
        path = f"/workspaces/{quote(snapshot.workspace_id or '', safe='')}"
        return await self._http.get(path, call=Call("workspace", snapshot.name))

    async def _log(self, workspace: Any) -> Any:
        build = parse.read(lambda found: str(found["latest_build"]["id"]), workspace)
        return await self._http.get(f"/workspacebuilds/{quote(build, safe='')}/logs", call=Call("build_log"))

    async def _build(self, snapshot: Snapshot, transition: str, kind: str) -> None:
        """Begin a build of the workspace: the way on every release."""
        path = f"/workspaces/{quote(snapshot.workspace_id or '', safe='')}/builds"
        await self._http.post(path, {"transition": transition}, call=Call(kind, snapshot.name))


def _task(task_id: str) -> str:
    """The path of a task: `me` fits anyone's, because an id is looked up globally."""
    return f"/tasks/me/{quote(task_id, safe='')}"
