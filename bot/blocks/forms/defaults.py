"""The form for what a person's tasks start from when they say nothing (guide, `modal.defaults`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.elements import Block, context, plain
from bot.blocks.forms import inputs
from bot.blocks.forms.fields import level_field, preset_field, template_field
from bot.models import Level, Preset, Template, View

CALLBACK, TITLE = "defaults", "Your defaults"
_WEEKLY = inputs.option("Weekly message about finished tasks", "weekly", "With buttons to delete them")


@dataclass(frozen=True)
class DefaultsForm:
    """What the form shows. `presets` is None while nobody knows them."""

    form_id: str
    template: Template | None = None
    presets: Sequence[Preset] | None = None
    required: Sequence[str] = ()
    preset: str = ""
    several: bool = False  # organizations
    level: Level | None = None
    clean_up: bool = True

    @property
    def is_waiting(self) -> bool:
        """Whether the presets have to be asked for."""
        return self.template is not None and self.presets is None


def defaults(shown: DefaultsForm) -> View:
    """The form with everything that is known."""
    weekly = inputs.ticks("clean_up", [_WEEKLY], [_WEEKLY] if shown.clean_up else ())
    blocks = [
        *_template(shown),
        level_field(shown.level),
        inputs.field("clean_up", "Direct messages", weekly, optional=True),
        context("how", plain("A channel’s own defaults come first in that channel.")),
    ]
    return inputs.modal(CALLBACK, TITLE, blocks, form_id=shown.form_id, submit="Save")


def _template(shown: DefaultsForm) -> list[Block]:
    if shown.template is None:
        return [template_field()]
    chosen = template_field(shown.template, needs_preset=bool(shown.required), several=shown.several)
    if shown.presets is None:
        return [chosen, context("presets", plain("Loading presets…"))]
    presets = preset_field(shown.template, shown.presets, shown.required, shown.preset)
    return [chosen, *([presets] if presets else [])]
