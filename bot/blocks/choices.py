"""What a task can be started from: the lists of templates and of a template's presets."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from bot.blocks.elements import Block, Element, context, plain, rich, section, step, words
from bot.blocks.lists import bullets
from bot.blocks.problems import offer_row
from bot.blocks.size import MESSAGE_BYTES, size
from bot.blocks.text import cut, duration, fallback, plural, said
from bot.errors import Offer
from bot.models import Content, Preset, Template

__all__ = ["preset_list", "template_list"]

_TITLE, _NAME, _DESCRIPTION, _VALUES, _MESSAGE = 60, 60, 200, 400, 120
_ROOM = MESSAGE_BYTES - 1_500  # the heading and the small print take the rest
_SECRET = re.compile(r"token|secret|passw(or)?d|key|credential", re.IGNORECASE)


# -- templates ---------------------------------------------------------------------------------------------------------


def template_list(
    templates: Sequence[Template],
    default: str = "",
    *,
    presets: Mapping[str, int] | None = None,
    required: Collection[str] = (),
    searched: str = "",
) -> Content:
    """The templates that can run tasks; `default` is a template's name.

    `presets` counts them by template id, `required` holds the ids of templates that do not start without one.
    """
    if not templates:
        return _no_templates(searched)
    several = len({template.organization for template in templates}) > 1
    rows = [
        _template(each, default, presets or {}, required=each.id in required, several=several) for each in templates
    ]
    shown = _that_fit(rows)
    more = (
        f"{len(rows) - len(shown)} more: add words to /coder-task templates to find them."
        if len(shown) < len(rows)
        else ""
    )
    example = f"Presets of a template: /coder-task presets {_example(templates, presets or {}, required)}"
    small = context("tpl.how", *[plain(line) for line in (example, more) if line])
    text = ", ".join(_template_in_words(each, default, required=each.id in required) for each in templates)
    return Content(
        fallback(f"{plural(len(templates), 'template')} for tasks: {text}."),
        [rich("tpl.list", section(words("Templates for tasks", bold=True)), bullets(shown)), small],
    )


def _no_templates(searched: str) -> Content:
    none = "No template fits these words." if searched.strip() else "There is no template for tasks."
    step_ = "" if searched.strip() else " Ask a Coder admin to add one or to give you access."
    row = offer_row("tpl.do", Offer("All templates", "templates")) if searched.strip() else []
    return Content(fallback(none + step_), [step("tpl.none", f"*{none}*{step_}"), *row])


def _template(
    template: Template, default: str, presets: Mapping[str, int], *, required: bool, several: bool
) -> Element:
    """**title** `name` · default here, the description, and how it starts."""
    notes = [
        "default here" if template.name == default else "",
        f"organization {said(template.organization, _NAME)}" if several and template.organization else "",
        "deprecated" if template.deprecated else "",
    ]
    count = presets.get(template.id)
    starts = [
        _preset_words(count, required=required) if count is not None else "",
        f"usually ready in {_ready(template.usual_start)}" if template.usual_start else "",
    ]
    facts = _capital(", ".join(part for part in starts if part))
    lines = [said(template.description, _DESCRIPTION), facts]
    after = "".join(f" · {note}" for note in notes if note)
    below = "".join(f"\n{line}" for line in lines if line)
    return section(
        words(said(template.title, _TITLE) or said(template.name, _NAME) or "Untitled", bold=True),
        *([words(" "), words(said(template.name, _NAME), code=True)] if said(template.name, _NAME) else []),
        *([words(after)] if after else []),
        *([words(below)] if below else []),
    )


def _preset_words(count: int, *, required: bool) -> str:
    if required and count:
        return f"preset required, {count} to choose from"
    return plural(count, "preset") if count else "no presets"


def _ready(seconds: float) -> str:
    return duration(seconds) if seconds < 60 else f"{round(seconds / 60)} min"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _template_in_words(template: Template, default: str, *, required: bool) -> str:
    notes = [said(template.name, _NAME)]
    notes += ["default here"] if template.name == default else []
    notes += ["preset required"] if required else []
    return f"{said(template.title, _TITLE)} ({', '.join(notes)})"


def _example(templates: Sequence[Template], presets: Mapping[str, int], required: Collection[str]) -> str:
    """The name of the template whose presets are most worth a look."""
    best = max(templates, key=lambda each: (each.id in required, presets.get(each.id, 0) > 0))
    return said(best.name, _NAME)


# -- presets -----------------------------------------------------------------------------------------------------------


def preset_list(template: Template, presets: Sequence[Preset], *, is_default: bool = True) -> Content:
    """A template's presets with their values; `is_default`: commands take this template without being told."""
    title = said(template.title, _TITLE) or said(template.name, _NAME)
    if not presets:
        none = section(words("No presets.", bold=True), words(f" {title} starts with its own values."))
        return Content(fallback(f"No presets. {title} starts with its own values."), [rich("pst.none", none)])
    shown = _that_fit([_preset(each) for each in presets])
    named = ", ".join(f"{said(each.name, _NAME)}{' (default)' if each.is_default else ''}" for each in presets)
    choose = "" if is_default else f"--template {said(template.name, _NAME)} "
    use = f"Use one: /coder-task create {choose}--preset {_quoted(presets)} …"
    more = f" {len(presets) - len(shown)} more are in Coder." if len(shown) < len(presets) else ""
    small = plain(f"{use} Values of parameters whose name looks secret are hidden.{more}")
    listed = rich("pst.list", section(words(f"Presets of {title}", bold=True)), bullets(shown))
    return Content(
        fallback(f"{plural(len(presets), 'preset')} of {title}: {named}."), [listed, context("pst.how", small)]
    )


def _preset(preset: Preset) -> Element:
    """**name** · description, and the values as code."""
    notes = ["Default."] if preset.is_default else []
    notes += [said(preset.description, _DESCRIPTION)] if preset.description.strip() else []
    values = cut(", ".join(f"{said(name, 80)}={_value(name, value)}" for name, value in preset.parameters), _VALUES)
    about = f" · {' '.join(notes)}" if notes else ""
    after = f"{about}\n" if values else about
    return section(
        words(said(preset.name, _NAME) or "Untitled", bold=True),
        *([words(after)] if after else []),
        *([words(values, code=True)] if values else []),
    )


def _value(name: str, value: str) -> str:
    return "hidden" if _SECRET.search(name) else said(value, 80)


def _quoted(presets: Sequence[Preset]) -> str:
    """The name of a preset that has to be asked for, as it is typed."""
    name = said(next((each for each in presets if not each.is_default), presets[0]).name, _NAME)
    return f'"{name}"' if re.search(r"\s", name) else name


def _that_fit(rows: Sequence[Element]) -> list[Element]:
    """The first rows that fit into one message."""
    made: list[Block] = []
    for row in rows:
        if size([*made, row]) > _ROOM:
            break
        made.append(row)
    return made
