"""All errors of the bot, in one tree.

    BotError
    ├── StartError          a setting, a token, the database or a server is not right: the process must not start
    ├── UserError           the person can mend it: they read title, cause and next step, privately
    │   └── (the leaves are in the rooms that raise them, built by name: see `UserError`)
    ├── DeliveryError       something on the way out did not work
    │   ├── Later           not an error: the time has not come (agent busy, card edited a second ago)
    │   ├── Transient       try again: no answer, 5xx, 429; `ambiguous` when the work may have been done
    │   └── Permanent       trying again cannot help
    │       ├── CoderRefused   Coder said no, and why (also a UserError: people read the reason)
    │       └── SlackRefused   Slack said no; `code` is Slack's own error code
    └── StoreError          the database is away or refuses

Whoever raises one says what a person may read; ids, details and causes are for the log only.
"""

from __future__ import annotations

from dataclasses import dataclass


class BotError(Exception):
    """Everything this bot raises on purpose."""


class StartError(BotError):
    """The process cannot start; the text is one line that names the thing and the mend."""


class StoreError(BotError):
    """The database is away or refused."""


@dataclass(frozen=True)
class Offer:
    """A button in an answer that runs another command for the person who clicks it.

    `command` is the text after the slash command, e.g. `list --all`; `style` is Slack's ("primary" or None).
    """

    label: str
    command: str
    style: str | None = None


@dataclass(frozen=True)
class LinkOffer:
    """A button in an answer that leads to an address."""

    label: str
    url: str


class UserError(BotError):
    """The person can mend it. `name` is the error's name in the catalogue of messages (guide, section 4).

    `title`, `cause` and `step` are plain text and are shown literally; words in back quotes are shown as code.
    """

    def __init__(
        self,
        name: str,
        title: str,
        cause: str = "",
        step: str = "",
        offers: tuple[Offer | LinkOffer, ...] = (),
    ) -> None:
        super().__init__(f"{name}: {title}. {cause} {step}".strip())
        self.name = name
        self.title = title
        self.cause = cause
        self.step = step
        self.offers = offers


class DeliveryError(BotError):
    """Something on the way out did not work."""


class Later(DeliveryError):
    """Not now: deliver again in `after` seconds; does not count as a failure."""

    def __init__(self, after: float, why: str = "") -> None:
        super().__init__(why or f"not before {after:g} s")
        self.after = after


class Transient(DeliveryError):
    """Try again, after `after` seconds if given, else with back-off.

    `ambiguous`: the other side may have done the work; look before the second try.
    """

    def __init__(self, why: str, *, after: float | None = None, ambiguous: bool = False) -> None:
        super().__init__(why)
        self.after = after
        self.ambiguous = ambiguous


class Permanent(DeliveryError):
    """Trying again cannot help."""


class CoderRefused(Permanent, UserError):
    """Coder said no. `status` is the HTTP status, `message` Coder's own message (never its detail)."""

    def __init__(
        self,
        name: str,
        title: str,
        cause: str = "",
        step: str = "",
        *,
        status: int,
        message: str,
        offers: tuple[Offer | LinkOffer, ...] = (),
    ) -> None:
        UserError.__init__(self, name, title, cause, step, offers)
        self.status = status
        self.message = message


class SlackRefused(Permanent):
    """Slack said no. `code` is Slack's error code, such as `not_in_channel`."""

    def __init__(self, code: str, method: str, reason: str = "") -> None:
        super().__init__(f"{method}: {code} {reason}".strip())
        self.code = code
        self.method = method
