"""The Home tab: what waits for the person first, then the rest of their tasks (guide, section 5.4)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.blocks.controls import CONTROLS, Layout, Target, card_controls
from bot.blocks.elements import (
    Block,
    Element,
    actions,
    button,
    context,
    divider,
    header,
    link,
    mrkdwn,
    rich,
    section,
    words,
)
from bot.blocks.forms.fields import NO_PRESET
from bot.blocks.pace import TODAY_SECONDS, moment, start_step
from bot.blocks.problems import problem
from bot.blocks.text import date_element, link_markup, mrkdwn_date, ordinal, said, work_link
from bot.errors import UserError
from bot.models import CardView, Condition, Details, Failure, Level, View

__all__ = ["ROWS", "Defaults", "HomeView", "Listed", "Row", "Stage", "fingerprint", "home", "stage_of", "stranger"]

ROWS = 5
_TITLE, _NAME, _MESSAGE, _CAUSE, _STEP, _CHOICE = 60, 64, 120, 60, 80, 30
_USERNAME = re.compile(r"[A-Za-z0-9-]{1,64}")  # what may stand in markup


class Stage(StrEnum):
    """A heading of the Home tab; the value is in the ids of its blocks."""

    WAIT = "wait"
    FIX = "fix"
    WORK = "work"
    START = "start"
    REST = "rest"
    DONE = "done"


_HEADINGS = {  # heading, what screen readers hear of all its tasks, the state that lists them
    Stage.WAIT: ("Waiting for you", "{} tasks that wait for you", "waiting"),
    Stage.FIX: ("Needs attention", "{} tasks that need attention", "attention"),
    Stage.WORK: ("Working", "{} working tasks", "working"),
    Stage.START: ("Starting", "{} starting tasks", "starting"),
    Stage.REST: ("Paused", "{} paused tasks", "paused"),
    Stage.DONE: ("Complete in the last day", "{} complete tasks", "complete"),
}
_STAGE = {
    Condition.WAITING: Stage.WAIT,
    Condition.FAILED: Stage.FIX,
    Condition.BUILD_FAILED: Stage.FIX,
    Condition.UNHEALTHY: Stage.FIX,
    Condition.UNKNOWN: Stage.FIX,
    Condition.WORKING: Stage.WORK,
    Condition.QUEUED: Stage.START,
    Condition.STARTING: Stage.START,
    Condition.RESUMING: Stage.START,
    Condition.PAUSING: Stage.REST,
    Condition.PAUSED: Stage.REST,
    Condition.COMPLETE: Stage.DONE,
}
# Buttons only where the person is needed, and none of them green: that is New task.
_LAYOUT = {
    Condition.WAITING: Layout(("task.reply", "task.logs")),
    Condition.FAILED: Layout(("task.reply", "task.logs")),
    Condition.BUILD_FAILED: Layout(("task.retry", "task.build")),
    Condition.UNHEALTHY: Layout(("task.restart", "task.build"), asks="task.restart"),
}
Parts = list[Element]


@dataclass(frozen=True)
class Row:
    """A task of the person; `thread` is the address of its card."""

    view: CardView
    thread: str = ""


@dataclass(frozen=True)
class Listed:
    """The tasks of one stage: the rows that are shown, and how many there are."""

    rows: tuple[Row, ...]
    count: int


@dataclass(frozen=True)
class Defaults:
    """What a person's tasks start from when they say nothing; template and preset are titles."""

    template: str = ""
    preset: str = ""
    level: Level = Level.IMPORTANT


@dataclass(frozen=True)
class HomeView:
    """Everything that the Home tab shows to a person whom Coder knows; `others`: they have tasks in no stage."""

    username: str
    coder_url: str
    now: float
    stages: Mapping[Stage, Listed] = field(default_factory=dict)
    defaults: Defaults = Defaults()
    stale_since: float | None = None
    others: bool = False


def stage_of(condition: Condition) -> Stage | None:
    """Where the Home tab lists a task; None for those that are going or gone."""
    return _STAGE.get(condition)


