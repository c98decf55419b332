"""What leaves the bot: one function per kind of delivery; the only room that sees Slack, Coder and the store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from bot.delivery import (
    batches,
    cards,
    controls,
    creating,
    filling,
    gathering,
    hearing,
    homes,
    notes,
    private,
    prompts,
    replies,
)
from bot.delivery.answering import answer_command, answer_dead
from bot.delivery.outside import Outside
from bot.outbox import Delivery, Item

__all__ = ["Outside", "kinds"]

# A private answer that could not be given within a minute or two helps nobody any more.
_PRIVATE_FAILURES = 6
# Nobody looks at an empty form for longer than some minutes.
_FORM_FAILURES = 9
# Cards, prompts and machines are worth hours of trying: Slack or Coder may be away for that long.
_LASTING_FAILURES = 60
# Coder evaluates a template, or reads a whole conversation, before it answers.
_SLOW_SECONDS = 60.0

Deliver = Callable[[Outside, Item], Awaitable[None]]


def kinds(outside: Outside) -> dict[str, Delivery]:
    """How each kind of outbox item is delivered."""
    lasting: dict[str, Deliver] = {
        "post_card": cards.post_card,
        "edit_card": cards.edit_card,
        "edit_batch": batches.edit_batch,
        "post_reply": replies.post_reply,
        "post_note": notes.post_note,
        "tell_person": notes.tell_person,
        "clean_up": notes.clean_up,
        "upload": replies.upload,
        "find_thread": hearing.find_thread,
        "judge_reply": hearing.judge_reply,
        "catch_up": hearing.catch_up,
        "read_files": gathering.read_files,
    }
    passing: dict[str, Deliver] = {
        "private_answer": private.private_answer,
        "remove_answer": private.remove_answer,
        "note_slow": creating.note_slow,
        "mark_message": prompts.mark_message,
        "publish_home": homes.publish_home,
    }
    made = {
        kind: Delivery(partial(deliver, outside), max_failures=_LASTING_FAILURES) for kind, deliver in lasting.items()
    }
    made |= {
        kind: Delivery(partial(deliver, outside), max_failures=_PRIVATE_FAILURES) for kind, deliver in passing.items()
    }
    made["create_task"] = Delivery(
        partial(creating.create_task, outside), timeout=_SLOW_SECONDS, dead=partial(creating.create_dead, outside)
    )
    made["control"] = Delivery(partial(controls.control, outside), dead=partial(controls.control_dead, outside))
    made["answer_command"] = Delivery(
        partial(answer_command, outside), timeout=_SLOW_SECONDS, max_failures=4, dead=partial(answer_dead, outside)
    )
    made["steer_batch"] = Delivery(
        partial(batches.steer_batch, outside), timeout=_SLOW_SECONDS, max_failures=4, dead=partial(answer_dead, outside)
    )
    made["fill_form"] = Delivery(partial(filling.fill_form, outside), max_failures=_FORM_FAILURES)
    made["send_prompt"] = Delivery(
        partial(prompts.send_prompt, outside),
        timeout=prompts.SENDING_SECONDS,
        max_failures=_LASTING_FAILURES,
        dead=partial(prompts.send_dead, outside),
    )
    made["post_card"] = replace(made["post_card"], dead=partial(cards.card_dead, outside))
    made["judge_reply"] = replace(made["judge_reply"], dead=partial(hearing.judge_dead, outside))
    made["read_files"] = replace(made["read_files"], timeout=_SLOW_SECONDS, dead=partial(gathering.files_dead, outside))
    made["post_reply"] = replace(made["post_reply"], timeout=_SLOW_SECONDS)  # it reads the agent's log first
    return made
