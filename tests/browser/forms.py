"""An app of the tests' own: forms, menus and blocks of every kind, beside what the bot has."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.bot_process import BotProcess
from bot.sandbox.controls import Controls
from bot.sandbox.run import Stage, stage
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.records import Channel
from bot.sandbox.web import Page

Json = dict[str, Any]
_ANY: Final = re.compile(".*")
TEMPLATES: Final = ("Claude Code", "Codex for the monorepo", "Aider")
_COMMAND: Final[Json] = {"command": "/form", "usage_hint": "open | list | help", "description": "Open a form"}
_ON_MESSAGE: Final[Json] = {"name": "Create a Coder task", "type": "message", "callback_id": "from_message"}
_ANYWHERE: Final[Json] = {"name": "New form", "type": "global", "callback_id": "anywhere"}
MANIFEST: Final[Json] = {
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "slash_commands": [_COMMAND],
        "shortcuts": [_ON_MESSAGE, _ANYWHERE],
    },
}


def plain(text: str) -> Json:
    """A plain text object."""
    return {"type": "plain_text", "text": text}


def option(text: str) -> Json:
    """An option of a menu."""
    return {"text": plain(text), "value": text.lower()}


def button(action_id: str, text: str, **more: Any) -> Json:
    """A button."""
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


def actions(*elements: Json) -> Json:
    """A row of elements."""
    return {"type": "actions", "elements": list(elements)}


def field_of(name: str, kind: str, **element: Any) -> Json:
    """An input block, optional but for template and prompt; its ids are its name."""
    made = {"type": kind, "action_id": name.lower(), **element}
    optional = name not in ("Template", "Prompt")
    return {"type": "input", "block_id": name.lower(), "label": plain(name), "element": made, "optional": optional}


def form(title: str = "New task", *extra: Json) -> Json:
    """A form with a field of every kind that the tests fill in."""
    template = field_of("Template", "external_select", min_query_length=0, placeholder=plain("Choose a template"))
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain(title),
        "submit": plain("Start"),
        "close": plain("Not now"),
        "notify_on_close": True,
        "blocks": [
            {**template, "dispatch_action": True},
            {**field_of("Prompt", "plain_text_input", multiline=True), "hint": plain("What is to be done")},
            field_of("Name", "plain_text_input", max_length=20),
            field_of("Level", "radio_buttons", options=[option("All"), option("Some")]),
            field_of("Day", "datepicker"),
            field_of("Who", "multi_users_select"),
            actions(button("push", "More…")),
            *extra,
        ],
    }


@dataclass
class Stand:
    """A local Slack whose app is part of the test, and everything that app has heard."""

    stage: Stage
    slack: SlackServer
    client: AsyncWebClient
    url: str
    heard: list[Json] = field(default_factory=list)
    _rooms: int = 0

    def room(self) -> Channel:
        """A channel of its own for a test, and no form left open by another."""
        self.slack.workspace.modals.clear()
        self._rooms += 1
        return self.slack.add_channel(f"stand-{self._rooms}", [*self.stage.people.values(), self.slack.bot_user])

    async def shows(self, channel: Channel, *blocks: Json, text: str = "something") -> str:
        """Let the app post blocks; the message's ts."""
        return str((await self.client.chat_postMessage(channel=channel.id, text=text, blocks=list(blocks)))["ts"])

    def pressed(self) -> list[Json]:
        """The actions the app has heard of, oldest first."""
        return [action for body in self.heard for action in body.get("actions", [])]


def _listen(app: AsyncApp, heard: list[Json]) -> None:
    async def hear(ack: Any, body: Json) -> None:
        heard.append(body)
        await ack()

    async def open_form(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await ack()
        heard.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=form())

    async def choose(ack: Any, body: Json, client: AsyncWebClient) -> None:
        """The template was chosen: another field appears, and what was typed stays."""
        heard.append(body)
        await ack()
        chosen = body["actions"][0]["selected_option"]["value"]
        preset = field_of("Preset", "static_select", options=[option(f"Medium {chosen}")])
        await client.views_update(view_id=body["view"]["id"], view=form("New task", preset))

    async def push(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await ack()
        more = {**form("More"), "blocks": [field_of("Note", "plain_text_input")]}
        await client.views_push(trigger_id=body["trigger_id"], view=more)

    async def submit(ack: Any, body: Json) -> None:
        heard.append(body)
        values = body["view"]["state"]["values"]
        taken = values.get("name", {}).get("name", {}).get("value") == "taken"
        await ack(response_action="errors", errors={"name": "This name is taken."}) if taken else await ack()

    async def suggest(ack: Any, body: Json) -> None:
        fits = [one for one in TEMPLATES if body["value"].lower() in one.lower()]
        await ack(options=[option(one) for one in fits])

    async def home(client: AsyncWebClient, event: Json) -> None:
        refresh = actions(button("refresh", "Refresh", style="primary"))
        blocks = [{"type": "header", "text": plain("Your tasks")}, refresh]
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    app.command("/form")(open_form)
    app.shortcut("from_message")(open_form)
    app.shortcut("anywhere")(open_form)
    app.action("template")(choose)
    app.action("push")(push)
    app.action({"action_id": _ANY})(hear)
    app.view({"type": "view_submission", "callback_id": "form"})(submit)
    app.view({"type": "view_closed", "callback_id": "form"})(hear)
    app.options({"action_id": _ANY})(suggest)
    app.event("app_home_opened")(home)
    app.event(_ANY)(_ignore)


async def _ignore() -> None:
    """An event that the tests are not about."""


@asynccontextmanager
async def stand_with_app(folder: Path) -> AsyncIterator[Stand]:
    """The local Slack, the app and the page."""
    async with SlackServer(manifest=None) as slack:
        place = stage(slack)
        client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        app = AsyncApp(client=client, process_before_response=True)
        page = Page(place, Controls(slack, None, BotProcess({}, folder / "bot.log")), None, MANIFEST)
        made = Stand(place, slack, client, await page.start())
        _listen(app, made.heard)
        handler: Any = AsyncSocketModeHandler(app, slack.app_token, web_client=client)
        await handler.connect_async()
        await slack.until(lambda: slack.socket.open, what="an open socket")
        try:
            yield made
        finally:
            await page.stop()
            await handler.close_async()
