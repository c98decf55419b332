"""A scripted day, during which the bot may be killed at any moment, and the oracle that says what went wrong in it.

The bot is a process of its own; Slack and Coder live here and remember everything that was done to them. Agents and
builds do only what the day's lives say.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import yaml

from bot.sandbox.coder import CoderServer, TaskHandle
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.records import Channel, Message
from tests.e2e.scene import MANIFEST, Scene, words

T = TypeVar("T")
ROOT = Path(os.environ.get("BOT_UNDER_TEST", MANIFEST.parent))
PATIENCE = 90.0  # a busy machine takes seconds for each start, and there are many
_STARTED = re.compile(r"action=started port=(\d+)")


class BotProcess:
    """The bot as it runs in production: `python -m bot run`, to be killed and started again."""

    def __init__(self, scene: Scene, **changes: str) -> None:
        self.scene, self.changes = scene, changes
        self.lines: deque[str] = deque(maxlen=60)
        self.port = 0
        self.is_up = asyncio.Event()
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it; `is_up` is set when it says that it runs."""
        environment = {**os.environ, **self.scene.environment, **self.changes}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", cwd=ROOT, env=environment, stderr=PIPE
        )
        self._reader = asyncio.create_task(self._read(self._process))

    async def _read(self, process: Process) -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            text = line.decode().rstrip()
            self.lines.append(text)
            if found := _STARTED.search(text):
                self.port = int(found[1])
                if self.scene.http:
                    self.scene.slack.deliver_over_http(f"http://127.0.0.1:{self.port}/slack/events")
                self.is_up.set()

    async def kill(self) -> None:
        """SIGKILL; returns when it is dead."""
        self.is_up.clear()
        if self._process is None or self._reader is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reader
        self._process = None


