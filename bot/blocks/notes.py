"""Direct messages to one person: a task that needs them or has ended, and what could be cleaned up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.controls import CONTROLS
from bot.blocks.elements import (
    Block,
    Element,
    actions,
    button,
    confirm,
    context,
    emoji,
    link,
    plain,
    quote,
    rich,
    section,
    step,
    words,
)
from bot.blocks.problems import offer_row
from bot.blocks.size import MESSAGE_BYTES, size
from bot.blocks.text import duration, fallback, link_markup, plural, said, sentence, utc, work_link
from bot.errors import LinkOffer
from bot.models import Change, Condition, Content

__all__ = ["Finished", "clean_up", "clean_up_off", "clean_up_on", "cleaned", "task_news"]

_TITLE, _NAME, _ROW_TITLE, _MESSAGE = 80, 64, 60, 160
MOST_ROWS = 10


# -- a task ------------------------------------------------------------------------------------------------------------

_SYMBOLS = {
    Condition.WAITING: "speech_balloon",
    Condition.COMPLETE: "white_check_mark",
    Condition.FAILED: "x",
    Condition.DELETED: "wastebasket",
    Condition.GONE: "wastebasket",
}
_STATES = {
    Condition.WAITING: "waiting for input",
    Condition.COMPLETE: "complete",
    Condition.FAILED: "failed",
    Condition.BUILD_FAILED: "error",
    Condition.UNHEALTHY: "error",
    Condition.DELETED: "deleted",
    Condition.GONE: "deleted in Coder",
}
_DETAILS = {
    Condition.BUILD_FAILED: " · the workspace build failed",
    Condition.UNHEALTHY: " · the agent app is unhealthy",
}
_NEXT = {
    Condition.WAITING: "Reply in the thread to answer.",
    Condition.FAILED: "Reply in the thread with what to try next.",
    Condition.BUILD_FAILED: "Retry the build on the card. If it fails again, ask whoever maintains the template.",
    Condition.UNHEALTHY: "This can clear by itself. If it does not, restart the workspace on the card.",
}


def task_news(title: str, change: Change, url: str = "", card: str = "") -> Content:
    """The task needs its requester, or has ended; `url` is its page in Coder, `card` the address of its card."""
    name, state = said(title, _TITLE) or "The task", _STATES.get(change.condition, change.condition.value)
    is_gone = change.condition in {Condition.DELETED, Condition.GONE}
    address, work = work_link(card) or (None if is_gone else work_link(url)), work_link(change.uri)
    is_done = change.condition is Condition.COMPLETE
    took = f" after {duration(change.seconds)}" if is_done and change.seconds is not None else ""
    detail = _DETAILS.get(change.condition, "")
    line = [
        emoji(_SYMBOLS.get(change.condition, "warning")),
        words(" "),
        link(address.url, name, bold=True) if address else words(name, bold=True),
        words(" "),
        words(state, bold=True),
        *([words(f"{took}{detail}{' · ' if work else ''}")] if took or detail or work else []),
        *([link(work.url, work.kind)] if work else []),
    ]
    message = said(change.message, _MESSAGE)
    then = _NEXT.get(change.condition, "")
    spoken = f"Your task {name}: {state}{took}{detail.replace(' · ', ', ')}. {sentence(message)} {then}"
    offers = (LinkOffer("Open the card", card),) if work_link(card) else ()
    return Content(
        fallback(spoken, tail=f"{link_markup(work)}." if work else ""),
        [
            rich("news", section(*line), *([quote(message)] if message else [])),
            *([context("news.next", plain(then))] if then else []),
            *offer_row("news.do", *offers),
        ],
    )


# -- clean-up ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finished:
    """A task that has ended long ago; `id` is Coder's, `since` when it ended."""

    id: str
    title: str
    name: str
    condition: Condition
    since: float
    url: str = ""


_KEPT = {
    Condition.COMPLETE: "complete",
    Condition.FAILED: "failed",
    Condition.PAUSED: "paused",
    Condition.BUILD_FAILED: "error",
    Condition.UNHEALTHY: "error",
}
_LOST = "The workspace and everything not pushed from it are removed. This cannot be undone."
_WHY = "Finished for more than a week. Their workspaces still take up space; nothing is deleted by itself."


