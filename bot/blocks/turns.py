"""What a task's thread is told of a change (guide 2.1 and 2.2); one function for each condition that has a reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.blocks.controls import link_button, row, task_button
from bot.blocks.elements import Block, Element, context, link, mrkdwn, plain, step, words
from bot.blocks.output import Output
from bot.blocks.pace import moment
from bot.blocks.text import duration, fallback, link_markup, mrkdwn_date, plural, said, sentence, work_link
from bot.blocks.thread import (
    AGENT_CHARACTERS,
    CAUSE_CHARACTERS,
    PERSON_CHARACTERS,
    TITLE_CHARACTERS,
    Head,
    agent_says,
    last_output_blocks,
    told,
)
from bot.models import Change, Condition, Content, Details, Failure


@dataclass(frozen=True)
class Subject:
    """The task that a reply is about, and what is known of it beside the change itself.

    `owner_slack` is who is mentioned when the change says so; `by` is the name of who paused or deleted it here;
    `undelivered` counts the prompts that were lost with it.
    """

    title: str
    name: str
    task_id: str
    owner_slack: str | None = None
    by: str = ""
    undelivered: int = 0
    output: Output | None = None
    details: Details | None = None

    @property
    def called(self) -> str:
        """The task's title as replies say it."""
        return said(self.title, TITLE_CHARACTERS) or said(self.name, TITLE_CHARACTERS)

    @property
    def known(self) -> Details:
        """What the workspace tells, nothing while it has not been asked."""
        return self.details or Details()


def change_reply(change: Change, subject: Subject) -> Content:
    """What the thread is told of a change, with the one mention that the change may carry."""
    return _CHANGES[change.condition](change, subject)


def resumed_reply(title: str, seconds: float | None) -> Content:
    """The workspace is up again."""
    took = f" in {duration(seconds)}" if seconds is not None else ""
    head = Head("", "Resumed", (words(took),) if took else ())
    return Content(fallback(f"{said(title, TITLE_CHARACTERS)}: resumed{took}."), [head.block()])


def _waiting(change: Change, subject: Subject) -> Content:
    agent = said(change.message, AGENT_CHARACTERS)
    return told(
        Head("speech_balloon", "Waiting for input", quoted=agent, user=_owner(change, subject)),
        f"{subject.called} is waiting for input. {agent_says(agent)} Reply in this thread to answer.",
        *last_output_blocks(subject.output),
        context("ev.how", plain("Reply here to answer.")),
        *_row(subject, "task.logs"),
    )


def _complete(change: Change, subject: Subject) -> Content:
    agent, done = said(change.message, AGENT_CHARACTERS), work_link(change.uri)
    took = f" after {duration(change.seconds)}" if change.seconds is not None else ""
    rest = [words(f"{took}{' · ' if done else ''}")] if took or done else []
    if done:
        rest.append(link(done.url, done.kind))
    return told(
        Head("white_check_mark", "Complete", tuple(rest), agent, _owner(change, subject)),
        f"{subject.called} is complete{took}. {agent_says(agent)}",
        *last_output_blocks(subject.output),
        context("ev.how", _keeps_running(subject.known, change.at)),
        *row("ev.do", [link_button(done), task_button("task.logs", subject.task_id, subject.name)]),
        tail=f"{link_markup(done)}." if done else "",
    )


def _keeps_running(details: Details, now: float) -> Element:
    if details.stops_at is None or details.stops_at <= now:
        return plain("The workspace keeps running until you pause it. Reply here to go on.")
    until = mrkdwn_date(details.stops_at, moment(details.stops_at, now))
    return mrkdwn(f"The workspace keeps running until {until} or until you pause it. Reply here to go on.")


def _failed(change: Change, subject: Subject) -> Content:
    agent = said(change.message, AGENT_CHARACTERS)
    next_step = "The workspace is still running. Reply here with what to try next."
    return told(
        Head("x", "Failed", quoted=agent, user=_owner(change, subject)),
        f"{subject.called} failed. {agent_says(agent)} {next_step}",
        *last_output_blocks(subject.output),
        step("ev.step", next_step),
        *_row(subject, "task.logs"),
    )


