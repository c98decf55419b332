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
        (
            "`/coder-task` opens the new-task form",
            "`/coder-task create` and a prompt starts one at once",
            "`batch` starts several, one prompt a line",
            "`templates` and `presets`: what a task starts from",
        ),
    ),
    (
        "Follow",
        (
            "`list` your tasks, `status` or `logs` of one",
            "`follow` a task that was started elsewhere, `unfollow` it",
            "`watch` for tasks of others in this channel, `watches`, `unwatch`",
        ),
    ),
    ("Steer", ("Reply in a task’s thread, or `send` a prompt", "`pause`, `resume`, `retry` or `delete` a task")),
    ("Set up", ("`settings`: of this channel", "`whoami`: your Coder account")),
)

TOPICS = {
    "create": _Topic(
        "/coder-task create [flags] PROMPT",
        (
            "`--template NAME` or `-t`: default is the channel’s, then yours",
            "`--preset NAME` or `-p`: default is the template’s default preset; `none` for no preset",
            "`--name NAME` or `-n`: letters, numbers and hyphens, 32 at most",
            "`--notify all|important|quiet`: default important",
            "`--notify dm`: also a direct message when it ends or waits for you; `quiet,dm` for both",
            "`--org NAME`: if the template exists in several organizations",
            "`--template-version NAME`: default is the active version",
            "`--owner USER`: start it for another Coder user, with the role Owner in Coder",
        ),
        "Everything after the flags is the prompt, new lines included. Quote a flag value that has spaces.",
        '/coder-task create -t claude-code --preset "large memory" Bump Go to 1.25 and\nfix what breaks',
        "/coder-task create with flags --template, --preset, --name, --notify, --org, --template-version, --owner, "
        "then the prompt. Everything after the first word that is not a flag is the prompt.",
    ),
    "batch": _Topic(
        "/coder-task batch [flags] [PROMPTS]",
        (
            "`--template NAME` or `-t`, `--preset NAME` or `-p`, `--template-version NAME`: of all tasks",
            "`--notify all|important|quiet|dm`: default important",
            "`--owner USER`, `--org NAME`: as for create",
        ),
        "Opens a form: one prompt a line, or blocks with a line of --- between them. A preview shows every task and its"
        " name; nothing starts before it. Tasks start three at a time, and one message in the channel counts them and"
        " links their cards.",
        "/coder-task batch -t claude-code Bump Go to 1.25 in ledger",
        "/coder-task batch with flags --template, --preset, --template-version, --notify, --owner, --org opens a form"
        " for several tasks, one prompt a line, with a preview before anything starts.",
    ),
    "list": _Topic(
        "/coder-task list [flags]",
        (
            "`--all`: everyone’s tasks, as far as you may see them",
            "`--status STATUS`: pending, initializing, active, paused, error or unknown",
            "`--state STATE`: waiting, attention, working, starting, paused or complete",
        ),
        "Tasks that wait for input come first.",
        "/coder-task list --status paused",
        "/coder-task list with flags --all, --status, --state. Lists your tasks; those that wait for input come first.",
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
        "Sends a prompt; it is delivered when the agent is ready. A paused task is resumed for it. "
        f"Without TEXT a form opens. {_WHOLE_NAME}",
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
    "follow": _Topic(
        "/coder-task follow TASK",
        (),
        f"Shows a task that was started elsewhere in this channel: a card and a thread like any other. {_WHOLE_NAME}",
        "/coder-task follow fix-login-3f2a",
        "/coder-task follow and a task shows a task that was started elsewhere in this channel.",
    ),
    "unfollow": _Topic(
        "/coder-task unfollow TASK",
        (),
        f"Its card in this channel stays as it is, and its thread no longer reaches the agent. {_WHOLE_NAME}",
        "/coder-task unfollow fix-login-3f2a",
        "/coder-task unfollow and a task lets its card in this channel be as it is.",
    ),
    "watch": _Topic(
        "/coder-task watch [flags]",
        (
            "`--owner USER`: whose tasks, `me` or, with the role Owner in Coder, anybody’s or `all`",
            "`--template NAME` or `-t`: only tasks of this template",
            "`--only EVENTS`, or `--on`: some of created, waiting, complete, failed and error, with commas between",
        ),
        "Tasks that nobody started from Slack get a card in this channel when one of these events happens."
        " `watch off` or `unwatch` ends it, `watch` alone says what is on, `watch TASK` is `follow TASK`.",
        "/coder-task watch --template claude-code --only complete,failed",
        "/coder-task watch with flags --owner, --template, --only, --on shows tasks in this channel that nobody started"
        " from Slack. watch off ends it, watch alone says what is on.",
    ),
    "watches": _Topic(
        "/coder-task watches",
        (),
        "Says which tasks this channel is told of.",
        "",
        "/coder-task watches says which tasks this channel is told of.",
        runs=True,
    ),
    "unwatch": _Topic(
        "/coder-task unwatch",
        (),
        "This channel is told of no more tasks. Cards that are here stay live.",
        "/coder-task unwatch",
        "/coder-task unwatch ends what watch began.",
    ),
    "settings": _Topic(
        "/coder-task settings",
        (),
        "Shows what holds in this channel: template, preset, who may start tasks, whose replies reach the agent."
        " Slack admins and the channel’s creator can change it.",
        "",
        "/coder-task settings shows what holds in this channel; Slack admins and the channel’s creator can change it.",
        runs=True,
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
    text = fallback(f"Coder Tasks commands: {verbs}. /coder-task alone opens the new-task form.")
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
