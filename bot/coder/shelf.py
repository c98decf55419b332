"""What a form can offer without asking Coder: the templates and presets as they were last seen. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.models import Preset, Template


@dataclass(frozen=True)
class Shelf:
    """Templates that can run tasks; presets and preset-only parameters by template version; what is configured."""

    templates: tuple[Template, ...]
    versions: Mapping[str, tuple[tuple[Preset, ...], tuple[str, ...]]]
    default_template: str = ""
    default_preset: str = ""

    def template(self, name: str) -> Template | None:
        """The template of this name or id."""
        return next((each for each in self.templates if name in (each.name, each.id)), None)

    def usable(self, organizations: Collection[str] | None) -> list[Template]:
        """The templates from which members of these organizations (ids) can start tasks, by title."""
        found = [each for each in self.templates if each.is_of(organizations) and not each.deprecated]
        return sorted(found, key=lambda each: (each.title.casefold(), each.organization))

    def presets(self, template: Template) -> tuple[Preset, ...] | None:
        """The template's presets; None when they are not known yet."""
        found = self.versions.get(template.version_id)
        return found[0] if found else None

    def required(self, template: Template) -> tuple[str, ...]:
        """The template's parameters that only a preset can set, as far as they are known."""
        found = self.versions.get(template.version_id)
        return found[1] if found else ()

    def enough(self, template: Template, preset: Preset | None) -> bool:
        """Whether a task can start with this preset: it sets every parameter that only a preset can set."""
        found = self.versions.get(template.version_id)
        given = {name for name, _ in preset.parameters} if preset else set()
        return found is None or set(found[1]) <= given

    def startable(self, template: Template) -> bool:
        """Whether a task can start from the template at all: with no preset, or with one of its own."""
        presets = self.presets(template)
        return presets is None or any(self.enough(template, each) for each in (None, *presets))
