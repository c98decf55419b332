"""Terminal text of agents and builds becomes what people can read."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.output import build_cause, build_log, build_tail, fitting_tail, last_output, log_tail, readable
from bot.models import LogEntry
from tests.blocks.rules import HOSTILE

SCREEN = """\
╭──────────────────────────────────────────────────────────────────────────────╮
│ ✻ Welcome to the agent!                                                      │
╰──────────────────────────────────────────────────────────────────────────────╯
● I reproduced the failure: the session cookie is read before the redirect after
  sign-in has finished.
● Bash(pytest tests/login_test.py --count 50)
  ⎿  50 passed in 312.44s
╭──────────────────────────────────────────────────────────────────────────────╮
│ >                                                                            │
╰──────────────────────────────────────────────────────────────────────────────╯
  ? for shortcuts                                                               \
"""
BUILD = [
    "Initializing the backend...",
    "aws_instance.dev: Creating...",
    "╷",
    "│ Error: creating EC2 Instance: InsufficientInstanceCapacity: We currently do",
    "│ not have sufficient m7i.2xlarge capacity in eu-west-1b",
    "│ ",
    "│   with aws_instance.dev,",
    '│   on main.tf line 88, in resource "aws_instance" "dev"',
    "╵",
]


def prompt(text: str) -> LogEntry:
    """A prompt in a conversation."""
    return LogEntry(id=0, is_prompt=True, text=text, at=0)


def answer(text: str) -> LogEntry:
    """What the agent said."""
    return LogEntry(id=1, is_prompt=False, text=text, at=1)


class TestReadable:
    """Frames go, paragraphs join, everything else stays as it was."""

    def test_a_screen(self) -> None:
        """Boxes, the input line and the status line say nothing in Slack."""
        assert readable(SCREEN) == (
            "✻ Welcome to the agent!\n\n"
            "● I reproduced the failure: the session cookie is read before the redirect after sign-in has finished.\n"
            "● Bash(pytest tests/login_test.py --count 50)\n"
            "  ⎿  50 passed in 312.44s"
        )

    def test_code_lists_and_tables_keep_their_lines(self) -> None:
        """Only prose is joined, and only where a terminal broke it."""
        text = (
            "Here is the list of everything that has to change before the release on Friday:\n"
            "- the first point, which is long enough to reach the end of the line at last\n"
            "- the second point\n"
            "  for name in names: print(name, ages[name], cities[name], countries[name], x)\n"
            "  return name\n"
            "app/session.py      | 14 ++++++++------\n"
            "├── main.py         - Full game implementation"
        )
        assert readable(text) == text

    def test_short_lines_are_meant(self) -> None:
        """A poem is not a paragraph."""
        text = "The tests pass now and again\nand nobody knows quite why\n"
        assert readable(text) == text.strip()

    def test_a_secret_broken_by_the_terminal_is_hidden(self) -> None:
        """The filter sees text as people will."""
        assert "a1B2" not in readable(f"export GITHUB_TOKEN=ghp_{'a1B2' * 4}\n{'a1B2' * 5}")

    @settings(max_examples=50, deadline=None)
    @given(HOSTILE)
    def test_any_text(self, text: str) -> None:
        """Nothing unprintable is left, and no line is lost to joining but in length."""
        made = readable(text)
        made.encode()
        assert "\x1b" not in made


class TestLastOutput:
    """What a reply shows of the agent's work."""

    def test_since_the_last_prompt_without_the_question(self) -> None:
        """Earlier turns and the repeated question are left out."""
        entries = [
            answer("hello"),
            prompt("fix it"),
            answer("● 50 passed\n\n● Should I also remove the sleep() calls\n  from the signup tests?"),
        ]
        made = last_output(entries, question="It works. Should I also remove the sleep() calls from the signup tests?")
        assert made.shown == "● 50 passed"
        assert (made.is_cut, made.total_lines) == (False, 4)
        assert made.full.startswith("● 50 passed\n\n● Should I")

    def test_eight_lines(self) -> None:
        """The end is shown, the rest is in `full`."""
        made = last_output([answer("\n".join(f"line {number}" for number in range(20)))])
        assert made.shown.split("\n") == [f"line {number}" for number in range(12, 20)]
        assert (made.is_cut, made.total_lines, made.full.split("\n")[0]) == (True, 20, "line 0")

    def test_nothing_said_yet(self) -> None:
        """After a prompt without an answer there is nothing to show."""
        assert last_output([answer("old"), prompt("new")]).shown == ""
        assert last_output([]).total_lines == 0

    @settings(max_examples=50, deadline=None)
    @given(st.lists(HOSTILE.map(answer) | HOSTILE.map(prompt), max_size=4), HOSTILE)
    def test_limits(self, entries: list[LogEntry], question: str) -> None:
        """Eight lines of 160 characters, 800 in all, whatever is said."""
        shown = last_output(entries, question=question).shown
        assert len(shown) <= 800
        assert shown.count("\n") < 8
        assert all(len(line) <= 160 for line in shown.split("\n"))


class TestLogTail:
    """The conversation for the logs command."""

    def test_prompts_are_marked(self) -> None:
        """Who said what can be told apart."""
        made = log_tail([prompt("fix it\nand test"), answer("● done")])
        assert made.shown == "> fix it\n  and test\n\n● done"
        assert (made.is_cut, made.total_lines) == (False, 4)

    @settings(max_examples=50, deadline=None)
    @given(st.lists(HOSTILE.map(answer) | HOSTILE.map(prompt), max_size=4))
    def test_limits(self, entries: list[LogEntry]) -> None:
        """Twenty lines, 2,500 characters."""
        shown = log_tail(entries).shown
        assert len(shown) <= 2_500
        assert shown.count("\n") < 20


class TestBuild:
    """Why a build failed."""

    def test_tail_starts_at_the_error(self) -> None:
        """Terraform's frame is not part of the error."""
        assert build_tail(BUILD) == (
            "Error: creating EC2 Instance: InsufficientInstanceCapacity: We currently do",
            "not have sufficient m7i.2xlarge capacity in eu-west-1b",
            "  with aws_instance.dev,",
            '  on main.tf line 88, in resource "aws_instance" "dev"',
        )

    def test_tail_without_an_error_is_the_end(self) -> None:
        """The last eight lines are the next best thing."""
        assert build_tail([str(number) for number in range(20)]) == tuple(str(number) for number in range(12, 20))

    def test_long_errors_keep_their_beginning(self) -> None:
        """The first lines of an error say most."""
        made = build_tail(["before", "Error: x", *["y" * 150] * 20])
        assert made[0] == "Error: x"
        assert sum(map(len, made)) <= 800

    def test_cause(self) -> None:
        """One line: the error's own sentence, else what the job said."""
        assert build_cause(BUILD, "exit status 1") == (
            "creating EC2 Instance: InsufficientInstanceCapacity: We currently do not have sufficient m7i.2xlarge"
            " capacity in eu-west-1b"
        )
        assert build_cause([], "exit status 1") == "exit status 1"
        assert len(build_cause(["Error: " + "x " * 400], "")) <= 200

    def test_log(self) -> None:
        """The end of a build's log, secrets hidden."""
        made = build_log(["a", "DB_PASSWORD=hunter2"])
        assert made.shown == "a\nDB_PASSWORD=[hidden]"

    def test_fitting_tail_keeps_the_beginning(self) -> None:
        """A tail that was chosen before only gets its limits."""
        assert fitting_tail("\n".join("abcdefghij")) == "\n".join("abcdefgh")
