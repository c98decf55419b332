"""What changed in a task, and which of it is worth telling. Pure: a memory and a snapshot in, a memory and news out.

Coder's words flicker: agents turn idle for moments between steps, a start looks like an error for a while, a stopping
workspace is `unknown`. So what is seen becomes what is told only when it has held for its time.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.models import Change, Condition, Level, Memory, Report, Snapshot, State, Status

# An app that is unhealthy while the workspace runs often recovers: Coder's own CLI waits this long.
UNHEALTHY_SETTLES = 300.0
UNKNOWN_SETTLES = 30.0
# After a resume an agent may never report; Coder's CLI takes it for idle after this time.
SILENCE_IS_IDLE = 30.0
# After a prompt the agent's old report is not news, unless nothing newer comes for this long.
OLD_REPORT_HOLDS = 60.0
# A candidate whose reports keep changing is told after so many settle times all the same.
_PATIENCE = 4

_ENDED_TURN = {Condition.WAITING, Condition.COMPLETE, Condition.FAILED}
_COMES_UP = {Condition.QUEUED, Condition.STARTING, Condition.BUILD_FAILED}
_AFTER_PAUSE = {Condition.PAUSED, Condition.PAUSING, Condition.RESUMING}
_REPORTED = _ENDED_TURN | {Condition.WORKING}
_RAN = _REPORTED | {Condition.UNHEALTHY, Condition.UNKNOWN}
_MENTIONS = _ENDED_TURN | {Condition.BUILD_FAILED, Condition.UNHEALTHY}
_ALWAYS_TOLD = {Condition.COMPLETE, Condition.FAILED, Condition.BUILD_FAILED, Condition.UNHEALTHY}
_TOLD_UNLESS_QUIET = {Condition.WAITING, Condition.PAUSED, Condition.DELETED, Condition.GONE}
# What channels that watch tasks call them.
_EVENTS = {
    Condition.WAITING: "waiting",
    Condition.COMPLETE: "complete",
    Condition.FAILED: "failed",
    Condition.BUILD_FAILED: "error",
    Condition.UNHEALTHY: "error",
}
_STATES = {
    State.WORKING: Condition.WORKING,
    State.IDLE: Condition.WAITING,
    State.COMPLETE: Condition.COMPLETE,
    State.FAILED: Condition.FAILED,
}


@dataclass(frozen=True)
class News:
    """What one look at a task brought: the new memory, and at most one change worth telling."""

    memory: Memory
    change: Change | None = None


def between(memory: Memory, snapshot: Snapshot, now: float, settle: float) -> News:
    """Compare what is remembered with what Coder says now; `settle` is how long idle must last, in seconds."""
    seen = condition_seen(memory, snapshot, now)
    if seen is memory.condition and not _has_new_words(memory, snapshot, seen):
        return News(memory.model_copy(update={"candidate": None}) if memory.candidate else memory)
    needed = _settle_time(memory, snapshot, seen, settle)
    if needed:
        memory = _wait(memory, snapshot, seen, now)
        if now - memory.candidate_since < needed and now - memory.candidate_first < needed * _PATIENCE:
            return News(memory)
    news = enter(memory, seen, now, snapshot)
    following = condition_seen(news.memory, snapshot, now)
    if following is seen:
        return news
    return News(_wait(news.memory, snapshot, following, now), news.change)


def with_last_words(known: Snapshot | None, snapshot: Snapshot) -> Snapshot:
    """An agent that falls silent without a word has still said what it said last, and still gives its link."""
    last, report = known.report if known else None, snapshot.report
    if known is None or last is None or report is None or report.state is not State.IDLE:
        return snapshot
    same = known.status is Status.ACTIVE is snapshot.status and known.build_number == snapshot.build_number
    if not same or last.state is State.WORKING or report.message not in {"", last.message}:
        return snapshot
    words = {"message": last.message, "uri": report.uri or last.uri}
    return snapshot.model_copy(update={"report": report.model_copy(update=words)})


def rebuilt(memory: Memory, snapshot: Snapshot, now: float) -> Memory:
    """A newer build runs than the one seen last: what held for the old one has ended, if nobody saw it end."""
    if memory.condition is Condition.BUILD_FAILED:
        return memory.model_copy(update={"condition": Condition.QUEUED, "since": now, "began": now, "candidate": None})
    if memory.condition in _RAN and snapshot.status is Status.INITIALIZING:
        return memory.model_copy(update={"condition": Condition.RESUMING, "since": now, "candidate": None})
    return memory


def condition_seen(memory: Memory, snapshot: Snapshot, now: float) -> Condition:
    """The condition that one snapshot alone shows; what it cannot tell stays as it was."""
    match snapshot.status:
        case Status.PENDING:
            return Condition.QUEUED if memory.condition in _COMES_UP else Condition.RESUMING
        case Status.INITIALIZING:
            return Condition.RESUMING if memory.condition in _AFTER_PAUSE else Condition.STARTING
        case Status.ACTIVE:
            return _active(memory, snapshot, now)
        case Status.PAUSED:
            return Condition.PAUSED
        case Status.ERROR:
            return _error(memory, snapshot)
        case Status.UNKNOWN:
            return _unknown(memory, snapshot)


def _active(memory: Memory, snapshot: Snapshot, now: float) -> Condition:
    report, turned = snapshot.report, now - memory.turn_since < OLD_REPORT_HOLDS
    if report is None:
        holds = turned if memory.condition is Condition.WORKING else memory.condition is Condition.RESUMING
        return Condition.WORKING if holds else Condition.WAITING
    seen = _STATES[report.state]
    if seen in _ENDED_TURN and turned and report.at <= memory.turn_report:
        return Condition.WORKING
    if seen is Condition.WAITING and memory.condition is Condition.RESUMING:
        return Condition.WORKING  # it is up again; whether it waits, the settle time tells
    if seen is Condition.WAITING and _is_the_same_end(memory, report):
        return memory.condition
    return seen


def _is_the_same_end(memory: Memory, report: Report) -> bool:
    """Whether the agent's terminal only fell silent after its last word."""
    if memory.condition not in {Condition.COMPLETE, Condition.FAILED}:
        return False
    return not report.message or memory.told == (memory.condition, report.message)


