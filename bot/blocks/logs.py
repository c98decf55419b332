"""Private answers that show the end of a log (guide, section 3.4)."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks.elements import Element, context, plain, preformatted, rich, section, step, words
from bot.blocks.output import build_log
from bot.blocks.problems import offer_row
from bot.blocks.text import date_element, duration, fallback, plural, said, sentence, utc
from bot.errors import Offer
from bot.models import Content

__all__ = ["build_log_answer", "log_answer", "no_logs"]

_NAME, _LAST, _LINES = 64, 160, 50


def log_answer(
    name: str,
    lines: Sequence[str],
    total: int,
    *,
    now: float | None = None,
    snapshot_at: float | None = None,
    is_snapshot: bool = False,
    is_paused: bool = True,
) -> Content:
    """The end of what the agent wrote; `total` counts all lines, of a snapshot all its messages.

    `now` is when the log was read. A snapshot is what Coder kept when the task was paused, or before it started again.
    """
    shown = _tail(lines)
    if not shown:
        return no_logs(name, paused=is_snapshot and is_paused)
    known = said(name, _NAME)
    if is_snapshot or snapshot_at is not None:
        return _snapshot(known, shown, total, snapshot_at, is_paused=is_paused)
    count = shown.count("\n") + 1
    part = f"all {plural(count, 'line')}" if count >= total else f"last {count} of {total:,} lines"
    head = section(words("Logs", bold=True), words(" "), words(known, code=True), words(f" · {part}"))
    spoken = f"Last {plural(count, 'line')}" if count >= total else f"Last {count} of {total:,} lines"
    when = f", {utc(now, '{time}')}" if now is not None else ""
    return Content(
        fallback(f"{spoken} of {known}{when}. {_last(shown)}"),
        [
            rich("log.text", head, preformatted(shown)),
            *offer_row("log.do", Offer("Build log", f"logs {known} --build")),
        ],
    )


def _snapshot(name: str, shown: str, total: int, at: float | None, *, is_paused: bool) -> Content:
    saved: list[Element] = [words(" · snapshot ")]
    if at is not None:
        saved += [date_element(at, "from {time}"), words(f", last {plural(total, 'message')}")]
    else:
        saved = [words(f" · snapshot, last {plural(total, 'message')}")]
    head = section(words("Logs", bold=True), words(" "), words(name, code=True), *saved)
    state = "The task is paused." if is_paused else "The task is starting."
    how = "Resume it for the whole log." if is_paused else "The whole log is there when it is ready."
    spoken = "is paused" if is_paused else "is starting"
    when = f" saved at {utc(at, '{time}')}" if at is not None else ""
    resume = offer_row("log.do", Offer("Resume", f"resume {name}")) if is_paused else []
    return Content(
        fallback(f"{name} {spoken}. Last {plural(total, 'message')}{when}."),
        [rich("log.text", head, preformatted(shown)), context("log.how", plain(f"{state} {how}")), *resume],
    )


def build_log_answer(
    name: str, lines: Sequence[str], total: int = 0, *, number: int = 0, outcome: str = "", seconds: float | None = None
) -> Content:
    """The end of the workspace build's log; `outcome` is a word such as "succeeded", `seconds` how long it took."""
    shown = _tail(lines)
    if not shown:
        return no_logs(name, build=True)
    known = said(name, _NAME)
    took = f" in {duration(seconds)}" if seconds is not None else ""
    facts = ", ".join(
        part for part in (f"build {number}" if number else "", f"{said(outcome, 30)}{took}" if outcome else "") if part
    )
    count = shown.count("\n") + 1
    part = f"last {count} of {total:,} lines" if total > count else ""
    after = "".join(f" · {each}" for each in (facts, part) if each)
    tail = [words(after)] if after else []
    head = section(words("Build log", bold=True), words(" "), words(known, code=True), *tail)
    text = f"Build log of {known}{f': {facts}' if facts else ''}."
    return Content(fallback(text), [rich("log.text", head, preformatted(shown))])


def no_logs(name: str, *, paused: bool = False, build: bool = False) -> Content:
    """There is nothing to show: not yet, or `paused` and Coder kept nothing; with `build` of the build's log."""
    known = said(name, _NAME)
    if build:
        none, why = "No build log yet.", "The build has not written anything."
        return Content(fallback(f"{known} has no build log yet."), [step("log.none", f"*{none}* {why}")])
    if paused:
        none, why = "No log was saved.", "Coder kept no log when the task was paused. Resume the task to read it."
        text, offer = f"{known} is paused, and no log was saved.", Offer("Resume", f"resume {known}")
    else:
        none, why = (
            "No log yet.",
            "The agent has not written anything. While the workspace starts, the build log says more.",
        )
        text, offer = f"{known} has no log yet.", Offer("Build log", f"logs {known} --build")
    return Content(fallback(text), [step("log.none", f"*{none}* {why}"), *offer_row("log.do", offer)])


def _tail(lines: Sequence[str]) -> str:
    return build_log(lines, lines=_LINES).shown


def _last(shown: str) -> str:
    """The last line as a sentence, without the marks that terminals put in front."""
    line = said(shown.rsplit("\n", 1)[-1], _LAST)
    start = next((at for at, letter in enumerate(line) if letter.isalnum()), len(line))
    return sentence(line[start:])
