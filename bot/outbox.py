"""The engine that delivers what was enqueued: at least once, each lane in order, many lanes at the same time.

It knows neither Slack nor Coder: what a kind of item means is a function given to it. How a delivery ended is told by
the exception it raised (`bot.errors`). The statements, and what a lane, a lease and an epoch are: `bot.store.lanes`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, TypeVar

from bot.deadline import within
from bot.errors import Later, Permanent, StoreError, Transient, UserError
from bot.store import Connection, lanes
from bot.store.database import Database
from bot.store.lanes import Claim, Item, Outcome, Settled, State

__all__ = ["Delivery", "Item", "Outbox", "back_off"]

log = logging.getLogger(__name__)

_LEASE: Final = 30.0  # seconds, for deliveries of up to 20 s
_MARGIN: Final = 10.0  # seconds by which a lease outlives the delivery it is for
_UNKNOWN_KIND: Final = 30.0  # seconds until an item of a newer build is looked at again
_LEAST_WAIT: Final = 0.05  # seconds: "again at once" must not become a busy loop
_TRACE_FAILURES: Final = 12  # failed attempts to leave a dead item's trace, until it is dead without one
_TURN: Final = 20  # items of one lane in a row, before lanes that wait for a slot get it


_LEVELS: Final = MappingProxyType(
    {
        "done": logging.INFO,
        "later": logging.DEBUG,
        "retry": logging.WARNING,
        "dead": logging.ERROR,
        "lost": logging.WARNING,
    }
)

T = TypeVar("T")


@dataclass(frozen=True)
class Delivery:
    """How one kind of item is delivered: within `timeout` seconds, with up to `max_failures` failed attempts.

    `dead` is called when an item is given up and before that is recorded, so that it can leave a visible trace; when
    it raises, the item is tried again later.
    """

    deliver: Callable[[Item], Awaitable[None]]
    timeout: float = 20.0
    max_failures: int = 12
    dead: Callable[[Item, BaseException], Awaitable[None]] | None = None


def back_off(failures: int) -> float:
    """Seconds until the next attempt after that many failures: doubling, at most 300, and never in step."""
    return _between(0.5, 1) * min(300.0, 2.0 ** min(failures, 10))


def _between(low: float, high: float) -> float:
    return random.uniform(low, high)  # noqa: S311 - it spreads load, it keeps no secret


class Outbox:
    """Delivers the items of one database, in `slots` lanes at a time; every replica runs one."""

    def __init__(
        self,
        database: Database,
        kinds: Mapping[str, Delivery],
        *,
        slots: int = 16,
        poll: float = 1.0,
        grace: float = 8.0,
        back_off: Callable[[int], float] = back_off,
        observe: Callable[[str, str, float], None] | None = None,
    ) -> None:
        """`poll` and `grace` are seconds; `observe(kind, outcome, seconds)` is told of each attempt's end.

        The outcomes are done, later, retry, dead and lost (another replica had taken the lane over).
        """
        self.kinds = dict(kinds)
        self._database = database
        self._slots = slots
        self._poll = poll
        self._grace = grace
        self._back_off = back_off
        self._observe = observe
        self._holder = lanes.Holder(
            name=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
            lease=_LEASE,
            longer={kind: delivery.timeout + _MARGIN for kind, delivery in self.kinds.items()},
        )
        self._wake = asyncio.Event()
        self._full = False  # lanes may wait for one of our slots
        self._stopping = False
        self._away = False
        self._running: set[asyncio.Task[bool]] = set()
        database.on_enqueue(self._wake.set)

    @property
    def name(self) -> str:
        """Who this replica is in leases."""
        return self._holder.name

    @property
    def in_flight(self) -> int:
        """How many lanes are being served by this replica now."""
        return len(self._running)

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; then finish what is in flight, for at most `grace` seconds, and return.

        What is cut off after that, or by cancelling this coroutine, is `maybe_sent` when it is started again.
        """
        self._stopping = False
        watcher = asyncio.create_task(self._watch(stop))
        ear = asyncio.create_task(self._ear())
        try:
            while not stop.is_set():
                self._wake.clear()
                wait = await self._claim()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # `wait_for` can swallow a cancel that comes with the wake-up
                        await self._wake.wait()
            await self._finish()
        finally:
            await _cancel({watcher, ear, *self._running})

    async def _watch(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True
        self._wake.set()

    async def _finish(self) -> None:
        if not self._running:
            return
        log.info("finishing", extra={"action": "outbox_stopping", "in_flight": len(self._running)})
        _, cut_off = await asyncio.wait(self._running, timeout=self._grace)
        if cut_off:
            log.warning("cutting off", extra={"action": "outbox_cut_off", "in_flight": len(cut_off)})

    async def _claim(self) -> float:
        """Start what can be started; for how many seconds there is nothing more to do here."""
        free = self._slots - len(self._running)
        self._full = free <= 0
        if self._full:
            return self._poll  # whoever ends wakes us
        try:
            asked = time.monotonic()
            served = {task.get_name() for task in self._running}
            claims, due = await self._database.run(_claim, free, self._holder, served)
            self._note(None)
            for claim in claims:
                self._serve(claim, asked)
            self._full = len(claims) == free
        except StoreError as error:
            self._note(error)
            return _between(0.2, 1)
        except Exception:
            # a mistake of ours must not end all deliveries in silence
            log.exception("claim failed", extra={"action": "outbox_claim_failed"})
            return _between(1, 2)
        return self._poll if due is None else min(self._poll, max(0.01, due))

    def _serve(self, claim: Claim, asked: float) -> None:
        task = asyncio.create_task(self._drain(claim, asked), name=claim.item.lane)
        self._running.add(task)
        task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[bool]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            # the lease ends by itself, so the item is not lost
            log.error("lane failed", exc_info=error, extra={"action": "lane_failed", "lane": task.get_name()})
        if self._full or error is not None or not task.result():
            self._wake.set()

    async def _drain(self, first: Claim, asked: float) -> bool:
        """Deliver the lane's items one after the other; `asked` is our time just before the lane was leased.

        Whether the lane is empty now.
        """
        claim, turns = first, 0
        while True:
            if time.monotonic() > asked + claim.lease - self._timeout(claim.item.kind):
                # We were frozen. The lane may be another's by now, which the epoch tells; if it is still ours, nobody
                # need wait for the end of our lease.
                await self._settle(claim, Outcome(State.PENDING), go_on=False)
                return False
            turns += 1
            began = time.monotonic()
            outcome = await self._attempt(claim)
            seconds = time.monotonic() - began
            settled, asked = await self._settle(claim, outcome, go_on=turns < _TURN)
            self._tell(claim.item, _word(outcome) if settled.recorded else "lost", outcome, seconds)
            if settled.following is None:
                return settled.is_empty
            claim = settled.following

    def _timeout(self, kind: str) -> float:
        return self.kinds[kind].timeout if kind in self.kinds else 0.0

    async def _attempt(self, claim: Claim) -> Outcome:
        item = claim.item
        delivery = self.kinds.get(item.kind)
        if delivery is None:
            # during a rollout a newer replica enqueues what this one cannot do yet
            log.warning("unknown kind", extra={"action": "delivery_unknown_kind", **_about(item)})
            return Outcome(State.PENDING, delay=_UNKNOWN_KIND, error=f"unknown kind {item.kind}")
        error: Exception | None
        if item.failures > delivery.max_failures:
            error = Permanent(f"given up after {item.failures} failures")
        else:
            error = await _caught(delivery.deliver(item), delivery.timeout)
        if error is None:
            return Outcome(State.DONE)
        outcome = self._judge(item, error, delivery.max_failures)
        return await self._give_up(claim, delivery, error, outcome) if outcome.state is State.DEAD else outcome

    def _judge(self, item: Item, error: Exception, max_failures: int) -> Outcome:
        """What an exception means for the item: the whole table of outcomes but the happy one."""
        text = _text(error)
        if isinstance(error, Later):
            return Outcome(State.PENDING, delay=max(_LEAST_WAIT, error.after), error=text, hurry=True)
        passes = isinstance(error, Transient)  # Coder's passing failures are UserErrors too: they have words
        if isinstance(error, (Permanent, UserError)) and not passes:
            return Outcome(State.DEAD, error=text)
        if not isinstance(error, (Transient, TimeoutError, StoreError)):
            log.error("a bug in a delivery", exc_info=error, extra={"action": "delivery_bug", **_about(item)})
        ambiguous = error.ambiguous if isinstance(error, Transient) else True
        after = error.after if isinstance(error, Transient) else None
        failures = item.failures + 1
        if failures > max_failures:
            return Outcome(State.DEAD, error=text, failed=True, ambiguous=ambiguous)
        delay = self._back_off(failures) if after is None else max(_LEAST_WAIT, after)
        # a nudge may cut our own back-off short, but not what the other side asked for
        return Outcome(State.PENDING, delay=delay, error=text, failed=True, ambiguous=ambiguous, hurry=after is None)

    async def _give_up(self, claim: Claim, delivery: Delivery, error: Exception, outcome: Outcome) -> Outcome:
        """Leave the trace of a dead item; the outcome to record, which is another attempt if that did not work."""
        item = claim.item
        last = delivery.max_failures + _TRACE_FAILURES
        if delivery.dead is None or item.failures > last:
            return outcome
        if not await self._insist(lambda: self._database.run(lanes.extend, claim, self._holder)):
            return outcome  # the lane is another's, who will leave the trace; ours will not be recorded
        failure = await _caught(delivery.dead(item, error), delivery.timeout)
        if failure is None:
            return outcome
        log.warning("no trace left", exc_info=failure, extra={"action": "dead_trace_failed", **_about(item)})
        verdict = self._judge(item, failure, last)
        return replace(verdict, error=outcome.error, ambiguous=verdict.ambiguous or outcome.ambiguous)

    async def _settle(self, claim: Claim, outcome: Outcome, *, go_on: bool) -> tuple[Settled, float]:
        async def once() -> tuple[Settled, float]:
            asked = time.monotonic()
            more = go_on and not self._stopping
            return await self._database.run(lanes.settle, claim, outcome, self._holder, go_on=more), asked

        return await self._insist(once)

    async def _insist(self, step: Callable[[], Awaitable[T]]) -> T:
        """Try until the database answers; past the lease that is harmless, because the epoch tells."""
        while True:
            try:
                return await step()
            except StoreError as error:
                self._note(error)
                await asyncio.sleep(_between(0.1, 0.5))

    def _note(self, error: StoreError | None) -> None:
        """Log once when the database goes away and once when it is back."""
        if error is not None and not self._away:
            log.warning("database away", extra={"action": "outbox_database_away", "error": str(error)})
        elif error is None and self._away:
            log.info("database back", extra={"action": "outbox_database_back"})
        self._away = error is not None

    def _tell(self, item: Item, word: str, outcome: Outcome, seconds: float) -> None:
        about = {"action": f"delivery_{word}", **_about(item), "seconds": round(seconds, 3)}
        if outcome.error is not None:
            about["error"] = outcome.error
        log.log(_LEVELS[word], "delivery %s", word, extra=about)
        if self._observe is not None:
            try:
                self._observe(item.kind, word, seconds)
            except Exception:
                log.exception("observer failed", extra={"action": "observe_failed", **_about(item)})

    async def _ear(self) -> None:
        """Hear what other replicas enqueue; when deaf, the poll still finds it."""
        while self._database.dialect == "postgresql":
            try:
                async with contextlib.aclosing(self._database.listen()) as heard:
                    async for _ in heard:
                        self._wake.set()
            except StoreError as error:
                log.debug("deaf", extra={"action": "outbox_deaf", "error": str(error)})
            except Exception:
                log.exception("ear failed", extra={"action": "outbox_deaf"})
            await asyncio.sleep(_between(0.5, 1.5))


def _claim(
    connection: Connection, free: int, holder: lanes.Holder, served: Collection[str]
) -> tuple[list[Claim], float | None]:
    """Claim up to so many lanes; unless it was all of them, in how many seconds there is one more."""
    claims = lanes.claim(connection, free, holder, served)
    return claims, None if len(claims) == free else lanes.next_due(connection)


async def _caught(delivery: Awaitable[None], seconds: float) -> Exception | None:
    try:
        with within(seconds):
            async with asyncio.timeout(seconds):
                await delivery
    except Exception as error:  # noqa: BLE001 - the caller judges it
        return error
    return None


async def _cancel(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _word(outcome: Outcome) -> str:
    if outcome.state is State.PENDING:
        return "retry" if outcome.failed else "later"
    return "done" if outcome.state is State.DONE else "dead"


def _about(item: Item) -> dict[str, object]:
    return {
        "item": item.id,
        "lane": item.lane,
        "kind": item.kind,
        "failures": item.failures,
        "maybe_sent": item.maybe_sent,
    }


def _text(error: BaseException) -> str:
    # PostgreSQL takes no NUL
    return f"{type(error).__name__}: {error}".replace("\x00", "")[:500]
