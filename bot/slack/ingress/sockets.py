"""Socket Mode with a watchdog, because the SDK's client can retry a dead address for ever."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import WSMessage, WSMsgType
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp

log = logging.getLogger(__name__)

# While one is being refreshed the other receives.
CONNECTIONS = 2
# Slack's limit for all replicas together: https://docs.slack.dev/apis/events-api/using-socket-mode
_MOST = 10
_NO_ROOM = '"too_many_websockets"'
_CLOSE_SECONDS = 2.0


@dataclass(frozen=True)
class Patience:
    """In seconds: how often the sockets are looked at, and how long one may be deaf before what is done about it."""

    check: float = 15.0
    ping: float = 5.0
    first: float = 8.0  # how long a start waits for the first socket
    forget_address: float = 30.0
    rebuild: float = 90.0
    give_up: float = 300.0
    gap: float = 60.0  # what came during a shorter one is redelivered by Slack itself


class _Socket:
    """One Socket Mode connection; `deaf_since` is when the watchdog first found it so."""

    def __init__(self, app: AsyncApp, app_token: str, ping: float) -> None:
        self.handler = AsyncSocketModeHandler(app, app_token, ping_interval=ping)
        self.handler.client.on_message_listeners.append(self._heard)
        self.deaf_since: float | None = None
        self.refused = False  # for want of room
        self.connecting = asyncio.create_task(_connect(self.handler), name="socket-connect")

    async def is_open(self) -> bool:
        """Whether it receives: the client's own view, which includes that its pings are answered."""
        return await self.handler.client.is_connected()

    async def _heard(self, message: WSMessage) -> None:
        """Slack has no room for this socket: the client would ask for another at once, again and again."""
        if message.type is WSMsgType.TEXT and _NO_ROOM in message.data:
            self.refused = True
            self.handler.client.closed = True

    def forget_address(self) -> None:
        """Let the client ask for a new address: it does so only when it has none."""
        self.handler.client.wss_uri = None

    async def close(self) -> None:
        """Disconnect, and end what a wedged client does not end itself."""
        self.connecting.cancel()
        client = self.handler.client
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await _close(self.handler)
        for task in (client.message_processor, client.current_session_monitor, client.message_receiver):
            if task is not None:
                task.cancel()
        await client.aiohttp_client_session.close()


@dataclass
class SocketMode:
    """Keeps the connections alive; `gave_up` is set when nothing helped and the process should be started anew.

    `replicas` says how many bots share the app, and with it the connections that Slack allows.
    """

    app: AsyncApp
    app_token: str
    after_gap: Callable[[], Awaitable[None]]
    gave_up: asyncio.Event
    replicas: Callable[[], int]
    connections: int = CONNECTIONS
    patience: Patience = field(default_factory=Patience)
    _sockets: list[_Socket] = field(default_factory=list)
    _watchdog: asyncio.Task[None] | None = None
    _deaf_since: float | None = None

    async def start(self) -> None:
        """Connect, and watch from now on; returns when the first socket is up, or after a while without one."""
        self._sockets = [self._open() for _ in range(self.connections)]
        self._watchdog = asyncio.create_task(self._watch(), name="socket-watchdog")
        connecting = [socket.connecting for socket in self._sockets]
        await asyncio.wait(connecting, timeout=self.patience.first, return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Disconnect; Slack hands what comes from now on to other replicas, or again to the next start."""
        if self._watchdog:
            self._watchdog.cancel()
        sockets, self._sockets = self._sockets, []
        await asyncio.gather(*(socket.close() for socket in sockets))

    async def connected(self) -> int:
        """How many sockets receive."""
        return sum([await socket.is_open() for socket in self._sockets])

    def _open(self) -> _Socket:
        return _Socket(self.app, self.app_token, self.patience.ping)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self.patience.check)
            try:
                await self.check(time.monotonic())
            except Exception:  # the watchdog is the last one who may die
                log.exception("the socket watchdog failed", extra={"action": "watchdog_failed"})

    async def check(self, now: float) -> None:
        """Look at every socket once, mend what is wedged, and catch up after a gap; `now` is in seconds."""
        await self._make_room()
        for index, socket in enumerate(self._sockets):
            if await socket.is_open():
                socket.deaf_since = None
            else:
                socket.deaf_since = now if socket.deaf_since is None else socket.deaf_since
                self._sockets[index] = await self._mended(socket, now - socket.deaf_since)
        await self._notice_gap(now)

    async def _make_room(self) -> None:
        """Have a second connection only while there are enough for every replica to have two."""
        wanted = self.connections if self.replicas() * self.connections <= _MOST else 1
        while len(self._sockets) > wanted:
            spare = next((one for one in self._sockets if one.refused), self._sockets[-1])
            self._sockets.remove(spare)
            log.info("the second socket makes room for other replicas", extra={"action": "socket_given_back"})
            await spare.close()
        self._sockets += [self._open() for _ in range(wanted - len(self._sockets))]

    async def _mended(self, socket: _Socket, deaf_for: float) -> _Socket:
        if deaf_for > (self.patience.forget_address if socket.refused else self.patience.rebuild):
            log.warning("the socket is built anew", extra={"action": "socket_rebuilt", "seconds": round(deaf_for)})
            await socket.close()
            return self._open()
        if deaf_for > self.patience.forget_address:
            log.warning("the socket's address is forgotten", extra={"action": "socket_address_forgotten"})
            socket.forget_address()
        return socket

    async def _notice_gap(self, now: float) -> None:
        if await self.connected() == 0:
            self._deaf_since = now if self._deaf_since is None else self._deaf_since
            if now - self._deaf_since > self.patience.give_up:
                log.error("no socket for too long, giving up", extra={"action": "socket_given_up"})
                self.gave_up.set()
        elif self._deaf_since is not None:
            deaf_for = now - self._deaf_since
            if deaf_for > self.patience.gap:
                log.info("a socket is open again", extra={"action": "socket_recovered", "seconds": round(deaf_for)})
                await self.after_gap()  # when it fails, it is tried again at the next look
            self._deaf_since = None


async def _connect(handler: AsyncSocketModeHandler) -> None:
    await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt's annotations stop here


async def _close(handler: AsyncSocketModeHandler) -> None:
    await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt's annotations stop here
