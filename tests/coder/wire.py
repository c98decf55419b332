"""A local Coder and the bot's wire to it, for the tests of this folder."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from bot.coder.directory import Directory
from bot.coder.http import CoderHttp
from bot.coder.tasks_api import TasksApi
from bot.models import Snapshot
from bot.sandbox.coder import CoderServer, TaskHandle
from bot.sandbox.coder.records import Template, Version
from bot.sandbox.faults import Fault, Kind

TLS = httpx.create_ssl_context()  # takes longer to make than most tests run
NO_ID = "11111111-1111-4111-8111-111111111111"
JSON = {"Content-Type": "application/json; charset=utf-8"}


def raw(number: int = 0, **changed: Any) -> dict[str, Any]:
    """A Task as Coder writes it, 1.5 kB of JSON."""
    state = {"timestamp": "2026-11-22T10:00:00.123456789Z", "state": "idle", "message": "Ready.", "uri": ""}
    return {
        "id": f"{number:08}-9a3d-4f0e-8b52-6d1f0c2a9e11",
        "owner_id": NO_ID,
        "owner_name": "ana",
        "name": f"task-{number}",
        "display_name": "Fix the login test",
        "template_name": "claude-code",
        "template_display_name": "Claude Code",
        "workspace_id": NO_ID,
        "workspace_status": "running",
        "workspace_build_number": 3,
        "workspace_agent_health": {"healthy": False, "reason": "agent has lost connection"},
        "initial_prompt": "\n  Fix the login test  \n" + "and more words. " * 40,
        "status": "active",
        "current_state": state,
        "created_at": "2026-11-22T09:00:00Z",
        **changed,
    }


@dataclass
class Wire:
    """A running local Coder, and what asks it."""

    server: CoderServer
    http: CoderHttp
    tasks: TasksApi
    directory: Directory

    def template(self, name: str = "claude-code") -> Template:
        """A template of the deployment."""
        return next(template for template in self.server.deployment.templates if template.name == name)

    def version(self, name: str = "claude-code") -> Version:
        """The active version of a template of the deployment."""
        return self.template(name).active_version

    async def create(self, name: str = "fix-login", prompt: str = "Fix the login test", **options: Any) -> Snapshot:
        """Ana's new task."""
        version = options.pop("version_id", self.version().id)
        return await self.tasks.create("ana", version_id=version, prompt=prompt, name=name, **options)

    async def task(self, status: str = "active") -> tuple[TaskHandle, Snapshot]:
        """A task of Ana's in a status: the server's hold on it, and as it is seen."""
        handle = self.server.task((await self.create()).id)
        handle.set_status(status)
        return handle, await self.tasks.snapshot(handle.id)

    def refuse(self, status: int, message: str, detail: str = "", *, match: str = "*", **fields: str) -> None:
        """The next call that matches is answered with an error of Coder's."""
        body: dict[str, Any] = {"message": message, "detail": detail}
        if fields:
            body["validations"] = [{"field": name, "detail": text} for name, text in fields.items()]
        self.server.faults.add(
            Fault(Kind.REFUSE, match=match, status=status, body=json.dumps(body), headers=dict(JSON))
        )

    def names(self) -> list[str]:
        """The calls so far, as `GET /api/v2/tasks`."""
        return [call.name for call in self.server.calls]


@asynccontextmanager
async def running(version: str = "2.34.3", *, patience: float = 15.0, **options: Any) -> AsyncIterator[Wire]:
    """A local Coder in which nothing moves by itself, and the wire to it; both are ended."""
    async with CoderServer(version, manual=True, **options) as server, httpx.AsyncClient(verify=TLS) as client:
        http = CoderHttp(server.url, server.token, timeout=patience, client=client)
        wire = Wire(server, http, TasksApi(http), Directory(http))
        yield wire
        await wire.directory.close()
