"""Socket Mode as Slack serves it: tickets, websockets, envelopes and their acks."""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import ClientConnectionResetError, WSMsgType, web

from bot.sandbox.slack.delivery import Ack
from bot.sandbox.slack.feed import Feed
from bot.sandbox.slack.records import Delivery, Outcome
from bot.sandbox.slack.shapes import Json

MAX_CONNECTIONS = 10


@dataclass(eq=False)
class Connection:
    """One open websocket; `leaving` once the app was told to reconnect, so that nothing more is sent on it."""

    ws: web.WebSocketResponse
    request: web.Request
    leaving: bool = False

    async def send(self, body: Json) -> bool:
        """Whether the text went out."""
        if self.ws.closed:
            return False
        try:
            await self.ws.send_json(body)
        except (ConnectionError, RuntimeError):
            return False
        return True


class SocketMode:
    """The websockets of the app, each payload goes to one of them in turn."""

    def __init__(self, feed: Feed, app_id: str, ack_seconds: float) -> None:
        self.feed = feed
        self.app_id = app_id
        self.ack_seconds = ack_seconds
        self.connections: list[Connection] = []
        self.refused_tickets = 0  # that many further tickets are dead on arrival
        self._tickets: set[str] = set()
        self._waiting: dict[str, tuple[Delivery, asyncio.Future[Json]]] = {}
        self._turn = 0

    def new_ticket(self) -> str:
        """A ticket for one connection."""
        ticket = secrets.token_hex(12)
        self._tickets.add(ticket)
        return ticket

    @property
    def open(self) -> list[Connection]:
        """The connections that take payloads."""
        return [one for one in self.connections if not one.leaving and not one.ws.closed]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one websocket until it closes."""
        ticket = request.query.get("ticket", "")
        if self.refused_tickets > 0:
            self.refused_tickets -= 1
            return web.Response(status=403, text="dead ticket")
        if ticket not in self._tickets:
            return web.Response(status=403, text="unknown or used ticket")
        self._tickets.discard(ticket)
        ws = web.WebSocketResponse(autoping=True)
        await ws.prepare(request)
        connection = Connection(ws, request)
        self.connections.append(connection)
        try:
            with suppress(ClientConnectionResetError):  # gone without a word, seen when its ping is answered
                await self._serve(connection)
        finally:
            self.connections.remove(connection)
            self.feed.tell("socket", open=len(self.open))
        return ws

    async def _serve(self, connection: Connection) -> None:
        if len(self.connections) > MAX_CONNECTIONS:
            await connection.send({"type": "disconnect", "reason": "too_many_websockets"})
            return
        debug = {"host": "local", "build_number": 1, "approximate_connection_time": 18060}
        info = {"app_id": self.app_id}
        hello = {"type": "hello", "num_connections": len(self.connections), "connection_info": info}
        await connection.send({**hello, "debug_info": debug})
        self.feed.tell("socket", open=len(self.open))
        async for message in connection.ws:
            if message.type is WSMsgType.TEXT:
                self._acknowledge(message.data)

    def _acknowledge(self, text: str) -> None:
        """Match an ack by its envelope id: after a reconnect it may come on another websocket."""
        body = json.loads(text)
        found = self._waiting.pop(str(body.get("envelope_id")), None)
        if found is None:
            return
        delivery, answer = found
        if answer.done():
            delivery.acked = True  # too late for this attempt, but it stops the repetitions
            self.feed.tell("delivery", id=delivery.id, type=delivery.type, acked=True)
        else:
            answer.set_result(body.get("payload") or {})

    async def send(self, delivery: Delivery, number: int, reason: str) -> Ack:
        """Send one envelope on the next connection and wait for its ack."""
        connections = self.open
        if not connections:
            return Ack(Outcome.NOT_CONNECTED, detail="no socket is open")
        self._turn += 1
        envelope_id = secrets.token_hex(16)
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": delivery.kind,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.kind != "events_api",
        }
        if delivery.kind == "events_api":
            envelope |= {"retry_attempt": number, "retry_reason": reason}
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id] = (delivery, answer)
        if not await connections[self._turn % len(connections)].send(envelope):
            return Ack(Outcome.NOT_CONNECTED, detail="the socket closed")
        try:
            payload = await asyncio.wait_for(answer, self.ack_seconds)
        except TimeoutError:
            return Ack(Outcome.TIMEOUT)
        return Ack(Outcome.ACKED, payload)

    async def refresh(self, reason: str = "refresh_requested") -> int:
        """Ask the app to reconnect all its sockets, as Slack does every few hours; how many were asked."""
        asked = self.open
        for connection in asked:
            connection.leaving = True
            await connection.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}})
        return len(asked)

    def abort(self) -> int:
        """Cut every TCP connection without a word; how many were cut."""
        cut = list(self.connections)
        for connection in cut:
            connection.leaving = True
            if connection.request.transport is not None:
                connection.request.transport.abort()
        return len(cut)

    async def close(self) -> None:
        """Close every socket with a close frame."""
        for connection in list(self.connections):
            with suppress(ConnectionError, RuntimeError, TimeoutError):
                await asyncio.wait_for(connection.ws.close(), 1.0)
