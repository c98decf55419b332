"""Answers to commands that were taken: the samples' looks, the rules, what each says of its case."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import answers, logs, status
from bot.models import CardView, Condition, Content, Details, Person, Report, State
from tests.blocks.answer_rules import (
    CARD,
    NAME,
    TASK_ID,
    TASK_URL,
    TITLE,
    assert_holds,
    assert_like,
    buttons,
    hostile,
    objects,
    sample,
    shown,
)

QUESTION = (
    "Both login tests pass 50 times in a row now. Should I also remove the sleep() calls from the signup tests,"
    " or leave them alone?"
)
VIEW = CardView(
    task_id=TASK_ID,
    name=NAME,
    title=TITLE,
    url=TASK_URL,
    owner="Ana Ruiz",
    template="Claude Code",
    created_at=1795356120,
    now=1795357920,
    condition=Condition.WAITING,
    since=1795357860,
    report=Report(state=State.IDLE, message=QUESTION, at=1795357860),
    details=Details(stops_at=1795366320),
)
FACTS = status.Facts(
    username="ana",
    preset="Medium",
    workspace="running, healthy",
    workspace_link=f"https://coder.example.com/@ana/{NAME}",
    card_link=CARD,
    ready_after=112,
    prompts_sent=3,
    raw_status="active",
    raw_state="idle",
)
ANA = Person(slack_user="U0ANA00001", slack_name="Ana", coder_id="c-1", username="ana", name="Ana Ruiz")


# -- as the samples ----------------------------------------------------------------------------------------------------


def same_as_samples() -> list[tuple[str, Content, tuple[str, ...]]]:
    """Sample, content, and the sample's controls that come in later issues."""
    return [
        ("create_creating", answers.creating("Claude Code", "Medium"), ()),
        ("create_slow", answers.creating_slow(), ()),
        (
            "create_elsewhere",
            answers.created_elsewhere(TITLE, "https://acme.slack.com/archives/D0ANA00001/p1795356121000100"),
            (),
        ),
        ("send_ok", answers.send_ok(TITLE, NAME, CARD), ()),
        ("pause_ok", answers.pause_ok(TITLE, NAME, CARD), ()),
        ("resume_ok", answers.resume_ok(TITLE, NAME, CARD), ()),
        ("delete_ok", answers.delete_ok(NAME), ()),
        ("status", status.task_status(VIEW, FACTS), ()),
    ]


@pytest.mark.parametrize(("name", "content", "later"), same_as_samples(), ids=[name for name, *_ in same_as_samples()])
def test_looks_like_its_sample(name: str, content: Content, later: tuple[str, ...]) -> None:
    """Text and blocks are the sample's; so is the menu, as far as its entries exist."""
    assert_holds(content)
    expected = sample(f"slash.{name}", *later)
    if expected:
        assert sorted(map(str, content.blocks)) == sorted(map(str, expected[1]))
        assert content.text == expected[0]


def test_delete_asks_like_its_sample() -> None:
    """The words are the sample's; the buttons run commands."""
    made = answers.delete_ask(TITLE, NAME, Condition.WAITING, url=TASK_URL)
    assert_holds(made)
    assert_like(Content(made.text, made.blocks[:2]), "slash.delete_ask", "task.delete", "task.pause", "ask.dismiss")
    assert [(each["action_id"], each["value"], each.get("style")) for each in made.blocks[2]["elements"]] == [
        ("command.run.0", f"delete {NAME} --yes", "danger"),
        ("command.run.1", f"pause {NAME}", None),
        ("answer.dismiss", "x", None),
    ]


LOGS = ("logs_short", "logs_long", "logs_paused", "logs_build")


