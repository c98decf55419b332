"""The HTTP side that the app calls: Web API methods, response_urls, uploads and downloads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from bot.sandbox.faults import Answer, Faults
from bot.sandbox.slack import chat_methods, conversation_methods, file_methods, people_methods, view_methods
from bot.sandbox.slack.events import EVENT_SCOPES
from bot.sandbox.slack.rates import Rates
from bot.sandbox.slack.records import Call, Refused
from bot.sandbox.slack.response_urls import respond
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.site import Method, Site, read_args

LOGIN_PAGE: Final = "<!DOCTYPE html><html><body>Sign in to the workspace</body></html>"
NO_ANSWER: Final = 499


def all_methods() -> dict[str, Method]:
    """Every Web API method this Slack knows."""
    rooms = (chat_methods, conversation_methods, file_methods, people_methods, view_methods)
    return {name: method for room in rooms for name, method in room.METHODS.items()}


class WebApi:
    """Answers the app's requests as Slack does, and records each of them."""

    def __init__(self, site: Site, tokens: Mapping[str, str], faults: Faults, rates: Rates | None) -> None:
        self.site = site
        self.tokens = tokens  # token -> its type: "bot" or "app"
        self.faults = faults
        self.rates = rates
        self.calls: list[Call] = []
        self.methods = all_methods()
        self._made = 0

    def routes(self) -> list[web.RouteDef]:
        """The routes to serve."""
        return [
            web.route("*", "/api/{method}", self.call),
            web.post("/response/{id}", self.response_url),
            web.post("/upload/{id}", self.upload),
            web.get("/files-pri/{id}/{rest:.*}", self.download),
        ]

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One Web API call."""
        name = request.match_info["method"]
        call = self._record(name)

        async def work() -> web.StreamResponse:
            try:
                call.args = await read_args(request)
                answer = self._run(name, call.args, _token(request, call.args))
            except Refused as refused:
                return self._refusal(call, refused)
            call.ok, call.answer = True, answer
            return self._json({"ok": True, **answer})

        return await self._around(call, request, work)

    def _run(self, name: str, args: Json, token: str | None) -> Json:
        method = self.methods.get(name)
        if method is None:
            raise Refused("unknown_method", req_method=name)
        if not token:
            raise Refused("not_authed")
        if token not in self.tokens:
            raise Refused("invalid_auth")
        if self.tokens[token] != method.caller and name != "auth.test":
            raise Refused("not_allowed_token_type")
        seconds = self.rates.retry_after(name, str(args.get("channel"))) if self.rates else 0
        if seconds:
            raise Refused("ratelimited", retry_after=seconds)
        self.site.need(*method.scopes)
        return method.run(self.site, {key: value for key, value in args.items() if key != "token"})

    async def response_url(self, request: web.Request) -> web.StreamResponse:
        """One answer through a response_url: 200 "ok", or 404 when it is used up or too old."""
        call = self._record("response_url")

        async def work() -> web.StreamResponse:
            try:
                call.args = await read_args(request)
                url = self.site.workspace.use_response_url(request.match_info["id"])
                url.uses += 1
                respond(self.site, url, call.args)
            except Refused as refused:
                status = 404 if refused.error in ("used_url", "expired_url") else 400
                return self._refusal(call, refused, status)
            call.ok = True
            return web.Response(text="ok")

        return await self._around(call, request, work)

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file whose upload address was asked for; they must have the announced length."""
        call = self._record("upload")

        async def work() -> web.StreamResponse:
            file = self.site.workspace.files.get(request.match_info["id"])
            content = await _uploaded(request)
            call.args = {"file": request.match_info["id"], "length": len(content)}
            if file is None or file.content is not None or len(content) != file.length:
                call.error = "upload_refused"
                return web.Response(status=400, text=f"refused: {len(content)} bytes")
            file.content = content
            call.ok = True
            return web.Response(text=f"OK - {len(content)}")

        return await self._around(call, request, work)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file's bytes for the bot token; anyone else gets the login page, with status 200 as from Slack."""
        call = self._record("download")

        async def work() -> web.StreamResponse:
            file = self.site.workspace.files.get(request.match_info["id"])
            allowed = self.tokens.get(_token(request, {}) or "") == "bot" and self.site.grants.allows("files:read")
            call.args = {"file": request.match_info["id"]}
            if file is None or file.content is None:
                return web.Response(status=404)
            if not allowed:
                return web.Response(text=LOGIN_PAGE, content_type="text/html")
            call.ok = True
            return web.Response(body=file.content, content_type="application/octet-stream")

        return await self._around(call, request, work)

    def _record(self, name: str) -> Call:
        self._made += 1
        call = Call(self.site.workspace.now(), name, {}, number=self._made)
        self.calls.append(call)
        return call

    async def _around(self, call: Call, request: web.Request, work: Answer) -> web.StreamResponse:
        """Let the work meet its fault, if one is switched on, and write down how it ended."""
        response = await self.faults.around(call.method, request, work)
        call.status = response.status
        body = response.body if isinstance(response, web.Response) else None
        if isinstance(body, bytes) and body.startswith(b"{"):  # a file's bytes may be no text
            response.content_type = "application/json"  # also where a fault gave the refusal
        if not call.ok and call.error is None:
            call.error = "no_answer" if call.status == NO_ANSWER else _error_in(response) or f"http_{call.status}"
        call.seconds = self.site.workspace.now() - call.at
        told = {"method": call.method, "status": call.status, "ok": call.ok, "error": call.error}
        self.site.workspace.feed.tell("call", number=call.number, **told)
        return response

    def _refusal(self, call: Call, refused: Refused, status: int = 200) -> web.Response:
        call.error = refused.error
        more = dict(refused.more)
        seconds = more.pop("retry_after", None)
        call.answer = {"error": refused.error, **more}
        response = self._json({"ok": False, **call.answer})
        if status != 200:
            response.set_status(status)
        if seconds is not None:
            response.set_status(429)
            response.headers["Retry-After"] = str(seconds)
        return response

    def _json(self, body: Json) -> web.Response:
        return web.json_response(body, headers={"x-oauth-scopes": ",".join(sorted(self._scopes()))})

    def _scopes(self) -> frozenset[str]:
        """The granted scopes, as every answer tells them; all that anything here asks for, when none were said."""
        if self.site.grants.scopes is not None:
            return self.site.grants.scopes
        asked = {scope for method in self.methods.values() for scope in method.scopes}
        return frozenset(asked | EVENT_SCOPES | {"commands"})


def _token(request: web.Request, args: Json) -> str | None:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ").strip() or args.get("token")


def _error_in(response: web.StreamResponse) -> str:
    """The error code in the answer that a fault gave, "" where there is none."""
    if not isinstance(response, web.Response) or response.content_type != "application/json":
        return ""
    try:
        return str(json.loads(response.text or "").get("error") or "")
    except json.JSONDecodeError:
        return ""


async def _uploaded(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    form: Any = await request.post()
    for value in form.values():
        if isinstance(value, web.FileField):
            return value.file.read()
    return b""
