"""The command line: run, sandbox, doctor, migrate."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final

from bot.errors import StartError
from bot.log import hide

# Supervisors kill after ten seconds; the orderly stop needs fewer.
_STOP_SECONDS: Final = 9.5
_REFUSED_SECONDS: Final = 0.5

_RUN_HELP: Final = """\
Settings come from the environment:
  SLACK_BOT_TOKEN         xoxb-..., required
  SLACK_APP_TOKEN         xapp-...: Socket Mode; without it HTTP, which needs SLACK_SIGNING_SECRET
  CODER_URL, CODER_SESSION_TOKEN   the Coder server and a site owner's token, required
  CODER_TASK_TEMPLATE_NAME, CODER_TASK_PRESET_NAME   what a task starts from when nobody says
  DATABASE_URL            sqlite:///coder-task-bot.db (default) or postgresql://user:password@host/name
  BOT_HOST, BOT_PORT      127.0.0.1 and 8080: /healthz, /readyz, /metrics, and Slack's requests in HTTP mode
  BOT_POLL_SECONDS, BOT_SETTLE_SECONDS, BOT_EDIT_SECONDS, BOT_LOG_LEVEL, BOT_CODER_API, SLACK_API_URL   see README

It ends with status 0 after SIGTERM or Control-C, within 10 s; with 1 and one line on stderr when something is wrong.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, or 1 after one clear line on stderr."""
    given = _parser().parse_args(arguments)
    try:
        return asyncio.run(_guarded(_COMMANDS[given.command], given))
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="coder-task-bot", description="Start and steer Coder tasks from Slack.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "run",
        help="run the bot; settings come from the environment",
        epilog=_RUN_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands.add_parser("doctor", help="check Slack, Coder and the database, and say how to mend what is wrong")
    commands.add_parser("migrate", help="bring the tables of DATABASE_URL up to date, and end; `run` does it too")
    sandbox = commands.add_parser("sandbox", help="try the bot on a local Slack and a local Coder, without any account")
    sandbox.add_argument("--tour", action="store_true", help="play a conversation, print its transcript, and end")
    sandbox.add_argument(
        "--port", type=_port, default=0, help="port of the page in the browser (default: any free one)"
    )
    sandbox.add_argument("--no-open", action="store_true", help="do not open the page in the browser")
    sandbox.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="keep everything in this folder (default: it is thrown away at the end)",
    )
    sandbox.add_argument("--speed", type=_speed, default=1.0, help="how much faster the local agents work (default 1)")
    return parser


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def _speed(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1000:
        raise argparse.ArgumentTypeError("the speed is a number above 0, at most 1000")
    return number


async def _guarded(command: Command, given: argparse.Namespace) -> int:
    """Run a command; what is wrong is said in one line, and what is a mistake of ours never tells a secret."""
    try:
        return await command(given)
    except StartError as error:
        print(hide("coder-task-bot: " + " ".join(str(error).split())), file=sys.stderr, flush=True)
    except Exception:  # noqa: BLE001 - it is shown, and the process ends
        print(hide(traceback.format_exc()), file=sys.stderr, flush=True)
    _end_within(_REFUSED_SECONDS, 1)
    return 1


def _end_within(seconds: float, status: int) -> None:
    """End the process even if one of its threads hangs, as one does that waits for a name server."""
    timer = threading.Timer(seconds, os._exit, [status])
    timer.daemon = True
    timer.start()


def _stop_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    asked = asyncio.Event()

    def ask() -> None:
        asked.set()
        _end_within(_STOP_SECONDS, 0)

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ask)
    return asked


async def _run(_: argparse.Namespace) -> int:
    asked = _stop_signals()  # before the imports, which take longest
    gc.disable()  # what they make stays: looking at it again and again costs a fifth of the start
    from bot.app import run
    from bot.settings import read_settings

    gc.freeze()
    gc.enable()
    return await run(read_settings(), asked)


async def _doctor(_: argparse.Namespace) -> int:
    from bot.doctor import doctor
    from bot.settings import read_settings

    return await doctor(read_settings())


async def _migrate(_: argparse.Namespace) -> int:
    from bot.app import migrate_only
    from bot.settings import database_url

    print(await migrate_only(database_url()))
    return 0


async def _sandbox(given: argparse.Namespace) -> int:
    from bot.sandbox import sandbox

    return await sandbox(
        tour=given.tour, port=given.port, open_page=not given.no_open, data=given.data, speed=given.speed
    )


Command = Callable[[argparse.Namespace], Awaitable[int]]
_COMMANDS: Mapping[str, Command] = MappingProxyType(
    {"run": _run, "doctor": _doctor, "migrate": _migrate, "sandbox": _sandbox}
)

if __name__ == "__main__":
    raise SystemExit(main())
