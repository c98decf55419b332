"""Replies in the thread: exactly the guide's samples, one mention where the guide has one, safe with any text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import replies
from bot.blocks.output import Output
from bot.blocks.replies import Subject
from bot.models import Change, Condition, Content, Details, Failure
from tests.blocks.expected import ANA, RAN, WAITING_REPLY_BLOCKS
from tests.blocks.rules import HOSTILE, check, markup, shown
from tests.blocks.sample_views import CAUSE, DONE, NAME, PR, QUESTION, REFUSED, TASK_ID, TITLE, at, payload

BO = "U0BO000001"
PROMPT = (
    "tests/login_test.py fails about 1 in 10 runs on main. Find the cause, fix it without adding sleeps, run the test"
    " 50 times, and open a pull request."
)
LONG = (
    PROMPT + " Background: the failure started after the session refactor. The redirect after sign-in sets the cookie"
    " in a second response, and the test client reads "
)
OPEN_PR = "Leave the signup tests alone and open the pull request."
REMOTE = (
    "remote: error: GH006: Protected branch update failed\n"
    "remote: error: Changes must be made through a pull request.\n"
    " ! [remote rejected] fix/login -> fix/login (protected branch hook declined)"
)


def output(text: str) -> Output:
    """An output that is shown whole."""
    return Output(text, is_cut=False, full=text, total_lines=text.count("\n") + 1)


def change(condition: Condition, before: Condition = Condition.WORKING, **more: Any) -> Change:
    """A change that mentions the owner."""
    return Change(**{"condition": condition, "at": at("14:52"), "turn": 1, "mention": True, "before": before, **more})


def subject(**more: Any) -> Subject:
    """Ana's task."""
    return Subject(**{"title": TITLE, "name": NAME, "task_id": TASK_ID, "owner_slack": ANA, **more})


SAMPLES: dict[str, Callable[[], Content]] = {
    "thread.01_prompt": lambda: replies.prompt_reply("Ana Ruiz", PROMPT),
    "thread.02_prompt_long": lambda: replies.prompt_reply("Ana Ruiz", (LONG + "it. " * 2_000)[:7_412]),
    "thread.04_waiting": lambda: replies.change_reply(
        change(Condition.WAITING, message=QUESTION), subject(output=output(RAN))
    ),
    "thread.05_complete": lambda: replies.change_reply(
        change(Condition.COMPLETE, message=DONE, uri=PR, seconds=3_000.0),
        subject(details=Details(stops_at=at("16:52"))),
    ),
    "thread.06_failed": lambda: replies.change_reply(
        change(Condition.FAILED, message=REFUSED), subject(output=output(REMOTE))
    ),
    "thread.07_error_build": lambda: replies.change_reply(
        change(Condition.BUILD_FAILED), subject(details=Details(failure=Failure.BUILD, cause=CAUSE))
    ),
    "thread.08_error_unhealthy": lambda: replies.change_reply(
        change(Condition.UNHEALTHY), subject(details=Details(cause="agent has lost connection"))
    ),
    "thread.09_paused": lambda: replies.change_reply(
        change(Condition.PAUSED, mention=False), subject(details=Details(paused_by="Ana Ruiz"))
    ),
    "thread.10_paused_auto": lambda: replies.change_reply(
        change(Condition.PAUSED, Condition.WAITING, mention=False), subject(details=Details(auto_paused=True))
    ),
    "thread.11_resumed": lambda: replies.change_reply(
        change(Condition.WORKING, Condition.RESUMING, mention=False, seconds=108.0), subject()
    ),
    "thread.12_working": lambda: replies.change_reply(
        change(
            Condition.WORKING,
            Condition.WAITING,
            mention=False,
            message="Removing the sleep() calls from tests/signup_test.py.",
        ),
        subject(),
    ),
    "thread.13_deleted": lambda: replies.change_reply(
        change(Condition.DELETED, mention=False), subject(by="Ana Ruiz", undelivered=1)
    ),
    "thread.14_sent_elsewhere": lambda: replies.sent_elsewhere_reply("Ana Ruiz", OPEN_PR),
    "thread.15_resuming_for_reply": lambda: replies.resuming_reply(TITLE, 1, 204),
    "thread.16_queued_busy": lambda: replies.queued_busy(1, 205),
    "thread.19_not_allowed": lambda: replies.not_allowed("Ana Ruiz"),
    "thread.18_maybe_delivered": lambda: replies.maybe_delivered_reply(
        ANA, OPEN_PR, output(f"> {OPEN_PR}\n● Reading tests/signup_test.py …"), 207
    ),
    "thread.21_edited_after_delivery": lambda: replies.edited_after_delivery(209),
    "thread.22_back_online": lambda: replies.back_online(TITLE, at("14:20"), at("14:31"), 1),
}
# The sample's text leaves out that files are kept; guide 6.6 wants it in the text.
TEXT_SAYS_MORE = {"thread.10_paused_auto"}
MENTIONING = {"thread.04", "thread.05", "thread.06", "thread.07", "thread.08", "thread.18"}


@pytest.mark.parametrize("name", SAMPLES)
def test_reply_equals_the_guides_sample(name: str) -> None:
    """Each reply is the sample, apart from controls that have no listener and prompt ids that are numbers."""
    wanted, made = payload(name), SAMPLES[name]()
    assert made.blocks == wanted["blocks"]
    if name not in TEXT_SAYS_MORE:
        assert made.text == wanted["text"]


@pytest.mark.parametrize("name", SAMPLES)
def test_sample_keeps_the_rules(name: str) -> None:
    """Mentions are only where the guide's table has them."""
    check(SAMPLES[name](), mentions=int(name[:9] in MENTIONING))


