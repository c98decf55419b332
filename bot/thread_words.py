"""Reads what somebody wrote where the bot listens: for people, for the agent, a command, or not certain. Pure.

Slash commands do not exist in Slack's threads, so a task's thread has words of its own: `!pause`, or a mention of the
bot followed by a verb. A word that could be either is asked about (guide 2.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from bot.models import Enclosed, Kind, Said
from bot.names import nearest

__all__ = ["LONGEST_FILE", "WORDS", "said_in"]

LONGEST_FILE = 100_000  # bytes of a text file that an agent gets to read

# With an exclamation mark, or after a mention.
WORDS = ("status", "logs", "pause", "resume", "retry", "delete", "quiet", "important", "all", "help")
# Only after a mention: they have nothing to do with the thread's task.
_ELSEWHERE = MappingProxyType(
    {"list": "list", "ls": "list", "templates": "templates", "presets": "presets", "whoami": "whoami", "rm": "delete"}
)
# Alone, they may be meant for the bot or for the agent.
_UNSURE = MappingProxyType(
    {
        "stop": "pause",
        "cancel": "pause",
        "pause": "pause",
        "resume": "resume",
        "logs": "logs",
        "status": "status",
    }
)
_PLAIN = {None, "file_share", "thread_broadcast"}
_MENTION = r"<@([^<>|\s]+)(?:\|[^<>]*)?>"
_FIRST_MENTION = re.compile(rf"\s*{_MENTION}[\s,:]*")
_WRAPPING = " \t\n`*_~.…\u201c\u201d\"'"
_LONGEST_WORD = 40
# What is certainly no text; of other files it shows when they are read.
_NO_TEXT = ("image/", "video/", "audio/", "font/", "application/pdf", "application/zip", "application/gzip")


def said_in(message: Mapping[str, Any], channel: str, bot_user: str) -> Said | None:
    """What a message of Slack's says; None when no person has written it."""
    if message.get("subtype") not in _PLAIN or message.get("bot_id") or not message.get("user"):
        return None
    if message["user"] == bot_user:
        return None
    written = str(message.get("text") or "")
    text, to_bot = _without_mention(written, bot_user)
    files = tuple(_files(message.get("files") or ()))
    kind, word = _judge(text, to_bot=to_bot, has_files=bool(files))
    thread_ts = str(message.get("thread_ts") or "")
    return Said(
        channel=channel,
        ts=str(message["ts"]),
        user=str(message["user"]),
        thread_ts="" if thread_ts == message["ts"] else thread_ts,
        text=text,
        kind=kind,
        word=word,
        to_bot=to_bot,
        of_bot=any(found[1] == bot_user for found in re.finditer(_MENTION, written)),
        files=files,
    )


def _without_mention(text: str, bot_user: str) -> tuple[str, bool]:
    """The text without the mentions of the bot that it begins with, and whether there are any."""
    to_bot, at = False, 0
    while (found := _FIRST_MENTION.match(text, at)) and found[1] == bot_user:
        to_bot, at = True, found.end()
    return (text[at:] if to_bot else text), to_bot


def _judge(text: str, *, to_bot: bool, has_files: bool) -> tuple[Kind, str]:
    if text.lstrip().startswith(("//", "<@", "<!")):
        return Kind.NOTE, ""
    if has_files:
        return Kind.TEXT, ""
    word = _only_word(text)
    if not text.strip():
        return (Kind.WORD, "help") if to_bot else (Kind.NOTE, "")
    if word.startswith("!") or to_bot:
        return _called(word.removeprefix("!"), to_bot=to_bot)
    return (Kind.UNSURE, _UNSURE[word]) if word in _UNSURE else (Kind.TEXT, "")


def _called(word: str, *, to_bot: bool) -> tuple[Kind, str]:
    """What a word is that stands where a command would: one that nearly is a command is asked about."""
    elsewhere = _ELSEWHERE if to_bot else {}
    if word in WORDS:
        return Kind.WORD, word
    if word in elsewhere:
        return Kind.WORD, elsewhere[word]
    if word in _UNSURE:
        return Kind.UNSURE, _UNSURE[word]
    near = nearest(word, WORDS) if word else None
    return (Kind.UNSURE, near) if near else (Kind.TEXT, "")


def _only_word(text: str) -> str:
    """The one word of a text, as it was meant; empty when there are more."""
    bare = text.strip(_WRAPPING).casefold()
    bare = bare.rstrip("!").rstrip() if not bare.startswith("!") else f"!{bare[1:].strip(_WRAPPING + '!')}"
    return bare if len(bare) <= _LONGEST_WORD and not re.search(r"\s", bare) else ""


def _files(given: Iterable[Any]) -> Iterable[Enclosed]:
    for file in given:
        if isinstance(file, dict):
            yield _file(file)


def _file(file: Mapping[str, Any]) -> Enclosed:
    """A file of a message; one that may be a text is still to be read from its `url`."""
    size = file.get("size")
    length = size if isinstance(size, int) else 0
    url = str(file.get("url_private_download") or file.get("url_private") or "")
    readable = 0 < length <= LONGEST_FILE and not file.get("is_external")
    kind = str(file.get("mimetype") or "")
    is_text = readable and not kind.startswith(_NO_TEXT)
    return Enclosed(
        name=str(file.get("name") or file.get("title") or "file"),
        link=str(file.get("permalink") or file.get("url_private") or ""),
        url=url if is_text else "",
        size=length,
        is_unread=True,
    )
