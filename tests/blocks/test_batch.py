"""Batches: how lines are read, the form and the preview, the roll-up; the guide's samples, and any text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.batch_lines import name_of, split_lines, whole_prompt
from bot.blocks.batch import BatchView, Line, roll_up, steered
from bot.blocks.forms.batch import BatchForm, Preview, batch, preview
from bot.blocks.forms.defaults import DefaultsForm, defaults
from bot.models import Condition, Content, Preset, Template, Verb
from bot.names import task_name_problem
from bot.sandbox.slack import limits
from tests.blocks.answer_rules import SAMPLES
from tests.blocks.rules import HOSTILE, check
from tests.blocks.sample_views import CREATED

CLAUDE = Template(id="claude-code", name="claude-code", title="Claude Code", version_id="v", usual_start=120.0)
PRESETS = (
    Preset(id="medium", name="Medium", description="4 cores, 8 GB", is_default=True),
    Preset(id="large", name="Large memory", description="8 cores, 32 GB"),
    Preset(id="data", name="Data tools", description="4 cores, dbt and DuckDB"),
)
SERVICES = ("payments-api", "ledger", "fx-rates", "payouts", "risk", "webhooks", "invoices")
CONDITIONS = (
    Condition.WAITING,
    Condition.WORKING,
    Condition.WORKING,
    Condition.WORKING,
    Condition.QUEUED,
    Condition.QUEUED,
    Condition.COMPLETE,
)
PROMPTS = [f"Bump Go to 1.25 in {service}" for service in SERVICES]


def payload(name: str) -> dict[str, Any]:
    """A sample; skips where they are not at hand."""
    path = SAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip("the guide's sample payloads are not beside this checkout")
    read: dict[str, Any] = json.loads(path.read_text())["payload"]
    return read


def view(**changes: Any) -> BatchView:
    """The sample's batch, the first line last."""
    lines = [
        Line(
            prompt,
            condition,
            f"https://acme.slack.com/archives/D0ANA00001/p179535700000000{number}",
            "https://github.com/acme/invoices/pull/71" if condition is Condition.COMPLETE else "",
            exists=True,
        )
        for number, (prompt, condition) in enumerate(zip(PROMPTS, CONDITIONS, strict=True))
    ]
    known = {
        "batch_id": "b-19",
        "title": "Bump Go to 1.25",
        "requester": "Ana Ruiz",
        "template": "Claude Code",
        "to_person": True,
        "created_at": CREATED,
        "lines": lines,
        "revision": 9,
    }
    return BatchView(**{**known, **changes})


def test_the_roll_up_equals_the_guides_sample() -> None:
    """The text, every row and the foot; the buttons ask before they act."""
    made, wanted = roll_up(view()), payload("card.25_batch")
    for block in made.blocks:
        for element in block.get("elements", []):
            element.pop("confirm", None)
    assert made.blocks == wanted["blocks"]
    assert made.text == wanted["text"]
    assert made.metadata == wanted["metadata"]


def test_what_waits_and_what_failed_come_first() -> None:
    """The order is that of lists; a line that was not created says why, its words unescaped and literal."""
    made = roll_up(
        view(
            lines=[
                Line("done", Condition.COMPLETE, exists=True),
                Line("refused", refusal="You may not &lt;!channel&gt; &amp; such."),
                Line("asks", Condition.WAITING, exists=True),
                Line("stands still", Condition.PAUSED, exists=True),
            ],
            to_person=False,
        )
    )
    text = json.dumps(made.blocks, ensure_ascii=False)
    order = [text.index(prompt) for prompt in ("asks", "refused", "stands still", "done")]
    assert order == sorted(order)
    assert "You may not <!channel> & such." in text
    assert "1 waiting for input · 1 not created · 1 paused · 1 complete" in text
    assert "cards are in this channel" in text
    assert "Retry failed line" in text


def test_a_batch_that_is_over_has_no_buttons() -> None:
    """Nothing can be paused or deleted any more."""
    made = roll_up(view(lines=[Line("gone", Condition.DELETED), Line("goes", Condition.DELETING, exists=True)]))
    assert all(block["type"] != "actions" for block in made.blocks)
    check(made)


@settings(max_examples=30, deadline=None)
@given(HOSTILE, st.integers(1, 50), st.sampled_from(Condition))
def test_any_text_fits_into_the_roll_up(text: str, count: int, condition: Condition) -> None:
    """Fifty hostile lines and names: within Slack's limits, and nothing is read as markup."""
    line = Line(text, condition, text, text, exists=True)
    lines = [line, Line(text, refusal=text or "x"), *([line] * (count - 1))]
    made = roll_up(view(lines=lines, title=text, requester=text, template=text))
    check(made)
    assert not limits.message_problems(made.blocks)
    assert not limits.blocks_too_long(made.blocks)


def test_fifty_long_lines_are_not_all_shown() -> None:
    """What does not fit is counted."""
    line = Line("\U0001f389" * 80, Condition.COMPLETE, "https://acme.slack.com/archives/" + "D" * 200, exists=True)
    made = roll_up(view(lines=[line] * 50))
    assert "more are in the list of your tasks." in json.dumps(made.blocks)
    assert not limits.blocks_too_long(made.blocks)


