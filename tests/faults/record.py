"""What was asked and done in a schedule, as the oracle must know it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from bot.sandbox.slack.records import Channel, User


@dataclass
class Typed:
    """A command that somebody typed; `url` is the id of its answer address, `trigger` of its trigger."""

    text: str
    user: User
    channel: Channel
    at: float
    accepted: bool | None = None  # None: nobody knows yet
    url: str = ""
    trigger: str = ""

    @property
    def verb(self) -> str:
        """The first word."""
        return next(iter(self.text.split()), "")


@dataclass
class Wish:
    """A task that somebody asked for: by command or form, by the message with the `ts`, or as one of a batch."""

    prompt: str
    typed: Typed
    hopeless: bool = False  # Coder has no such template, or the person has no account
    ts: str = ""
    batch: bool = False


@dataclass
class Asked:
    """A batch that somebody asked for."""

    prompts: list[str]
    channel: Channel
    title: str


@dataclass
class Word:
    """A command that somebody wrote into a thread; `builds` is how many there had been of its task."""

    verb: str
    user: User
    channel: Channel
    root: str
    ts: str
    task: str
    builds: int


@dataclass
class Watching:
    """That a channel shall hear of tasks that nobody started from Slack, or not any more."""

    channel: Channel
    typed: Typed
    at: float
    on: bool


@dataclass
class Line:
    """A message that somebody wrote in a task's thread; `texts` are its versions, `by_owner` whether it is a prompt."""

    texts: list[str]
    user: User
    channel: Channel
    ts: str
    task: str
    at: float
    by_owner: bool
    deleted: bool = False


@dataclass
class Sent:
    """The words of a send command."""

    text: str
    task: str
    typed: Typed


@dataclass
class Wanted:
    """What was asked of a task's machine: by command or by a click. `typed` is None for a click."""

    verb: str
    task: str
    at: float
    typed: Typed | None = None


@dataclass
class Said:
    """What an agent reported, in words that nobody else uses."""

    text: str
    task: str
    state: str


@dataclass
class Record:
    """Everything that was asked and done, and what the oracle must know of it."""

    wishes: list[Wish] = field(default_factory=list)
    typed: list[Typed] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    batches: list[Asked] = field(default_factory=list)
    watching: list[Watching] = field(default_factory=list)
    elsewhere: dict[str, float] = field(default_factory=dict)  # prompts of tasks started in Coder, and when
    pressed_prompts: list[tuple[str, int]] = field(default_factory=list)  # the button's name, the prompt's id
    rough: set[str] = field(default_factory=set)  # channels in which the bot could not write for a time
    filled: set[str] = field(default_factory=set)  # forms that somebody has filled in
    torn: set[str] = field(default_factory=set)  # tasks whose card somebody deleted, or whose edit window closed
    story: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def tell(self, text: str) -> None:
        """Write down what happens, and when."""
        self.story.append(f"{time.monotonic() - self.began:7.3f}  {text}")
