"""The Home tab: exactly the guide's samples, safe with any text, and within Slack's limits with many tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.home import Defaults, HomeView, Listed, Row, Stage, fingerprint, home, stage_of, stranger
from bot.errors import UserError
from bot.models import CardView, Condition, Details, Failure, State, View
from bot.sandbox.slack import limits
from tests.blocks.answer_rules import SAMPLES
from tests.blocks.rules import HOSTILE
from tests.blocks.sample_views import PR, QUESTION, at, says, view

NOW = at("14:34")
DEFAULTS = Defaults("Claude Code", "Medium")
VET = "go vet reports 3 new warnings in generated code. Ignore them?"


def task(number: int, title: str, condition: Condition, since: str | float, name: str = "x", **more: Any) -> Row:
    """The sample's task of this number; its card is one second of the sample day after the one before."""
    when = since if isinstance(since, float) else at(since)
    changes = {"since": when, "now": NOW, "title": title, "name": name, "task_id": f"task-{number}", **more}
    address = f"https://coder.example.com/tasks/ana/7c1f2b1e-9a3d-4f0e-8b52-6d1f0c2a9e{0x11 + number:02x}"
    thread = f"https://acme.slack.com/archives/C0PAYMENTS1/p{1795356121 + 37 * number}000100"
    return Row(view(condition, **{**changes, "url": address}), thread)


def listed(*rows: Row, count: int = 0) -> Listed:
    """The rows of a stage."""
    return Listed(rows, count or len(rows))


def asks(words: str) -> dict[str, Any]:
    """The report of an agent that asks."""
    return {"report": says(words, NOW, State.IDLE)}


def works(words: str) -> dict[str, Any]:
    """The report of an agent that works."""
    return {"report": says(words, NOW)}


FLAKY = task(0, "Fix flaky login test", Condition.WAITING, "14:31", "fix-flaky-login-3f2a", **asks(QUESTION))
PAYMENTS = "Bump Go to 1.25 in payments-api"
ACTIVE = {
    Stage.WAIT: listed(FLAKY, task(1, PAYMENTS, Condition.WAITING, "14:23", "bump-go-payments-api-11aa", **asks(VET))),
    Stage.FIX: listed(
        task(
            2,
            "Upgrade Terraform provider",
            Condition.BUILD_FAILED,
            "14:05",
            "upgrade-terraform-77c0",
            details=Details(failure=Failure.BUILD, cause="InsufficientInstanceCapacity in eu-west-1b."),
        )
    ),
    Stage.WORK: listed(
        task(3, "Bump Go to 1.25 in ledger", Condition.WORKING, "14:08", **works("Running the integration tests")),
        task(4, "Bump Go to 1.25 in fx-rates", Condition.WORKING, "14:09", **works("Resolving module conflicts")),
        task(
            5, "Write a migration for tenant_id on refunds", Condition.WORKING, "14:14", **works("Reading the schema")
        ),
    ),
    Stage.START: listed(
        task(6, "Bump Go to 1.25 in payouts", Condition.STARTING, "14:30", **works("Agent is connecting")),
        task(
            7,
            "Bump Go to 1.25 in risk",
            Condition.QUEUED,
            "14:30",
            details=Details(queue_position=2, queue_size=4),
        ),
    ),
    Stage.REST: listed(task(8, "Investigate p99 on /v2/refunds", Condition.PAUSED, 1795284120.0)),
    Stage.DONE: listed(
        task(
            9,
            "Bump Go to 1.25 in invoices",
            Condition.COMPLETE,
            "14:22",
            report=says("Done", NOW, State.COMPLETE, "https://github.com/acme/invoices/pull/71"),
        )
    ),
}
SERVICES = [f"Bump Go to 1.25 in service-{number}" for number in range(10)]
MANY = {
    Stage.WAIT: listed(
        *(task(n, SERVICES[n], Condition.WAITING, "14:31", f"bump-go-service-{n}", **asks(VET)) for n in range(5)),
        count=14,
    ),
    Stage.WORK: listed(
        *(
            task(n, SERVICES[n], Condition.WORKING, "14:08", **works("Running the integration tests"))
            for n in range(5, 10)
        ),
        count=31,
    ),
}
VIEWS = {
    "home.empty": HomeView("ana", "https://coder.example.com", NOW, defaults=DEFAULTS),
    "home.active": HomeView("ana", "https://coder.example.com", NOW, ACTIVE, DEFAULTS),
    "home.many": HomeView("ana", "https://coder.example.com", NOW, MANY, DEFAULTS),
    "home.stale": HomeView(
        "ana", "https://coder.example.com", NOW, {Stage.WAIT: listed(FLAKY)}, DEFAULTS, stale_since=at("14:20")
    ),
}


