"""Slack's messages as plain text for a terminal: pure functions, one for each kind of block and element.

Nothing that somebody wrote can steer the terminal: every line goes through `safe`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

Json = Mapping[str, Any]

WIDTH: Final = 100
SYMBOLS: Final = {
    "bell": "🔔",
    "double_vertical_bar": "⏸",
    "eyes": "👀",
    "gear": "⚙",
    "grey_question": "❔",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "information_source": "ℹ",  # noqa: RUF001 - Slack's symbol
    "question": "❓",
    "speech_balloon": "💬",
    "tada": "🎉",
    "thumbsup": "👍",
    "warning": "⚠",
    "wastebasket": "🗑",
    "white_check_mark": "✅",
    "x": "❌",
}
_DIRECTION = re.compile("[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_ENTITY = re.compile(r"<([^<>\n]*)>")
_DATE_TOKEN = re.compile(r"\{(\w+)\}")
_STYLES = re.compile(r"(?<![\w*_~])([*_~])(?=\S)(.+?)(?<=\S)\1(?![\w*_~])")
_EMOJI = re.compile(r":([a-z0-9_+'-]+):")


@dataclass(frozen=True)
class Reader:
    """Who reads: the names behind ids, the time zone, and the present (Unix seconds), for which days are today."""

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    now: float = 0.0


def safe(line: str) -> str:
    """One line that cannot steer a terminal: control characters become visible, direction marks go."""
    return "".join(_visible(character) for character in _DIRECTION.sub("", line.replace("\t", "    ")))


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "\ufffd" if 0x80 <= code <= 0x9F or 0xD800 <= code <= 0xDFFF else character


def emoji(name: str) -> str:
    """A symbol by its Slack name; one that has no symbol here keeps its colons."""
    return SYMBOLS.get(name, f":{name}:")


def content_lines(content: Json, reader: Reader) -> list[str]:
    """A message or view (`text`, `blocks`): its blocks, or where there are none its text."""
    blocks = content.get("blocks") or []
    if not blocks:
        return _lines(markup(str(content.get("text") or ""), reader))
    return [line for block in blocks for line in block_lines(block, reader)]


def block_lines(block: Json, reader: Reader) -> list[str]:
    """One block; a kind that is not known shows itself as such."""
    render = _BLOCKS.get(str(block.get("type")))
    return _lines(f"[unknown block: {block.get('type')}]" if render is None else render(block, reader))


def laid_out(first: str, rest: Iterable[str], indent: str, width: int = WIDTH) -> list[str]:
    """A first line and those below it, indented; long ones are folded, and a quote stays one."""
    lines = _folded(first, "", indent, width)
    for line in rest:
        lead = re.match(r"[ |•\d.]*", line)
        below = re.sub(r"[^ |]", " ", lead[0]) if lead else ""
        lines += _folded(line, indent, indent + below, width)
    return lines


def _folded(line: str, indent: str, below: str, width: int) -> list[str]:
    wrapper = textwrap.TextWrapper(width, initial_indent=indent, subsequent_indent=below)
    wrapper.replace_whitespace = wrapper.break_long_words = wrapper.break_on_hyphens = False
    return wrapper.wrap(line) or [indent.rstrip()]


def _lines(text: str) -> list[str]:
    return [safe(line).rstrip() for line in text.split("\n")] if text else []


# -- text objects ------------------------------------------------------------------------------------------------------


def text_object(value: Any, reader: Reader) -> str:
    """A plain_text or mrkdwn object."""
    if not isinstance(value, Mapping):
        return ""
    text = str(value.get("text") or "")
    if value.get("type") == "mrkdwn":
        return markup(text, reader, styled=not value.get("verbatim"))
    return text if value.get("emoji") is False else _EMOJI.sub(_symbol, text)


def markup(text: str, reader: Reader, *, styled: bool = True) -> str:
    """Slack's markup as text: mentions, dates and links resolved, entities undone; `styled`: marks of style go."""
    parts: list[str] = []
    end = 0
    for found in _ENTITY.finditer(text):
        parts += [_styled(text[end : found.start()], styled=styled), _entity(found[1], reader)]
        end = found.end()
    parts.append(_styled(text[end:], styled=styled))
    return "".join(parts).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _styled(text: str, *, styled: bool) -> str:
    return _EMOJI.sub(_symbol, _STYLES.sub(r"\2", re.sub(r"(?m)^&gt; ?", "| ", text))) if styled else text


