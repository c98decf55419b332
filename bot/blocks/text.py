"""Words for Slack: made readable, made safe, cut to fit (guide, sections 6.3 to 6.5).

Text from people, agents, templates and logs comes in as it is and goes out literal: `said` and `kept` prepare it for
the elements that Slack shows literally, `fallback` for the one text that Slack reads as markup.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit

from bot.blocks.elements import Element
from bot.blocks.secrets import HIDDEN, hide_secrets

__all__ = [
    "HIDDEN",
    "WorkLink",
    "clean",
    "cut",
    "date_element",
    "duration",
    "escape",
    "fallback",
    "fold",
    "hide_secrets",
    "kept",
    "link_markup",
    "mention_markup",
    "mrkdwn_date",
    "ordinal",
    "plural",
    "said",
    "sentence",
    "spoken",
    "utc",
    "work_link",
]

TEXT_CHARACTERS = 600
TEXT_BYTES = 3_800
# What is shown on one line comes from the beginning; the rest of 50 kB is not worth the work on every render.
_READ_CHARACTERS = 12_000

# Sequences end at the next ESC at the latest, so that hostile text is read once, not once per ESC.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-~]"
)
_LINE_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Zero width, direction, fillers, and the tag and variation characters that can carry a hidden text.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n){2,}")
_SPACE = re.compile(r"\s+")
_ADDRESS = re.compile(r"https?://[^\s<>|\"'`)\]]+", re.IGNORECASE)
_EMOJI = re.compile(
    "[\u200d\u20e3\u231a\u231b\u23e9-\u23fa\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\ufe0e\ufe0f"
    "\U0001f000-\U0001faff]+"
)
_EMOJI_NAME = re.compile(r"(?<![\w:]):([a-z+][a-z0-9_+'-]*):(?![\w:])")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", re.IGNORECASE)
_UNSAFE = re.compile(r"[^!#-;=?-\[\]_a-z~]")  # also what a markup link or a header cannot hold
_WORK = (
    (re.compile(r"/pull(?:-requests)?/(\d{1,9})(?:/|$)"), "PR #"),
    (re.compile(r"/merge_requests/(\d{1,9})(?:/|$)"), "MR !"),
)


def clean(text: str) -> str:
    """The text as it can be read: no control, escape, zero-width or direction characters, no two blank lines."""
    visible = _INVISIBLE.sub("", _LINE_BREAKS.sub("\n", text))
    plain = _CONTROL.sub("", _ESCAPES.sub("", visible))
    return _BLANK_LINES.sub("\n\n", plain)


def fold(text: str) -> str:
    """The text on one line, single spaces between the words."""
    return _SPACE.sub(" ", text).strip()


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, ended with "…" at a word end in the last half if there is one (guide 6.5)."""
    if len(text) <= limit:
        return text
    head = text[: max(limit - 1, 0)]
    if not text[len(head)].isspace():
        end = max((match.start() for match in _SPACE.finditer(head)), default=0)
        head = head[:end] if end >= limit / 2 else head
    return (head.rstrip() + "…")[:limit]


def said(text: str, limit: int) -> str:
    """Somebody's words on one line, secrets hidden, cut."""
    return cut(fold(hide_secrets(clean(text[:_READ_CHARACTERS]))), limit)


def kept(text: str) -> str:
    """Somebody's words with their lines, secrets hidden."""
    return hide_secrets(clean(text)).strip()


def escape(text: str) -> str:
    """The text for a place that Slack reads as markup: & < > are replaced, in this order."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def sentence(text: str) -> str:
    """The text ended like a sentence."""
    return text if text.endswith((".", "!", "?", "…", ":")) or not text else f"{text}."


def plural(count: int, noun: str) -> str:
    """`1 prompt`, `2 prompts`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    suffixes = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else suffixes.get(number % 10, 'th')}"


# -- time --------------------------------------------------------------------------------------------------------------


def utc(at: float, pattern: str) -> str:
    """Slack's date format as words in UTC, for clients that cannot show the reader's own time."""
    moment = datetime.fromtimestamp(at, UTC)
    words = pattern.replace("{date_short_pretty} at {time}", f"{moment:%Y-%m-%d %H:%M} UTC")
    return words.replace("{date_short_pretty}", f"{moment:%Y-%m-%d}").replace("{time}", f"{moment:%H:%M} UTC")


def mrkdwn_date(at: float, pattern: str) -> str:
    """A date in markup, shown in the reader's own time."""
    return f"<!date^{int(at)}^{pattern}|{utc(at, pattern)}>"


def date_element(at: float, pattern: str) -> Element:
    """A date in a rich text, shown in the reader's own time."""
    return {"type": "date", "timestamp": int(at), "format": pattern, "fallback": utc(at, pattern)}


def duration(seconds: float) -> str:
    """A finished time: with seconds below 2 min, in minutes below 2 h, then hours and minutes (guide 6.3)."""
    whole, minutes = max(round(seconds), 0), round(seconds / 60)
    if whole < 120:
        return _units(whole // 60, "min", whole % 60, "s")
    return f"{minutes} min" if minutes < 120 else _units(minutes // 60, "h", minutes % 60, "min")


def _units(large: int, large_unit: str, small: int, small_unit: str) -> str:
    parts = [f"{large} {large_unit}"] if large else []
    return " ".join([*parts, f"{small} {small_unit}"] if small or not large else parts)


# -- links -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WorkLink:
    """Where an agent put its work. `kind` is what people call it: `PR #482`, `MR !7`, or the host."""

    url: str
    kind: str


def work_link(uri: str) -> WorkLink | None:
    """The link in a report, if it can be clicked safely: http or https, a plain host, no name or password in it."""
    url = uri.strip()
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or len(url) > 2_000 or hide_secrets(url) != url:
        return None
    host = parts.hostname or ""
    if not _HOST.fullmatch(host) or "@" in parts.netloc or _UNSAFE.search(url):
        return None
    for shape, kind in _WORK:
        if found := shape.search(parts.path):
            return WorkLink(url, f"{kind}{found[1]}")
    return WorkLink(url, host)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None


def link_markup(link: WorkLink) -> str:
    """A checked link in markup."""
    return f"<{escape(link.url)}|{escape(link.kind)}>"


def mention_markup(user: str) -> str:
    """A mention in markup, only of something that is shaped like a Slack user id."""
    return f"<@{user}>" if re.fullmatch(r"[UW][A-Z0-9]{2,30}", user) else ""


# -- the top-level text ------------------------------------------------------------------------------------------------


def fallback(text: str, *, lead: str = "", tail: str = "") -> str:
    """A message's top-level text: escaped, no emoji, addresses by their kind; 600 characters, 3,800 bytes at most.

    `lead` and `tail` are markup of this app (a mention, links) and are never cut.
    """
    ends = len(lead) + len(tail)
    body = fold(spoken(hide_secrets(clean(text[:_READ_CHARACTERS]))))
    limit = max(TEXT_CHARACTERS - ends, 80)
    made = _joined(lead, escape(cut(body, limit)), tail)
    while len(made.encode()) > TEXT_BYTES and limit > 1:
        limit //= 2
        made = _joined(lead, escape(cut(body, limit)), tail)
    return made


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def spoken(text: str) -> str:
    """What a screen reader should say: no emoji, and the kind of an address for the address."""
    named = _ADDRESS.sub(lambda match: _kind(match[0]), text)
    return _EMOJI_NAME.sub(r"\1", _EMOJI.sub("", named))


def _kind(address: str) -> str:
    link = work_link(address.rstrip(".,;:!?"))
    return (link.kind if link else "a link") + address[len(address.rstrip(".,;:!?")) :]
