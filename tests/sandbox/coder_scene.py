"""A local Coder with a client of it: the scene of its tests."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from bot.sandbox.coder import CoderServer, TaskHandle

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


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, message and detail of an error answer."""
    body = answer.json()
    return answer.status_code, body["message"], body.get("detail", "")
