"""The card: exactly the guide's samples, safe with any text, and edited by time only when time shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import controls
from bot.blocks.card import card, fingerprint, next_look
from bot.models import Asked, CardView, Condition, Details, Failure, State, Verb
from tests.blocks.expected import WAITING_BLOCKS
from tests.blocks.rules import HOSTILE, check, markup, shown
from tests.blocks.sample_views import CARDS, CREATED, NAME, QUESTION, TASK_ID, at, by_ana, payload, says, view

# In these two samples the text leaves out the agent's words that the blocks show; guide 6.6 wants them in the text.
TEXT_SAYS_MORE = {"card.15_paused_auto", "card.23_long_names"}
URL = f"https://coder.example.com/tasks/ana/{TASK_ID}"


def without_again(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks without the menu's entry that starts the task anew."""
    *others, last = blocks
    *buttons, menu = last["elements"]
    options = [entry for entry in menu["options"] if not entry["value"].startswith("again:")]
    return [*others, {**last, "elements": [*buttons, {**menu, "options": options}]}]


def without_steering(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks without the menu's entry that says who steers, which the guide does not have."""
    *others, last = blocks
    if last["type"] != "actions" or last["elements"][-1]["type"] != "overflow":
        return blocks
    *buttons, menu = last["elements"]
    options = [entry for entry in menu["options"] if entry["value"].partition(":")[0] not in {"steer", "own"}]
    return [*others, {**last, "elements": [*buttons, {**menu, "options": options}]}]


def entries(view_: CardView) -> list[str]:
    """What stands in a card's menu."""
    rows = [block for block in card(view_).blocks if block["type"] == "actions"]
    menus = [element for row in rows for element in row["elements"] if element["type"] == "overflow"]
    return [entry["text"]["text"] for menu in menus for entry in menu["options"]]


def said_of(condition: Condition, **changes: object) -> str:
    """The card's text."""
    return card(view(condition, **changes)).text


@pytest.mark.parametrize("name", CARDS)
def test_card_equals_the_guides_sample(name: str) -> None:
    """Each condition's card is the sample, apart from controls that have no listener yet."""
    wanted, made = payload(name), card(CARDS[name])
    if name == "card.23_long_names":  # a card's view does not know the message that a task came from
        foot = next(block for block in wanted["blocks"] if block["block_id"].startswith("card.foot"))
        foot["elements"].pop()
    assert without_steering(made.blocks) == wanted["blocks"]
    assert made.metadata == wanted["metadata"]
    if name not in TEXT_SAYS_MORE:
        assert made.text == wanted["text"]


def test_waiting_card_in_full() -> None:
    """The card of a task that waits, down to its last element."""
    made = card(CARDS["card.07_waiting"])
    assert made.text == (
        f"Fix flaky login test: waiting for input. Agent: {QUESTION} Reply in the thread to answer."
        f" Owner Ana Ruiz. <{URL}|Open in Coder>"
    )
    assert without_again(made.blocks) == WAITING_BLOCKS
    assert made.metadata == {
        "event_type": "coder_task_card",
        "event_payload": {"task_id": TASK_ID, "revision": 14, "state": "waiting"},
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("card.02_queue_position", "Fix flaky login test: queued, 3rd of 5 in the provisioner queue. Owner Ana Ruiz."),
        (
            "card.16_resuming",
            (
                "Fix flaky login test: resuming, workspace is starting (step 2 of 4). Usually 1–3 minutes."
                " 1 prompt is waiting to be delivered. Owner Ana Ruiz."
            ),
        ),
        ("card.13_pausing", "Fix flaky login test: pausing, asked by Ana Ruiz. Owner Ana Ruiz."),
        (
            "card.26_working_silent",
            (
                "Fix flaky login test: working, but no report from the agent for 32 min. Logs shows what it does."
                " Owner Ana Ruiz."
            ),
        ),
        (
            "card.12_error_quota",
            (
                "Fix flaky login test: error, Ana Ruiz’s workspace quota is used up. Pause or delete another workspace,"
                " then retry the build. Owner Ana Ruiz."
            ),
        ),
    ],
)
def test_text_of_a_card(name: str, text: str) -> None:
    """The text says title, state, next step and owner, then the link with its label."""
    assert card(CARDS[name]).text == f"{text} <{URL}|Open in Coder>"


def test_text_of_a_deleted_card_keeps_the_pull_request() -> None:
    """What the agent made stays when the task is gone."""
    made = card(CARDS["card.18_deleted"]).text
    assert made == ("Fix flaky login test: deleted by Ana Ruiz. <https://github.com/acme/web/pull/482|PR #482> stays.")


