"""What the help says: all commands, or one of them (guide, `slash.help` and `slash.help_create`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.blocks.elements import Element, context, plain, preformatted, rich, section, words
from bot.blocks.lists import bullets
from bot.blocks.problems import offer_row
from bot.blocks.text import fallback
from bot.errors import Offer
from bot.models import Content

__all__ = ["TOPICS", "help_answer"]

_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class _Topic:
    """One command; words in back quotes are code. `text` says it in one breath for screen readers."""

    usage: str
    lines: tuple[str, ...] = ()
    notes: str = ""
    example: str = ""
    text: str = ""
    runs: bool = False  # it can be run as it is, from a button


_A_TASK = "`TASK` is a task’s name, its id, its address in Coder or, of another person’s task, `owner/name`."
_BEGINNING = f"{_A_TASK} The beginning of a name is enough if only one of your tasks fits."
_WHOLE_NAME = f"{_A_TASK} The name has to be whole."

_OVERVIEW = (
    (
        "Start",
        ("`/coder-task create` and a prompt starts a task", "`templates` and `presets`: what a task starts from"),
    ),
    ("Follow", ("`list` your tasks, `status` or `logs` of one",)),
    ("Steer", ("Reply in a task’s thread, or `send` a prompt", "`pause`, `resume`, `retry` or `delete` a task")),
    ("Set up", ("`whoami`: your Coder account",)),
)

TOPICS = {
    "create": _Topic(
        "/coder-task create [flags] PROMPT",
        (
            "`--template NAME` or `-t`: default is the channel’s, then yours",
            "`--preset NAME` or `-p`: default is the template’s default preset; `none` for no preset",
            "`--name NAME` or `-n`: letters, numbers and hyphens, 32 at most",
            "`--notify all|important|quiet`: default important",
            "`--org NAME`: if the template exists in several organizations",
            "`--template-version NAME`: default is the active version",
            "`--owner USER`: start it for another Coder user, with the role Owner in Coder",
        ),
        "Everything after the flags is the prompt, new lines included. Quote a flag value that has spaces.",
        '/coder-task create -t claude-code --preset "large memory" Bump Go to 1.25 and\nfix what breaks',
        "/coder-task create with flags --template, --preset, --name, --notify, --org, --template-version, --owner, "
        "then the prompt. Everything after the first word that is not a flag is the prompt.",
    ),
    "list": _Topic(
        "/coder-task list [flags]",
        (
            "`--all`: everyone’s tasks, as far as you may see them",
            "`--status STATUS`: pending, initializing, active, paused, error or unknown",
        ),
        "Tasks that wait for input come first.",
        "/coder-task list --status paused",
        "/coder-task list with flags --all, --status. Lists your tasks; those that wait for input come first.",
        runs=True,
    ),
    "status": _Topic(
        "/coder-task status TASK",
        (),
        f"Shows what the task is doing, what it runs on and what Coder says. {_BEGINNING}",
        "/coder-task status fix-login",
        "/coder-task status and a task shows what it is doing, what it runs on and what Coder says.",
    ),
    "logs": _Topic(
        "/coder-task logs TASK [flags]",
        (
            "`--build`: the log of the workspace build instead of the agent’s",
            "`--lines N`: default 20, at most 50",
        ),
        f"Shows the end of what the agent wrote. {_BEGINNING}",
        "/coder-task logs fix-login --lines 50",
        "/coder-task logs and a task, with flags --build, --lines. Shows the end of what the agent wrote.",
    ),
    "send": _Topic(
        "/coder-task send TASK TEXT",
        (),
        f"Sends a prompt; it is delivered when the agent is ready. A paused task is resumed for it. {_WHOLE_NAME}",
        "/coder-task send fix-login-3f2a Keep the sleep() calls",
        "/coder-task send, a task and a text sends a prompt. It is delivered when the agent is ready.",
    ),
    "pause": _Topic(
        "/coder-task pause TASK",
        (),
        f"Stops the task’s workspace. Files are kept; a reply in its thread resumes it. {_WHOLE_NAME}",
        "/coder-task pause fix-login-3f2a",
        "/coder-task pause and a task stops its workspace. Files are kept.",
    ),
    "resume": _Topic(
        "/coder-task resume TASK",
        (),
        f"Starts a paused task’s workspace again. {_WHOLE_NAME}",
        "/coder-task resume fix-login-3f2a",
        "/coder-task resume and a task starts a paused task’s workspace again.",
    ),
    "retry": _Topic(
        "/coder-task retry TASK",
        (),
        f"Starts the workspace again after its build failed. {_WHOLE_NAME}",
        "/coder-task retry fix-login-3f2a",
        "/coder-task retry and a task starts the workspace again after its build failed.",
    ),
    "delete": _Topic(
        "/coder-task delete TASK [flags]",
        ("`--yes`: do not ask",),
        f"Removes the task, its workspace and everything not pushed from it. You are asked first. {_WHOLE_NAME}",
        "/coder-task delete fix-login-3f2a",
        "/coder-task delete and a task, with flag --yes. Removes the task and its workspace; you are asked first.",
    ),
    "templates": _Topic(
        "/coder-task templates [WORDS]",
        (),
        "Lists the templates that can run tasks, or those that the words fit.",
        "/coder-task templates claude",
        "/coder-task templates lists the templates that can run tasks, or those that the words fit.",
        runs=True,
    ),
    "presets": _Topic(
        "/coder-task presets [TEMPLATE]",
        (),
        "Lists a template’s presets and what they set; without a name, those of the default template.",
        "/coder-task presets claude-code",
        "/coder-task presets and a template lists its presets and what they set.",
    ),
    "whoami": _Topic(
        "/coder-task whoami",
        (),
        "Shows which Coder user you are. It is the one with the e-mail of your Slack profile.",
        "",
        "/coder-task whoami shows which Coder user you are: the one with the e-mail of your Slack profile.",
        runs=True,
    ),
    "help": _Topic(
        "/coder-task help [COMMAND]",
        (),
        "Explains the commands, or one of them.",
        "/coder-task help create",
        "/coder-task help explains the commands, or with a command one of them.",
        runs=True,
    ),
}


def help_answer(topic: str = "") -> Content:
    """The commands in short, or one of them in full; a topic that is no command gets all of them."""
    chosen = TOPICS.get(topic)
    return _one(topic, chosen) if chosen else _overview()


def _overview() -> Content:
    parts: list[Element] = []
    for heading, lines in _OVERVIEW:
        parts += [section(words(heading, bold=True)), _bullets(lines)]
    more = context("help.more", plain("Add a command for details: /coder-task help create."))
    row = offer_row("help.do", Offer("My tasks", "list"), Offer("Help create", "help create"))
    verbs = ", ".join(verb for verb in TOPICS if verb != "help")
    text = fallback(f"Coder Tasks commands: {verbs}. Add a command to /coder-task help for details.")
    return Content(text, [rich("help.list", *parts), more, *row])


def _one(verb: str, topic: _Topic) -> Content:
    parts = [preformatted(topic.usage)]
    parts += [_bullets(topic.lines)] if topic.lines else []
    parts += [section(*_marked(topic.notes))]
    parts += [preformatted(topic.example)] if topic.example else []
    row = offer_row("help.do", Offer(f"Run {verb}", verb)) if topic.runs else []
    return Content(fallback(topic.text), [rich("help.cmd", *parts), *row])


def _bullets(lines: Iterable[str]) -> Element:
    return bullets(section(*_marked(line)) for line in lines)


def _marked(line: str) -> Iterator[Element]:
    """The line with its words in back quotes as code."""
    for at, part in enumerate(_CODE.split(line)):
        if part:
            yield words(part, code=at % 2 == 1)
