"""What changes in a task are worth telling: tables of what is seen, and stories of what is told over time."""

from __future__ import annotations

import pytest

from bot.changes import (
    OLD_REPORT_HOLDS,
    SILENCE_IS_IDLE,
    UNHEALTHY_SETTLES,
    UNKNOWN_SETTLES,
    condition_seen,
    earns_reply,
)
from bot.models import Condition, Level, Memory, Report, Snapshot, State, Status
from tests.story import (
    ACTIVE,
    BEGAN,
    BOOTS,
    BROKEN,
    INITIALIZING,
    PENDING,
    RESUMES,
    SETTLE,
    SICK,
    STOPPED,
    STOPPING,
    Story,
    at_work,
    paused,
    seen,
)

QUEUED, STARTING, RESUMING = Condition.QUEUED, Condition.STARTING, Condition.RESUMING
WORKING, WAITING, COMPLETE, FAILED = Condition.WORKING, Condition.WAITING, Condition.COMPLETE, Condition.FAILED
BUILD_FAILED, UNHEALTHY, UNKNOWN = Condition.BUILD_FAILED, Condition.UNHEALTHY, Condition.UNKNOWN
PAUSING, PAUSED, DELETING = Condition.PAUSING, Condition.PAUSED, Condition.DELETING

# -- what one snapshot shows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "snapshot", "shown"),
    [
        (QUEUED, seen(PENDING, workspace="pending"), QUEUED),
        (QUEUED, BOOTS, STARTING),
        (STARTING, seen(PENDING, workspace="pending"), QUEUED),
        (BUILD_FAILED, seen(PENDING, workspace="pending"), QUEUED),
        *[(one, seen(PENDING, workspace="pending"), RESUMING) for one in (PAUSED, PAUSING, RESUMING, WORKING, WAITING)],
        *[(one, BOOTS, RESUMING) for one in (PAUSED, PAUSING, RESUMING)],
        (STARTING, seen(ACTIVE, "working"), WORKING),
        (WORKING, seen(ACTIVE, "idle"), WAITING),
        (WORKING, seen(ACTIVE, "complete"), COMPLETE),
        (WORKING, seen(ACTIVE, "failed"), FAILED),
        (STARTING, seen(ACTIVE), WAITING),
        (RESUMING, seen(ACTIVE), WORKING),
        (WORKING, seen(ACTIVE), WAITING),
        (WORKING, SICK, UNHEALTHY),
        (STARTING, BROKEN, BUILD_FAILED),
        (STARTING, seen(Status.ERROR, workspace="canceled"), BUILD_FAILED),
        (STARTING, seen(Status.ERROR, workspace="canceling"), STARTING),
        (WORKING, STOPPING, PAUSING),
        (WORKING, seen(Status.UNKNOWN, workspace="pending"), PAUSING),
        (WORKING, STOPPED, PAUSED),
        (WORKING, seen(Status.UNKNOWN, workspace="deleting"), DELETING),
        (WORKING, seen(Status.UNKNOWN, workspace="starting"), WORKING),
        (WORKING, seen(Status.UNKNOWN, workspace="running"), UNKNOWN),
    ],
)
def test_a_snapshot_shows_a_condition(before: Condition, snapshot: Snapshot, shown: Condition) -> None:
    """What Coder says at one instant, together with what was before, is one row of the guide's table."""
    assert condition_seen(Memory(condition=before), snapshot, BEGAN) is shown


# -- what is told over time --------------------------------------------------------------------------------------------


def test_a_whole_life_is_told_in_order() -> None:
    """Each end of a turn becomes a reply, the owner is mentioned once a turn, and starts are left to the card."""
    story = at_work().reports("idle", "Which one?", 40).is_prompted().reports("working", "That one", 60)
    story.reports("complete", "Done", 60, uri="https://github.com/acme/web/pull/482").sees(STOPPING, 5).sees(STOPPED)

    assert story.replies == ["waiting Which one?", "complete Done", "paused"]
    assert story.mentions == [True, True, False]
    assert story.told[-3].uri == "https://github.com/acme/web/pull/482"


@pytest.mark.parametrize(("held", "told"), [(25.0, []), (30.0, ["waiting Now?"]), (300.0, ["waiting Now?"])])
def test_idle_is_told_when_it_has_settled(held: float, told: list[str]) -> None:
    """An agent that is idle for less than the settle time is told of nothing; the moment told is that of its report."""
    story = at_work()
    reported = story.now + 1.0
    story.reports("idle", "Now?", held)

    assert story.replies == told
    assert [change.at for change in story.told if change.condition is WAITING] == [reported] * len(told)


