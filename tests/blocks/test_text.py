"""Text for Slack: readable, literal, without secrets, within limits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.text import (
    HIDDEN,
    clean,
    cut,
    date_element,
    duration,
    escape,
    fallback,
    fold,
    hide_secrets,
    kept,
    mention_markup,
    mrkdwn_date,
    ordinal,
    plural,
    said,
    sentence,
    utc,
    work_link,
)
from tests.blocks.rules import HOSTILE

AT = 1795356120.0  # 2026-11-22 14:02 UTC


class TestClean:
    """What cannot be read goes, what can be read stays."""

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("\x1b[1;31mred\x1b[0m", "red"),
            ("\x1b]8;;https://evil.example\x07link\x1b]8;;\x07", "link"),
            ("\x1b]0;title\x1b\\shown", "shown"),
            ("\x9b31mred", "red"),
            ("\x1bPq#0\x1b\\shown", "shown"),
            ("a\u200bb\u202ec\u2066d\ufeffe\u00adf", "abcdef"),
            ("hidden\U000e0041\U000e0042", "hidden"),
            ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
            ("a\n\n \n\t\nb", "a\n\nb"),
            ("a\tb", "a\tb"),
            ("nul\x00bell\x07lone\ud800", "nulbelllone"),
            ("שלום مرحبا 你好 é 👩", "שלום مرحبا 你好 é 👩"),
        ],
    )
    def test_clean(self, text: str, wanted: str) -> None:
        """Escape codes, control, zero-width and direction characters are removed, words are not."""
        assert clean(text) == wanted

    @settings(max_examples=50, deadline=None)
    @given(HOSTILE)
    def test_clean_twice_is_clean(self, text: str) -> None:
        """Cleaning does not leave a new thing to clean, and the rest can be sent."""
        once = clean(text)
        assert clean(once) == once
        once.encode()


class TestCut:
    """Guide 6.5."""

    def test_at_a_word_end(self) -> None:
        """The cut is at a word end, and the ellipsis counts."""
        assert cut("one two three four", 14) == "one two three…"
        assert cut("one two three four", 13) == "one two…"

    def test_without_a_word_end_in_the_last_half(self) -> None:
        """A long word is cut where it is."""
        assert cut("a " + "b" * 30, 10) == "a bbbbbbb…"

    def test_short_text_stays(self) -> None:
        """What fits is not touched."""
        assert cut("exactly", 7) == "exactly"

    @settings(max_examples=50, deadline=None)
    @given(HOSTILE, st.integers(1, 200))
    def test_never_longer(self, text: str, limit: int) -> None:
        """No text is longer than its limit, and the beginning is the text's own."""
        made = cut(text, limit)
        assert len(made) <= limit
        assert made == text or text.startswith(made[:-1])


class TestTime:
    """Guide 6.3."""

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [
            (0, "0 s"),
            (59.6, "1 min"),
            (108, "1 min 48 s"),
            (119.4, "1 min 59 s"),
            (120, "2 min"),
            (3_000, "50 min"),
            (7_199, "2 h"),
            (11_040, "3 h 4 min"),
            (-5, "0 s"),
        ],
    )
    def test_duration(self, seconds: float, words: str) -> None:
        """Seconds below two minutes, minutes below two hours, then both."""
        assert duration(seconds) == words

    def test_dates(self) -> None:
        """Dates carry UTC for clients that do not know them."""
        assert mrkdwn_date(AT, "Since {time}") == "<!date^1795356120^Since {time}|Since 14:02 UTC>"
        assert utc(AT, "created {date_short_pretty} at {time}") == "created 2026-11-22 14:02 UTC"
        assert date_element(AT + 0.9, "{time}") == {
            "type": "date",
            "timestamp": 1795356120,
            "format": "{time}",
            "fallback": "14:02 UTC",
        }


class TestWorkLink:
    """Links of agents."""

    @pytest.mark.parametrize(
        ("uri", "kind"),
        [
            ("https://github.com/acme/web/pull/482", "PR #482"),
            ("https://ghe.acme.dev/acme/web/pull/7/files", "PR #7"),
            ("https://bitbucket.org/acme/web/pull-requests/9", "PR #9"),
            ("https://gitlab.com/a/b/-/merge_requests/7", "MR !7"),
            ("http://example.org:8080/report?x=1#top", "example.org"),
            ("https://github.com/acme/web/pull/new", "github.com"),
        ],
    )
    def test_kinds(self, uri: str, kind: str) -> None:
        """Pull and merge requests by their number, everything else by its host."""
        link = work_link(uri)
        assert link is not None
        assert (link.url, link.kind) == (uri, kind)

    @pytest.mark.parametrize(
        "uri",
        [
            "",
            "file:///home/coder/x",
            "javascript:alert(1)",
            "https://",
            "https://user:pass@host/",
            "https://host/|label>",
            "https://host/a b",
            "https://host/\nx",
            "https://host:99999/",
            "https://[::1",
            "https://h\u043est.example/",
            "https://host/?token=abc",
            "//host/x",
            "https://host/" + "x" * 2_000,
        ],
    )
    def test_what_is_no_link(self, uri: str) -> None:
        """Other schemes, passwords, and what could break out of markup are not links."""
        assert work_link(uri) is None

    @settings(max_examples=50, deadline=None)
    @given(HOSTILE)
    def test_any_text(self, text: str) -> None:
        """A link never holds what ends one in markup."""
        link = work_link(text)
        assert link is None or not set("<>| \n") & set(link.url)


