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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where no browser is to be had, leave out what needs one, and say so in one line; but never in CI."""
    if chromium() is not None or os.environ.get("CI") or os.environ.get("BROWSER_REQUIRED") == "1":
        return
    found = [item for item in items if "started" in getattr(item, "fixturenames", ())]
    if not found:
        return
    reason = f"no browser: {len(found)} tests of the sandbox's page are left out; install chromium"
    found[0].add_marker(pytest.mark.skip(reason=reason))
    left_out = found[1:]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def started() -> AsyncIterator[Browser]:
    """The system's browser."""
    if chromium() is None:
        pytest.fail("no browser: install chromium")
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
