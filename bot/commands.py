"""What people can ask with `/coder-task`, as values: made by the grammar, carried out by the use cases."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from bot.models import CreateRequest, Model, Status

_AGAIN = "again "  # no verb, so that no typed command is taken for it


class Create(Model):
    """Start a task."""

    verb: Literal["create"] = "create"
    request: CreateRequest


class List(Model):
    """List tasks: mine, or with `everyone` all that this app sees."""

    verb: Literal["list"] = "list"
    everyone: bool = False
    status: Status | None = None
    page: int = 1


class Show(Model):
    """Show one task."""

    verb: Literal["status"] = "status"
    task: str


class Logs(Model):
    """Show the end of what the agent, or with `build` the workspace build, wrote."""

    verb: Literal["logs"] = "logs"
    task: str
    build: bool = False
    lines: int = 20


class Send(Model):
    """Send a prompt to a task."""

    verb: Literal["send"] = "send"
    task: str
    text: str


class Delete(Model):
    """Delete a task; without `confirmed` the person is asked first."""

    verb: Literal["delete"] = "delete"
    task: str
    confirmed: bool = False


class Pause(Model):
    """Stop a task's workspace and keep its files."""

    verb: Literal["pause"] = "pause"
    task: str


class Resume(Model):
    """Start a paused task's workspace."""

    verb: Literal["resume"] = "resume"
    task: str


class Retry(Model):
    """Start the workspace again after a failed build, or stop and start an unhealthy one (`restart`)."""

    verb: Literal["retry"] = "retry"
    task: str
    restart: bool = False


class Templates(Model):
    """List the templates that can run tasks."""

    verb: Literal["templates"] = "templates"
    words: str = ""


class Presets(Model):
    """List a template's presets; empty: the default template's."""

    verb: Literal["presets"] = "presets"
    template: str = ""


class WhoAmI(Model):
    """Say which Coder user the person is."""

    verb: Literal["whoami"] = "whoami"


class Help(Model):
    """Explain the commands, or one of them."""

    verb: Literal["help"] = "help"
    topic: str = ""


Command = Annotated[
    Create | List | Show | Logs | Send | Delete | Pause | Resume | Retry | Templates | Presets | WhoAmI | Help,
    Field(discriminator="verb"),
]


class Again(Model):
    """A wish for a task that was refused, once more with something changed: what the buttons of the refusal run."""

    task: str  # our id of the refused one, which keeps the prompt
    changes: dict[str, str]


def again(task_id: str, asked: CreateRequest, changed: CreateRequest) -> str:
    """What a button carries to ask for a refused task again; the prompt is not in it, so it is never too long."""
    old, new = asked.model_dump(mode="json"), changed.model_dump(mode="json")
    wish = Again(task=task_id, changes={name: value for name, value in new.items() if value != old[name]})
    return f"{_AGAIN}{wish.model_dump_json()}"


def typed(text: str) -> str:
    """Text as Slack would deliver it in a command."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def parse_again(text: str) -> Again | None:
    """What `again` made; None for the text of a command."""
    return Again.model_validate_json(text.removeprefix(_AGAIN)) if text.startswith(_AGAIN) else None


COMMAND: TypeAdapter[Command] = TypeAdapter(Command)
