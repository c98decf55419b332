"""What people do with the form for many tasks at once: fill it in, look at the preview, and start it once or twice."""

from __future__ import annotations

import asyncio
import random
import time

from bot.sandbox.slack.records import View
from tests.faults.moves import move
from tests.faults.record import Asked, Typed, Wish
from tests.faults.stage import Stage

_SECONDS = 2.0  # for which a person waits for a form


@move("people", 1.5)
async def batch(stage: Stage, chance: random.Random) -> str:
    """Somebody starts several tasks at once, and presses Start once or twice."""
    channel, times = chance.choice(stage.channels), chance.choice((1, 1, 2))
    prompts = [f"Mend what {stage.number()} has broken" for _ in range(chance.randint(2, 5))]
    asked = Asked(prompts, channel, stage.number())
    stage.record.batches.append(asked)
    typed = Typed("", stage.scene.admin, channel, time.time())
    wishes = [Wish(prompt, typed, batch=True) for prompt in prompts]
    stage.record.wishes += wishes
    stage.spawn(_fill_in(stage, asked, typed, times))
    return f"admin: a batch of {len(prompts)} in {channel.name}, started {times} times: {asked.title}"


async def _fill_in(stage: Stage, asked: Asked, typed: Typed, times: int) -> None:
    admin = stage.scene.admin  # has no other forms
    known = {view.id for view in stage.slack.views(admin)}
    await stage.command(admin, asked.channel, "batch")
    try:
        form = await stage.slack.until(lambda: _opened(stage, known, "prompts"), timeout=_SECONDS)
        assert form is not None
        known = {view.id for view in stage.slack.views(admin)}
        await stage.slack.submit(admin, form, {"prompts": "\n".join(asked.prompts), "title": asked.title})
        preview = await stage.slack.until(lambda: _opened(stage, known, asked.prompts[0]), timeout=_SECONDS)
    except TimeoutError:
        return
    assert preview is not None
    started = (stage.slack.submit(admin, preview) for _ in range(times))
    for answer in await asyncio.gather(*started, return_exceptions=True):
        if not isinstance(answer, BaseException) and answer.ok and answer.response_action == "clear":
            typed.accepted = True


def _opened(stage: Stage, known: set[str], words: str) -> View | None:
    """A new form with these words, or a block of this name, in it: of several that wait, the first one has it."""
    for view in stage.slack.views(stage.scene.admin)[-1:]:
        is_new = view.id not in known | stage.record.filled
        if is_new and view.body.get("submit") and words in str(view.body["blocks"]):
            stage.record.filled.add(view.id)
            return view
    return None
