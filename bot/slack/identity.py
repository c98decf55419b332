"""Who the bot is in Slack: asked once at start, so that a refused token stops the start and not the first message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import DeliveryError, SlackRefused, StartError
from bot.slack.failures import TokenRefused, mapped

_START_SECONDS: Final = 8.0

# What manifest.yml asks for, and what does not work without it.
NEEDED_SCOPES: Final = MappingProxyType(
    {
        "app_mentions:read": "hear mentions",
        "chat:write": "post cards and replies",
        "commands": "take /coder-task",
        "channels:read": "know who made a public channel",
        "groups:read": "know who made a private channel",
        "channels:history": "read replies in public channels",
        "groups:history": "read replies in private channels",
        "im:history": "read replies in direct messages",
        "im:write": "open direct messages",
        "reactions:write": "show how a prompt fares",
        "files:read": "read text files that belong to a prompt",
        "files:write": "attach long output",
        "users:read": "know people's names",
        "users:read.email": "find people's Coder users",
    }
)


@dataclass(frozen=True)
class Identity:
    """The bot's own ids, and the scopes that its installation was granted (empty when Slack did not say)."""

    user_id: str
    bot_id: str
    team_id: str
    team: str
    scopes: frozenset[str]

    @property
    def warnings(self) -> list[str]:
        """What will not work, one line for each scope that is missing."""
        missing = sorted(NEEDED_SCOPES.keys() - self.scopes) if self.scopes else []
        mend = "add it on your Slack app's page OAuth & Permissions, and install the app again"
        return [f"without the scope {one} the bot cannot {NEEDED_SCOPES[one]}: {mend}" for one in missing]


async def identify(web: AsyncWebClient) -> Identity:
    """Ask Slack who we are; StartError when it refuses the token or cannot be reached within 8 seconds."""
    mend = "copy the bot token (xoxb-...) from your Slack app's page OAuth & Permissions"
    response = await _asked(web, "auth.test", web.auth_test(), f"SLACK_BOT_TOKEN is refused by Slack (%s): {mend}")
    scopes = str((response.headers or {}).get("x-oauth-scopes") or "")
    return Identity(
        user_id=str(response.get("user_id") or ""),
        bot_id=str(response.get("bot_id") or ""),
        team_id=str(response.get("team_id") or ""),
        team=str(response.get("team") or ""),
        scopes=frozenset(filter(None, (scope.strip() for scope in scopes.split(",")))),
    )


async def check_app_token(web: AsyncWebClient, app_token: str) -> None:
    """Ask for a socket once: the SDK itself would retry a refused app token for ever and say so only in the log."""
    mend = "make an app-level token (xapp-...) with the scope connections:write on the page Basic Information"
    call = web.apps_connections_open(app_token=app_token)
    await _asked(web, "apps.connections.open", call, f"SLACK_APP_TOKEN is refused by Slack (%s): {mend}")


async def _asked(web: AsyncWebClient, method: str, call: Awaitable[Any], refused: str) -> AsyncSlackResponse:
    """The answer to a call; StartError when there is none in 8 seconds, or with `refused` around Slack's reason."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            with mapped(method, repeatable=True):
                response: AsyncSlackResponse = await call
                return response
    except (SlackRefused, TokenRefused) as refusal:
        raise StartError(refused % refusal.code) from None
    except (DeliveryError, TimeoutError) as error:
        why = " ".join((str(error) or "no answer").split())
        text = f"Slack cannot be reached at {web.base_url} ({why}): check the network, or SLACK_API_URL"
        raise StartError(text) from None
