"""Starts the local servers, then the bot, over loopback sockets; what is configured for real replaces a local one."""

from __future__ import annotations

import asyncio
import importlib.resources
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot import log as logs
from bot.app import Bot, open_bot
from bot.errors import StartError
from bot.sandbox.coder import CoderServer
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.records import Channel, User
from bot.settings import Settings, read_settings

LOCAL_TEMPLATE = "claude-code"
# So that nobody waits; the bot's own defaults are for servers with many tasks.
_DEFAULTS = {"BOT_POLL_SECONDS": "1", "BOT_SETTLE_SECONDS": "3", "BOT_PORT": "0"}
_SLACK_NAMES = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")
_CODER_NAMES = ("CODER_URL", "CODER_SESSION_TOKEN")
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


@dataclass(frozen=True)
class Real:
    """Which sides the environment configures for real."""

    slack: bool = False
    coder: bool = False


def real_sides(environment: Mapping[str, str]) -> Real:
    """A side is real as soon as one of its settings is there; the bot's own check says what else it needs."""
    return Real(
        slack=any(environment.get(name) for name in _SLACK_NAMES),
        coder=any(environment.get(name) for name in _CODER_NAMES),
    )


def bot_environment(environment: Mapping[str, str], local: Mapping[str, str], database_url: str) -> dict[str, str]:
    """What the bot reads its settings from: `local` leads to the local servers and comes before everything else."""
    given = {name: value for name, value in environment.items() if value}
    template = {"CODER_TASK_TEMPLATE_NAME": LOCAL_TEMPLATE} if "CODER_URL" in local else {}
    return {**_DEFAULTS, **template, "DATABASE_URL": database_url, **given, **local}


def bypass_proxies(environment: MutableMapping[str, str], real: Real) -> None:
    """Keep the calls to local servers off a proxy: slack_sdk obeys HTTPS_PROXY and HTTP_PROXY whatever NO_PROXY says.

    A real Coder is still reached through the proxy, over ALL_PROXY.
    """
    if not real.slack:
        found = [value for name in _PROXIES if (value := environment.pop(name, ""))]
        if found and real.coder:
            environment.setdefault("ALL_PROXY", found[0])
    if not (real.slack and real.coder):
        for name in ("NO_PROXY", "no_proxy"):
            environment[name] = ",".join(filter(None, [environment.get(name, ""), "127.0.0.1", "localhost"]))


def manifest() -> dict[str, Any]:
    """The Slack app's manifest: inside an installed package, in a checkout beside it."""
    package = Path(str(importlib.resources.files("bot")))
    for path in (package / "manifest.yml", package.parent / "manifest.yml"):
        if path.is_file():
            found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
            return found
    raise StartError(f"manifest.yml is missing: it belongs into {package} or beside it")


@dataclass(frozen=True)
class Stage:
    """The local Slack with its people and channels; the bot is in #payments only."""

    slack: SlackServer
    ana: User
    bo: User
    gia: User
    payments: Channel
    random: Channel

    @property
    def people(self) -> dict[str, User]:
        """The people, by the names that one types."""
        return {person.name: person for person in (self.ana, self.bo, self.gia)}

    @property
    def channels(self) -> dict[str, Channel]:
        """The channels by name."""
        return {channel.name: channel for channel in (self.payments, self.random)}


def stage(slack: SlackServer, email: str = "") -> Stage:
    """Fill a local Slack: Ana (with this e-mail, when one is given) and Bo have Coder accounts, Gia is a guest."""
    ana = slack.add_user("ana", email or "ana@example.com", real_name="Ana Ruiz")
    bo = slack.add_user("bo", "bo@example.com", real_name="Bo Lindqvist")
    gia = slack.add_user("gia", "gia@guests.example.com", real_name="Gia Moretti")
    gia.is_restricted = True
    payments = slack.add_channel("payments", [ana, bo, gia, slack.bot_user])
    return Stage(slack, ana, bo, gia, payments, slack.add_channel("random", [ana, bo, gia]))


@dataclass
class World:
    """Everything that runs: a side that is real has no local server here. With `keep` the folder with the log stays."""

    bot: Bot
    settings: Settings
    stage: Stage | None
    coder: CoderServer | None
    folder: Path
    keep: bool = False

    @property
    def log_path(self) -> Path:
        """Where the bot's log is."""
        return self.folder / "bot.log"


@asynccontextmanager
async def open_world(environment: Mapping[str, str], *, port: int, speed: float) -> AsyncIterator[World]:
    """Start the local servers that are needed, then the bot; everything is stopped in the opposite order."""
    real = real_sides(environment)
    bypass_proxies(os.environ, real)
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="coder-task-sandbox-"))
        worlds: list[World] = []
        stack.callback(_tidy, folder, worlds)
        place = None if real.slack else await _local_slack(stack, port, environment.get("SANDBOX_EMAIL", ""))
        coder = None if real.coder else await stack.enter_async_context(CoderServer(speed=speed))
        local = {**(_slack_settings(place.slack) if place else {}), **(_coder_settings(coder) if coder else {})}
        settings = read_settings(bot_environment(environment, local, f"sqlite:///{folder}/bot.db"))
        _log_into(stack, folder / "bot.log", settings)
        bot = await open_bot(settings)
        stack.push_async_callback(bot.stop)
        await bot.start()
        worlds.append(World(bot, settings, place, coder, folder))
        yield worlds[0]


def _tidy(folder: Path, worlds: list[World]) -> None:
    if not any(world.keep for world in worlds):
        shutil.rmtree(folder, ignore_errors=True)


async def _local_slack(stack: AsyncExitStack, port: int, email: str) -> Stage:
    slack = SlackServer(port=port, manifest=manifest(), rate_limits=True)
    try:
        await stack.enter_async_context(slack)
    except OSError as error:
        text = f"--port: cannot listen on 127.0.0.1:{port} ({error.strerror}): choose another port"
        raise StartError(text) from None
    return stage(slack, email)


def _slack_settings(slack: SlackServer) -> dict[str, str]:
    return {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token, "SLACK_API_URL": slack.api_url}


def _coder_settings(coder: CoderServer) -> dict[str, str]:
    return {"CODER_URL": coder.url, "CODER_SESSION_TOKEN": coder.token}


def _log_into(stack: AsyncExitStack, path: Path, settings: Settings) -> None:
    """Log into a file, so that the terminal belongs to the people; when it closes, what is grave goes to stderr."""
    file = stack.enter_context(path.open("w", encoding="utf-8"))
    logs.set_up(settings.bot_log_level, file, settings.secrets)
    stack.callback(logs.set_up, "WARNING", secrets=settings.secrets)


def stop_signals() -> asyncio.Event:
    """An event that SIGTERM and Ctrl-C set, instead of ending the process."""
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    return asked


async def first(*waits: asyncio.Event | asyncio.Task[Any]) -> None:
    """Return when the first of these has happened; tasks are left running."""
    watched = [asyncio.create_task(wait.wait()) if isinstance(wait, asyncio.Event) else wait for wait in waits]
    await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
    for wait, given in zip(watched, waits, strict=True):
        if wait is not given:
            wait.cancel()
