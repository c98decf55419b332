# ruff: noqa: PLC0415 - what is imported is the bot, and only where it is run
"""Starts bots as processes of their own, quickly: a nursery that has everything imported forks one for each start.

What runs in a child is `python -m bot run`, with hooks around it by which the one who runs the schedule can make it die
at an exact moment (`POINTS`), make its clock jump as the clock of a process does that was frozen, or set its wall clock
(`timepiece`). All of it is told by a few shared bytes, the child's `Control`. Nothing of this is in `bot/`.

    python -m tests.faults.launch       the nursery; its standard input is a socket of `Nursery` in tests/faults/bots.py
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import random
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

# Where a process can be killed. A point counts down each time that it is passed, and kills at zero.
POINTS: Final = (
    "never",
    "statement",  # before a statement of the database
    "commit",  # before a commit
    "committed",  # after a commit, before anybody hears of it
    "asked",  # before a call that changes something in Slack or in Coder
    "answered",  # Slack or Coder has done it and answered; nothing is noted yet
    "attempted",  # a delivery has ended, well or not, and is not settled
    "settled",  # a delivery is settled, the next one has not begun
)
_LAYOUT: Final = struct.Struct("<ddii")
_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG
_real_monotonic = time.monotonic


class Control:
    """Shared bytes: by how many seconds the child's clocks are off, and where it shall die after how many passes."""

    def __init__(self, path: Path, *, new: bool = False) -> None:
        if new:
            path.write_bytes(_LAYOUT.pack(0.0, 0.0, 0, 0))
        with path.open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), _LAYOUT.size)

    def _read(self) -> tuple[float, float, int, int]:
        shift, wall, point, passes = _LAYOUT.unpack(self._bytes[:])
        return shift, wall, point, passes

    def _write(self, shift: float, wall: float, point: int, passes: int) -> None:
        self._bytes[:] = _LAYOUT.pack(shift, wall, point, passes)

    def jump(self, seconds: float) -> None:
        """Let the clock go forward that is for measuring."""
        shift, wall, point, passes = self._read()
        self._write(shift + seconds, wall, point, passes)

    def set_wall(self, seconds: float) -> None:
        """Let the wall clock be so much ahead of the true time from now on; less than nothing is behind."""
        shift, _, point, passes = self._read()
        self._write(shift, seconds, point, passes)

    def arm(self, point: str, passes: int) -> None:
        """Die at the point, when it is passed for that many times; `never` disarms."""
        shift, wall, _, _ = self._read()
        self._write(shift, wall, POINTS.index(point), passes)

    def monotonic(self) -> float:
        """The clock of the child."""
        return _real_monotonic() + self._read()[0]

    @property
    def wall(self) -> float:
        """By how many seconds the child's wall clock is ahead."""
        return self._read()[1]

    def passes(self, point: str) -> None:
        """The child passes a point: it may be its last."""
        shift, wall, armed, left = self._read()
        if armed and POINTS[armed] == point:
            if left <= 1:
                os.kill(os.getpid(), signal.SIGKILL)
            self._write(shift, wall, armed, left - 1)


def main() -> None:
    """Be the nursery: for each request fork a bot, until nobody is there to ask."""
    import bot.app
    import bot.store.postgres  # noqa: F401
    from tests.faults.clockwork import hurry

    hurry()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for them
    asked = socket.socket(fileno=0)
    while True:
        text, files, _, _ = socket.recv_fds(asked, 1 << 16, 1)
        if not text:
            os._exit(0)  # what was imported takes long to be taken apart
        request = json.loads(text)
        child = os.fork()
        if child == 0:
            asked.close()
            be_a_bot(request, files[0])
        os.close(files[0])
        asked.sendall(struct.pack("<i", child))


def be_a_bot(request: dict[str, Any], log: int) -> None:
    """In the child: run the bot with this environment, its log in that file, until it ends."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        for number, file in enumerate((null, log, log)):
            os.dup2(file, number)
        os.environ.clear()
        os.environ.update(request["environment"])
        random.seed()
        instrument(Control(Path(request["control"])))
        from bot.__main__ import main as run

        status = run(["run"])
    except BaseException:  # noqa: BLE001 - the child ends here, whatever it was
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def instrument(control: Control) -> None:
    """Put the hooks around the bot."""
    import aiohttp
    import httpx
    import sqlalchemy as sa

    from bot.outbox import Outbox
    from bot.store.database import Database
    from tests.faults import timepiece

    time.monotonic = control.monotonic
    timepiece.follow(control)
    signal.signal(signal.SIGUSR1, lambda *_: None)  # wakes the event loop, so that it sees that its clock has jumped
    sa.event.listen(sa.Engine, "before_cursor_execute", lambda *_: control.passes("statement"))
    sa.event.listen(sa.Engine, "commit", lambda *_: control.passes("commit"))
    _after(Database, "run", control, "committed")
    _after(Outbox, "_attempt", control, "attempted")
    _after(Outbox, "_settle", control, "settled")
    _around(aiohttp.ClientSession, "_request", control, _changes_slack)
    _around(httpx.AsyncClient, "send", control, _changes_coder)


def _changes_slack(_: object, method: str, url: object, **__: Any) -> bool:
    reads = ("conversations.", "auth.test", "users.info", "apps.connections", "getPermalink")
    return method == "POST" and not any(name in str(url) for name in reads)


def _changes_coder(_: object, request: Any, **__: Any) -> bool:
    return str(request.method) != "GET"


def _after(owner: Any, name: str, control: Control, point: str) -> None:
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def hooked(*given: Any, **named: Any) -> Any:
        result = await original(*given, **named)
        control.passes(point)
        return result

    setattr(owner, name, hooked)


def _around(owner: Any, name: str, control: Control, changes: Callable[..., bool]) -> None:
    original: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def hooked(*given: Any, **named: Any) -> Any:
        if not changes(*given, **named):
            return await original(*given, **named)
        control.passes("asked")
        result = await original(*given, **named)
        control.passes("answered")
        return result

    setattr(owner, name, hooked)


if __name__ == "__main__":
    main()
