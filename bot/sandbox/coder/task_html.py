"""How the local Coder's own pages look: pure functions from tasks to HTML, in which everything is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from bot.sandbox.coder.handle import TaskHandle
from bot.sandbox.coder.records import Build
from bot.sandbox.coder.scripts import PROMPT_WORDS, told
from bot.sandbox.coder.status import build_status, workspace_status

_BUTTONS: Final = (
    ("pause", "Pause", "stops the workspace"),
    ("resume", "Resume", "starts the workspace"),
    ("finish", "Finish", "the agent is done, with a pull request"),
    ("ask", "Ask", "the agent asks something and waits"),
    ("fail", "Fail", "the agent reports a failure and waits"),
    ("crash", "Crash the build", "the build that is going on fails"),
    ("delete", "Delete", "deletes the task and its workspace"),
)
_AGENT: Final = ("finish", "ask", "fail")


def possible(task: TaskHandle) -> set[str]:
    """Which buttons do something now."""
    if task.deleted:
        return set()
    found = {"delete"}
    if task.build.is_active:
        found.add("crash")
    elif task.build.transition == "start" and task.build.job.status == "succeeded":
        found.add("pause")
    else:
        found.add("resume")
    return found | (set(_AGENT) if task.status == "active" else set())


def task_html(task: TaskHandle, refusal: str = "") -> str:
    """The page of a task; with a refusal, what a button could not do."""
    return _document(
        task.task.display_name,
        _head(task),
        f"<p id=told role=status>{escape(refusal)}</p>",
        _section("What shall happen", "actions", _buttons(task)),
        _section("Workspace and build", "build", _build(task)),
        _log("The build's log", "log", _lines(task.build)),
        _section("Conversation", "conversation", _conversation(task)),
        _section("What the agent will do by itself", "script", _script(task)),
        _words(),
    )


def deleted_html(task: TaskHandle) -> str:
    """The page of a task that is no more."""
    where = "Its workspace is gone." if task.workspace.deleted else "Its workspace is being deleted."
    name = escape(task.task.display_name)
    return _document(
        f"{task.task.display_name} (deleted)",
        f"<h1>{name}</h1><p id=head data-live><span class='badge deleted'>deleted</span> "
        f"This task was deleted. {where}</p>",
        _section("Conversation", "conversation", _conversation(task)),
    )


def index_html(tasks: Sequence[TaskHandle]) -> str:
    """The list of tasks, newest first."""
    rows = "".join(_row(task) for task in reversed(tasks)) or "<tr><td colspan=4>There is no task yet.</td></tr>"
    table = (
        "<table><thead><tr><th scope=col>Task</th><th scope=col>Owner</th><th scope=col>Status</th>"
        f"<th scope=col>What the agent says</th></tr></thead><tbody id=tasks data-live>{rows}</tbody></table>"
    )
    head = "<h1>Tasks</h1><p>A local Coder, made of scripts: nothing here is real.</p>"
    return _document("Tasks", head, table, _words())


def lost_html(reason: str) -> str:
    """The page for an address where nothing is."""
    return _document(reason, f"<h1>{escape(reason)}</h1><p>The list of tasks shows what there is.</p>")


# -- parts -------------------------------------------------------------------------------------------------------------


def _document(title: str, *parts: str) -> str:
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=color-scheme content='light dark'>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)} · local Coder</title><link rel=icon href=/static/icon.svg>"
        "<link rel=stylesheet href=/static/task.css><script type=module src=/static/task.js></script></head>"
        "<body><header><a href=/tasks>Local Coder</a></header>"
        f"<main>{''.join(parts)}</main></body></html>"
    )


def _section(title: str, name: str, body: str) -> str:
    """A part of the page that follows what happens."""
    return (
        f"<section aria-labelledby={name}-title><h2 id={name}-title>{title}</h2>"
        f"<div id={name} data-live>{body}</div></section>"
    )


def _log(title: str, name: str, lines: Iterable[str]) -> str:
    text = escape("\n".join(lines)) or "Nothing yet."
    return (
        f"<section aria-labelledby={name}-title><h2 id={name}-title>{title}</h2>"
        f"<pre id={name} data-live tabindex=0 role=region aria-labelledby={name}-title>{text}</pre></section>"
    )


def _head(task: TaskHandle) -> str:
    names = f"{escape(task.task.owner.username)}/{escape(task.name)}"
    return f"<h1>{escape(task.task.display_name)}</h1><p>{names}</p><p id=head data-live role=status>{_state(task)}</p>"


def _state(task: TaskHandle) -> str:
    state = task.state
    if state is None:
        return f"{_badge(task.status)} The agent has said nothing."
    return f"{_badge(task.status)} {_badge(state.state)} {escape(state.message)} {_link(state.uri)}"


def _badge(word: str) -> str:
    return f"<span class='badge {escape(word)}'>{escape(word)}</span>"


def _link(uri: str) -> str:
    if not uri.startswith(("https://", "http://")):
        return escape(uri)
    return f"<a href='{escape(uri)}' rel='noreferrer noopener'>{escape(uri)}</a>"


def _buttons(task: TaskHandle) -> str:
    can, path = possible(task), f"/tasks/{task.task.owner.username}/{task.id}"
    return "<ul class=buttons>" + "".join(
        f"<li><form method=post action='{escape(path)}/{name}'>"
        f"<button id=do-{name}{'' if name in can else ' aria-disabled=true'}>{label}</button></form> {tells}</li>"
        for name, label, tells in _BUTTONS
    ) + "</ul>"  # fmt: skip


def _build(task: TaskHandle) -> str:
    workspace, build = task.workspace, task.build
    preset = f", preset {build.preset.name}" if build.preset else ""
    facts = {
        "Workspace": f"{workspace.name}: {workspace_status(workspace)}",
        "Template": f"{workspace.template.name}{preset}",
        "Build": f"{build.number}, {build.transition}: {build_status(build)}",
        "Reason": f"{build.reason}, by {build.initiator.username}",
        "Error": build.job.error,
        "Queue": f"place {build.job.queue_position} of {build.job.queue_size}" if build.job.queue_position else "",
        "Agent": f"{build.agent.lifecycle}, app {build.agent.app_health}" if build.agent else "",
    }
    return "<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(fact)}</dd>" for name, fact in facts.items() if fact) + "</dl>"


def _lines(build: Build) -> list[str]:
    logs = [*build.logs, *(build.agent.logs if build.agent else [])]
    return [f"{line.created_at:%H:%M:%S} {line.output}" for line in logs]


def _conversation(task: TaskHandle) -> str:
    who = {"input": "Prompt", "output": "Agent"}
    return "".join(
        f"<article class={message.type}><h3>{who[message.type]} <time>{message.time:%H:%M:%S} UTC</time></h3>"
        f"<pre tabindex=0>{escape(message.content)}</pre></article>"
        for message in task.messages
    ) or "<p>The agent has not got its prompt yet.</p>"  # fmt: skip


def _script(task: TaskHandle) -> str:
    before = task.task.build_steps if task.build.number == 1 and task.build.is_active else []
    steps = [escape(told(step)) for step in [*before, *task.task.agent_steps]]
    if not steps:
        return "<p>It waits for a prompt.</p>"
    busy = " aria-current=step" if task.task.busy else ""
    return "<ol>" + "".join(f"<li{busy if not place else ''}>{step}</li>" for place, step in enumerate(steps)) + "</ol>"


def _row(task: TaskHandle) -> str:
    status = "deleted" if task.deleted else task.status
    said = task.state.message if task.state and not task.deleted else ""
    path = f"/tasks/{task.task.owner.username}/{task.id}"
    return (
        f"<tr><td><a href='{escape(path)}'>{escape(task.task.display_name)}</a></td>"
        f"<td>{escape(task.task.owner.username)}</td><td>{_badge(status)}</td><td>{escape(said)}</td></tr>"
    )


def _words() -> str:
    rows = "".join(f"<dt>{escape(words)}</dt><dd>{escape(happens)}</dd>" for words, happens in PROMPT_WORDS)
    return f"<details><summary>What a prompt can say to the agent</summary><dl>{rows}</dl></details>"
