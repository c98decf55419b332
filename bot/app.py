"""Puts the bot together, and starts and stops its parts in the right order."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import uuid4

from bot import absence
from bot import log as logs
from bot.coder import Coder
from bot.coder.release import plain
from bot.coder.server import ServerInfo, check
from bot.delivery import Outside, kinds
from bot.errors import BotError, StartError
from bot.forms import Forms
from bot.housekeeping import Housekeeping
from bot.listeners import register
from bot.metrics import Metrics
from bot.outbox import Outbox
from bot.poller import Poller
from bot.rounds import Rounds
from bot.settings import Settings
from bot.slack.client import SlackClient
from bot.slack.identity import Identity, check_app_token, identify
from bot.slack.ingress import InFlight, bolt_app
from bot.slack.ingress.http import add_http_route
from bot.slack.ingress.sockets import SocketMode
from bot.slack.pace import Pace
from bot.slack.response_url import ResponseUrls
from bot.slack.server import Server, add_notification_route, health_app
from bot.slack.wire import Wire, open_wire
from bot.store.database import Database
from bot.store.migrate import migrate

log = logging.getLogger(__name__)

T = TypeVar("T")

# Together they stay below the 10 s in which supervisors expect the process to end.
_INTAKE_SECONDS: Final = 1.0
_OUTBOX_SECONDS: Final = 6.0
_STOP_SECONDS: Final = 7.0
_CLOSE_SECONDS: Final = 1.0
_CHECK_SECONDS: Final = 8.0
_HOUSEKEEPING_SECONDS: Final = 15
# Forms offer what was on the shelf; a start has more urgent work.
_STOCK_SECONDS: Final = 60
_STOCK_FIRST_SECONDS: Final = 2


@dataclass(frozen=True)
class Opened:
    """The outside systems, opened and checked; `resources` closes them."""

    database: Database
    wire: Wire
    coder: Coder
    identity: Identity
    info: ServerInfo
    pace: Pace
    resources: AsyncExitStack


class Bot:
    """The running bot."""

    def __init__(self, settings: Settings, opened: Opened) -> None:
        self.settings, self.opened = settings, opened
        self.database = opened.database
        self.running, self.stopping, self.gave_up = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.metrics = Metrics()
        slack = SlackClient(opened.wire.web, opened.pace, limited=self.metrics.rate_limited)
        self.forms = Forms(self.database, slack, opened.coder.directory.shelf, settings.bot_batch_limit)
        outside = Outside(
            self.database,
            slack,
            ResponseUrls(opened.wire.session),
            opened.coder,
            settings.coder_task_template_name,
            settings.coder_task_preset_name,
            settings.bot_edit_seconds,
            opened.identity.user_id,
            settings.bot_batch_limit,
        )
        self.outbox = Outbox(self.database, kinds(outside), grace=_OUTBOX_SECONDS, observe=self.metrics.delivered)
        self.poller = Poller(
            self.database,
            opened.coder.tasks,
            self.outbox.name,
            settings.bot_poll_seconds,
            settings.bot_settle_seconds,
        )
        self.housekeeping = Housekeeping(self.database, self.metrics, self.outbox.name)
        self.in_flight = InFlight()
        self._delivering: asyncio.Task[None] | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._made = time.time()
        self.rounds = Rounds()
        self._ingress()

    def _ingress(self) -> None:
        """Build Socket Mode or the HTTP route, around the same Bolt app."""
        app_token, secret = self.settings.slack_app_token, self.settings.slack_signing_secret
        app = bolt_app(self.opened.wire, self.opened.identity)
        app.middleware(self.in_flight.middleware)
        register(app, self.database.run, self.forms, self.opened.identity.user_id)
        routes = health_app(self.readiness, self.numbers)
        self.socket: SocketMode | None = None
        if app_token is not None:
            token, replicas = app_token.get_secret_value(), lambda: self.housekeeping.replicas
            self.socket = SocketMode(app, token, self.catch_up, self.gave_up, replicas)
        elif secret is not None:
            add_http_route(routes, app, secret.get_secret_value(), lambda: not self.stopping.is_set())
        if self.settings.coder_webhook_secret is not None:
            add_notification_route(routes, self.settings.coder_webhook_secret.get_secret_value(), self.poller.hurry)
        self.server = Server(routes, self.settings.bot_host, self.settings.bot_port)

    def _begin_rounds(self) -> None:
        self.rounds.every(self.settings.bot_poll_seconds, self.poller.tick)
        self.rounds.every(_HOUSEKEEPING_SECONDS, self.housekeeping.tick)
        self.rounds.every(_STOCK_SECONDS, self.opened.coder.directory.stock, first=_STOCK_FIRST_SECONDS)
        self.rounds.begin()

    @property
    def port(self) -> int:
        """The port of health, metrics and Slack's requests."""
        return self.server.port

    async def start(self) -> None:
        """Deliver, listen, poll; then catch up with what was written while nobody listened."""
        await self.server.start()  # first, because a port that is taken must end the start before any work
        await self.housekeeping.begin()
        # Before anything is delivered: what was written while nobody listened goes before what is written from now on.
        await self.catch_up()
        self._delivering = asyncio.create_task(self.outbox.run(self.stopping), name="outbox")
        self._delivering.add_done_callback(self._delivering_ended)
        if self.socket is not None:
            await self.socket.start()
        self._begin_rounds()
        if self.settings.coder_webhook_secret is not None:
            self._hearing = asyncio.create_task(self.poller.hear(), name="hear")
        await self.catch_up()  # once more, for what came before the sockets were open
        self.running.set()
        fields = {"action": "started", "port": self.port, "mode": "socket" if self.socket else "http"}
        log.info("the bot runs", extra=fields)

    async def catch_up(self) -> None:
        """Read the open threads again."""
        await self.database.run(absence.catch_up, uuid4().hex)

    async def stop(self) -> None:
        """Stop taking work, finish what is in flight, and leave the rest to the next start."""
        log.info("the bot stops", extra={"action": "stopping"})
        self.stopping.set()  # the outbox starts nothing any more, the HTTP route takes nothing, /readyz says so
        await _within(_STOP_SECONDS, self._finish())
        await self.server.stop()
        await _within(_CLOSE_SECONDS, self.opened.resources.aclose())
        log.info("the bot has stopped", extra={"action": "stopped"})

    async def _finish(self) -> None:
        delivering = [self._delivering] if self._delivering is not None else []
        # Why a part failed was logged when it did; the others end all the same.
        await asyncio.gather(self._stop_polling(), self._stop_listening(), *delivering, return_exceptions=True)

    async def _stop_polling(self) -> None:
        if self._hearing is not None:
            self._hearing.cancel()
        self.rounds.rest()
        await self.poller.finish(_INTAKE_SECONDS)
        await self.rounds.end()
        await self.poller.resign()
        await self.housekeeping.end()

    async def _stop_listening(self) -> None:
        await self.in_flight.idle(_INTAKE_SECONDS)
        if self.socket is not None:
            await self.socket.stop()

    def _delivering_ended(self, task: asyncio.Task[None]) -> None:
        """A bot that takes work and does not deliver it would be worse than none."""
        if not task.cancelled() and task.exception() is not None:
            log.critical("the outbox has died", extra={"action": "outbox_died"}, exc_info=task.exception())
            self.gave_up.set()

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether the bot can take work, why not, and what it found; Coder may be away without harm to that."""
        sockets = await self.socket.connected() if self.socket else None
        reasons = ["stopping"] if self.stopping.is_set() else [] if self.running.is_set() else ["starting"]
        if sockets == 0:
            reasons.append("no socket to Slack is open")
        try:
            await self.database.ping()
        except BotError as error:
            reasons.append(f"the database is away: {error}")
        facts = {
            "reasons": reasons,
            "slack": {"team": self.opened.identity.team, "mode": "socket" if self.socket else "http"},
            "sockets": sockets,
            "coder": self._coder(),
            "warnings": [*self.opened.info.warnings, *self.opened.identity.warnings],
            "leader": self.poller.is_leader,
        }
        return not reasons, facts

    def _coder(self) -> dict[str, Any]:
        """Which version Coder's last answer named (it may be upgraded while the bot runs), and whether it answers."""
        version = plain(self.opened.coder.http.version) or self.opened.info.version
        return {"version": version, "fresh": self.poller.is_fresh(time.time())}

    async def numbers(self) -> tuple[bytes, str]:
        """The page for Prometheus, as of now."""
        await self.housekeeping.count()
        poller = self.poller
        age = time.time() - (poller.last_success or self._made)
        self.metrics.polled(leader=poller.is_leader, age=age, seconds=poller.last_seconds)
        self.metrics.sockets(await self.socket.connected() if self.socket else None)
        return self.metrics.expose()


