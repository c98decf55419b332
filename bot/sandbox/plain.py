"""Records (dataclasses) as plain JSON values, and back by their type hints."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

_TYPE, _NUMBER, _SAME = "is", "#", "same"
_BARE: Final = (bool, int, float, str)


class Writing:
    """Makes plain values of records.

    A record of a `shared` class is written out where it is met first, and by its number after that, so that what was
    one object becomes one object again. The fields in `left_out` are not written: they get their defaults.
    """

    def __init__(self, shared: tuple[type, ...] = (), left_out: Mapping[type, set[str]] | None = None) -> None:
        self._shared, self._left_out = shared, left_out or {}
        self._numbers: dict[int, int] = {}

    def plain(self, value: Any) -> Any:
        """The value in JSON's types; TypeError for what has no plain form."""
        if value is None or isinstance(value, _BARE):
            return value
        if isinstance(value, dict):
            return {key: self.plain(one) for key, one in value.items()}
        if isinstance(value, list | tuple | set):
            return [self.plain(one) for one in (sorted(value) if isinstance(value, set) else value)]
        if isinstance(value, datetime):
            return value.isoformat()
        return base64.b64encode(value).decode() if isinstance(value, bytes) else self._record(value)

    def _record(self, record: Any) -> dict[str, Any]:
        if not is_dataclass(record):
            raise TypeError(f"{type(record).__name__} has no plain form")
        kind: Any = type(record)
        made: dict[str, Any] = {_TYPE: kind.__name__}
        if isinstance(record, self._shared):
            if id(record) in self._numbers:
                return {_SAME: self._numbers[id(record)]}
            made[_NUMBER] = self._numbers[id(record)] = len(self._numbers)
        left_out = self._left_out.get(kind, ())
        for name in _names(kind):
            if name not in left_out:
                made[name] = self.plain(getattr(record, name))
        return made


class Reading:
    """Makes records of plain values; ValueError or TypeError for a value that does not fit its type."""

    def __init__(self) -> None:
        self._known: dict[int, Any] = {}

    def built(self, hint: Any, value: Any) -> Any:
        """The value of this type."""
        origin, arguments = get_origin(hint), get_args(hint)
        if hint is Any:
            return value
        if origin in (Union, UnionType):
            return self._one_of(arguments, value)
        if origin is Literal:
            return _checked(value, fits=value in arguments)
        if origin is not None:
            return self._several(origin, arguments, value)
        if is_dataclass(hint):
            return self._record(hint, value)
        return _simple(hint, value)

    def _one_of(self, hints: tuple[Any, ...], value: Any) -> Any:
        if value is None:
            return _checked(None, fits=NoneType in hints)
        others = [hint for hint in hints if hint is not NoneType]
        if len(others) == 1:
            return self.built(others[0], value)
        named = [hint for hint in others if isinstance(value, dict) and hint.__name__ == value.get(_TYPE)]
        return self.built(_checked(named, fits=bool(named))[0], value)

    def _several(self, origin: Any, hints: tuple[Any, ...], value: Any) -> Any:
        if origin is dict:
            _checked(value, fits=isinstance(value, dict))
            return {key: self.built(hints[1], one) for key, one in value.items()}
        _checked(value, fits=isinstance(value, list))
        if origin is tuple and hints[1:] != (...,):
            return tuple(self.built(hint, one) for hint, one in zip(hints, value, strict=True))
        return origin(self.built(hints[0], one) for one in value)

    def _record(self, kind: Any, value: Any) -> Any:
        _checked(value, fits=isinstance(value, dict))
        if _SAME in value:
            return _checked(self._known.get(value[_SAME]), fits=isinstance(self._known.get(value[_SAME]), kind))
        _checked(value, fits=value.get(_TYPE) == kind.__name__)
        hints = _hints(kind)
        given = {name: one for name, one in value.items() if name not in (_TYPE, _NUMBER)}
        unknown = given.keys() - hints.keys()
        if unknown:
            raise ValueError(f"{kind.__name__} has no {sorted(unknown)}")
        record = kind(**{name: self.built(hints[name], one) for name, one in given.items()})
        if _NUMBER in value:
            self._known[value[_NUMBER]] = record
        return record


def _simple(hint: Any, value: Any) -> Any:
    if hint is datetime:
        return datetime.fromisoformat(_checked(value, fits=isinstance(value, str)))
    if hint is bytes:
        return base64.b64decode(_checked(value, fits=isinstance(value, str)), validate=True)
    if hint is float:
        return float(_checked(value, fits=isinstance(value, int | float)))
    return _checked(value, fits=isinstance(value, hint))


def _checked(value: Any, *, fits: bool) -> Any:
    if not fits:
        raise ValueError(f"{str(value)[:40]!r} is not what belongs there")
    return value


@cache
def _names(kind: Any) -> list[str]:
    return [field.name for field in fields(kind)]


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
