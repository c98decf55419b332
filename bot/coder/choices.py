"""Which template and which preset a new task gets. Pure: what there is and what was asked for, in; the choice, out.

`again` makes the person's command with something changed in it, for the buttons of an answer: `again(preset="Small")`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from bot import problems
from bot.models import Preset, Template
from bot.names import nearest

NO_PRESET = "none"  # as in Coder's command line


class Again(Protocol):
    """Makes the person's command again, with fields of their CreateRequest changed."""

    def __call__(self, **changed: str) -> str:
        """The command with the changed fields."""


def choose_template(
    templates: Sequence[Template], asked: str, default: str, again: Again, *, organization: str = ""
) -> Template:
    """The template asked for, else the configured default, else the only one; UserError lists them or says why not.

    Names and titles are compared without case, ids exactly. A default that does not exist counts as none.
    """
    if not templates:
        raise problems.template_none()
    offered = _in_organization(templates, organization, again)
    if asked:
        return _usable(_named(offered, asked) or _no_such(offered, asked, again), again)
    if found := _named(offered, default):
        return _usable(found, again)
    usable = [template for template in offered if not template.deprecated]
    if not usable:
        raise problems.template_none()
    if len(usable) > 1:
        raise problems.template_needed(_commands(usable, again))
    return usable[0]


def choose_preset(
    template: Template,
    presets: Sequence[Preset],
    required: Sequence[str],
    asked: str,
    default: str,
    again: Again,
) -> Preset | None:
    """The preset asked for, else the configured default, else the template's, else none; UserError when one is needed.

    `none` means no preset. `required` are the parameters that only a preset can set. The configured default is for
    the default template: in others, where there is no such preset, it counts as none.
    """
    if asked and asked != NO_PRESET:
        chosen = _preset(presets, asked) or _no_such_preset(template, presets, asked, again)
    elif NO_PRESET in (asked, default):
        chosen = None
    else:
        chosen = _preset(presets, default) or next((preset for preset in presets if preset.is_default), None)
    unset = _unset(chosen, required)
    if unset:
        raise _parameter_unset(template, presets, required, unset, again)
    return chosen


def _in_organization(templates: Sequence[Template], organization: str, again: Again) -> Sequence[Template]:
    if not organization:
        return templates
    found = [template for template in templates if template.organization.casefold() == organization.casefold()]
    if not found:
        near = nearest(organization, {template.organization for template in templates}) or ""
        raise problems.organization_not_found(organization, near, again(organization=near) if near else "")
    return found


def _named(templates: Iterable[Template], name: str) -> list[Template]:
    """The templates of that id or name; only when there are none, those of that title."""
    listed, word = list(templates), name.casefold()
    by_name = [each for each in listed if name == each.id or word == each.name.casefold()]
    return by_name or [each for each in listed if word and word == each.title.casefold()]


def _usable(found: Sequence[Template], again: Again) -> Template:
    """The one template found; UserError for several organizations, or when it is deprecated."""
    if len(found) > 1:
        commands = {each.organization: again(template=each.name, organization=each.organization) for each in found}
        raise problems.organization_needed(found[0].name, commands)
    if found[0].deprecated:
        raise problems.template_deprecated(found[0].title, found[0].deprecated)
    return found[0]


def _no_such(templates: Iterable[Template], asked: str, again: Again) -> list[Template]:
    near = nearest(asked, (template.name for template in templates)) or ""
    raise problems.template_not_found(asked, near, again(template=near) if near else "")


def _commands(templates: Iterable[Template], again: Again) -> dict[str, str]:
    """The command with each template's name; with its organization too, where others have the same name."""
    listed = list(templates)
    names = [template.name for template in listed]
    return {
        template.name: again(template=template.name)
        if names.count(template.name) == 1
        else again(template=template.name, organization=template.organization)
        for template in listed
    }


def _preset(presets: Iterable[Preset], name: str) -> Preset | None:
    """The preset of that id or name, the exact name first."""
    listed, word = list(presets), name.casefold()
    exact = (preset for preset in listed if name in (preset.id, preset.name))
    return next(exact, None) or next((preset for preset in listed if word and word == preset.name.casefold()), None)


def _no_such_preset(template: Template, presets: Iterable[Preset], asked: str, again: Again) -> Preset:
    names = [preset.name for preset in presets]
    near = nearest(asked, names) or ""
    raise problems.preset_not_found(template.name, asked, near, names, again(preset=near) if near else "")


def _unset(preset: Preset | None, required: Iterable[str]) -> list[str]:
    given = {name for name, _ in preset.parameters} if preset else set()
    return [name for name in required if name not in given]


def _parameter_unset(
    template: Template, presets: Iterable[Preset], required: Sequence[str], unset: Sequence[str], again: Again
) -> Exception:
    enough = [preset.name for preset in presets if not _unset(preset, required)]
    if not enough:
        return problems.parameter_no_preset(template.title, unset[0])
    return problems.parameter_required(template.title, unset[0], {name: again(preset=name) for name in enough})
