"""Keeps what the local servers know in a folder, so that a later sandbox goes on where this one ended.

`slack.json` and `coder.json` are written anew when something has changed, a moment later and at the end: into a file
beside them that then takes their place, so that there is a whole one at any time.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar

from bot.errors import StartError
from bot.sandbox.coder import CoderServer
from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.records import Organization, Preset, Task, Template, User, Version, Workspace
from bot.sandbox.plain import Reading, Writing
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack import records as slack_records
from bot.sandbox.slack.records import Channel, File, Message, ResponseUrl

S = TypeVar("S")

FORMAT: Final = 1
_PAUSE: Final = 0.3  # so much is lost when the sandbox is killed; what comes meanwhile is written at once
_SHARE: Final = 10  # a large state is written more seldom: writing takes at most one part in so many of the time
_PASSING: Final = {"call", "delivery", "socket", "note", "typed", "pressed", "bot", "controls", "end"}
_SHARED: Final = (Organization, User, Template, Version, Preset, Workspace, Task, Message)
# Earlier versions of a message are for those who were there; events and locks begin anew.
_LEFT_OUT: Final = {Message: {"versions"}, Task: {"prompted", "sending"}}


@dataclass
class SlackState:
    """What a local Slack keeps; its port too, so that addresses that were given out still lead there."""

    port: int
    counter: int
    bot_user: str
    users: dict[str, slack_records.User]
    channels: dict[str, Channel]
    ephemerals: list[Message]
    files: dict[str, File]
    response_urls: dict[str, ResponseUrl]

    @classmethod
    def of(cls, slack: SlackServer) -> SlackState:
        """What is there now."""
        one = slack.workspace
        parts = (one.users, one.channels, one.ephemerals, one.files, one.response_urls)
        return cls(slack.port, one.counter, one.bot_user.id, *parts)

    def into(self, slack: SlackServer) -> None:
        """Put it in the place of what a new local Slack has."""
        one = slack.workspace
        slack.port, one.counter, one.users, one.channels = self.port, self.counter, self.users, self.channels
        one.ephemerals, one.files, one.response_urls = self.ephemerals, self.files, self.response_urls
        one.bot_user = one.users[self.bot_user]


@dataclass
class CoderState:
    """What a local Coder keeps. Each thing is whole where it comes first, so their order matters."""

    port: int
    organizations: list[Organization]
    users: list[User]
    templates: list[Template]
    workspaces: list[Workspace]
    tasks: list[Task]

    @classmethod
    def of(cls, coder: CoderServer) -> CoderState:
        """What is there now."""
        one = coder.deployment
        return cls(coder.port, one.organizations, one.users, one.templates, one.workspaces, one.tasks)

    def fill(self, deployment: Deployment) -> None:
        """Put it into an empty deployment."""
        for name in ("organizations", "users", "templates", "workspaces", "tasks"):
            setattr(deployment, name, getattr(self, name))


@dataclass
class Kept:
    """A folder that a sandbox keeps its state in; nobody else may use it meanwhile."""

    folder: Path
    _written: dict[str, str] = field(default_factory=dict)
    _seconds: float = 0.0  # how long the last writing took

    def slack(self) -> SlackState | None:
        """The local Slack's state, None when none was kept."""
        return _read(self.folder / "slack.json", SlackState)

    def coder(self) -> CoderState | None:
        """The local Coder's state, None when none was kept."""
        return _read(self.folder / "coder.json", CoderState)

    @asynccontextmanager
    async def keeping(self, slack: SlackServer | None, coder: CoderServer | None) -> AsyncIterator[None]:
        """Write down every change, a moment after it, and everything at the end."""
        watches = [self._keep_slack(slack)] if slack else []
        watches += [self._keep_coder(coder)] if coder else []
        tasks = [asyncio.create_task(watch, name="keeping") for watch in watches]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._save_all(slack, coder)

    def _save_all(self, slack: SlackServer | None, coder: CoderServer | None) -> None:
        if slack is not None:
            self.save("slack.json", SlackState.of(slack))
        if coder is not None:
            self.save("coder.json", CoderState.of(coder))

    async def _keep_slack(self, slack: SlackServer) -> None:
        changed = asyncio.Event()
        changed.set()  # something may have happened before anybody looked

        async def watch() -> None:
            with slack.subscribe() as changes:
                async for change in changes:
                    if change.kind not in _PASSING:
                        changed.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(watch())
            while True:
                await changed.wait()
                await asyncio.sleep(max(_PAUSE, _SHARE * self._seconds))
                changed.clear()
                self.save("slack.json", SlackState.of(slack))

    async def _keep_coder(self, coder: CoderServer) -> None:
        changes, seen = coder.deployment.changes, -1

        def changed() -> bool:
            return changes.revision != seen

        while True:
            await changes.until(changed, None)
            await asyncio.sleep(max(_PAUSE, _SHARE * self._seconds))
            seen = changes.revision
            self.save("coder.json", CoderState.of(coder))

    def save(self, name: str, state: Any) -> None:
        """Write a state into a file of the folder, whole or not at all."""
        began = time.monotonic()
        body = {"format": FORMAT, "state": Writing(_SHARED, _LEFT_OUT).plain(state)}
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        if self._written.get(name) == text:
            self._seconds = time.monotonic() - began
            return
        path = self.folder / name
        beside = path.with_suffix(".new")
        beside.write_text(text, "utf-8")
        beside.replace(path)
        self._written[name] = text
        self._seconds = time.monotonic() - began


def _read(path: Path, kind: type[S]) -> S | None:
    mend = "move it away to begin anew, or name another folder"
    try:
        body = json.loads(path.read_text("utf-8"))
        if isinstance(body, dict) and isinstance(body.get("format"), int) and body["format"] > FORMAT:
            raise StartError(f"--data: {path} was written by a newer version of the sandbox: {mend}")
        state: S = Reading().built(kind, body["state"])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StartError(f"--data: {path} cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise StartError(f"--data: {path} is damaged: {mend}") from None
    return state


def open_folder(folder: Path, closing: Callable[[TextIO], object]) -> Kept:
    """Make the folder if need be, and take it for this process; `closing` gets the file that holds it, to close."""
    if "?" in str(folder.absolute()):
        raise StartError(f"--data: {folder} cannot be used (a database's address ends at ?): name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "in-use").open("w", encoding="utf-8")
    except OSError as error:
        raise StartError(f"--data: {folder} cannot be used ({error.strerror}): name another folder") from None
    closing(lock)
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Kept(folder.resolve())
    raise StartError(f"--data: another sandbox uses {folder}: stop it, or name another folder")
