"""Checks every outside thing that the bot needs, and says how to mend what is wrong; it changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Final

from bot.coder import Coder
from bot.coder.server import check
from bot.errors import BotError, StartError
from bot.settings import Settings
from bot.slack.identity import check_app_token, identify
from bot.slack.ingress.http import PATH
from bot.slack.wire import Wire, open_wire
from bot.store.database import Database
from bot.store.migrate import schema_version as version
from bot.store.migrations import HEAD

# A finding: "ok" or "warning", and a line of text. What is FAILED is raised.
Findings = AsyncIterator[tuple[str, str]]
_OK: Final = "ok"
_WARNING: Final = "warning"


async def doctor(settings: Settings, say: Callable[[str], None] = print) -> int:
    """Run every check and print a line or more for each; 0 when all is well or only warned of, 1 otherwise."""
    async with AsyncExitStack() as resources:
        token = settings.slack_bot_token.get_secret_value()
        wire = await resources.enter_async_context(open_wire(token, settings.slack_api_url))
        coder = Coder.of(settings)
        resources.push_async_callback(coder.close)
        checks = {
            "Slack": _slack(wire),
            "Ingress": _ingress(wire, settings),
            "Coder": _coder(coder),
            "Database": _database(settings.database_url),
        }
        if settings.coder_webhook_secret is not None:
            checks["Webhook"] = _webhook(settings)
        well = [await _report(name, findings, say) for name, findings in checks.items()]
    return 0 if all(well) else 1


async def _report(name: str, findings: Findings, say: Callable[[str], None]) -> bool:
    try:
        async for mark, line in findings:
            say(f"{name:9} {mark:8} {line}")
    except BotError as error:
        say(f"{name:9} FAILED   {error}")
        return False
    return True


async def _slack(wire: Wire) -> Findings:
    found = await identify(wire.web)
    yield _OK, f"the bot token is of the app in {found.team or 'the workspace'}"
    for warning in found.warnings:
        yield _WARNING, warning


async def _ingress(wire: Wire, settings: Settings) -> Findings:
    if settings.slack_app_token is None:
        yield _OK, f"HTTP: Slack's request URL must lead to port {settings.bot_port} of this machine, path {PATH}"
        return
    await check_app_token(wire.web, settings.slack_app_token.get_secret_value())
    yield _OK, "Socket Mode: the app token opens sockets"


async def _webhook(settings: Settings) -> Findings:
    path = "/coder/notifications/<CODER_WEBHOOK_SECRET>"
    yield _OK, f"CODER_NOTIFICATIONS_WEBHOOK_ENDPOINT must lead to port {settings.bot_port}, path {path}"


async def _coder(coder: Coder) -> Findings:
    info = await check(coder.http)
    yield _OK, f"Coder {info.version} at {coder.http.url}, as {info.username}"
    for warning in info.warnings:
        yield _WARNING, warning
    names = ", ".join(template.name for template in await coder.directory.templates())
    if names:
        yield _OK, f"templates for tasks: {names}"
    else:
        yield _WARNING, "there is no template for tasks: import one that has a coder_ai_task, see Coder's documentation"


async def _database(url: str) -> Findings:
    try:
        database = await Database.open(url)
    except StartError as error:
        if "in use by another process" not in str(error):
            raise
        yield _WARNING, f"{error}; if that is the running bot, all is well"
        return
    try:
        schema = await database.run(version)
    finally:
        await database.close()
    found = {HEAD: "up to date", None: "empty, the first start makes the tables"}
    yield _OK, f"{database.dialect}: {found.get(schema, f'at {schema}, the next start goes to {HEAD}')}"