def home(view: HomeView) -> View:
    """The Home tab of a person whom Coder knows."""
    listed = [(stage, view.stages[stage]) for stage in Stage if stage in view.stages]
    blocks = [*_top(view), *([] if listed else [_empty(view)])]
    first = 0
    for stage, tasks in listed:
        blocks += _stage(stage, tasks, first)
        first += len(tasks.rows)
    return _published([*blocks, *_bottom(view.defaults)])


def stranger(error: UserError) -> View:
    """The Home tab of somebody for whom no Coder user is found, or when nobody can be asked."""
    why = {**problem(error).blocks[0], "block_id": "why"}
    controls = [*_controls(_REFRESH_AGAIN), *_controls(_HELP)]
    return _published([header("h.hi", "Your Coder account"), why, actions("link.do", *controls)])


def fingerprint(view: View) -> str:
    """A stable hash of what people see, whenever it was brought up to date."""
    seen = [block if block["block_id"] != "top.link" else _undated(block) for block in view.payload["blocks"]]
    text = json.dumps(seen, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _undated(block: Block) -> str:
    return re.sub(r"<!date\^\d+\^Updated[^>]*>", "", str(block["elements"][0]["text"]))


def _published(blocks: list[Block]) -> View:
    return View({"type": "home", "callback_id": "home", "private_metadata": "{}", "blocks": blocks})


# -- above and below ---------------------------------------------------------------------------------------------------

_NEW = ("user.new", "New task", "New task", "new")
_BATCH = ("user.batch", "New batch", "New batch", "batch")
_REFRESH = ("home.refresh", "Refresh", "Refresh this page", "x")
_REFRESH_AGAIN = ("home.refresh", "Try again", "Look for your Coder account again", "x")
_DEFAULTS = ("user.defaults", "Change defaults…", "Change your defaults", "x")
_HELP = ("user.help", "Help", "Help", "x")


def _controls(*wanted: tuple[str, str, str, str]) -> list[Element]:
    """The buttons of these (action, text, label, value) that have a listener."""
    return [
        button(action, text, label=label, value=value, style="primary" if action == _NEW[0] else None)
        for action, text, label, value in wanted
        if action in CONTROLS
    ]


def _top(view: HomeView) -> list[Block]:
    server = work_link(view.coder_url)
    where = f" on {link_markup(server)}" if server else ""
    who = f"You are `{view.username}`{where}." if _USERNAME.fullmatch(view.username) else f"Your tasks{where}."
    if view.stale_since is None:
        fresh = f"{mrkdwn_date(view.now, 'Updated at {time}')}."
    else:
        since = mrkdwn_date(view.stale_since, f"since {moment(view.stale_since, view.now)}")
        fresh = f"Coder has not answered {since}; this is the last known state."
    return [actions("top.do", *_controls(_NEW, _BATCH, _REFRESH)), context("top.link", mrkdwn(f"{who} {fresh}"))]


def _empty(view: HomeView) -> Block:
    return rich(
        "empty",
        section(
            words("No task is at work." if view.others else "No tasks yet.", bold=True),
            words("\nStart one with the button, with "),
            words("/coder-task create", code=True),
            words(" in a channel, or from any message: choose More actions, then Create a Coder task."),
        ),
    )


def _bottom(defaults: Defaults) -> list[Block]:
    template, preset = said(defaults.template, _CHOICE), said(defaults.preset, _CHOICE)
    beside = ", no preset" if preset == NO_PRESET else f", preset {preset}" if preset else ""
    chosen = f"{template}{beside}" if template else "No template"
    line = section(words("Your defaults", bold=True), words(f"\n{chosen} · notify {defaults.level.value}"))
    return [divider("def.line"), rich("def", line), actions("def.do", *_controls(_DEFAULTS, _HELP))]


# -- tasks -------------------------------------------------------------------------------------------------------------


def _stage(stage: Stage, listed: Listed, first: int) -> Iterable[Block]:
    heading, spoken, state = _HEADINGS[stage]
    yield header(f"h.{stage}", f"{heading} ({listed.count:,})")
    for number, task in enumerate(listed.rows, first):
        yield from _row(f"row.{number}", task)
    if listed.count > len(listed.rows):
        label = f"Show all {spoken.format(listed.count)}"
        every = button("command.run.0", f"Show all {listed.count:,}", label=label, value=f"list --state {state}")
        yield actions(f"more.{stage}", every)


def _row(block_id: str, task: Row) -> list[Block]:
    """**title**, line break, since when and why · link to the thread; the question of those that wait."""
    view = task.view
    name = said(view.name, _NAME)
    title = said(view.title, _TITLE) or name or "Untitled task"
    address, thread = work_link(view.url), work_link(task.thread)
    heading = link(address.url, title, bold=True) if address else words(title, bold=True)
    detail = _DETAILS[view.condition](view)
    detail += [words(" · "), link(thread.url, "thread")] if thread else []
    if view.condition is Condition.WAITING and (question := _said(view)):
        detail.append(words(f"\n“{question}”"))
    line = rich(block_id, section(heading, words("\n"), *detail))
    layout = _LAYOUT.get(view.condition, Layout())
    return [line, *card_controls(f"{block_id}.do", layout, Target(view.task_id, name))]


def _said(view: CardView) -> str:
    return said(view.report.message, _MESSAGE) if view.report else ""


def _and(text: str) -> Parts:
    return [words(f" · {text}")] if text else []


def _since(lead: str, view: CardView) -> Parts:
    """Since when: the time of today, else the day."""
    pattern = "{time}" if view.now - view.since < TODAY_SECONDS else "{date_short_pretty}"
    return [date_element(view.since, f"{lead} {pattern}")]


def _at(lead: str, view: CardView) -> Parts:
    """When it happened."""
    today = view.now - view.since < TODAY_SECONDS
    return [words(f"{lead} "), date_element(view.since, "at {time}" if today else "{date_short_pretty} at {time}")]


def _waiting(view: CardView) -> Parts:
    return _since("Since", view)


def _working(view: CardView) -> Parts:
    return [*_since("Since", view), *_and(_said(view))]


def _queued(view: CardView) -> Parts:
    details = view.details or Details()
    if details.queue_position > 0:
        size = max(details.queue_size, details.queue_position)
        return [words(f"{ordinal(details.queue_position)} of {size} in the provisioner queue")]
    return [words("No provisioner is available")] if details.provisioners == 0 else _since("Queued since", view)


def _starting(view: CardView) -> Parts:
    step = said(start_step(view), _STEP)
    lead = "Resuming since" if view.condition is Condition.RESUMING else "Starting since"
    return [words(step)] if step else _since(lead, view)


def _build_failed(view: CardView) -> Parts:
    details = view.details or Details()
    if details.failure is Failure.QUOTA:
        return _at("Workspace quota is used up,", view)
    what = "was canceled" if details.failure is Failure.CANCELED else "failed"
    return [*_at(f"Workspace build {what}", view), *_and(said(details.cause, _CAUSE).rstrip("."))]


def _failed(view: CardView) -> Parts:
    return [*_at("Failed", view), *_and(_said(view))]


def _unhealthy(view: CardView) -> Parts:
    cause = said(view.details.cause, _CAUSE).rstrip(".") if view.details else ""
    return [*_since("Agent app is unhealthy since", view), *_and(cause)]


def _complete(view: CardView) -> Parts:
    today = view.now - view.since < TODAY_SECONDS
    done = work_link(view.report.uri) if view.report else None
    when = date_element(view.since, "At {time}" if today else "{date_short_pretty} at {time}")
    return [when, *([words(" · "), link(done.url, done.kind)] if done else [])]


_DETAILS: dict[Condition, Callable[[CardView], Parts]] = {
    Condition.WAITING: _waiting,
    Condition.FAILED: _failed,
    Condition.BUILD_FAILED: _build_failed,
    Condition.UNHEALTHY: _unhealthy,
    Condition.UNKNOWN: lambda view: _since("Unknown since", view),
    Condition.WORKING: _working,
    Condition.QUEUED: _queued,
    Condition.STARTING: _starting,
    Condition.RESUMING: _starting,
    Condition.PAUSING: lambda view: _since("Pausing since", view),
    Condition.PAUSED: _waiting,
    Condition.COMPLETE: _complete,
}
