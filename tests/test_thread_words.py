"""What words in a thread are for: people, the agent, a command, or not certain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.models import Kind
from bot.thread_words import LONGEST_FILE, WORDS, said_in

BOT = "U0BOT"
AT = f"<@{BOT}>"


def read(text: str, **more: Any) -> tuple[Kind, str, str]:
    """How a message of Ana's in a thread is read: kind, word, text."""
    said = said_in({"ts": "2.0", "thread_ts": "1.0", "user": "U0ANA", "text": text, **more}, "C1", BOT)
    assert said is not None
    return said.kind, said.word, said.text


@pytest.mark.parametrize("word", WORDS)
def test_words_alone_are_commands(word: str) -> None:
    """With an exclamation mark or after a mention, however they are written."""
    for text in (f"!{word}", f"  !{word.upper()} \n", f"`!{word}`", f"!{word}."):
        assert read(text)[:2] == (Kind.WORD, word)
    for text in (f"{AT} {word}", f"<@{BOT}|coder> {word.title()}", f"{AT}: !{word}", f"{AT} {AT}, {word}!"):
        assert read(text)[:2] == (Kind.WORD, word)


@pytest.mark.parametrize(
    ("text", "kind", "word"),
    [
        ("stop", Kind.UNSURE, "pause"),
        (" Stop! ", Kind.UNSURE, "pause"),
        ("cancel.", Kind.UNSURE, "pause"),
        ("PAUSE", Kind.UNSURE, "pause"),
        ("resume", Kind.UNSURE, "resume"),
        ("logs", Kind.UNSURE, "logs"),
        ("status", Kind.UNSURE, "status"),
        ("!stop", Kind.UNSURE, "pause"),
        ("!puase", Kind.UNSURE, "pause"),
        (f"{AT} stauts", Kind.UNSURE, "status"),
        (f"{AT} stop", Kind.UNSURE, "pause"),
        (AT, Kind.WORD, "help"),
        (f"{AT} ls", Kind.WORD, "list"),
        (f"{AT} whoami", Kind.WORD, "whoami"),
        ("!ls", Kind.TEXT, ""),
        ("!make test", Kind.TEXT, ""),
        ("!", Kind.TEXT, ""),
        ("!list", Kind.TEXT, ""),
        ("stop using sleep()", Kind.TEXT, ""),
        ("retry", Kind.TEXT, ""),
        ("all", Kind.TEXT, ""),
        ("yes", Kind.TEXT, ""),
        ("!pause the deployment", Kind.TEXT, ""),
        (f"{AT} pause the deployment", Kind.TEXT, ""),
        (f"ask {AT} to pause", Kind.TEXT, ""),
        ("// stop", Kind.NOTE, ""),
        (f"{AT} // a note", Kind.NOTE, ""),
        ("<@U0BO> !pause", Kind.NOTE, ""),
        ("<!here> stop", Kind.NOTE, ""),
        ("   \n", Kind.NOTE, ""),
    ],
)
def test_what_words_are_for(text: str, kind: Kind, word: str) -> None:
    """Every row of the guide's table, and what is near it."""
    assert read(text)[:2] == (kind, word)


def test_the_mention_is_no_part_of_the_words() -> None:
    """What follows the bot's mention is the text; other mentions stay in it."""
    assert read(f"{AT}  fix *this*\n  now")[2] == "fix *this*\n  now"
    assert read(f"fix {AT} and <@U0BO>")[2] == f"fix {AT} and <@U0BO>"


@pytest.mark.parametrize(
    "message",
    [
        {"bot_id": "B1"},
        {"subtype": "channel_join"},
        {"subtype": "me_message"},
        {"user": ""},
        {"user": BOT},
    ],
)
def test_only_people_are_heard(message: dict[str, Any]) -> None:
    """Bots, system messages and the bot itself say nothing."""
    assert said_in({"ts": "1.0", "user": "U0ANA", "text": "!pause", **message}, "C1", BOT) is None


def test_a_root_is_in_no_thread() -> None:
    """Slack gives the first message of a thread its own ts as the thread's."""
    said = said_in({"ts": "1.0", "thread_ts": "1.0", "user": "U0ANA", "text": "hi"}, "D1", BOT)
    assert said is not None
    assert (said.thread_ts, said.is_direct, said.key) == ("", True, "said:D1:1.0")


def test_files() -> None:
    """Words with files are for the agent; what is certainly no text, or too long, is not read."""
    names = {"a.py": "text/x-python", "b.png": "image/png", "c.bin": "application/octet-stream", "d.txt": "text/plain"}
    files = [
        {"name": name, "mimetype": kind, "size": 9, "url_private": f"https://files.slack.com/{name}", "permalink": name}
        for name, kind in names.items()
    ]
    files[3]["size"] = LONGEST_FILE + 1
    said = said_in({"ts": "1.0", "user": "U0ANA", "text": "stop", "files": [*files, None, {}]}, "C1", BOT)
    assert said is not None
    assert said.kind is Kind.TEXT
    assert [file.name for file in said.files if file.url] == ["a.py", "c.bin"]
    assert [file.link for file in said.files] == [*names, ""]
    assert all(file.is_unread for file in said.files)
    assert read("", files=files)[0] is Kind.TEXT


@given(st.text(max_size=300), st.booleans())
def test_any_text_is_read(text: str, mention: bool) -> None:  # noqa: FBT001 - hypothesis
    """Whatever somebody writes is of one kind, and only words that are one word are commands."""
    kind, word, shown = read(f"{AT} {text}" if mention else text)
    assert (kind in {Kind.WORD, Kind.UNSURE}) is bool(word)
    if kind is Kind.WORD and shown.strip():
        assert len(shown.split()) == 1
