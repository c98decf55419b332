"""The fields that several forms have: template, preset, prompt, how much the thread is told (guide, section 5.1).

Values of options: `tpl:` and a template's id, `pst:` and a preset's id (`pst:none`: no preset), a level's name.
`bot.listeners.fields` reads what was submitted.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks.elements import Block, Element, actions, button
from bot.blocks.forms.inputs import MOST_OPTIONS, field, live_menu, menu, option, text_input
from bot.blocks.text import duration, said
from bot.models import Level, Preset, Template

PROMPT_PARTS = 4
PART_CHARACTERS = 3_000  # what one field of Slack takes
NO_PRESET = "none"

_PROMPT_EXAMPLE = "Fix the flaky test in tests/login_test.py and open a pull request"
_PROMPT_HINT = "What the agent should do and how you will know it is done. 3,000 characters a field."
_LONGER_HINT = "For still longer prompts, start the task from a message or put the text in the repository."
LEVELS = {
    Level.IMPORTANT: ("Important", "Waiting for input, complete, failed; one mention each"),
    Level.ALL: ("Everything", "Also working, paused, resumed"),
    Level.QUIET: ("Quiet", "The end only, no mentions"),
}


# -- template and preset -----------------------------------------------------------------------------------------------


def template_option(template: Template, *, needs_preset: bool = False, several: bool = False) -> Element:
    """A template in a menu; `several`: there are templates of other organizations beside it."""
    facts = [
        template.name,
        f"organization {template.organization}" if several and template.organization else "",
        "preset required" if needs_preset else "",
        f"usually ready in {_ready(template.usual_start)}" if template.usual_start else "",
    ]
    return option(template.title or template.name, f"tpl:{template.id}", " · ".join(one for one in facts if one))


def template_field(
    chosen: Template | None = None, *, needs_preset: bool = False, several: bool = False, optional: bool = False
) -> Block:
    """The template, asked for at once when it changes: its presets follow it. The menu's entries are asked for too."""
    entry = template_option(chosen, needs_preset=needs_preset, several=several) if chosen else None
    element = live_menu("template", "Choose a template", entry)
    return field("template", "Template", element, optional=optional, dispatches=True)


def preset_field(
    template: Template,
    presets: Sequence[Preset],
    required: Sequence[str] = (),
    chosen: str = "",
) -> Block | None:
    """The template's presets, none where it has none; `chosen` is a preset's name or id, or `none`.

    `required` are the parameters that only a preset can set: then one has to be chosen, and none is beforehand.
    Its id carries the template, so that an old choice never sticks to a new template.
    """
    usable = [one for one in presets if set(required) <= {name for name, _ in one.parameters}]
    if not usable:
        return None
    entries = {one.id: _preset_option(one) for one in usable[: MOST_OPTIONS - 1]}
    if not required:
        entries[NO_PRESET] = option("No preset", f"pst:{NO_PRESET}", "The template’s own defaults")
    first = _first_preset(usable, chosen, needed=bool(required))
    hint = f"This template needs a preset: it sets the parameter “{said(required[0], 60)}”." if required else ""
    element = menu("preset", list(entries.values()), "Choose a preset", entries.get(first))
    return field(f"preset.{template.id}", "Preset", element, hint=hint)


def _first_preset(presets: Sequence[Preset], chosen: str, *, needed: bool) -> str:
    """The id of the preset that is chosen at first; empty when the person has to choose."""
    wanted = next((one.id for one in presets if chosen in (one.id, one.name)), "")
    if wanted or needed:
        return wanted
    default = next((one.id for one in presets if one.is_default), NO_PRESET)
    return NO_PRESET if chosen == NO_PRESET else default


def _preset_option(preset: Preset) -> Element:
    about = preset.description.strip() or _sets([name for name, _ in preset.parameters])
    facts = ["Default"] if preset.is_default else []
    return option(preset.name, f"pst:{preset.id}", " · ".join([*facts, about] if about else facts))


