"""Shortcuts: on a message, and the global one.

https://docs.slack.dev/reference/interaction-payloads/shortcuts-interaction-payload
"""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import prompts
from bot.commands import New
from bot.drafts import Draft
from bot.forms import Forms
from bot.listeners.new_task import open_draft, open_new
from bot.models import Enclosed, Origin, Place, SourceMessage
from bot.tasks import Run
from bot.typed import decode

_MOST_FILES = 20


def register(app: AsyncApp, run: Run, forms: Forms) -> None:
    """Register the shortcuts for new tasks."""
    app.shortcut("create_task")(partial(create_task, run, forms))
    app.shortcut("new_task")(partial(new_task, forms))


async def new_task(forms: Forms, ack: AsyncAck, body: dict[str, Any]) -> None:
    """The global shortcut, which is in no channel."""
    user = body["user"]
    origin = Origin(key=body["trigger_id"], user=user["id"], user_name=_name(user), channel=user["id"])
    await open_new(forms, New(), origin, body["trigger_id"])
    await ack()


async def create_task(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any]) -> None:
    """The shortcut on a message: a form about it."""
    message: SourceMessage = await run(source_message, body)
    origin = message_origin(body)
    draft = Draft(channel=origin.channel, thread_ts=origin.thread_ts, user_name=origin.user_name, message=message)
    await open_draft(forms, draft, origin, body["trigger_id"])
    await ack()


def message_origin(body: dict[str, Any]) -> Origin:
    """Who used a shortcut on a message; private answers go into its thread, if it has one."""
    user, message = body["user"], body["message"]
    thread_ts = str(message.get("thread_ts") or "")
    return Origin(
        key=body["trigger_id"],
        user=user["id"],
        user_name=_name(user),
        channel=body["channel"]["id"],
        thread_ts=thread_ts if thread_ts != message["ts"] else "",
    )


def source_message(connection: Any, body: dict[str, Any]) -> SourceMessage:
    """The message that a shortcut was used on; who wrote it is asked for later."""
    message, channel = body["message"], body["channel"]["id"]
    ts, thread_ts = str(message["ts"]), str(message.get("thread_ts") or "")
    is_app = bool(message.get("bot_id"))
    writer = "" if is_app else str(message.get("user") or "")
    names = partial(prompts.name_of, connection)
    return SourceMessage(
        place=Place(channel=channel, ts=ts, thread_ts=thread_ts, link=_link(body, channel, ts)),
        user=writer,
        author=str(
            message.get("username") or (message.get("bot_profile") or {}).get("name") or "an app" if is_app else ""
        ),
        text=decode(text_of(message), names),
        at=float(ts),
        is_own=bool(writer) and writer == body["user"]["id"],
        is_trusted=not is_app,
        files=tuple(_file(one) for one in (message.get("files") or [])[:_MOST_FILES]),
    )


def text_of(message: dict[str, Any]) -> str:
    """What a message says; apps put their words into attachments."""
    attached = message.get("attachments") or []
    parts = [message.get("text"), *(one.get("text") or one.get("fallback") or one.get("title") for one in attached)]
    return "\n".join(part for part in parts if part)


def _file(file: dict[str, Any]) -> Enclosed:
    name = file.get("name") or file.get("title") or "file"
    return Enclosed(name=str(name), link=str(file.get("permalink") or file.get("url_private") or ""))


def _link(body: dict[str, Any], channel: str, ts: str) -> str:
    """The message's address as Slack makes them; Slack is asked for it when the form is filled."""
    domain = (body.get("team") or {}).get("domain")
    return f"https://{domain}.slack.com/archives/{channel}/p{ts.replace('.', '')}" if domain else ""


def _name(user: dict[str, Any]) -> str:
    return str(user.get("name") or user.get("username") or "")
