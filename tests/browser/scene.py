"""The sandbox as the page shows it: a local Slack, a local Coder, the bot in a process of its own, and browsers."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from playwright.async_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Locator,
    Page,
    async_playwright,
    expect,
)

from bot.sandbox.bot_process import BotProcess
from bot.sandbox.coder import CoderServer
from bot.sandbox.controls import Controls
from bot.sandbox.run import Stage, manifest, stage
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.records import Channel
from bot.sandbox.web import Page as ServedPage

SPEED: Final = 20.0
PATIENCE: Final = 30_000  # milliseconds
_PACE: Final = {"BOT_POLL_SECONDS": "0.2", "BOT_SETTLE_SECONDS": "0.4", "BOT_EDIT_SECONDS": "0.3", "BOT_PORT": "0"}
_LOST: Final = "net::ERR_"  # a stream that ended, which the browser also writes on the console


def chromium() -> str | None:
    """The system's browser, if there is one."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """A headless browser."""
    sandboxed = [] if os.geteuid() else ["--no-sandbox"]
    async with async_playwright() as playwright:
        path = chromium()
        started = await playwright.chromium.launch(
            executable_path=path, args=[*sandboxed, "--disable-gpu", "--no-proxy-server", "--force-color-profile=srgb"]
        )
        yield started
        await started.close()


class World:
    """Everything that runs behind the page."""

    def __init__(self, place: Stage, coder: CoderServer, controls: Controls, url: str) -> None:
        self.stage, self.coder, self.controls, self.url = place, coder, controls, url
        self.slack: SlackServer = place.slack
        self._rooms = 0

    def room(self) -> Channel:
        """A channel of its own for a test, with everybody and the bot in it."""
        self._rooms += 1
        everybody = [*self.stage.people.values(), self.slack.bot_user]
        return self.slack.add_channel(f"room-{self._rooms}", everybody)


@asynccontextmanager
async def world(folder: Path, *, with_bot: bool = True) -> AsyncIterator[World]:
    """The sandbox, with its bot unless a test brings its own."""
    async with SlackServer(manifest=manifest()) as slack, CoderServer(speed=SPEED) as coder:
        place = stage(slack)
        local = {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_API_URL": slack.api_url,
            "CODER_URL": coder.url,
            "CODER_SESSION_TOKEN": coder.token,
            "CODER_TASK_TEMPLATE_NAME": "claude-code",
            "DATABASE_URL": f"sqlite:///{folder}/bot.db",
            "PATH": os.environ.get("PATH", ""),
        }
        bot = BotProcess({**_PACE, **local}, folder / "bot.log")
        controls = Controls(slack, coder, bot)
        page = ServedPage(place, controls, coder.url, manifest())
        if with_bot:
            await bot.start()
            await slack.until(lambda: slack.socket.open, what="an open socket")
        try:
            yield World(place, coder, controls, await page.start())
        finally:
            await page.stop()
            await bot.stop()


class Window:
    """One browser window with the page in it; everything that goes wrong in it is remembered."""

    def __init__(self, context: BrowserContext, page: Page, base: str) -> None:
        self.context, self.page, self.base = context, page, base
        self.errors: list[str] = []
        self.meter: CDPSession | None = None
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))
        page.set_default_timeout(PATIENCE)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and _LOST not in message.text:
            self.errors.append(f"console: {message.text}")

    async def open(self, person: str = "ana", channel: Channel | str = "", rest: str = "") -> Window:
        """Show the page as a person, in a channel."""
        name = channel.id if isinstance(channel, Channel) else channel
        await self.page.goto(f"{self.base}/?as={person}#/{name}{rest}")
        await expect(self.page.locator("#place-name")).not_to_have_text("Connecting…", timeout=PATIENCE)
        return self

    # -- what stands there -------------------------------------------------------------------------------------------

    @property
    def composer(self) -> Locator:
        """The channel's message box."""
        return self.page.locator("#composer textarea")

    @property
    def thread(self) -> Locator:
        """The thread pane."""
        return self.page.get_by_role("complementary", name="Thread")

    @property
    def dialog(self) -> Locator:
        """The open dialog."""
        return self.page.get_by_role("dialog")

    def message(self, words: str, within: Locator | None = None) -> Locator:
        """The newest message in the channel (or in another list) that says this."""
        return (within or self.page.locator("#messages")).locator("li.message", has_text=words).last

    async def sees(self, words: str, within: Locator | None = None) -> Locator:
        """Wait until a message says this."""
        found = self.message(words, within)
        await expect(found).to_be_visible(timeout=PATIENCE)
        return found

    async def says(self, text: str) -> None:
        """Write something and press Enter."""
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def offers(self, message: Locator, label: str) -> None:
        """Press something in a message's toolbar."""
        await message.hover()
        await message.get_by_role("button", name=label).click()

    async def menu(self, message: Locator, entry: str) -> None:
        """Choose something from a message's menu."""
        await self.offers(message, "More actions")
        await self.page.get_by_role("menuitem", name=entry).click()


@asynccontextmanager
async def window(started: Browser, base: str, **options: Any) -> AsyncIterator[Window]:
    """A new window with a memory of its own."""
    context = await started.new_context(**{"viewport": {"width": 1360, "height": 860}, "locale": "en-US", **options})
    yield Window(context, await context.new_page(), base)
    await context.close()
