"""How Slack reaches the bot: Socket Mode or HTTP, two ways into the same Bolt app."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.identity import Identity

log = logging.getLogger(__name__)

# Two sockets: while one is being refreshed the other receives. Slack allows ten per app.
CONNECTIONS = 2
_PING_SECONDS = 5.0
_FORGET_ADDRESS_AFTER = 30.0
_REBUILD_AFTER = 90.0
_GIVE_UP_AFTER = 300.0
# Events that came during a shorter gap are redelivered by Slack itself.
_GAP_SECONDS = 60.0


class InFlight:
    """Counts the deliveries from Slack that are being taken in, so that a stop can wait for them."""

    def __init__(self) -> None:
        self.count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def middleware(self, next_: Callable[[], Awaitable[BoltResponse]]) -> BoltResponse:
        """Bolt's middleware around every listener."""
        self.count += 1
        self._idle.clear()
        try:
            return await next_()
        finally:
            self.count -= 1
            if self.count == 0:
                self._idle.set()

    async def idle(self, seconds: float) -> None:
        """Wait until nothing is being taken in, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()


def bolt_app(client: AsyncWebClient, identity: Identity, signing_secret: str | None) -> AsyncApp:
    """The Bolt app: it acknowledges only after the listener's transaction, so that Slack redelivers what failed."""
    token = client.token or ""
    known = AuthorizeResult(
        enterprise_id=None,
        team_id=identity.team_id,
        bot_user_id=identity.user_id,
        bot_id=identity.bot_id,
        bot_token=token,
    )

    async def authorize() -> AuthorizeResult:
        return known

    return AsyncApp(
        client=client,
        authorize=authorize,
        # Socket Mode needs no signature, but Bolt refuses to be built without a secret for its HTTP side.
        signing_secret=signing_secret or "unused in Socket Mode",
        process_before_response=True,
        request_verification_enabled=signing_secret is not None,
    )


@dataclass
class _Socket:
    """One Socket Mode connection and what the watchdog knows of it."""

    handler: AsyncSocketModeHandler
    bad_since: float | None = None
    rebuilt: bool = False
    connecting: asyncio.Task[None] | None = None


@dataclass
class SocketMode:
    """Keeps Socket Mode connections alive, because the SDK's client can retry a dead address for ever.

    `gave_up` is set when nothing helped for 5 minutes: the process should end and be started anew.
    """

    app: AsyncApp
    app_token: str
    after_gap: Callable[[], Awaitable[None]]
    gave_up: asyncio.Event
    connections: int = CONNECTIONS
    check_every: float = 15.0
    _sockets: list[_Socket] = field(default_factory=list)
    _watchdog: asyncio.Task[None] | None = None
    _deaf_since: float | None = None

    async def start(self) -> None:
        """Connect, and watch from now on; returns when the first socket is up."""
        self._sockets = [self._open() for _ in range(self.connections)]
        tasks = [socket.connecting for socket in self._sockets if socket.connecting]
        await asyncio.wait(tasks, timeout=8.0, return_when=asyncio.FIRST_COMPLETED)
        self._watchdog = asyncio.create_task(self._watch(), name="socket-watchdog")

    async def stop(self) -> None:
        """Disconnect; Slack hands what comes from now on to other replicas, or again to the next start."""
        if self._watchdog:
            self._watchdog.cancel()
        for socket in self._sockets:
            await self._close(socket)
        self._sockets = []

    async def connected(self) -> int:
        """How many sockets receive."""
        return sum([await _is_healthy(socket) for socket in self._sockets])

    def _open(self) -> _Socket:
        handler = AsyncSocketModeHandler(self.app, self.app_token, ping_interval=_PING_SECONDS)
        return _Socket(handler, connecting=asyncio.create_task(_connect(handler), name="socket-connect"))

    @staticmethod
    async def _close(socket: _Socket) -> None:
        if socket.connecting:
            socket.connecting.cancel()
        with contextlib.suppress(Exception):  # a wedged client may refuse even to be closed
            await asyncio.wait_for(_disconnect(socket.handler), 2.0)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.check_every)
            try:
                await self.check(time.monotonic())
            except Exception:  # the watchdog is the last one who may die
                log.exception("the socket watchdog failed", extra={"action": "watchdog_failed"})

    async def check(self, now: float) -> None:
        """Look at every socket once, mend what is wedged, and catch up after a gap."""
        for index, socket in enumerate(self._sockets):
            if await _is_healthy(socket):
                socket.bad_since, socket.rebuilt = None, False
            else:
                socket.bad_since = socket.bad_since or now
                self._sockets[index] = await self._mend(socket, now - socket.bad_since)
        await self._notice_gap(now)

    async def _mend(self, socket: _Socket, bad_for: float) -> _Socket:
        if bad_for > _GIVE_UP_AFTER:
            log.error("no socket for 5 minutes, giving up", extra={"action": "socket_given_up"})
            self.gave_up.set()
        elif bad_for > _REBUILD_AFTER and not socket.rebuilt:
            log.warning("the socket is built anew", extra={"action": "socket_rebuilt", "seconds": round(bad_for)})
            await self._close(socket)
            fresh = self._open()
            fresh.bad_since, fresh.rebuilt = socket.bad_since, True
            return fresh
        elif bad_for > _FORGET_ADDRESS_AFTER:
            # The client asks for a new address only when it has none.
            log.warning("the socket's address is forgotten", extra={"action": "socket_address_forgotten"})
            socket.handler.client.wss_uri = None
        return socket

    async def _notice_gap(self, now: float) -> None:
        if await self.connected() == 0:
            self._deaf_since = self._deaf_since or now
        elif self._deaf_since is not None:
            deaf_for, self._deaf_since = now - self._deaf_since, None
            if deaf_for > _GAP_SECONDS:
                await self.after_gap()


async def _connect(handler: AsyncSocketModeHandler) -> None:
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt's annotations stop here


async def _disconnect(handler: AsyncSocketModeHandler) -> None:
    await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt's annotations stop here


async def _is_healthy(socket: _Socket) -> bool:
    client = socket.handler.client
    if not await client.is_connected():
        return False
    last: float | None = client.last_ping_pong_time
    return last is None or time.time() - last < 4 * _PING_SECONDS


def add_http_route(server: web.Application, app: AsyncApp, path: str = "/slack/events") -> None:
    """Take in Slack's signed requests: events, commands and interactions alike."""

    async def receive(request: web.Request) -> web.StreamResponse:
        if not request.headers.get("X-Slack-Request-Timestamp", "").isdigit():
            return web.Response(status=401)  # Bolt would answer 500 to a timestamp that is no number
        bolt_request: AsyncBoltRequest = await to_bolt_request(request)
        bolt_response: BoltResponse = await app.async_dispatch(bolt_request)
        return await to_aiohttp_response(bolt_response)

    server.router.add_post(path, receive)
