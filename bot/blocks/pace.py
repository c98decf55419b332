"""What of a card changes with time alone: counters, hints that come late, and days that pass."""

from __future__ import annotations

from bot.blocks.text import said
from bot.models import CardView, Condition, Verb

SLOW_SECONDS = 180.0
SILENT_SECONDS = 1_800.0
# Half a day: a time of day alone is clear to the reader, whatever their zone.
TODAY_SECONDS = 43_200.0

_COMES_UP = {Condition.STARTING, Condition.RESUMING}
_STARTS = {Verb.RESUME, Verb.RETRY, Verb.RESTART}
_STEPS = {
    "workspace is pending": 1,
    "workspace is starting": 2,
    "agent is connecting": 3,
    "agent is starting": 3,
    "initializing workspace agent": 3,
    "app is initializing": 4,
    "initializing workspace applications": 4,
}


def moment(at: float, now: float) -> str:
    """Slack's date pattern: the time of day for what is of today, else with the day (guide 6.3)."""
    return "{time}" if -TODAY_SECONDS <= now - at < TODAY_SECONDS else "{date_short_pretty} at {time}"


def start_step(view: CardView) -> str:
    """How far the start is, in Coder's words, with the step's number when they are known."""
    text = said(view.report.message, 80) if view.report else ""
    number = _STEPS.get(text.lower())
    return f"{text} (step {number} of 4)" if number else text


def began(view: CardView) -> float:
    """When the start began that goes on now: when it was asked for, if somebody did."""
    if view.asked and view.asked.verb in _STARTS:
        return view.asked.at
    return view.began if view.condition is Condition.STARTING and view.began else view.since


def elapsed(view: CardView) -> int:
    """Whole minutes since the start began."""
    return max(int((view.now - began(view)) // 60), 0)


def slow_after(view: CardView) -> float:
    """Seconds after which a start is slow: 3 minutes, or twice the template's median (Coder tells no other number)."""
    return max(SLOW_SECONDS, 2 * (view.usual_start or 0.0))


def usually(seconds: float | None) -> str:
    """How long a start takes."""
    if not seconds:
        return "Usually 1–3 minutes."
    minutes = max(round(seconds / 60), 1)
    return f"Usually about {minutes} minute{'' if minutes == 1 else 's'}."


def silent_for(view: CardView) -> float | None:
    """Seconds without a report from a working agent, once they are remarkable."""
    silence = view.now - _heard(view)
    return silence if silence >= SILENT_SECONDS else None


def next_look(view: CardView) -> float | None:
    """The time at which this card changes by time alone, or None.

    While an agent is silent that is every 10 minutes, later every hour: the number is not worth an edit a minute.
    """
    times = [*_days(view)]
    if view.stale_since is None:
        times += _minutes(view) if view.condition in _COMES_UP else []
        times += _silence(view) if view.condition is Condition.WORKING else []
    return min((at for at in times if at > view.now), default=None)


def _minutes(view: CardView) -> list[float]:
    return [began(view) + 60.0 * (elapsed(view) + 1), began(view) + slow_after(view)]


def _silence(view: CardView) -> list[float]:
    heard = _heard(view)
    step = 600.0 if view.now - heard < 7_200.0 else 3_600.0
    passed = max((view.now - heard) // step + 1, SILENT_SECONDS // step)
    return [heard + step * passed]


def _heard(view: CardView) -> float:
    return max(view.report.at if view.report else 0.0, view.since)


def _days(view: CardView) -> list[float]:
    """When the moments that the card shows begin and cease to be of today."""
    shown = [view.since, began(view), view.stale_since]
    shown += [view.asked.at] if view.asked else []
    shown += [view.report.at] if view.report else []
    return [at + distance for at in shown if at is not None for distance in (-TODAY_SECONDS, TODAY_SECONDS)]
