"""Reads what people have put into Slack. A file's address opens with the bot's token, which goes to Slack only."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SlackRefused, Transient
from bot.slack.failures import seconds_of

_METHOD = "files.download"
_SLACKS = (".slack.com", ".slack-gov.com")


async def downloaded(web: AsyncWebClient, url: str, most: int) -> bytes:
    """The first `most` bytes of a file and one more, which tells that it is longer.

    SlackRefused `foreign_url` for an address that is not Slack's, `not_a_file` where something else answers.
    """
    if not is_slacks(url, web.base_url) or web.session is None:
        raise SlackRefused("foreign_url", _METHOD)
    headers = {"Authorization": f"Bearer {web.token}"}
    async with web.session.get(url, headers=headers, allow_redirects=False) as response:
        if response.status == 429:
            raise Transient(f"{_METHOD}: Slack's rate limit", after=seconds_of(response.headers.get("Retry-After")))
        if response.status >= 500:
            raise Transient(f"{_METHOD}: HTTP {response.status}")
        if response.status != 200:
            raise SlackRefused("not_a_file", _METHOD, f"HTTP {response.status}")
        return await _first(response.content, most + 1)


async def _first(stream: aiohttp.StreamReader, most: int) -> bytes:
    found = bytearray()
    async for part in stream.iter_any():
        found += part
        if len(found) >= most:
            break
    return bytes(found[:most])


def is_slacks(url: str, api_url: str) -> bool:
    """Whether the token may go to this address: Slack's own hosts, over TLS, and wherever its API is said to be."""
    try:
        asked, api = urlsplit(url), urlsplit(api_url)
        _ = asked.port
    except ValueError:
        return False
    if _place(asked) == _place(api):
        return True
    host = (asked.hostname or "").casefold()
    return asked.scheme == "https" and asked.port in {None, 443} and host.endswith(_SLACKS) and not asked.username


def _place(url: SplitResult) -> tuple[str, str, int | None]:
    return url.scheme, (url.hostname or "").casefold(), url.port
