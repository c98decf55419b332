"""Events, commands and interactions as signed HTTP requests to the app's one request URL."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.slack.delivery import Ack
from bot.sandbox.slack.records import Delivery, Outcome
from bot.sandbox.slack.shapes import Json


class HttpTransport:
    """Posts each payload to `url` with the v0 signature; 2xx within the ack time is an ack."""

    def __init__(self, url: str, signing_secret: str, ack_seconds: float) -> None:
        self.url = url
        self.signing_secret = signing_secret
        self.ack_seconds = ack_seconds
        self._session: aiohttp.ClientSession | None = None

    async def send(self, delivery: Delivery, number: int, reason: str) -> Ack:
        """Make one signed POST."""
        content_type, body = _encode(delivery)
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0", **self.sign(body)}
        if number:
            headers |= {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": reason}
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.ack_seconds))
        try:
            async with self._session.post(self.url, data=body, headers=headers, allow_redirects=True) as response:
                text = await response.text()
                final = response.headers.get("x-slack-no-retry") == "1"
                return _ack(response.status, response.content_type, text, final=final)
        except TimeoutError:
            return Ack(Outcome.TIMEOUT, reason="http_timeout")
        except aiohttp.ClientError as error:
            return Ack(Outcome.NOT_CONNECTED, detail=str(error), reason="connection_failed")

    def sign(self, body: bytes) -> dict[str, str]:
        """The two headers that prove a body comes from Slack."""
        stamp = str(int(time.time()))
        digest = hmac.new(self.signing_secret.encode(), b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256)
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest.hexdigest()}"}

    async def close(self) -> None:
        """Close the connections to the app."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _encode(delivery: Delivery) -> tuple[str, bytes]:
    form = "application/x-www-form-urlencoded"
    if delivery.kind == "events_api":
        return "application/json", json.dumps(delivery.payload).encode()
    if delivery.kind == "slash_commands":
        return form, urlencode(delivery.payload).encode()
    return form, urlencode({"payload": json.dumps(delivery.payload)}).encode()


def _ack(status: int, content_type: str, text: str, *, final: bool) -> Ack:
    if not 200 <= status < 300:
        return Ack(Outcome.REFUSED, detail=str(status), reason="http_error", final=final)
    answer: Json = {}
    if content_type == "application/json" and text:
        answer = json.loads(text)
    elif text:
        answer = {"text": text}
    return Ack(Outcome.ACKED, answer, detail=str(status))
