"""What goes wrong with the bots themselves, and with their database: killed, stopped, frozen, cut off, locked, full."""

from __future__ import annotations

import asyncio
import random
import resource
import sqlite3
from pathlib import Path

from tests.faults.bots import Replica
from tests.faults.launch import POINTS
from tests.faults.moves import move, on_postgresql, on_sqlite
from tests.faults.people import create as somebody_creates
from tests.faults.stage import Stage


def _a_bot(stage: Stage, chance: random.Random) -> Replica | None:
    bots = [bot for bot in stage.bots if bot.up.is_set() and not bot.frozen]
    return chance.choice(bots) if bots else None


@move("fault", 4)
async def killed(stage: Stage, chance: random.Random) -> str:
    """A bot is killed, and started again after a moment."""
    bot = _a_bot(stage, chance)
    if bot is None:
        return ""
    bot.kill(chance.uniform(0.0, 0.5))
    return f"{bot.session} is killed"


@move("fault", 10)
async def killed_at(stage: Stage, chance: random.Random) -> str:
    """A bot will be killed at an exact point: between two statements, two calls, a call and its note."""
    bot = _a_bot(stage, chance)
    if bot is None:
        return ""
    point = chance.choice(POINTS[1:])
    passes = chance.randint(1, 60 if point == "statement" else 8)
    bot.rest = chance.uniform(0.0, 0.4)
    bot.control.arm(point, passes)
    return f"{bot.session} will die: {point}, {passes}"


@move("fault", 2)
async def stopped(stage: Stage, chance: random.Random) -> str:
    """A bot is stopped in order, and started again: a rolling restart."""
    bot = _a_bot(stage, chance)
    if bot is None:
        return ""
    bot.stop(chance.uniform(0.0, 0.3))
    return f"{bot.session} is asked to stop"


@move("fault", 3)
async def frozen(stage: Stage, chance: random.Random) -> str:
    """A bot freezes, is believed dead, and wakes later than its leases hold."""
    bot = _a_bot(stage, chance)
    if bot is None:
        return ""
    bot.freeze()
    session, pid, seconds = bot.session, bot.pid, chance.uniform(0.2, 0.8)

    async def outlast() -> None:
        await stage.all_sent_is_done()
        if bot.frozen and await stage.ledgers.outlast(session, pid):
            bot.outlasted = 120.0

    outlasting = stage.spawn(outlast())

    async def wake() -> None:
        await asyncio.wait({outlasting})  # else it would lose its leases while it lives
        bot.wake()

    stage.after(seconds, wake)
    return f"{bot.session} freezes for {seconds:.1f} s"


# -- the database ------------------------------------------------------------------------------------------------------


@move("fault", 3, on_postgresql)
async def sessions_cut(stage: Stage, chance: random.Random) -> str:
    """The database ends all sessions of a bot, or of all of them."""
    bot = _a_bot(stage, chance)
    if bot is None:
        return ""
    name = chance.choice((bot.session, "bot"))
    return f"{stage.ledgers.cut(name)} sessions of {name} end"


@move("fault", 1.5, on_postgresql)
async def server_restarted(stage: Stage, chance: random.Random) -> str:
    """The whole database server is restarted, in order or after a crash."""
    signal = chance.choice(("INT", "QUIT"))
    stage.spawn(asyncio.to_thread(stage.restart_server, signal))
    return f"the database server is restarted by {signal}"


@move("fault", 2, on_sqlite)
async def database_locked(stage: Stage, chance: random.Random) -> str:
    """Somebody else holds the file for a while, perhaps for as long as Slack waits for an ack."""
    path = stage.ledgers.url.removeprefix("sqlite:///")
    holder = sqlite3.connect(path, isolation_level=None, timeout=0.2)
    try:
        holder.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        holder.close()
        return ""
    seconds = chance.choice((0.3, 0.7, 1.5))
    stage.after(seconds, holder.close)
    return f"the database is locked for {seconds} s"


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


@move("fault", 1, on_sqlite)
async def disk_full(stage: Stage, chance: random.Random) -> str:
    """No file of the bot can grow any more for a while."""
    bot = _a_bot(stage, chance)
    if bot is None:
        return ""
    pid = bot.pid
    size = _size(Path(stage.ledgers.url.removeprefix("sqlite:///") + "-wal"))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def roomy() -> None:
        if bot.pid == pid:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    stage.after(chance.uniform(0.2, 0.8), roomy)
    return f"{bot.session} finds the disk full"


@move("fault", 0.5)
async def at_once(stage: Stage, chance: random.Random) -> str:
    """A task is asked for in the very moment in which the bot will die."""
    bot = _a_bot(stage, chance)
    if bot is None:
        return ""
    bot.control.arm(chance.choice(POINTS[1:]), chance.randint(1, 12))
    return "a create while the bot dies: " + await somebody_creates(stage, chance)
