"""Slack's signed requests: events, commands and interactions alike, on one address."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import SignatureVerifier

PATH = "/slack/events"


def add_http_route(server: web.Application, app: AsyncApp, signing_secret: str, is_open: Callable[[], bool]) -> None:
    """Take in Slack's requests while `is_open`; after that they are refused, and Slack sends events again later."""
    verifier = SignatureVerifier(signing_secret)

    async def receive(request: web.Request) -> web.StreamResponse:
        text = _signed(verifier, request.headers, await request.read())
        if text is None:
            return web.Response(status=401)
        if not is_open():
            return web.Response(status=503)
        bolt_request = AsyncBoltRequest(body=text, query=request.query_string, headers=dict(request.headers))
        bolt_response: BoltResponse = await app.async_dispatch(bolt_request)
        return await to_aiohttp_response(bolt_response)

    server.router.add_post(PATH, receive)


def _signed(verifier: SignatureVerifier, headers: Mapping[str, str], body: bytes) -> str | None:
    """The body, when Slack has signed it within the last five minutes; nothing else reaches Bolt."""
    stamp, signature = headers.get("X-Slack-Request-Timestamp", ""), headers.get("X-Slack-Signature", "")
    if not re.fullmatch("[0-9]{1,12}", stamp) or not signature.isascii():
        return None  # the verifier would stumble over them
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    return text if verifier.is_valid(text, stamp, signature) else None
