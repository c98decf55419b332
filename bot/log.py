"""Logs for operators: one verb a line (`action=...`), ids as fields, secrets never."""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import TextIO

# Shapes of tokens that may be inside a library's message: Slack's, Coder's, bearer headers, capability addresses.
_SECRETS = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|\b[A-Za-z0-9]{10}-[A-Za-z0-9]{22}\b|(?i:bearer)\s+\S+"
    r"|https?://hooks\.slack\.com/\S+|(?<=/response/)\S+|(?<=ticket=)[^&\s]+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def hide(text: str) -> str:
    """The text with everything that looks like a secret replaced."""
    return _SECRETS.sub("[hidden]", text)


class LogfmtFormatter(logging.Formatter):
    """Formats a record as `time level logger message key=value ...`, redacted."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """One line; a traceback follows on lines of its own."""
        fields = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        pairs = "".join(f" {key}={_quoted(value)}" for key, value in fields.items())
        stamp = self.formatTime(record, "%Y-%m-%dT%H:%M:%S")
        line = f"{stamp}.{int(record.msecs):03d}Z {record.levelname.lower()} {record.name} {record.getMessage()}{pairs}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return hide(line)


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if not text or re.search(r'[\s"=]', text) else text


def set_up(level: str, stream: TextIO | None = None) -> None:
    """Log to the stream (stderr by default); the Slack SDK stays above DEBUG, where it would print whole payloads."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LogfmtFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    quiet = max(logging.getLevelName(level) if isinstance(logging.getLevelName(level), int) else 20, logging.WARNING)
    for name in ("slack_bolt", "slack_sdk", "httpx", "httpcore", "apscheduler", "aiohttp.access", "alembic"):
        logging.getLogger(name).setLevel(quiet)
