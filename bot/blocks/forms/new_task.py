"""The form for a new task (guide, sections 5.1 and 5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.blocks.elements import Block, context, plain, quote, rich, section, words
from bot.blocks.forms import inputs
from bot.blocks.forms.fields import (
    channel_field,
    level_field,
    name_field,
    preset_field,
    prompt_fields,
    template_field,
)
from bot.blocks.forms.quoted import OWN_WORDS_HINT, include_field, quoted, small_print
from bot.blocks.text import plural, said
from bot.models import Level, Preset, SourceMessage, SourceThread, Template, View

CALLBACK, TITLE = "new", "New Coder task"

_EXCERPT, _FACTS = 300, 10
_TELL = inputs.option("Also send me a direct message when it needs input or ends", "tell")
_THREAD = inputs.option("This message’s thread", "thread", "The task’s news and its result follow there")
_CHANNEL = inputs.option("A new message in a channel", "channel", "The thread gets a link to it")
_TAKEN = (
    "The thread of this message has a task that has not ended. The card is a new message in the channel, and the"
    " thread gets a link to it."
)


class Thread(StrEnum):
    """Whether the card can go into the thread of the message that the task is about."""

    NONE = "none"
    FREE = "free"
    TAKEN = "taken"


@dataclass(frozen=True)
class NewTask:
    """What the form shows. `presets` is None while nobody knows them; `kept` is a prompt that the fields do not hold.

    `facts` are sentences about what was asked for and has no field.
    """

    form_id: str
    template: Template | None = None
    presets: Sequence[Preset] | None = None
    required: Sequence[str] = ()
    preset: str = ""
    several: bool = False  # organizations
    parts: Sequence[str] = ("",)
    kept: str = ""
    name: str = ""
    level: Level = Level.IMPORTANT
    tell: bool = False
    channel: str = ""
    thread: Thread = Thread.NONE
    message: SourceMessage | None = None
    replies: SourceThread | None = None
    facts: Sequence[str] = field(default_factory=tuple)

    @property
    def is_waiting(self) -> bool:
        """Whether the presets have to be asked for."""
        return self.template is not None and self.presets is None


def new_task(shown: NewTask) -> View:
    """The form with everything that is known; of somebody else's message the prompt comes first."""
    start = [*_template(shown), *_prompt(shown)] if shown.message is None else [*_prompt(shown), *_template(shown)]
    lines = [plain(line) for fact in shown.facts[:_FACTS] if (line := said(fact, _EXCERPT))]
    facts = [context("facts", *lines)] if lines else []
    tell = inputs.ticks("tell", [_TELL], [_TELL] if shown.tell else ())
    rest = [
        name_field(shown.name),
        level_field(shown.level),
        inputs.field("tell", "Direct messages", tell, optional=True),
        *_place(shown),
    ]
    return inputs.modal(CALLBACK, TITLE, [*start, *facts, *rest], form_id=shown.form_id, submit="Start task")


def _template(shown: NewTask) -> list[Block]:
    template = shown.template
    if template is None:
        return [template_field()]
    needs = bool(shown.required)
    chosen = template_field(template, needs_preset=needs, several=shown.several)
    if shown.presets is None:
        return [chosen, context("presets", plain("Loading presets…"))]
    presets = preset_field(template, shown.presets, shown.required, shown.preset)
    if presets is None and needs:
        return [chosen, _unusable(shown.required[0])]
    return [chosen, *([presets] if presets else [])]


def _unusable(parameter: str) -> Block:
    title = words("This template cannot be used for tasks yet.", bold=True)
    why = f" It needs the parameter “{said(parameter, 60)}” and has no preset that sets it. Choose another template."
    return rich("unusable", section(title, words(why)))


def _prompt(shown: NewTask) -> list[Block]:
    message = shown.message
    is_others = message is not None and not message.is_own
    if shown.kept:
        prompt = [_kept(shown.kept), *prompt_fields(shown.parts, label="Added to the prompt", optional=True)]
    elif is_others:
        prompt = prompt_fields(shown.parts, hint=OWN_WORDS_HINT, more=len(shown.parts) > 1)
    else:
        prompt = prompt_fields(shown.parts)
    if message is None:
        return prompt
    include = include_field(message, shown.replies)
    background = [*([quoted(message)] if is_others else []), *([include] if include else [])]
    return [*prompt, *background, *small_print(message, shown.replies)]


def _kept(prompt: str) -> Block:
    """A prompt that is longer than all fields together: it is sent as it is, and more can be added."""
    line = section(words("Prompt", bold=True), words(f", {plural(len(prompt), 'character')}, sent as it is"))
    return rich("kept", line, quote(said(prompt, _EXCERPT) or "…"))


def _place(shown: NewTask) -> list[Block]:
    if shown.thread is Thread.NONE:
        return [channel_field(shown.channel)]
    if shown.thread is Thread.TAKEN:
        return [context("place.taken", plain(_TAKEN)), channel_field(shown.channel)]
    place = inputs.field("place", "Post the card in", inputs.radio("place", [_THREAD, _CHANNEL], _THREAD))
    return [place, channel_field(shown.channel, label="Channel for a new message")]
