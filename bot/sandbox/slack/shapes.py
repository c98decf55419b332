"""Small checks that compose into the shape of a Block Kit payload: each yields the problems it finds, never raises."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """One refusal: where (a JSON pointer into the sent payload) and why, in the words Slack uses where known."""

    pointer: str
    reason: str

    def __str__(self) -> str:
        return f"[ERROR] {self.reason} [json-pointer:{self.pointer}]"


Check = Callable[[Any, str], Iterator[Problem]]


def string(maximum: int, minimum: int = 1) -> Check:
    """A string of `minimum` to `maximum` characters."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(at, "must be a string")
        elif len(value) > maximum:
            yield Problem(at, f"must be less than {maximum + 1} characters")
        elif len(value) < minimum:
            yield Problem(at, f"must be more than {minimum - 1} characters")

    return check


def integer(minimum: int, maximum: int) -> Check:
    """A whole number between `minimum` and `maximum`, both allowed."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem(at, "must be an integer")
        elif not minimum <= value <= maximum:
            yield Problem(at, f"must be between {minimum} and {maximum}")

    return check


def flag(value: Any, at: str) -> Iterator[Problem]:
    """A JSON boolean."""
    if not isinstance(value, bool):
        yield Problem(at, "must be a boolean")


def anything(_value: Any, _at: str) -> Iterator[Problem]:
    """Accepted as it is, because Slack's own rule for it is not published."""
    return iter(())


def one_of(*allowed: object) -> Check:
    """One of a few values."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if value not in allowed:
            yield Problem(at, f"must be a valid enum value ({', '.join(map(str, allowed))})")

    return check


def url(maximum: int, schemes: Collection[str]) -> Check:
    """An absolute URL with one of these schemes."""
    length = string(maximum)

    def check(value: Any, at: str) -> Iterator[Problem]:
        wrong = list(length(value, at))
        if wrong:
            yield from wrong
        elif not _is_url(value, schemes):
            yield Problem(at, f"Invalid url: {value}")

    return check


def _is_url(value: str, schemes: Collection[str]) -> bool:
    if any(char.isspace() for char in value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.netloc if parts.scheme in ("http", "https") else parts.path)


def items(check_item: Check, maximum: int, minimum: int = 1) -> Check:
    """An array of `minimum` to `maximum` items, each checked."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(at, "must be an array")
            return
        if len(value) > maximum:
            yield Problem(at, f"no more than {maximum} items allowed")
        if len(value) < minimum:
            yield Problem(at, f"must provide at least {minimum} items" if minimum > 1 else "must not be empty")
        for index, item in enumerate(value):
            yield from check_item(item, f"{at}/{index}")

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these fields and no other."""
    known = {**required, **(optional or {})}

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "must provide an object")
            return
        for name in required:
            if value.get(name) is None:
                yield Problem(at, f"missing required field: {name}")
        for name, field in value.items():
            if name not in known:
                yield Problem(at, f"invalid additional property: {name}")
            elif field is not None:
                yield from known[name](field, f"{at}/{name}")

    return check


def typed(kinds: Mapping[str, Check]) -> Check:
    """An object whose `type` says which of these checks it meets."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "must provide an object")
            return
        kind = value.get("type")
        if not isinstance(kind, str):
            yield Problem(at, "missing required field: type")
        elif kind not in kinds:
            yield Problem(f"{at}/type", f"unsupported type: {kind}")
        else:
            yield from kinds[kind](value, at)

    return check


def both(*checks: Check) -> Check:
    """Everything that any of these checks finds."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        for one in checks:
            yield from one(value, at)

    return check


def needs_any(*names: str) -> Check:
    """An object with at least one of these fields."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if isinstance(value, dict) and all(value.get(name) in (None, [], "") for name in names):
            yield Problem(at, f"missing required field: one of {', '.join(names)}")

    return check


def at_most_one(*names: str) -> Check:
    """An object with at most one of these fields."""

    def check(value: Any, at: str) -> Iterator[Problem]:
        if isinstance(value, dict) and sum(value.get(name) is not None for name in names) > 1:
            yield Problem(at, f"only one of {', '.join(names)} may be given")

    return check
