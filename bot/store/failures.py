"""What a driver's errors mean, in one place."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from bot.errors import StoreError

_CONFLICTS: Final = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected


@contextlib.contextmanager
def mapped() -> Iterator[None]:
    """The one place where a driver's error becomes ours; mistakes in our own statements stay what they are."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise StoreError(one_line(error.orig)) from error
    except (sa.exc.TimeoutError, sa.exc.DisconnectionError) as error:
        raise StoreError(one_line(error)) from error


def one_line(error: BaseException | None) -> str:
    """The driver's own text in one line, without the rows it quotes."""
    text = " ".join(str(error).split("\nDETAIL:")[0].split())
    return text[:300] or type(error).__name__


def is_conflict(error: StoreError) -> bool:
    """Whether the transaction lost against another one and may simply run again."""
    return getattr(getattr(error.__cause__, "orig", None), "sqlstate", None) in _CONFLICTS


def is_cut_off(error: StoreError) -> bool:
    """Whether the connection was lost at a statement, so that nothing is done: COMMIT, which may be, is none."""
    cause = error.__cause__
    return isinstance(cause, sa.exc.DBAPIError) and cause.connection_invalidated and cause.statement is not None
