"""Is Coder there, does it take the token, has it tasks: asked once at start, and by the doctor."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.coder import parse
from bot.coder.directory import Account, Directory
from bot.coder.errors import CoderFailed, RouteMissing, TokenRefused
from bot.coder.http import CoderHttp
from bot.coder.refusals import Call
from bot.coder.release import FIRST_WITH_TASKS, FIRST_WITH_TASKS_OFF, plain, release
from bot.errors import CoderRefused, StartError

_SECONDS = 10.0


@dataclass(frozen=True)
class ServerInfo:
    """What Coder is, and as whom we are there; `warnings` are for the log and the doctor, one line each."""

    version: str
    tasks: bool
    is_owner: bool
    username: str
    warnings: tuple[str, ...] = ()


async def check(http: CoderHttp, *, seconds: float = _SECONDS) -> ServerInfo:
    """Ask Coder for its version, our user and its tasks; StartError names the setting and the mend, in one line."""
    try:
        async with asyncio.timeout(seconds):
            version = await _version(http)
            me = await Directory(http).me()
            await _probe_tasks(http, version)
    except TimeoutError:
        raise StartError(_unreachable(http.url, f"no answer in {seconds:g} s")) from None
    except TokenRefused as error:
        raise StartError(_token(http.url, error.message)) from None
    except CoderFailed as error:
        raise StartError(_unreachable(http.url, error.message)) from None
    except CoderRefused as error:
        raise StartError(f"CODER_SESSION_TOKEN cannot be used: Coder says {error.message!r}") from None
    return ServerInfo(
        version=version, tasks=True, is_owner=me.site_owner, username=me.username, warnings=_warnings(version, me)
    )


async def _version(http: CoderHttp) -> str:
    """The server's version, without its build; StartError when what answers is not Coder."""
    try:
        answer = await http.get("/buildinfo", call=Call("buildinfo"))
        return parse.read(lambda info: plain(str(info["version"])), answer)
    except CoderRefused:
        text = f"CODER_URL: {http.url} answers, but not as a Coder server does: set it to your Coder's address"
        raise StartError(text) from None


async def _probe_tasks(http: CoderHttp, version: str) -> None:
    try:
        await http.get("/tasks", {"q": "owner:me"}, call=Call("list"))
    except RouteMissing:
        raise StartError(_no_tasks(http.url, version)) from None


def _no_tasks(url: str, version: str) -> str:
    number = release(version)
    if number == FIRST_WITH_TASKS_OFF:
        mend = "Coder 2.37 has Tasks turned off: start the Coder server with CODER_ENABLE_AI_TASKS=true"
    elif number is not None and number > FIRST_WITH_TASKS_OFF:
        mend = f"Coder {version} no longer has Tasks: they were removed after 2.37, use a server of 2.29 to 2.37"
    else:
        mend = f"Coder {version or '(unknown version)'} has no Tasks: upgrade the server to 2.29 or newer, up to 2.37"
    return f"CODER_URL: {url} has no Tasks API. {mend}"


def _unreachable(url: str, why: str) -> str:
    return f"CODER_URL: {url} does not answer as Coder does ({why}): check the address and that the server runs"


def _token(url: str, message: str) -> str:
    if message.startswith("User is not active"):
        return f"CODER_SESSION_TOKEN is refused by {url}: its user is suspended, ask a Coder admin to activate them"
    return f"CODER_SESSION_TOKEN is refused by {url}: make a new one with `coder tokens create` as a site owner"


def _warnings(version: str, me: Account) -> tuple[str, ...]:
    found = []
    number = release(version)
    if number is None:
        found.append(f"Coder's version {version!r} says nothing; this bot is made for 2.29 to 2.37")
    elif number < FIRST_WITH_TASKS or number > FIRST_WITH_TASKS_OFF:
        found.append(f"Coder {version} is outside of what this bot is made for, 2.29 to 2.37")
    if not me.site_owner:
        found.append(
            f"CODER_SESSION_TOKEN is of {me.username}, who is no site owner: tasks of others stay out of reach"
        )
    return tuple(found)