def _symbol(found: re.Match[str]) -> str:
    return SYMBOLS.get(found[1], found[0])


def _entity(inner: str, reader: Reader) -> str:
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        return f"@{reader.users.get(target[1:], label or target[1:])}"
    if target.startswith("#"):
        return f"#{reader.channels.get(target[1:], label or target[1:])}"
    if target.startswith("!date^"):
        return _date_entity(target, label, reader)
    if target.startswith("!"):
        return label or f"@{target[1:].partition('^')[0]}"
    return label or target


def _date_entity(target: str, fallback: str, reader: Reader) -> str:
    _, seconds, pattern = [*target.split("^"), "", ""][:3]
    return date(float(seconds), pattern, reader) if seconds.isdecimal() and pattern else fallback


def date(seconds: float, pattern: str, reader: Reader) -> str:
    """Slack's date formats in the reader's zone; a token that is not known stays as it is."""
    try:
        moment = datetime.fromtimestamp(seconds, reader.zone)
    except (OverflowError, ValueError, OSError):
        return pattern
    today = datetime.fromtimestamp(reader.now, reader.zone).date()
    days = {0: "today", -1: "yesterday", 1: "tomorrow"}
    near = days.get((moment.date() - today).days)

    def token(found: re.Match[str]) -> str:
        name = found[1]
        if name.endswith("_pretty") and near:
            return near
        pattern = _DATES.get(name.removesuffix("_pretty"))
        return moment.strftime(pattern) if pattern else found[0]

    return _DATE_TOKEN.sub(token, pattern)


_DATES: Final = {
    "date_num": "%Y-%m-%d",
    "date": "%B %-d, %Y",
    "date_short": "%b %-d, %Y",
    "date_long": "%A, %B %-d, %Y",
    "day_divider": "%A, %B %-d",
    "time": "%H:%M",
    "time_secs": "%H:%M:%S",
    "ago": "%Y-%m-%d %H:%M",
}


# -- rich text ---------------------------------------------------------------------------------------------------------


def rich_text(block: Json, reader: Reader) -> str:
    """A rich_text block: each of its parts on lines of its own."""
    return "\n".join(_rich_part(part, reader) for part in block.get("elements") or [])


def _rich_part(part: Json, reader: Reader) -> str:
    inner = part.get("elements") or []
    match part.get("type"):
        case "rich_text_section":
            return inline(inner, reader)
        case "rich_text_quote":
            return textwrap.indent(inline(inner, reader), "| ", lambda _: True)
        case "rich_text_preformatted":
            return textwrap.indent(inline(inner, reader), "    ", lambda _: True)
        case "rich_text_list":
            return "\n".join(_list_rows(part, reader))
        case unknown:
            return f"[unknown rich text: {unknown}]"


def _list_rows(part: Json, reader: Reader) -> list[str]:
    ordered, indent = part.get("style") == "ordered", "  " * int(part.get("indent") or 0)
    rows = []
    for number, item in enumerate(part.get("elements") or [], int(part.get("offset") or 0) + 1):
        bullet = f"{number}. " if ordered else "• "
        rows.append(f"{indent}{bullet}" + _rich_part(item, reader).replace("\n", "\n" + indent + " " * len(bullet)))
    return rows


def inline(elements: Iterable[Json], reader: Reader) -> str:
    """The elements of a run of rich text."""
    return "".join(_inline(element, reader) for element in elements)


def _inline(element: Json, reader: Reader) -> str:
    kind = str(element.get("type"))
    render = _INLINE.get(kind)
    return f"[unknown element: {kind}]" if render is None else render(element, reader)


