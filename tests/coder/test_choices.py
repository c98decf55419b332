"""Which template and preset a task gets: the rule as tables, without a server."""

from __future__ import annotations

import pytest

from bot.coder.choices import choose_preset, choose_template
from bot.errors import Offer, UserError
from bot.models import Preset, Template


def template(name: str, title: str = "", *, organization: str = "default", deprecated: str = "") -> Template:
    """A template; its id is its organization and name."""
    return Template(
        id=f"id-{organization}-{name}",
        name=name,
        title=title or name,
        version_id=f"v-{name}",
        organization=organization,
        deprecated=deprecated,
    )


def again(**changed: str) -> str:
    """The person's command, as far as it changed."""
    return " ".join(f"{name}={value}" for name, value in sorted(changed.items()))


WEB, API = template("web", "Web shop"), template("api")
OLD = template("old", deprecated="Use web.")
OTHER_WEB = template("web", organization="platform")


@pytest.mark.parametrize(
    ("templates", "asked", "default", "organization", "chosen"),
    [
        pytest.param([WEB, API], "api", "web", "", API, id="the flag before the default"),
        pytest.param([WEB, API], "API", "", "", API, id="names without case"),
        pytest.param([WEB, API], "web shop", "", "", WEB, id="titles"),
        pytest.param([WEB, API], "id-default-web", "", "", WEB, id="ids"),
        pytest.param([template("x", "api"), API], "api", "", "", API, id="a name before a title"),
        pytest.param([WEB, API], "", "api", "", API, id="the default"),
        pytest.param([WEB], "", "", "", WEB, id="the only one"),
        pytest.param([WEB, OLD], "", "", "", WEB, id="the only one that is not deprecated"),
        pytest.param([WEB], "", "missing", "", WEB, id="a default that does not exist"),
        pytest.param([WEB, OTHER_WEB], "web", "", "platform", OTHER_WEB, id="the organization's"),
        pytest.param([API, OTHER_WEB], "", "", "Platform", OTHER_WEB, id="the only one of the organization"),
    ],
)
def test_a_template_is_chosen(
    templates: list[Template], asked: str, default: str, organization: str, chosen: Template
) -> None:
    """Flag, else configured default, else the only one."""
    assert choose_template(templates, asked, default, again, organization=organization) == chosen


@pytest.mark.parametrize(
    ("templates", "asked", "default", "organization", "name", "offers"),
    [
        pytest.param(
            [WEB, API],
            "",
            "",
            "",
            "template_needed",
            (Offer("Use web", "template=web"), Offer("Use api", "template=api")),
            id="several",
        ),
        pytest.param([], "web", "web", "", "template_none", (), id="none at all"),
        pytest.param([OLD], "", "", "", "template_none", (), id="only deprecated ones"),
        pytest.param(
            [WEB, API],
            "wbe",
            "",
            "",
            "template_not_found",
            (Offer("Use web", "template=web", "primary"), Offer("Templates", "templates")),
            id="near",
        ),
        pytest.param(
            [WEB], "kubernetes", "", "", "template_not_found", (Offer("Templates", "templates"),), id="far from all"
        ),
        pytest.param([OLD, WEB], "old", "", "", "template_deprecated", None, id="asked for and deprecated"),
        pytest.param([OLD, WEB], "", "old", "", "template_deprecated", None, id="default and deprecated"),
        pytest.param(
            [WEB, OTHER_WEB],
            "web",
            "",
            "",
            "organization_needed",
            (
                Offer("Use default", "organization=default template=web"),
                Offer("Use platform", "organization=platform template=web"),
            ),
            id="in two organizations",
        ),
        pytest.param(
            [WEB, OTHER_WEB],
            "web",
            "",
            "platfrom",
            "organization_not_found",
            (Offer("Use platform", "organization=platform", "primary"),),
            id="unknown organization",
        ),
    ],
)
def test_a_template_cannot_be_chosen(
    templates: list[Template],
    asked: str,
    default: str,
    organization: str,
    name: str,
    offers: tuple[Offer, ...] | None,
) -> None:
    """The answer says why, and offers the command with each choice."""
    with pytest.raises(UserError) as raised:
        choose_template(templates, asked, default, again, organization=organization)
    assert raised.value.name == name
    assert offers is None or raised.value.offers == offers


SMALL = Preset(id="p1", name="Small", parameters=(("cpu", "2"),))
LARGE = Preset(id="p2", name="Large", is_default=True, parameters=(("cpu", "8"),))
REPO = Preset(id="p3", name="Repo", parameters=(("repo", "shop"),))


@pytest.mark.parametrize(
    ("presets", "required", "asked", "default", "chosen"),
    [
        pytest.param([SMALL, LARGE], [], "Small", "Large", SMALL, id="the flag"),
        pytest.param([SMALL, LARGE], [], "small", "", SMALL, id="without case"),
        pytest.param([SMALL, LARGE], [], "p1", "", SMALL, id="by id"),
        pytest.param([SMALL, LARGE], [], "none", "Small", None, id="the flag says none"),
        pytest.param([SMALL, LARGE], [], "", "Small", SMALL, id="the configured default"),
        pytest.param([SMALL, LARGE], [], "", "none", None, id="the configured default says none"),
        pytest.param([SMALL, LARGE], [], "Small", "none", SMALL, id="the flag against a configured none"),
        pytest.param([SMALL, LARGE], [], "", "missing", LARGE, id="a configured default of another template"),
        pytest.param([SMALL, LARGE], [], "", "", LARGE, id="the template's default"),
        pytest.param([SMALL], [], "", "", None, id="none is needed"),
        pytest.param([], [], "", "", None, id="there are none"),
        pytest.param([REPO, LARGE], ["cpu"], "", "", LARGE, id="the default sets what is required"),
    ],
)
def test_a_preset_is_chosen(
    presets: list[Preset], required: list[str], asked: str, default: str, chosen: Preset | None
) -> None:
    """Flag, else configured default, else the template's default, else none where none is needed."""
    assert choose_preset(WEB, presets, required, asked, default, again) == chosen


@pytest.mark.parametrize(
    ("presets", "required", "asked", "name", "offers"),
    [
        pytest.param(
            [SMALL, LARGE],
            [],
            "Smal",
            "preset_not_found",
            (Offer("Use Small", "preset=Small", "primary"), Offer("Presets", "presets web")),
            id="near",
        ),
        pytest.param([SMALL], [], "NONE", "preset_not_found", None, id="none is exact"),
        pytest.param(
            [REPO, SMALL],
            ["repo"],
            "",
            "parameter_required",
            (Offer("Use Repo", "preset=Repo"),),
            id="a preset is needed",
        ),
        pytest.param([REPO], ["repo"], "none", "parameter_required", None, id="none, though one is needed"),
        pytest.param([REPO, SMALL], ["repo"], "Small", "parameter_required", None, id="one that does not set it"),
        pytest.param([SMALL], ["repo"], "", "parameter_no_preset", None, id="no preset sets it"),
        pytest.param([], ["repo"], "", "parameter_no_preset", None, id="no presets"),
    ],
)
def test_a_preset_cannot_be_chosen(
    presets: list[Preset], required: list[str], asked: str, name: str, offers: tuple[Offer, ...] | None
) -> None:
    """The answer says which parameter needs one, and offers only presets that set it."""
    with pytest.raises(UserError) as raised:
        choose_preset(WEB, presets, required, asked, "", again)
    assert raised.value.name == name
    assert offers is None or raised.value.offers == offers
