"""The newcomer's minute: from the first look at the page to the pull request in the thread."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from tests.browser.conftest import Open
from tests.browser.scene import World, world

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def untouched(started: Browser, tmp_path: Path) -> AsyncIterator[World]:
    """A sandbox that nobody has used, as a newcomer finds it."""
    del started
    async with world(tmp_path) as running:
        yield running


async def test_a_newcomers_minute(untouched: World, opened: Open) -> None:
    """The hint fills the box, Enter starts a task, its question is answered in the thread, the pull request comes."""
    began = time.monotonic()
    window = await opened(untouched.url, "ana", untouched.room())
    page = window.page
    hint = page.locator("#hint")
    await hint.get_by_role("button", name="/coder-task create").click()
    await expect(window.composer).to_have_value("/coder-task create fix the flaky login test")
    await expect(window.composer).to_be_focused()
    await page.keyboard.type(", and ask me first")
    await page.keyboard.press("Enter")
    await expect(window.composer).to_have_value("")

    card = await window.sees("Fix the flaky login test")
    await expect(card.locator(".badge")).to_have_text("APP")
    await expect(hint).to_be_hidden()
    await expect(card).to_contain_text("Waiting for input", timeout=20_000)
    await card.locator(".replies").click()
    await expect(window.thread).to_be_visible()
    await window.sees("Should I also remove", window.thread)

    await window.thread.get_by_role("textbox").click()
    await page.keyboard.type("Yes, remove them there too.")
    await page.keyboard.press("Enter")
    mine = await window.sees("Yes, remove them", window.thread)
    await expect(mine.get_by_role("button", name="white check mark, 1")).to_be_visible(timeout=20_000)
    done = await window.sees("Complete", window.thread)
    await expect(done.get_by_role("link", name="PR #482")).to_have_attribute("href", re.compile("/pull/482$"))
    await expect(card).to_contain_text("Complete")
    assert time.monotonic() - began < 60


async def test_with_the_keyboard_only(sandbox: World, opened: Open) -> None:
    """Commands are completed, messages and what they offer are reached, the thread is opened and closed again."""
    room = sandbox.room()
    window = await opened(sandbox.url, "ana", room)
    keys = window.page.keyboard
    await expect(window.composer).to_be_focused()
    await keys.type("/cod")
    await expect(window.page.get_by_role("option", name="/coder-task")).to_be_visible()
    await keys.press("Enter")
    await expect(window.composer).to_have_value("/coder-task ")
    await keys.type("he")
    await keys.press("Tab")
    await expect(window.composer).to_have_value("/coder-task help ")
    await keys.press("Enter")
    answer = await window.sees("Only visible to you")
    await expect(answer).to_contain_text("/coder-task")

    await keys.type("/nonsense please")
    await keys.press("Enter")
    await expect(window.page.get_by_role("alert")).to_contain_text("/nonsense is not a valid command")
    await expect(window.composer).to_have_value("/nonsense please")
    await window.composer.fill("")

    await keys.type("hello @b")
    await expect(window.page.get_by_role("option", name="Bo Lindqvist")).to_be_visible()
    await keys.press("Enter")
    await keys.press("Shift+Enter")
    await keys.type("second line")
    await keys.press("Enter")
    said = await window.sees("second line")
    await expect(said.locator(".mention")).to_have_text("@Bo Lindqvist")

    await said.focus()
    await keys.press("Tab")
    for _ in range(3):
        await keys.press("Tab")
    await expect(said.get_by_role("button", name="Reply in thread")).to_be_focused()
    await keys.press("Enter")
    await expect(window.thread.get_by_role("textbox")).to_be_focused()
    await keys.type("a reply")
    await keys.press("Enter")
    await window.sees("a reply", window.thread)
    await keys.press("Escape")
    await expect(window.thread).to_be_hidden()
    await expect(said).to_contain_text("1 reply")
