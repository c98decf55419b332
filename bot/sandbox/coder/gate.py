"""The gate every request passes: faults, who calls, rate limit, what is recorded, and how errors are answered."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.records import User
from bot.sandbox.coder.refusals import Refusal, route_not_found, signed_out
from bot.sandbox.coder.shapes import Json
from bot.sandbox.faults import Faults

BODY_LIMIT = 4 * 1024 * 1024  # bytes, from 2.37 on
_CALLER = web.RequestKey("caller", User)
_WINDOW = 60.0
_KEPT_CALLS = 10_000  # about: a sandbox may run for days
_OPEN = ("/api/v2/buildinfo", "/healthz")  # besides everything outside /api


@dataclass
class Call:
    """A request that arrived; `status` is None until it is answered, 499 when the answer was cut off by a fault."""

    time: datetime
    method: str
    path: str
    query: dict[str, str]
    body: str
    caller: str = ""  # username
    status: int | None = None

    @property
    def name(self) -> str:
        """As faults match it."""
        return f"{self.method} {self.path}"

    @property
    def json(self) -> Json:
        """The body as an object, empty when there was none."""
        parsed = json.loads(self.body or "{}")
        return parsed if isinstance(parsed, dict) else {}


@dataclass
class RateLimit:
    """Requests a minute for each user and path; the headers always say so, 429 comes only when `enforced`."""

    limit: int = 512
    enforced: bool = False
    _counts: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def spend(self, caller: str, path: str) -> dict[str, str]:
        """Count a request and return its headers; refused (429) when it is one too many."""
        now = time.monotonic()
        window = [at for at in self._counts.get((caller, path), []) if at > now - _WINDOW]
        left = self.limit - len(window)
        self._counts[caller, path] = window
        if self.enforced and left <= 0:
            raise Refusal(429, f"You've been rate limited for sending more than {self.limit} requests in 1m0s.")
        window.append(now)
        return self._headers(left - 1)

    def refused(self) -> dict[str, str]:
        """The headers of a 429."""
        return {**self._headers(0), "Retry-After": str(int(_WINDOW))}

    def _headers(self, left: int) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(left, 0)),
            "X-RateLimit-Reset": str(int(time.time() + _WINDOW)),
        }


class Gate:
    """The middleware around every handler."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.faults = Faults()
        self.calls: list[Call] = []
        self.rate_limit = RateLimit()

    async def handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer one request and record it."""
        body = (await request.read()).decode("utf-8", "replace")
        query = dict(request.query.items())
        call = Call(self.deployment.clock.now(), request.method, request.path, query, body)
        self.calls.append(call)
        del self.calls[: -2 * _KEPT_CALLS if len(self.calls) > 3 * _KEPT_CALLS else 0]
        self.deployment.changes.touch(stored=False)
        answer = await self.faults.around(call.name, request, lambda: self._answer(call, request, handler))
        answer.headers["X-Coder-Build-Version"] = self.deployment.release.build_version
        call.status = answer.status
        self.deployment.changes.touch(stored=False)
        return answer

    async def _answer(self, call: Call, request: web.Request, handler: Handler) -> web.StreamResponse:
        headers: dict[str, str] = {}
        try:
            self._check_route(request)
            if call.path.startswith("/api/") and call.path not in _OPEN:
                caller = self._caller(request)
                request[_CALLER], call.caller = caller, caller.username
                if not (caller.is_owner and request.headers.get("X-Coder-Bypass-Ratelimit") == "true"):
                    headers = self.rate_limit.spend(caller.username, call.path)
            self._check_size(call)
            answer = await handler(request)
        except Refusal as refusal:
            headers = self.rate_limit.refused() if refusal.status == 429 else headers
            answer = answered(refusal.body(), refusal.status)
        except web.HTTPMethodNotAllowed:  # Coder's is empty
            answer = web.Response(status=405)
        answer.headers.update(headers)
        return answer

    def _check_route(self, request: web.Request) -> None:
        unmatched = request.match_info.http_exception
        if unmatched is not None and unmatched.status == 405:
            raise unmatched
        if unmatched is not None:
            raise route_not_found()

    def _check_size(self, call: Call) -> None:
        if self.deployment.release.limits_bodies and len(call.body.encode()) > BODY_LIMIT:
            raise Refusal(413, "Request body too large.", f"Maximum request body size is {BODY_LIMIT} bytes.")

    def _caller(self, request: web.Request) -> User:
        text = _token(request)
        if not text:
            raise signed_out('Cookie "coder_session_token" or query parameter must be provided.')
        token = self.deployment.tokens.get(text)
        if token is None:
            raise signed_out("API key is invalid.")
        if token.expires_at is not None and token.expires_at <= self.deployment.clock.now():
            raise signed_out(f'API key expired at "{token.expires_at}".')
        if token.user.status == "suspended":
            message = 'User is not active (status = "suspended"). Contact an admin to reactivate your account.'
            raise Refusal(401, message)
        token.user.status = "active"  # calling wakes a dormant user
        return token.user


def caller_of(request: web.Request) -> User:
    """Who sent an authenticated request."""
    return request[_CALLER]


def answered(body: object, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.json_response(body, status=status)


async def body_of(request: web.Request) -> Json:
    """The request's JSON object; refused (400) when it is none."""
    try:
        body = json.loads(await request.read())
    except ValueError as error:
        raise bad_json(str(error)) from None
    if not isinstance(body, dict):
        raise bad_json(f"json: cannot unmarshal {type(body).__name__} into Go value")
    return body


def text_in(body: Json, name: str) -> str:
    """A text field, empty when absent or null."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise bad_json(f"json: cannot unmarshal {type(value).__name__} into Go struct field .{name} of type string")
    return value or ""


def uuid_in(body: Json, name: str) -> str:
    """A uuid field, empty when absent or null; an empty or other text is refused (400)."""
    text = text_in(body, name)
    if body.get(name) is None:
        return ""
    try:
        return str(UUID(text))
    except ValueError:
        raise bad_json(f"invalid UUID length: {len(text)}") from None


def bad_json(detail: str) -> Refusal:
    """The body cannot be read."""
    return Refusal(400, "Request body must be valid JSON.", detail)


def _token(request: web.Request) -> str:
    bearer = request.headers.get("Authorization", "")
    return (
        request.cookies.get("coder_session_token")
        or request.query.get("coder_session_token")
        or request.headers.get("Coder-Session-Token")
        or (bearer[7:] if bearer.lower().startswith("bearer ") else "")
        or request.query.get("access_token", "")
    )
