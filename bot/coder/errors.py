"""What can go wrong between the bot and Coder: leaves of `bot.errors`, all with words that a person may read.

    Later
    └── CoderLater           not now; `after` seconds from now
        ├── Busy             the agent works or its workspace is still coming up: send again later
        └── BuildActive      a build of the workspace is waiting or running: ask again when it has ended
    Transient
    └── CoderFailed          no answer, 5xx, 429, a proxy's page; `ambiguous` when the work may have been done
        ├── TokenRefused     401: the bot's own token; nothing was done, and an admin has to mend it
        └── Unreachable      Coder reaches no agent app in the workspace; nothing was done
    Permanent
    └── CoderRefused         (bot.errors) any other no: rights, license, parameters, a broken template ...
        ├── NotFound         no such task, or not for this token to see
        ├── RouteMissing     this release of Coder has no such call (Tasks turned off, removed, or not yet there)
        ├── NameTaken        the owner has a workspace of this name already
        ├── Paused           the task must be resumed first
        ├── NotActive        the task is in a state in which this cannot be done
        └── AlreadyRunning   resume of a workspace that runs

Every one has `status` (HTTP, 0 without an answer) and `message` (Coder's own, never its detail).
"""

from __future__ import annotations

from bot.errors import CoderRefused, Later, LinkOffer, Offer, Transient, UserError

SOON = 5.0  # seconds: how often Coder's own command line looks again
UNTIL_MENDED = 60.0  # seconds between tries while an admin has something to mend


class CoderLater(Later, UserError):
    """Coder says not now; people read the reason if it lasts."""

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
        self.after = SOON
        self.status = status
        self.message = message


class Busy(CoderLater):
    """The agent works, or its workspace is still coming up or going down: nothing was sent."""


class BuildActive(CoderLater):
    """A build of the workspace is waiting or running: nothing was done."""


class CoderFailed(Transient, UserError):
    """Coder gave no answer, or none of its own accord; trying again can help."""

    def __init__(
        self,
        name: str,
        title: str,
        cause: str = "",
        step: str = "",
        *,
        status: int = 0,
        message: str = "",
        offers: tuple[Offer | LinkOffer, ...] = (),
    ) -> None:
        UserError.__init__(self, name, title, cause, step, offers)
        self.after = None
        self.ambiguous = False
        self.status = status
        self.message = message


class TokenRefused(CoderFailed):
    """Coder does not accept the bot's token: work waits until an admin has mended it."""


class Unreachable(CoderFailed):
    """Coder does not reach the agent app in the workspace: nothing was sent."""


class NotFound(CoderRefused):
    """It does not exist, or the bot's token may not see it: Coder answers the same on purpose."""


class RouteMissing(CoderRefused):
    """This release of Coder does not have the call."""


class NameTaken(CoderRefused):
    """The owner already has a workspace of this name, perhaps the one that an earlier try made."""


class Paused(CoderRefused):
    """The task is paused: resume it first."""


class NotActive(CoderRefused):
    """The task's state does not allow this."""


class AlreadyRunning(CoderRefused):
    """The workspace runs already: there is nothing to resume."""
