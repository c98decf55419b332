"""Private answers in threads: words that could be a command, help, what an agent cannot see, how a task starts here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.controls import prompt_button, row, task_button
from bot.blocks.elements import Block, Element, actions, button, context, plain, quote, rich, section, step, words
from bot.blocks.lists import bullets
from bot.blocks.text import cut, fallback, plural, said
from bot.models import Content, Level

__all__ = [
    "About",
    "help_answer",
    "late_word",
    "level_set",
    "stop_word",
    "thread_unread",
    "too_old",
    "unseen",
    "wish_asked",
]

_BUTTONS = {"logs", "pause", "resume", "retry"}
_WORD = 40
_NAME = 64
_NAMES = 10
_FILE_NAME = 60
_PROMPT = 300

_PLAIN_WORD = re.compile(r"!?[A-Za-z]{1,20}[.!]?")  # what may stand in markup
_LIKE_PAUSE = ("stop", "cancel")
_NO_INTERRUPT = "Coder cannot interrupt an agent mid-step; pausing stops the workspace and keeps its files."
# What a command does, in a sentence, and what stands on its button.
_DOES = {
    "pause": (_NO_INTERRUPT, "Pause the task"),
    "resume": ("Resuming starts the workspace of a paused task again.", "Resume the task"),
    "retry": ("Retrying starts the workspace again after its build failed.", "Retry the build"),
    "delete": ("Deleting removes the task, its workspace and everything not pushed from it.", "Delete the task…"),
    "logs": ("The logs show the end of what the agent wrote; only you see them.", "Show the logs"),
    "status": ("The status shows what the task is doing; only you see it.", "Show the status"),
    "help": ("Help lists what can be said in this thread.", "Help"),
}
_LEVELS = {
    Level.ALL: ("Everything", "Everything that happens to the task is posted in this thread now."),
    Level.IMPORTANT: ("Important", "This thread hears now when the task waits for input, ends, fails or pauses."),
    Level.QUIET: ("Quiet", "This thread hears now only how the task ends, and of errors; the card shows the rest."),
}
_HELP_TEXT = (
    "In a task thread: reply to prompt the agent. !status, !logs, !pause, !resume, !retry, !delete, !quiet, !all."
    " A reply that starts with // or a mention is a note to people."
)


@dataclass(frozen=True)
class About:
    """The thread's task: Coder's id, and its name for screen readers."""

    task_id: str
    name: str


def stop_word(written: str, word: str, about: About, prompt_id: int) -> Content:
    """A reply that is only one word, which may be meant for the bot (the command `word`) or for the agent."""
    shown = said(written, _WORD)
    is_near = shown.strip("!.").casefold() not in {word, *_LIKE_PAUSE}
    does = f"The nearest command is !{word}." if is_near else _DOES[word][0]
    lead = f"“{shown}” can mean two things."
    text = (
        step("st.text", f"*{lead}* {does}")
        if _PLAIN_WORD.fullmatch(shown)
        else rich("st.text", section(words(lead, bold=True), words(f" {does}")))
    )
    return Content(
        fallback(f"Your reply was only the word {shown}. {does}"),
        [text, *row("st.do", [_command_button(word, about), _send_button(shown, prompt_id)])],
    )


def _send_button(shown: str, prompt_id: int) -> Element | None:
    known = prompt_button("prompt.send_literal", prompt_id)
    label = f"Send the word {shown} to the agent"[:75]
    return known and {**known, "text": plain(f"Send “{cut(shown, 10)}” to the agent"), "accessibility_label": label}


def late_word(word: str, about: About) -> Content:
    """A command was written in the thread while nobody listened: it is not carried out by itself any more."""
    why = "Coder Tasks was away when it was written, and that is some minutes ago."
    return Content(
        fallback(f"!{word} was not carried out. {why}"),
        [
            rich("late.text", section(words(f"!{word} was not carried out.", bold=True), words(f" {why}"))),
            *row("late.do", [_command_button(word, about)]),
        ],
    )


def _command_button(word: str, about: About) -> Element | None:
    """The button that does what the word says."""
    name, text = said(about.name, _NAME), _DOES[word][1] if word in _DOES else ""
    if word in {"status", "delete"}:
        return button("command.run.0", text, label=f"{text} {name}", value=f"{word} {about.task_id}")
    known = task_button(f"task.{word}", about.task_id, name) if word in _BUTTONS else None
    return known and {**known, "text": plain(text)}


def help_answer() -> Content:
    """What can be said in a task's thread (guide, `thread.24_help`)."""
    lines = (
        section(words("Reply to prompt the agent.")),
        section(words("Start with "), words("//", code=True), words(" or a mention for a note to people.")),
        section(*_codes("!status", "!logs", "!pause", "!resume", "!retry", "!delete"), words(" for the task")),
        section(*_codes("!quiet", "!important", "!all"), words(" for how much is posted here")),
    )
    how = "Slack has no slash commands in threads. They work in the message box of a channel."
    head = section(words("In this thread", bold=True))
    return Content(_HELP_TEXT, [rich("th.list", head, bullets(lines)), context("th.how", plain(how))])


