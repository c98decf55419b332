"""Who the bot is in Slack: asked once at start, so that a refused token stops the start and not the first message."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import DeliveryError, SlackRefused, StartError
from bot.slack.failures import mapped

_START_SECONDS = 8.0


@dataclass(frozen=True)
class Identity:
    """The bot's own ids, and the scopes that its installation was granted (empty when Slack did not say)."""

    user_id: str
    bot_id: str
    team_id: str
    team: str
    scopes: frozenset[str]


async def identify(web: AsyncWebClient) -> Identity:
    """Ask Slack who we are; StartError when it refuses the token or cannot be reached within 8 seconds."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            with mapped("auth.test", repeatable=True):
                response = await web.auth_test()
    except SlackRefused as refusal:
        mend = "copy the bot token (xoxb-...) from your Slack app's page OAuth & Permissions"
        raise StartError(f"SLACK_BOT_TOKEN is refused by Slack ({refusal.code}): {mend}") from None
    except (DeliveryError, TimeoutError) as error:
        raise StartError(_unreachable(web, error)) from None
    scopes = str((response.headers or {}).get("x-oauth-scopes") or "")
    return Identity(
        user_id=str(response["user_id"]),
        bot_id=str(response.get("bot_id") or ""),
        team_id=str(response.get("team_id") or ""),
        team=str(response.get("team") or ""),
        scopes=frozenset(filter(None, (scope.strip() for scope in scopes.split(",")))),
    )


async def check_app_token(web: AsyncWebClient, app_token: str) -> None:
    """Ask for a socket once: the SDK itself would retry a refused app token for ever and say so only in the log."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            with mapped("apps.connections.open", repeatable=True):
                await web.apps_connections_open(app_token=app_token)
    except SlackRefused as refusal:
        mend = "make an app-level token (xapp-...) with the scope connections:write on the page Basic Information"
        raise StartError(f"SLACK_APP_TOKEN is refused by Slack ({refusal.code}): {mend}") from None
    except (DeliveryError, TimeoutError) as error:
        raise StartError(_unreachable(web, error)) from None


def _unreachable(web: AsyncWebClient, error: Exception) -> str:
    return (
        f"Slack cannot be reached at {web.base_url} ({str(error) or 'no answer'}): check the network, or SLACK_API_URL"
    )
