"""The local Coder's own pages: the list of tasks, and the page of each task, where the cards' links lead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.handle import TaskHandle
from bot.sandbox.coder.provisioner import Provisioner
from bot.sandbox.coder.refusals import Refusal
from bot.sandbox.coder.task_html import deleted_html, index_html, lost_html, task_html

_STATIC: Final = Path(__file__).parent / "static"
_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",  # with no-referrer, browsers would send a form's Origin as null
        "X-Content-Type-Options": "nosniff",
    }
)
ACTIONS: Final[Mapping[str, Callable[[TaskHandle], None]]] = MappingProxyType(
    {
        "pause": lambda task: task.pause_outside("task_manual_pause", done=False),
        "resume": lambda task: task.resume_outside("task_resume"),
        "finish": TaskHandle.finish,
        "ask": TaskHandle.ask,
        "fail": TaskHandle.fail,
        "crash": TaskHandle.crash_build,
        "delete": TaskHandle.delete,
    }
)


class TaskPages:
    """`/`, `/tasks` and `/tasks/{owner}/{id}`, for everybody on this machine: it is a sandbox."""

    def __init__(self, deployment: Deployment, provisioner: Provisioner) -> None:
        self._deployment, self._provisioner = deployment, provisioner

    def routes(self) -> list[web.RouteDef]:
        """The pages, what their buttons send, and their two files."""
        return [
            web.get("/", self.index),
            web.get("/tasks", self.index),
            web.get("/tasks/{owner}/{task}", self.show),
            web.post("/tasks/{owner}/{task}/{action}", self.act),
            web.get("/static/{name}", self.static),
        ]

    def owns(self, request: web.Request) -> bool:
        """Whether a request is for a page, and not for the API."""
        return request.path in ("/", "/tasks") or request.path.startswith(("/tasks/", "/static/"))

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a browser on this machine, and only one that shows our own page."""
        answer: web.StreamResponse
        try:
            answer = _refusal(request) or await handler(request)
        except web.HTTPException as error:
            answer = _html(lost_html(error.reason), error.status)
        answer.headers.update(_HEADERS)
        return answer

    async def index(self, _: web.Request) -> web.StreamResponse:
        """The list of all tasks."""
        return _html(index_html(self._handles()))

    async def show(self, request: web.Request) -> web.StreamResponse:
        """The page of a task; also a deleted one has one."""
        task = self._task(request)
        return _html(deleted_html(task) if task.deleted else task_html(task))

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Do what a button says, and show the page again, with the reason when it cannot be done now."""
        task, action = self._task(request), ACTIONS.get(request.match_info["action"])
        if action is None:
            raise web.HTTPNotFound
        try:
            action(task)
        except (ValueError, Refusal) as refused:
            return _html(task_html(task, str(refused.args[0])))
        return web.Response(status=303, headers={"Location": _path(task)})

    async def static(self, request: web.Request) -> web.StreamResponse:
        """The style, the script or the icon."""
        path = _STATIC / request.match_info["name"]
        if path.name not in ("task.css", "task.js", "icon.svg"):
            raise web.HTTPNotFound
        return web.FileResponse(path)

    def _handles(self) -> list[TaskHandle]:
        return [TaskHandle(self._deployment, self._provisioner, task) for task in self._deployment.tasks]

    def _task(self, request: web.Request) -> TaskHandle:
        owner, key = request.match_info["owner"], request.match_info["task"]
        for task in reversed(self._handles()):
            if key == task.id or (key == task.name and owner in (task.task.owner.username, task.task.owner.id)):
                return task
        raise web.HTTPNotFound(reason="There is no such task")


def _path(task: TaskHandle) -> str:
    return f"/tasks/{task.task.owner.username}/{task.id}"


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", status=status)


def _refusal(request: web.Request) -> web.Response | None:
    """Why a request is not answered: another page can reach loopback through DNS (Host), or send a form (Origin)."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    port = int(name[1]) if name else 0
    if request.host not in {f"{host}:{port}" for host in _NAMES}:
        return web.Response(status=403, text="This page is only served as 127.0.0.1 or localhost.")
    if request.method not in ("GET", "HEAD") and request.headers.get("Origin") != f"http://{request.host}":
        return web.Response(status=403, text="Requests from other pages are refused.")
    return None
