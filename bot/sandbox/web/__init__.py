"""The sandbox in a browser: one page on loopback that shows the local Slack as people know it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError

from bot.sandbox.coder.scripts import PROMPT_WORDS
from bot.sandbox.controls import Controls
from bot.sandbox.run import Stage
from bot.sandbox.slack.records import User
from bot.sandbox.slack.shapes import Json
from bot.sandbox.web.doing import Doing
from bot.sandbox.web.eyes import Eyes
from bot.sandbox.web.guards import add_headers, guard
from bot.sandbox.web.happenings import details, happened, recent
from bot.sandbox.web.journal import Journal

STATIC: Final = Path(__file__).parent / "static"
_STILL_THERE: Final = 15.0
_LOOK_AT_BOT: Final = 0.25


class Page:
    """Serves the page for one local Slack; `coder_url` is where its links to Coder lead."""

    def __init__(self, stage: Stage, controls: Controls, coder_url: str | None, manifest: Mapping[str, Any]) -> None:
        self._slack, self._controls = stage.slack, controls
        self._coder_url, self._manifest = coder_url, manifest
        self._reads: dict[tuple[str, str], str] = {}
        # What was there before anybody could look counts as read.
        places = stage.slack.workspace.channels.values()
        self._seen = {channel.id: max(channel.messages) for channel in places if channel.messages}
        self._journal = Journal(stage.slack.feed)
        self._doing = Doing(stage.slack, controls, self._reads)
        self._watching: asyncio.Task[None] | None = None
        self._runner: web.AppRunner | None = None

    # -- serving -----------------------------------------------------------------------------------------------------

    async def start(self, port: int = 0) -> str:
        """Listen on 127.0.0.1 (port 0: any free one); the page's address."""
        runner = web.AppRunner(self.app(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()
        self._runner = runner
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """End every stream and stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def app(self) -> web.Application:
        """The page as an application, which begins to watch when it starts up."""
        app = web.Application(middlewares=[guard], client_max_size=8 * 1024 * 1024)
        app.add_routes(self.routes())
        app.on_response_prepare.append(add_headers)
        app.on_startup.append(self._begin)
        app.on_shutdown.append(self._end)
        return app

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [
            web.get("/", self._index),
            web.get("/static/{name}", self._static),
            web.get("/api/state", self._state),
            web.get("/api/events", self._events),
            web.get("/api/happening/{id}", self._happening),
            web.get("/api/file/{id}", self._file),
            web.post("/api/do/{action}", self._do),
        ]

    async def _begin(self, _: web.Application) -> None:
        self._journal.start()
        self._watching = asyncio.create_task(self._watch_bot(), name="sandbox page controls")

    async def _end(self, _: web.Application) -> None:
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._journal.stop()

    async def _watch_bot(self) -> None:
        """Tell every page when a control has changed, or the bot has started or stopped."""
        before = self._panel()
        while True:
            await asyncio.sleep(_LOOK_AT_BOT)
            now = self._panel()
            if now != before:
                self._slack.feed.tell("controls")
            before = now

    # -- files -------------------------------------------------------------------------------------------------------

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if not re.fullmatch(r"[a-z_]+\.(js|css|svg)", name) or not (STATIC / name).is_file():
            raise web.HTTPNotFound
        return web.FileResponse(STATIC / name)

    async def _file(self, request: web.Request) -> web.Response:
        file = Eyes(self._slack, self._user(request)).file(request.match_info["id"])
        if file is None or file.content is None:
            raise web.HTTPNotFound
        text = file.content.decode("utf-8", errors="replace")
        return web.json_response({"name": file.name, "title": file.title, "size": file.length, "text": text})

    # -- state -------------------------------------------------------------------------------------------------------

    def _user(self, request: web.Request) -> User:
        """The person whom the page shows Slack to; the first of the people when it does not say."""
        wanted = request.query.get("user", "")
        people = [one for one in self._slack.workspace.users.values() if not one.is_bot]
        for person in people:
            if wanted in (person.id, person.name):
                return person
        if wanted or not people:
            raise web.HTTPNotFound(text="There is no such person.")
        return people[0]

    async def _state(self, request: web.Request) -> web.Response:
        user = self._user(request)
        eyes = Eyes(self._slack, user)
        channels = eyes.channels()  # first: it may open the direct message with the app
        body = {
            "mark": self._journal.mark(),
            "me": user.id,
            "app": self._slack.bot_user.id,
            "team_domain": self._slack.workspace.team_domain,
            "people": eyes.people(),
            "channels": channels,
            "messages": eyes.messages(),
            "modals": eyes.modals(),
            "home": eyes.home(),
            "reads": self._seen | {channel: ts for (who, channel), ts in self._reads.items() if who == user.id},
            "app_can": self._app_can(),
            "controls": self._panel(),
            "happenings": recent(self._slack),
            "coder_url": self._coder_url,
            "agent_words": [{"words": words, "what": what} for words, what in PROMPT_WORDS],
        }
        return web.json_response(body, headers={"Cache-Control": "no-store"})

    def _app_can(self) -> Json:
        features = self._manifest.get("features", {})
        home = features.get("app_home", {})
        return {
            "commands": [dict(one) for one in features.get("slash_commands", [])],
            "shortcuts": [dict(one) for one in features.get("shortcuts", [])],
            "home": bool(home.get("home_tab_enabled")),
            "messages": bool(home.get("messages_tab_enabled", True)),
        }

    def _panel(self) -> Json:
        controls = self._controls
        return {
            "switches": [vars(switch).copy() for switch in controls.switches()],
            "speed": controls.speed(),
            "bot": controls.bot_state(),
        }

    async def _happening(self, request: web.Request) -> web.Response:
        found = details(self._slack, request.match_info["id"])
        if found is None:
            raise web.HTTPNotFound
        return web.json_response(found, headers={"Cache-Control": "no-store"})

    # -- live --------------------------------------------------------------------------------------------------------

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Updates as server-sent events; one that cannot go on where it was gets a `refresh`."""
        eyes = Eyes(self._slack, self._user(request))
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        mark = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        position = self._journal.position(mark)
        try:
            await response.write(b"retry: 500\n\n")
            if position is None:
                position = self._journal.number
                await response.write(_event(self._journal.mark(position), [{"kind": "refresh"}]))
            await self._follow(eyes, response, position)
        except (ConnectionError, asyncio.CancelledError):
            pass  # the page was closed
        return response

    async def _follow(self, eyes: Eyes, response: web.StreamResponse, position: int) -> None:
        while not self._journal.closed:
            changes = self._journal.since(position)
            position += len(changes)
            updates: dict[str, Json] = {}
            for change in changes:
                for update in [*eyes.told(change), *self._panel_updates(change)]:
                    updates[_subject(update)] = update  # in the place of the first, so that messages keep their order
            if updates:
                await response.write(_event(self._journal.mark(position), list(updates.values())))
            if self._journal.number == position:
                await self._journal.wait(_STILL_THERE)
                if self._journal.number == position:
                    await response.write(b": still here\n\n")

    def _panel_updates(self, change: Any) -> list[Json]:
        if change.kind == "controls":
            return [{"kind": "controls", "controls": self._panel()}]
        entry = happened(self._slack, change)
        return [{"kind": "happening", "entry": entry}] if entry else []

    # -- doing -------------------------------------------------------------------------------------------------------

    async def _do(self, request: web.Request) -> web.Response:
        name = request.match_info["action"]
        if name not in self._doing.actions:
            raise web.HTTPNotFound
        try:
            answer = await self._doing.do(name, await request.read())
        except ValidationError as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        return web.json_response(answer)


def _subject(update: Json) -> str:
    """What an update is about: a later one about the same replaces it."""
    if update["kind"] == "message":
        return f"{update['message']['channel']} {update['message']['ts']}"
    if update["kind"] == "removed":
        return f"{update['channel']} {update['ts']}"
    if update["kind"] == "happening":
        return str(update["entry"]["id"])
    if update["kind"] == "told":
        return json.dumps(update)
    return str(update["kind"])


def _event(mark: str, updates: list[Json]) -> bytes:
    return f"id: {mark}\ndata: {json.dumps(updates)}\n\n".encode()