def _sets(names: Sequence[str]) -> str:
    """Which parameters a preset without a description sets; never their values."""
    if len(names) < 2:
        return f"{names[0]} is set" if names else ""
    return f"{', '.join(names[:-1])} and {names[-1]} are set"


def _ready(seconds: float) -> str:
    return duration(seconds) if seconds < 60 else f"{round(seconds / 60)} min"


# -- prompt ------------------------------------------------------------------------------------------------------------


def split_prompt(text: str) -> list[str] | None:
    """The prompt in as many parts as it needs, nothing lost; None when the fields do not hold it."""
    parts: list[str] = []
    while text:
        end = _fits(text)
        parts.append(text[:end])
        text = text[end:]
    return (parts or [""]) if len(parts) <= PROMPT_PARTS else None


def _fits(text: str) -> int:
    """How many characters go into one field: Slack may count those beyond the basic plane twice."""
    room, end = PART_CHARACTERS, 0
    for letter in text[:PART_CHARACTERS]:
        room -= 2 if ord(letter) > 0xFFFF else 1
        if room < 0:
            break
        end += 1
    return end


def prompt_fields(
    parts: Sequence[str] = ("",),
    *,
    hint: str = _PROMPT_HINT,
    label: str = "Prompt",
    optional: bool = False,
    more: bool = True,
) -> list[Block]:
    """The prompt in one field or several, and the button that adds one (`draft.more`), four fields at most."""
    fields = [_part(number, text, len(parts), hint, label, optional=optional) for number, text in enumerate(parts, 1)]
    following = len(parts) + 1
    if not more or following > PROMPT_PARTS:
        return fields
    name = f"Add field {following} for the prompt"
    add = button("draft.more", "Add 3,000 more characters", label=name, value=str(following))
    return [*fields, actions("prompt.more", add)]


def _part(number: int, text: str, count: int, hint: str, label: str, *, optional: bool) -> Block:
    if number == 1:
        element = text_input("prompt", _PROMPT_EXAMPLE, initial=text)
        return field("prompt.1", label, element, hint=hint, optional=optional)
    element = text_input("prompt", f"Goes on where part {number - 1} ends", initial=text)
    last = _LONGER_HINT if number == count and number > 2 else ""
    # Optional, though the guide's sample is not: a part that was added by mistake would hold up the whole form.
    return field(f"prompt.{number}", f"{label}, part {number}", element, hint=last, optional=True)


# -- the rest ----------------------------------------------------------------------------------------------------------


def level_field(chosen: Level | None = None, *, unset: str = "") -> Block:
    """How much of the task becomes messages; `unset` names the entry that leaves it to others, if there is one."""
    entries = {level.value: option(text, level.value, about) for level, (text, about) in LEVELS.items()}
    if unset:
        entries = {"": option(unset, "unset"), **entries}
    first = entries[chosen.value] if chosen else entries.get("", entries[Level.IMPORTANT.value])
    return field("notify", "Notify in the thread", menu("notify", list(entries.values()), chosen=first))


def name_field(name: str = "") -> Block:
    """The task's name."""
    element = text_input("name", "Made from the prompt", longest=32, multiline=False, initial=name)
    hint = "Letters, numbers and hyphens. Unique among your workspaces."
    return field("name", "Name", element, hint=hint, optional=True)


def channel_field(chosen: str = "", *, label: str = "Post the card in") -> Block:
    """A channel or direct message; the current conversation, if none is chosen beforehand."""
    element: Element = {"type": "conversations_select", "action_id": "channel"}
    if chosen:
        element["initial_conversation"] = chosen
    else:
        element["default_to_current_conversation"] = True
    element["placeholder"] = {
        "type": "plain_text",
        "text": "Choose a channel or a direct message",
        "emoji": False,
    }
    element["filter"] = {"include": ["public", "private", "im"], "exclude_bot_users": False}
    return field("channel", label, element, hint="Everyone there can read the prompt and what the agent says.")
