"""What a channel shows, and who may change that."""

from __future__ import annotations

from bot.errors import UserError
from bot.problems.words import code


def not_here() -> UserError:
    """The app is not in the channel that should show something."""
    return UserError(
        "not_in_channel",
        "Coder Tasks is not in this channel",
        "So it cannot post or read replies here.",
        "Type `/invite @Coder Tasks`, then try again.",
    )


def not_posted() -> UserError:
    """Slack does not let the app post a card where it was asked for."""
    return UserError(
        "no_posting",
        "The card could not be posted",
        "Slack does not let Coder Tasks post in this channel.",
        "Ask a channel manager to allow it, then try again.",
    )


def only_own_tasks() -> UserError:
    """Somebody without the role Owner wants a channel to watch others' tasks."""
    return UserError(
        "only_own_tasks",
        "You can only watch your own tasks",
        "A channel is shown what the person who sets it may see, and only people with the role Owner in Coder see"
        " everybody’s tasks.",
        "`watch --owner me` shows yours.",
    )


def not_followed(name: str) -> UserError:
    """The task has no card in this channel."""
    return UserError(
        "not_followed",
        f"{code(name)} has no card in this channel",
        "There is nothing to stop.",
    )


def not_your_settings() -> UserError:
    """Only some people change what holds in a channel."""
    return UserError(
        "not_your_settings",
        "You cannot change the settings of this channel",
        "Slack workspace admins and owners can, and whoever made the channel.",
        "`settings` shows what holds here.",
    )
