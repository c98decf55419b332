"""Makes the pictures of the README: plays scenes of the tour in the page, and takes photographs of it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Locator, expect

from bot.sandbox.page import open_page
from bot.sandbox.run import Options, World, open_world, without_settings
from bot.sandbox.slack.records import Message
from bot.sandbox.tour import Tour
from tests.browser.scene import Window, browser, chromium, window

DOCS: Final = Path(__file__).parents[1] / "docs"
_PACE: Final = {"BOT_POLL_SECONDS": "0.2", "BOT_SETTLE_SECONDS": "0.4", "BOT_EDIT_SECONDS": "0.4"}
_SIZE: Final = {"width": 1360, "height": 850}
_SHARP: Final = 1.5


async def conversation(world: World) -> Message:
    """What stands in the channel: talk, a task that has asked and is finished, another that works."""
    if world.stage is None or world.coder is None:
        raise RuntimeError("the pictures are of local servers")
    stage, tour = world.stage, Tour(world.stage, world.coder)
    await stage.slack.post(stage.bo, stage.payments, "The login test has failed on `main` again, third time this week.")
    await stage.slack.post(stage.ana, stage.payments, "I'll let an agent look at it.")
    card = await tour.starts()
    tour.pace(4)
    await tour.reply(stage.ana, card, "Yes, remove them there too.")
    await tour.hears(card, "Complete")
    await tour.shows(card, "PR #482")
    second = await tour.create("", "round invoice totals to whole cents")
    await tour.shows(second, "Working")
    tour.pace(1)  # it goes on working while it is photographed
    return card


async def at_rest(shown: Window) -> None:
    """Nothing that passes is in the picture: no caption, no pointer, no cursor."""
    await shown.page.mouse.move(0, 0)
    await shown.page.evaluate("document.activeElement.blur(); document.getElementById('caption').remove()")
    await shown.page.wait_for_timeout(500)


async def photograph(place: Window | Locator, name: str) -> None:
    """Write a picture into docs/."""
    taken = place.page if isinstance(place, Window) else place
    await taken.screenshot(path=DOCS / name, animations="disabled")
    print(f"docs/{name}")  # noqa: T201 - a script says what it has made


async def pictures(started: Browser, world: World, url: str) -> None:
    """All of them."""
    card = await conversation(world)
    thread = f"/{card.ts}"
    channel = card.channel
    sharp = {"device_scale_factor": _SHARP, "viewport": _SIZE}
    async with window(started, url, color_scheme="light", **sharp) as shown:
        await shown.open("ana", channel, thread)
        await at_rest(shown)
        await photograph(shown, "sandbox.png")
    async with window(started, url, color_scheme="dark", **sharp) as shown:
        await shown.open("ana", channel)
        await shown.page.get_by_role("button", name="What happens").click()
        world.controls.set("slack_429", on=True)
        await shown.says("/coder-task list")
        await expect(shown.page.locator(".happening.bad")).to_have_count(1)
        await at_rest(shown)
        await photograph(shown, "sandbox-dark.png")
        world.controls.set("slack_429", on=False)
    tall = {"width": 2200, "height": 2000}
    async with window(started, url, color_scheme="light", device_scale_factor=_SHARP, viewport=tall) as shown:
        await shown.open("ana", channel, thread)
        await at_rest(shown)
        await photograph(shown.thread.locator(".messages"), "thread.png")


async def main() -> None:
    """Start everything, and take the pictures."""
    if chromium() is None:
        raise SystemExit("no browser: install chromium")
    options = Options()
    environment = {**without_settings(os.environ), **_PACE}
    async with browser() as started, open_world(environment, options) as world, open_page(world, options) as url:
        await pictures(started, world, url)


if __name__ == "__main__":
    asyncio.run(main())
