"""What every Web API method works on: the workspace, the events it causes, the rights of the app, and its arguments."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from aiohttp import web

from bot.sandbox.slack.events import Events
from bot.sandbox.slack.grants import Grants
from bot.sandbox.slack.records import Channel, Refused, User
from bot.sandbox.slack.shapes import Json, Problem
from bot.sandbox.slack.socket import SocketMode
from bot.sandbox.slack.workspace import Workspace

T = TypeVar("T")
JSON_ARGUMENTS: Final = ("blocks", "attachments", "metadata", "view", "files")


@dataclass(frozen=True)
class Site:
    """The parts of the server that a method may touch."""

    workspace: Workspace
    events: Events
    grants: Grants
    socket: SocketMode

    def channel(self, given: object) -> Channel:
        """The conversation the app named by id; one it cannot see is `channel_not_found`."""
        channel = self.workspace.channels.get(str(given))
        if channel is None or (channel.kind != "public" and not self.workspace.is_member(channel)):
            raise Refused("channel_not_found")
        return channel

    def joined_channel(self, given: object) -> Channel:
        """A conversation that the app is a member of; else `not_in_channel`."""
        channel = self.channel(given)
        if not self.workspace.is_member(channel):
            raise Refused("not_in_channel")
        return channel

    def user(self, given: object) -> User:
        """The user with this id."""
        user = self.workspace.users.get(str(given))
        if user is None:
            raise Refused("user_not_found")
        return user

    def need(self, *any_of: str) -> None:
        """Refuse the call unless the app has one of these scopes."""
        if not self.grants.allows(*any_of):
            raise Refused("missing_scope", needed=any_of[0], provided=",".join(sorted(self.grants.scopes or ())))


Run = Callable[[Site, Json], Json]


@dataclass(frozen=True)
class Method:
    """One Web API method: what it does, any of which scopes it needs, and which token calls it."""

    run: Run
    scopes: tuple[str, ...] = ()
    caller: Literal["bot", "app"] = "bot"


def refused_with(error: str, problems: list[Problem]) -> Refused:
    """A refusal that names each problem, as Slack does in `response_metadata.messages`."""
    messages = [str(problem) for problem in problems]
    reasons = [f"{problem.reason} [json-pointer:{problem.pointer}]" for problem in problems]
    return Refused(error, errors=reasons, response_metadata={"messages": messages})


async def read_args(request: web.Request) -> Json:
    """The arguments of a call, whichever of Slack's encodings they came in: query, form or JSON."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except json.JSONDecodeError as error:
            raise Refused("invalid_json") from error
        if not isinstance(body, dict):
            raise Refused("json_not_object")
        args |= body
    elif request.method == "POST":
        args |= dict(await request.post())
    return {name: _parsed(name, value) for name, value in args.items()}


def _parsed(name: str, value: Any) -> Any:
    if name not in JSON_ARGUMENTS or not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value else None
    except json.JSONDecodeError as error:
        wrong = "invalid_blocks_format" if name == "blocks" else "invalid_arguments"
        raise Refused(wrong) from error


def truthy(value: object) -> bool:
    """A boolean argument, which arrives as text from a query or a form."""
    return value in (True, 1, "true", "True", "1")


def page_size(args: Json, default: int, maximum: int = 1000) -> int:
    """The `limit` argument; Slack takes up to `maximum`."""
    try:
        limit = int(args.get("limit") or default)
    except ValueError as error:
        raise Refused("invalid_limit") from error
    if not 1 <= limit <= maximum:
        raise Refused("invalid_limit")
    return limit


def page(found: list[T], args: Json, default: int) -> tuple[list[T], str]:
    """One page of a list and the cursor of the next ("" at the end)."""
    cursor, limit = str(args.get("cursor") or ""), page_size(args, default)
    if cursor and not cursor.removeprefix("next:").isdigit():
        raise Refused("invalid_cursor")
    start = int(cursor.removeprefix("next:") or 0)
    following = f"next:{start + limit}" if start + limit < len(found) else ""
    return found[start : start + limit], following
