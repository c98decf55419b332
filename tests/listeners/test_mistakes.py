"""What `/coder-task` says when it does not understand."""

from __future__ import annotations

import pytest

from bot.errors import Offer, UserError
from bot.listeners.grammar import parse

LIST, HELP = Offer("My tasks", "list"), Offer("Help", "help")
HELP_CREATE = Offer("Help", "help create")
START = "If you meant to start a task with these words, use the button."
WHICH = "A task is its name, `owner/name`, its id or its address in Coder."
NEEDS = "Nothing was created. Write its value after it; a value with spaces needs quotes."
FIRST = "Nothing was created. Flags come before the prompt; a prompt that starts with two hyphens needs `--` in front."


def mistake(text: str) -> UserError:
    """The error that a text gives."""
    with pytest.raises(UserError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "name", "title", "cause", "step", "offers"),
    [
        (
            "lsit",
            *("unknown_command", "`lsit` is not a command", "The nearest is `list`.", ""),
            (Offer("Run list", "list", "primary"), HELP),
        ),
        (
            "lsit --all &amp; x",
            *("unknown_command", "`lsit` is not a command", "The nearest is `list`.", ""),
            (Offer("Run list", "list --all &amp; x", "primary"), Offer("Start task", "create -- lsit --all &amp; x")),
        ),
        ("rn", "unknown_command", "`rn` is not a command", "The nearest is `delete`.", "", None),
        ("foo", "unknown_command", "`foo` is not a command", "", "`help` lists the commands.", (HELP,)),
        ("a`b", "unknown_command", "`a'b` is not a command", "", "`help` lists the commands.", (HELP,)),
        (
            "--template web Fix it",
            *("unknown_command", "`--template` is not a command", ""),
            "A command starts with its verb, such as `create`.",
            (Offer("Run create", "create --template web Fix it", "primary"), HELP),
        ),
        (
            "fix the flaky\nlogin &amp; test",
            *("create_ask", "Start a task with this prompt?", "fix the flaky login & test"),
            "`create` in front of it starts without asking.",
            (
                Offer("Start task", "create -- fix the flaky\nlogin &amp; test", "primary"),
                Offer("Edit first…", "open create -- fix the flaky\nlogin &amp; test"),
            ),
        ),
        (
            "show fix-login",
            *("create_ask", "Start a task with this prompt?", "show fix-login"),
            *("`create` in front of it starts without asking.", None),
        ),
        (
            "pause the login task",
            *("not_a_task_name", "No task is called `the login task`", "“pause” pauses an existing task.", START),
            (Offer("Start task", "create -- pause the login task", "primary"), LIST),
        ),
        (
            "list paused",
            *("not_a_task_name", "`list` takes no such words"),
            *("It is used as `list [--all] [--status STATUS] [--state STATE] [--page N]`.", START),
            (
                Offer("Start task", "create -- list paused", "primary"),
                Offer("Run list --status paused", "list --status paused"),
            ),
        ),
        ("whoami then", "not_a_task_name", "`whoami` takes no such words", "It is used as `whoami`.", START, None),
        ("help me fix", "not_a_task_name", "`help` takes no such words", "It is used as `help [VERB]`.", START, None),
        (
            "help lgos",
            *("unknown_command", "`lgos` is not a command", "The nearest is `logs`.", ""),
            (Offer("Help logs", "help logs", "primary"),),
        ),
        ("help foo", "unknown_command", "`foo` is not a command", "", "`help` lists the commands.", (HELP,)),
        ("status", "pick_task", "Which task?", "`status` needs one: `status TASK`.", WHICH, (LIST,)),
        ("logs", "pick_task", "Which task?", "`logs` needs one: `logs TASK [--build] [--lines N]`.", WHICH, (LIST,)),
        ("rm --yes", "pick_task", "Which task?", "`delete` needs one: `delete TASK [--yes]`.", WHICH, (LIST,)),
        ("send", "pick_task", "Which task?", "`send` needs one: `send TASK TEXT`.", WHICH, (LIST,)),
        ('pause ""', "pick_task", "Which task?", "`pause` needs one: `pause TASK`.", WHICH, (LIST,)),
        (
            "create --tempate=web Fix it",
            *("bad_flag", "`--tempate` is not a flag of create", "The nearest is `--template`.", FIRST),
            (
                Offer("Use --template", "create --template=web Fix it", "primary"),
                Offer("Open the form…", "open create -- --tempate=web Fix it"),
                HELP_CREATE,
            ),
        ),
        (
            "create -x &lt; y",
            *("bad_flag", "`-x` is not a flag of create"),
            "Its flags are `--template`, `--template-version`, `--preset`, `--name`, `--owner`, `--org`, `--notify`.",
            FIRST.replace("two hyphens", "a hyphen"),
            (
                Offer("Take it as the prompt", "create -- -x &lt; y"),
                Offer("Open the form…", "open create -- -x &lt; y"),
                HELP_CREATE,
            ),
        ),
        (
            "delete fix-login —yse",
            *("bad_flag", "`--yse` is not a flag of delete", "The nearest is `--yes`.", "Nothing was changed."),
            (Offer("Use --yes", "delete fix-login --yes", "primary"), Offer("Help", "help delete")),
        ),
        ("status x --all", "bad_flag", "`--all` is not a flag of status", "It has no flags.", "", None),
        (
            "create -t a --template b Fix it",
            *("bad_flag", "`--template` is given twice", "It takes one value."),
            *("Nothing was created. Give it once.", ()),
        ),
        ("create --name", "bad_flag", "`--name` needs a value", "It is used as `--name NAME`.", NEEDS, ()),
        ("create --name= Fix it", "bad_flag", "`--name` needs a value", None, NEEDS, ()),
        ('create --name "" Fix it', "bad_flag", "`--name` needs a value", None, NEEDS, ()),
        ("create --name\nFix it", "bad_flag", "`--name` needs a value", None, NEEDS, ()),
        ("create --name --preset x Fix it", "bad_flag", "`--name` needs a value", None, NEEDS, ()),
        (
            "list --all=yes --status paused",
            *("bad_flag", "`--all` takes no value", "", "Write it without one."),
            (Offer("Use --all", "list --all --status paused", "primary"),),
        ),
        (
            "list --status actve --all",
            *("bad_flag", "`--status` cannot be `actve`", "The nearest is `active`.", ""),
            (Offer("Use active", "list --status active --all", "primary"),),
        ),
        (
            "list --status sleeping",
            *("bad_flag", "`--status` cannot be `sleeping`"),
            "It can be `pending`, `initializing`, `active`, `paused`, `error` or `unknown`.",
            *("", ()),
        ),
        (
            "create --notify quite Fix it",
            *("bad_flag", "`--notify` cannot be `quite`", "The nearest is `quiet`.", "Nothing was created."),
            (Offer("Use quiet", "create --notify quiet Fix it", "primary"),),
        ),
        ("logs x --lines 51", "bad_flag", "`--lines` cannot be `51`", None, "", None),
        ("logs x --lines ten", "bad_flag", "`--lines` cannot be `ten`", "It is a number from 1 to 50.", "", ()),
        ("logs x --lines 0", "bad_flag", "`--lines` cannot be `0`", "It is a number from 1 to 50.", "", ()),
        ("logs x --lines 99999", "bad_flag", None, "The nearest is `50`.", "", None),
        (
            'create --preset "large mem',
            *("open_quote", "A quotation mark is not closed", 'It opens at `--preset "large mem`.'),
            "Nothing was created. Close the quote, or use the form.",
            (Offer("Open the form…", 'open create -- --preset "large mem', "primary"),),
        ),
        (
            'create --preset “large mem Fix the\nlogin" test',
            *("open_quote", "A quotation mark is not closed", "It opens at `--preset “large mem Fix the`."),
            *(None, (Offer("Open the form…", 'open create -- --preset “large mem Fix the\nlogin" test', "primary"),)),
        ),
        (
            'create --preset "large mem Fix the "login" test of the web',
            *("open_quote", None, 'It opens at `--preset "large mem Fix the "login"…`.', None, None),
        ),
        (
            "create -t web --name fix_login! Fix &amp; it",
            *("bad_name", "`fix_login!` cannot be a task name", "Letters, numbers and hyphens, 32 at most.", ""),
            (
                Offer("Use fix-login", "create -t web --name fix-login Fix &amp; it", "primary"),
                Offer("Change the name…", "open create -t web --name fix-login Fix &amp; it"),
            ),
        ),
        (
            'create --name="Fix Login" Fix it',
            *("bad_name", "`Fix Login` cannot be a task name", None, ""),
            (
                Offer("Use fix-login", "create --name=fix-login Fix it", "primary"),
                Offer("Change the name…", "open create --name=fix-login Fix it"),
            ),
        ),
        (
            "create -n new Fix it",
            *("bad_name", "`new` cannot be a task name", "Coder keeps this name for itself.", ""),
            (
                Offer("Use new-task", "create -n new-task Fix it", "primary"),
                Offer("Change the name…", "open create -n new-task Fix it"),
            ),
        ),
        (
            f"create -n {'long-' * 6}name x",
            *("bad_name", f"`{'long-' * 6}name` cannot be a task name", None, ""),
            (
                Offer("Use a shorter name", f"create -n {'long-' * 5}long x", "primary"),
                Offer("Change the name…", f"open create -n {'long-' * 5}long x"),
            ),
        ),
    ],
)
def test_mistakes(
    text: str,
    name: str,
    title: str | None,
    cause: str | None,
    step: str | None,
    offers: tuple[Offer, ...] | None,
) -> None:
    """Every mistake says what is wrong, why, and what to do, with the whole corrected command behind its button."""
    error = mistake(text)
    assert error.name == name
    assert title in (None, error.title)
    assert cause in (None, error.cause)
    assert step in (None, error.step)
    assert offers in (None, error.offers)


def test_too_long_prompt() -> None:
    """The error counts the characters, of a first prompt and of a later one."""
    error = mistake("create " + "x" * 131_204)
    assert (error.name, error.title) == ("prompt_too_long", "The prompt is too long")
    assert error.cause == "It has 131,204 characters; the limit is 100,000."
    assert error.step == "Put the details in a file in the repository or behind a link and refer to it."
    assert mistake("send fix-login " + "x" * 100_001).cause == "It has 100,001 characters; the limit is 100,000."


@pytest.mark.parametrize("text", ["fix {}", "lsit {}", "create --tempate web {}", "create -n a_b {}", "pause {}"])
def test_offer_that_no_button_can_carry_is_left_out(text: str) -> None:
    """No offered command is longer than 1,900 characters, and shorter ones are whole."""
    short, long = text.format("x " * 900), text.format("x " * 1_000)
    assert any(isinstance(offer, Offer) and "x x x" in offer.command for offer in mistake(short).offers)
    assert not any(isinstance(offer, Offer) and "x x x" in offer.command for offer in mistake(long).offers)