def test_waiting_reply_in_full() -> None:
    """The reply that asks somebody to look, down to its last element."""
    made = SAMPLES["thread.04_waiting"]()
    assert made.text == (
        f"<@{ANA}> Fix flaky login test is waiting for input. Agent: {QUESTION} Reply in this thread to answer."
    )
    assert made.blocks == WAITING_REPLY_BLOCKS


def test_not_delivered() -> None:
    """The sender is mentioned, told why, and chooses."""
    made = replies.not_delivered_reply(BO, "Bump the library.", "The agent could not be reached for 10 minutes.", 206)
    check(made, mentions=1)
    assert made.text == (
        f"<@{BO}> Not delivered: the agent could not be reached for 10 minutes. Your prompt is kept; send it again"
        " when the task is working."
    )
    wanted = payload("thread.17_not_delivered")["blocks"]
    assert made.blocks[0]["elements"][0] == wanted[0]["elements"][0]
    assert made.blocks[1]["text"]["text"] == wanted[1]["text"]["text"]
    assert made.blocks[2] == wanted[2]


class TestWords:
    """What the samples do not show."""

    @pytest.mark.parametrize(
        ("failure", "words"),
        [
            (Failure.CANCELED, ": the workspace build was canceled. Use Retry build on the card."),
            (Failure.QUOTA, ": the workspace quota is used up. Pause or delete another workspace, then use Retry"),
        ],
    )
    def test_builds(self, failure: Failure, words: str) -> None:
        """A canceled build and a used up quota have words of their own."""
        assert (
            words
            in replies.change_reply(change(Condition.BUILD_FAILED), subject(details=Details(failure=failure))).text
        )

    def test_paused_by_nobody_known(self) -> None:
        """When Coder names nobody it was in Coder; before Coder is asked nothing is claimed."""
        assert (
            ": paused in Coder. Files"
            in replies.change_reply(change(Condition.PAUSED), subject(details=Details(build_number=3))).text
        )
        assert ": paused. Files" in replies.change_reply(change(Condition.PAUSED), subject()).text

    def test_gone(self) -> None:
        """Nobody asked here for the delete, and undelivered prompts are counted."""
        made = replies.change_reply(change(Condition.GONE), subject(undelivered=2)).text
        assert ": deleted in Coder. Deleted outside Slack" in made
        assert "2 prompts were not delivered." in made

    def test_only_the_owner_and_only_once(self) -> None:
        """No mention without the change saying so, or without a Slack user."""
        for told, about in (
            (change(Condition.WAITING, mention=False), subject()),
            (change(Condition.WAITING), subject(owner_slack=None)),
            (change(Condition.WAITING), subject(owner_slack="U1> <!channel>")),
        ):
            assert "<" not in replies.change_reply(told, about).text
            assert '"user"' not in shown(replies.change_reply(told, about))

    def test_workspace_without_a_stop(self) -> None:
        """A workspace that does not stop by itself runs until somebody pauses it."""
        made = shown(replies.change_reply(change(Condition.COMPLETE), subject()))
        assert "keeps running until you pause it." in made

    def test_prompt_keeps_its_lines(self) -> None:
        """A prompt that stands whole in the thread looks as it was written."""
        assert "1. a\\n2. b" in shown(replies.prompt_reply("Ana", "1. a\n2. b"))

    @pytest.mark.parametrize(("length", "is_long"), [(1_000, False), (1_001, True)])
    def test_needs_file(self, length: int, is_long: bool) -> None:  # noqa: FBT001 - pytest's way
        """Over 1,000 characters a prompt is a file."""
        assert replies.needs_file("x" * length) is is_long

    def test_nothing_ahead(self) -> None:
        """The first waiting prompt has nobody before it."""
        assert "ahead" not in replies.queued_busy(0, 1).text
        assert "3 other prompts are ahead" in replies.queued_busy(3, 1).text

    def test_nothing_waited(self) -> None:
        """Without replies from that time there is nothing to say of them."""
        assert "replies" not in replies.back_online(TITLE, at("14:20"), at("14:31"), 0).text
        assert "2 replies from that time were delivered." in replies.back_online(TITLE, 0, 1, 2).text


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(Condition), st.sampled_from(Condition), HOSTILE, HOSTILE, HOSTILE, st.booleans())
def test_any_change_keeps_the_rules(
    now: Condition,
    before: Condition,
    title: str,
    message: str,
    cause: str,
    mention: bool,  # noqa: FBT001 - hypothesis
) -> None:
    """No text makes a reply that Slack refuses or that mentions anybody else."""
    about = subject(
        title=title or "x",
        by=cause,
        details=Details(cause=cause, paused_by=title, stops_at=at("18:00")),
        output=Output(message, is_cut=False, full=message, total_lines=1),
    )
    made = replies.change_reply(change(now, before, message=message, uri=title, mention=mention), about)
    check(made, mentions=int(mention))
    assert title.strip() not in markup(made) or len(title.strip()) < 10


@settings(max_examples=40, deadline=None)
@given(HOSTILE, HOSTILE, st.integers(0, 10**12))
def test_any_prompt_keeps_the_rules(name: str, text: str, number: int) -> None:
    """No prompt, name or reason makes a reply that Slack refuses."""
    check(replies.prompt_reply(name, text))
    check(replies.sent_elsewhere_reply(name, text))
    check(replies.not_allowed(name))
    check(replies.resuming_reply(name, 2, number, 60.0))
    check(replies.queued_busy(number, number))
    check(replies.edited_after_delivery(number))
    check(replies.back_online(name, 0, 1e9, 2))
    check(replies.not_delivered_reply(BO, text, name, number), mentions=1)
    check(replies.maybe_delivered_reply(ANA, text, output(name), number), mentions=1)