def compared(payload: dict[str, Any]) -> str:
    """A tab without what is worded on purpose differently from the samples.

    Nobody links an account; labels of a task's buttons are those of its card; a page is a command; an old day's
    fallback is a day.
    """
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True)
    for old, new in (
        (
            "Linked to <https://coder.example.com|coder.example.com> as `ana`.",
            "You are `ana` on <https://coder.example.com|coder.example.com>.",
        ),
        ('"fallback": "Since {date_short_pretty}"', '"fallback": "Since 2026-11-21"'),
    ):
        text = text.replace(old, new)
    made: dict[str, Any] = json.loads(text)
    for block in made["blocks"]:
        for element in block.get("elements", []):
            if element.get("type") == "button" and (block["block_id"].endswith(".do") or "more." in block["block_id"]):
                if block["block_id"].startswith("row."):
                    element["accessibility_label"] = element["accessibility_label"].split()[-1]
                if element["action_id"] in {"list.page", "command.run.0"}:
                    state = element["value"].replace("state=", "").replace("list --state ", "").split(";")[0]
                    element.update(action_id="list.page", value=state)
    return json.dumps(made, ensure_ascii=False, sort_keys=True, indent=1)


@pytest.mark.parametrize("name", VIEWS)
def test_the_tab_equals_the_guides_sample(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the samples, once all controls have listeners."""
    monkeypatch.setattr("bot.blocks.home.CONTROLS", {"user.new", *_CONTROLS})
    monkeypatch.setattr("bot.blocks.controls.CONTROLS", {"task.reply", *_CONTROLS})
    made = home(VIEWS[name]).payload
    assert not limits.view_problems(made)
    path = SAMPLES / f"{name}.json"
    if path.exists():
        wanted = json.loads(path.read_text())["payload"]["view"]
        assert compared(made) == compared(wanted)


_CONTROLS = {
    "home.refresh",
    "task.build",
    "task.logs",
    "task.retry",
    "user.batch",
    "user.defaults",
    "user.help",
}


def test_nobody_in_coder() -> None:
    """Whoever has no Coder user reads why, and can have it looked up again."""
    made = stranger(UserError("no_coder_user", "No Coder user has your e-mail", "It is <!channel>.", "Ask an admin."))
    assert not limits.view_problems(made.payload)
    assert "No Coder user has your e-mail" in json.dumps(made.payload)
    assert "home.refresh" in json.dumps(made.payload)


def test_what_is_the_same_for_people_has_the_same_fingerprint() -> None:
    """Only what people see counts, and not when it was brought up to date."""
    one = HomeView("ana", "https://coder.example.com", NOW, ACTIVE, DEFAULTS)
    later = HomeView("ana", "https://coder.example.com", NOW + 60, ACTIVE, DEFAULTS)
    stale = HomeView("ana", "https://coder.example.com", NOW, ACTIVE, DEFAULTS, stale_since=NOW)
    assert fingerprint(home(one)) == fingerprint(home(later))
    assert len({fingerprint(home(each)) for each in (one, stale, VIEWS["home.many"], VIEWS["home.empty"])}) == 4


def test_every_condition_has_a_row_or_none() -> None:
    """Each condition is in one stage and can be shown there; what is going or gone is in none."""
    gone = {Condition.DELETING, Condition.DELETED, Condition.GONE}
    for condition in Condition:
        stage = stage_of(condition)
        assert (stage is None) == (condition in gone)
        if stage is not None:
            for since in (NOW - 60, NOW - 100_000):
                for more in ({}, {"details": Details(failure=Failure.QUOTA, provisioners=0, cause="no quota")}):
                    row = Row(view(condition, since=since, now=NOW, report=says("Hm", NOW, uri=PR), **more))
                    made = home(HomeView("ana", "", NOW, {stage: listed(row)}))
                    assert not limits.view_problems(made.payload)


def full(text: str) -> View:
    """A tab with as many rows as there can be, and this text wherever anybody's words can stand."""

    def row(number: int, condition: Condition) -> Row:
        hostile: CardView = view(
            condition,
            task_id=f"{number:036d}",
            name=text,
            title=text,
            url=text,
            report=says(text, NOW, uri=text),
            details=Details(cause=text, tail=(text,)),
            since=NOW,
            now=NOW,
        )
        return Row(hostile, text)

    stages = {}
    for first, (stage, condition) in enumerate(
        zip(
            Stage,
            (
                Condition.WAITING,
                Condition.UNHEALTHY,
                Condition.WORKING,
                Condition.STARTING,
                Condition.PAUSED,
                Condition.COMPLETE,
            ),
            strict=True,
        )
    ):
        stages[stage] = Listed(tuple(row(5 * first + number, condition) for number in range(5)), 200)
    return home(HomeView(text, text, NOW, stages, Defaults(text, text), stale_since=NOW))


@settings(max_examples=30, deadline=None)
@given(HOSTILE)
def test_any_text_is_shown_literally_and_fits(text: str) -> None:
    """Six full stages of hostile tasks: at most 60 blocks, nothing that Slack refuses, nothing read as markup."""
    made = full(text).payload

    assert len(made["blocks"]) <= 60
    assert not limits.view_problems(made)
    assert not limits.view_too_large(made)
    [who] = [block["elements"][0]["text"] for block in made["blocks"] if block["block_id"] == "top.link"]
    assert "<!channel>" not in who
    assert "<@" not in who


@settings(max_examples=20, deadline=None)
@given(HOSTILE, st.text(max_size=50))
def test_a_stranger_can_have_any_error(title: str, cause: str) -> None:
    """Whatever the error says, Slack takes the view."""
    assert not limits.view_problems(stranger(UserError("x", title, cause, title)).payload)
