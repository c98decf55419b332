"""Private answers through a command's own answer address: 30 minutes, five uses, works where the bot is no member.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

import re
from typing import Any

import aiohttp

from bot.errors import SlackRefused, Transient
from bot.models import Content
from bot.slack.failures import seconds_of

_TIMEOUT = aiohttp.ClientTimeout(total=10.0, sock_connect=5.0)


class ResponseUrls:
    """Posts to answer addresses. The addresses are capabilities: they are never part of an error or a log line."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def answer(self, url: str, content: Content, *, replace: bool) -> None:
        """Show the content, with `replace` in place of what it showed before; SlackRefused when it is used up."""
        body = {
            "response_type": "ephemeral",
            "replace_original": replace,
            "text": content.text,
            "blocks": content.blocks,
        }
        await self._post(url, body)

    async def remove(self, url: str) -> None:
        """Remove what was shown before."""
        await self._post(url, {"delete_original": True})

    async def _post(self, url: str, body: dict[str, Any]) -> None:
        try:
            async with self._session.post(url, json=body, timeout=_TIMEOUT, allow_redirects=False) as response:
                status, text = response.status, await response.text(errors="replace")
                retry_after = response.headers.get("Retry-After")
        except (TimeoutError, OSError, aiohttp.ClientError) as error:
            # Raised out here without its cause: an error of aiohttp's holds the address.
            failure = type(error).__name__
        else:
            if status == 429:
                raise Transient("response_url: Slack's rate limit", after=seconds_of(retry_after))
            if status >= 500:
                raise Transient(f"response_url: HTTP {status}")
            if status >= 300:
                raise SlackRefused(_code(text) or f"HTTP {status}", "response_url")
            return
        raise Transient(f"response_url: no answer ({failure})")


def _code(text: str) -> str:
    """Slack's own word for a refusal, such as `used_url`; a proxy's page would repeat the address."""
    found = re.fullmatch(r'\s*(?:\{.*"error":\s*")?([a-z_]{3,60})(?:".*\})?\s*', text)
    return found[1] if found else ""
