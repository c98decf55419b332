"""The roll-up of a batch: one message that counts its tasks and links their cards (guide 1.2, `card.25_batch`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.blocks.controls import CONTROLS
from bot.blocks.elements import (
    Block,
    Element,
    actions,
    button,
    confirm,
    context,
    link,
    mrkdwn,
    plain,
    rich,
    section,
    words,
)
from bot.blocks.lists import bullets, rank
from bot.blocks.problems import problem
from bot.blocks.size import MESSAGE_BYTES, size
from bot.blocks.text import fallback, mrkdwn_date, plural, said, work_link
from bot.errors import UserError
from bot.models import Condition, Content, Verb

__all__ = ["EVENT_TYPE", "BatchView", "Line", "roll_up", "steered"]

EVENT_TYPE = "coder_batch_card"

_TITLE, _LINE, _NAME, _REASON = 60, 60, 30, 120
_ROOM = MESSAGE_BYTES - 3_400  # the head, the foot and the buttons take the rest
_NOT_CREATED = "Not created"
_WORDS = {
    Condition.WAITING: "Waiting for input",
    Condition.BUILD_FAILED: "Error",
    Condition.UNHEALTHY: "Error",
    Condition.GONE: "Deleted in Coder",
}
_OVER = {Condition.DELETING, Condition.DELETED, Condition.GONE}
_AT_REST = _OVER | {Condition.PAUSING, Condition.PAUSED}


@dataclass(frozen=True)
class Line:
    """One task of a batch; `card` is the address of its card, `refusal` why Coder would not create it."""

    prompt: str
    condition: Condition = Condition.QUEUED
    card: str = ""
    uri: str = ""
    refusal: str = ""
    exists: bool = False  # Coder has it


@dataclass(frozen=True)
class BatchView:
    """Everything that a roll-up shows; `to_person`: the cards are in the requester's direct messages."""

    batch_id: str
    title: str
    requester: str
    template: str
    to_person: bool
    created_at: float
    lines: Sequence[Line]
    revision: int = 1


def roll_up(view: BatchView) -> Content:
    """The roll-up at this moment, what waits for somebody first."""
    title, requester = said(view.title, _TITLE) or "Untitled", said(view.requester, _NAME)
    ordered = sorted(view.lines, key=_place)
    total, counts = plural(len(ordered), "task"), list(_counts(ordered))
    revision = f"r{view.revision}"
    head = section(words(f"Batch: {title}", bold=True), words("\n"), words(" · ".join([total, *counts])))
    blocks = [
        rich(f"batch.head.{revision}", head),
        rich(f"batch.rows.{revision}", *_rows(ordered)),
        _foot(f"batch.foot.{revision}", view, requester),
        *_controls(f"batch.do.{revision}", view),
    ]
    by = f" by {requester}" if requester else ""
    text = fallback(f"Batch “{title}”: {total}{by}. {', '.join(counts)}.")
    payload = {"batch_id": view.batch_id, "revision": view.revision}
    return Content(text, blocks, {"event_type": EVENT_TYPE, "event_payload": payload})


def steered(verb: Verb, title: str, count: int) -> Content:
    """The private answer to Pause all and Delete all."""
    name = said(title, _TITLE)
    if not count:
        what = "is running" if verb is Verb.PAUSE else "is left"
        return problem(UserError("already_done", "Already done", f"No task of “{name}” {what}."))
    doing, after = ("Pausing", "Files are kept.") if verb is Verb.PAUSE else ("Deleting", "The cards say when.")
    line = section(words(f"{doing} {plural(count, 'task')}", bold=True), words(f" of “{name}”. {after}"))
    return Content(fallback(f"{doing} {plural(count, 'task')} of “{name}”. {after}"), [rich("batch.ok", line)])


# -- rows --------------------------------------------------------------------------------------------------------------


def _word(line: Line) -> str:
    return _NOT_CREATED if line.refusal else _WORDS.get(line.condition, line.condition.value.capitalize())


def _place(line: Line) -> int:
    return rank(Condition.FAILED if line.refusal else line.condition)


def _counts(ordered: Sequence[Line]) -> Iterator[str]:
    """How many there are of each, in the order of the rows."""
    for word, count in Counter(_word(line) for line in ordered).items():
        yield f"{count:,} {word[0].lower()}{word[1:]}"


def _rows(ordered: Sequence[Line]) -> list[Element]:
    """One row for each task, as many as a message holds."""
    rows: list[Element] = []
    used = 0
    for line in ordered:
        made = _row(line)
        used += size([made]) + 1
        if used > _ROOM:
            more = f"{len(ordered) - len(rows):,} more are in the list of your tasks."
            return [bullets(rows), section(words(more))]
        rows.append(made)
    return [bullets(rows)]


def _row(line: Line) -> Element:
    """The prompt, linked to the task's card, and how the task is; of one that was not created, why."""
    title, card = said(line.prompt, _LINE) or "…", work_link(line.card)
    named = link(card.url, title) if card else words(title)
    parts = [named, words(" · "), words(_word(line), bold=True)]
    reason = said(_plain(line.refusal), _REASON)
    done = work_link(line.uri) if line.condition in {Condition.COMPLETE, *_OVER} else None
    if reason:
        parts.append(words(f" · {reason}"))
    elif done:
        parts += [words(" · "), link(done.url, done.kind)]
    return section(*parts)


def _plain(text: str) -> str:
    """A message's top-level text without its escapes."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# -- below -------------------------------------------------------------------------------------------------------------


def _foot(block_id: str, view: BatchView, requester: str) -> Block:
    first = requester.partition(" ")[0]
    where = f"{first}’s direct messages" if view.to_person and first else "direct messages"
    cards = f"cards are in {where if view.to_person else 'this channel'}"
    line = " · ".join(part for part in (requester, said(view.template, _NAME), cards) if part)
    created = mrkdwn(mrkdwn_date(view.created_at, "created {date_short_pretty} at {time}"))
    return context(block_id, plain(line), created)


def _controls(block_id: str, view: BatchView) -> list[Block]:
    """Retry failed lines, Pause all, Delete all: those that have something to do."""
    failed = sum(bool(line.refusal) for line in view.lines)
    running = sum(line.exists and line.condition not in _AT_REST for line in view.lines)
    there = sum(line.exists and line.condition not in _OVER for line in view.lines)
    made = [
        _retry(view, failed) if failed else None,
        _pause(view, running) if running else None,
        _delete(view, there) if there else None,
    ]
    shown = [one for one in made if one is not None and one["action_id"] in CONTROLS]
    return [actions(block_id, *shown)] if shown else []


def _retry(view: BatchView, count: int) -> Element:
    text = "Retry failed lines" if count > 1 else "Retry failed line"
    label = f"Create the {plural(count, 'task')} of this batch again that failed"
    return button("batch.retry", text, label=label, value=view.batch_id)


def _pause(view: BatchView, count: int) -> Element:
    asks = confirm(
        f"Pause {plural(count, 'task')}?",
        "Agents that work stop mid-step. Files in the workspaces are kept, and you can resume later.",
        "Pause all",
        "Keep working",
    )
    label = "Pause all tasks of this batch"
    return button("batch.pause", "Pause all…", label=label, value=view.batch_id, confirm=asks)


def _delete(view: BatchView, count: int) -> Element:
    asks = confirm(
        f"Delete {plural(count, 'task')}?",
        "Their workspaces and everything not pushed from them are removed. This cannot be undone.",
        "Delete all",
        "Keep them",
    )
    label = "Delete all tasks of this batch"
    return button("batch.delete", "Delete all…", label=label, value=view.batch_id, confirm=asks)