def _text(element: Json, _reader: Reader) -> str:
    code = "`" if (element.get("style") or {}).get("code") else ""
    return f"{code}{element.get('text', '')}{code}"


def _named(sign: str, key: str, names: str) -> Callable[[Json, Reader], str]:
    """An element that names something by its id; `names` is the reader's dictionary of such names."""

    def named(element: Json, reader: Reader) -> str:
        known: Mapping[str, str] = getattr(reader, names, {})
        return sign + known.get(str(element.get(key)), str(element.get(key)))

    return named


_INLINE: Final[dict[str, Callable[[Json, Reader], str]]] = {
    "text": _text,
    "link": lambda element, _: str(element.get("text") or element.get("url", "")),
    "emoji": lambda element, _: emoji(str(element.get("name"))),
    "user": _named("@", "user_id", "users"),
    "usergroup": _named("@", "usergroup_id", ""),
    "broadcast": _named("@", "range", ""),
    "channel": _named("#", "channel_id", "channels"),
    "date": lambda element, reader: date(float(element.get("timestamp") or 0), str(element.get("format")), reader),
    "color": lambda element, _: str(element.get("value", "")),
}


# -- the other blocks --------------------------------------------------------------------------------------------------


def _section(block: Json, reader: Reader) -> str:
    parts = [text_object(part, reader) for part in (block.get("text"), *(block.get("fields") or []))]
    accessory = block.get("accessory")
    return "\n".join([*(part for part in parts if part), *([control(accessory, reader)] if accessory else [])])


def _context(block: Json, reader: Reader) -> str:
    shown = [_image(part, reader) if part.get("type") == "image" else text_object(part, reader) for part in _all(block)]
    return "  ".join(shown)


def _actions(block: Json, reader: Reader) -> str:
    return " ".join(control(element, reader) for element in _all(block))


def _header(block: Json, reader: Reader) -> str:
    return text_object(block.get("text"), reader)


def _divider(_block: Json, _reader: Reader) -> str:
    return "─" * 20


def _image(block: Json, _reader: Reader) -> str:
    return f"[image: {block.get('alt_text', '')}]"


def _input(block: Json, reader: Reader) -> str:
    return f"{text_object(block.get('label'), reader)}: {control(block.get('element') or {}, reader)}"


def _markdown(block: Json, _reader: Reader) -> str:
    return str(block.get("text") or "")


def control(element: Json, reader: Reader) -> str:
    """A button, menu or field, as something to press: `[Logs]`, `[⋮ Build log, Delete…]`."""
    kind = str(element.get("type"))
    shown = f"unknown control: {kind}"
    if kind in {"button", "workflow_button"}:
        shown = text_object(element.get("text"), reader)
    elif kind == "image":
        return _image(element, reader)
    elif kind == "overflow":
        shown = f"⋮ {_options(element, reader)}"
    elif kind.endswith("_select"):
        chosen = (element.get("initial_option") or {}).get("text") or element.get("placeholder")
        shown = ": ".join(part for part in (f"▾ {text_object(chosen, reader)}", _options(element, reader)) if part)
    elif kind in {"checkboxes", "radio_buttons"}:
        shown = f"◦ {_options(element, reader)}"
    elif kind.endswith(("_input", "picker")):
        shown = f"✎ {element.get('initial_value') or text_object(element.get('placeholder'), reader)}"
    return f"[{shown}]"


def _options(element: Json, reader: Reader) -> str:
    groups = [element, *(element.get("option_groups") or [])]
    shown = [option for group in groups for option in group.get("options") or []]
    return ", ".join(text_object(option.get("text"), reader) for option in shown)


def _all(block: Json) -> list[Json]:
    return list(block.get("elements") or [])


_BLOCKS: Final[dict[str, Callable[[Json, Reader], str]]] = {
    "rich_text": rich_text,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "header": _header,
    "divider": _divider,
    "image": _image,
    "input": _input,
    "markdown": _markdown,
}
