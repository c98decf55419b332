"""Task names, titles and near misses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.names import distance, nearest, shorten, suggest_name, task_name, task_name_problem, title

CODER_RULE = re.compile(r"^[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*\Z")


def accepted_by_coder(name: str) -> bool:
    """Coder's own check of a task name."""
    return 1 <= len(name) <= 32 and name not in ("new", "create") and CODER_RULE.match(name) is not None


@given(st.text(), st.text(), st.integers())
def test_task_name_is_always_valid(prompt: str, key: str, salt: int) -> None:
    """Whatever the prompt, Coder accepts the name, and the same request has the same name."""
    name = task_name(prompt, key, salt)
    assert accepted_by_coder(name)
    assert name == task_name(prompt, key, salt)


@given(st.text() | st.from_regex(r"[a-zA-Z0-9_ -]{0,50}"))
def test_suggested_name_is_always_valid(name: str) -> None:
    """Whatever was typed, Coder accepts what is offered instead."""
    assert accepted_by_coder(suggest_name(name))


@given(st.text(max_size=40) | st.from_regex(r"[a-zA-Z0-9-]{1,34}", fullmatch=True))
def test_name_problem_is_coders_rule(name: str) -> None:
    """A name has a problem exactly when Coder refuses it."""
    assert (task_name_problem(name) is None) == accepted_by_coder(name)


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [
        ("Fix the flaky login test and open a PR", "fix-the-flaky-login-test"),
        ("Don't touch Zoë's café code", "dont-touch-zoes-cafe-code"),
        ("https://github.com/o/r/issues/5 fix this", "fix-this"),
        ("https://github.com/o/r", "https-github-com-o-r"),
        ("修复登录测试", "task"),
        ("", "task"),
        ("new", "new"),
        ("a" * 40, "a" * 27),
        ("# Bump Go\n\nto 1.25", "bump-go-to-1-25"),
    ],
)
def test_task_name_is_readable(prompt: str, stem: str) -> None:
    """A name begins with the first whole words of the prompt, in plain letters."""
    assert re.fullmatch(re.escape(stem) + "-[0-9a-f]{4}", task_name(prompt, "key"))


def test_task_name_changes_with_key_and_salt() -> None:
    """Another request, or another try after a clash, has another name."""
    names = {task_name("Fix it", "one"), task_name("Fix it", "two"), task_name("Fix it", "one", 1)}
    assert len(names) == 3


@pytest.mark.parametrize(
    ("typed", "better"),
    [
        ("fix_login!", "fix-login"),
        ("Fix Login", "fix-login"),
        ("new", "new-task"),
        ("create", "create-task"),
        ("!!", "task"),
        ("fix-the-flaky-login-test-and-open-a-pr", "fix-the-flaky-login-test-and"),
        ("a--b-", "a-b"),
    ],
)
def test_suggest_name(typed: str, better: str) -> None:
    """The offered name is as near to the typed one as Coder's rule allows."""
    assert suggest_name(typed) == better


@pytest.mark.parametrize(
    ("prompt", "line"),
    [
        ("Fix the login", "Fix the login"),
        ("\n\n  ## Fix   the login ##\nmore", "Fix the login ##"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("```fix it```", "fix it"),
        ("- [ ] first", "[ ] first"),
        ("> quoted", "quoted"),
        ("```\n```", "Untitled task"),
        ("", "Untitled task"),
        ("*bold* stays", "*bold* stays"),
        ("word " * 30, "word " * 15 + "word…"),
    ],
)
def test_title(prompt: str, line: str) -> None:
    """A title is the first line that says something, without marks, cut at a word end."""
    assert title(prompt) == line


@given(st.text())
def test_title_is_one_short_line(prompt: str) -> None:
    """Whatever the prompt, its title is one line of 1 to 80 characters."""
    line = title(prompt)
    assert 1 <= len(line) <= 80
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("one two three", 9, "one two…"), ("one twothree", 8, "one two…")],
)
def test_shorten(text: str, limit: int, short: str) -> None:
    """A cut is at a word end if one is in the last half, and the ellipsis counts."""
    assert shorten(text, limit) == short


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [("", "", 0), ("list", "lsit", 1), ("list", "list", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("ca", "abc", 3)],
)
def test_distance(one: str, other: str, slips: int) -> None:
    """Each letter added, dropped, changed or swapped counts one."""
    assert distance(one, other) == distance(other, one) == slips


@given(st.text(max_size=12), st.text(max_size=12))
def test_distance_is_symmetric_and_zero_for_the_same(one: str, other: str) -> None:
    """Distance does not depend on the order, and only a word itself is at none."""
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("lsit", "list"),
        ("LIST", "list"),
        ("stauts", "status"),
        ("statsu", "status"),
        ("statxyz", None),
        ("tset", None),
        ("lisst", "list"),
        ("deleet", "delete"),
        ("x" * 100_000, None),
        ("", None),
    ],
)
def test_nearest(word: str, near: str | None) -> None:
    """The nearest is within two slips, one for words of up to four letters."""
    assert nearest(word, ["list", "status", "delete"]) == near


def test_nearest_prefers_fewer_slips_then_the_first() -> None:
    """The fewest slips win, and among equals the one that is named first."""
    assert nearest("template", ["templates", "template"]) == "template"
    assert nearest("pauze", ["pauzes", "pause"]) == "pauzes"
