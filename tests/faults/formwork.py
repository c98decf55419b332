"""What people do with forms and shortcuts: open them, fill them in, submit them twice, close them."""

from __future__ import annotations

import asyncio
import random
import time

from bot.sandbox.slack.records import Channel, View
from tests.faults.moves import move
from tests.faults.record import Typed, Wish
from tests.faults.stage import Stage

_SECONDS = 2.0  # for which a person waits for a form


@move("people", 5)
async def form(stage: Stage, chance: random.Random) -> str:
    """Somebody opens the form for a new task, fills it in and submits it, once or twice; or closes it."""
    channel, way = chance.choice(stage.channels), chance.choice(("command", "new_task", "create_task"))
    times = chance.choice((0, 1, 1, 2))
    prompt = f"Mend what {stage.number()} has broken"
    # Bo has all the forms, so that nothing else covers them.
    wish = Wish(prompt, Typed("new", stage.scene.bo, channel, time.time()))
    stage.record.wishes.append(wish)
    stage.spawn(_fill_in(stage, wish, way, times))
    return f"bo: opens a form by {way} in {channel.name}, and submits it {times} times: {prompt}"


async def _fill_in(stage: Stage, wish: Wish, way: str, times: int) -> None:
    bo = stage.scene.bo
    known = {view.id for view in stage.slack.views(bo)}
    await _open(stage, wish.typed.channel, way)

    def opened() -> View | None:
        """The form, for this wish only: of several that wait, the first one has it."""
        for view in stage.slack.views(bo)[-1:]:
            if view.id not in known | stage.record.filled and view.body.get("submit") and "prompt.1" in view.typed:
                stage.record.filled.add(view.id)
                return view
        return None

    try:
        view = await stage.slack.until(opened, timeout=_SECONDS)
    except TimeoutError:
        return
    assert view is not None
    if not times:
        await stage.slack.close(bo, view)
    await asyncio.gather(*(_submit(stage, wish, view) for _ in range(times)), return_exceptions=True)


async def _open(stage: Stage, channel: Channel, way: str) -> None:
    bo = stage.scene.bo
    if way == "command":
        await stage.command(bo, channel, "new")
    elif way == "new_task":
        await stage.slack.shortcut(bo, way)
    else:
        ts = await stage.slack.post(bo, channel, f"Who has broken {stage.number()}?", wait=False)
        await stage.slack.shortcut(bo, way, stage.slack.message(channel, ts))


async def _submit(stage: Stage, wish: Wish, view: View) -> None:
    values = {"prompt.1": wish.prompt}
    if "channel" in view.typed:
        values["channel"] = wish.typed.channel.id
    answer = await stage.slack.submit(stage.scene.bo, view, values)
    if answer.ok and answer.response_action == "close":
        wish.typed.accepted = True
