"""The command line: run, sandbox, doctor, migrate."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from bot.errors import StartError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, or 1 after one clear line on stderr."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        return asyncio.run(_COMMANDS[given.command](given))
    except StartError as error:
        print(f"coder-task-bot: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="coder-task-bot", description="Start and steer Coder tasks from Slack.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="run the bot; settings come from the environment")
    commands.add_parser("doctor", help="check Slack, Coder and the database, and say how to mend what is wrong")
    commands.add_parser("migrate", help="bring the database's tables up to date, and end")
    sandbox = commands.add_parser("sandbox", help="try the bot on a local Slack and a local Coder, without any account")
    sandbox.add_argument("--tour", action="store_true", help="play a conversation, print its transcript, and end")
    sandbox.add_argument("--port", type=int, default=0, help="port of the local Slack (default: any free one)")
    sandbox.add_argument("--speed", type=float, default=1.0, help="how much faster the local agents work (default 1)")
    return parser


async def _run(_: argparse.Namespace) -> int:
    from bot.app import run
    from bot.settings import read_settings

    return await run(read_settings())


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

    return await sandbox(tour=given.tour, port=given.port, speed=given.speed)


_COMMANDS = {"run": _run, "doctor": _doctor, "migrate": _migrate, "sandbox": _sandbox}

if __name__ == "__main__":
    raise SystemExit(main())