def test_flicker_is_never_told() -> None:
    """An agent that turns idle for moments between its steps works all the time."""
    story = at_work()
    for step in range(20):
        story.reports("idle", f"step {step}", 25).reports("working", f"step {step}", 5)

    assert story.replies == []
    assert story.memory.condition is WORKING


def test_an_idle_that_keeps_reporting_is_told_in_the_end() -> None:
    """Reports that come again and again put the settling off, but not for ever."""
    story = at_work()
    for _ in range(30):
        story.reports("idle", "Still here", 5)

    assert story.replies == ["waiting Still here"]


@pytest.mark.parametrize("state", ["complete", "failed"])
def test_an_end_counts_at_once(state: str) -> None:
    """Complete and failed need no time to settle."""
    assert at_work().reports(state, "So it is").replies == [f"{state} So it is"]


@pytest.mark.parametrize("words", ["", "Opened a pull request"])
def test_an_agent_that_falls_silent_after_its_end_has_still_ended(words: str) -> None:
    """Complete, then idle with the same words or none, is the same end: told once, and the card stays complete."""
    story = at_work().reports("complete", "Opened a pull request", 10).reports("idle", words, 300)

    assert story.replies == ["complete Opened a pull request"]
    assert story.memory.condition is COMPLETE


def test_a_question_after_the_end_is_told() -> None:
    """Complete, then idle with other words, is an agent that waits; nobody is mentioned a second time."""
    story = at_work().reports("complete", "Done", 10).reports("idle", "Shall I also tidy up?", 60)

    assert story.replies == ["complete Done", "waiting Shall I also tidy up?"]
    assert story.mentions == [True, False]


def test_another_question_without_a_prompt_is_told() -> None:
    """An agent that asks something else is told again, also when nobody saw it work in between."""
    story = at_work().reports("idle", "Q1", 60).reports("idle", "Q2", 25).reports("idle", "Q3", 60)

    assert story.replies == ["waiting Q1", "waiting Q3"]
    assert story.mentions == [True, False]


def test_an_end_in_other_words_is_told_when_the_words_have_settled() -> None:
    """An agent that reports its end over and over is told of the first and the last."""
    story = at_work()
    for number in range(6):
        story.reports("complete", f"Done, {number}", 10)
    story.sees(seen(ACTIVE, "complete", "Done, 5", at=story.now), 60)

    assert story.replies == ["complete Done, 0", "complete Done, 5"]


def test_the_same_end_is_told_once_in_a_turn() -> None:
    """A task that flips between working and waiting with the same words says it once."""
    story = at_work()
    for _ in range(5):
        story.reports("idle", "Q1", 60).reports("working", "Hm", 60)

    assert story.replies == ["waiting Q1"]


def test_the_same_end_is_news_after_a_prompt() -> None:
    """An agent that answers every prompt with the same words is told every time, with a mention each."""
    story = at_work().reports("idle", "Q1", 60).is_prompted().reports("working", "Hm", 30).reports("idle", "Q1", 60)

    assert story.replies == ["waiting Q1", "waiting Q1"]
    assert story.mentions == [True, True]


def test_an_old_report_is_no_news_after_a_prompt() -> None:
    """Right after a prompt the agent still shows its last word; the task works."""
    story = at_work().reports("complete", "Done", 10).is_prompted()
    before = len(story.told)
    story.sees(story.last or BOOTS, OLD_REPORT_HOLDS - 10)

    assert story.told[before:] == []
    assert story.memory.condition is WORKING


def test_an_old_report_counts_again_when_nothing_newer_comes() -> None:
    """An agent that took a prompt and says no more is not left to work for ever."""
    story = at_work().reports("idle", "Q1", 40).is_prompted()
    story.sees(story.last or BOOTS, OLD_REPORT_HOLDS + SETTLE + 10)

    assert story.replies == ["waiting Q1", "waiting Q1"]


def test_an_agent_that_never_reports_is_told_to_wait() -> None:
    """Without any report the agent waits after half a minute, at first and after each prompt."""
    story = Story().sees(BOOTS, 20).sees(seen(), SILENCE_IS_IDLE - 5)
    assert story.replies == []

    story.sees(seen(), 10).is_prompted().sees(seen(), OLD_REPORT_HOLDS + SILENCE_IS_IDLE + 10)

    assert story.replies == ["waiting", "waiting"]
    assert story.mentions == [True, True]


# -- machines ----------------------------------------------------------------------------------------------------------


def test_an_error_during_a_healthy_start_is_not_told() -> None:
    """An app that is unhealthy for a while as it comes up is shown as starting."""
    story = Story().sees(BOOTS, 10).sees(SICK, UNHEALTHY_SETTLES - 10)
    assert story.memory.condition is STARTING

    story.reports("working", "Here", 20)

    assert story.replies == []