class TestSecrets:
    """Guide 6.4, last paragraph."""

    @pytest.mark.parametrize(
        "secret",
        [
            "ghp_" + "a1B2" * 9,
            "github_pat_" + "11ABCDEFG0" * 5,
            "glpat-" + "aB3dE6gH9jK2mN5pQ8rS",
            "xox" + "b-123456789012-abcdefABCDEF",
            "xapp-1-A0123456789-abcdef",
            "AKIA" + "IOSFODNN7EXAMPLE",
            "sk-ant-api03-" + "abcDEF123_-" * 4,
            "sk-proj-" + "abcDEF123" * 4,
            "kQ3lZ0aBcD-1234567890abcdefABCDEF",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn (cut off here",
        ],
    )
    def test_shapes(self, secret: str) -> None:
        """Tokens are known by their shape, wherever they stand."""
        assert hide_secrets(f"it is {secret}") == f"it is {HIDDEN}"

    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("DB_PASSWORD=hunter2 next", "DB_PASSWORD=[hidden] next"),
            ("password: hunter2", "password: [hidden]"),
            ('{"api_key": "two words", "a": 1}', '{"api_key": [hidden], "a": 1}'),
            ("export AWS_SECRET_ACCESS_KEY='x y'", "export AWS_SECRET_ACCESS_KEY=[hidden]"),
            ("SIGNING_KEY=abc", "SIGNING_KEY=[hidden]"),
            ("deploy --token abc --name x", "deploy --token [hidden] --name x"),
            ("Authorization: Basic dXNlcjpwYXNz", "Authorization: [hidden]"),
            ("auth with Bearer abcdef123456 now", "auth with Bearer [hidden] now"),
            ("Cookie: a=b; c=d\nnext", "Cookie: [hidden]\nnext"),
            ("postgres://bot:pa55@db/x", "postgres://bot:[hidden]@db/x"),
            ("https://x.example/?access_token=abc&b=1", "https://x.example/?access_token=[hidden]&b=1"),
            ("hooks.slack.com/services/T0/B0/abc", "hooks.slack.com/services/[hidden]"),
        ],
    )
    def test_names(self, text: str, wanted: str) -> None:
        """Values with secret-looking names are hidden, the rest stays."""
        assert hide_secrets(text) == wanted

    @pytest.mark.parametrize(
        "text",
        [
            "tokens: 1200",
            "def read(token: str) -> None:",
            "token = get_token()",
            "password = $PASSWORD",
            "primary key: id",
            "monkey: banana",
            "7c1f2b1e-9a3d-4f0e-8b52-6d1f0c2a9e11",
            "fix-flaky-login-3f2a",
            "Use bearer authentication",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "https://github.com/acme/web/pull/482",
        ],
    )
    def test_what_is_no_secret(self, text: str) -> None:
        """Code, ids and prose stay readable."""
        assert hide_secrets(text) == text

    def test_a_token_broken_by_the_terminal(self) -> None:
        """The second half of a token in the next line is part of it."""
        token = "ghp_" + "a1B2" * 9
        assert hide_secrets(f"{token[:24]}\n{token[24:]} rest") == f"{HIDDEN} rest"

    @settings(max_examples=50, deadline=None)
    @given(HOSTILE)
    def test_hidden_stays_hidden(self, text: str) -> None:
        """Hiding twice changes nothing more."""
        once = hide_secrets(clean(text))
        assert hide_secrets(once) == once


@pytest.mark.parametrize(
    "piece",
    ["\x1b]", "-----BEGIN PRIVATE KEY-----", "token", "a:", "eyJ", "token: ", "a-", "\n ", ":a", "A_", "--", "basic ",
     "a.b-", "-token", "_KEY", "http://", "ghp_", "=", "'", "a" * 50],
)  # fmt: skip
def test_hostile_text_is_read_once(piece: str) -> None:
    """50 kB of anything take no noticeable time."""
    began = time.perf_counter()
    fallback(piece * (50_000 // len(piece)))
    assert time.perf_counter() - began < 1.0


class TestFallback:
    """The top-level text."""

    def test_markup_is_escaped_emoji_and_addresses_are_words(self) -> None:
        """Nothing in it mentions, links or draws, except what this app puts at its ends."""
        made = fallback(
            "Ship 🎉 it :tada: <!channel> & see https://github.com/a/b/pull/3, then 10:30:15",
            lead="<@U0ANA00001>",
            tail="<https://x.example|Open>",
        )
        assert made == (
            "<@U0ANA00001> Ship it tada &lt;!channel&gt; &amp; see PR #3, then 10:30:15 <https://x.example|Open>"
        )

    @settings(max_examples=50, deadline=None)
    @given(HOSTILE, st.sampled_from(["", "<https://x.example|Open>"]))
    def test_limits(self, text: str, tail: str) -> None:
        """600 characters before escaping, 3,800 bytes after; the ends stay whole."""
        made = fallback(text, tail=tail)
        assert len(made.encode()) <= 3_800
        assert len(made.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")) <= 601
        assert made.endswith(tail)

    def test_escape_order(self) -> None:
        """An escaped sign is escaped again, not read."""
        assert escape("<&amp;>") == "&lt;&amp;amp;&gt;"


def test_small_words() -> None:
    """The little helpers say what people say."""
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == [
        "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th",
    ]  # fmt: skip
    assert (plural(1, "prompt"), plural(0, "prompt"), plural(1284, "line")) == ("1 prompt", "0 prompts", "1,284 lines")
    assert (sentence("a"), sentence("a?"), sentence("")) == ("a.", "a?", "")
    assert fold(" a\n\tb  c ") == "a b c"
    assert said(" token=a\n b", 50) == "token=[hidden] b"
    assert kept("\na\n  b\n") == "a\n  b"
    assert (mention_markup("U0ANA00001"), mention_markup("U1> <!channel"), mention_markup("")) == (
        "<@U0ANA00001>",
        "",
        "",
    )
