"""The bot's own HTTP port: health for the supervisor, metrics for Prometheus, Slack's requests in HTTP mode."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

# Slack's payloads stay far below; anything larger is not from Slack.
_MAX_BODY = 1024 * 1024

Readiness = Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]


def health_app(readiness: Readiness, metrics: Callable[[], tuple[bytes, str]]) -> web.Application:
    """Routes `/healthz` (the process lives), `/readyz` (it can work, and what it found) and `/metrics`."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        ready, facts = await readiness()
        return web.json_response({"ready": ready, **facts}, status=200 if ready else 503)

    async def prometheus(_: web.Request) -> web.Response:
        body, content_type = metrics()
        return web.Response(body=body, headers={"Content-Type": content_type})

    server = web.Application(client_max_size=_MAX_BODY)
    server.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", prometheus)])
    return server


class Server:
    """The listening port; `port` is the real one after start, also when 0 was asked for."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=3.0)
        self._host, self.port = host, port

    async def start(self) -> None:
        """Listen; OSError when the port is taken."""
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and let open requests finish."""
        await self._runner.cleanup()
