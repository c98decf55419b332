"""The controls of cards and replies: which there are, what they look like, where they stand (guide 1.2 and 1.3).

`CONTROLS` names those that have a listener. A control that is laid out but not named is left out, and no other takes
its place or its colour; a new listener only adds its name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.blocks.elements import Block, Element, actions, button, confirm, overflow
from bot.blocks.text import WorkLink, cut

CONTROLS: frozenset[str] = frozenset(
    {
        "channel.settings",
        "channel.watch_off",
        "clean.all",
        "clean.delete",
        "clean.off",
        "clean.on",
        "task.again",
        "task.build",
        "task.link",
        "task.logs",
        "task.open",
        "task.pause",
        "task.reply",
        "task.restart",
        "task.resume",
        "task.retry",
        "batch.delete",
        "batch.pause",
        "batch.retry",
        "home.refresh",
        "user.batch",
        "user.defaults",
        "user.help",
        "user.list",
        "user.new",
        "menu.again",
        "menu.build",
        "menu.logs",
        "menu.delete",
        "menu.notify",
        "menu.send",
        "menu.steer",
        "prompt.again",
        "prompt.arrived",
        "prompt.discard",
        "prompt.drop",
        "prompt.send_edit",
        "prompt.send_literal",
    }
)

_MENU = {
    "send": "Send a prompt…",
    "logs": "Logs",
    "build": "Build log",
    "notify": "Notifications…",
    "steer": "Let this thread steer",
    "own": "Only the owner steers",
    "again": "Run again…",
    "delete": "Delete…",
}
# The menu's entries that are about a card's thread: other messages with a task's controls have none.
_OF_THREAD = {"notify", "steer"}
_TASK_BUTTONS = {  # action: (text, label)
    "task.reply": ("Reply", "Reply to {}"),
    "task.logs": ("Logs", "Logs of {}"),
    "task.build": ("Build log", "Build log of {}"),
    "task.pause": ("Pause", "Pause {}"),
    "task.resume": ("Resume", "Resume {}"),
    "task.retry": ("Retry build", "Retry the build of {}"),
    "task.restart": ("Restart workspace", "Restart the workspace of {}"),
    "task.again": ("Run again…", "Start a new task with the prompt of {}"),
}
_PROMPT_BUTTONS = {  # action: (text, label)
    "prompt.drop": ("Do not send", "Do not send the waiting prompt"),
    "prompt.again": ("Send again", "Send the prompt again"),
    "prompt.discard": ("Discard", "Discard the prompt"),
    "prompt.arrived": ("It arrived", "Mark the prompt as delivered"),
    "prompt.send_literal": ("Send the word", "Send the word to the agent"),
    "prompt.send_edit": ("Send the new version", "Send the edited message as a new prompt"),
}
_PAUSE_WHILE_WORKING = confirm(
    "Pause while the agent is working?",
    "The agent stops mid-step. Files in the workspace are kept, and you can resume later.",
    "Pause",
    "Keep working",
)
_RESTART = confirm(
    "Restart the workspace?",
    "The workspace stops and starts again, usually in 1–3 minutes."
    " Files are kept; the agent may lose its conversation.",
    "Restart",
    "Cancel",
)


@dataclass(frozen=True)
class Layout:
    """The controls of one condition in their order; `green` is the one primary button, `asks` the one that confirms."""

    buttons: tuple[str, ...] = ()
    menu: tuple[str, ...] = ()
    green: str = ""
    asks: str = ""


QUEUED = Layout(("task.build", "task.open"), ("notify", "steer", "delete"))
NO_PROVISIONER = Layout(("task.open",), ("build", "notify", "delete"))
WORKING = Layout(
    ("task.logs", "task.pause", "task.open"), ("send", "build", "notify", "steer", "delete"), asks="task.pause"
)
WAITING = Layout(
    ("task.reply", "task.logs", "task.pause", "task.open"),
    ("build", "notify", "steer", "again", "delete"),
    "task.reply",
)
COMPLETE = Layout(
    ("task.link", "task.logs", "task.pause", "task.open"), ("send", "notify", "steer", "again", "delete"), "task.link"
)
BUILD_FAILED = Layout(("task.retry", "task.build", "task.open"), ("notify", "again", "delete"), "task.retry")
QUOTA = Layout(("user.list", "task.retry", "task.open"), ("build", "notify", "delete"))
UNHEALTHY = Layout(
    ("task.restart", "task.build", "task.open"), ("notify", "again", "delete"), "task.restart", "task.restart"
)
PAUSING = Layout(("task.open",), ("build", "notify"))
PAUSED = Layout(
    ("task.resume", "task.logs", "task.open"), ("send", "notify", "steer", "again", "delete"), "task.resume"
)
UNKNOWN = Layout(("task.open",), ("logs", "build", "notify", "delete"))
DELETING = Layout()
DELETED = Layout(("task.again",))


@dataclass(frozen=True)
class Target:
    """The task that controls act on; `name` is what screen readers say, `steered` is None where it has no thread."""

    task_id: str
    name: str
    url: str = ""
    link: WorkLink | None = None
    steered: bool | None = None


def card_controls(block_id: str, layout: Layout, target: Target) -> list[Block]:
    """The row of controls under a card; no row when nothing is left of it."""
    made = [_card_button(action, layout, target) for action in layout.buttons if action in CONTROLS]
    menu = [(_MENU[entry], f"{entry}:{target.task_id}") for entry in _entries(layout, target)]
    return row(block_id, [*made, *([overflow("task.more", menu)] if menu else [])])


def _entries(layout: Layout, target: Target) -> list[str]:
    """The entries of the menu; of the two that say who steers, the one that changes it."""
    found = [entry for entry in layout.menu if f"menu.{entry}" in CONTROLS]
    if target.steered is None:
        return [entry for entry in found if entry not in _OF_THREAD]
    return ["own" if entry == "steer" and target.steered else entry for entry in found]


def row(block_id: str, elements: Iterable[Element | None]) -> list[Block]:
    """The controls in one row; no row without controls."""
    made = [element for element in elements if element is not None]
    return [actions(block_id, *made)] if made else []


def task_button(action: str, task_id: str, name: str) -> Element | None:
    """A button of a task, if it has a listener."""
    text, label = _TASK_BUTTONS[action]
    return button(action, text, label=label.format(name), value=task_id) if action in CONTROLS else None


def prompt_button(action: str, prompt_id: int) -> Element | None:
    """A button of a prompt, if it has a listener."""
    text, label = _PROMPT_BUTTONS[action]
    return button(action, text, label=label, value=str(prompt_id)) if action in CONTROLS else None


def link_button(link: WorkLink | None) -> Element | None:
    """The green button that opens what the agent made, if it gave a link."""
    if link is None or "task.link" not in CONTROLS:
        return None
    text = cut(f"Open {link.kind}", 30)
    return button("task.link", text, label=f"Open {link.kind}", url=link.url, style="primary")


def _card_button(action: str, layout: Layout, target: Target) -> Element | None:
    match action:
        case "task.link":
            return link_button(target.link)
        case "task.open":
            label = f"Open {target.name} in Coder"
            return button(action, "Open in Coder", label=label, url=target.url) if target.url else None
        case "user.list":
            return button(action, "My tasks", label="Show my tasks", value="list")
        case _:
            return _acting_button(action, layout, target)


def _acting_button(action: str, layout: Layout, target: Target) -> Element:
    text, label = _TASK_BUTTONS[action]
    question = {"task.pause": _PAUSE_WHILE_WORKING, "task.restart": _RESTART}.get(action)
    return button(
        action,
        text,
        label=label.format(target.name),
        value=target.task_id,
        style="primary" if action == layout.green else None,
        confirm=question if action == layout.asks else None,
    )