@pytest.mark.parametrize("verb", [Verb.PAUSE, Verb.DELETE])
@pytest.mark.parametrize("count", [0, 1, 7])
def test_the_answers_to_the_buttons(verb: Verb, count: int) -> None:
    """How many tasks it was asked of, or that there was none."""
    made: Content = steered(verb, "Bump *Go* <!channel>", count)
    check(made)
    assert ("Already done" in made.text) == (count == 0)


# -- the form ----------------------------------------------------------------------------------------------------------


def form(**changes: Any) -> BatchForm:
    """The sample's form."""
    return BatchForm(**{"form_id": "f", "limit": 25, "template": CLAUDE, "presets": PRESETS, **changes})


def test_the_form_equals_the_guides_sample() -> None:
    """The fields in their order; it counts while one types, may hold more lines, and takes blocks too."""
    made, wanted = batch(form()).payload, payload("modal.batch")["view"]
    assert not limits.view_problems(made)
    for block in made["blocks"]:
        if block["block_id"] == "prompts":
            assert block.pop("dispatch_action")
            assert block["element"].pop("dispatch_action_config") == {"trigger_actions_on": ["on_character_entered"]}
            block["hint"]["text"] = "20 lines at most. Nothing starts before the preview."
    assert made["blocks"] == wanted["blocks"]
    assert (made["title"], made["submit"], made["close"]) == (wanted["title"], wanted["submit"], wanted["close"])


def test_the_preview_equals_the_guides_sample() -> None:
    """What starts, under which names; this app has no limit of its own to speak of."""
    wanted = payload("modal.batch_preview")["view"]
    short = ["bump-go-" + service for service in SERVICES]
    lines = list(zip(PROMPTS, short, strict=True))
    made = preview(Preview("f", "Claude Code", "Medium", lines, ["Line 4 was empty and is skipped."])).payload
    assert not limits.view_problems(made)
    assert made["blocks"][0] == wanted["blocks"][0]
    assert [made[part]["text"] for part in ("title", "submit", "close")] == [
        wanted[part]["text"] for part in ("title", "submit", "close")
    ]


def test_the_defaults_equal_the_guides_sample() -> None:
    """The sample's fields, and the weekly message."""
    made, wanted = defaults(DefaultsForm("f", CLAUDE, PRESETS)).payload, payload("modal.defaults")["view"]
    assert not limits.view_problems(made)
    assert [block for block in made["blocks"] if block["block_id"] != "clean_up"] == wanted["blocks"]
    assert made["submit"] == wanted["submit"]


@settings(max_examples=30, deadline=None)
@given(HOSTILE)
def test_any_text_fits_into_the_forms(text: str) -> None:
    """Whatever a template, a preset or a prompt is called, Slack takes the views."""
    template = CLAUDE.model_copy(update={"title": text, "description": text})
    presets = [Preset(id=f"{number}", name=text, description=text) for number in range(120)]
    assert not limits.view_problems(batch(form(template=template, presets=presets, count=30)).payload)
    assert not limits.view_problems(defaults(DefaultsForm("f", template, presets, clean_up=False)).payload)
    lines = [(text, "a-name")] * 50
    assert not limits.view_problems(preview(Preview("f", text, text, lines, [text] * 20)).payload)


# -- lines -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "prompts", "skipped"),
    [
        ("", (), ()),
        (" \n\t\n", (), ()),
        ("a", ("a",), ()),
        ("a\n\n b \nc\n\n", ("a", "b", "c"), (2,)),
        ("a\nb\n---\nc", ("a\nb", "c"), ()),
        ("a\n ----- \n\n---\nb\n---\n", ("a", "b"), (2,)),
        ("- - -\nx", ("- - -", "x"), ()),
        ("a -- b\n--\nc", ("a -- b", "--", "c"), ()),
    ],
)
def test_lines_and_blocks(text: str, prompts: tuple[str, ...], skipped: tuple[int, ...]) -> None:
    """One prompt a line; with a line of hyphens anywhere, one a block."""
    made = split_lines(text)
    assert (made.prompts, made.skipped) == (prompts, skipped)


def test_equal_lines_are_named() -> None:
    """Where the same prompt stands more than once, spaces apart."""
    assert split_lines("a b\nc\na  b\n\nc\na b").equal == [(1, 3, 6), (2, 5)]


@given(HOSTILE, st.integers(0, 49))
def test_every_line_has_a_name_that_coder_takes(text: str, line: int) -> None:
    """Always the same for the same line, and another for the same words in another line."""
    name = name_of("b", line, text)
    assert task_name_problem(name) is None
    assert name == name_of("b", line, text)


def test_the_text_in_front() -> None:
    """It stands above the prompt; without one the prompt is alone."""
    assert whole_prompt(" Be kind. ", "Peel") == "Be kind.\n\nPeel"
    assert whole_prompt(" ", "Peel") == "Peel"


@given(HOSTILE)
def test_no_prompt_is_lost(text: str) -> None:
    """Every line with something in it is a prompt, as it was typed."""
    made = split_lines(text)
    assert all(prompt == prompt.strip() and prompt for prompt in made.prompts)
    if not made.is_blocks:
        assert list(made.prompts) == [line.strip() for line in text.splitlines() if line.strip()]
