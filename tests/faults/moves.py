"""What a schedule is made of: moves, each a function with a weight in a table of its kind.

A move gets the stage and random numbers of its own, does one thing, and says in a few words what it has done; an empty
text means that there was nothing to do it with. To add one, write the function and decorate it.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.stage import Stage, World

Act = Callable[[Stage, random.Random], Awaitable[str]]


@dataclass(frozen=True)
class Move:
    """One thing that can happen; `weight` is how often it does, among all that can happen in a world."""

    kind: str
    name: str
    weight: float
    act: Act
    fits: Callable[[World], bool]


MOVES: dict[str, Move] = {}


def move(kind: str, weight: float, fits: Callable[[World], bool] = lambda _: True) -> Callable[[Act], Act]:
    """Register a move under its function's name."""

    def register(act: Act) -> Act:
        name = act.__name__
        MOVES[name] = Move(kind, name, weight, act, fits)
        return act

    return register


def in_http(world: World) -> bool:
    """Slack posts to the bot."""
    return world.transport == "http"


def in_socket(world: World) -> bool:
    """The bot opens sockets to Slack."""
    return world.transport == "socket"


def on_sqlite(world: World) -> bool:
    """One file."""
    return world.database == "sqlite"


def on_postgresql(world: World) -> bool:
    """A server."""
    return world.database == "postgresql"


def with_replicas(world: World) -> bool:
    """More than one bot."""
    return world.replicas > 1
