"""What can be made to go wrong, or to go faster, while the sandbox runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from bot.sandbox.bot_process import BotProcess
from bot.sandbox.coder import CoderServer
from bot.sandbox.faults import Fault, Faults, Kind
from bot.sandbox.slack import SlackServer

FASTEST: Final = 1000.0
_SLACK_SECONDS, _CODER_SECONDS = 2.0, 3.0
_API: Final = "* /api/*"  # the pages of the local Coder go on
_LIMITED: Final = '{"ok": false, "error": "ratelimited"}'


@dataclass(frozen=True)
class Switch:
    """One fault as people see it."""

    name: str
    label: str
    explanation: str
    on: bool


@dataclass(frozen=True)
class _Kind:
    """A fault that can be switched on: on which side, how it is explained, and how it is made."""

    side: str
    label: str
    explanation: str
    fault: Callable[[], Fault]


def _lasting(kind: Kind, match: str, *, seconds: float = 0, status: int = 503, body: str = "") -> Callable[[], Fault]:
    headers = {"Retry-After": "3"} if status == 429 else {}
    return partial(Fault, kind, match, None, seconds, status, body, headers)


# The first one that is on wins, so the graver ones come first.
_KINDS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        "slack_down": _Kind(
            "slack",
            "Slack is down",
            "Every call is cut and the socket is closed. What people do meanwhile is lost or comes late; "
            "afterwards the bot connects again and reads the threads it has missed.",
            _lasting(Kind.CUT, "*"),
        ),
        "slack_5xx": _Kind(
            "slack",
            "Slack answers 503",
            "Every call is refused with status 503. The bot tries again, later and later.",
            _lasting(Kind.REFUSE, "*"),
        ),
        "slack_429": _Kind(
            "slack",
            "Slack answers 429",
            "Every call is one too many: try again in 3 seconds. The bot waits as long as it is told.",
            _lasting(Kind.REFUSE, "*", status=429, body=_LIMITED),
        ),
        "slack_lost": _Kind(
            "slack",
            "Slack's answers are lost",
            "What the bot posts arrives, but the answer does not. The bot looks before it tries again, "
            "so that nothing is there twice.",
            _lasting(Kind.LOST, "chat.*"),
        ),
        "slack_slow": _Kind(
            "slack",
            "Slack is slow",
            f"Every answer comes {_SLACK_SECONDS:g} seconds late.",
            _lasting(Kind.SLOW, "*", seconds=_SLACK_SECONDS),
        ),
        "coder_down": _Kind(
            "coder",
            "Coder is down",
            "Every call is cut. What people ask for waits, in order, until Coder is back.",
            _lasting(Kind.CUT, _API),
        ),
        "coder_5xx": _Kind(
            "coder",
            "Coder answers 503",
            "Every call is refused with status 503. The bot tries again, later and later.",
            _lasting(Kind.REFUSE, _API),
        ),
        "coder_lost": _Kind(
            "coder",
            "Coder's answers are lost",
            "A task is created, or a prompt reaches its agent, but the answer does not come back. "
            "The bot looks before it tries again, so that nothing is done twice.",
            _lasting(Kind.LOST, "POST /api/*"),
        ),
        "coder_slow": _Kind(
            "coder",
            "Coder is slow",
            f"Every answer comes {_CODER_SECONDS:g} seconds late.",
            _lasting(Kind.SLOW, _API, seconds=_CODER_SECONDS),
        ),
    }
)
_SHOWN: Final = (
    *("slack_slow", "slack_429", "slack_5xx", "slack_lost", "slack_down"),
    *("coder_slow", "coder_5xx", "coder_lost", "coder_down"),
)


class Controls:
    """The faults of the local servers, the speed of the local Coder, and the bot's process.

    A real side has no switches. Each change of the bot's state is told in the local Slack's feed, as `bot`.
    """

    def __init__(self, slack: SlackServer | None, coder: CoderServer | None, bot: BotProcess) -> None:
        self._slack, self._coder, self._bot = slack, coder, bot
        self._on: dict[str, Fault] = {}

    def switches(self) -> list[Switch]:
        """All switches of the local sides, on or off."""
        kinds = {name: _KINDS[name] for name in _SHOWN if self._faults(_KINDS[name].side) is not None}
        return [Switch(name, kind.label, kind.explanation, name in self._on) for name, kind in kinds.items()]

    def set(self, name: str, on: bool) -> None:  # noqa: FBT001 - the state of a switch
        """Switch a fault on or off; LookupError when there is no such switch."""
        kind = _KINDS.get(name)
        faults = self._faults(kind.side) if kind else None
        if kind is None or faults is None:
            raise LookupError(f"there is no switch {name!r}")
        ours = [fault for one, fault in self._on.items() if _KINDS[one].side == kind.side]
        faults.active[:] = [fault for fault in faults.active if fault not in ours]
        if on:
            self._on.setdefault(name, kind.fault())
        else:
            self._on.pop(name, None)
        faults.active += [self._on[one] for one in _KINDS if one in self._on and _KINDS[one].side == kind.side]
        if name == "slack_down" and on and self._slack is not None:
            self._slack.socket.abort()

    def _faults(self, side: str) -> Faults | None:
        server = self._slack if side == "slack" else self._coder
        return server.faults if server is not None else None

    async def restart_bot(self) -> None:
        """Stop the bot as a supervisor does, and start it again; returns when it runs, or cannot."""
        await self._bot.restart()

    async def kill_bot(self) -> None:
        """End the bot with SIGKILL; it is started again after a moment."""
        await self._bot.kill()

    def bot_state(self) -> str:
        """`running`, `starting` or `stopped`."""
        return self._bot.state

    def speed(self) -> float:
        """How much faster than usual the local Coder is; 1 for a real one."""
        return self._coder.deployment.clock.speed if self._coder is not None else 1.0

    def set_speed(self, value: float) -> None:
        """Change the local Coder's speed, for what goes on as well; LookupError when Coder is real."""
        if self._coder is None:
            raise LookupError("a real Coder has no speed to set")
        if not 0 < value <= FASTEST:
            raise ValueError(f"the speed is above 0 and at most {FASTEST:g}")
        self._coder.deployment.clock.speed = value
