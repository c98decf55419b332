"""Faults that can be switched on in the local Slack and the local Coder: slow, refused, cut or lost answers."""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum

from aiohttp import web

Answer = Callable[[], Awaitable[web.StreamResponse]]


class Kind(StrEnum):
    """What goes wrong."""

    SLOW = "slow"  # the answer comes after `seconds`, the work is done before them
    REFUSE = "refuse"  # `status` and `body` instead of the work
    LOST = "lost"  # the work is done, then the connection is cut before the answer
    CUT = "cut"  # the connection is cut before any work


@dataclass
class Fault:
    """One fault: what it matches, what it does, and how many times it still will (None: until cleared).

    `match` is a shell pattern over the call's name: a Slack method (`chat.postMessage`), or for Coder the HTTP method
    and path (`POST /api/v2/tasks/*`). `headers` go with a refusal (`Retry-After`).
    """

    kind: Kind
    match: str = "*"
    times: int | None = 1
    seconds: float = 0.0
    status: int = 503
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


class Faults:
    """The faults that are switched on, first match first."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on."""
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all faults off."""
        self.active.clear()

    def take(self, name: str) -> Fault | None:
        """The fault that this call meets, if any; it is used up by one."""
        for fault in self.active:
            if fault.times != 0 and fnmatch.fnmatchcase(name, fault.match):
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    async def around(self, name: str, request: web.Request, work: Answer) -> web.StreamResponse:
        """Do the work of one call as its fault, if it has one, lets it be done."""
        fault = self.take(name)
        if fault is None:
            return await work()
        if fault.kind is Kind.REFUSE:
            return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
        if fault.kind is Kind.CUT:
            return _cut(request)
        answer = await work()
        if fault.kind is Kind.LOST:
            return _cut(request)
        await asyncio.sleep(fault.seconds)
        return answer


def _cut(request: web.Request) -> web.StreamResponse:
    """Abort the TCP connection, so that the caller sees no answer at all."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)
