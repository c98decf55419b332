"""Names and near misses: Coder's rule for task names, names and titles made from prompts, the nearest of some words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from hashlib import sha256

NAME_LENGTH = 32
TITLE_LENGTH = 80
_STEM_LENGTH = 27  # leaves room for a hyphen and four digits
_NAME = re.compile(r"[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*")
_RESERVED = ("new", "create")  # Coder's own routes
_ADDRESS = re.compile(r"https?://\S+")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})\s*[\w.+-]*\s*")
_MARKS = re.compile(r"\s*(?:#{1,6}\s+|>\s*|[-*•]\s+)*")


def task_name_problem(name: str) -> str | None:
    """Say in one sentence why Coder would refuse a task name; None when it would not."""
    if name in _RESERVED:
        return "Coder keeps this name for itself."
    if len(name) > NAME_LENGTH or not _NAME.fullmatch(name):
        return "Letters, numbers and hyphens, 32 at most."
    return None


def suggest_name(name: str) -> str:
    """Make the nearest name that Coder accepts."""
    stem = _stem(name, NAME_LENGTH) or "task"
    return f"{stem}-task" if stem in _RESERVED else stem


def task_name(prompt: str, key: str, salt: int = 0) -> str:
    """Make a readable, valid name for a prompt: always the same for the same prompt, key and salt."""
    start = prompt[: 20 * _STEM_LENGTH]
    stem = _stem(_ADDRESS.sub(" ", start), _STEM_LENGTH) or _stem(start, _STEM_LENGTH) or "task"
    digest = sha256(f"{key}:{salt}".encode("utf-8", "replace")).hexdigest()
    return f"{stem}-{digest[:4]}"


def title(prompt: str) -> str:
    """Make one line of at most 80 characters from a prompt's first line that says something."""
    for line in prompt.splitlines():
        words = "" if _FENCE.fullmatch(line) else " ".join(_MARKS.sub("", line, count=1).replace("```", " ").split())
        if words:
            return shorten(words, TITLE_LENGTH)
    return "Untitled task"


def shorten(text: str, limit: int) -> str:
    """Cut a text to a number of characters, at a word end in its last half, with an ellipsis that is counted."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    if not text[limit - 1].isspace():
        head = kept.rpartition(" ")[0]
        kept = head if len(head) >= limit // 2 else kept
    return kept.rstrip() + "…"


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """Find the candidate within two typing slips of a word (one for up to four letters), the nearest and first."""
    limit = 1 if len(word) <= 4 else 2
    best: tuple[int, str] | None = None
    for candidate in candidates:
        if abs(len(word) - len(candidate)) > limit:
            continue
        slips = distance(word.casefold(), candidate.casefold())
        if slips <= limit and (best is None or slips < best[0]):
            best = (slips, candidate)
    return best[1] if best else None


def distance(one: str, other: str) -> int:
    """Count the letters to add, drop, change or swap with their neighbour between two words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, target in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != target))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == target:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _stem(text: str, limit: int) -> str:
    """Join the first words of a text that fit, as lower-case letters and digits with single hyphens between."""
    plain = unicodedata.normalize("NFKD", re.sub(r"['’`]", "", text)).encode("ascii", "ignore").decode()
    stem = ""
    for word in re.findall(r"[a-z0-9]+", plain.lower()):
        longer = f"{stem}-{word}" if stem else word[:limit]
        if len(longer) > limit:
            break
        stem = longer
    return stem
