"""Talking to an agent: send, logs and the initial prompt (coder-api.md sections 2.7-2.9)."""

from __future__ import annotations

from collections.abc import Iterable

from aiohttp import web

from bot.sandbox.coder import agent
from bot.sandbox.coder.conversation import Message
from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.gate import answered, body_of, caller_of, text_in
from bot.sandbox.coder.records import Task, User
from bot.sandbox.coder.refusals import Refusal, not_found
from bot.sandbox.coder.shapes import Json, message_json, time
from bot.sandbox.coder.status import task_status

REJECTED = "Task app rejected the message."
_RESUMING = "The task is resuming. Wait for the task to become active before sending messages."
_SEND_SECONDS = 0.6  # agentapi answers when the screen has changed


class TalkRoutes:
    """What goes to and comes from the agent of a task."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def routes(self, prefix: str) -> list[web.RouteDef]:
        """The routes under a prefix."""
        one = prefix + "/tasks/{user}/{task}"
        return [
            web.patch(one + "/input", self.update_input),
            web.post(one + "/send", self.send),
            web.get(one + "/logs", self.logs),
        ]

    async def update_input(self, request: web.Request) -> web.Response:
        """Change the stored prompt of a paused task."""
        task = self._task(request)
        text = text_in(await body_of(request), "input")
        if not text:
            raise Refusal(400, "Task input is required.")
        if task_status(task) != "paused":
            detail = "Please stop the task's workspace before updating the input."
            raise Refusal(409, "Unable to update task input, task must be paused.", detail)
        task.initial_prompt = text
        self._deployment.touched(task.workspace)
        return web.Response(status=204)

    async def send(self, request: web.Request) -> web.Response:
        """Type a prompt into the agent's terminal, if it waits for one right now."""
        task = self._task(request)
        text = text_in(await body_of(request), "input")
        if not text:
            raise Refusal(400, "Task input is required.")
        self._check_active(task)
        self._check_reach(task, caller_of(request))
        async with task.sending:
            await self._type(task, text.strip())
        return web.Response(status=204)

    def _check_active(self, task: Task) -> None:
        status = task_status(task)
        if status == "active":
            return
        if self._deployment.release.can_pause:
            if status in ("pending", "initializing"):
                raise Refusal(409, f"Task is {status}.", _RESUMING)
            if status == "paused":
                raise Refusal(409, "Task is paused.", "Resume the task to send messages.")
        raise self._not_active(status, "Task must be active.")

    def _not_active(self, status: str, message: str) -> Refusal:
        detail = f'Task status is "{status}", it must be "active" to interact with the task.'
        return Refusal(400, message if self._deployment.release.can_pause else "Task status must be active.", detail)

    def _check_reach(self, task: Task, caller: User) -> None:
        if caller is not task.owner and not self._deployment.owner_workspace_access:
            raise not_found()

    async def _type(self, task: Task, text: str) -> None:
        if task.busy:
            status = self._deployment.release.busy_status
            raise Refusal(status, "Task app is not ready to accept input.", "Status: running")
        if not text:
            raise Refusal(502, REJECTED, "failed to send message: message must not be empty")
        await self._deployment.clock.sleep(_SEND_SECONDS)
        if task_status(task) != "active":
            raise Refusal(502, "Failed to reach task app endpoint.")  # it was stopped while we typed
        refusal = task.send_refusals.pop(0) if task.send_refusals else None
        if refusal is None or refusal.typed:
            agent.deliver(self._deployment, task, text)
        if refusal is not None:
            raise Refusal(refusal.status, refusal.message, refusal.detail)

    async def logs(self, request: web.Request) -> web.Response:
        """The whole conversation of an active task, the stored snapshot of one that does not run."""
        task = self._task(request)
        status = task_status(task)
        if status == "active":
            self._check_reach(task, caller_of(request))
            return answered({"logs": _shown(task.conversation.messages)})
        if not self._deployment.release.can_pause:
            raise self._not_active(status, "")
        if status in ("error", "unknown"):
            message = "Cannot fetch logs for task in current state."
            raise Refusal(409, message, f'Task status is "{status}".')
        if task.snapshot is None:
            return answered({"logs": [], "snapshot": True})
        messages, at = task.snapshot
        return answered({"logs": _shown(messages), "snapshot": True, "snapshot_at": time(at)})

    def _task(self, request: web.Request) -> Task:
        return self._deployment.task(request.match_info["user"], request.match_info["task"], caller_of(request))


def _shown(messages: Iterable[Message]) -> list[Json]:
    return [message_json(message) for message in messages]
