"""What a card says of a task that cannot go on, rests or is gone (the second half of the guide's table 1.2)."""

from __future__ import annotations

from bot.blocks import controls
from bot.blocks.elements import link, words
from bot.blocks.face import (
    CAUSE_CHARACTERS,
    HOURGLASS,
    Face,
    Parts,
    agent_words,
    asked,
    lower,
    person,
    small,
    waiting_to_be_delivered,
    when,
)
from bot.blocks.pace import moment
from bot.blocks.text import date_element, said, sentence, work_link
from bot.models import CardView, Details, Failure, Verb

FILES_KEPT = "Files are kept."

# -- errors ------------------------------------------------------------------------------------------------------------


def build_failed(view: CardView) -> Face:
    """The workspace's last build failed, was canceled, or met the quota."""
    details = view.details or Details()
    if details.failure is Failure.QUOTA:
        return _quota(view)
    what = "was canceled" if details.failure is Failure.CANCELED else "failed"
    cause = sentence(said(details.cause, CAUSE_CHARACTERS))
    return Face(
        "error",
        "warning",
        "Error",
        when(f"The workspace build {what}", view.since, view.now),
        f"error, the workspace build {what}. {cause} Retry the build; if it fails again, ask whoever maintains the"
        " template.",
        controls.BUILD_FAILED,
        cause=cause,
        tail="\n".join(details.tail),
        step="Retry the build. If it fails again, ask whoever maintains the template.",
    )


def _quota(view: CardView) -> Face:
    owner = said(view.owner, 30)
    what = f"{owner}’s workspace quota is used up" if owner else "The workspace quota is used up"
    return Face(
        "error",
        "warning",
        "Error",
        (words(f" · {what}"),),
        f"error, {what if owner else lower(what)}. Pause or delete another workspace, then retry the build.",
        controls.QUOTA,
        step="Pause or delete another workspace, then retry the build.",
    )


def unhealthy(view: CardView) -> Face:
    """The workspace runs, the agent's app does not."""
    cause = said(view.details.cause, CAUSE_CHARACTERS) if view.details else ""
    reported = f"Coder reports: {sentence(cause)}" if cause else ""
    since = date_element(view.since, f"since {moment(view.since, view.now)}")
    return Face(
        "error",
        "warning",
        "Error",
        (words(" · The agent app is unhealthy, "), since),
        f"error, the agent app is unhealthy. {reported} This can clear by itself; if it does not, restart the"
        " workspace.",
        controls.UNHEALTHY,
        cause=reported,
        step="This can clear by itself. If it does not, restart the workspace.",
    )


def unknown(view: CardView) -> Face:
    """Coder cannot tell."""
    since = date_element(view.since, f"since {moment(view.since, view.now)}")
    return Face(
        "unknown",
        "grey_question",
        "Unknown",
        (words(" · Coder cannot tell the agent’s state, "), since),
        "unknown, Coder cannot tell the agent’s state. Open the task in Coder to see the workspace.",
        controls.UNKNOWN,
        agent=agent_words(view),
        step="Open the task in Coder to see the workspace. This card follows as soon as Coder knows more.",
    )


# -- going to rest -----------------------------------------------------------------------------------------------------


def pausing(view: CardView) -> Face:
    """The workspace is stopping."""
    detail, spoken = asked(view, {Verb.PAUSE: "asked by", Verb.RESTART: "restart asked by"})
    if not spoken and view.details and view.details.auto_paused:
        detail, spoken = (words(" · by Coder after inactivity"),), " by Coder after inactivity"
    return Face("pausing", HOURGLASS, "Pausing", detail, f"pausing{spoken}.", controls.PAUSING)


def paused(view: CardView) -> Face:
    """The workspace is stopped; the agent's last words stay."""
    agent = agent_words(view)
    who = _paused_by(view)
    if view.details and view.details.auto_paused:
        detail: Parts = (words(f" · {who}, "), date_element(view.since, moment(view.since, view.now)))
    else:
        detail = when(who, view.since, view.now)
    waiting = waiting_to_be_delivered(view)
    last = f"Last message from the agent: {sentence(agent)}" if agent else ""
    return Face(
        "paused",
        "double_vertical_bar",
        "Paused",
        detail,
        f"paused{f' {who}' if who else ''}. {FILES_KEPT} A reply in the thread resumes the task. {waiting} {last}",
        controls.PAUSED,
        agent=agent,
        hint=small(
            f"{FILES_KEPT} A reply in the thread resumes the task and is delivered when it is ready. {waiting}".rstrip()
        ),
    )


def _paused_by(view: CardView) -> str:
    """Who paused; empty while Coder has not been asked yet."""
    if view.asked and view.asked.verb is Verb.PAUSE:
        return f"by {person(view.asked.by_name)}"
    if view.details is None:
        return ""
    if view.details.auto_paused:
        return "by Coder after inactivity"
    return f"by {person(view.details.paused_by)}" if view.details.paused_by else "in Coder"


def deleting(view: CardView) -> Face:
    """The delete was accepted."""
    detail, spoken = asked(view, {Verb.DELETE: "asked by"})
    return Face("deleting", "wastebasket", "Deleting", detail, f"deleting{spoken}.", controls.DELETING, is_over=True)


def deleted(view: CardView) -> Face:
    """Gone, because somebody asked for it here."""
    by = f"by {person(view.asked.by_name)}" if view.asked and view.asked.verb is Verb.DELETE else ""
    done = work_link(view.report.uri) if view.report else None
    detail = when(by, view.since, view.now)
    if done:
        detail = (*detail, words(" · "), link(done.url, done.kind))
    return Face(
        "deleted",
        "wastebasket",
        "Deleted",
        detail,
        f"deleted{f' {by}' if by else ''}.",
        controls.DELETED,
        link=done,
        link_stays=True,
        is_over=True,
    )


def gone(view: CardView) -> Face:
    """Gone, and nobody asked for it here."""
    return Face(
        "gone",
        "wastebasket",
        "Deleted in Coder",
        when("noticed", view.since, view.now),
        "deleted in Coder, or this app can no longer see it. The thread no longer reaches an agent.",
        controls.DELETED,
        step="The task was deleted outside Slack, or this app can no longer see it."
        " The thread no longer reaches an agent.",
        is_over=True,
    )
