"""A local Slack with people, channels and a real Bolt app: the scene of its tests."""

import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.pressing import Answer
from bot.sandbox.slack.records import Channel, User

Json = dict[str, Any]
RETRIES = (0.02, 0.05, 0.1)
ACK_SECONDS = 0.5
BLOCKS: list[Json] = [
    {"type": "section", "block_id": "head", "text": {"type": "mrkdwn", "text": "*Fix login*"}},
    {
        "type": "actions",
        "block_id": "do",
        "elements": [
            {
                "type": "button",
                "action_id": "stop",
                "value": "task-1",
                "text": {"type": "plain_text", "text": "Stop"},
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [{"text": {"type": "plain_text", "text": "Pause"}, "value": "pause"}],
            },
        ],
    },
]


class Scene:
    """One local Slack with Ana, Ben, a channel that the app is in, and one that it is not in."""

    def __init__(self, slack: SlackServer) -> None:
        self.slack = slack
        self.ana: User = slack.add_user("ana", "ana@example.com", real_name="Ana Ruiz")
        self.ben: User = slack.add_user("ben")
        self.team: Channel = slack.add_channel("team", [self.ana, self.ben, slack.bot_user])
        self.other: Channel = slack.add_channel("other", [self.ana])
        self.hidden: Channel = slack.add_channel("hidden", [self.ana], private=True)
        self.client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        self.app = AsyncApp(client=self.client, process_before_response=True)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Any]:
        """The app connected over Socket Mode, with all the listeners it has got by now."""
        self.app.event(re.compile(".*"))(ignored)  # an event that no listener takes would come again
        handler: Any = AsyncSocketModeHandler(self.app, self.slack.app_token, web_client=self.client, ping_interval=0.2)
        await handler.connect_async()
        await self.slack.until(lambda: self.slack.socket.open, what="an open socket")
        try:
            yield handler
        finally:
            await handler.close_async()

    async def refusal(self, call: Awaitable[Any]) -> str:
        """The error code with which a call is refused."""
        with pytest.raises(SlackApiError) as refused:
            await call
        return str(refused.value.response["error"])

    async def command(self, text: str = "") -> Answer:
        """Ana types the command in the team's channel."""
        return await self.slack.command(self.ana, self.team, "/coder-task", text)


async def ignored() -> None:
    """Take an event that a test is not about."""


@asynccontextmanager
async def local_slack() -> AsyncIterator[Scene]:
    """A running local Slack that repeats events within moments."""
    async with SlackServer(retry_delays=RETRIES, ack_seconds=ACK_SECONDS) as slack:
        yield Scene(slack)