def test_an_app_that_stays_unhealthy_is_told_after_five_minutes() -> None:
    """Neither does a report that comes from the sick agent put that off."""
    story = at_work()
    for _ in range(32):
        story.now += 10
        story.sees(SICK.model_copy(update={"report": Report(state=State.WORKING, at=story.now)}))

    assert story.replies == ["unhealthy"]
    assert story.mentions == [True]


def test_a_recovered_app_repeats_nothing() -> None:
    """After an illness the agent stands where it stood, and that was told."""
    story = at_work().reports("idle", "Q1", 60)
    story.sees(SICK, UNHEALTHY_SETTLES + 10).sees(seen(ACTIVE, "idle", "Q1", at=BEGAN + 30), 60)

    assert story.replies == ["waiting Q1", "unhealthy"]
    assert story.memory.condition is WAITING


def test_unknown_while_stopping_is_no_failure() -> None:
    """A workspace that stops is pausing, from the moment its build waits."""
    story = at_work().sees(seen(Status.UNKNOWN, workspace="pending", build=2), 300)
    assert story.memory.condition is PAUSING

    story.sees(STOPPING, 300).sees(STOPPED)

    assert story.replies == ["paused"]


def test_unknown_is_shown_when_it_lasts_and_never_told() -> None:
    """A state that Coder cannot tell is for the card alone."""
    story = at_work().sees(seen(Status.UNKNOWN), UNKNOWN_SETTLES - 5)
    assert story.memory.condition is WORKING

    story.sees(seen(Status.UNKNOWN), 10)

    assert story.memory.condition is UNKNOWN
    assert story.replies == []


def test_a_build_that_fails_again_is_told_again() -> None:
    """Every failed build is news; the owner was mentioned already."""
    story = Story().sees(BOOTS, 10).sees(BROKEN, 20)
    story.sees(seen(PENDING, workspace="pending", build=2), 10)
    story.sees(seen(Status.ERROR, workspace="failed", build=2), 60)

    assert story.replies == ["build_failed", "build_failed"]
    assert story.mentions == [True, False]


def test_a_retry_that_nobody_saw_start_is_told_when_it_fails() -> None:
    """A newer build that has failed as well is a new failure, also when the bot was away as it ran."""
    story = Story().sees(BOOTS, 10).sees(BROKEN, 20)
    story.sees(seen(Status.ERROR, workspace="failed", build=2), 60)

    assert story.replies == ["build_failed", "build_failed"]


def test_a_retry_counts_its_time_from_its_own_beginning() -> None:
    """What a task waited in error is not part of how long its work took."""
    story = Story().sees(BOOTS, 10).sees(BROKEN, 3600)
    again = story.now
    story.sees(seen(PENDING, workspace="pending", build=2), 10).reports("complete", "Done")

    assert story.memory.began == again
    assert story.told[-1].seconds == pytest.approx(11)


def test_a_resumed_task_is_told_as_such() -> None:
    """A resume has its duration, and is for those who want everything."""
    story = paused().sees(RESUMES, 20).sees(seen(INITIALIZING, workspace="running", build=3), 40)
    assert story.memory.condition is RESUMING
    story.reports("working", "Back")

    change = story.told[-1]
    assert (change.condition, change.before) == (WORKING, RESUMING)
    assert change.seconds == pytest.approx(61)
    assert [level for level in Level if earns_reply(change, level)] == [Level.ALL]


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (seen(build=3), "waiting"),
        (seen(ACTIVE, "idle", build=3), "waiting"),
        (seen(ACTIVE, "idle", "Q1", build=3), "waiting Q1"),
    ],
)
def test_a_resumed_agent_that_waits_is_told_again(back: Snapshot, said: str) -> None:
    """After a pause it is news that the agent is back and waits, with or without a report; nobody is mentioned."""
    story = paused().sees(RESUMES, 10).sees(back)
    assert story.memory.condition is WORKING
    assert story.memory.candidate is WAITING  # so that it is looked at again although nothing new comes
    story.sees(back, SILENCE_IS_IDLE + 10)

    assert story.replies == ["waiting Q1", "paused", said]
    assert story.mentions == [True, False, False]
    assert [change.before for change in story.told if change.condition is WORKING][-1] is RESUMING


def test_a_restart_that_nobody_saw_is_a_resume() -> None:
    """A task that ran and now comes up with a newer build was resumed, whatever happened in between."""
    story = at_work().sees(seen(INITIALIZING, workspace="starting", build=3), 5)

    assert story.memory.condition is RESUMING


def test_a_pause_and_resume_that_nobody_saw_ends_in_waiting() -> None:
    """A working task that now runs without a report has been restarted, and its agent waits."""
    assert at_work().sees(seen(build=3), SILENCE_IS_IDLE + 10).replies == ["waiting"]
