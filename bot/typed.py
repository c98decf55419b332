"""Slack's way to write text: what it escapes and replaces, and where words, flags and quoted values begin and end."""

from __future__ import annotations

import re
from collections.abc import Callable

Names = Callable[[str], str]

_ENTITY = r"<(?:[@#!]|[a-zA-Z][a-zA-Z0-9+.-]*://|(?:mailto|tel|sip):)[^<>\n]+>"
_DOUBLE, _SINGLE = '"“”„', "'‘’‚"

_SPACE = re.compile(r"\s*")
WORD = re.compile(rf"(?:{_ENTITY}|\S)++")
GAP = re.compile(r"[^\S\n]+")  # between a flag and its value: not a new line
FLAG = re.compile(r"(?P<dash>--|[–—―]|-(?=[a-zA-Z]))(?P<name>[^\s=]*)(?P<given>=)?")
# A closing quote ends a word; inside single quotes a quote between letters is an apostrophe.
QUOTED = re.compile(
    rf"[{_DOUBLE}](?P<double>(?:\\.|{_ENTITY}|[^\\{_DOUBLE}\n])*+)[{_DOUBLE}](?!\S)"
    rf"|[{_SINGLE}](?P<single>(?:\\.|{_ENTITY}|(?<=\w)[{_SINGLE}](?=\w)|[^\\{_SINGLE}\n])*+)[{_SINGLE}](?!\S)"
)
QUOTE = re.compile(f"[{_DOUBLE}{_SINGLE}]")

_ESCAPES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
_ESCAPE = re.compile("|".join(_ESCAPES))
_SLACK = re.compile(f"{_ENTITY}|{_ESCAPE.pattern}")
_LINK = re.compile(r"<(?![@#!])([^<>|\n]+)(?:\|[^<>\n]*)?>")
_ESCAPED_QUOTE = re.compile(rf"\\([\\{_DOUBLE}{_SINGLE}])")
_WRAPPING = f"`{_DOUBLE}{_SINGLE}"


def skip(text: str, at: int) -> int:
    """Find where the next word begins."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def decode(text: str, names: Names | None = None) -> str:
    """Turn text as Slack delivers it into what the person typed; `names` knows people and channels without a label."""
    return _SLACK.sub(lambda found: _plain(found[0], names), text.encode("utf-8", "replace").decode())


def unquote(text: str) -> str:
    """Drop the backslashes before quotation marks in a quoted value."""
    return _ESCAPED_QUOTE.sub(r"\1", text)


def bare(words: str, names: Names | None = None) -> str:
    """Read the words that name one thing: links are their address, wrapping quotes and back quotes mean nothing."""
    return decode(_LINK.sub(r"\1", words), names).strip(_WRAPPING).strip()


def mentioned(word: str) -> str | None:
    """Say which user id a word mentions, if it is a mention and nothing else."""
    found = re.fullmatch(r"<@([^<>|\n]+)(?:\|[^<>\n]*)?>", word)
    return found[1] if found else None


def _plain(found: str, names: Names | None) -> str:
    if found in _ESCAPES:
        return _ESCAPES[found]
    target, _, label = found[1:-1].partition("|")
    target, label = _unescape(target), _unescape(label)
    if target[0] in "@#":
        return target[0] + (label or (names(target[1:]) if names else target[1:]))
    if target[0] == "!":
        kind, _, about = target[1:].partition("^")
        return (label if about else "") or "@" + (about.partition("^")[0] or kind)
    return _link(target, label)


def _link(address: str, label: str) -> str:
    """Keep what was typed when Slack made a link of it, else show the label and the address."""
    short = re.sub(r"^(?:https?://|mailto:|tel:|sip:)", "", address)
    if not label:
        return short if address.startswith(("mailto:", "tel:", "sip:")) else address
    return label if label.rstrip("/") in (address.rstrip("/"), short.rstrip("/")) else f"{label} {address}"


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES[found[0]], text)
