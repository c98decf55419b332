"""Which template, preset and organization, and what they need. Templates are given by title unless said otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.errors import LinkOffer, Offer, UserError
from bot.problems.words import NOTHING_CREATED, TEMPLATES, choice, code, names_of, nearest_is, run, said, use


def template_needed(commands: Mapping[str, str]) -> UserError:
    """No template was given and none is the default; `commands` are the person's command for each template's name."""
    cause = f"There are {len(commands)} templates for tasks, and this channel has no default."
    return choice("template_needed", "Choose a template", cause, "--template", commands)


def template_not_found(name: str, near: str = "", command: str = "", step: str = NOTHING_CREATED) -> UserError:
    """No template for tasks has the name; `step` is empty where nothing was to be created."""
    title, offers = f"No template is called {code(name)}", (*use(near, command), TEMPLATES)
    return UserError("template_not_found", title, nearest_is(near), step, offers)


def template_none() -> UserError:
    """The person sees no template for tasks."""
    return UserError(
        "template_none",
        "There is no template for tasks",
        "Your Coder account sees no template that supports tasks.",
        "Ask a Coder admin to add one or to give you access.",
    )


def template_deprecated(template: str, words: str = "") -> UserError:
    """The template is deprecated; `words` are its maintainer's, shown as a quote."""
    quoted = said(words, 600)
    cause, step = ("Its maintainer says:", f"> {quoted}") if quoted else ("Coder starts no new tasks from it.", "")
    return UserError("template_deprecated", f"Template {said(template, 60)} is deprecated", cause, step, (TEMPLATES,))


def template_version_not_found(template: str, version: str) -> UserError:
    """`--template-version` names no version of the template."""
    return UserError(
        "template_version_not_found",
        f"Template {said(template, 60)} has no version {code(version)}",
        "",
        f"{NOTHING_CREATED} Leave `--template-version` out for the active version.",
    )


def preset_not_found(
    template: str, name: str, near: str = "", names: Iterable[str] = (), command: str = ""
) -> UserError:
    """The template (by name) has no such preset; `names` are those it has."""
    listed = names_of(names)
    has = f"Its presets are {listed}." if listed else "It has no presets."
    title = f"Template {code(template, 40)} has no preset called {code(name)}"
    offers = (*use(near, command), Offer("Presets", f"presets {template}"))
    return UserError("preset_not_found", title, nearest_is(near) or has, NOTHING_CREATED, offers)


def parameter_required(template: str, parameter: str, commands: Mapping[str, str]) -> UserError:
    """Only a preset can set a required parameter; `commands` are the person's command for each preset's name."""
    cause = f"Template {said(template, 60)} needs the parameter “{said(parameter, 60)}”, and a preset sets it."
    step = "Nothing was created yet; your prompt is kept."
    return choice("parameter_required", "Choose a preset", cause, "--preset", commands, step)


def parameter_no_preset(template: str, parameter: str) -> UserError:
    """A required parameter that nothing can set."""
    which = f"Template {said(template, 60)}" if template else "It"
    return UserError(
        "parameter_no_preset",
        "This template cannot be used for tasks yet",
        f"{which} needs the parameter “{said(parameter, 60)}” and has no preset that sets it.",
        "Ask the template’s maintainer for a preset, or choose another template.",
        (TEMPLATES,),
    )


def organization_needed(template: str, commands: Mapping[str, str]) -> UserError:
    """Several organizations have the template; `commands` are the person's command for each organization's name."""
    cause = f"Template {said(template, 60)} exists in {len(commands)} organizations."
    return choice("organization_needed", "Choose an organization", cause, "--org", commands)


def organization_not_found(name: str, near: str = "", command: str = "") -> UserError:
    """`--org` names no organization."""
    title = f"No organization is called {code(name)}"
    return UserError("organization_not_found", title, nearest_is(near), NOTHING_CREATED, use(near, command))


def external_auth(providers: Iterable[tuple[str, str]], template: str = "", command: str = "") -> UserError:
    """The template works with services as the person, who has not connected them; `providers` are (name, address)."""
    listed = [(said(name, 30), url) for name, url in providers]
    names = said(" and ".join(name for name, _ in listed), 100) or "a service"
    which = f"Template {said(template, 60)}" if template else "This template"
    then = "then use “I have connected it”. Your prompt is kept." if command else "then give the command again."
    return UserError(
        "external_auth",
        f"Connect {names} in Coder first",
        f"{which} works with {names} as you, and your Coder account is not connected.",
        f"Connect it in the browser, {then}",
        (*(LinkOffer(f"Connect {name}", url) for name, url in listed), *run("I have connected it", command)),
    )


def no_permission(organization: str = "") -> UserError:
    """Coder does not let the person create workspaces there."""
    where = f"organization {said(organization, 60)}" if organization else "its organization"
    return UserError(
        "no_permission",
        "Coder does not let you create this workspace",
        f"You can see the template but may not create workspaces in {where}.",
        "Ask a Coder admin for the permission.",
    )
