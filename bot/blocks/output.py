"""Output of agents and builds, made readable (guide 3.4 and 6.5).

Agents live in a terminal: what Coder keeps of them is screen text of some 80 columns, with boxes, an input line and
a status line that say nothing to people in Slack.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.blocks.text import clean, cut, fold, hide_secrets, said
from bot.models import LogEntry

LINE_CHARACTERS = 160
# Shorter lines than these are broken on purpose, longer ones by no terminal.
_NARROW, _WIDE = 60, 130

_SIDES = "│┃║"
_RULES = re.compile(r"[\s─-╿▀-▟]*[─-╿▀-▟][\s─-╿▀-▟]*")
_INPUT_LINE = re.compile(r"\s*[>\u276f\u203a]?\s*")
_STATUS_LINE = re.compile(
    r"\s*\? for shortcuts.*|.*\besc(?:ape)? to (?:interrupt|cancel).*|\s*[⏵⏸]{1,2}.*|.*\(shift\+tab to cycle\).*"
    r"|.*Ctrl\+J newline.*|.*\b\d{1,3}% context left.*|\s*ctrl[+-]\w to .*",
    re.IGNORECASE,
)
# A line that begins like this begins something: an item, a call, a tree, a command.
_BEGINS = re.compile(r"\s*(?:[-*+•●○◐⏺✻✓✔✗✘⎿└├│>$#|/]|\d{1,3}[.)]\s|\[)")
_BULLET = re.compile(r"\s*(?:[-*+•●○◐⏺✻]|\d{1,3}[.)])\s+")
_GAP = re.compile(r"\S\s{2,}\S")
_CODE = re.compile(r"\w[(\[{=]")
_ERROR = re.compile(r"error\b", re.IGNORECASE)


@dataclass(frozen=True)
class Output:
    """The end of a longer text. `full` is all of it, readable too; `is_cut` says that it holds more worth reading."""

    shown: str
    is_cut: bool
    full: str
    total_lines: int


def readable(text: str) -> str:
    """Terminal text without frames and status lines, paragraphs in longer lines, secrets hidden."""
    lines = _without_status([_unframed(line) for line in clean(text).expandtabs(4).split("\n")])
    return hide_secrets(clean("\n".join(_unwrapped(lines)))).strip("\n")


def last_output(entries: Sequence[LogEntry], *, question: str = "", lines: int = 8, characters: int = 800) -> Output:
    """The end of what the agent said since the last prompt, without the lines that repeat its question.

    `full` and `total_lines` are all that it said since then, the question too.
    """
    since = max((number for number, entry in enumerate(entries) if entry.is_prompt), default=-1) + 1
    full = "\n\n".join(text for entry in entries[since:] if (text := readable(entry.text)))
    asked = _comparable(clean(question))
    news = [line for line in full.split("\n") if line.strip() and not _repeats(line, asked)]
    return replace(_end(news, lines, characters), full=full, total_lines=len(full.split("\n")) if full else 0)


def log_tail(entries: Sequence[LogEntry], *, lines: int = 20, characters: int = 2_500) -> Output:
    """The end of a conversation; prompts start with `> `."""
    parts = [_prompt(readable(entry.text)) if entry.is_prompt else readable(entry.text) for entry in entries]
    return _end("\n\n".join(part for part in parts if part).split("\n"), lines, characters)


def build_log(log: Sequence[str], *, lines: int = 20, characters: int = 2_500) -> Output:
    """The end of a build's log."""
    return _end(_build_lines(log), lines, characters)


def build_tail(log: Sequence[str], *, lines: int = 8, characters: int = 800) -> tuple[str, ...]:
    """What a build's log says of its failure: from the first line that begins with "Error", else its end."""
    kept = [line for line in _build_lines(log) if line.strip()]
    errors = [number for number, line in enumerate(kept) if _ERROR.match(line)]
    if not errors:
        return tuple(_fitting(kept[-lines:], characters))
    return tuple(reversed(_fitting(kept[errors[0] : errors[0] + lines][::-1], characters)))


def fitting_tail(text: str, *, lines: int = 8, characters: int = 800) -> str:
    """Output that was already chosen, its beginning kept within the limits of a card or a reply."""
    kept = hide_secrets(clean(text)).strip("\n").split("\n")[:lines]
    return "\n".join(reversed(_fitting(kept[::-1], characters)))


