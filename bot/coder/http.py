"""The transport to Coder: one kept client, JSON in and out, and every failure as one of `bot.coder.errors`.

The table of Coder's error answers is in `refusals`; what is not an answer of Coder's (no connection, a cut one, a
proxy's page) is judged here. Nothing is tried again here: who calls knows what a second try means.
"""

from __future__ import annotations

import json
import logging
import re
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from pydantic import SecretStr

from bot import deadline
from bot.coder.refusals import Answer, Call, no_answer, not_understood, rate_limited, refusal
from bot.errors import BotError, StartError

_logger = logging.getLogger(__name__)

_BYPASS = "X-Coder-Bypass-Ratelimit"  # only a site owner may send it: others get 428 for every call
_NOT_OWNER = 428
_CONNECT_SECONDS = 5.0
_LONGEST_WAIT = 600.0  # seconds; whatever a proxy's Retry-After says
_SOMETHING = Call()
_REPEATABLE = ("GET", "DELETE")  # done twice is as good as done once
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)


def _tls(url: str) -> ssl.SSLContext | bool:
    """How to check certificates; reading all known ones takes long, and without TLS there is nothing to check."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if url.startswith("http://") else True


class CoderHttp:
    """Asks Coder at `url` with a token; `version` is what its last answer said it runs, such as `v2.34.3+abcdef0`.

    `timeout` is in seconds, between two signs of life of the server. A client that is passed in stays its owner's.
    """

    def __init__(
        self,
        url: str,
        token: SecretStr | str,
        *,
        timeout: float = 15.0,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        secret = token.get_secret_value() if isinstance(token, SecretStr) else token
        if not re.fullmatch(r"[\x21-\x7e]+", secret):
            raise StartError("CODER_SESSION_TOKEN cannot be used: a token has letters, digits and a hyphen only")
        self.url = url.rstrip("/")
        self.version = ""
        self._headers = {"Coder-Session-Token": secret, "Accept": "application/json", _BYPASS: "true"}
        self._timeout = timeout
        self._owned = client is None
        self._client = client or httpx.AsyncClient(
            verify=_tls(self.url),
            limits=httpx.Limits(max_connections=50, max_keepalive_connections=20, keepalive_expiry=30.0),
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._owned:
            await self._client.aclose()

    async def get(
        self, path: str, params: dict[str, str] | None = None, *, call: Call = _SOMETHING, seconds: float | None = None
    ) -> Any:
        """Read JSON; raises `bot.coder.errors`."""
        return _json(await self._ask("GET", path, call, params=params, seconds=seconds))

    async def text(self, path: str, params: dict[str, str] | None = None, *, call: Call = _SOMETHING) -> str:
        """Read JSON as the text it came in, for answers too large to be parsed at once."""
        response = await self._ask("GET", path, call, params=params)
        return response.content.decode("utf-8", "replace")

    async def post(
        self, path: str, body: dict[str, Any] | None = None, *, call: Call = _SOMETHING, seconds: float | None = None
    ) -> Any:
        """Ask for something to be done, None when Coder answers with nothing; raises `bot.coder.errors`."""
        return _json(await self._ask("POST", path, call, body=body, seconds=seconds))

    async def patch(self, path: str, body: dict[str, Any], *, call: Call = _SOMETHING) -> Any:
        """Change something, None when Coder answers with nothing; raises `bot.coder.errors`."""
        return _json(await self._ask("PATCH", path, call, body=body))

    async def delete(self, path: str, *, call: Call = _SOMETHING) -> None:
        """Delete something; raises `bot.coder.errors`."""
        await self._ask("DELETE", path, call)

    async def _ask(
        self,
        method: str,
        path: str,
        call: Call,
        *,
        params: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        seconds: float | None = None,
    ) -> httpx.Response:
        # Plain ASCII: a lone surrogate in a prompt cannot be sent as UTF-8, but its escape can.
        content = None if body is None else json.dumps(body).encode("ascii")
        response = await self._send(self._request(method, path, params, content, seconds), call)
        if response.status_code == _NOT_OWNER and _BYPASS in self._headers:
            del self._headers[_BYPASS]
            _logger.warning("action=rate_limit_applies", extra={"why": "the token is not a site owner's"})
            response = await self._send(self._request(method, path, params, content, seconds), call)
        self.version = response.headers.get("X-Coder-Build-Version", self.version)
        failure = self._failure(response, method, call)
        if failure is None:
            return response
        raise failure

    def _request(
        self, method: str, path: str, params: dict[str, str] | None, content: bytes | None, seconds: float | None
    ) -> httpx.Request:
        headers = self._headers if content is None else {**self._headers, "Content-Type": "application/json"}
        patience = seconds or self._timeout
        limits = httpx.Timeout(patience, connect=min(patience, _CONNECT_SECONDS))
        return self._client.build_request(
            method,
            f"{self.url}/api/v2{path}",
            params=params,
            content=content,
            headers=headers,
            timeout=limits,
            # Not for what only reads: many may wait for what one delivery has begun to fetch.
            extensions={} if method == "GET" else {"trace": _in_time},
        )

    async def _send(self, request: httpx.Request, call: Call) -> httpx.Response:
        try:
            return await self._client.send(request, follow_redirects=False)
        except httpx.RequestError as error:
            # Only the kind of error: its text can hold the header that could not be sent.
            kind, sent = type(error).__name__, not isinstance(error, _NEVER_SENT)
        # Raised out here, so that no chain of errors keeps the request with its token.
        raise no_answer(self.url, call, kind, ambiguous=sent and request.method not in _REPEATABLE)

    def _failure(self, response: httpx.Response, method: str, call: Call) -> BotError | None:
        """What an answer means; None when it is what was asked for."""
        unsafe = method not in _REPEATABLE
        if response.is_success and (_is_json(response) or not response.content):
            return None
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return rate_limited(_retry_after(response))
        said = _body(response)
        if said is None and response.status_code != httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            # A proxy's page. Its 4xx and redirects come before Coder; after a 2xx or 5xx Coder may have done the work.
            reached = response.is_success or response.is_server_error
            return no_answer(self.url, call, f"HTTP {response.status_code}, no JSON", ambiguous=unsafe and reached)
        answer = Answer(
            status=response.status_code,
            message=str((said or {}).get("message") or ""),
            detail=str((said or {}).get("detail") or ""),
            fields=_fields(said or {}),
            version=self.version,
        )
        return refusal(answer, call, url=self.url, unsafe=unsafe)


async def _in_time(event: str, _: dict[str, Any]) -> None:
    if event.endswith(".send_request_body.started") and deadline.is_over():
        raise httpx.WriteTimeout("woken too late to write the call")


def _json(response: httpx.Response) -> Any:
    """The answer's value; CoderFailed when it is cut or garbled."""
    if not response.content:
        return None
    try:
        return response.json()
    except ValueError:
        failure = not_understood("no JSON", ambiguous=response.request.method not in _REPEATABLE)
    raise failure


def _is_json(response: httpx.Response) -> bool:
    kind: str = response.headers.get("Content-Type", "")
    return kind.partition(";")[0].strip().lower() == "application/json"


def _body(response: httpx.Response) -> dict[str, Any] | None:
    """The object of an error answer; None when it is not Coder's."""
    if not _is_json(response):
        return None
    try:
        said = response.json()
    except ValueError:
        return None
    return said if isinstance(said, dict) and isinstance(said.get("message"), str) else None


def _fields(said: dict[str, Any]) -> tuple[str, ...]:
    """Which fields the validations are about, with what each says: `name: already in use`."""
    found = said.get("validations")
    lines = found if isinstance(found, list) else []
    return tuple(f"{line.get('field')}: {line.get('detail')}" for line in lines if isinstance(line, dict))


def _retry_after(response: httpx.Response) -> float:
    """Seconds until the next try, from Retry-After in either form; a minute, Coder's window, without one."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdigit():
        return min(float(text), _LONGEST_WAIT)
    try:
        wait = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return 60.0
    return min(max(wait, 0.0), _LONGEST_WAIT)
