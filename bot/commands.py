"""What people can ask with `/coder-task`, as values: made by the grammar, carried out by the use cases."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from bot.models import CreateRequest, Enclosed, Level, Model, Place, Quote, Status

_AGAIN = "again "  # no verb, so that no typed command is taken for it
_OPEN = "open "
_FORM, _TASK = "form ", "task "

# What a list can be limited to: the stages of the Home tab.
STATES = ("waiting", "attention", "working", "starting", "paused", "complete")
# What a channel can be told of tasks that it watches.
EVENTS = ("created", "waiting", "complete", "failed", "error")


class Create(Model):
    """Start a task."""

    verb: Literal["create"] = "create"
    request: CreateRequest


class New(Model):
    """Open the form for a new task, filled in with what is known: a request, or what another task was asked for.

    `task` is Coder's id of that one; `form` is our id of a form that did not open, to open it once more.
    """

    verb: Literal["new"] = "new"
    request: CreateRequest = CreateRequest(prompt="")
    task: str = ""
    form: str = ""


class Batch(Model):
    """Open the form for several tasks at once; the request's prompt is what stands in the prompts' field at first."""

    verb: Literal["batch"] = "batch"
    request: CreateRequest = CreateRequest(prompt="")


class List(Model):
    """List tasks: mine, or with `everyone` all that this app sees."""

    verb: Literal["list"] = "list"
    everyone: bool = False
    status: Status | None = None
    state: str = ""  # one of STATES
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
    """Send a prompt to a task.

    `message` is the message of Slack's that is the prompt, if one is, with its `files`. `source` is the message that
    the prompt is about; `quotes` from there go along as background.
    """

    verb: Literal["send"] = "send"
    task: str
    text: str
    message: Place | None = None
    files: tuple[Enclosed, ...] = ()
    source: Place | None = None
    quotes: tuple[Quote, ...] = ()


class Write(Model):
    """Open the form for a prompt to a task, named as somebody has typed it."""

    verb: Literal["write"] = "write"
    task: str


class Notify(Model):
    """Say how much of a task becomes messages; None: as it is."""

    verb: Literal["notify"] = "notify"
    task: str
    level: Level
    mention: bool
    tell: bool | None = None


class Steer(Model):
    """Say who steers a task: `everyone` in its thread who has a Coder account, or its owner only."""

    verb: Literal["steer"] = "steer"
    task: str
    everyone: bool


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


class Follow(Model):
    """Show a task that was started elsewhere in this channel, with a card and a thread of its own."""

    verb: Literal["follow"] = "follow"
    task: str


class Unfollow(Model):
    """Let a task's card in this channel be as it is from now on."""

    verb: Literal["unfollow"] = "unfollow"
    task: str


class Watch(Model):
    """Tell this channel of tasks that nobody started from Slack; what is empty is not asked for."""

    verb: Literal["watch"] = "watch"
    owner: str = ""  # a Coder user name, `@` and a Slack id, `me` or `all`
    template: str = ""
    events: tuple[str, ...] = ()


class Watches(Model):
    """Say what this channel watches."""

    verb: Literal["watches"] = "watches"


class Unwatch(Model):
    """Tell this channel of no tasks any more."""

    verb: Literal["unwatch"] = "unwatch"


class Settings(Model):
    """Show what holds in this channel."""

    verb: Literal["settings"] = "settings"


class SetLevel(Model):
    """Set how much the thread of a card is told; what `!quiet` and its like do there."""

    verb: Literal["level"] = "level"
    task: str
    card: str
    level: Level


class WhoAmI(Model):
    """Say which Coder user the person is."""

    verb: Literal["whoami"] = "whoami"


class Help(Model):
    """Explain the commands, or one of them."""

    verb: Literal["help"] = "help"
    topic: str = ""


Command = Annotated[
    Create
    | New
    | Batch
    | List
    | Show
    | Logs
    | Send
    | Write
    | Notify
    | Steer
    | Delete
    | Pause
    | Resume
    | Retry
    | Follow
    | Unfollow
    | Watch
    | Watches
    | Unwatch
    | Settings
    | Templates
    | Presets
    | WhoAmI
    | SetLevel
    | Help,
    Field(discriminator="verb"),
]


class Meant(Model):
    """What somebody asks of the bot in a message: a command, or what they read at once because it is none.

    `unsure`: a task starts only when they say so.
    """

    command: Command | None = None
    text: str = ""
    blocks: list[dict[str, Any]] = Field(default_factory=list)
    unsure: bool = False


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


def in_form(command: str) -> str:
    """What a button carries to open the form for a `create` or an `again`, instead of carrying it out."""
    return f"{_OPEN}{command}"


def parse_in_form(text: str) -> str | None:
    """What was given to `in_form`; None for another text."""
    return text.removeprefix(_OPEN) if text.startswith(_OPEN) else None


def form_again(form_id: str) -> str:
    """What a button carries to open a form that did not open in time."""
    return f"{_OPEN}{_FORM}{form_id}"


def run_again(coder_id: str) -> str:
    """What a button carries to open the form with what a task (Coder's id) was asked for."""
    return f"{_OPEN}{_TASK}{coder_id}"


def parse_form(text: str) -> New | None:
    """What `form_again` or `run_again` meant; None for another text. The text is what `parse_in_form` gave."""
    if text.startswith(_FORM):
        return New(form=text.removeprefix(_FORM))
    return New(task=text.removeprefix(_TASK)) if text.startswith(_TASK) else None


COMMAND: TypeAdapter[Command] = TypeAdapter(Command)