@pytest.mark.parametrize("name", LOGS)
def test_logs_look_like_their_samples(name: str) -> None:
    """Heading and lines are the sample's; the file buttons come later."""
    expected = sample(f"slash.{name}")
    lines = expected[1][0]["elements"][1]["elements"][0]["text"].split("\n") if expected else ["one", "two"]
    made = {
        "logs_short": lambda: logs.log_answer(NAME, lines, 11, now=1795357920),
        "logs_long": lambda: logs.log_answer(NAME, lines, 1_284),
        "logs_paused": lambda: logs.log_answer(NAME, lines, 30, snapshot_at=1795360320),
        "logs_build": lambda: logs.build_log_answer(NAME, lines, number=1, outcome="succeeded", seconds=72),
    }[name]()
    assert_holds(made)
    if expected is None:
        return
    assert made.blocks[0] == expected[1][0]
    small = [block for block in expected[1] if block["type"] == "context"]
    assert [block for block in made.blocks if block["type"] == "context"] == small
    # The long log's text speaks of the file that comes later; the others are the sample's.
    assert (made.text == expected[0]) is (name != "logs_long")


def test_no_logs_look_like_their_sample() -> None:
    """No log yet: the sentence of the sample, and the build log is a command away."""
    made = logs.no_logs(NAME)
    assert_holds(made)
    assert_like(Content(made.text, made.blocks[:1]), "slash.logs_none", "task.build")
    assert buttons(made) == [("Build log", f"logs {NAME} --build")]


# -- what each says ----------------------------------------------------------------------------------------------------


def test_creating_without_a_template_names_none() -> None:
    """While nobody knows the template, nothing is made up."""
    made = answers.creating()
    assert made == Content(
        "Creating a task…",
        [
            {
                "type": "context",
                "block_id": "new.wait",
                "elements": [{"type": "plain_text", "text": "Creating a task…", "emoji": False}],
            }
        ],
    )


def test_a_card_that_may_not_be_posted_says_whom_to_ask() -> None:
    """Without the right to post, an invitation would not help."""
    made = answers.created_elsewhere(TITLE, CARD, answers.Elsewhere.NO_POSTING)
    assert "Ask a channel manager to allow it." in shown(made)
    assert "/invite" not in shown(made)


def test_retry_says_what_starts() -> None:
    """A build is retried, a workspace restarted."""
    assert answers.retry_ok(TITLE, NAME, CARD).text == f"Retrying the build of {NAME}."
    assert answers.retry_ok(TITLE, NAME, CARD, restart=True).text == f"Restarting the workspace of {NAME}."


@pytest.mark.parametrize(
    ("uri", "waiting", "words"),
    [
        ("", 0, "Working. No pull request reported."),
        ("https://github.com/acme/web/pull/482", 0, "Working. PR #482 stays."),
        ("https://example.org/x", 0, "Working. The agent reported a link to example.org."),
        ("file:///etc/passwd", 1, "Working. No pull request reported. 1 prompt is waiting and not delivered yet."),
    ],
)
def test_delete_says_what_stays(uri: str, waiting: int, words: str) -> None:
    """State, work and waiting prompts stand in small print."""
    made = answers.delete_ask(TITLE, NAME, Condition.WORKING, uri, url=TASK_URL, waiting=waiting)
    assert made.blocks[1]["elements"][0]["text"] == words


def test_a_name_that_is_none_stays_out_of_markup() -> None:
    """What does not look like a task's name is not put where Slack reads markup."""
    assert answers.delete_ok("a`*<!channel>").blocks[0]["text"]["text"] == (
        "*Deleting* the task. The card says when it is gone."
    )


def test_whoami_says_how_the_person_was_found() -> None:
    """There is no link: the e-mail is what connects, and defaults are what commands take."""
    made = answers.whoami(
        ANA, "ana@example.com", "https://coder.example.com", version="2.34.3", template="Claude Code", preset="Medium"
    )
    assert_holds(made)
    assert shown(made) == (
        "Your Coder user is ana (Ana Ruiz)\nServer  coder.example.com, version 2.34.3"
        "\nFound by  your Slack e-mail ana@example.com\nDefaults  template Claude Code, preset Medium, notify important"
        "Change defaults…"
    )
    assert made.text == (
        "Your Coder user on coder.example.com is ana, found by your Slack e-mail ana@example.com."
        " Default template Claude Code, preset Medium."
    )


