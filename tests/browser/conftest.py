"""One browser and one sandbox for all tests of a process; every window must stay without an error."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.forms import Stand, stand_with_app
from tests.browser.scene import Window, World, browser, chromium, window, world

Open = Callable[..., Awaitable[Window]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def started() -> AsyncIterator[Browser]:
    """The system's browser; without one these tests are skipped, but never in CI."""
    if chromium() is None:
        if os.environ.get("CI") or os.environ.get("BROWSER_REQUIRED") == "1":
            pytest.fail("no browser: install chromium")
        pytest.skip("no browser: install chromium to test the sandbox's page")
    async with browser() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox(started: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The whole sandbox with the bot."""
    async with world(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stand(started: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    """A local Slack with an app of the tests' own, which uses what the bot does not."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            patch.delenv(name, raising=False)
        async with stand_with_app(tmp_path_factory.mktemp("stand")) as running:
            yield running


@pytest_asyncio.fixture(loop_scope="session")
async def opened(started: Browser) -> AsyncIterator[Callable[..., Awaitable[Window]]]:
    """What opens windows, as a person in a channel; at the end none of them may have had an error."""
    async with AsyncExitStack() as stack:
        windows: list[Window] = []

        async def open_window(
            base: str, person: str = "ana", channel: Any = "", rest: str = "", **options: Any
        ) -> Window:
            shown = await stack.enter_async_context(window(started, base, **options))
            windows.append(shown)
            return await shown.open(person, channel, rest)

        yield open_window
        errors = [error for one in windows for error in one.errors]
        assert not errors, errors
