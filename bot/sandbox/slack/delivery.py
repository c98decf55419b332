"""Brings events, commands and interactions to the app, with Slack's patience, repetitions and mishaps."""

from __future__ import annotations

import asyncio
import fnmatch
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from bot.sandbox.slack.feed import Feed
from bot.sandbox.slack.records import Attempt, Delivery, Outcome
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.workspace import Workspace


class Mishap(StrEnum):
    """What can go wrong between Slack and the app."""

    DUPLICATE = "duplicate"  # the same payload comes twice, at once
    DROP_ACK = "drop_ack"  # the app gets it and acks, Slack never sees the ack
    LOSE = "lose"  # it never reaches the app, Slack waits for the ack in vain
    LATE = "late"  # it comes `seconds` late


@dataclass
class DeliveryFault:
    """One mishap: `match` is a shell pattern over the delivery's type; `times` None means until cleared."""

    mishap: Mishap
    match: str = "*"
    times: int | None = 1
    seconds: float = 0.0


@dataclass
class Ack:
    """How the app answered one attempt: `detail` an HTTP status or a word, `final` when it asks for no repetition."""

    outcome: Outcome
    answer: Json = field(default_factory=dict)
    detail: str = ""
    reason: str = "timeout"  # the retry reason when it was no ack
    final: bool = False


class Transport(Protocol):
    """One way to the app: Socket Mode or HTTP."""

    async def send(self, delivery: Delivery, number: int, reason: str) -> Ack:
        """Make one attempt and wait for its ack; `number` counts from 0, `reason` says why it is repeated."""
        ...


class Deliverer:
    """Delivers each payload, events again and again until they are acked or the delays are used up.

    `retry_delays` are seconds before each repetition of an event; `ack_seconds` is how long an attempt waits.
    """

    def __init__(self, workspace: Workspace, feed: Feed, retry_delays: tuple[float, ...], ack_seconds: float) -> None:
        self.workspace = workspace
        self.feed = feed
        self.retry_delays = retry_delays
        self.ack_seconds = ack_seconds
        self.transport: Transport | None = None
        self.deliveries: list[Delivery] = []
        self.faults: list[DeliveryFault] = []
        self._running: set[asyncio.Task[Any]] = set()

    async def ask(self, kind: str, type_: str, payload: Json) -> tuple[Delivery, Ack]:
        """Deliver a command or an interaction once and give the app's answer."""
        delivery = self._new(kind, type_, payload)
        ack = await self._attempt(delivery, 0, "")
        delivery.done = True
        return delivery, ack

    def tell(self, event: Json, type_: str | None = None) -> tuple[Delivery, asyncio.Task[Ack]]:
        """Deliver an event in the background; the task is its first attempt, repetitions follow by themselves."""
        envelope = self._event_callback(event)
        delivery = self._new("events_api", type_ or str(event["type"]), envelope)
        first = self._start(self._attempt(delivery, 0, ""))
        self._start(self._repeat(delivery, first))
        return delivery, first

    async def stop(self) -> None:
        """Give up everything that is still to be delivered."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _event_callback(self, event: Json) -> Json:
        team, app = self.workspace.team_id, self.workspace.app_id
        channel = self.workspace.channels.get(str(event.get("channel")))
        return {
            "token": "sandbox",
            "team_id": team,
            "context_team_id": team,
            "api_app_id": app,
            "event": event,
            "type": "event_callback",
            "event_id": self.workspace.new_id("Ev"),
            "event_time": int(self.workspace.now()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": team,
                    "user_id": self.workspace.bot_user.id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": channel is not None and channel.shared,
            "event_context": self.workspace.new_id("4-"),
        }

    def _new(self, kind: str, type_: str, payload: Json) -> Delivery:
        delivery = Delivery(self.workspace.new_id("Dl"), kind, type_, payload)
        self.deliveries.append(delivery)
        self._changed(delivery)
        return delivery

    def _start(self, work: Coroutine[Any, Any, Ack] | Coroutine[Any, Any, None]) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _repeat(self, delivery: Delivery, first: asyncio.Task[Ack]) -> None:
        ack = await first
        delays = () if delivery.acked else self.retry_delays
        for number, delay in enumerate(delays, start=1):
            if not ack.final:
                await asyncio.sleep(delay)
            if delivery.acked or ack.final:  # an ack that came late counts too
                break
            ack = await self._attempt(delivery, number, ack.reason)
        delivery.done = True
        self._changed(delivery)

    async def _attempt(self, delivery: Delivery, number: int, reason: str) -> Ack:
        attempt = Attempt(number, time.time())
        delivery.attempts.append(attempt)
        ack = await self._send(delivery, number, reason)
        attempt.seconds = time.time() - attempt.at
        attempt.outcome, attempt.detail = ack.outcome, ack.detail
        if ack.outcome is Outcome.ACKED:
            delivery.acked, delivery.answer = True, ack.answer
        self._changed(delivery)
        return ack

    async def _send(self, delivery: Delivery, number: int, reason: str) -> Ack:
        if self.transport is None:
            return Ack(Outcome.NOT_CONNECTED, reason="connection_failed")
        fault = self._take(delivery.type)
        mishap = fault.mishap if fault else None
        if fault and mishap is Mishap.LATE:
            await asyncio.sleep(fault.seconds)
        if mishap is Mishap.LOSE:
            await asyncio.sleep(self.ack_seconds)
            return Ack(Outcome.TIMEOUT, detail="lost on purpose")
        if mishap is Mishap.DUPLICATE:
            twice = (self.transport.send(delivery, number, reason), self.transport.send(delivery, number, reason))
            return (await asyncio.gather(*twice))[0]
        ack = await self.transport.send(delivery, number, reason)
        return Ack(Outcome.TIMEOUT, detail="ack dropped on purpose") if mishap is Mishap.DROP_ACK else ack

    def _take(self, type_: str) -> DeliveryFault | None:
        for fault in self.faults:
            if fault.times != 0 and fnmatch.fnmatchcase(type_, fault.match):
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return None

    def _changed(self, delivery: Delivery) -> None:
        outcomes = [attempt.outcome.value for attempt in delivery.attempts]
        self.feed.tell("delivery", id=delivery.id, type=delivery.type, acked=delivery.acked, attempts=outcomes)
