"""What a form can offer without asking Coder: the templates and presets as they were last seen. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.models import Preset, Template


@dataclass(frozen=True)
class Shelf:
    """Templates that can run tasks; presets and preset-only parameters by template version."""

    templates: tuple[Template, ...]
    versions: Mapping[str, tuple[tuple[Preset, ...], tuple[str, ...]]]

    def template(self, name: str) -> Template | None:
        """The template of this name or id."""
        return next((each for each in self.templates if name in (each.name, each.id)), None)

    def presets(self, template: Template) -> tuple[Preset, ...] | None:
        """The template's presets; None when they are not known yet."""
        found = self.versions.get(template.version_id)
        return found[0] if found else None

    def enough(self, template: Template, preset: Preset | None) -> bool:
        """Whether a task can start with this preset: it sets every parameter that only a preset can set."""
        found = self.versions.get(template.version_id)
        given = {name for name, _ in preset.parameters} if preset else set()
        return found is None or set(found[1]) <= given
