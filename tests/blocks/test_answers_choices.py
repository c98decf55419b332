"""Lists of templates and presets: the samples' looks, hidden values, and Slack's limits."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks import choices
from bot.models import Preset, Template
from tests.blocks.answer_rules import assert_holds, assert_like, buttons, hostile, shown

SECRET = (("cpu", "4"), ("memory", "16"), ("repo", "acme/data"), ("snowflake_token", "t0ps3cret"))
PRESETS = (
    Preset(
        id="p1",
        name="Medium",
        description="4 cores, 8 GB",
        is_default=True,
        parameters=(("cpu", "4"), ("memory", "8"), ("repo", "acme/web")),
    ),
    Preset(
        id="p2",
        name="Large memory",
        description="8 cores, 32 GB",
        parameters=(("cpu", "8"), ("memory", "32"), ("repo", "acme/web")),
    ),
    Preset(id="p3", name="Data tools", description="4 cores, dbt and DuckDB", parameters=SECRET),
)
TEMPLATES = (
    Template(
        id="t1",
        name="claude-code",
        title="Claude Code",
        description="Claude Code on a 4-core workspace with Go, Python and Docker.",
        version_id="v1",
        usual_start=121,
    ),
    Template(
        id="t2",
        name="codex-monorepo",
        title="Codex for the monorepo",
        description="Codex with the monorepo and its build cache.",
        version_id="v2",
        usual_start=235,
    ),
    Template(
        id="t3",
        name="aider-go",
        title="Aider (Go)",
        description="Aider, Go services only.",
        version_id="v3",
        usual_start=61,
    ),
)


def test_look_like_their_samples() -> None:
    """Templates and presets are the samples', without the button that needs a form."""
    templates = choices.template_list(TEMPLATES, "claude-code", presets={"t1": 3, "t2": 2, "t3": 0}, required={"t2"})
    assert_holds(templates)
    # Without its button, the small print of the sample stands in the same place.
    assert_like(templates, "slash.templates", "user.new")
    presets = choices.preset_list(TEMPLATES[0], PRESETS)
    assert_holds(presets)
    assert_like(presets, "slash.presets")
    assert presets.text == "3 presets of Claude Code: Medium (default), Large memory, Data tools."


def test_secret_values_of_presets_are_hidden() -> None:
    """A value whose parameter's name looks secret is never shown."""
    made = choices.preset_list(TEMPLATES[0], PRESETS)
    assert "t0ps3cret" not in str(made)
    assert "snowflake_token=hidden" in shown(made)
    names = ("TOKEN", "clientSecret", "db_password", "passwd", "ssh-key", "AWS_CREDENTIALS")
    preset = Preset(id="p", name="p", parameters=tuple((name, "t0ps3cret") for name in names))
    assert "t0ps3cret" not in str(choices.preset_list(TEMPLATES[0], [preset]))


def test_many_templates_and_presets_fit() -> None:
    """What does not fit is counted, and how to see it is said."""
    templates = [
        Template(id=f"{n}", name=f"{'n' * 40}-{n}", title="標" * 90, description="説" * 500, version_id="v")
        for n in range(60)
    ]
    presets = [Preset(id=f"{n}", name="標" * 90, description="説" * 500, parameters=SECRET * 9) for n in range(60)]
    for made in (choices.template_list(templates, "x"), choices.preset_list(templates[0], presets, is_default=False)):
        assert_holds(made)
        assert " more" in shown(made)


def test_nothing_to_choose_from() -> None:
    """Empty lists say so, and what helps."""
    assert "Ask a Coder admin" in choices.template_list([]).text
    assert buttons(choices.template_list([], searched="go")) == [("All templates", "templates")]
    assert choices.preset_list(TEMPLATES[2], []).text == "No presets. Aider (Go) starts with its own values."


@settings(max_examples=60, deadline=None)
@given(hostile, hostile, st.lists(hostile, max_size=8))
def test_hold_the_rules_with_any_text(one: str, two: str, values: list[str]) -> None:
    """Titles, names, descriptions and values are literal, cut, and without secrets."""
    template = TEMPLATES[0].model_copy(update={"name": one, "title": two, "description": one, "organization": two})
    presets = [Preset(id=each, name=each, description=two, parameters=((one, each), (two, one))) for each in values]
    assert_holds(choices.template_list([template, TEMPLATES[1]], one, presets={"t1": 3}, searched=two))
    assert_holds(choices.preset_list(template, presets, is_default=False))
