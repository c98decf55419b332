"""Private answers to commands that were taken: what happens now (guide, sections 3.2 and 3.5)."""

from __future__ import annotations

import re
from enum import StrEnum

from bot.blocks.elements import Element, actions, button, context, link, plain, rich, section, step, words
from bot.blocks.forms.fields import NO_PRESET
from bot.blocks.pace import usually
from bot.blocks.problems import DISMISS
from bot.blocks.text import fallback, plural, said, work_link
from bot.models import Condition, Content, Level, Person

__all__ = [
    "Elsewhere",
    "created_elsewhere",
    "creating",
    "creating_slow",
    "delete_ask",
    "delete_ok",
    "notify_ok",
    "pause_ok",
    "resume_ok",
    "retry_ok",
    "send_ok",
    "whoami",
]

_TITLE, _NAME, _CHOICE = 80, 64, 30
_TASK_NAME = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")  # what may stand in markup
_WORDS = {
    Condition.WAITING: "Waiting for input",
    Condition.BUILD_FAILED: "Error",
    Condition.UNHEALTHY: "Error",
    Condition.GONE: "Deleted in Coder",
}
_LEVELS = {Level.IMPORTANT: "important", Level.ALL: "everything", Level.QUIET: "quiet"}


class Elsewhere(StrEnum):
    """Why a card is in the person's direct messages."""

    NOT_IN_CHANNEL = "not_in_channel"
    NO_POSTING = "no_posting"


# -- create ------------------------------------------------------------------------------------------------------------


def creating(template: str = "", preset: str = "") -> Content:
    """The first answer to `create`; template and preset are titles, empty while nobody knows them."""
    source = f" from template {said(template, _CHOICE)}" if template.strip() else ""
    with_preset = f", preset {said(preset, _CHOICE)}" if source and preset.strip() else ""
    text = f"Creating a task{source}"
    return Content(fallback(f"{text}…"), [context("new.wait", plain(f"{text}{with_preset}…"))])


def creating_slow() -> Content:
    """Coder takes its time."""
    rest = "The card appears here when the task exists"
    return Content(
        f"Coder has not answered yet. {rest}; nothing is created twice. After 10 minutes you are told either way.",
        [
            step(
                "new.slow",
                f"*Coder has not answered yet.* {rest}. Nothing is created twice, and after 10 minutes you are told"
                " either way.",
            )
        ],
    )


def created_elsewhere(title: str, permalink: str, reason: Elsewhere = Elsewhere.NOT_IN_CHANNEL) -> Content:
    """The task exists, and its card is not where it was asked for."""
    where = "Its card is in your direct messages, because"
    if reason is Elsewhere.NOT_IN_CHANNEL:
        why = "Coder Tasks is not in this channel."
        mend = [words("/invite @Coder Tasks", code=True), words(".")]
        lead = f"\n{where} {why} To have cards here, type "
    else:
        why = "Slack does not let Coder Tasks post in this channel."
        mend, lead = [], f"\n{where} {why} Ask a channel manager to allow it."
    line = section(words("Task created: ", bold=True), _titled(title, permalink), words(lead), *mend)
    return Content(fallback(f"Task created: {_title(title)}. {where} {why}"), [rich("new.ok", line)])


# -- send, pause, resume, retry ----------------------------------------------------------------------------------------


def send_ok(title: str, name: str, permalink: str | None = None) -> Content:
    """A prompt is on its way; `permalink` leads to the card."""
    text = f"Prompt sent to {said(name, _NAME)}."
    return _done("send.ok", text, "Sent to ", title, permalink, ". The thread shows when it is delivered.")


def pause_ok(title: str, name: str, permalink: str | None = None) -> Content:
    """The workspace is being stopped."""
    return _done("p.ok", f"Pausing {said(name, _NAME)}.", "Pausing ", title, permalink, ". Files are kept.")


def resume_ok(title: str, name: str, permalink: str | None = None, *, usual_start: float | None = None) -> Content:
    """The workspace is being started."""
    expected = usually(usual_start)
    text = f"Resuming {said(name, _NAME)}. {expected}"
    return _done("r.ok", text, "Resuming ", title, permalink, f". {expected}")


def notify_ok(title: str, name: str, permalink: str | None = None, *, level: Level, mention: bool) -> Content:
    """How much the thread is told from now on."""
    told = f"{_LEVELS[level]}{', with mentions' if mention and level is not Level.QUIET else ', no mentions'}"
    text = f"Notifications of {said(name, _NAME)}: {told}."
    return _done("n.ok", text, "Notifications of ", title, permalink, f": {told}.")


def retry_ok(title: str, name: str, permalink: str | None = None, *, restart: bool = False) -> Content:
    """The workspace is being built again, or with `restart` stopped and started."""
    what = "Restarting the workspace of" if restart else "Retrying the build of"
    text = f"{what} {said(name, _NAME)}."
    return _done("t.ok", text, f"{what} ", title, permalink, ". The card shows how far it is.")


