"""Who is asking, and whether they may."""

from __future__ import annotations

from bot.errors import UserError
from bot.problems.words import NOTHING_CREATED, clock, code, lead_to, nearest_is, run, said, use


def no_coder_user(email: str, command: str = "") -> UserError:
    """Nobody at Coder has the person's Slack e-mail; `command` is theirs, to try again."""
    return UserError(
        "no_coder_user",
        "No Coder user has your e-mail",
        f"Your Slack e-mail {code(email)} matches no Coder user.",
        "Ask a Coder admin to create the account with this e-mail, or change the e-mail in your Slack profile.",
        run("Try again", command),
    )


def ambiguous_user(email: str) -> UserError:
    """Several Coder users have the person's Slack e-mail."""
    return UserError(
        "ambiguous_user",
        "More than one Coder user has your e-mail",
        f"Your Slack e-mail {code(email)} matches several Coder users, and a task needs one owner.",
        "Ask a Coder admin to leave this e-mail on one account.",
    )


def no_slack_email() -> UserError:
    """Slack does not tell the person's e-mail."""
    return UserError(
        "no_slack_email",
        "Your Slack e-mail is not known",
        "This app finds your Coder user by e-mail, and Slack gives none for your account.",
        "Add an e-mail to your Slack profile. If it is there, ask a Slack admin to give this app `users:read.email`.",
    )


def suspended(status: str = "suspended") -> UserError:
    """Coder knows the person, and does not let them in."""
    cause = f"Coder reports it as {said(status, 30)}."
    return UserError("suspended", "Your Coder account is not active", cause, "Ask a Coder admin to activate it.")


def guest() -> UserError:
    """Slack guests and people of other organizations start no tasks."""
    return UserError(
        "guest",
        "Guests cannot start tasks",
        "Your Slack account is a guest of this workspace, and its policy is members only.",
        "Ask a member to start the task.",
    )


def not_yours(verb: str, owner: str, url: str = "") -> UserError:
    """The task is another person's, and the asker may not `verb` it; `owner` is the person's name."""
    name = said(owner, 60)
    ask = f"{name.split()[0]}, or a Coder admin for access" if name else "a Coder admin for access"
    cause = f"It belongs to {name or 'somebody else'}, and your Coder account has no access to it."
    return UserError("not_yours", f"You cannot {verb} this task", cause, f"Ask {ask}.", lead_to("Open in Coder", url))


def owner_flag_forbidden() -> UserError:
    """Only Coder's site owners start tasks for others."""
    return UserError(
        "owner_flag_forbidden",
        "You cannot start tasks for others",
        "`--owner` gives the task to another Coder user, and only people with the role Owner in Coder may do that.",
        f"{NOTHING_CREATED} Leave `--owner` out to start the task as yourself.",
    )


def owner_not_found(name: str, near: str = "", command: str = "") -> UserError:
    """`--owner` names no Coder user."""
    title = f"No Coder user is called {code(name)}"
    return UserError("owner_not_found", title, nearest_is(near), NOTHING_CREATED, use(near, command))


def channel_off(by: str, at: float | None) -> UserError:
    """Nobody may start tasks in this channel."""
    when = f" {clock(at)}" if at is not None else ""
    return UserError(
        "channel_off",
        "Tasks are turned off in this channel",
        f"{said(by, 80)} turned them off{when}." if by else "Its settings say so.",
        "Use another channel or a direct message with Coder Tasks.",
    )


def form_expired(command: str = "") -> UserError:
    """Slack gives three seconds for a form to open."""
    return UserError(
        "form_expired",
        "The form did not open in time",
        "Slack gives 3 seconds for it.",
        "" if command else "Open it once more.",
        run("Open the form…", command, "primary") if command else (),
    )
