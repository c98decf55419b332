"""The form for a batch, and the preview before anything starts (guide, section 5.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.blocks.elements import Block, Element, context, plain, rich, section, words
from bot.blocks.forms import inputs
from bot.blocks.forms.fields import NO_PRESET, PART_CHARACTERS, preset_field, template_field
from bot.blocks.text import plural, said
from bot.models import Preset, Template, View

CALLBACK, TITLE = "batch", "New batch"
START = "batch_start"
TITLE_CHARACTERS, PREFIX_CHARACTERS = 60, 1_000

_PROMPTS_EXAMPLE = "Bump Go to 1.25 in payments-api\nBump Go to 1.25 in ledger"
_ROW, _NAME, _CHOICE = 60, 64, 60
_OPTIONS = {
    "dm": inputs.option("In my direct messages", "dm", "This channel gets one summary"),
    "channel": inputs.option("In this channel", "channel", "One message per task"),
}


@dataclass(frozen=True)
class BatchForm:
    """What the form shows. `presets` is None while nobody knows them, `count` how many prompts there are.

    `in_channel`: it was opened in a channel, where cards can go.
    """

    form_id: str
    limit: int
    template: Template | None = None
    presets: Sequence[Preset] | None = None
    required: Sequence[str] = ()
    preset: str = ""
    several: bool = False  # organizations
    prompts: str = ""
    count: int = 0
    in_channel: bool = True

    @property
    def is_waiting(self) -> bool:
        """Whether the presets have to be asked for."""
        return self.template is not None and self.presets is None


@dataclass(frozen=True)
class Preview:
    """What is about to start: the prompts with the names of their tasks, and what is worth a word about them."""

    form_id: str
    template: str
    preset: str
    lines: Sequence[tuple[str, str]]
    notes: Sequence[str] = field(default_factory=tuple)


def batch(shown: BatchForm) -> View:
    """The form with everything that is known."""
    blocks = [*_template(shown), _prompts(shown), *_count(shown), _prefix(), _title(shown), *_cards(shown)]
    return inputs.modal(CALLBACK, TITLE, blocks, form_id=shown.form_id, submit="Preview")


def _template(shown: BatchForm) -> list[Block]:
    if shown.template is None:
        return [template_field()]
    chosen = template_field(shown.template, needs_preset=bool(shown.required), several=shown.several)
    if shown.presets is None:
        return [chosen, context("presets", plain("Loading presets…"))]
    presets = preset_field(shown.template, shown.presets, shown.required, shown.preset)
    return [chosen, *([presets] if presets else [])]


def _prompts(shown: BatchForm) -> Block:
    element = inputs.text_input("prompts", _PROMPTS_EXAMPLE, longest=PART_CHARACTERS, initial=shown.prompts)
    element["dispatch_action_config"] = {"trigger_actions_on": ["on_character_entered"]}
    hint = (
        f"{shown.limit} lines at most. Nothing starts before the preview."
        " For prompts of several lines put a line of --- between them."
    )
    return inputs.field("prompts", "Prompts, one per line", element, hint=hint, dispatches=True)


def _count(shown: BatchForm) -> list[Block]:
    """How many tasks there will be, while it is typed."""
    if not shown.count:
        return []
    count = plural(shown.count, "task")
    over = f": {shown.count - shown.limit} more than start at a time" if shown.count > shown.limit else ""
    return [context("count", plain(f"{count}{over}"))]


def _prefix() -> Block:
    example = "You are in the monorepo. Open one pull request."
    element = inputs.text_input("prefix", example, longest=PREFIX_CHARACTERS)
    return inputs.field("prefix", "Added in front of every prompt", element, optional=True)


def _title(shown: BatchForm) -> Block:
    del shown
    element = inputs.text_input("title", "Bump Go to 1.25", longest=TITLE_CHARACTERS, multiline=False)
    return inputs.field("title", "Batch title", element)


def _cards(shown: BatchForm) -> list[Block]:
    """Where the tasks' cards go; without a channel there are only the direct messages."""
    if not shown.in_channel:
        return [context("cards", plain("The summary and the cards go to your direct messages."))]
    return [inputs.field("cards", "Task cards", inputs.radio("cards", list(_OPTIONS.values()), _OPTIONS["dm"]))]


# -- preview -----------------------------------------------------------------------------------------------------------


def preview(shown: Preview) -> View:
    """What is about to start, line by line."""
    count = plural(len(shown.lines), "task")
    how = "Each task starts its own workspace; they start 3 at a time."
    head = section(words(f"{_choice(shown)}. {how}"))
    rows = [_row(prompt, name) for prompt, name in shown.lines]
    listed: Element = {"type": "rich_text_list", "style": "ordered", "indent": 0, "elements": rows}
    notes = said(" ".join(shown.notes), 2_000)
    small = [context("notes", plain(notes))] if notes else []
    return inputs.modal(
        START,
        f"Start {count}?",
        [rich("list", head, listed), *small],
        form_id=shown.form_id,
        submit=f"Start {count}",
        close="Back",
    )


def _choice(shown: Preview) -> str:
    template = said(shown.template, _CHOICE) or "The default template"
    if shown.preset == NO_PRESET:
        return f"{template}, no preset"
    return f"{template}, preset {said(shown.preset, _CHOICE)}" if shown.preset.strip() else template


def _row(prompt: str, name: str) -> Element:
    return section(words(said(prompt, _ROW) or "…"), words(f" · {said(name, _NAME)}"))
