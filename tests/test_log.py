"""The log: one verb a line, with ids, and never a secret."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Iterator

import pytest

from bot import log as logs
from bot.log import hide

SECRETS = {
    "a bot token": "xoxb-123-456-AbCdEf",
    "a user token": "xoxp-123-456-AbCdEf",
    "a rotated token": "xoxe.xoxb-1-AbCdEf.x",
    "a refresh token": "xoxe-1-AbCdEf",
    "an app token": "xapp-1-A1-2-abcdef",
    "a token of Coder": "a1B2c3D4e5-a1B2c3D4e5f6A1B2c3D4e5",
    "an answer address": "https://hooks.slack.com/commands/T1/2/abcDEF",
    "an action's answer address": "https://hooks.slack.com/actions/T1/2/abcDEF",
}
AROUND = {
    "Authorization: Bearer {}": "abc.def-ghi",
    "authorization: bearer {}": "abc.def-ghi",
    "ws://127.0.0.1:1/link/?ticket={}&app_id=A1": "0123456789abcdef",
    "http://127.0.0.1:1/response/{} is gone": "0123456789abcdef",
    "postgresql://bot:{}@db.example.com/bot": "pa:ss!word",
    "host=db password={} user=bot": "pass-word",
    "postgresql://db/bot?password={}&user=bot": "pass-word",
}


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the log writes to; the loggers are as they were afterwards."""
    root, own = logging.getLogger(), logging.getLogger("bot")
    handlers, levels = list(root.handlers), (root.level, own.level)
    scheduler = logging.getLogger("apscheduler").level
    root.handlers = []
    written = io.StringIO()
    yield written
    logging.captureWarnings(False)  # noqa: FBT003
    root.handlers = handlers
    root.setLevel(levels[0])
    own.setLevel(levels[1])
    logging.getLogger("apscheduler").setLevel(scheduler)


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_what_looks_like_a_secret_is_hidden(secret: str) -> None:
    """Tokens and capability addresses are replaced wherever they stand, and the rest stays."""
    assert hide(f"before {secret} after") == "before [hidden] after"
    assert secret not in hide(f"{{'token': '{secret}'}}")


@pytest.mark.parametrize(("text", "secret"), AROUND.items(), ids=AROUND.keys())
def test_what_stands_where_secrets_stand_is_hidden(text: str, secret: str) -> None:
    """Bearer headers, tickets and passwords are known by what is around them."""
    hidden = hide(text.format(secret))
    assert secret not in hidden
    assert "[hidden]" in hidden


@pytest.mark.parametrize(
    "text",
    [
        "https://coder.example.com:3000/@ana/fix-login",
        "write sqlite:///path/to/file.db or postgresql://user:password@host/name",
        "task=11111111-9a3d-4f0e-8b52-6d1f0c2a9e11",
        "lane=task:abc@2 at 10:00",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Addresses, ids and examples are what an operator needs."""
    assert hide(text) == text


def test_a_line_has_a_time_a_level_a_verb_and_ids(stream: io.StringIO) -> None:
    """Fields follow the message as key=value, quoted where they have to be."""
    logs.set_up("INFO", stream)

    logging.getLogger("bot.x").info(
        "the card is there", extra={"action": "posted", "card": 7, "why": 'a "b" c', "e": ""}
    )

    line = stream.getvalue()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info bot\.x the card is there "
        r'action=posted card=7 why="a \\"b\\" c" e=""\n',
        line,
    )


def test_nobody_else_makes_a_line(stream: io.StringIO) -> None:
    """Line breaks and control characters in a message or a field are written out, so that no line can be forged."""
    logs.set_up("INFO", stream)

    logging.getLogger("bot").info("one\ntwo\x1b[31m\u2028three", extra={"field": "a\r\nb"})

    line = stream.getvalue()
    assert line.count("\n") == 1
    assert r"one\ntwo\u001b[31m\u2028three" in line
    assert r'field="a\r\nb"' in line


def test_secrets_are_hidden_in_tracebacks_and_in_fields(stream: io.StringIO) -> None:
    """Also those that look like nothing special, when they are the bot's own."""
    logs.set_up("INFO", stream, secrets=["0123456789abcdef0123", "tiny"])
    try:
        raise ValueError("bad 0123456789abcdef0123 for xoxb-1-2")  # noqa: TRY301
    except ValueError:
        logging.getLogger("bot").exception("failed", extra={"token": "xapp-1-2", "note": "tiny"})

    text = stream.getvalue()
    assert "Traceback" in text
    assert "ValueError: bad [hidden] for [hidden]" in text
    assert "token=[hidden]" in text
    assert "note=tiny" in text  # what is that short would be found in other words


def test_libraries_are_heard_from_warnings_on(stream: io.StringIO) -> None:
    """At DEBUG the bot says more, and the libraries, which would print whole payloads, do not."""
    logs.set_up("DEBUG", stream)

    logging.getLogger("bot.x").debug("ours")
    for name in ("slack_sdk.web.async_base_client", "slack_bolt.AsyncApp", "httpx", "aiohttp.access", "sqlalchemy"):
        logging.getLogger(name).info("payload")
        logging.getLogger(name).debug("payload")
        logging.getLogger(name).warning("%s xoxb-1-2", name)

    lines = stream.getvalue().splitlines()
    assert [line.split(" ")[1] for line in lines] == ["debug", *["warning"] * 5]
    assert "payload" not in stream.getvalue()
    assert "xoxb" not in stream.getvalue()


def test_the_level_is_for_the_bot(stream: io.StringIO) -> None:
    """A higher level silences libraries too."""
    logs.set_up("ERROR", stream)

    for name in ("bot", "slack_bolt"):
        logging.getLogger(name).warning("quiet")
        logging.getLogger(name).error("loud %s", name)

    assert [line.split(" ")[2] for line in stream.getvalue().splitlines()] == ["bot", "slack_bolt"]


def test_slacks_libraries_leave_their_tracebacks_out(stream: io.StringIO) -> None:
    """They say every few seconds that Slack is away: one line is enough for that."""
    logs.set_up("INFO", stream)
    try:
        raise ConnectionError("refused")  # noqa: TRY301
    except ConnectionError as error:
        logging.getLogger("slack_bolt.AsyncApp").exception("Failed to connect (error: %s)", error)  # noqa: TRY401

    assert len(stream.getvalue().splitlines()) == 1
    assert "Failed to connect (error: refused)" in stream.getvalue()


def test_warnings_of_python_are_lines_of_the_log(stream: io.StringIO) -> None:
    """A deprecation in a library is one line as everything else."""
    logs.set_up("INFO", stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)  # noqa: FBT003 - pytest has put its own recorder in place
        warnings.warn("old", UserWarning, stacklevel=1)

    assert len(stream.getvalue().splitlines()) == 1
    assert "warning py.warnings" in stream.getvalue()


def test_a_poll_that_takes_long_is_no_line_each_time(stream: io.StringIO) -> None:
    """The scheduler warns of every tick that it leaves out while Coder is slow; a metric has the length of a poll."""
    logs.set_up("DEBUG", stream)
    logging.getLogger("apscheduler.scheduler").warning("maximum number of running instances reached")
    logging.getLogger("apscheduler.executors.default").error("a job has failed")
    assert [line.split()[1] for line in stream.getvalue().splitlines()] == ["error"]
