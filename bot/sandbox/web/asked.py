"""What the page may ask to have done: one model for each action, so that nothing else gets through."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Asked(BaseModel):
    """What every action says: who does it (a user's id)."""

    model_config = ConfigDict(extra="forbid")

    user: str


class UploadedFile(BaseModel):
    """A text file that goes with a message."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    content: str = Field(max_length=1_000_000)


class Post(Asked):
    """Write a message."""

    channel: str
    text: str = Field(max_length=40_000)
    thread_ts: str | None = None
    files: list[UploadedFile] = []


class OnMessage(Asked):
    """Something done to a message."""

    channel: str
    ts: str


class Edit(OnMessage):
    """Change one's own message."""

    text: str = Field(max_length=40_000)


class React(OnMessage):
    """Add a reaction, or take it back."""

    name: str = Field(pattern=r"^[a-z0-9_+'-]+(::[a-z0-9-]+)?$")


class Command(Asked):
    """A slash command, as typed."""

    channel: str
    text: str = Field(max_length=40_000)


class Place(Asked):
    """Where an element stands: in a message or in a view."""

    channel: str | None = None
    ts: str | None = None
    view: str | None = None


class Click(Place):
    """Press a button, choose from a menu, or change an element that the app hears of."""

    action_id: str
    block_id: str
    value: str | None = None
    selected: Any = None


class Options(Place):
    """Type in an external menu."""

    action_id: str
    block_id: str
    query: str = ""


class Shortcut(Asked):
    """Use a shortcut, on a message or anywhere."""

    callback_id: str
    channel: str | None = None
    ts: str | None = None


class Fill(Asked):
    """What stands in the fields of a form: block_id -> Slack's state value."""

    view: str
    values: dict[str, dict[str, Any]] = {}


class OpenHome(Asked):
    """Look at one of the app's tabs."""

    tab: Literal["home", "messages"] = "home"


class Switching(Asked):
    """Turn one of the sandbox's switches."""

    name: str
    on: bool


class Speed(Asked):
    """Another speed for the local agents."""

    value: float = Field(gt=0, le=1000)