def _done(block_id: str, text: str, lead: str, title: str, permalink: str | None, rest: str) -> Content:
    line = section(words(lead, bold=True), _titled(title, permalink), words(rest))
    return Content(fallback(text), [rich(block_id, line)])


# -- delete ------------------------------------------------------------------------------------------------------------


def delete_ask(title: str, name: str, state: Condition, uri: str = "", *, url: str = "", waiting: int = 0) -> Content:
    """The question before a delete: what goes, what state it is in, what stays. `waiting` counts prompts."""
    shown, known = _title(title), said(name, _NAME)
    address = work_link(url)
    heading = link(address.url, shown, bold=True) if address else words(shown, bold=True)
    removed = " and everything not pushed from it are removed. This cannot be undone."
    asked = section(
        words("Delete ", bold=True),
        heading,
        words("?", bold=True),
        words("\nThe workspace "),
        words(known or "of the task", code=bool(known)),
        words(removed),
    )
    return Content(
        fallback(f"Delete {shown}? The workspace {known}{removed}"),
        [
            rich("del.q", asked),
            context("del.state", plain(_state(state, uri, waiting))),
            actions("del.do", *_delete_buttons(known)),
        ],
    )


def _state(state: Condition, uri: str, waiting: int) -> str:
    work = work_link(uri)
    parts = [f"{_WORDS.get(state, state.value.capitalize())}."]
    if work is None:
        parts.append("No pull request reported.")
    else:
        parts.append(f"{work.kind} stays." if " " in work.kind else f"The agent reported a link to {work.kind}.")
    if waiting:
        parts.append(f"{plural(waiting, 'prompt')} {'is' if waiting == 1 else 'are'} waiting and not delivered yet.")
    return " ".join(parts)


def _delete_buttons(name: str) -> list[Element]:
    keep = button(DISMISS, "Keep it", label="Keep the task", value="x")
    if not name:
        return [keep]
    delete, pause = f"delete {name} --yes", f"pause {name}"
    return [
        button("command.run.0", "Delete task", label=f"Delete {name}", value=delete, style="danger"),
        button("command.run.1", "Pause instead", label=f"Pause {name} instead", value=pause),
        keep,
    ]


def delete_ok(name: str) -> Content:
    """The task is being deleted."""
    known = _TASK_NAME.fullmatch(name) and len(name) <= _NAME
    text = fallback(f"Deleting {said(name, _NAME) or 'the task'}.")
    return Content(
        text, [step("del.ok", f"*Deleting* {f'`{name}`' if known else 'the task'}. The card says when it is gone.")]
    )


# -- who am I ----------------------------------------------------------------------------------------------------------


def whoami(
    person: Person,
    email: str = "",
    coder_url: str = "",
    *,
    version: str = "",
    template: str = "",
    preset: str = "",
    level: Level = Level.IMPORTANT,
) -> Content:
    """Which Coder user the person is, why, and what their tasks start from; template and preset are titles."""
    username, server = said(person.username, _NAME) or "unknown", work_link(coder_url)
    name = said(person.name, _NAME)
    line = [words("Your Coder user is ", bold=True), words(username, code=True)]
    line += [words(f" ({name})")] if name and name != username else []
    if server:
        after = [words(f", version {said(version, _CHOICE)}")] if version else []
        line += [words("\n"), words("Server  ", bold=True), link(server.url, server.kind), *after]
    known = f"your Slack e-mail {said(email, 100)}" if email.strip() else "your Slack e-mail"
    line += [words("\n"), words("Found by  ", bold=True), words(known)]
    start = _defaults(template, preset)
    line += [words("\n"), words("Defaults  ", bold=True), words(f"{start}, notify {level.value}")]
    where = f" on {server.kind}" if server else ""
    text = f"Your Coder user{where} is {username}, found by {known}. Default {start}."
    change = button("user.defaults", "Change defaults…", label="Change my defaults", value="x")
    return Content(fallback(text), [rich("me.list", section(*line)), actions("me.do", change)])


def _defaults(template: str, preset: str) -> str:
    """What a task starts from when the command says nothing."""
    if not template.strip():
        return "no template"
    chosen = f", preset {said(preset, _CHOICE)}" if preset.strip() else ""
    chosen = ", no preset" if preset == NO_PRESET else chosen
    return f"template {said(template, _CHOICE)}{chosen}"


def _title(title: str) -> str:
    return said(title, _TITLE) or "the task"


def _titled(title: str, url: str | None) -> Element:
    """The title, as a link where there is one."""
    address = work_link(url or "")
    return link(address.url, _title(title)) if address else words(_title(title))
