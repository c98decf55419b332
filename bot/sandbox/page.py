"""The page in a browser: served for a world, and shown at once where somebody sits at this machine."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from bot.errors import StartError
from bot.sandbox.run import Options, World, manifest
from bot.sandbox.web import Page


@asynccontextmanager
async def open_page(world: World, options: Options) -> AsyncIterator[str]:
    """Serve the page of a world; its address, "" when Slack is real and there is nothing to show."""
    if world.stage is None:
        yield ""
        return
    page = Page(world.stage, world.controls, world.settings.coder_url, manifest())
    try:
        url = await page.start(options.port)
    except OSError as error:
        text = f"--port: cannot listen on 127.0.0.1:{options.port} ({error.strerror}): choose another port"
        raise StartError(text) from None
    try:
        yield url
    finally:
        await page.stop()


def has_browser(environment: Mapping[str, str]) -> bool:
    """Whether a browser can be shown to somebody: at a terminal, not in CI, and on a machine with a display.

    Without one `webbrowser` would take a browser made of text, and the terminal with it.
    """
    display = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    shown = sys.platform == "darwin" or any(environment.get(name) for name in display)
    return shown and sys.stdin.isatty() and not environment.get("CI")


async def show(url: str, options: Options) -> bool:
    """Open the page in a browser, if that is wanted and possible; whether it was done."""
    if not url or not options.open_page or not has_browser(os.environ):
        return False
    return await asyncio.to_thread(webbrowser.open, url)
