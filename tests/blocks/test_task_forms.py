"""The small forms of a task: exactly the guide's samples, and safe with any text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import replies
from bot.blocks.forms.delete import delete
from bot.blocks.forms.notify import notify
from bot.blocks.forms.reply import prompt_form
from bot.blocks.forms.send import send_to_task, task_option
from bot.models import Condition, Level, Place, Quote, SourceMessage, SourceThread, View
from bot.sandbox.slack.limits import view_problems
from tests.blocks.answer_rules import SAMPLES as SAMPLE_FILES
from tests.blocks.rules import HOSTILE, check, shown
from tests.blocks.sample_views import CARDS, CREATED, NAME, TITLE, at, says, view

ANA, BO = "U0ANA00001", "U0BO000001"
WAITING = CARDS["card.07_waiting"]
SAID = "payments-api p99 went from 180 ms to 2.1 s after today’s deploy, only on /v2/refunds. Anyone looking?"
MESSAGE = SourceMessage(
    place=Place(
        channel="C0OPS00001",
        ts="1795354980.000100",
        link="https://acme.slack.com/archives/C0OPS00001/p1795355000000100",
    ),
    user=BO,
    author="Bo Lindqvist",
    text=SAID,
    at=1795354980.0,
)
REPLIES = SourceThread(quotes=tuple(Quote(author=f"P{number % 4}", text="x" * 267, at=0) for number in range(12)))
SAMPLES: dict[str, View] = {
    "modal.reply": prompt_form(WAITING, "f"),
    "modal.send_prompt": prompt_form(view(Condition.WORKING, since=at("14:06"), now=at("14:19")), "f"),
    "modal.send_to_task": send_to_task([WAITING], MESSAGE, "f", REPLIES),
    "modal.delete": delete(WAITING.model_copy(update={"waiting_prompts": 1}), "f"),
    "modal.task_notify": notify(WAITING, "f", Level.IMPORTANT, mention=True),
}


def wanted_view(name: str) -> dict[str, Any]:
    """A sample's view; skips where the samples are not at hand."""
    path = SAMPLE_FILES / f"{name}.json"
    if not path.exists():
        pytest.skip("the guide's sample payloads are not beside this checkout")
    read: dict[str, Any] = json.loads(path.read_text())["payload"]["view"]
    return read


@pytest.mark.parametrize("name", SAMPLES)
def test_form_equals_the_guides_sample(name: str) -> None:
    """Each form is the sample, apart from what it keeps for itself."""
    made, wanted = SAMPLES[name].payload, wanted_view(name)
    assert json.loads(made["private_metadata"]) == {"form": "f"}
    same = "private_metadata"
    if name == "modal.send_to_task":  # 3,204 characters are one more than twelve equal texts
        made = json.loads(json.dumps(made).replace("3,204", "3,20x"))
        wanted = json.loads(json.dumps(wanted).replace("3,204", "3,20x"))
    assert {**made, same: ""} == {**wanted, same: ""}


@pytest.mark.parametrize("name", SAMPLES)
def test_slack_takes_the_forms(name: str) -> None:
    """No limit is broken."""
    assert view_problems(SAMPLES[name].payload) == []


def text_of(made: View) -> str:
    """All words of a form."""
    return json.dumps(made.payload, ensure_ascii=False)


class TestVariants:
    """What the samples do not show."""

    def test_a_prompt_where_nobody_asked(self) -> None:
        """Only an agent that waits or has failed gets a reply; what is unknown has no head."""
        paused = prompt_form(view(Condition.PAUSED), "f").payload
        assert paused["title"]["text"] == "Send a prompt"
        assert prompt_form(CARDS["card.09_failed"], "f").payload["title"]["text"] == "Reply to the agent"
        assert [block["block_id"] for block in prompt_form(None, "f").payload["blocks"]] == ["prompt.1", "how"]

    def test_delete_says_what_stays(self) -> None:
        """A pull request stays; prompts that wait are counted."""
        text = text_of(delete(CARDS["card.08_complete"].model_copy(update={"waiting_prompts": 2}), "f"))
        assert "Complete. PR #482 stays. 2 prompts are waiting and will not be delivered." in text

    def test_direct_messages_are_for_whoever_asked_for_the_task(self) -> None:
        """The box is there only for them; others than the owner read whom the mention is for."""
        own = notify(WAITING, "f", Level.QUIET, mention=False, tell=True).payload["blocks"]
        assert own[-1]["element"]["initial_options"][0]["value"] == "tell"
        assert "initial_options" not in own[-2]["element"]
        assert own[1]["element"]["initial_option"]["value"] == "quiet"
        other = notify(WAITING, "f", Level.ALL, mention=True, is_owner=False)
        assert "Mention the owner when" in text_of(other)
        assert "tell" not in text_of(other)

    def test_a_persons_own_message_is_the_prompt(self) -> None:
        """Nothing is quoted, and a long one has several fields."""
        own = MESSAGE.model_copy(update={"is_own": True, "text": "a" * 3_500})
        blocks = {block["block_id"]: block for block in send_to_task([WAITING], own, "f").payload["blocks"]}
        assert "quoted" not in blocks
        assert "include" not in blocks
        written = [blocks[f"prompt.{number}"]["element"]["initial_value"] for number in (1, 2)]
        assert "".join(written) == own.text

    def test_tasks_in_the_menu(self) -> None:
        """Title, then what it does and its name."""
        option = task_option(WAITING)
        assert option["text"]["text"] == TITLE
        assert option["description"]["text"] == f"Waiting for input · {NAME}"


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(Condition), HOSTILE, HOSTILE, st.integers(0, 300))
def test_any_text_is_taken(condition: Condition, text: str, other: str, count: int) -> None:
    """Whatever people and agents write, Slack takes the forms, and nothing of it is markup."""
    task = view(condition, title=text, name=other[:60], report=says(other, CREATED), waiting_prompts=count)
    message = MESSAGE.model_copy(update={"text": text, "author": other, "is_own": count % 2 == 0})
    thread = SourceThread(quotes=(Quote(author=text, text=other, at=0.0),) * (count % 3), dropped=count)
    forms = [
        prompt_form(task, "f"),
        delete(task, "f"),
        notify(task, "f", Level.ALL, mention=True, tell=False),
        send_to_task([task], message, "f", thread),
    ]
    for made in forms:
        assert view_problems(made.payload) == []
        assert "mrkdwn" not in text_of(made)


@settings(max_examples=30, deadline=None)
@given(HOSTILE, HOSTILE, st.booleans())
def test_the_line_about_who_steers(text: str, name: str, everyone: bool) -> None:  # noqa: FBT001 - given by hypothesis
    """It keeps the rules of every message in a thread, and is one line."""
    made = replies.steered_reply(text, name, name, everyone=everyone)
    check(made)
    assert "\\n" not in shown(made)


def test_who_steers_in_words() -> None:
    """Who said so, and what holds now."""
    opened = replies.steered_reply(TITLE, "Ana Ruiz", "Ana Ruiz", everyone=True)
    assert opened.text == (
        f"{TITLE}: this thread steers. Ana Ruiz opened it: replies by everyone with a Coder account reach the agent."
    )
    closed = replies.steered_reply(TITLE, "Ada Admin", "Ana Ruiz", everyone=False)
    assert "Ada Admin closed the thread: only what Ana Ruiz writes reaches the agent." in closed.text
