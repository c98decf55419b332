"""How the errors of the catalogue are worded: text from outside made harmless, times, and the buttons.

Text from people and from Coder goes through `said` or `code`, so that it opens no code and no date of its own. Times
are written as Slack's dates. `blocks.problems` shows both. An empty `command` or address means: no button.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from bot.errors import LinkOffer, Offer, UserError
from bot.names import shorten

Offers = tuple[Offer | LinkOffer, ...]

NOTHING_CREATED = "Nothing was created."
TEMPLATES = Offer("Templates", "templates")
MY_TASKS = Offer("My tasks", "list")

_MOST_CHOICES = 10  # shown as buttons; more are listed
_MOST_COMMAND = 2_000  # characters that the value of a Slack button holds
_MOST_COMMANDS = 6_000  # bytes of all choices: the blocks of one answer hold 12,000
_MOST_NAMES = 20


def said(text: str, limit: int = 200) -> str:
    """Text from outside on one line, unable to open a code or a date."""
    return shorten(" ".join(text.replace("`", "'").replace("<!date^", "<!date ").split()), limit)


def code(text: str, limit: int = 80) -> str:
    """A name or a piece of a command, shown as code."""
    return f"`{said(text, limit)}`" if text.strip() else "“”"


def clock(at: float) -> str:
    """A time of day, shown in the reader's zone."""
    return f"<!date^{int(at)}^{{time}}|{datetime.fromtimestamp(at, UTC):%H:%M} UTC>"


def run(label: str, command: str, style: str | None = None) -> Offers:
    """A button for the command, if there is one."""
    return (Offer(label, command, style),) if command else ()


def lead_to(label: str, url: str) -> Offers:
    """A button for the address, if there is one."""
    return (LinkOffer(label, url),) if url else ()


def use(near: str, command: str) -> Offers:
    """The button that takes the nearest match."""
    return run(f"Use {near}", command, "primary") if near else ()


def nearest_is(near: str) -> str:
    """The sentence that names the nearest match, if there is one."""
    return f"The nearest is {code(near)}." if near else ""


def names_of(names: Iterable[str]) -> str:
    """Names as code, the first twenty of them."""
    every = list(names)
    more = f" and {len(every) - _MOST_NAMES} more" if len(every) > _MOST_NAMES else ""
    return ", ".join(code(name, 40) for name in every[:_MOST_NAMES]) + more


def buttons_for(commands: Mapping[str, str]) -> Offers:
    """A button for each choice, or none when they are too many or too long for one message."""
    long = any(len(command) > _MOST_COMMAND for command in commands.values())
    total = sum(len(command.encode("utf-8", "replace")) for command in commands.values())
    if long or total > _MOST_COMMANDS or len(commands) > _MOST_CHOICES:
        return ()
    return tuple(Offer(f"Use {choice}", command) for choice, command in commands.items())


def choice(name: str, title: str, cause: str, flag: str, commands: Mapping[str, str], step: str = "") -> UserError:
    """A question with a button for each answer, or with the answers listed where buttons cannot hold them."""
    if offers := buttons_for(commands):
        return UserError(name, title, cause, step, offers)
    listed = f"{NOTHING_CREATED} Give the command again with {code(flag)} and one of {names_of(commands)}."
    return UserError(name, title, cause, listed)
