"""The local Coder as a process of its own, so that what it takes of the processor is not counted as the bot's.

python -m tests.bench.far       answers each line of JSON: ["make", 100], ["report", 10, "words", "idle"], ["calls"]
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from typing import Any

from bot.sandbox.coder import CoderServer, TaskHandle
from bot.sandbox.coder.provisioner import Provisioner
from bot.sandbox.coder.records import AppState, Build, Task, Workspace
from tests.e2e.process import ROOT

_LINE = 1 << 20


class FarCoder:
    """A hold on the other process."""

    def __init__(self, process: Process, url: str, token: str) -> None:
        self.process, self.url, self.token = process, url, token

    async def make(self, number: int) -> None:
        """Make so many tasks of Ana's, whose agents work."""
        await self._asked("make", number)

    async def report(self, number: int, words: str, state: AppState = "working") -> None:
        """The agents of the first so many tasks say something new."""
        await self._asked("report", number, words, state)

    async def calls(self) -> int:
        """How many requests have come so far."""
        return await self._asked("calls")

    async def _asked(self, *what: object) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(what).encode() + b"\n")
        return int(await self.process.stdout.readline())


@contextlib.asynccontextmanager
async def far_coder() -> AsyncIterator[FarCoder]:
    """Start the process, and end it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.far", cwd=ROOT, stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url, token = json.loads(await process.stdout.readline())
        yield FarCoder(process, url, token)
    finally:
        process.stdin.close()
        await process.wait()


async def main() -> None:
    """Serve until nobody is there to ask for anything."""
    async with CoderServer(manual=True) as coder:
        _say(json.dumps([coder.url, coder.token]))
        reader = asyncio.StreamReader(limit=_LINE)
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            await _do(coder, *json.loads(line))
            _say(str(len(coder.calls)))


async def _do(coder: CoderServer, what: str, *how: Any) -> None:
    if what == "make":
        await make_tasks(coder, *how)
    elif what == "report":
        number, words, state = how
        for handle in coder.tasks[:number]:
            handle.report(state, f"{words} {handle.name}")


async def make_tasks(coder: CoderServer, number: int) -> None:
    """Tasks of Ana's whose agents work: stored as Coder's route stores them, without a request for each."""
    deployment, owner = coder.deployment, coder.deployment.user("ana")
    template = next(one for one in deployment.templates if one.name == "claude-code")
    provisioner = Provisioner(deployment)
    for _ in range(number):
        name, now = f"task-{len(deployment.tasks)}", deployment.clock.now()
        workspace = Workspace(name, owner, template, template.versions[-1], now, now)
        task = Task(name, name.title(), f"Do the work of {name}", owner, workspace, now)
        deployment.workspaces.append(workspace)
        deployment.tasks.append(task)
        workspace.builds.append(Build(1, "start", "initiator", owner, workspace.version, now))
        provisioner.succeed(task, workspace.latest)
        await TaskHandle(deployment, provisioner, task).ready("working", "Reading the code")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
