"""The Bolt app: built without a warning, from nothing but what it is given."""

from __future__ import annotations

import asyncio
import logging
import os

import pytest

from bot.slack.identity import identify
from bot.slack.ingress import InFlight, bolt_app
from tests.slack.scene import place


async def test_the_environment_does_not_change_bolt(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A token there is no warning, a client id there turns no OAuth on, and both stay there."""
    given = {"SLACK_BOT_TOKEN": "xoxb-other", "SLACK_CLIENT_ID": "1", "SLACK_CLIENT_SECRET": "2"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    with caplog.at_level(logging.INFO):
        async with place() as here:
            app = bolt_app(here.wire, await identify(here.wire.web))

    assert not [record for record in caplog.records if record.name.startswith("slack")]
    assert app.oauth_flow is None
    assert given.items() <= os.environ.items()


async def test_bolt_and_the_sdk_never_log_payloads(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the level is, their loggers stay above DEBUG."""
    with caplog.at_level(logging.DEBUG):
        async with place() as here:
            app = bolt_app(here.wire, await identify(here.wire.web))
            await here.work["chat.postMessage"]()

    assert app.logger.getEffectiveLevel() == logging.WARNING
    assert not [record for record in caplog.records if record.name.startswith("slack")]


async def test_a_stop_waits_for_what_is_being_taken_in() -> None:
    """Until the last delivery is in, or for so many seconds."""
    in_flight, release = InFlight(), asyncio.Event()

    async def listener() -> object:
        return await release.wait()

    work = [asyncio.create_task(in_flight.middleware(listener)) for _ in range(2)]  # type: ignore[arg-type]  # any result
    await asyncio.sleep(0)
    assert in_flight.count == 2
    await in_flight.idle(0.01)
    assert in_flight.count == 2
    release.set()
    await in_flight.idle(10)
    assert in_flight.count == 0
    await asyncio.gather(*work)