async def open_bot(settings: Settings, pace: Pace | None = None) -> Bot:
    """Open everything and check it; StartError names what is wrong and the mend. Nothing runs yet."""
    async with AsyncExitStack() as resources:
        coder = Coder.of(settings)
        resources.push_async_callback(coder.close)
        token = settings.slack_bot_token.get_secret_value()
        wire = await resources.enter_async_context(open_wire(token, settings.slack_api_url))
        # All at the same time, so that a start is quick and a refusal quicker.
        try:
            async with asyncio.TaskGroup() as group:
                opening = group.create_task(_open_database(settings.database_url, resources))
                identity = group.create_task(identify(wire.web))
                info = group.create_task(check(coder.http, seconds=_CHECK_SECONDS))
                if settings.slack_app_token:
                    group.create_task(check_app_token(wire.web, settings.slack_app_token.get_secret_value()))
        except* StartError as refusals:
            raise StartError(str(refusals.exceptions[0])) from None
        _log_found(identity.result(), info.result())
        database = opening.result()
        done = await migrate(database)
        log.info("the database is ready", extra={"action": "database_ready", "migration": done})
        found = identity.result(), info.result()
        return Bot(settings, Opened(database, wire, coder, *found, pace or Pace(), resources.pop_all()))


async def _open_database(url: str, resources: AsyncExitStack) -> Database:
    database = await Database.open(url)
    resources.push_async_callback(database.close)
    return database


