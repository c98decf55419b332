"""The page that a task's link leads to: what the task is and what was said, as plain HTML."""

from __future__ import annotations

from html import escape

from aiohttp import web

from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.records import Task
from bot.sandbox.coder.refusals import not_found
from bot.sandbox.coder.status import current_state, task_status


class TaskPage:
    """`/tasks/{owner}/{id}`, for everybody: it is a sandbox."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def routes(self) -> list[web.RouteDef]:
        """The one route."""
        return [web.get("/tasks/{owner}/{task}", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """The page; 404 when the task is not there."""
        for task in self._deployment.tasks:
            if request.match_info["task"] in (task.id, task.name) and not task.deleted:
                return web.Response(text=_page(task), content_type="text/html")
        raise not_found()


def _page(task: Task) -> str:
    state = current_state(task)
    said = f"{state.state}: {state.message} {state.uri}" if state else "no report"
    log = "\n\n".join(f"[{message.type}]\n{message.content}" for message in task.conversation.messages)
    return (
        "<!doctype html><meta charset=utf-8>"
        f"<title>{escape(task.display_name)}</title><h1>{escape(task.display_name)}</h1>"
        f"<p>{escape(task.owner.username)}/{escape(task.name)}: {escape(task_status(task))}</p>"
        f"<p>{escape(said)}</p><pre>{escape(log)}</pre>"
    )
