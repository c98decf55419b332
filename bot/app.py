"""Puts the bot together, and starts and stops its parts in the right order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from slack_sdk.web.async_client import AsyncWebClient

from bot import log as logs
from bot import tasks
from bot.coder import Coder
from bot.coder.server import ServerInfo, check
from bot.delivery import Outside, kinds
from bot.errors import BotError, StartError
from bot.housekeeping import Housekeeping
from bot.listeners import register
from bot.metrics import Metrics
from bot.outbox import Outbox
from bot.poller import Poller
from bot.settings import Settings
from bot.slack.client import SlackClient, open_session, web_client
from bot.slack.identity import Identity, check_app_token, identify
from bot.slack.ingress import InFlight, SocketMode, add_http_route, bolt_app
from bot.slack.response_url import ResponseUrls
from bot.slack.server import Server, health_app
from bot.store.database import Database
from bot.store.migrate import migrate

log = logging.getLogger(__name__)

# Together they stay below the 10 s in which supervisors expect the process to end.
_INTAKE_SECONDS = 1.0
_OUTBOX_SECONDS = 6.0
# A tick that comes late is better than none, and several late ones are one.
_LATE_SECONDS = 300
_HOUSEKEEPING_SECONDS = 15


@dataclass(frozen=True)
class Opened:
    """The outside systems, opened and checked; `resources` closes them."""

    database: Database
    session: aiohttp.ClientSession
    web: AsyncWebClient
    coder: Coder
    identity: Identity
    info: ServerInfo
    resources: AsyncExitStack


class Bot:
    """The running bot."""

    def __init__(self, settings: Settings, opened: Opened) -> None:
        self.settings, self.opened = settings, opened
        self.database = opened.database
        self.stopping = asyncio.Event()
        self.gave_up = asyncio.Event()
        self.metrics = Metrics()
        slack = SlackClient(opened.web)
        outside = Outside(
            self.database,
            slack,
            ResponseUrls(opened.session),
            opened.coder,
            settings.coder_task_template_name,
            settings.coder_task_preset_name,
            settings.bot_edit_seconds,
        )
        self.outbox = Outbox(self.database, kinds(outside), grace=_OUTBOX_SECONDS, observe=self.metrics.delivered)
        self.poller = Poller(
            self.database,
            opened.coder.tasks,
            self.outbox.name,
            settings.bot_poll_seconds,
            settings.bot_settle_seconds,
        )
        self.housekeeping = Housekeeping(self.database, self.metrics)
        self.in_flight = InFlight()
        self._ingress()
        self._delivering: asyncio.Task[None] | None = None

    def _ingress(self) -> None:
        """Build Socket Mode or the HTTP route, around the same Bolt app."""
        settings = self.settings
        app_token, secret = settings.slack_app_token, settings.slack_signing_secret
        signing = None if app_token else secret
        app = bolt_app(self.opened.web, self.opened.identity, signing.get_secret_value() if signing else None)
        app.middleware(self.in_flight.middleware)
        register(app, self.database.run)
        routes = health_app(self.readiness, self.metrics.expose)
        self.socket: SocketMode | None = None
        if app_token:
            self.socket = SocketMode(app, app_token.get_secret_value(), self.catch_up, self.gave_up)
        else:
            add_http_route(routes, app)
        self.server = Server(routes, settings.bot_host, settings.bot_port)
        self.scheduler = AsyncIOScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": _LATE_SECONDS}
        )
        self.scheduler.add_job(self.poller.tick, "interval", seconds=settings.bot_poll_seconds)
        self.scheduler.add_job(self.housekeeping.tick, "interval", seconds=_HOUSEKEEPING_SECONDS)

    @property
    def port(self) -> int:
        """The port of health, metrics and Slack's requests."""
        return self.server.port

    async def start(self) -> None:
        """Deliver, listen, poll; then catch up with what was written while nobody listened."""
        await self.housekeeping.begin()
        self._delivering = asyncio.create_task(self.outbox.run(self.stopping), name="outbox")
        self._delivering.add_done_callback(self._delivering_ended)
        try:
            await self.server.start()
        except OSError as error:
            where = f"{self.settings.bot_host}:{self.settings.bot_port}"
            raise StartError(f"BOT_PORT: cannot listen on {where} ({error.strerror}): choose a free port") from None
        if self.socket is not None:
            await self.socket.start()
        self.scheduler.start()
        await self.catch_up()
        fields = {"action": "started", "port": self.port, "mode": "socket" if self.socket else "http"}
        log.info("the bot runs", extra=fields)

    async def catch_up(self) -> None:
        """Read the open threads again."""
        await self.database.run(tasks.catch_up, uuid4().hex)

    async def stop(self) -> None:
        """Stop taking work, finish what is in flight, and leave the rest to the next start."""
        log.info("the bot stops", extra={"action": "stopping"})
        if self.scheduler.running:
            self.scheduler.pause()
            await self.poller.finish(_INTAKE_SECONDS)
            await self.poller.resign()
            self.scheduler.shutdown(wait=False)
        await self.in_flight.idle(_INTAKE_SECONDS)
        if self.socket is not None:
            await self.socket.stop()
        await self.server.stop()
        self.stopping.set()
        if self._delivering is not None:
            with contextlib.suppress(Exception):  # why it died was logged when it did
                await self._delivering
        await self.opened.resources.aclose()
        log.info("the bot has stopped", extra={"action": "stopped"})

    def _delivering_ended(self, task: asyncio.Task[None]) -> None:
        """A bot that takes work and does not deliver it would be worse than none."""
        if not task.cancelled() and task.exception() is not None:
            log.critical("the outbox has died", extra={"action": "outbox_died"}, exc_info=task.exception())
            self.gave_up.set()

    async def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Whether the bot can do its work, and what it found."""
        sockets = await self.socket.connected() if self.socket else None
        try:
            await self.database.ping()
            database = "ok"
        except BotError as error:
            database = str(error)
        info, identity = self.opened.info, self.opened.identity
        facts = {
            "database": database,
            "slack": {"team": identity.team, "mode": "socket" if self.socket else "http", "sockets": sockets},
            "coder": {
                "version": info.version,
                "warnings": list(info.warnings),
                "fresh": self.poller.is_fresh(time.time()),
            },
            "leader": self.poller.is_leader,
        }
        ready = database == "ok" and sockets != 0 and self.poller.is_fresh(time.time())
        return ready and not self.stopping.is_set(), facts


async def open_bot(settings: Settings) -> Bot:
    """Open everything and check it; StartError names what is wrong and the mend. Nothing runs yet."""
    async with AsyncExitStack() as resources:
        database = await Database.open(settings.database_url)
        resources.push_async_callback(database.close)
        coder = Coder.of(settings)
        resources.push_async_callback(coder.close)
        token = settings.slack_bot_token.get_secret_value()
        session = await resources.enter_async_context(open_session())
        web = web_client(session, token, settings.slack_api_url)
        done = await migrate(database)
        log.info("the database is ready", extra={"action": "database_ready", "migration": done})
        identity, info = await _check(settings, web, coder)
        return Bot(settings, Opened(database, session, web, coder, identity, info, resources.pop_all()))


async def _check(settings: Settings, web: AsyncWebClient, coder: Coder) -> tuple[Identity, ServerInfo]:
    """Ask Slack and Coder at the same time, so that a start is quick and a refusal quicker."""
    try:
        async with asyncio.TaskGroup() as group:
            identity = group.create_task(identify(web))
            info = group.create_task(check(coder.http, seconds=8.0))
            if settings.slack_app_token:
                group.create_task(check_app_token(web, settings.slack_app_token.get_secret_value()))
    except* StartError as refusals:
        raise StartError(str(refusals.exceptions[0])) from None
    for warning in info.result().warnings:
        log.warning(warning, extra={"action": "coder_warning"})
    found = {"action": "checked", "team": identity.result().team, "coder": info.result().version}
    log.info("Slack and Coder take our tokens", extra=found)
    return identity.result(), info.result()


async def run(settings: Settings) -> int:
    """Run until SIGTERM or SIGINT; 0 then, 1 when the bot gave up and should be started anew."""
    logs.set_up(settings.bot_log_level)
    bot = await open_bot(settings)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    try:
        await bot.start()
        waits = [asyncio.create_task(event.wait()) for event in (asked, bot.gave_up)]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
    finally:
        await bot.stop()
    return 1 if bot.gave_up.is_set() else 0


async def migrate_only(database_url: str) -> str:
    """Bring the tables up to date; says what was done."""
    database = await Database.open(database_url)
    try:
        return await migrate(database)
    finally:
        await database.close()
