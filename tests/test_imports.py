"""The rooms of the bot: who imports whom, which library is used where, and no circles."""

from __future__ import annotations

import ast
import shutil
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

BOT = Path(__file__).parents[1] / "bot"

# What each room may import of the bot, besides itself. A name with a dot is a module and lets in that module only.
WORDS = {"models", "errors", "settings", "log", "commands", "names", "deadline"}
PURE = {"models", "errors", "commands", "names", "problems", "typed", "thread_words"}
USE_CASES = {
    "batches",
    "batch_drafts",
    "batch_lines",
    "defaults",
    "homes",
    "tasks",
    "observing",
    "ripples",
    "prompts",
    "edits",
    "hearing",
    "wishes",
    "arrivals",
    "steering",
    "absence",
    "cards",
    "queue",
    "watches",
    "cleaning",
    "channel_settings",
    "drafts",
    "submissions",
}
SLACK = {"slack.client", "slack.failures", "slack.response_url"}
BELOW = WORDS | PURE | SLACK | {"background", "changes", "policy", "blocks", "store", "coder", "metrics"}
ROOMS: dict[str, set[str]] = {
    **dict.fromkeys(WORDS, WORDS),
    "problems": {"models", "errors", "names"},
    **dict.fromkeys(("metrics", "typed", "thread_words", "background", "rounds"), WORDS),
    **dict.fromkeys(("changes", "policy", "blocks"), PURE),
    **dict.fromkeys(("slack", "coder", "store"), WORDS | {"problems"}),
    **dict.fromkeys(USE_CASES, USE_CASES | BELOW - SLACK - {"coder"} | {"coder.shelf"}),
    **dict.fromkeys(("poller", "housekeeping"), USE_CASES | BELOW),
    "delivery": USE_CASES | BELOW | {"outbox"},
    "outbox": {"store", *WORDS},
    "forms": USE_CASES | BELOW,
    "listeners": USE_CASES | PURE | {"background", "blocks", "forms"},
    "app": USE_CASES
    | BELOW
    | {"slack", "poller", "outbox", "delivery", "housekeeping", "listeners", "forms", "rounds"},
    "doctor": WORDS | {"slack", "coder", "store"},
    "sandbox": {"app", "settings", "errors", "log"},
    "__main__": {"app", "doctor", "sandbox", "settings", "errors", "log"},
}

# The only rooms that may use a library.
LIBRARIES: dict[str, set[str]] = {
    "slack_bolt": {"listeners", "slack.ingress"},
    "slack_sdk": {"slack", "blocks"},
    "aiohttp": {"slack", "sandbox"},
    "httpx": {"coder"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "apscheduler": {"rounds"},
}


@cache
def imports(text: str) -> list[tuple[str, str, bool]]:
    """What a module imports: (module, name or "", whether only when a function is called)."""
    found: list[tuple[str, str, bool]] = []

    def visit(node: ast.AST, *, late: bool) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend((alias.name, "", late) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                found.extend((child.module or ".", alias.name, late) for alias in child.names)
            elif isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
                visit(child, late=late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))

    visit(ast.parse(text), late=False)
    return found


def graph(bot: Path, *, late: bool) -> dict[str, set[str]]:
    """The full names that each module imports; with `late` those that its functions import too.

    A package goes by the name of its folder. Imports for the type checker only are imports.
    """
    files = {".".join(path.relative_to(bot.parent).with_suffix("").parts): path for path in bot.rglob("*.py")}
    texts = {name.removesuffix(".__init__"): path.read_text() for name, path in files.items()}
    return {
        importer: {
            f"{module}.{name}" if f"{module}.{name}" in texts else module
            for module, name, is_late in imports(text)
            if late or not is_late
        }
        for importer, text in sorted(texts.items())
    }


def within(name: str, rooms: set[str]) -> bool:
    """Whether a module is one of the rooms or lies in one."""
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def problems(bot: Path) -> set[str]:
    """Everything in the package that breaks the tables above, in sentences."""
    found = set()
    for importer, imported in graph(bot, late=True).items():
        name = importer.partition(".")[2]
        room = name.partition(".")[0]
        if room and room not in ROOMS:
            found.add(f"{importer} is in no room")
            continue
        for other in imported:
            package, _, inner = other.partition(".")
            if package == "bot" and inner and not within(inner, ROOMS.get(room, set()) | {room}):
                found.add(f"{importer} must not import {other}")
            if package in LIBRARIES and not within(name, LIBRARIES[package]):
                found.add(f"{importer} must not use {package}")
    try:
        TopologicalSorter(graph(bot, late=False)).prepare()
    except CycleError as error:
        found.add("a circle: " + " -> ".join(reversed(error.args[1])))
    return found


def test_rooms_import_only_what_they_may() -> None:
    """The package keeps to the tables."""
    found = sorted(problems(BOT))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "line", "problem"),
    [
        ("models", "from bot import extra", "bot.models must not import bot.extra"),
        ("models", "import bot.tasks.extra", "bot.models must not import bot.tasks.extra"),
        ("store.extra", "import bot.slack.client", "bot.store.extra must not import bot.slack.client"),
        ("poller.extra", "from bot.slack.ingress import x", "bot.poller.extra must not import bot.slack.ingress"),
        ("outbox.extra", "import bot.coder.http", "bot.outbox.extra must not import bot.coder.http"),
        ("sandbox.extra", "import bot.models", "bot.sandbox.extra must not import bot.models"),
        ("policy", "if TYPE_CHECKING:\n    import bot.store", "bot.policy must not import bot.store"),
        ("changes", "def later():\n    import bot.log", "bot.changes must not import bot.log"),
        ("changes", "import httpx", "bot.changes must not use httpx"),
        ("slack.extra", "from slack_bolt.app import App", "bot.slack.extra must not use slack_bolt"),
        ("extra", "", "bot.extra is in no room"),
        ("blocks.extra", "import bot.blocks.extra", "a circle: bot.blocks.extra -> bot.blocks.extra"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, module: str, line: str, problem: str) -> None:
    """One import that is against the tables is told by the names of both sides."""
    bot = copied(tmp_path)
    before = problems(bot)
    add(bot, "extra", "")
    add(bot, module, line)
    assert problem in problems(bot) - before


def test_a_circle_is_found(tmp_path: Path) -> None:
    """Two modules of one room must not import each other."""
    bot = copied(tmp_path)
    add(bot, "blocks.one", "from bot.blocks import two")
    add(bot, "blocks.two", "from bot.blocks.one import x")
    assert [problem for problem in problems(bot) if problem.startswith("a circle") and "bot.blocks.one" in problem]


def test_an_import_inside_a_function_closes_no_circle(tmp_path: Path) -> None:
    """What is imported only when a function is called meets no half-made module."""
    bot = copied(tmp_path)
    before = problems(bot)
    add(bot, "blocks.one", "from bot.blocks import two")
    add(bot, "blocks.two", "def later():\n    from bot.blocks import one")
    assert problems(bot) == before


def copied(folder: Path) -> Path:
    """A copy of the package."""
    return Path(shutil.copytree(BOT, folder / "bot", ignore=shutil.ignore_patterns("__pycache__")))


def add(bot: Path, module: str, line: str) -> None:
    """Add a line to a module, which is made if it is not there."""
    path = bot.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as text:
        text.write(f"\n{line}\n")
