"""The bot's own HTTP port: health for the supervisor, metrics for Prometheus, Slack's requests in HTTP mode."""

from __future__ import annotations

import errno
import hmac
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.errors import StartError, StoreError

# Slack's payloads stay far below; anything larger is not from Slack.
_MAX_BODY = 1024 * 1024
_MAX_NOTIFICATION = 64 * 1024
_OPEN_REQUESTS_SECONDS = 1.0

Readiness = Callable[[], Awaitable[tuple[bool, dict[str, Any]]]]
Page = Callable[[], Awaitable[tuple[bytes, str]]]


def health_app(readiness: Readiness, metrics: Page) -> web.Application:
    """Routes `/healthz` (the process lives), `/readyz` (it can work, and what it found) and `/metrics`."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        ready, facts = await readiness()
        return web.json_response({"ready": ready, **facts}, status=200 if ready else 503)

    async def prometheus(_: web.Request) -> web.Response:
        body, content_type = await metrics()
        return web.Response(body=body, headers={"Content-Type": content_type})

    server = web.Application(client_max_size=_MAX_BODY)
    server.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", prometheus)])
    return server


def add_notification_route(server: web.Application, secret: str, told: Callable[[], Awaitable[None]]) -> None:
    """Take in Coder's notifications at `/coder/notifications/<secret>`: what they say is not used, only that they came.

    Coder signs nothing, so whoever knows the address can do no more than have the bot look at Coder once more.
    """

    async def receive(request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.match_info["secret"].encode(errors="replace"), secret.encode()):
            return web.Response(status=404)
        if (request.content_length or 0) > _MAX_NOTIFICATION:
            return web.Response(status=413)
        if not _is_notification(await request.read()):
            return web.Response(status=400)
        try:
            await told()
        except StoreError:
            return web.Response(status=503)  # Coder tries again
        return web.Response(status=204)

    server.router.add_post("/coder/notifications/{secret}", receive)


def _is_notification(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and isinstance(found.get("payload"), dict)


class Server:
    """The listening port; `port` is the real one after start, also when 0 was asked for."""

    def __init__(self, app: web.Application, host: str, port: int) -> None:
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_OPEN_REQUESTS_SECONDS)
        self._host, self.port = host, port

    async def start(self) -> None:
        """Listen; StartError when that is impossible."""
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self.port).start()
        except OSError as error:
            raise StartError(_refused(self._host, self.port, error)) from None
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and let open requests finish."""
        await self._runner.cleanup()


def _refused(host: str, port: int, error: OSError) -> str:
    if error.errno in {errno.EADDRINUSE, errno.EACCES}:
        reason = os.strerror(error.errno).lower()
        return f"BOT_PORT: cannot listen on {host}:{port} ({reason}): choose a free port above 1023"
    return f"BOT_HOST: cannot listen on {host}:{port}: set it to an address of this machine, or to 0.0.0.0 for all"