class TestVariants:
    """What the samples do not show."""

    def test_canceled_build(self) -> None:
        """A canceled build is not a failed one."""
        assert "the workspace build was canceled." in said_of(
            Condition.BUILD_FAILED, details=Details(failure=Failure.CANCELED)
        )

    def test_usual_start_of_the_template(self) -> None:
        """A template that reports its median start time is taken at its word."""
        assert "Usually about 2 minutes." in said_of(Condition.STARTING, usual_start=130.0)
        assert "Usually about 1 minute." in said_of(Condition.STARTING, usual_start=20.0)

    def test_slow_is_relative_to_the_template(self) -> None:
        """Five minutes are not slow where four are usual."""
        slow = {"now": CREATED + 300, "since": CREATED}
        assert "Longer than usual" in said_of(Condition.STARTING, **slow)
        assert "Longer than usual" not in said_of(Condition.STARTING, **slow, usual_start=240.0)

    def test_unknown_start_words_have_no_step(self) -> None:
        """Words that Coder has not used before are shown without a number."""
        text = said_of(Condition.STARTING, report=says("Warming up", CREATED))
        assert "starting, warming up." in text
        assert "step" not in text

    def test_paused_by(self) -> None:
        """Who paused: a person, Coder, somebody in Coder, or not known yet."""
        assert ": paused by Bo." in said_of(Condition.PAUSED, details=Details(paused_by="Bo"))
        assert ": paused by Ana Ruiz." in said_of(Condition.PAUSED, asked=by_ana(Verb.PAUSE, CREATED))
        assert ": paused in Coder." in said_of(Condition.PAUSED, details=Details(build_number=4))
        assert ": paused. Files" in said_of(Condition.PAUSED)

    def test_resume_asked_by_a_person_keeps_the_name_out_of_markup(self) -> None:
        """A name is plain text even beside a date."""
        made = card(view(Condition.RESUMING, asked=by_ana(Verb.RESUME, CREATED), now=CREATED + 61))
        assert "Ana" not in markup(made)
        assert "Asked by Ana Ruiz" in shown(made)
        assert ", 1 min so far. Usually" in markup(made)

    def test_other_days_are_named(self) -> None:
        """What is not of today has its day, also where the word "at" is text."""
        later = {"now": CREATED + 50_000}
        assert "since {date_short_pretty} at {time}" in shown(card(view(Condition.WAITING, **later)))
        deleted = shown(card(view(Condition.DELETED, asked=by_ana(Verb.DELETE, CREATED), **later)))
        assert '"{date_short_pretty} at {time}"' in deleted
        assert "Ana Ruiz at" not in deleted

    def test_silence_and_queue_together(self) -> None:
        """Two hints are one line."""
        made = card(view(Condition.WORKING, now=CREATED + 1_900, waiting_prompts=1))
        assert "shows what it does. 1 prompt is waiting until the agent is ready." in markup(made)

    def test_complete_without_a_link(self) -> None:
        """A link of another scheme is no link, and nothing else turns green."""
        made = card(view(Condition.COMPLETE, report=says("ok", CREATED, State.COMPLETE, "file:///tmp/x")))
        assert "file:" not in shown(made)
        assert "primary" not in shown(made)

    def test_title_falls_back_to_the_name(self) -> None:
        """A task without a title is called by its name."""
        assert said_of(Condition.WORKING, title=" ").startswith(f"{NAME}: working")

    def test_secrets_are_hidden(self) -> None:
        """No token reaches a card."""
        made = card(view(Condition.WAITING, report=says("use ghp_" + "a1" * 18, CREATED), title="password=hunter2"))
        assert "a1a1" not in shown(made)
        assert "hunter2" not in shown(made)


def test_controls_without_listener_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener only adds its name: then the control is where the sample has it."""
    waiting = CARDS["card.07_waiting"]
    row = card(waiting).blocks[-1]["elements"]
    assert (row[0]["action_id"], row[0]["style"]) == ("task.reply", "primary")
    monkeypatch.setattr(controls, "CONTROLS", controls.CONTROLS - {"task.reply"})
    assert "task.reply" not in shown(card(waiting))
    assert "primary" not in shown(card(waiting))


@pytest.mark.parametrize("condition", Condition)
def test_menus_are_within_slacks_five_entries(condition: Condition, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when every control has a listener."""
    every = {f"menu.{name}" for name in ("send", "logs", "build", "notify", "steer", "again", "delete")}
    monkeypatch.setattr(controls, "CONTROLS", controls.CONTROLS | every)
    assert len(entries(view(condition))) <= 5


def test_a_thread_that_steers() -> None:
    """The card says that everybody may steer, in its small print and its text, and its menu closes what it opens."""
    waiting = CARDS["card.07_waiting"]
    opened = waiting.model_copy(update={"steered": True})
    said = "This thread steers: replies by everyone with a Coder account reach the agent."
    assert said in card(opened).text
    assert said in shown(card(opened))
    assert said not in shown(card(waiting))
    assert "Let this thread steer" in entries(waiting)
    assert "Only the owner steers" not in entries(waiting)
    assert "Only the owner steers" in entries(opened)
    assert "Let this thread steer" not in entries(opened)
    assert said not in shown(card(view(Condition.DELETED, steered=True)))


