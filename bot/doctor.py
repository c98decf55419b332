"""Checks every outside thing that the bot needs, and says how to mend what is wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from bot.coder import Coder
from bot.coder.server import check
from bot.errors import BotError, StartError
from bot.settings import Settings
from bot.slack.client import open_session, web_client
from bot.slack.identity import check_app_token, identify
from bot.store.database import Database
from bot.store.migrate import migrate

# What manifest.yml asks for, and what does not work without it.
NEEDED_SCOPES = {
    "chat:write": "post cards and replies",
    "commands": "take /coder-task",
    "channels:history": "read replies in public channels",
    "groups:history": "read replies in private channels",
    "im:history": "read replies in direct messages",
    "im:write": "open direct messages",
    "reactions:write": "show how a prompt fares",
    "files:write": "attach long output",
    "users:read": "know people's names",
    "users:read.email": "find people's Coder users",
}

Check = Callable[[], Awaitable[list[str]]]


async def doctor(settings: Settings, say: Callable[[str], None] = print) -> int:
    """Run every check and print a line or more for each; 0 when all is well, 1 otherwise."""
    well = True
    async with AsyncExitStack() as resources:
        session = await resources.enter_async_context(open_session())
        web = web_client(session, settings.slack_bot_token.get_secret_value(), settings.slack_api_url)
        coder = Coder.of(settings)
        resources.push_async_callback(coder.close)

        async def slack_lines() -> list[str]:
            found = await identify(web)
            lines = [f"the bot token is of the app in {found.team or 'the workspace'}"]
            missing = NEEDED_SCOPES.keys() - found.scopes if found.scopes else set()
            return lines + [
                f"warning: without the scope {one} it cannot {NEEDED_SCOPES[one]}" for one in sorted(missing)
            ]

        async def ingress_lines() -> list[str]:
            if settings.slack_app_token is None:
                return [f"HTTP: Slack's request URL must lead to port {settings.bot_port}, path /slack/events"]
            await check_app_token(web, settings.slack_app_token.get_secret_value())
            return ["Socket Mode: the app token opens sockets"]

        async def coder_lines() -> list[str]:
            info = await check(coder.http)
            templates = await coder.directory.templates()
            lines = [f"Coder {info.version} at {coder.http.url}, as {info.username}"]
            lines += [f"warning: {warning}" for warning in info.warnings]
            names = ", ".join(template.name for template in templates)
            return [*lines, f"templates for tasks: {names}" if names else "warning: there is no template for tasks"]

        async def database_lines() -> list[str]:
            database = await Database.open(settings.database_url)
            try:
                return [f"{database.dialect}: {await migrate(database)}"]
            finally:
                await database.close()

        checks: dict[str, Check] = {
            "Slack": slack_lines,
            "Ingress": ingress_lines,
            "Coder": coder_lines,
            "Database": database_lines,
        }
        for name, run in checks.items():
            well &= await _report(name, run, say)
    return 0 if well else 1


async def _report(name: str, run: Check, say: Callable[[str], None]) -> bool:
    try:
        lines = await run()
    except (StartError, BotError) as error:
        say(f"{name:9} FAILED   {error}")
        return False
    for line in lines:
        mark = "warning" if line.startswith("warning: ") else "ok"
        say(f"{name:9} {mark:8} {line.removeprefix('warning: ')}")
    return True