def _has_new_words(memory: Memory, snapshot: Snapshot, seen: Condition) -> bool:
    """Whether the agent says something new in the condition it was in: another question, or that it took the prompt."""
    report = snapshot.report
    if report is None or _STATES[report.state] is not seen:
        return False
    if seen is Condition.WORKING:
        return memory.turn > 0 and memory.since == memory.turn_since and report.at > memory.turn_report
    return seen in _ENDED_TURN and report.message != "" and memory.told not in {None, (seen, report.message)}


def _error(memory: Memory, snapshot: Snapshot) -> Condition:
    if snapshot.workspace_status == "canceling":
        return memory.condition
    return Condition.UNHEALTHY if snapshot.workspace_status == "running" else Condition.BUILD_FAILED


def _unknown(memory: Memory, snapshot: Snapshot) -> Condition:
    match snapshot.workspace_status:
        case "stopping" | "pending":  # of pending builds, Coder calls the one that starts `pending`
            return Condition.PAUSING
        case "deleting" | "deleted":
            return Condition.DELETING
        case "stopped":
            return Condition.PAUSED
        case "starting" | "canceling":
            return memory.condition
        case _:
            return Condition.UNKNOWN


def _settle_time(memory: Memory, snapshot: Snapshot, seen: Condition, settle: float) -> float:
    match seen:
        case Condition.WAITING:
            return settle if snapshot.report else max(settle, SILENCE_IS_IDLE)
        case Condition.COMPLETE | Condition.FAILED if seen is memory.condition:
            return settle  # the same end in other words: the last of them count
        case Condition.UNHEALTHY:
            return UNHEALTHY_SETTLES
        case Condition.UNKNOWN:
            return UNKNOWN_SETTLES
        case _:
            return 0.0


def _wait(memory: Memory, snapshot: Snapshot, seen: Condition, now: float) -> Memory:
    """Remember since when the candidate has held; a newer report means that it did not hold without a break."""
    reported = snapshot.report.at if snapshot.report and seen in _ENDED_TURN else 0.0
    if memory.candidate is seen and memory.candidate_report == reported:
        return memory
    first = memory.candidate_first if memory.candidate is seen else now
    changes = {"candidate": seen, "candidate_since": now, "candidate_first": first, "candidate_report": reported}
    return memory.model_copy(update=changes)


def enter(memory: Memory, condition: Condition, now: float, snapshot: Snapshot | None = None) -> News:
    """Enter a condition, and say so unless its people have heard the very same in this turn."""
    report = snapshot.report if snapshot and condition in _REPORTED else None
    since = report.at if report else now
    message, uri = (report.message, report.uri) if report else ("", "")
    entered = memory.model_copy(update={"condition": condition, "since": since, "candidate": None})
    if condition in _ENDED_TURN:
        if memory.told == (condition, message):
            return News(entered)
        entered = entered.model_copy(update={"told": (condition, message)})
    if condition is Condition.PAUSED:
        entered = entered.model_copy(update={"told": None})  # it is news when the agent is back
    mention = condition in _MENTIONS and not memory.mentioned
    begun = memory.since if memory.condition is Condition.RESUMING else memory.began
    change = Change(
        condition=condition,
        at=since,
        turn=memory.turn,
        mention=mention,
        message=message,
        uri=uri,
        seconds=since - begun if 0 < begun <= since else None,
        before=memory.condition,
    )
    return News(entered.model_copy(update={"mentioned": memory.mentioned or mention}), change)


def prompted(memory: Memory, snapshot: Snapshot | None, now: float) -> Memory:
    """A prompt reached the agent: a new turn, in which the owner may be mentioned once more."""
    report = snapshot.report.at if snapshot and snapshot.report else 0.0
    return memory.model_copy(
        update={
            "condition": Condition.WORKING,
            "since": now,
            "began": now,
            "candidate": None,
            "turn": memory.turn + 1,
            "turn_since": now,
            "turn_report": report,
            "told": None,
            "mentioned": False,
        }
    )


def earns_reply(change: Change, level: Level) -> bool:
    """Whether a change becomes a message in the thread at this level; the card shows it anyway."""
    if change.condition in _ALWAYS_TOLD:
        return True
    if change.condition in _TOLD_UNLESS_QUIET:
        return level is not Level.QUIET
    return level is Level.ALL and change.condition is Condition.WORKING and change.before not in _COMES_UP


def event_of(condition: Condition) -> str:
    """What a channel that watches tasks calls it; empty when it cannot ask for it."""
    return _EVENTS.get(condition, "")


def for_level(change: Change, level: Level) -> Change:
    """The change as a thread of this level is told: a quiet one mentions nobody, and work is told once a minute."""
    if change.condition is Condition.WORKING and change.before is not Condition.RESUMING:
        return change.model_copy(update={"at": change.at // 60 * 60})  # a reply's moment makes it one reply
    return change.model_copy(update={"mention": False}) if level is Level.QUIET else change
