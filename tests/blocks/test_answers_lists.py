"""Lists of tasks: groups, pages that hold every task once, and Slack's limits."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.lists import TaskRow, task_list
from bot.models import Condition, Content, Status
from tests.blocks.answer_rules import (
    CARD,
    NAME,
    TASK_ID,
    TASK_URL,
    TITLE,
    assert_holds,
    buttons,
    hostile,
    objects,
    sample,
)

NOW = 1795357920.0
FIX = TaskRow(
    title=TITLE,
    url=TASK_URL,
    name=NAME,
    condition=Condition.WAITING,
    since=1795357860,
    message=(
        "Both login tests pass 50 times in a row now. Should I also remove the sleep() calls from the signup tests,"
        " or leave them alone?"
    ),
    thread_link=CARD,
    id=TASK_ID,
)
_C = Condition
NINE: list[tuple[str, str, Condition, float | None]] = [
    ("Bump Go to 1.25 in payments-api", "bump-go-payments-api-11aa", _C.WAITING, 1795357380),
    ("Upgrade Terraform provider", "upgrade-terraform-77c0", _C.BUILD_FAILED, 1795356300),
    ("Bump Go to 1.25 in ledger", "bump-go-ledger-90b1", _C.WORKING, 1795356480),
    ("Bump Go to 1.25 in fx-rates", "bump-go-fx-rates-c2d3", _C.WORKING, 1795356540),
    ("Write a migration for tenant_id on refunds", "write-migration-5e5e", _C.WORKING, 1795356840),
    ("Bump Go to 1.25 in payouts", "bump-go-payouts-0f0f", _C.STARTING, None),
    ("Bump Go to 1.25 in risk", "bump-go-risk-4242", _C.QUEUED, None),
    ("Investigate p99 on /v2/refunds", "investigate-p99-8a8a", _C.PAUSED, 1795284120),
    ("Bump Go to 1.25 in invoices", "bump-go-invoices-1d1d", _C.COMPLETE, None),
]
MORE = {
    "bump-go-payments-api-11aa": {"message": "go vet reports 3 new warnings in generated code. Ignore them?"},
    "bump-go-payouts-0f0f": {"detail": "agent is connecting"},
    "bump-go-risk-4242": {"detail": "2nd of 4 in the queue"},
    "bump-go-invoices-1d1d": {"uri": "https://github.com/acme/invoices/pull/71"},
}


def ten() -> list[TaskRow]:
    """The ten tasks of the sample."""
    rows = [FIX]
    for at, (title, name, condition, since) in enumerate(NINE, 1):
        url = f"{TASK_URL[:-1]}{at + 1:x}"
        thread = f"https://acme.slack.com/archives/C0PAYMENTS1/p1795356{121 + 37 * at}000100"
        more: dict[str, Any] = MORE.get(name, {})
        rows.append(TaskRow(title, url, name, condition, since, thread_link=thread, **more))
    return rows


def rows_of(content: Content) -> list[dict[str, Any]]:
    """The sections of a list's rows."""
    return [row for part in objects(content.blocks) if part.get("type") == "rich_text_list" for row in part["elements"]]


def names_on(content: Content) -> list[str]:
    """The task names on a page, in their order."""
    return [row["elements"][1]["text"].strip() for row in rows_of(content)]


# -- as the samples ----------------------------------------------------------------------------------------------------


def test_no_tasks() -> None:
    """One sentence; the form's button comes later."""
    made = task_list([], now=NOW)
    assert_holds(made)
    assert made.text == "You have no tasks. Start one with /coder-task create and a prompt."
    assert task_list([], now=NOW, everyone=True, status=Status.PAUSED).text.startswith(
        "There are no tasks with status paused."
    )


def test_one_task_has_its_buttons() -> None:
    """The row and the buttons of the sample."""
    made = task_list([FIX], now=NOW)
    assert_holds(made)
    assert made.text == f"1 task. Waiting for input: {TITLE} ({NAME})."
    assert [text for text, _ in buttons(made)] == ["Reply", "Logs", "Pause", "Open in Coder"]
    expected = sample("slash.list_1")
    if expected:
        assert (made.text, made.blocks) == expected


def test_ten_tasks_are_grouped() -> None:
    """Groups in the guide's order, the newest first inside a group."""
    made = task_list(ten(), now=NOW)
    assert_holds(made)
    headings = [
        part["elements"][0]["text"] for part in made.blocks[0]["elements"] if part["type"] == "rich_text_section"
    ]
    assert headings == ["Waiting for input", "Needs attention", "Working", "Starting", "Paused", "Complete"]
    assert names_on(made)[3:6] == ["write-migration-5e5e", "bump-go-fx-rates-c2d3", "bump-go-ledger-90b1"]
    assert made.text == (
        "10 tasks. Waiting for input: Fix flaky login test, Bump Go to 1.25 in payments-api."
        " Needs attention: Upgrade Terraform provider. Working 3, starting 2, paused 1, complete 1."
    )
    expected = sample("slash.list_10", "list.state")
    if expected:
        [block] = expected[1]
        # The sample lists its working tasks with the oldest first, and its one old date has no fallback.
        working = block["elements"][5]["elements"]
        working.reverse()
        for part in objects(block):
            if part.get("fallback") == "since {date_short_pretty}":
                part["fallback"] = "since 2026-11-21"
        assert (made.text, made.blocks) == (expected[0], [block])