def build_cause(log: Sequence[str], error: str) -> str:
    """Why a build failed, in one line: the paragraph after the first "Error", else the job's own error."""
    kept = _build_lines(log)
    start = next((number for number, line in enumerate(kept) if _ERROR.match(line)), None)
    if start is None:
        return said(error, 200)
    words = [kept[start]]
    for line in kept[start + 1 :]:
        if not line.strip() or line.startswith(" "):
            break
        words.append(line)
    return said(re.sub(r"^error:?\s*", "", fold(" ".join(words)), flags=re.IGNORECASE) or error, 200)


# -- lines -------------------------------------------------------------------------------------------------------------


def _build_lines(log: Sequence[str]) -> list[str]:
    text = clean("\n".join(log)).expandtabs(4)
    lines = [_unframed(line.removeprefix("│ ")) for line in text.split("\n")]
    return hide_secrets("\n".join(lines)).strip("\n").split("\n")


def _unframed(line: str) -> str:
    """The line without the box that is drawn around it; nothing of a line that only draws."""
    bare = line.rstrip()
    if _RULES.fullmatch(bare):
        return ""
    inner = bare.strip()
    if len(inner) > 1 and inner[0] in _SIDES and inner[-1] in _SIDES:
        bare = inner[1:-1].removeprefix(" ").rstrip()
    return "" if _INPUT_LINE.fullmatch(bare) else bare


def _without_status(lines: list[str]) -> list[str]:
    """The lines without the terminal's own words at the end."""
    end = len(lines)
    while end and (not lines[end - 1] or _STATUS_LINE.fullmatch(lines[end - 1])):
        end -= 1
    return lines[:end]


def _unwrapped(lines: list[str]) -> list[str]:
    """Lines that the terminal broke, joined again as far as they fit into one shown line."""
    width = max((len(line) for line in lines), default=0)
    if not _NARROW <= width <= _WIDE:
        return lines
    made: list[str] = []
    last = ""
    for line in lines:
        if made and _goes_on(last, line, width) and len(made[-1]) + 1 + len(line.strip()) <= LINE_CHARACTERS:
            made[-1] = f"{made[-1]} {line.strip()}"
        else:
            made.append(line)
        last = line
    return made


def _goes_on(line: str, after: str, width: int) -> bool:
    """Whether the terminal broke the line here: prose, and the next word did not fit."""
    if not after.strip() or _BEGINS.match(after) or not (_is_prose(line) and _is_prose(after, words=1)):
        return False
    deeper = _indent(after) - _text_start(line)
    return -2 <= deeper <= 1 and len(line) + 1 + len(after.split(maxsplit=1)[0]) > width


def _is_prose(line: str, words: int = 4) -> bool:
    found = line.split()
    plain = sum(word.strip(".,;:!?'\"()`-").isalpha() for word in found)
    if len(found) < words or plain * 2 < len(found) or len(_CODE.findall(line)) > 1:
        return False
    return not _GAP.search(_BULLET.sub("", line).strip())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _text_start(line: str) -> int:
    """The column of a line's text: behind its bullet, if it has one."""
    bullet = _BULLET.match(line)
    return bullet.end() if bullet else _indent(line)


def _prompt(text: str) -> str:
    """A prompt's lines, marked."""
    return "> " + text.replace("\n", "\n  ") if text else ""


def _comparable(line: str) -> str:
    return fold(_BULLET.sub("", line)).casefold()


def _repeats(line: str, question: str) -> bool:
    """Whether the line says nothing that the question does not say."""
    words = _comparable(line)
    if len(words) < 4 or len(question) < 4:
        return False
    return words in question or (question in words and len(question) * 2 >= len(words))


# -- the end of many lines ---------------------------------------------------------------------------------------------


def _end(lines: list[str], count: int, characters: int) -> Output:
    """The last lines that fit."""
    full = "\n".join(lines).strip("\n")
    every = full.split("\n") if full else []
    shown = "\n".join(_fitting(every[-count:] if count > 0 else [], characters)).strip("\n")
    return Output(shown, shown != full, full, len(every))


def _fitting(lines: Sequence[str], characters: int) -> list[str]:
    """The last of the lines, each cut to 160 characters, that fit together."""
    made: list[str] = []
    room = characters
    for line in (cut(line.rstrip(), LINE_CHARACTERS) for line in reversed(lines)):
        room -= len(line) + 1
        if room < -1:
            break
        made.insert(0, line)
    return made