def ask(database_url: str, statement: str) -> list[Any]:
    """The rows of a statement, asked beside the bot; what changes something only works on PostgreSQL."""
    if database_url.startswith("sqlite"):
        path = database_url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as file:
            return file.execute(statement).fetchall()
    with psycopg.connect(database_url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


async def until_none(scene: Scene, count: str, settled: Callable[[], bool] = lambda: True) -> None:
    """Wait until the statement counts nothing and the condition holds; another process's database tells no news."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while ask(scene.environment["DATABASE_URL"], count) != [(0,)] or not settled():  # noqa: ASYNC110
                await asyncio.sleep(0.1)


@dataclass
class Life:
    """One task, from the command on: what was done, and what must be true of it in the end.

    `acked`: Slack has confirmed the command. `once`: what its thread must say, `shows`: the word on its card.
    """

    channel: Channel
    prompt: str
    acked: bool
    task: TaskHandle | None = None
    card: Message | None = None
    replies: dict[str, str] = field(default_factory=dict)  # ts -> text, in order
    lost: list[str] = field(default_factory=list)  # replies that must not reach the agent
    said: list[str] = field(default_factory=list)  # the agent's words, each told at most once
    once: list[tuple[str, str]] = field(default_factory=list)
    shows: str = ""
    refused: str = ""


class Day:
    """The people's side of the day; each life goes on only when the one before it has had its effect."""

    def __init__(self, scene: Scene, bot: BotProcess) -> None:
        self.scene, self.slack, self.coder, self.bot = scene, scene.slack, scene.coder, bot
        self.lives: list[Life] = []

    async def seen(self, condition: Callable[[], T], what: str) -> T:
        """Wait for something in Slack."""
        return await self.slack.until(condition, timeout=PATIENCE, what=what)

    async def reached(self, condition: Callable[[], T], what: str) -> T:
        """Wait for something in Coder."""
        return await self.coder.until(condition, timeout=PATIENCE, what=what)

    async def command(self, channel: Channel, text: str) -> bool:
        """Ana types a command; whether Slack says that it was taken in. After a refusal the bot is up again."""
        answer = await self.scene.command(text, channel=channel)
        if not answer.ok:
            await asyncio.wait_for(self.bot.is_up.wait(), PATIENCE)
        return answer.ok

    async def insist(self, channel: Channel, text: str) -> None:
        """Ana types a command until it is taken in."""
        while not await self.command(channel, text):
            pass

    async def carried_out(self) -> None:
        """Wait until no command waits any more."""
        statement = "SELECT count(*) FROM outbox WHERE state = 0 AND kind IN ('answer_command', 'control')"
        await until_none(self.scene, statement)

    async def create(self, name: str, flags: str = "") -> Life:
        """Ana asks for a task until Slack confirms it, each time with other words: each try may have made one."""
        channel = self.slack.add_channel(name, [self.scene.ana, self.scene.bo, self.slack.bot_user])
        while True:
            prompt = f"Do the work of {name}, asked for the {len(self.lives)}th time"
            life = Life(channel, prompt, acked=False)
            self.lives.append(life)
            life.acked = await self.command(channel, f"create {flags} -- {prompt}")
            if life.acked:
                return life

    async def begin(self, name: str) -> tuple[Life, TaskHandle]:
        """A task with a card, whose agent works."""
        life = await self.create(name)
        found = await self.reached(lambda: tasks_of(self.scene, life), f"the task of {name}")
        life.task = found[0]
        cards = await self.seen(lambda: cards_of(self.scene, life), f"the card of {name}")
        life.card = cards[0]
        await found[0].ready("working", "Reading the code")
        return life, found[0]

    async def reply(self, life: Life, text: str) -> str:
        """Ana writes in the thread, whether the bot hears it or not."""
        assert life.card is not None
        ts = await self.slack.post(self.scene.ana, life.channel, text, thread_ts=life.card.ts, wait=False)
        life.replies[ts] = text
        return ts

    async def told(self, life: Life, head: str, said: str = "") -> None:
        """Wait until the thread says so; it must say so once for ever."""
        life.once.append((head, said))
        await self.seen(lambda: tellings(self.scene, life, head, said), f"{head} {said!r} in {life.channel.name}")

    async def answered(self, life: Life, task: TaskHandle, count: int) -> None:
        """Wait until the agent has so many prompts."""
        await self.reached(lambda: len(task.inputs) >= count, f"{count} prompts in {life.channel.name}")

    def report(self, life: Life, state: Any, text: str) -> None:
        """The agent reports, in words of its own."""
        assert life.task is not None
        life.said.append(text)
        life.task.report(state, text)

    async def talk(self, name: str) -> None:
        """Replies wait for the busy agent, are answered one by one, and at last the work is done."""
        life, task = await self.begin(name)
        await self.reply(life, f"{name}: first")
        await self.reply(life, f"{name}: second")
        self.report(life, "idle", f"{name} asks who")
        await self.answered(life, task, 1)
        self.report(life, "idle", f"{name} asks why")
        await self.answered(life, task, 2)
        self.report(life, "idle", f"{name} asks how")
        await self.told(life, "Waiting for input", f"{name} asks how")
        assert life.card is not None
        await self.slack.post(self.scene.ana, life.channel, "// a note", thread_ts=life.card.ts, wait=False)
        await self.slack.post(self.scene.bo, life.channel, "Stop!", thread_ts=life.card.ts, wait=False)
        await self.reply(life, f"{name}: first")  # the same words again are another prompt
        await self.answered(life, task, 3)
        self.report(life, "complete", f"{name} has done it")
        await self.told(life, "Complete", f"{name} has done it")
        life.shows = "Complete"

    async def rest(self, name: str) -> None:
        """A pause by command, a reply that resumes, and a failure."""
        life, task = await self.begin(name)
        self.report(life, "idle", f"{name} asks whether")
        await self.told(life, "Waiting for input", f"{name} asks whether")
        await self.insist(life.channel, f"pause {task.name}")
        await self.reached(lambda: task.build.transition == "stop", f"a stop build of {name}")
        task.finish_build()
        await self.told(life, "Paused")
        await self.carried_out()  # or a pause that was typed twice would pause it again
        await self.reply(life, f"{name}: go on")
        await self.reached(lambda: task.build.transition == "start", f"a start build of {name}")
        await task.ready("idle", f"{name} is back")
        await self.answered(life, task, 1)
        self.report(life, "failure", f"{name} gives up")
        await self.told(life, "Failed", f"{name} gives up")
        life.shows = "Failed"

    async def end(self, name: str) -> None:
        """A task that is deleted while a reply waits."""
        life, task = await self.begin(name)
        ts = await self.reply(life, f"{name}: too late")
        life.lost.append(ts)
        await self.seen(lambda: self.slack.reactions(life.channel, ts), f"a mark on the reply in {name}")
        await self.insist(life.channel, f"delete {task.name} --yes")
        await self.reached(lambda: task.deleted, f"the end of {name}")
        await self.told(life, "Deleted")
        life.shows = "Deleted"

    async def crash(self, name: str) -> None:
        """A build that fails."""
        life, task = await self.begin(name)
        task.fail_build(["Error: no capacity"])
        await self.told(life, "Workspace build failed")
        life.shows = "build failed"

    async def refuse(self, name: str) -> None:
        """A command that Coder cannot carry out: the person hears it, the channel does not."""
        life = await self.create(name, "--template nonsense")
        for each in self.lives:
            if each.channel is life.channel:
                each.refused = "No template is called"


def tasks_of(scene: Scene, life: Life) -> list[TaskHandle]:
    """What Coder has of a life."""
    return [task for task in scene.coder.tasks if task.task.initial_prompt == life.prompt]


def cards_of(scene: Scene, life: Life) -> list[Message]:
    """The cards of a life's tasks."""
    ids = {task.id for task in tasks_of(scene, life)}
    return [card for card in scene.cards(life.channel) if (card.metadata or {})["event_payload"]["task_id"] in ids]


def tellings(scene: Scene, life: Life, head: str, said: str) -> list[Message]:
    """The replies in the life's thread that tell this."""
    if life.card is None:
        return []
    told = [one for one in scene.slack.thread(life.channel, life.card.ts) if one.bot_id]
    return [one for one in told if head in words(one) and said in words(one)]


def complaints(scene: Scene, lives: Iterable[Life]) -> list[str]:
    """Everything that is not as it must be when nothing is left to be done."""
    found = [f"{life.channel.name}: {text}" for life in lives for text in _complaints(scene, life)]
    known = sum(len(tasks_of(scene, life)) for life in lives)
    if known != len(scene.coder.tasks):
        found.append(f"Coder has {len(scene.coder.tasks)} tasks, of which {known} were asked for")
    return found


def _complaints(scene: Scene, life: Life) -> Iterable[str]:
    tasks, cards = tasks_of(scene, life), cards_of(scene, life)
    if life.refused:
        yield from _of_refusal(scene, life, tasks)
        return
    if len(tasks) > 1 or (life.acked and not tasks):
        yield f"{len(tasks)} tasks for one command"
    if len(cards) != len(tasks):
        yield f"{len(cards)} cards for {len(tasks)} tasks"
    yield from (f"a delivery made {count} messages" for count in _deliveries(scene, life.channel) if count > 1)
    if life.task is not None and life.card is not None:
        yield from _of_prompts(scene, life, life.task)
        yield from _of_thread(scene, life)
        card = words(scene.slack.message(life.channel, life.card.ts))
        if life.shows not in card:
            yield f"the card does not show {life.shows!r}: {card!r}"


def _of_refusal(scene: Scene, life: Life, tasks: list[TaskHandle]) -> Iterable[str]:
    told = [one for one in scene.slack.ephemerals(scene.ana, life.channel) if life.refused in words(one)]
    if tasks or scene.slack.messages(life.channel):
        yield "a refused command has left something"
    if life.acked and not told:
        yield "nobody was told of the refusal"


def _of_prompts(scene: Scene, life: Life, task: TaskHandle) -> Iterable[str]:
    expected = [text for ts, text in life.replies.items() if ts not in life.lost]
    if task.inputs != expected:
        yield f"the agent got {task.inputs} instead of {expected}"
    for ts in life.replies:
        wanted = "x" if ts in life.lost else "white_check_mark"
        if (marks := scene.slack.reactions(life.channel, ts)) != {wanted}:
            yield f"{marks} on the reply {life.replies[ts]!r}"


def _of_thread(scene: Scene, life: Life) -> Iterable[str]:
    for head, said in [*life.once, (life.prompt, "Prompt")]:
        if (count := len(tellings(scene, life, head, said))) != 1:
            yield f"{head} {said!r} is told {count} times"
    for said in life.said:
        if (count := len(tellings(scene, life, said, ""))) > 1:
            yield f"{said!r} is told {count} times"


def _deliveries(scene: Scene, channel: Channel) -> Iterable[int]:
    """How many messages each delivery has made."""
    made = [one.metadata["event_payload"].get("delivery") for one in channel.messages.values() if one.metadata]
    return Counter(one for one in made if one is not None).values()


@contextlib.asynccontextmanager
async def place(database_url: str, *, http: bool) -> AsyncIterator[tuple[Scene, BotProcess]]:
    """The two servers and the bot as a process, which is not started yet and is dead in the end."""
    manifest = yaml.safe_load(MANIFEST.read_text())
    async with (
        SlackServer(manifest=manifest, retry_delays=(0.1, 1.0, 3.0)) as slack,
        CoderServer(manual=True) as coder,
    ):
        scene = Scene(slack, coder, database_url, http=http)
        bot = BotProcess(scene)
        try:
            yield scene, bot
        finally:
            await bot.kill()
