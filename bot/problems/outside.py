"""What Coder's server, Slack's channel or this app itself does not do."""

from __future__ import annotations

from bot.errors import UserError
from bot.problems.words import clock, lead_to, run, said

_CARD_IN_DM = "The card is in your direct messages"


def license() -> UserError:  # noqa: A001 - the name in the catalogue
    """The server's license does not allow agents."""
    return UserError(
        "license",
        "Coder’s license does not include AI tasks",
        "The server refuses new tasks for this reason.",
        "A Coder admin has to change the license.",
    )


def rate_limited(seconds: float) -> UserError:
    """Coder asks to wait; what was asked is done afterwards."""
    cause = f"Coder asks to wait {seconds:.0f} seconds."
    return UserError("rate_limited", "Too many requests at the moment", cause, "Your command is kept and runs then.")


def coder_unreachable(host: str, since: float | None = None, command: str = "") -> UserError:
    """Nothing comes back from Coder; `command` is the person's, to try again."""
    silent = f"has not answered since {clock(since)}" if since is not None else "does not answer"
    return UserError(
        "coder_unreachable",
        "Coder does not answer",
        f"{said(host, 100)} {silent}.",
        "Nothing was changed. Cards catch up by themselves when it is back.",
        run("Try again", command),
    )


def coder_error(message: str, command: str = "") -> UserError:
    """Coder failed inside; `message` is its own message, never its detail."""
    return UserError(
        "coder_error",
        "Coder reported an error",
        f"It says: “{said(message)}”",
        "Try again. If it stays, give a Coder admin the reference.",
        run("Try again", command),
    )


def tasks_off() -> UserError:
    """Coder 2.37 runs without its switch for tasks."""
    return UserError(
        "tasks_off",
        "Coder Tasks is turned off on this server",
        "Coder 2.37 has tasks off by default.",
        "A Coder admin can start the server with CODER_ENABLE_AI_TASKS=true.",
    )


def tasks_removed(version: str) -> UserError:
    """The server is newer than tasks."""
    return UserError(
        "tasks_removed",
        "This Coder server no longer has tasks",
        f"They were removed after version 2.37; this server runs {said(version, 30)}.",
        "An admin of this app can switch it to Coder Agents.",
    )


def version_old(feature: str, needed: str, has: str, step: str = "", command: str = "") -> UserError:
    """The server is too old; `feature` is a plural, such as "Log snapshots of paused tasks". `command` resumes."""
    cause = f"{feature} come with Coder {needed}; this server runs {said(has, 30)}."
    return UserError("version_old", "This needs a newer Coder server", cause, step, run("Resume", command, "primary"))


def not_in_channel(card: str = "") -> UserError:
    """The card could not be posted where it was asked for; `card` is the link to it."""
    return UserError(
        "not_in_channel",
        _CARD_IN_DM,
        "Coder Tasks is not in this channel, so it cannot post or read replies here.",
        "To have cards here, type `/invite @Coder Tasks`.",
        lead_to("Open the card", card),
    )


def no_posting(card: str = "") -> UserError:
    """Slack lets nobody, or not this app, post in the channel; `card` is the link to the card."""
    cause = "Slack does not let Coder Tasks post in this channel."
    step = "Ask a channel manager to allow it."
    return UserError("no_posting", _CARD_IN_DM, cause, step, lead_to("Open the card", card))


def card_refused() -> UserError:
    """Slack will not have the card, wherever it is posted."""
    title, cause = "The task runs, but its card could not be posted", "Slack refused the message."
    return UserError("card_refused", title, cause, "`/coder-task list` shows the task.")


def unexpected(command: str = "") -> UserError:
    """The cause is in this app; `command` is the person's, to try again."""
    return UserError(
        "unexpected",
        "That did not work",
        "The cause is in this app, not in your command.",
        "Try once more. If it stays, give the app’s admin the reference.",
        run("Try again", command),
    )