def _build_failed(change: Change, subject: Subject) -> Content:
    cause = sentence(said(subject.known.cause or change.message, CAUSE_CHARACTERS))
    word, next_step = "Workspace build failed", "If it fails again, ask whoever maintains the template."
    spoken = f"the workspace build failed. {cause} Use Retry build on the card; {next_step[:1].lower()}{next_step[1:]}"
    next_step = f"Use *Retry build* on the card. {next_step}"
    if subject.known.failure is Failure.CANCELED:
        word, next_step = "Workspace build canceled", "Use *Retry build* on the card."
        spoken = f"the workspace build was canceled. {cause} Use Retry build on the card."
    if subject.known.failure is Failure.QUOTA:
        word, cause = "Workspace quota is used up", ""
        next_step = "Pause or delete another workspace, then use *Retry build* on the card."
        spoken = f"the workspace quota is used up. {next_step.replace('*', '')}"
    return told(
        Head("warning", word, (words(f"\n{cause}"),) if cause else (), user=_owner(change, subject)),
        f"{subject.called}: {spoken}",
        step("ev.step", next_step),
        *_row(subject, "task.build"),
    )


def _unhealthy(change: Change, subject: Subject) -> Content:
    cause = sentence(said(subject.known.cause or change.message, CAUSE_CHARACTERS))
    reported = f"Coder reports: {cause}" if cause else ""
    return told(
        Head(
            "warning",
            "The agent app is unhealthy",
            (words(f"\n{reported}"),) if reported else (),
            user=_owner(change, subject),
        ),
        f"{subject.called}: the agent app is unhealthy. {reported} Use Restart workspace on the card.",
        step("ev.step", "Use *Restart workspace* on the card. Files are kept; the agent may lose its conversation."),
    )


def _paused(change: Change, subject: Subject) -> Content:
    who = _paused_by(change, subject)
    return told(
        Head("double_vertical_bar", "Paused", (words(who),) if who else ()),
        f"{subject.called}: {sentence(f'paused{who}')} Files are kept. A reply in this thread resumes it.",
        context("ev.how", plain("Files are kept. A reply in this thread resumes the task.")),
    )


def _paused_by(change: Change, subject: Subject) -> str:
    """By whom, with a space in front; empty when nobody knows."""
    by = said(subject.by or subject.known.paused_by, PERSON_CHARACTERS)
    if by:
        return f" by {by}"
    if subject.known.auto_paused:
        was = " The agent was waiting for input." if change.before is Condition.WAITING else ""
        return f" by Coder after inactivity.{was}"
    return " in Coder" if subject.known.build_number else ""


def _working(change: Change, subject: Subject) -> Content:
    if change.before is Condition.RESUMING:
        return resumed_reply(subject.called, change.seconds)
    agent = said(change.message, AGENT_CHARACTERS)
    return told(Head("gear", "Working", quoted=agent), f"{subject.called}: working. {agent_says(agent)}")


def _deleted(_change: Change, subject: Subject) -> Content:
    by = said(subject.by, PERSON_CHARACTERS)
    who = f" by {by}" if by else ""
    how = f"{_undelivered(subject)}Replies here no longer reach an agent."
    return told(
        Head("wastebasket", "Deleted", (words(who),) if who else ()),
        f"{subject.called}: deleted{who}. {how}",
        context("ev.how", plain(how)),
    )


def _gone(_change: Change, subject: Subject) -> Content:
    how = (
        f"Deleted outside Slack, or no longer visible to this app. {_undelivered(subject)}"
        "Replies here no longer reach an agent."
    )
    return told(
        Head("wastebasket", "Deleted in Coder"),
        f"{subject.called}: deleted in Coder. {how}",
        context("ev.how", plain(how)),
    )


def _undelivered(subject: Subject) -> str:
    count = subject.undelivered
    return f"{plural(count, 'prompt')} {'was' if count == 1 else 'were'} not delivered. " if count else ""


def _plainly(word: str) -> Callable[[Change, Subject], Content]:
    """A condition that has no reply of its own: cards show it."""

    def plainly(_change: Change, subject: Subject) -> Content:
        return told(Head("", word), f"{subject.called}: {word.lower()}.")

    return plainly


def _owner(change: Change, subject: Subject) -> str:
    """Whom this change mentions."""
    return subject.owner_slack or "" if change.mention else ""


def _row(subject: Subject, action: str) -> list[Block]:
    return row("ev.do", [task_button(action, subject.task_id, subject.name)])


_CHANGES: dict[Condition, Callable[[Change, Subject], Content]] = {
    Condition.QUEUED: _plainly("Queued"),
    Condition.STARTING: _plainly("Starting"),
    Condition.WORKING: _working,
    Condition.WAITING: _waiting,
    Condition.COMPLETE: _complete,
    Condition.FAILED: _failed,
    Condition.BUILD_FAILED: _build_failed,
    Condition.UNHEALTHY: _unhealthy,
    Condition.PAUSING: _plainly("Pausing"),
    Condition.PAUSED: _paused,
    Condition.RESUMING: _plainly("Resuming"),
    Condition.DELETING: _plainly("Deleting"),
    Condition.DELETED: _deleted,
    Condition.GONE: _gone,
    Condition.UNKNOWN: _plainly("Unknown"),
}
