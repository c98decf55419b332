"""How Slack reaches the bot: over sockets (`sockets`) or as signed requests (`http`), both into one Bolt app."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Iterator

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from bot.slack.identity import Identity
from bot.slack.wire import Wire, web_client


class InFlight:
    """Counts the deliveries from Slack that are being taken in, so that a stop can wait for them."""

    def __init__(self) -> None:
        self.count = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def middleware(self, next_: Callable[[], Awaitable[BoltResponse]]) -> BoltResponse:
        """Bolt's middleware around every listener."""
        self.count += 1
        self._idle.clear()
        try:
            return await next_()
        finally:
            self.count -= 1
            if self.count == 0:
                self._idle.set()

    async def idle(self, seconds: float) -> None:
        """Wait until nothing is being taken in, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()


def bolt_app(wire: Wire, identity: Identity) -> AsyncApp:
    """The Bolt app: it acknowledges only after the listener's transaction, so that Slack redelivers what failed.

    Signatures are checked before anything gets here.
    """
    known = AuthorizeResult(
        enterprise_id=None,
        team_id=identity.team_id,
        bot_user_id=identity.user_id,
        bot_id=identity.bot_id,
        bot_token=wire.web.token,
    )

    async def authorize() -> AuthorizeResult:
        return known

    quiet = logging.getLogger("slack_bolt")
    quiet.setLevel(logging.WARNING)  # at DEBUG it and the sockets would print whole payloads
    with _nothing_of_slack_in_the_environment():
        return AsyncApp(
            name="coder-tasks",  # else Bolt walks through the whole stack to find one
            client=web_client(wire.session, None, wire.web.base_url),  # the token is what `authorize` gives
            authorize=authorize,
            process_before_response=True,
            request_verification_enabled=False,
            ssl_check_enabled=False,
            logger=quiet,
        )


@contextlib.contextmanager
def _nothing_of_slack_in_the_environment() -> Iterator[None]:
    """Bolt reads SLACK_... names by itself: a token there is a warning, a SLACK_CLIENT_ID would turn OAuth on."""
    found = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("SLACK_")}
    try:
        yield
    finally:
        os.environ.update(found)