def test_long_logs_are_cut_from_the_front() -> None:
    """The end of a log is what counts: 2,500 characters, 160 in a line, secrets hidden."""
    lines = [f"{number} " + "x" * 400 for number in range(50)] + ["token=hunter2hunter2 end"]
    made = logs.log_answer(NAME, lines, 9_000)
    assert_holds(made)
    text = made.blocks[0]["elements"][1]["elements"][0]["text"]
    assert len(text) <= 2_500
    assert max(map(len, text.split("\n"))) <= 160
    assert text.endswith("token=[hidden] end")
    assert f"last {text.count(chr(10)) + 1} of 9,000 lines" in shown(made)


def test_an_empty_log_is_no_log() -> None:
    """Blank lines are nothing to show; a paused task without a snapshot can be resumed."""
    assert logs.log_answer(NAME, ["", "  "], 2) == logs.no_logs(NAME)
    assert logs.build_log_answer(NAME, []) == logs.no_logs(NAME, build=True)
    paused = logs.log_answer(NAME, [], 0, is_snapshot=True)
    assert buttons(paused) == [("Resume", f"resume {NAME}")]


@pytest.mark.parametrize("condition", Condition)
def test_status_shows_every_condition(condition: Condition) -> None:
    """Each condition has a status with its head, its facts and only controls that read."""
    made = status.task_status(VIEW.model_copy(update={"condition": condition}), FACTS)
    assert_holds(made)
    assert "3 sent, 0 waiting" in shown(made)
    assert not {"Pause", "Resume", "Retry build"} & {text for text, _ in buttons(made)}


def test_status_leaves_out_what_nobody_knows() -> None:
    """Without facts there are no empty lines and no links."""
    made = status.task_status(VIEW.model_copy(update={"details": None, "template": ""}), status.Facts())
    assert_holds(made)
    assert [part["text"] for part in objects(made.blocks[1]) if part.get("style") == {"bold": True}] == [
        "Owner  ",
        "Created  ",
        "Prompts  ",
    ]
    assert [block["block_id"] for block in made.blocks] == ["st.head", "st.more", "st.do"]


# -- hostile text ------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(hostile, hostile, hostile, st.sampled_from(Condition))
def test_answers_hold_the_rules_with_any_text(one: str, two: str, three: str, condition: Condition) -> None:
    """Titles, names, links and words from outside are literal, cut, and without secrets."""
    for made in (
        answers.creating(one, two),
        answers.created_elsewhere(one, two),
        answers.send_ok(one, two, three),
        answers.pause_ok(one, two),
        answers.resume_ok(one, two, f"https://{three}"),
        answers.retry_ok(one, two, CARD),
        answers.delete_ask(one, two, condition, three, url=one),
        answers.delete_ok(one),
        answers.whoami(
            ANA.model_copy(update={"username": one, "name": two}), three, two, version=one, template=two, preset=three
        ),
    ):
        assert_holds(made)


@settings(max_examples=60, deadline=None)
@given(hostile, hostile, st.lists(hostile, max_size=8), st.sampled_from(Condition))
def test_logs_and_status_hold_the_rules_with_any_text(
    one: str, two: str, lines: list[str], condition: Condition
) -> None:
    """So are logs and every line of a status."""
    words = {"title": one, "name": two, "owner": one, "template": two, "url": one, "condition": condition}
    report = Report(state=State.IDLE, message=two, uri=one, at=1.0)
    facts = status.Facts(one, two, one, two, one, 5.0, 3, two, one)
    for made in (
        logs.log_answer(one, lines, 9, now=5.0),
        logs.log_answer(one, lines, 9, snapshot_at=5.0, is_paused=False),
        logs.build_log_answer(one, lines, 9, number=2, outcome=two),
        status.task_status(VIEW.model_copy(update={**words, "report": report}), facts),
    ):
        assert_holds(made)
