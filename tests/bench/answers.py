"""The first answer to everything that people can do, at an idle bot while Coder takes 2 seconds for every request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Message
from tests.bench.rows import Row
from tests.bench.stage import database
from tests.e2e.scene import Scene, scene

_MOST_MS = 300.0


async def measure() -> list[Row]:
    """Until the ack, and until a form stands where one opens."""
    rows: list[Row] = []
    with database("sqlite") as url:
        async with scene(url, BOT_POLL_SECONDS="5") as made:
            card, task = await made.waiting()
            assert made.bot is not None
            await made.bot.opened.coder.directory.stock()
            await made.command("whoami")
            await made.answered("ana")
            message = made.slack.message(made.payments, await made.slack.post(made.bo, made.payments, "It is slow"))
            made.coder.faults.add(Fault(Kind.SLOW, "*", None, seconds=2.0))
            for what, work, opens in _things(made, card, message, task.id):
                rows.append(Row(f"first answer: {what}", await _seen(made, work, opens=opens), most=_MOST_MS))
    return rows


Work = Callable[[], Awaitable[object]]


def _things(made: Scene, card: Message, message: Message, task: str) -> list[tuple[str, Work, bool]]:
    """What is done, and whether a form opens for it."""
    slack, ana = made.slack, made.ana

    def menu(entry: str) -> Awaitable[object]:
        return slack.click(ana, made.card(card), "task.more", selected=f"{entry}:{task}")

    return [
        ("/coder-task create", lambda: made.command("create fix it"), False),
        ("/coder-task list", lambda: made.command("list"), False),
        ("/coder-task settings", lambda: made.command("settings"), False),
        ("/coder-task, a form", lambda: made.command(""), True),
        ("/coder-task batch, a form", lambda: made.command("batch"), True),
        ("shortcut on a message, a form", lambda: slack.shortcut(ana, "create_task", message), True),
        ("global shortcut, a form", lambda: slack.shortcut(ana, "new_task"), True),
        ("Reply, a form", lambda: slack.click(ana, made.card(card), "task.reply", value=task), True),
        ("Delete…, a form", lambda: menu("delete"), True),
        ("Logs", lambda: slack.click(ana, made.card(card), "task.logs", value=task), False),
        ("a reply in the thread", lambda: made.reply(card, "go on"), False),
    ]


async def _seen(made: Scene, work: Work, *, opens: bool) -> float:
    """Milliseconds until it is acknowledged, and the form open."""
    began = time.perf_counter()
    await work()
    if opens:
        await made.seen(lambda: made.slack.views(made.ana), "a form")
    taken = (time.perf_counter() - began) * 1000
    for view in list(made.slack.views(made.ana)):
        await made.slack.close(made.ana, view)
    await asyncio.sleep(0.2)  # the bot is idle again
    return taken
