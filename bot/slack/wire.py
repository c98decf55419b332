"""The kept connections to Slack: one session for everything, and nothing of the SDK that tries again by itself."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot import deadline

# Connecting has a limit of its own: a call that never reached Slack is no ambiguous one.
_TIMEOUT = aiohttp.ClientTimeout(total=15.0, sock_connect=5.0)


@dataclass(frozen=True)
class Wire:
    """The session, and the Web API client with the bot's token on it."""

    session: aiohttp.ClientSession
    web: AsyncWebClient


@asynccontextmanager
async def open_wire(token: str, base_url: str) -> AsyncIterator[Wire]:
    """The one kept session for everything that goes to Slack: a new one per call would shake hands each time."""
    guard = aiohttp.TraceConfig()
    guard.on_request_chunk_sent.append(_in_time)  # called before the chunk is written, whatever its name says
    async with aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True, trace_configs=[guard]) as session:
        yield Wire(session, web_client(session, token, base_url))


async def _in_time(*_: object) -> None:
    if deadline.is_over():
        raise TimeoutError("woken too late to write the call")


def web_client(session: aiohttp.ClientSession, token: str | None, base_url: str) -> AsyncWebClient:
    """A Web API client without the SDK's own retries, because a repeated post is a double post."""
    quiet = logging.getLogger("slack_sdk.web")
    quiet.setLevel(logging.WARNING)  # at DEBUG it would print whole payloads
    url = base_url if base_url.endswith("/") else base_url + "/"
    return AsyncWebClient(token=token, base_url=url, session=session, retry_handlers=[], logger=quiet)