def test_restart_asks_first() -> None:
    """Restart may lose the agent's conversation, so it asks; so does pausing in the middle of work only."""
    row = card(CARDS["card.11_error_unhealthy"]).blocks[-1]["elements"]
    assert row[0]["confirm"]["title"]["text"] == "Restart the workspace?"
    assert "confirm" in shown(card(CARDS["card.06_working"]))
    assert "confirm" not in shown(card(CARDS["card.07_waiting"]))


TIMES = st.floats(min_value=0, max_value=4e9, allow_nan=False)


@st.composite
def views(draw: st.DrawFn) -> CardView:
    """Any view, with any text in it."""
    asked = st.builds(Asked, verb=st.sampled_from(Verb), by=st.sampled_from(["", "U1"]), by_name=HOSTILE, at=TIMES)
    details = st.builds(
        Details,
        failure=st.none() | st.sampled_from(Failure),
        cause=HOSTILE,
        tail=st.lists(HOSTILE, max_size=9).map(tuple),
        queue_position=st.integers(0, 200),
        queue_size=st.integers(0, 200),
        provisioners=st.none() | st.integers(0, 3),
        provisioner_seen_at=st.none() | TIMES,
        paused_by=HOSTILE,
        auto_paused=st.booleans(),
    )
    report = st.builds(says, HOSTILE, TIMES, st.sampled_from(State), HOSTILE | st.just("https://x.example/pull/3"))
    return view(
        draw(st.sampled_from(Condition)),
        title=draw(HOSTILE),
        owner=draw(HOSTILE),
        template=draw(HOSTILE),
        url=draw(st.sampled_from([URL, "", "javascript:alert(1)"])),
        now=draw(TIMES),
        since=draw(TIMES),
        began=draw(TIMES),
        report=draw(st.none() | report),
        details=draw(st.none() | details),
        asked=draw(st.none() | asked),
        waiting_prompts=draw(st.integers(0, 3)),
        usual_start=draw(st.none() | st.floats(0, 5_000)),
        stale_since=draw(st.none() | TIMES),
        steered=draw(st.booleans()),
    )


@settings(max_examples=80, deadline=None)
@given(views())
def test_any_card_keeps_the_rules(any_view: CardView) -> None:
    """No text, time or combination makes a card that Slack refuses, that mentions anyone or that is too long."""
    check(card(any_view))


@settings(max_examples=50, deadline=None)
@given(views(), HOSTILE)
def test_markup_is_this_apps_own(any_view: CardView, text: str) -> None:
    """Whatever people and agents write, the markup on a card is the same."""
    replaced = any_view.model_copy(update={"title": text, "owner": text, "template": text})
    assert markup(card(replaced)) == markup(card(any_view))


def test_fingerprint_ignores_what_nobody_sees() -> None:
    """A new revision is the same card; a new word is not."""
    waiting = CARDS["card.07_waiting"]
    same = card(waiting.model_copy(update={"revision": 99, "now": waiting.now + 30}))
    assert fingerprint(same) == fingerprint(card(waiting))
    assert fingerprint(card(waiting.model_copy(update={"title": "Other"}))) != fingerprint(card(waiting))


class TestNextLook:
    """When a card changes by itself."""

    def test_start_counts_minutes(self) -> None:
        """Once a minute from the start's own beginning on."""
        assert next_look(view(Condition.STARTING, since=CREATED, now=CREATED + 10)) == CREATED + 60
        assert next_look(view(Condition.STARTING, since=CREATED, now=CREATED + 60)) == CREATED + 120

    def test_silence(self) -> None:
        """After 30 minutes without a report, then every 10 minutes, then every hour."""
        working = {"since": CREATED, "report": says("x", CREATED)}
        assert next_look(view(Condition.WORKING, now=CREATED + 1, **working)) == CREATED + 1_800
        assert next_look(view(Condition.WORKING, now=CREATED + 1_801, **working)) == CREATED + 2_400
        assert next_look(view(Condition.WORKING, now=CREATED + 7_300, **working)) == CREATED + 10_800

    def test_rest_changes_with_the_day_only(self) -> None:
        """A waiting task's card gets the day into its time once, then never changes."""
        assert next_look(view(Condition.WAITING, since=at("14:31"), now=at("14:32"))) == at("14:31") + 43_200
        assert next_look(view(Condition.WAITING, since=at("14:31"), now=at("14:31") + 43_200)) is None

    def test_stale_card_does_not_count(self) -> None:
        """While Coder is silent the card only says so."""
        stale = view(Condition.STARTING, now=CREATED + 10, since=CREATED, stale_since=CREATED)
        assert next_look(stale) == CREATED + 43_200

    @settings(max_examples=50, deadline=None)
    @given(views(), st.floats(0, 0.99))
    def test_nothing_changes_before(self, any_view: CardView, part: float) -> None:
        """Until the next look the card stays the same, apart from the number in the hint about silence."""
        due = next_look(any_view)
        until = due if due is not None else any_view.now + 1e6
        between = any_view.model_copy(update={"now": any_view.now + (until - any_view.now) * part})
        if "No report from the agent" not in shown(card(any_view)) and between.now < until:
            assert fingerprint(card(between)) == fingerprint(card(any_view))
