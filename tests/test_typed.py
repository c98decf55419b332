"""Slack's escapes and entities, and the words of a command."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.typed import bare, decode, mentioned, unquote

PEOPLE = {"U012": "Ana Ruiz", "C012": "builds"}


def escaped(text: str) -> str:
    """Write text as Slack delivers it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


PLAIN = st.text().map(escaped)
LABEL = st.text().map(lambda text: text.translate(dict.fromkeys(map(ord, "<>|&\n\r"))))
ENTITY = st.builds(
    lambda kind, label: f"<{kind}|{label}>" if label is not None else f"<{kind}>",
    st.sampled_from(["@U012", "@W9", "#C012", "!here", "!subteam^S1", "https://a.b/c?d=1&amp;e=2", "mailto:a@b.c"]),
    st.none() | LABEL,
)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("a &lt;b&gt; &amp;&amp; c", "a <b> && c"),
        ("&amp;lt; stays what was typed", "&lt; stays what was typed"),
        ("&quot; &copy; &amp", "&quot; &copy; &amp"),
        ("hi <@U012|ana>", "hi @ana"),
        ("hi <@U012>", "hi @Ana Ruiz"),
        ("hi <@U999>", "hi @U999"),
        ("hi <@U012|>", "hi @Ana Ruiz"),
        ("in <#C012|general>", "in #general"),
        ("in <#C012|>", "in #builds"),
        ("in <#C012>", "in #builds"),
        ("see <https://x.y/a?b=1&amp;c=2>", "see https://x.y/a?b=1&c=2"),
        ("see <https://x.y|the docs>", "see the docs https://x.y"),
        ("see <https://x.y|https://x.y>", "see https://x.y"),
        ("edit <http://main.py|main.py>, now", "edit main.py, now"),
        ("go to <https://x.y/|x.y>", "go to x.y"),
        ("to <mailto:a@b.c|a@b.c>", "to a@b.c"),
        ("to <mailto:a@b.c>", "to a@b.c"),
        ("to <mailto:a@b.c|Ana>", "to Ana mailto:a@b.c"),
        ("call <tel:+4930123|+49 30 123>", "call +49 30 123 tel:+4930123"),
        ("<!here> <!channel|channel> <!everyone>", "@here @channel @everyone"),
        ("<!subteam^S012|@devs> <!subteam^S013>", "@devs @S013"),
        ("on <!date^1795356120^{date}|Nov 22>", "on Nov 22"),
        ("List<String> a<b", "List<String> a<b"),
        ("“smart” ‘quotes’ it’s\u00a0😀 :tada:", "“smart” ‘quotes’ it’s\u00a0😀 :tada:"),
        ("lone \ud800 half", "lone ? half"),
        ("", ""),
    ],
)
def test_decode(raw: str, plain: str) -> None:
    """Slack text becomes what the person typed."""
    assert decode(raw, lambda key: PEOPLE.get(key, key)) == plain


def test_decode_without_names_keeps_the_id() -> None:
    """An entity without a label and without names shows its id."""
    assert decode("<@U012> <#C012|>") == "@U012 #C012"


@given(st.text())
def test_decode_undoes_the_escapes(text: str) -> None:
    """Any text that Slack has escaped comes back as it was."""
    assert decode(escaped(text)) == text


@given(st.lists(ENTITY))
def test_decode_leaves_no_entity(entities: list[str]) -> None:
    """Whatever entities a text has, none is left."""
    plain = decode(" ".join(entities))
    assert not set(plain) & set("<>")
    assert "&amp;" not in plain


@given(st.lists(PLAIN | ENTITY))
def test_decode_keeps_what_stands_between(parts: list[str]) -> None:
    """What is decoded together is what is decoded part by part."""
    assert decode(" ".join(parts)) == " ".join(decode(part) for part in parts)


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("`fix-login`", "fix-login"),
        ("“Fix the login”", "Fix the login"),
        ("<https://coder.example.com/tasks/ana/7c1f|my task>", "https://coder.example.com/tasks/ana/7c1f"),
        ("<https://a.b?x=1&amp;y=2>", "https://a.b?x=1&y=2"),
        ('""', ""),
    ],
)
def test_bare(raw: str, plain: str) -> None:
    """A name is read without what wraps it, a link as its address."""
    assert bare(raw) == plain


def test_unquote_drops_backslashes_before_quotes_only() -> None:
    """Other backslashes are part of the value."""
    assert unquote(r"a \"b\" \“c\” C:\dir \\") == 'a "b" “c” C:\\dir \\'


def test_mentioned_reads_the_id() -> None:
    """A mention is known with and without a label, and only alone."""
    assert [mentioned(word) for word in ("<@U1>", "<@U1|ana>", "@ana", "x<@U1>")] == ["U1", "U1", None, None]
