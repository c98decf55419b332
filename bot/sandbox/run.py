"""Starts the local servers, then the bot, over loopback sockets; what is configured for real replaces a local one."""

from __future__ import annotations

import asyncio
import importlib.resources
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.errors import StartError
from bot.sandbox.bot_process import BotProcess
from bot.sandbox.coder import CoderServer
from bot.sandbox.controls import Controls
from bot.sandbox.keeping import Kept, SlackState, open_folder
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
class Options:
    """What the command line says.

    The `port` of the page (0: any free one), whether a browser shall show it at once, where the state is kept (None:
    nowhere), and how much faster than usual the local agents work.
    """

    port: int = 0
    open_page: bool = False
    data: Path | None = None
    speed: float = 1.0


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


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without any setting of the bot, for what must not touch a real server."""
    ours = {name.upper() for name in Settings.model_fields} | {"SANDBOX_EMAIL"}
    return {name: value for name, value in environment.items() if name not in ours}


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

    def tell_bot_state(self, state: str) -> None:
        """Tell everyone who watches this Slack that the bot's process has started, runs or has ended."""
        self.slack.feed.tell("bot", state=state)


def stage(slack: SlackServer, email: str = "") -> Stage:
    """Fill a local Slack: Ana (with this e-mail, when one is given) and Bo have Coder accounts, Gia is a guest.

    Who and what is there already, from an earlier run, stays.
    """
    ana = _person(slack, "ana", "Ana Ruiz", "ana@example.com")
    ana.email = email or ana.email
    bo = _person(slack, "bo", "Bo Lindqvist", "bo@example.com")
    gia = _person(slack, "gia", "Gia Moretti", "gia@guests.example.com")
    gia.is_restricted = True
    payments = _channel(slack, "payments", [ana, bo, gia, slack.bot_user])
    return Stage(slack, ana, bo, gia, payments, _channel(slack, "random", [ana, bo, gia]))


def _person(slack: SlackServer, name: str, real_name: str, email: str) -> User:
    found = [user for user in slack.workspace.users.values() if user.name == name]
    return found[0] if found else slack.add_user(name, email, real_name=real_name)


def _channel(slack: SlackServer, name: str, members: list[User]) -> Channel:
    found = [channel for channel in slack.workspace.channels.values() if channel.name == name]
    return found[0] if found else slack.add_channel(name, members)


@dataclass
class World:
    """Everything that runs: a side that is real has no local server here. With `keep` the folder with the log stays."""

    bot: BotProcess
    settings: Settings
    stage: Stage | None
    coder: CoderServer | None
    controls: Controls
    folder: Path
    keep: bool = False

    @property
    def log_path(self) -> Path:
        """Where the bot's log is."""
        return self.folder / "bot.log"


@asynccontextmanager
async def open_world(environment: Mapping[str, str], options: Options) -> AsyncIterator[World]:
    """Start the local servers that are needed, then the bot; everything is stopped in the opposite order."""
    real = real_sides(environment)
    async with AsyncExitStack() as stack:
        worlds: list[World] = []
        kept = open_folder(options.data, stack.enter_context) if options.data else None
        folder = kept.folder if kept else _temporary(stack, worlds)
        place = None if real.slack else await _local_slack(stack, kept, environment.get("SANDBOX_EMAIL", ""))
        coder = None if real.coder else await _local_coder(stack, kept, options.speed)
        if kept:
            await stack.enter_async_context(kept.keeping(place.slack if place else None, coder))
        local = {**(_slack_settings(place.slack) if place else {}), **(_coder_settings(coder) if coder else {})}
        given = bot_environment(environment, local, f"sqlite:///{folder}/bot.db")
        bypass_proxies(given, real)
        bot = BotProcess(given, folder / "bot.log", place.tell_bot_state if place else None)
        stack.push_async_callback(bot.stop)
        settings = read_settings(given)
        await bot.start()
        controls = Controls(place.slack if place else None, coder, bot)
        worlds.append(World(bot, settings, place, coder, controls, folder))
        yield worlds[0]


def _temporary(stack: AsyncExitStack, worlds: list[World]) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="coder-task-sandbox-"))
    stack.callback(_tidy, folder, worlds)
    return folder


def _tidy(folder: Path, worlds: list[World]) -> None:
    if not any(world.keep for world in worlds):
        shutil.rmtree(folder, ignore_errors=True)


async def _local_slack(stack: AsyncExitStack, kept: Kept | None, email: str) -> Stage:
    slack = SlackServer(manifest=manifest(), rate_limits=True)
    state: SlackState | None = kept.slack() if kept else None
    if state is not None:
        state.into(slack)
    try:
        await stack.enter_async_context(slack)
    except OSError:  # somebody else has the port of the earlier run
        slack.port = 0
        await stack.enter_async_context(slack)
    return stage(slack, email)


async def _local_coder(stack: AsyncExitStack, kept: Kept | None, speed: float) -> CoderServer:
    state = kept.coder() if kept else None
    if state is None:
        return await stack.enter_async_context(CoderServer(speed=speed))
    coder = CoderServer(speed=speed, port=state.port, fill=state.fill)
    try:
        await stack.enter_async_context(coder)
    except OSError:
        coder.port = 0
        await stack.enter_async_context(coder)
    coder.go_on()
    return coder


def _slack_settings(slack: SlackServer) -> dict[str, str]:
    return {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token, "SLACK_API_URL": slack.api_url}


def _coder_settings(coder: CoderServer) -> dict[str, str]:
    return {"CODER_URL": coder.url, "CODER_SESSION_TOKEN": coder.token}


def stop_signals() -> asyncio.Event:
    """An event that SIGTERM, Ctrl-C and the end of the terminal set, instead of ending the process."""
    asked = asyncio.Event()
    numbers = [signal.SIGTERM, signal.SIGINT]
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # else somebody has said that it shall go on
        numbers.append(signal.SIGHUP)
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    return asked


async def first(*waits: asyncio.Event | asyncio.Task[Any]) -> None:
    """Return when the first of these has happened; tasks are left running."""
    watched = [asyncio.create_task(wait.wait()) if isinstance(wait, asyncio.Event) else wait for wait in waits]
    await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
    for wait, given in zip(watched, waits, strict=True):
        if wait is not given:
            wait.cancel()
