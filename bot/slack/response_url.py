"""Private answers through a command's own answer address: 30 minutes, five uses, works where the bot is no member.

https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
"""

from __future__ import annotations

from typing import Any

import aiohttp

from bot.errors import SlackRefused, Transient
from bot.models import Content

_SECONDS = 10.0
_GONE = {404, 410}


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
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with self._session.post(url, json=body, timeout=timeout) as response:
                status, text = response.status, (await response.text())[:200]
                retry_after = response.headers.get("Retry-After")
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Transient(f"response_url: no answer ({type(error).__name__})") from None
        if status == 429 or status >= 500:
            raise Transient(f"response_url: HTTP {status}", after=float(retry_after) if retry_after else None)
        if status in _GONE or status >= 400:
            raise SlackRefused(text.strip() or f"HTTP {status}", "response_url")