def clean_up(finished: Sequence[Finished]) -> Content:
    """The owner's finished tasks, oldest first, ten at most, each with a button that deletes it."""
    shown = list(finished[:MOST_ROWS])
    count = plural(len(finished), "finished task")
    while True:
        blocks = _clean_up_blocks(shown, len(finished), count)
        if size(blocks) <= MESSAGE_BYTES or len(shown) == 1:
            break
        shown.pop()
    names = ", ".join(said(one.title, _ROW_TITLE) or said(one.name, _NAME) for one in shown)
    return Content(fallback(f"You have {count}. {_WHY} {sentence(names)}"), blocks)


def _clean_up_blocks(shown: Sequence[Finished], total: int, count: str) -> list[Block]:
    head = rich("clean.head", section(words(f"You have {count}.", bold=True), words(f" {_WHY}")))
    more = [context("clean.more", plain(f"and {total - len(shown):,} more"))] if total > len(shown) else []
    rows = [_row(number, one) for number, one in enumerate(shown)]
    return [head, *rows, *more, *_clean_up_buttons(shown)]


def _row(number: int, one: Finished) -> Block:
    """One task; its title may be anything, so the whole row is plain text."""
    title, name = said(one.title, _ROW_TITLE) or "Untitled task", said(one.name, _NAME)
    at = utc(one.since, "{date_short_pretty}")
    made: Block = {
        "type": "section",
        "block_id": f"clean.{number}",
        "text": plain(f"{title}\n{name} · {_KEPT.get(one.condition, one.condition.value)} since {at}"),
    }
    if "clean.delete" not in CONTROLS:
        return made
    ask = confirm("Delete this task?", _LOST, "Delete task", "Keep it")
    return {**made, "accessory": button("clean.delete", "Delete", label=f"Delete {name}", value=one.id, confirm=ask)}


def _clean_up_buttons(shown: Sequence[Finished]) -> list[Block]:
    several = len(shown) > 1
    ask = confirm(f"Delete {plural(len(shown), 'task')}?", _LOST, "Delete them", "Keep them")
    ids = ",".join(one.id for one in shown)
    everything = button(
        "clean.all",
        f"Delete these {len(shown)}",
        label=f"Delete these {len(shown)} tasks",
        value=ids,
        style="danger",
        confirm=ask,
    )
    off = button("clean.off", "Do not send this any more", label="Do not send this message any more", value="off")
    made = [*([everything] if several else []), off]
    kept = [element for element in made if element["action_id"] in CONTROLS]
    return [actions("clean.do", *kept)] if kept else []


def cleaned(deleted: int, kept: int, gone: int) -> Content:
    """What became of a click: how many are being deleted, are in use again, or were gone already."""
    parts = [f"Deleting {plural(deleted, 'task')}."] if deleted else ["Nothing is deleted."]
    parts += [f"{plural(kept, 'task')} {_are(kept)} in use again and {_are(kept, 'was', 'were')} kept."] if kept else []
    parts += [f"{plural(gone, 'task')} {_are(gone)} gone already."] if gone else []
    return Content(fallback(" ".join(parts)), [rich("clean.done", section(words(" ".join(parts))))])


def _are(count: int, one: str = "is", many: str = "are") -> str:
    return one if count == 1 else many


def clean_up_off() -> Content:
    """The person gets no more of these messages."""
    return _switched("This message is not sent to you any more.", "on", "Turn it on again")


def clean_up_on() -> Content:
    """The person gets these messages again."""
    return _switched("You are told once a week of tasks that finished long ago.", "off", "Do not send this any more")


def _switched(text: str, other: str, label: str) -> Content:
    control = button(f"clean.{other}", label, label=label, value=other)
    row: list[Element] = [control] if control["action_id"] in CONTROLS else []
    return Content(text, [step("clean.is", text), *([actions("clean.do", *row)] if row else [])])
