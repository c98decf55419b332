"""Errors: the guide's words, literal outside text, buttons that Slack takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import problems
from bot.blocks.problems import problem
from bot.errors import LinkOffer, Offer, UserError
from bot.models import Verb
from tests.blocks.answer_rules import NAME, TASK_URL, assert_holds, buttons, hostile, objects, sample, shown

# What the samples' buttons need and this issue does not have: forms, drafts, pickers.
LATER = {
    "Run again…",
    "Change the name…",
    "Send to the existing task",
    "Choose another template…",
    "Do not delete",
    "Do not send",
    "Start task",
}
CARD_URL = "https://acme.slack.com/archives/D0ANA00001/p1795356121000100"
PRESETS = {"Build cache, 4 cores": "create -p '4'", "Build cache, 16 cores": "create -p '16'"}
CASES: dict[str, tuple[UserError, str | None]] = {
    "suspended": (problems.suspended(), None),
    "guest": (problems.guest(), None),
    "not_yours": (problems.not_yours("pause", "Ana Ruiz", TASK_URL), None),
    "task_not_found": (problems.task_not_found("fix-flaky-logn", NAME, f"logs {NAME}"), None),
    "task_gone": (problems.task_gone(), None),
    "name_taken": (problems.name_taken("login-fix", "login-fix-2", "create -n login-fix-2 Fix"), None),
    "template_needed": (problems.template_needed({"a": "create -t a x", "b": "b", "c": "c"}), None),
    "template_not_found": (problems.template_not_found("claude-cod", "claude-code", "create -t claude-code x"), None),
    "template_none": (problems.template_none(), None),
    "template_deprecated": (
        problems.template_deprecated("Claude Code (old)", "Use claude-code from 1 October on."),
        None,
    ),
    "parameter_required": (problems.parameter_required("Codex for the monorepo", "repo", PRESETS), None),
    "parameter_no_preset": (problems.parameter_no_preset("", "repo"), None),
    "no_permission": (problems.no_permission("Platform"), None),
    "license": (problems.license(), None),
    "busy_build": (problems.busy_build(since=1795356120), None),
    "already_done": (problems.already_done("Bo Lindqvist", Verb.RETRY, 1795356420), None),
    "already_paused": (problems.already_paused("Ana Ruiz", 1795360380, f"resume {NAME}"), None),
    "agent_unreachable": (problems.agent_unreachable(TASK_URL), "7K2M-QD"),
    "logs_unavailable": (problems.logs_unavailable(NAME), None),
    "rate_limited": (problems.rate_limited(60), None),
    "coder_unreachable": (problems.coder_unreachable("coder.example.com", 1795357200, "list"), "7K2M-QF"),
    "coder_error": (problems.coder_error("Internal error creating task.", "create x"), "7K2M-QG"),
    "tasks_off": (problems.tasks_off(), None),
    "tasks_removed": (problems.tasks_removed("2.38.0"), None),
    "version_old": (
        problems.version_old(
            "Log snapshots of paused tasks", "2.31", "2.29.3", "Resume the task to read its log.", f"resume {NAME}"
        ),
        None,
    ),
    "no_posting": (problems.no_posting(CARD_URL), None),
    "unexpected": (problems.unexpected("list"), "7K2M-QH"),
}


@pytest.mark.parametrize("name", CASES)
def test_looks_like_its_sample(name: str) -> None:
    """Words, code, dates and the buttons that exist already are those of the sample."""
    error, reference = CASES[name]
    made = problem(error, reference=reference)
    assert error.name == name
    assert_holds(made)
    expected = sample(f"error.{name}")
    if expected is None:
        return
    text, blocks = expected
    assert made.text == text
    assert _without_buttons(made.blocks) == _without_buttons(blocks)
    wanted = [(each["text"]["text"], each.get("style")) for each in objects(blocks) if each.get("type") == "button"]
    shown_ = [
        (each["text"]["text"], each.get("style")) for each in objects(made.blocks) if each.get("type") == "button"
    ]
    assert [each for each in shown_ if each in wanted] == [each for each in wanted if each[0] not in LATER]


def _without_buttons(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block for block in blocks if block["type"] != "actions"]


def test_back_quotes_become_code_and_dates_the_readers_own() -> None:
    """The marks of an error's text are shown as elements, and spoken as words."""
    error = UserError("x", "`a b` is no flag", "Since <!date^1795360380^{time}|15:13 UTC>.", "Type `c`.")
    made = problem(error)
    assert made.text == "a b is no flag. Since 15:13 UTC. Type c."
    assert made.blocks[0]["elements"][0]["elements"] == [
        {"type": "text", "text": "a b", "style": {"bold": True, "code": True}},
        {"type": "text", "text": " is no flag. ", "style": {"bold": True}},
        {"type": "text", "text": "Since "},
        {"type": "date", "timestamp": 1795360380, "format": "{time}", "fallback": "15:13 UTC"},
        {"type": "text", "text": "."},
        {"type": "text", "text": "\n"},
        {"type": "text", "text": "Type "},
        {"type": "text", "text": "c", "style": {"code": True}},
        {"type": "text", "text": "."},
    ]


def test_a_question_quotes_the_prompt_literally() -> None:
    """Text without a verb is asked about, with its back quotes as they are."""
    made = problem(UserError("create_ask", "Start a task with this prompt?", "run `make` :tada:", "Or not."))
    assert [block["block_id"] for block in made.blocks] == ["ask.q", "ask.how"]
    assert made.blocks[0]["elements"][1] == {
        "type": "rich_text_quote",
        "elements": [{"type": "text", "text": "run `make` :tada:"}],
    }


