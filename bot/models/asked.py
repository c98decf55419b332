"""What people ask for, who they are, and where they asked."""

from __future__ import annotations

from enum import StrEnum

from bot.models.model import Model


class Person(Model):
    """A Slack user and the Coder user with the same e-mail."""

    slack_user: str
    slack_name: str
    coder_id: str
    username: str
    name: str
    site_owner: bool = False
    organizations: tuple[str, ...] | None = None  # ids of those they are a member of; None: not asked yet


class Level(StrEnum):
    """How much of a task becomes messages."""

    ALL = "all"
    IMPORTANT = "important"
    QUIET = "quiet"


class Verb(StrEnum):
    """What can be asked of a task's machine."""

    PAUSE = "pause"
    RESUME = "resume"
    RETRY = "retry"
    RESTART = "restart"
    DELETE = "delete"


class Asked(Model):
    """Somebody asked for something that Coder has not shown to be done yet."""

    verb: Verb
    by: str  # Slack user id; empty: the bot itself, for a waiting prompt
    by_name: str
    at: float
    key: str = ""  # of the request: the same when Slack delivers it again
    build: int = 0  # the one that was seen then


class Origin(Model):
    """Where a request came from and where its private answer goes.

    `response_url` is a capability of 30 minutes and 5 uses: kept only until the answer is given, never logged.
    `key` is unique for the request (Slack's trigger), the same when Slack delivers it again.
    """

    key: str
    user: str
    user_name: str
    channel: str
    response_url: str = ""
    thread_ts: str = ""  # answer in this thread


class Place(Model):
    """Where in Slack; `thread_ts` is empty outside of threads, `link` is the message's address if it is known."""

    channel: str
    ts: str = ""
    thread_ts: str = ""
    link: str = ""


class Quote(Model):
    """What somebody wrote in Slack, sent along as background: never an instruction. `at` is Unix seconds."""

    author: str
    text: str
    at: float


class Enclosed(Model):
    """A file that is part of a prompt: its text, or only its link where the agent cannot see into it.

    `is_unread`: nobody has looked into it yet. `url` is where its text is read from, empty for what is certainly none;
    `size` is its length in bytes, as Slack says.
    """

    name: str
    text: str = ""
    link: str = ""
    url: str = ""
    size: int = 0
    is_unread: bool = False


class CreateRequest(Model):
    """What was asked for in a new task; empty means not given.

    `prompt` is in the person's own words; what the agent gets has `quotes` and `files` too (background.full_prompt).
    `place` is where the card goes, the origin's channel if it is None; `source` is the message that the task is about.
    """

    prompt: str
    template: str = ""
    template_version: str = ""
    preset: str = ""
    name: str = ""
    owner: str = ""
    organization: str = ""
    level: Level | None = None
    tell: bool = False  # a direct message to the requester when the task needs input or ends
    place: Place | None = None
    source: Place | None = None
    quotes: tuple[Quote, ...] = ()
    quoting: Place | None = None  # a thread whose messages are still to be read, and quoted
    files: tuple[Enclosed, ...] = ()