def test_fifty_tasks_come_in_pages() -> None:
    """Counts, ten rows, and a button that runs the command of the next page."""
    paused = [TaskRow(f"P{n}", TASK_URL, f"p-{n}", Condition.PAUSED, 1795284000 - n) for n in range(29)]
    done = [TaskRow(f"C{n}", TASK_URL, f"c-{n}", Condition.COMPLETE, 1795284000 - n) for n in range(11)]
    rows = [*ten(), *paused, *done]
    first = task_list(rows, now=NOW)
    assert_holds(first)
    expected = sample("slash.list_50", "list.state", "list.page")
    if expected:
        assert first.text == expected[0]
        assert first.blocks[0] == expected[1][0]
    assert first.text == (
        "50 tasks, showing 1–10. Waiting for input 2, needs attention 1, working 3, starting 2, paused 30, complete 12."
    )
    assert buttons(first) == [("Next 10", "list --page 2")]
    middle = task_list(rows, now=NOW, page=3, everyone=True, status=Status.ACTIVE)
    assert buttons(middle) == [
        ("Previous 10", "list --all --status active --page 2"),
        ("Next 10", "list --all --status active --page 4"),
    ]
    last = task_list(rows, now=NOW, page=99)
    assert buttons(last) == [("Previous 10", "list --page 4")]


# -- pages and limits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("letter", "everyone"), [("W", True), ("🎉", True), ('"', False)])
def test_two_hundred_tasks_with_the_longest_words(letter: str, *, everyone: bool) -> None:
    """Every page fits into a message, and together they show every task once."""
    rows = [
        TaskRow(
            title=letter * 300,
            url=f"https://{'long.' * 30}example.com/tasks/{'o' * 39}/{TASK_ID}",
            name=f"{'n' * 28}-{number:03}",
            condition=list(Condition)[number % len(Condition)],
            since=1795357860 - 7_000 * number,
            message=letter * 400,
            thread_link=f"https://{'w' * 60}.slack.com/archives/C0PAYMENTS1/p1795356121000100?thread_ts=1.1",
            uri=f"https://github.com/{'a' * 900}/b/pull/{number}",
            owner=letter * 90,
            detail=letter * 200 if number % 2 else "",
        )
        for number in range(200)
    ]
    seen: list[str] = []
    for page in range(1, 200):
        made = task_list(rows, now=NOW, page=page, everyone=everyone)
        assert_holds(made)
        seen += names_on(made)
        if not any(text.startswith("Next") for text, _ in buttons(made)):
            break
    assert sorted(seen) == sorted(row.name for row in rows)


def test_everyones_rows_name_the_owner() -> None:
    """In a list of everyone's tasks each row says whose it is; in mine that would be noise."""
    row = TaskRow(TITLE, TASK_URL, NAME, Condition.WORKING, 1795357860, owner="Ana Ruiz", id=TASK_ID)
    assert "Ana Ruiz" in str(task_list([row], now=NOW, everyone=True).blocks)
    assert "Ana Ruiz" not in str(task_list([row], now=NOW).blocks)
    assert buttons(task_list([row], now=NOW, everyone=True)) == []


def test_without_an_id_a_task_can_only_be_opened() -> None:
    """Buttons carry Coder's id; without it nothing could be asked for."""
    row = TaskRow(TITLE, TASK_URL, NAME, Condition.WAITING)
    assert buttons(task_list([row], now=NOW)) == [("Open in Coder", TASK_URL)]


@pytest.mark.parametrize("condition", Condition)
def test_every_condition_has_a_row(condition: Condition) -> None:
    """Each condition has a group, a time of today or of another day, and at most one green button."""
    for since in (NOW - 60, NOW - 90_000, None):
        assert_holds(task_list([TaskRow(TITLE, TASK_URL, NAME, condition, since, id=TASK_ID)], now=NOW))


row = st.builds(
    TaskRow,
    title=hostile,
    url=st.one_of(hostile, st.just(TASK_URL)),
    name=hostile,
    condition=st.sampled_from(Condition),
    since=st.one_of(st.none(), st.floats(0, 4_000_000_000)),
    message=hostile,
    thread_link=st.one_of(st.none(), hostile, st.just(CARD)),
    uri=st.one_of(hostile, st.just("https://github.com/a/b/pull/7")),
    owner=hostile,
    detail=st.one_of(st.just(""), hostile),
    id=st.sampled_from(["", TASK_ID]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(row, max_size=14), st.integers(-1, 4), st.booleans())
def test_lists_hold_the_rules_with_any_text(rows: list[TaskRow], page: int, everyone: bool) -> None:  # noqa: FBT001
    """Titles, names, messages and links of agents are literal and cut."""
    assert_holds(task_list(rows, now=NOW, page=page, everyone=everyone))
