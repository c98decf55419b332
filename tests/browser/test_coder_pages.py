"""The local Coder's own page of a task, where the links on cards lead: live, and with buttons that do what they say."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.scene import PATIENCE, Window, World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def coders_page(window: Window, card: Locator) -> Page:
    """The page to which the card's link to Coder leads; its errors count like the window's own."""
    link = card.locator("a[href*='/tasks/']").first
    async with window.context.expect_page() as opened:
        await link.click()
    page = await opened.value
    page.on("pageerror", lambda error: window.errors.append(f"page error: {error}"))
    page.set_default_timeout(PATIENCE)
    return page


async def test_what_is_pressed_there_is_told_here(sandbox: World, opened: Open) -> None:
    """Finish, pause, delete, by mouse and by keyboard: the card says so, and the page follows without a reload."""
    window = await opened(sandbox.url, "ana", sandbox.room())
    await window.says("/coder-task create tidy the <b>footer</b>, and ask me first")
    card = await window.sees("footer")
    await expect(card).to_contain_text("Waiting for input", timeout=PATIENCE)
    page = await coders_page(window, card)
    await expect(page.locator("#head")).to_contain_text("idle")
    assert await page.locator("main b").count() == 0, "what people write is text"
    await page.evaluate("window.isTheSamePage = true")

    await page.get_by_role("button", name="Finish").click()
    await expect(page.locator("#told")).to_contain_text("Finish: done.")
    await expect(page.locator("#head")).to_contain_text("complete")
    await expect(card).to_contain_text("Complete", timeout=PATIENCE)
    await expect(page.get_by_role("button", name="Finish")).to_be_focused()

    pause = page.get_by_role("button", name="Pause")
    await pause.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#head")).to_contain_text("paused")
    await expect(card).to_contain_text("Paused", timeout=PATIENCE)
    assert await page.evaluate("window.isTheSamePage === true")

    await page.get_by_role("button", name="Delete").click()
    await expect(page.locator("main")).to_contain_text("This task was deleted.")
    await expect(card).to_contain_text("Deleted", timeout=PATIENCE)