def _log_found(identity: Identity, info: ServerInfo) -> None:
    found = {"action": "checked", "team": identity.team, "coder": info.version, "coder_user": info.username}
    log.info("Slack and Coder take our tokens", extra=found)
    for warning in info.warnings:
        log.warning(warning, extra={"action": "coder_warning"})
    for warning in identity.warnings:
        log.warning(warning, extra={"action": "scope_missing"})


async def run(settings: Settings, asked: asyncio.Event) -> int:
    """Run until a stop is `asked` for, also while it starts; 0 then, 1 when the bot gave up and should be restarted."""
    logs.set_up(settings.bot_log_level, secrets=settings.secrets)
    bot = await _unless(asked, open_bot(settings))
    # What a start has made stays to the end: to look through all of it for garbage would hold up the loop each time.
    gc.freeze()
    return 0 if bot is None else await serve(bot, asked)


async def serve(bot: Bot, asked: asyncio.Event) -> int:
    """Start the bot, wait, and stop it; the exit status as `run` has it."""
    try:
        await _unless(asked, bot.start())
        await _unless(asked, bot.gave_up.wait())
    finally:
        await bot.stop()
    return 1 if bot.gave_up.is_set() else 0


async def _unless(asked: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Do the work; None when a stop is asked for first, and the work was cancelled."""
    doing, stop = asyncio.create_task(work), asyncio.create_task(asked.wait())
    await asyncio.wait([doing, stop], return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not doing.done():
        doing.cancel()
        await asyncio.wait([doing])
    return None if doing.cancelled() else doing.result()


async def _within(seconds: float, work: Coroutine[Any, Any, None]) -> None:
    """Do the work for at most so long; what cannot be ended in time, or fails, must not keep the process."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        log.warning("something did not end in time", extra={"action": "stop_cut_off", "seconds": seconds})
    except Exception:
        log.exception("something did not end well", extra={"action": "stop_failed"})


async def migrate_only(database_url: str) -> str:
    """Bring the tables up to date; says what was done."""
    database = await Database.open(database_url)
    try:
        return await migrate(database)
    finally:
        await database.close()
