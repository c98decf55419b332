"""Private answers in threads and welcomes: the guide's samples, and safe with any text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import thread_answers, welcomes
from bot.blocks.thread_answers import About
from bot.models import Content, Level
from bot.thread_words import WORDS
from tests.blocks.answer_rules import assert_holds, assert_like, buttons, hostile, objects, sample, shown
from tests.blocks.sample_views import NAME, TASK_ID, payload

ABOUT = About(TASK_ID, NAME)
FORM = "0123456789abcdef0123456789abcdef"


def test_stop_word() -> None:
    """The question is the guide's; the prompt's number is ours."""
    made = thread_answers.stop_word("stop", "pause", ABOUT, 208)
    wanted = payload("thread.20_stop_word")
    wanted["blocks"][1]["elements"][1]["value"] = "208"
    assert (made.text, made.blocks) == (wanted["text"], wanted["blocks"])


def test_stop_word_in_full() -> None:
    """Both meanings have a button, also without the guide's samples at hand."""
    made = thread_answers.stop_word("stop", "pause", ABOUT, 208)
    assert buttons(made) == [("Pause the task", TASK_ID), ("Send “stop” to the agent", "208")]
    assert "Coder cannot interrupt an agent mid-step" in made.text
    near = thread_answers.stop_word("!puase", "pause", ABOUT, 1)
    assert "The nearest command is !pause." in near.text


def test_thread_help() -> None:
    """The help in a thread is the guide's, and names every word."""
    assert_like(thread_answers.help_answer(), "thread.24_help")
    assert all(f"!{word}" in shown(thread_answers.help_answer()) for word in WORDS if word != "help")


def test_channel_welcome() -> None:
    """The guide's words; its buttons run commands, and nobody has to link anything."""
    made, known = (
        welcomes.channel_welcome("Ana Ruiz"),
        sample("channel.welcome", "user.new", "channel.settings", "user.help"),
    )
    assert buttons(made) == [("New task", "create"), ("Channel settings…", "settings"), ("Help", "help")]
    assert "Added by Ana Ruiz. Everyone uses their own Coder account" in shown(made)
    assert "Added by" not in shown(welcomes.channel_welcome())
    assert "visible to everyone here" in shown(made)
    if known is not None:
        assert (made.text, made.blocks[0]) == (known[0], known[1][0])


def test_direct_welcome() -> None:
    """It does not promise to ask first, and links nothing."""
    made = welcomes.direct_welcome()
    assert made.text.startswith("Send a prompt here to start a Coder task.")
    assert buttons(made) == [("New task", "create"), ("Help", "help")]


def test_the_question_before_a_task() -> None:
    """In a thread there is the thread to choose; elsewhere only whether."""
    inside = thread_answers.wish_asked("Find out why", FORM, in_thread=True)
    outside = thread_answers.wish_asked("Find out why", FORM, in_thread=False)
    assert [text for text, _ in buttons(inside)] == ["Start with the thread", "Start without it", "Edit first…"]
    assert [text for text, _ in buttons(outside)] == ["Start task", "Edit first…"]
    assert {value for _, value in buttons(inside)} == {FORM}
    assert "marked as background" in shown(inside)


def test_what_the_agent_cannot_see() -> None:
    """Ten files are named, the others counted."""
    assert "cannot see a.png." in thread_answers.unseen(["a.png"]).text
    many = thread_answers.unseen([f"{number}.png" for number in range(12)])
    assert "9.png and 2 other files." in many.text


def made_of(text: str, word: str) -> list[Content]:
    """Everything that can hold text of people."""
    about = About(TASK_ID, text)
    return [
        thread_answers.stop_word(text, word, about, 1),
        thread_answers.late_word(word, about),
        thread_answers.unseen([text, text]),
        thread_answers.wish_asked(text, FORM, in_thread=True),
        thread_answers.wish_asked(text, FORM, in_thread=False),
        welcomes.channel_welcome(text),
    ]


@settings(max_examples=60, deadline=None)
@given(hostile, st.sampled_from([word for word in WORDS if word != "help"]))
def test_any_text_is_safe(text: str, word: str) -> None:
    """No word, name or prompt makes an answer that Slack refuses or reads as markup."""
    for made in made_of(text, word):
        assert_holds(made)


def test_the_others_hold_too() -> None:
    """What holds no text of people."""
    for made in (
        thread_answers.help_answer(),
        thread_answers.thread_unread(),
        thread_answers.too_old(),
        welcomes.direct_welcome(),
        *(thread_answers.level_set(level) for level in Level),
        *(thread_answers.late_word(word, ABOUT) for word in ("pause", "resume", "retry", "delete")),
    ):
        assert_holds(made)
    late = thread_answers.late_word("delete", ABOUT)
    assert buttons(late) == [("Delete the task…", f"delete {TASK_ID}")]
    assert [part["action_id"] for part in objects(late.blocks) if part.get("type") == "button"] == ["command.run.0"]
