"""Help: every command has one, and it tells the truth about flags and verbs."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from bot import commands
from bot.blocks.help import TOPICS, help_answer
from bot.listeners.grammar import VERBS, parse
from tests.blocks.answer_rules import assert_holds, buttons, sample, shown

_TYPED = {verb.name for verb in VERBS.values()}
# What `Command` is a union of, as far as it can be typed: the rest stands behind buttons and forms.
COMMANDS = [
    verb
    for command in get_args(get_args(commands.Command)[0])
    if (verb := command.model_fields["verb"].default) in _TYPED
]


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_command_has_its_help(verb: str) -> None:
    """The help of a command begins with how it is written, and the overview names it."""
    made = help_answer(verb)
    assert_holds(made)
    assert made.blocks[0]["elements"][0]["elements"][0]["text"].startswith(f"/coder-task {verb}")
    assert verb in shown(help_answer())


def test_there_is_help_for_nothing_else() -> None:
    """No help for a command that does not exist."""
    assert set(TOPICS) == set(COMMANDS)


@pytest.mark.parametrize("verb", TOPICS)
def test_help_names_the_flags_that_the_grammar_reads(verb: str) -> None:
    """All flags but the one behind the page buttons are explained, and no others."""
    told = set(re.findall(r"--([a-z-]+)", " ".join(TOPICS[verb].lines)))
    assert told == {flag.name for flag in VERBS[verb].flags} - {"page"}


@pytest.mark.parametrize("verb", [verb for verb, topic in TOPICS.items() if topic.example])
def test_examples_are_commands(verb: str) -> None:
    """What the help shows as an example can be typed."""
    assert parse(TOPICS[verb].example.removeprefix("/coder-task ")).verb == verb


def test_overview_offers_what_can_be_run() -> None:
    """The overview fits, and its buttons are commands; something unknown gets the overview."""
    made = help_answer()
    assert_holds(made)
    for _, command in buttons(made):
        parse(command)
    assert help_answer("brew") == made


def test_create_explains_what_the_sample_explains() -> None:
    """The lines of the sample are all there, in their order."""
    expected = sample("slash.help_create")
    if expected is None:
        return
    made, wanted = help_answer("create").blocks[0]["elements"], expected[1][0]["elements"]
    assert [each for each in made[1]["elements"] if each in wanted[1]["elements"]] == wanted[1]["elements"]
    assert [made[0], *made[2:]] == [wanted[0], *wanted[2:]]
