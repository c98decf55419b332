"""The bot as `python -m bot run` starts it, but for a time that goes by quickly: Slack's limits do not hold it up.

python -m tests.bench.swift     its housekeeping comes every second
"""

from __future__ import annotations

import asyncio
import gc
import signal
import sys

from bot import log
from bot.app import open_bot, serve
from bot.settings import read_settings
from bot.slack.pace import Pace

_SPEED = 1_000.0
_HOUSEKEEPING_SECONDS = 1.0


async def main() -> int:
    """Run until the process is told to end; the exit status."""
    asked, settings = asyncio.Event(), read_settings()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
    log.set_up(settings.bot_log_level, secrets=settings.secrets)
    bot = await open_bot(settings, Pace(speed=_SPEED))
    gc.freeze()
    bot.rounds.every(_HOUSEKEEPING_SECONDS, bot.housekeeping.tick)
    return await serve(bot, asked)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
