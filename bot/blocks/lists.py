"""Lists of tasks: grouped by what they need, ten on a page (guide, section 3.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from bot.blocks import controls
from bot.blocks.controls import Layout, Target, card_controls
from bot.blocks.elements import Block, Element, actions, button, context, link, plain, rich, section, step, words
from bot.blocks.pace import TODAY_SECONDS
from bot.blocks.problems import offer_row
from bot.blocks.size import MESSAGE_BYTES, size
from bot.blocks.text import date_element, fallback, plural, said, work_link
from bot.commands import STATES
from bot.errors import Offer
from bot.models import Condition, Content, Status

__all__ = ["TaskRow", "bullets", "rank", "task_list"]

PAGE = 10
_TITLE, _NAME, _OWNER, _MESSAGE, _DETAIL = 60, 60, 30, 80, 60
_ROOM = MESSAGE_BYTES - 1_500  # the count and the buttons take the rest

GROUPS = ("Waiting for input", "Needs attention", "Working", "Starting", "Paused", "Complete", "Deleted")
_GROUP = {
    Condition.WAITING: GROUPS[0],
    Condition.FAILED: GROUPS[1],
    Condition.BUILD_FAILED: GROUPS[1],
    Condition.UNHEALTHY: GROUPS[1],
    Condition.UNKNOWN: GROUPS[1],
    Condition.WORKING: GROUPS[2],
    Condition.QUEUED: GROUPS[3],
    Condition.STARTING: GROUPS[3],
    Condition.RESUMING: GROUPS[3],
    Condition.PAUSING: GROUPS[4],
    Condition.PAUSED: GROUPS[4],
    Condition.COMPLETE: GROUPS[5],
    Condition.DELETING: GROUPS[6],
    Condition.DELETED: GROUPS[6],
    Condition.GONE: GROUPS[6],
}
# What stands in front of the time, where it is not "since".
_WHEN = {
    Condition.FAILED: "failed at",
    Condition.BUILD_FAILED: "build failed at",
    Condition.UNHEALTHY: "unhealthy since",
    Condition.UNKNOWN: "unknown since",
    Condition.QUEUED: "queued since",
    Condition.RESUMING: "resuming since",
    Condition.PAUSING: "pausing since",
    Condition.COMPLETE: "at",
    Condition.DELETING: "deleting since",
    Condition.DELETED: "at",
    Condition.GONE: "noticed at",
}
# The buttons under a person's only task; those that are going have none.
_LAYOUT = {
    Condition.QUEUED: controls.QUEUED,
    Condition.STARTING: controls.QUEUED,
    Condition.RESUMING: controls.QUEUED,
    Condition.WORKING: controls.WORKING,
    Condition.WAITING: controls.WAITING,
    Condition.COMPLETE: controls.COMPLETE,
    Condition.FAILED: controls.WAITING,
    Condition.BUILD_FAILED: controls.BUILD_FAILED,
    Condition.UNHEALTHY: controls.UNHEALTHY,
    Condition.UNKNOWN: controls.UNKNOWN,
    Condition.PAUSING: controls.PAUSING,
    Condition.PAUSED: controls.PAUSED,
}


@dataclass(frozen=True)
class TaskRow:
    """One task in a list.

    `detail` says what the time does not, such as "2nd of 4 in the queue"; `id` is Coder's, for buttons.
    """

    title: str
    url: str
    name: str
    condition: Condition
    since: float | None = None
    message: str = ""
    thread_link: str | None = None
    uri: str = ""
    owner: str = ""
    detail: str = ""
    id: str = ""


# -- tasks -------------------------------------------------------------------------------------------------------------


def task_list(
    rows: Sequence[TaskRow],
    *,
    now: float,
    page: int = 1,
    everyone: bool = False,
    status: Status | None = None,
    state: str = "",
) -> Content:
    """One page of the person's tasks, or of everyone's, the ones that wait for somebody first.

    The buttons for other pages run `list` with the same choice.
    """
    rows = [row for row in rows if not state or _GROUP[row.condition] == GROUPS[STATES.index(state)]]
    if not rows:
        return _no_tasks(everyone=everyone, status=status or state)
    ordered = sorted(rows, key=lambda row: (GROUPS.index(_GROUP[row.condition]), -(row.since or 0.0)))
    blocks = [_row(row, now, owner=everyone) for row in ordered]
    starts = _pages(ordered, blocks)
    number = min(max(page, 1), len(starts) - 1)
    first, end = starts[number - 1], starts[number]
    shown = rich("list.rows", *_groups(ordered[first:end], blocks[first:end]))
    if len(starts) == 2:
        row = _task_buttons(ordered[0]) if len(rows) == 1 and not everyone else []
        return Content(_text(ordered), [shown, *row])
    span = f"{first + 1}–{end}" if end > first + 1 else str(end)
    total = plural(len(rows), "task")
    command = _command(everyone=everyone, status=status, state=state)
    counted = context("list.count", plain(f"{total}: {_counts(ordered, _after)}. Showing {span}."))
    text = fallback(f"{total}, showing {span}. {_capital(_counts(ordered, _before))}.")
    return Content(text, [counted, shown, actions("list.do", *_paging(command, starts, number))])


def _no_tasks(*, everyone: bool, status: str | None) -> Content:
    start = "Start one with `/coder-task create` and a prompt."
    who = "There are" if everyone else "You have"
    none = f"{who} no tasks{f' with status {status}' if status else ''}."
    return Content(
        fallback(f"{none} {start.replace('`', '')}"),
        [step("list.none", f"*{none}* {start}"), *offer_row("list.do", Offer("Help", "help create"))],
    )


def _pages(rows: Sequence[TaskRow], blocks: Sequence[Element]) -> list[int]:
    """Where each page starts, and the end: ten rows, fewer when their blocks would not fit into one message."""
    starts, used = [0], 0
    for at, (row, block) in enumerate(zip(rows, blocks, strict=True)):
        bytes_ = size([block]) + (0 if at > starts[-1] and row.condition == rows[at - 1].condition else 220)
        if at > starts[-1] and (at - starts[-1] == PAGE or used + bytes_ > _ROOM):
            starts.append(at)
            used = 0
        used += bytes_
    return [*starts, len(rows)]


def _groups(rows: Sequence[TaskRow], blocks: Sequence[Element]) -> Iterable[Element]:
    """The rows under the names of their groups."""
    for group, members in groupby(zip(rows, blocks, strict=True), key=lambda pair: _GROUP[pair[0].condition]):
        yield section(words(group, bold=True))
        yield bullets(block for _, block in members)


def rank(condition: Condition) -> int:
    """How early a task in this condition stands in a list."""
    return GROUPS.index(_GROUP[condition])


def bullets(items: Iterable[Element]) -> Element:
    """A list of sections."""
    return {"type": "rich_text_list", "style": "bullet", "indent": 0, "elements": list(items)}


def _row(row: TaskRow, now: float, *, owner: bool) -> Element:
    """**title**, line break, task name · since when or why · link to the thread; the message of those that wait."""
    title, name = said(row.title, _TITLE) or said(row.name, _NAME) or "Untitled task", said(row.name, _NAME)
    parts = [words(f"\n{name}")] + ([words(said(row.owner, _OWNER))] if owner and row.owner.strip() else [])
    parts += _when(row, now)
    if row.thread_link and _is_address(row.thread_link):
        parts.append(link(row.thread_link, "thread"))
    line = [part for each in parts for part in (words(" · "), each)][1:]
    message = said(row.message, _MESSAGE) if row.condition is Condition.WAITING else ""
    heading = link(row.url, title, bold=True) if _is_address(row.url) else words(title, bold=True)
    return section(heading, *line, *([words(f"\n“{message}”")] if message else []))


def _when(row: TaskRow, now: float) -> list[Element]:
    """Since when or why; a task that is complete shows its work instead."""
    work = work_link(row.uri) if row.condition is Condition.COMPLETE else None
    if work:
        return [link(work.url, work.kind)]
    if row.detail.strip():
        return [words(said(row.detail, _DETAIL))]
    if row.since is None:
        return []
    lead = _WHEN.get(row.condition, "since")
    if now - row.since < TODAY_SECONDS:
        return [date_element(row.since, f"{lead} {{time}}")]
    old = f"{lead} {{date_short_pretty}}" if lead.endswith("since") else f"{lead[:-2]}{{date_short_pretty}} at {{time}}"
    return [date_element(row.since, old)]


def _is_address(url: str) -> bool:
    return url.startswith(("https://", "http://")) and len(url) <= 3_000


# -- counts and buttons ------------------------------------------------------------------------------------------------


def _text(rows: Sequence[TaskRow]) -> str:
    """The counts in words, with the names of the tasks that wait for somebody."""
    if len(rows) == 1:
        row = rows[0]
        return fallback(f"1 task. {_GROUP[row.condition]}: {said(row.title, _TITLE)} ({said(row.name, _NAME)}).")
    named = [
        f"{group}: {', '.join(said(row.title, _TITLE) for row in rows if _GROUP[row.condition] == group)}."
        for group in GROUPS[:2]
        if any(_GROUP[row.condition] == group for row in rows)
    ]
    others = _counts([row for row in rows if _GROUP[row.condition] not in GROUPS[:2]], _before)
    counts = [f"{_capital(others)}."] if others else []
    return fallback(" ".join([f"{plural(len(rows), 'task')}.", *named, *counts]))


def _counts(rows: Sequence[TaskRow], word: Callable[[str, int], str]) -> str:
    counted = Counter(_GROUP[row.condition] for row in rows)
    return ", ".join(word(group, counted[group]) for group in GROUPS if counted[group])


def _before(group: str, count: int) -> str:
    return f"{group.lower()} {count}"


def _after(group: str, count: int) -> str:
    return f"{count} {'need attention' if group == GROUPS[1] and count > 1 else group.lower()}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _command(*, everyone: bool, status: Status | None, state: str) -> str:
    chosen = f"{f' --status {status}' if status else ''}{f' --state {state}' if state else ''}"
    return f"list{' --all' if everyone else ''}{chosen}"


def _paging(command: str, starts: Sequence[int], number: int) -> list[Element]:
    """The buttons that show the page before and the page after."""
    pages = [("Previous", number - 1), ("Next", number + 1)]
    return [
        button(
            f"command.run.{at}",
            f"{word} {starts[page] - starts[page - 1]}",
            label=f"Show tasks {starts[page - 1] + 1} to {starts[page]}",
            value=f"{command} --page {page}",
        )
        for at, (word, page) in enumerate(pages)
        if 0 < page < len(starts)
    ]


def _task_buttons(row: TaskRow) -> list[Block]:
    """The buttons that the person's only task has on its card."""
    layout = _LAYOUT.get(row.condition, Layout())
    shown = replace(layout, menu=()) if row.id else Layout(tuple({"task.open"} & {*layout.buttons}))
    address = work_link(row.url)
    target = Target(row.id, said(row.name, _NAME), address.url if address else "", work_link(row.uri))
    return card_controls("list.do", shown, target)
