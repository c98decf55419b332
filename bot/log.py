"""Logs for operators: one verb a line (`action=...`), ids as fields, secrets never."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
from collections.abc import Iterable
from typing import Final, TextIO

# Shapes of tokens that may be inside a library's message: Slack's, Coder's, bearer headers, capability addresses,
# passwords in addresses and connection strings.
_SHAPES: Final = re.compile(
    r"(?:xoxe\.)?xox[a-z]-[\w.-]+|xapp-[\w-]+|\b[A-Za-z0-9]{10}-[A-Za-z0-9]{22}\b|(?i:bearer)\s+[^\s'\",]+"
    r"|https?://hooks\.slack\.com/[^\s'\"<>)]+|(?<=/response/)[^\s'\"<>)]+|(?<=ticket=)[^&\s'\"]+"
    r"|(?<=://)(?!user:password@)[^\s/]*:[^\s/]*(?=@)|(?i:(?<=password=)[^&\s'\"]+)"
)
_HIDDEN: Final = "[hidden]"
_SHORTEST: Final = 6  # a shorter secret would be found in half of the words
_STANDARD: Final = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
# Their errors are whole sentences, and they repeat them every few seconds while Slack is away.
_NO_TRACEBACK: Final = ("slack_bolt", "slack_sdk")


def hide(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with the given secrets, and everything that looks like one, replaced."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, _HIDDEN)
    return _SHAPES.sub(_HIDDEN, text)


class LogfmtFormatter(logging.Formatter):
    """Formats a record as `time level logger message key=value ...`, without the `secrets` and what looks like one."""

    converter = staticmethod(time.gmtime)

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """One line; a traceback follows on lines of its own."""
        fields = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        pairs = "".join(f" {key}={_quoted(value)}" for key, value in fields.items())
        stamp = f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z"
        line = f"{stamp} {record.levelname.lower()} {record.name} {_one_line(record.getMessage())}{pairs}"
        if record.exc_info and not record.name.startswith(_NO_TRACEBACK):
            line += "\n" + self.formatException(record.exc_info)
        return hide(line, self._secrets)


def _quoted(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[^\s\"=\\\x00-\x1f\x7f]+", text) else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    """The text with its line breaks and control characters written out: a line of the log is never made by others."""
    return re.sub(r"[\x00-\x1f\x7f\u2028\u2029]", lambda found: json.dumps(found[0])[1:-1], text)


def set_up(level: str, stream: TextIO | None = None, secrets: Iterable[str] = ()) -> None:
    """Log to the stream (stderr by default): the bot from `level` on, libraries from WARNING on.

    Libraries are never heard at DEBUG, where they print whole payloads.
    """
    own = logging.getLevelNamesMapping()[level]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LogfmtFormatter(secrets))
    handler.setLevel(own)
    logging.basicConfig(level=max(own, logging.WARNING), handlers=[handler], force=True)
    logging.getLogger("bot").setLevel(own)
    # A poll that takes longer than the time between two is told by a metric, not by a line at each one left out.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    logging.captureWarnings(True)  # noqa: FBT003 - the library's own signature
