"""Measures the bot against a floor of the same run: `make bench`. Ratios count; absolute times are this machine's."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot import tasks
from bot.commands import Create
from bot.models import CreateRequest, Origin, Person
from bot.sandbox.slack import SlackServer
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.e2e.scene import Scene, scene

_COMMANDS = 200
_EVENTS = 200
_TASKS = 300
_TICKS = 15


@dataclass(frozen=True)
class Row:
    """One measurement: ours and the floor in milliseconds, and their ratio."""

    what: str
    ours_ms: float
    floor_ms: float

    @property
    def ratio(self) -> float:
        """How many times the floor."""
        return self.ours_ms / self.floor_ms if self.floor_ms else float("nan")


async def median_ms(work: Callable[[], Awaitable[object]], times: int) -> float:
    """The median duration of a piece of work, in milliseconds, after one that does not count."""
    await work()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


@asynccontextmanager
async def no_op_bolt(slack: SlackServer) -> AsyncIterator[None]:
    """The floor of intake: a Bolt app on the same transport that acknowledges and does nothing."""
    app = AsyncApp(client=AsyncWebClient(slack.bot_token, base_url=slack.api_url), process_before_response=True)

    async def command(ack: AsyncAck) -> None:
        await ack()

    async def event() -> None:
        return

    app.command("/coder-task")(command)
    app.event("message")(event)
    handler = AsyncSocketModeHandler(app, slack.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    await slack.until(lambda: slack.socket.open, what="an open socket")
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


async def intake(slack: SlackServer, thread_ts: str, made: Scene) -> tuple[float, float]:
    """Median ms from a command to its ack, and from a reply in a thread to its ack."""

    async def command() -> None:
        answer = await slack.command(made.ana, made.payments, "/coder-task", "templates")
        assert answer.ok, answer.error

    async def event() -> None:
        await slack.post(made.ana, made.payments, "// a note", thread_ts=thread_ts)

    return await median_ms(command, _COMMANDS), await median_ms(event, _EVENTS)


async def measure_intake(folder: Path) -> list[Row]:
    """A command and a thread reply, from Slack to the ack."""
    async with scene(f"sqlite:///{folder}/intake.db", BOT_POLL_SECONDS="60") as made:
        card, _ = await made.create()
        ours = await intake(made.slack, card.ts, made)
        await made.stop()
        async with no_op_bolt(made.slack):
            floor = await intake(made.slack, card.ts, made)
    return [
        Row("command to ack, one at a time (floor: no-op Bolt)", ours[0], floor[0]),
        Row("thread reply to ack, one at a time (floor: no-op Bolt)", ours[1], floor[1]),
    ]


async def measure_tick(folder: Path) -> list[Row]:
    """A poll in which nothing has changed, against reading and parsing the same bytes."""
    async with scene(f"sqlite:///{folder}/tick.db", BOT_POLL_SECONDS="600") as made:
        await _many_tasks(made)
        bot = made.bot
        assert bot is not None
        ours = await median_ms(bot.poller.tick, _TICKS)
        headers = {"Coder-Session-Token": made.coder.token}
        async with httpx.AsyncClient(headers=headers) as client:

            async def read() -> None:
                response = await client.get(f"{made.coder.url}/api/v2/tasks", params={"q": ""})
                json.loads(response.content)

            floor = await median_ms(read, _TICKS)
    return [Row(f"unchanged tick, {_TASKS} tasks (floor: read and parse the same bytes)", ours, floor)]


async def _many_tasks(made: Scene) -> None:
    """So many open tasks, in Coder and known to the bot."""
    coder, bot = made.coder, made.bot
    assert bot is not None
    version = next(template for template in coder.deployment.templates if template.name == "claude-code").versions[-1]
    async with httpx.AsyncClient(headers={"Coder-Session-Token": coder.token}) as client:
        for number in range(_TASKS):
            body = {"template_version_id": str(version.id), "input": f"task {number}", "name": f"task-{number}"}
            response = await client.post(f"{coder.url}/api/v2/tasks/ana", json=body)
            response.raise_for_status()
    person = Person(slack_user=made.ana.id, slack_name="Ana", coder_id="ana", username="ana", name="Ana Ruiz")
    for snapshot in await bot.poller.backend.snapshots():
        await bot.database.run(tasks.adopt, snapshot, person)


async def measure_start(folder: Path) -> list[Row]:
    """From the start of the process to readiness, against importing Bolt."""
    async with scene(f"sqlite:///{folder}/start.db") as made:
        await made.stop()
        environment = {**os.environ, **made.environment, "DATABASE_URL": f"sqlite:///{folder}/fresh.db"}

        async def started() -> None:
            known = len(made.slack.deliveries)
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", env=environment, stderr=asyncio.subprocess.DEVNULL
            )
            await made.slack.until(lambda: made.slack.socket.open, timeout=30, what="an open socket")
            assert len(made.slack.deliveries) >= known
            process.terminate()
            await process.wait()

        async def imported() -> None:
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import slack_bolt.app.async_app")
            await process.wait()

        ours, floor = await median_ms(started, 5), await median_ms(imported, 5)
    return [Row("process start to socket and stop again (floor: import Bolt)", ours, floor)]


async def measure_outbox(folder: Path) -> list[Row]:
    """A use case's transaction, against an empty one."""
    database = await Database.open(f"sqlite:///{folder}/outbox.db")
    await migrate(database)
    count = 0

    async def create() -> None:
        nonlocal count
        count += 1
        origin = Origin(key=f"bench-{count}", user="U1", user_name="ana", channel="C1")
        await database.run(tasks.create, Create(request=CreateRequest(prompt="Tidy the login page")), origin)

    ours, floor = await median_ms(create, 200), await median_ms(database.ping, 200)
    await database.close()
    return [Row("take in a create (floor: an empty transaction)", ours, floor)]


async def measure_all() -> list[Row]:
    """Every measurement, one after the other."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for measure in (measure_outbox, measure_intake, measure_tick, measure_start):
            rows += await measure(Path(folder))
    return rows


def main() -> None:
    """Measure all, print one table, and write it as JSON to the file that the first argument names."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]  # slack_sdk would send even loopback calls through it
    rows = asyncio.run(measure_all())
    lines = [f"{'':66} {'ours ms':>9} {'floor ms':>9} {'ratio':>7}"]
    lines += [f"{row.what:66} {row.ours_ms:9.2f} {row.floor_ms:9.2f} {row.ratio:6.1f}x" for row in rows]
    sys.stdout.write("\n".join(lines) + "\n")
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(json.dumps([asdict(row) | {"ratio": row.ratio} for row in rows], indent=1))


if __name__ == "__main__":
    main()
