"""Which of the bot's waits are shortened for the fault suite, and to what: about a tenth, all of them alike.

A schedule of faults lasts seconds, in production it would last minutes; so what the bot waits for has to shrink with
it. Nothing else of the bot is changed. A name that is not there any more is an error: this table must be kept true.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from aiohttp import ClientTimeout

from bot.coder.http import CoderHttp
from bot.outbox import Outbox
from bot.slack import client
from bot.slack.ingress.sockets import Patience, SocketMode
from bot.slack.pace import Rate

SLACK_SECONDS: Final = 1.5  # for which a call waits for its answer
_WAITS: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "bot.changes": {
            "SILENCE_IS_IDLE": 0.6,
            "OLD_REPORT_HOLDS": 3.0,
            "UNHEALTHY_SETTLES": 3.0,
            "UNKNOWN_SETTLES": 0.6,
        },
        "bot.coder.errors": {"SOON": 0.2},
        "bot.coder.refusals": {"UNTIL_MENDED": 1.0},
        "bot.coder.tasks_api": {"_CREATE_SECONDS": 2.5, "_SEND_SECONDS": 3.0, "_LOGS_SECONDS": 2.0},
        "bot.delivery.answering": {"_PATIENCE_SECONDS": 1.0},
        "bot.delivery.controls": {"_BUILD_AGAIN": 0.2},
        "bot.delivery.prompts": {"_LOOK_AGAIN": 2.0, "_BUSY_AGAIN": 0.2, "_SILENCE_IS_IDLE": 0.6},
        "bot.delivery.replies": {"_NOT_POSTED": 1.0},
        "bot.delivery.homes": {"PACE_SECONDS": 0.5, "AGAIN_SECONDS": 1.0},
        "bot.poller": {"STALE_SECONDS": 2.0, "FORCED_SECONDS": 0.1},
        "bot.queue": {"GATHER_SECONDS": 0.1, "CATCH_UP_SECONDS": 0.3},
        "bot.slack.pace": {"_PATIENCE": 1.0},
        "bot.slack.response_url": {"_TIMEOUT": ClientTimeout(total=SLACK_SECONDS, sock_connect=0.5)},
        "bot.slack.wire": {"_TIMEOUT": ClientTimeout(total=SLACK_SECONDS, sock_connect=0.5)},
    }
)
CODER_SECONDS: Final = 1.5
_LONGEST_BACK_OFF: Final = 2.0
_SPACING: Final = 0.05  # of posts, edits and reads


def hurry() -> None:
    """Shorten the waits; the bot must be imported, and nothing of it made yet."""
    for module, names in _WAITS.items():
        for name, value in names.items():
            _replace(importlib.import_module(module), name, value)
    for name in ("POSTS_PER_CHANNEL", "EDITS", "READS"):
        _replace(client, name, Rate(spacing=_SPACING, burst=getattr(client, name).burst))
    _default(CoderHttp.__init__, "timeout", CODER_SECONDS)
    _default(Outbox.__init__, "back_off", back_off)
    patience = Patience(check=0.5, ping=0.5, first=2.0, forget_address=1.5, rebuild=4.0, give_up=20.0, gap=2.0)
    made = SocketMode.__init__

    def patient(self: SocketMode, *given: Any, **named: Any) -> None:
        made(self, *given, **{"patience": patience, **named})

    SocketMode.__init__ = patient  # type: ignore[method-assign]


def back_off(failures: int) -> float:
    """As the bot's, a tenth of it, and never above two seconds."""
    return random.uniform(0.5, 1) * min(_LONGEST_BACK_OFF, 0.1 * 2.0 ** min(failures, 10))  # noqa: S311


def _replace(module: Any, name: str, value: object) -> None:
    if not hasattr(module, name):
        raise LookupError(f"{module.__name__} has no {name}: tests/faults/clockwork.py is behind the bot")
    setattr(module, name, value)


def _default(function: Any, name: str, value: object) -> None:
    if name not in (function.__kwdefaults__ or {}):
        raise LookupError(f"{function.__qualname__} has no {name}: tests/faults/clockwork.py is behind the bot")
    function.__kwdefaults__[name] = value