def _codes(*names: str) -> list[Element]:
    parts = [element for name in names for element in (words(" "), words(name, code=True))]
    return parts[1:]


def level_set(level: Level) -> Content:
    """How much the thread hears from now on."""
    word, what = _LEVELS[level]
    return Content(f"{word}. {what}", [rich("lv.text", section(words(f"{word}.", bold=True), words(f" {what}")))])


# -- files -------------------------------------------------------------------------------------------------------------


def unseen(names: Sequence[str]) -> Content:
    """For the sender: files that the agent gets only as links."""
    shown = [said(name, _FILE_NAME) or "a file" for name in names[:_NAMES]]
    more = len(names) - len(shown)
    listed = ", ".join(shown) + (f" and {plural(more, 'other file')}" if more else "")
    how = "Text files of up to 100 kB are sent along; others only by their links."
    lead = f"The agent cannot see {listed}."
    return Content(
        fallback(f"{lead} {how}"),
        [rich("fl.text", section(words(lead, bold=True))), context("fl.how", plain(how))],
    )


def thread_unread() -> Content:
    """For the requester: the thread could not be read, so the task has started without it."""
    what = "Slack does not let Coder Tasks read this thread. The task started without it."
    return Content(what, [rich("th.none", section(words(what)))])


# -- a task for somebody who spoke to the bot --------------------------------------------------------------------------


def wish_asked(prompt: str, form_id: str, *, in_thread: bool) -> Content:
    """The question before a task starts from a message: with the thread around it, or whether at all."""
    shown = said(prompt, _PROMPT)
    how = (
        "The messages of this thread can be sent along. They are marked as background, not as instructions."
        if in_thread
        else "A message that begins with a mention of Coder Tasks starts a task without asking."
    )
    title = "Start a task with this prompt?"
    choices = [_choice("wish.thread", "Start with the thread", form_id, "primary")] if in_thread else []
    choices.append(
        _choice("wish.alone", "Start without it", form_id)
        if in_thread
        else _choice("wish.alone", "Start task", form_id, "primary")
    )
    choices.append(_choice("wish.edit", "Edit first…", form_id))
    quoted = [quote(shown)] if shown else []
    blocks: list[Block] = [rich("ask.q", section(words(title, bold=True)), *quoted), context("ask.how", plain(how))]
    return Content(fallback(f"{title} {shown} {how}"), [*blocks, actions("ask.do", *choices)])


def _choice(action: str, text: str, form_id: str, style: str | None = None) -> Element:
    return button(action, text, label=text, value=form_id, style=style)


def too_old() -> Content:
    """A question is answered that nobody remembers."""
    what, how = "This question is too old.", "Write the message once more to start a task."
    return Content(f"{what} {how}", [rich("ask.old", section(words(what, bold=True), words(f" {how}")))])
