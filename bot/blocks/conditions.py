"""What a card says in each condition: one function for each row of the guide's table 1.2.

A face holds words, not blocks: `card` puts them into their slots. Only `step`, and hints made with `mrkdwn`, are
markup; they hold this app's own sentences and dates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.blocks import controls, endings
from bot.blocks.elements import link, mrkdwn, plain, words
from bot.blocks.face import (
    HOURGLASS,
    Face,
    Parts,
    agent_says,
    agent_words,
    are,
    at_moment,
    lower,
    person,
    small,
    waiting_to_be_delivered,
)
from bot.blocks.pace import began, elapsed, moment, silent_for, slow_after, start_step, usually
from bot.blocks.text import date_element, duration, mrkdwn_date, ordinal, plural, utc, work_link
from bot.models import CardView, Condition, Details, Verb


def face(view: CardView) -> Face:
    """What the card says now; when Coder is silent, or nobody follows it here any more, what it said last."""
    made = _FACES[view.condition](view)
    if view.unfollowed_at is not None:
        return _unfollowed(view, made, view.unfollowed_at)
    return made if view.stale_since is None or made.is_over else _stale(view, made, view.stale_since)


def _unfollowed(view: CardView, made: Face, at: float) -> Face:
    pattern = f"from {moment(at, view.now)}"
    who = f"{person(view.unfollowed_by)} has ended that here" if view.unfollowed_by.strip() else "That has ended here"
    rest = f"{who}: this card no longer follows the task, and its thread no longer reaches the agent."
    hint = (mrkdwn(f"Last known state, {mrkdwn_date(at, pattern)}."), plain(rest))
    spoken = f"last known state {made.word.lower()}. {rest}"
    layout = controls.Layout(tuple(one for one in made.layout.buttons if one == "task.open"))
    return replace(made, spoken=spoken, step="", hint=hint, layout=layout)


def _stale(view: CardView, made: Face, since: float) -> Face:
    pattern = f"since {moment(since, view.now)}"
    hint = f"Last known state. Coder has not answered {mrkdwn_date(since, pattern)}; this card catches up by itself."
    spoken = (
        f"last known state {made.word.lower()}. Coder has not answered {utc(since, pattern)};"
        " this card catches up by itself."
    )
    return replace(made, spoken=spoken, step="", hint=(mrkdwn(hint),))


# -- coming up ---------------------------------------------------------------------------------------------------------


def _queued(view: CardView) -> Face:
    details = view.details or Details()
    if details.provisioners == 0:
        return _no_provisioner(details)
    detail, spoken = "Coder accepted the task", "queued. Coder accepted the task."
    if details.queue_position > 0:
        place = f"{ordinal(details.queue_position)} of {max(details.queue_size, details.queue_position)}"
        detail = f"{place} in the provisioner queue"
        spoken = f"queued, {detail}."
    hint = small(waiting_to_be_delivered(view))
    return Face("queued", HOURGLASS, "Queued", (words(f" · {detail}"),), spoken, controls.QUEUED, hint=hint)


def _no_provisioner(details: Details) -> Face:
    seen = ""
    if details.provisioner_seen_at:
        seen = f" ({mrkdwn_date(details.provisioner_seen_at, _LAST_SEEN)})"
    return Face(
        "error",
        "warning",
        "Queued",
        (words(" · No provisioner is available"),),
        "queued, and no provisioner is available. The build waits until a matching provisioner is online."
        " Ask a Coder admin to check provisioners.",
        controls.NO_PROVISIONER,
        step=f"The build starts when a matching provisioner is online{seen}."
        " Ask a Coder admin to check the provisioners.",
    )


def _starting(view: CardView) -> Face:
    step = start_step(view)
    since, so_far = began(view), elapsed(view)
    date = mrkdwn_date(since, f"Since {moment(since, view.now)}")
    waiting = waiting_to_be_delivered(view)
    detail = (words(f" · {step}"),) if step else ()
    at_step = f", {lower(step)}" if step else ""
    if view.now - since >= slow_after(view):
        spoken = (
            f"still starting after {plural(so_far, 'minute')}{at_step}. Longer than usual;"
            f" the build log and Coder show what it waits for. {waiting}"
        )
        hint = f"{date}, {so_far} min so far: longer than usual. {_WHERE_TO_LOOK} {waiting}".rstrip()
    else:
        spoken = f"starting{at_step}. {usually(view.usual_start)} {waiting}"
        hint = f"{date}{_counter(so_far)}. {usually(view.usual_start)} {waiting}".rstrip()
    return Face("starting", HOURGLASS, "Starting", detail, spoken, controls.QUEUED, hint=(mrkdwn(hint),))


def _resuming(view: CardView) -> Face:
    step = start_step(view)
    waiting = waiting_to_be_delivered(view)
    expected = usually(view.usual_start)
    if view.now - began(view) >= slow_after(view):
        expected = f"Longer than usual. {_WHERE_TO_LOOK}"
    return Face(
        "resuming",
        HOURGLASS,
        "Resuming",
        (words(f" · {step}"),) if step else (),
        f"resuming{f', {lower(step)}' if step else ''}. {expected.replace('*', '')} {waiting}",
        controls.QUEUED,
        hint=_asked_hint(view, f"{_counter(elapsed(view))}. {expected} {waiting}".rstrip()),
    )


def _asked_hint(view: CardView, rest: str) -> Parts:
    """Who asked for the resume, in a plain element of its own: a name is never markup."""
    at = began(view)
    at_when = at_moment(at, view.now)
    if view.asked is None:
        return (mrkdwn(f"{mrkdwn_date(at, f'Since {moment(at, view.now)}')}{rest}"),)
    if not view.asked.by:
        return (mrkdwn(f"{mrkdwn_date(at, f'Asked by a reply {at_when}')}{rest}"),)
    verb = "Restart asked by" if view.asked.verb is Verb.RESTART else "Asked by"
    return plain(f"{verb} {person(view.asked.by_name)}"), mrkdwn(f"{mrkdwn_date(at, at_when)}{rest}")


def _counter(minutes: int) -> str:
    return f", {minutes} min so far" if minutes else ""


# -- at work -----------------------------------------------------------------------------------------------------------


def _working(view: CardView) -> Face:
    agent, silence = agent_words(view), silent_for(view)
    waiting = plural(view.waiting_prompts, "prompt") if view.waiting_prompts else ""
    queue = f"{waiting} {are(view.waiting_prompts)} waiting until the agent is ready." if waiting else ""
    hint, spoken = small(queue), f"working. {queue} {agent_says(agent)}"
    if silence is not None:
        text = f"No report from the agent for {duration(silence)}. It may still be working: *Logs* shows what it does."
        hint = (mrkdwn(f"{text} {queue}".rstrip()),)
        spoken = f"working, but no report from the agent for {duration(silence)}. Logs shows what it does. {queue}"
    detail: Parts = (words(" · "), date_element(view.since, f"since {moment(view.since, view.now)}"))
    if view.report and view.report.at > view.since and view.stale_since is None:
        last = date_element(view.report.at, f"last report {moment(view.report.at, view.now)}")
        detail = (*detail, words(", "), last)
    return Face("working", "gear", "Working", detail, spoken, controls.WORKING, agent=agent, hint=hint)


def _waiting(view: CardView) -> Face:
    agent = agent_words(view)
    hint = f"Reply in the thread to answer. {waiting_to_be_delivered(view)}".rstrip()
    return Face(
        "waiting",
        "speech_balloon",
        "Waiting for input",
        (words(" · "), date_element(view.since, f"since {moment(view.since, view.now)}")),
        f"waiting for input. {agent_says(agent)} {hint}",
        controls.WAITING,
        agent=agent,
        hint=small(hint),
    )


def _complete(view: CardView) -> Face:
    agent, done = agent_words(view), work_link(view.report.uri) if view.report else None
    took = f"after {duration(view.since - view.began)}" if 0 < view.began <= view.since else ""
    detail: Parts = (words(" · "), date_element(view.since, moment(view.since, view.now)))
    after = f"{f', {took}' if took else ''}{' · ' if done else ''}"
    detail = (*detail, *([words(after)] if after else []), *([link(done.url, done.kind)] if done else []))
    spoken = f"complete{f' {took}' if took else ''}. {agent_says(agent)}"
    return Face("complete", "white_check_mark", "Complete", detail, spoken, controls.COMPLETE, agent=agent, link=done)


def _failed(view: CardView) -> Face:
    agent = agent_words(view)
    when = date_element(view.since, f"reported by the agent {at_moment(view.since, view.now)}")
    return Face(
        "failed",
        "x",
        "Failed",
        (words(" · "), when),
        f"failed, reported by the agent. {agent_says(agent)} The workspace is still running; reply in the thread"
        " with what to try next.",
        controls.WAITING,
        agent=agent,
        step="The workspace is still running. Reply in the thread with what to try next.",
    )


_LAST_SEEN = "last seen {date_short_pretty} at {time}"
_WHERE_TO_LOOK = "*Build log* shows the workspace build. *Open in Coder* shows the startup scripts."
_FACES: dict[Condition, Callable[[CardView], Face]] = {
    Condition.QUEUED: _queued,
    Condition.STARTING: _starting,
    Condition.RESUMING: _resuming,
    Condition.WORKING: _working,
    Condition.WAITING: _waiting,
    Condition.COMPLETE: _complete,
    Condition.FAILED: _failed,
    Condition.BUILD_FAILED: endings.build_failed,
    Condition.UNHEALTHY: endings.unhealthy,
    Condition.UNKNOWN: endings.unknown,
    Condition.PAUSING: endings.pausing,
    Condition.PAUSED: endings.paused,
    Condition.DELETING: endings.deleting,
    Condition.DELETED: endings.deleted,
    Condition.GONE: endings.gone,
}
