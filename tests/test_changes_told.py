"""How a change is told: its words and durations, and who hears of it."""

from __future__ import annotations

import pytest

from bot.changes import earns_reply, enter, for_level, with_last_words
from bot.models import Change, Condition, Level, Memory, Snapshot
from tests.story import ACTIVE, BEGAN, BOOTS, STOPPED, at_work, seen

QUEUED, STARTING, RESUMING = Condition.QUEUED, Condition.STARTING, Condition.RESUMING
WORKING, WAITING, COMPLETE, FAILED = Condition.WORKING, Condition.WAITING, Condition.COMPLETE, Condition.FAILED
BUILD_FAILED, UNHEALTHY, UNKNOWN = Condition.BUILD_FAILED, Condition.UNHEALTHY, Condition.UNKNOWN
PAUSING, PAUSED, DELETING = Condition.PAUSING, Condition.PAUSED, Condition.DELETING

# -- details of the words ----------------------------------------------------------------------------------------------


def test_how_long_a_turn_took_is_measured_by_the_report() -> None:
    """A poll that comes hours late does not make the work longer."""
    story = at_work()
    story.now += 7200
    story.sees(seen(ACTIVE, "complete", "Done", at=BEGAN + 600))

    assert story.told[-1].seconds == 600


def test_a_clock_that_is_behind_gives_no_duration() -> None:
    """When the report seems older than the turn, nothing is said of how long it took."""
    story = at_work()
    story.sees(seen(ACTIVE, "complete", "Done", at=BEGAN - 5))

    assert story.told[-1].seconds is None


@pytest.mark.parametrize(
    ("state", "message", "uri", "kept"),
    [
        ("idle", "", "", ("Done", "https://x/pull/1")),
        ("idle", "Done", "", ("Done", "https://x/pull/1")),
        ("idle", "Done", "https://x/pull/2", ("Done", "https://x/pull/2")),
        ("idle", "More?", "", ("More?", "")),
        ("working", "", "", ("", "")),
    ],
)
def test_silence_keeps_the_last_words(state: str, message: str, uri: str, kept: tuple[str, str]) -> None:
    """An agent that turns idle without words has said what it said, and its link stays; seen again, it stays so."""
    known = seen(ACTIVE, "complete", "Done", uri="https://x/pull/1")
    once = with_last_words(known, seen(ACTIVE, state, message, at=BEGAN + 5, uri=uri))

    assert once.report is not None
    assert (once.report.message, once.report.uri) == kept
    assert with_last_words(once, seen(ACTIVE, state, message, at=BEGAN + 5, uri=uri)) == once


@pytest.mark.parametrize(
    "known", [None, BOOTS, seen(ACTIVE, "working", "Reading"), seen(ACTIVE, "complete", "Done", build=0), STOPPED]
)
def test_silence_keeps_no_words_of_another_time(known: Snapshot | None) -> None:
    """Steps of a start, work, and what was said before a restart are not the agent's last words."""
    silent = seen(ACTIVE, "idle", at=BEGAN + 5)

    assert with_last_words(known, silent) == silent


# -- levels ------------------------------------------------------------------------------------------------------------

# The guide's table 2.1: who hears of a change, and with a mention or without.
LEVELS = [
    (WORKING, STARTING, "", "", ""),
    (WORKING, WAITING, "told", "", ""),
    (WAITING, WORKING, "mentioned", "mentioned", ""),
    (COMPLETE, WORKING, "mentioned", "mentioned", "told"),
    (FAILED, WORKING, "mentioned", "mentioned", "told"),
    (BUILD_FAILED, STARTING, "mentioned", "mentioned", "told"),
    (UNHEALTHY, WORKING, "mentioned", "mentioned", "told"),
    (PAUSED, PAUSING, "told", "told", ""),
    (WORKING, RESUMING, "told", "", ""),
    (Condition.DELETED, WORKING, "told", "told", ""),
    (Condition.GONE, WORKING, "told", "told", ""),
    *[(one, WORKING, "", "", "") for one in (QUEUED, STARTING, RESUMING, PAUSING, DELETING, UNKNOWN)],
]


@pytest.mark.parametrize(("condition", "before", "everything", "important", "quiet"), LEVELS)
def test_each_level_hears_what_the_guide_says(
    condition: Condition, before: Condition, everything: str, important: str, quiet: str
) -> None:
    """One row of the guide's table: told, told with a mention, or left to the card."""
    change = enter(Memory(condition=before, began=BEGAN), condition, BEGAN, seen()).change
    assert change is not None

    heard = {
        level: ("mentioned" if for_level(change, level).mention else "told") if earns_reply(change, level) else ""
        for level in Level
    }

    assert heard == {Level.ALL: everything, Level.IMPORTANT: important, Level.QUIET: quiet}


def test_the_first_report_after_a_prompt_is_work_that_begins_again() -> None:
    """Those who want everything hear once per prompt what the agent makes of it."""
    story = at_work().reports("idle", "Q1", 40).is_prompted().sees(story_last(), 10)
    story.reports("working", "Removing it", 10).reports("working", "Testing", 10)

    work = [change for change in story.told if earns_reply(change, Level.ALL) and change.condition is WORKING]
    assert [change.message for change in work] == ["Removing it"]


def story_last() -> Snapshot:
    """The report that still stands when a prompt has just been delivered."""
    return seen(ACTIVE, "idle", "Q1", at=BEGAN)


def test_work_that_begins_again_and_again_is_told_once_a_minute() -> None:
    """The moment of such a reply, which makes it one reply for ever, is the minute."""
    changes = [
        Change(condition=WORKING, at=BEGAN // 60 * 60 + second, turn=0, before=WAITING) for second in (0, 30, 59.9, 60)
    ]

    assert len({for_level(change, Level.ALL).at for change in changes}) == 2
