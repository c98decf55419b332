"""What becomes of the text a person types: mentions turn into ids, links into link markup, `& < >` into entities."""

from __future__ import annotations

import re
from typing import Final

from bot.sandbox.slack.workspace import Workspace

TOKENS: Final = re.compile(
    r"(?P<markup><(?:[@#!][^<>\s]+|https?://[^<>\s]+)>)"
    r"|(?P<url>https?://[^\s<>]+)"
    r"|(?<![\w@])@(?P<user>\w[\w.-]*)"
    r"|(?<![\w#&])#(?P<channel>\w[\w-]*)"
    r"|(?P<special>[&<>])"
)


def typed_text(workspace: Workspace, text: str) -> str:
    """The stored form of a typed text; `<@U...>`, `<#C...>`, `<!here>` and `<https://...>` were picked, not typed."""

    def stored(found: re.Match[str]) -> str:
        if found["markup"]:
            return _escaped(found["markup"][1:-1], "<", ">")
        if found["url"]:
            return _escaped(found["url"], "<", ">")
        if found["user"]:
            return _user(workspace, found["user"])
        if found["channel"]:
            return _channel(workspace, found["channel"])
        return _escaped(found["special"])

    return TOKENS.sub(stored, text)


def plain_command_text(workspace: Workspace, text: str) -> str:
    """The text of a command without `should_escape`: names stay names, only `& < >` become entities."""

    def plain(found: re.Match[str]) -> str:
        markup = found["markup"]
        if markup and markup[1:-1].removeprefix("@") in workspace.users:
            return f"@{workspace.users[markup[2:-1]].name}"
        return _escaped(found[0])

    return TOKENS.sub(plain, text)


def _escaped(text: str, before: str = "", after: str = "") -> str:
    return before + text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") + after


def _user(workspace: Workspace, typed: str) -> str:
    for name in (typed, typed.rstrip(".-")):
        for user in workspace.users.values():
            if user.name == name:
                return f"<@{user.id}>{typed[len(name) :]}"
    return f"@{typed}"


def _channel(workspace: Workspace, typed: str) -> str:
    for channel in workspace.channels.values():
        if channel.name == typed:
            label = channel.name if channel.kind == "public" else ""
            return f"<#{channel.id}|{label}>"
    return f"#{typed}"