def test_offers_become_buttons() -> None:
    """A command is a value, an address a link, and only the first green button is green."""
    offers = (Offer("One", "list", "primary"), LinkOffer("Two", TASK_URL), Offer("Three", "help", "primary"))
    made = problem(UserError("x", "T", offers=offers))
    assert made.blocks[-1]["elements"] == [
        {
            "type": "button",
            "action_id": "command.run.0",
            "text": {"type": "plain_text", "text": "One", "emoji": False},
            "value": "list",
            "style": "primary",
            "accessibility_label": "One",
        },
        {
            "type": "button",
            "action_id": "link.1",
            "text": {"type": "plain_text", "text": "Two", "emoji": False},
            "url": TASK_URL,
            "accessibility_label": "Two",
        },
        {
            "type": "button",
            "action_id": "command.run.2",
            "text": {"type": "plain_text", "text": "Three", "emoji": False},
            "value": "help",
            "accessibility_label": "Three",
        },
    ]


@pytest.mark.parametrize(
    "offer",
    [
        pytest.param(Offer("A", "create " + "x" * 2_000), id="command too long"),
        pytest.param(Offer("A", ""), id="no command"),
        pytest.param(Offer("", "list"), id="no label"),
        pytest.param(LinkOffer("A", "javascript:alert(1)"), id="scheme"),
        pytest.param(LinkOffer("A", "https://x.example/" + "x" * 3_000), id="address too long"),
    ],
)
def test_a_button_that_slack_refuses_is_left_out(offer: Offer | LinkOffer) -> None:
    """One bad offer does not take the others with it, nor the message."""
    made = problem(UserError("x", "T", offers=(offer, Offer("Help", "help"))))
    assert buttons(made) == [("Help", "help")]


def test_choices_are_buttons_until_there_are_too_many() -> None:
    """Five templates are buttons; six, or long prompts, are names in the text."""
    ten = {f"template-{number}": f"create -t template-{number} Fix it" for number in range(10)}
    assert [text for text, _ in buttons(problem(problems.template_needed(ten)))] == [f"Use {name}" for name in ten]
    for commands in (ten | {"another": "create -t another Fix it"}, dict.fromkeys(ten, "create " + "x" * 2_500)):
        made = problem(problems.template_needed(commands))
        assert buttons(made) == []
        assert all(name in shown(made) for name in commands)
        assert "--template" in shown(made)


def test_fewer_buttons_when_their_commands_fill_the_message() -> None:
    """Long commands cost buttons, never the message."""
    offers = tuple(Offer(f"Use {number}", f"create {number} " + "ü" * 1_900) for number in range(9))
    made = problem(UserError("x", "T", offers=offers))
    assert_holds(made)
    assert 1 <= len(buttons(made)) < len(offers)


def test_secrets_are_not_repeated() -> None:
    """A token in what somebody typed, or in what Coder says, is hidden."""
    made = problem(problems.coder_error("bad token=hunter2hunter2"))
    assert "hunter2" not in str(made)
    assert "[hidden]" in made.text


def test_names_of_people_cannot_pretend() -> None:
    """A name with our marks in it shows them as they are, and no button of its own."""
    made = problem(problems.not_yours("pause", "`Bo` <!date^0^{time}|x> <!channel>"))
    assert not [part for part in objects(made.blocks) if part.get("type") == "date" or "code" in part.get("style", {})]
    assert "'Bo' <!date 0^{time}|x> <!channel>" in shown(made)


@settings(max_examples=60, deadline=None)
@given(*(hostile for _ in range(4)), st.lists(st.tuples(hostile, hostile), max_size=6), hostile)
def test_any_error_holds_the_rules(
    title: str, cause: str, step: str, name: str, offers: list[tuple[str, str]], reference: str
) -> None:
    """Whatever stands in an error, the answer is one that Slack takes and that shows it literally."""
    given_ = tuple(Offer(label, command, "primary") for label, command in offers)
    links = tuple(LinkOffer(label, f"https://x.example/{len(url)}") for label, url in offers)
    assert_holds(problem(UserError("x", title, cause, step, (*given_, *links)), reference=reference))
    assert_holds(problem(UserError("create_ask", title, cause, step, given_)))
    assert_holds(problem(UserError(name, title, cause, f"> {step}")))


@pytest.mark.parametrize("make", [getattr(problems, name) for name in problems.__all__], ids=problems.__all__)
@settings(max_examples=15, deadline=None)
@given(text=hostile, number=st.floats(0, 4_000_000_000))
def test_every_error_of_the_catalogue_holds_the_rules(make: Callable[..., UserError], text: str, number: float) -> None:
    """With hostile text for every argument, each error keeps its own title's words and the rules."""
    error = make(*(_argument(each, text, number) for each in _positional(make)))
    assert error.name == make.__name__
    assert not error.title.endswith(".")
    for words in ("please", "sorry", "oops", "!", " bot"):
        assert words not in problem(make(*_plain_arguments(make))).text.lower()
    assert_holds(problem(error, reference="7K2M-QD"))


def _argument(parameter: inspect.Parameter, text: str, number: float) -> object:
    kinds: dict[str, object] = {
        "float": number,
        "float | None": number,
        "Verb": Verb.RESTART,
        "Verb | None": Verb.RETRY,
        "Mapping[str, str]": {f"{text}{at}": f"create {text}" for at in range(5)},
        "Iterable[str]": [text] * 30,
        "Iterable[tuple[str, str]]": [(text, "https://coder.example.com/external-auth/github")] * 7,
    }
    return kinds.get(str(parameter.annotation), text)


def _plain_arguments(make: Callable[..., UserError]) -> list[object]:
    return [_argument(each, "word", 60.0) for each in _positional(make)]


def _positional(make: Callable[..., UserError]) -> list[inspect.Parameter]:
    parameters = inspect.signature(make).parameters.values()
    return [each for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
