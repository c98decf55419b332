"""What a channel watches: said in public when it changes, and to whoever asks (guide, `slash.watch_*`)."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks.controls import CONTROLS
from bot.blocks.elements import Element, actions, button, context, plain, rich, section, words
from bot.blocks.lists import bullets
from bot.blocks.text import fallback, said
from bot.models import Content, Watch

__all__ = ["already_here", "unfollowed", "watch_list", "watch_off", "watch_on", "watched"]

_NAME, _PERSON, _TITLE = 30, 60, 80
_MOST = 10  # watches in one list
_HOW = "Change it with /coder-task watch."
_EVENTS = {"created": "new", "waiting": "waiting", "complete": "complete", "failed": "failed", "error": "error"}


def watched(watch: Watch) -> str:
    """Which tasks a watch is for: `complete and failed tasks of template Claude Code`."""
    events = [_EVENTS[event] for event in watch.events if event in _EVENTS] or ["all"]
    owner, template = said(watch.owner_name, _PERSON), said(watch.template, _NAME)
    whose = f" of {owner}" if owner else ""
    which = f"{',' if whose else ''} of template {template}" if template else ""
    return f"{_and(events)} tasks{whose}{which}"


def watch_on(by: str, watch: Watch) -> Content:
    """Everybody reads that this channel is told of tasks from now on."""
    who, what = said(by, _PERSON) or "Somebody", watched(watch)
    return Content(
        fallback(f"{who} turned on task news in this channel: {what}. {_HOW}"),
        [
            rich("w.on", section(words("Task news is on in this channel,", bold=True), words(f" turned on by {who}."))),
            context("w.what", plain(f"{what[:1].upper()}{what[1:]}. One card each, no mentions. {_HOW}")),
            *_buttons([_settings(watch.channel, "Change the settings of this channel")]),
        ],
    )


def watch_off(by: str) -> Content:
    """Everybody reads that this channel is told of no tasks any more."""
    who = said(by, _PERSON) or "Somebody"
    return Content(
        fallback(f"{who} turned off task news in this channel. Cards that are here stay live. {_HOW}"),
        [
            rich(
                "w.off", section(words("Task news is off in this channel,", bold=True), words(f" turned off by {who}."))
            ),
            context("w.what", plain(f"Cards that are here stay live. {_HOW}")),
        ],
    )


def watch_list(channel: str, watches: Sequence[Watch]) -> Content:
    """For whoever asks: what this channel is told of."""
    how = context("w.how", plain("A live card of one task: /coder-task watch TASK"))
    if not watches:
        none = "This channel gets no task news."
        turn_on = " Turn it on with "
        line = section(
            words(none, bold=True), words(turn_on), words("/coder-task watch --owner me", code=True), words(".")
        )
        return Content(f"{none}{turn_on}/coder-task watch and flags.", [rich("w.list", line), how])
    told = [watched(watch) for watch in watches[:_MOST]]
    more = [f"and {len(watches) - _MOST} more"] if len(watches) > _MOST else []
    off = button("channel.watch_off", "Turn off", label="Turn off task news", value=channel)
    return Content(
        fallback(f"This channel gets task news: {'; '.join([*told, *more])}."),
        [rich("w.list", *_told([*told, *more])), *_buttons([_settings(channel, "Change task news"), off]), how],
    )


def _told(told: Sequence[str]) -> list[Element]:
    head = words("Task news in this channel:", bold=True)
    if len(told) == 1:
        return [section(head, words(f" {told[0]}."))]
    return [section(head), bullets(section(words(one)) for one in told)]


def already_here(title: str, link: Element) -> Content:
    """For whoever follows a task that has its card in this channel; `link` is the title as a link to it."""
    shown = said(title, _TITLE) or "The task"
    line = section(link, words(" is followed in this channel already."))
    return Content(fallback(f"{shown} is followed in this channel already."), [rich("f.here", line)])


def unfollowed(title: str) -> Content:
    """For whoever has taken a task out of this channel."""
    shown = said(title, _TITLE) or "The task"
    rest = "is not followed here any more. Its card stays as it is; its thread no longer reaches the agent."
    line = section(words(shown, bold=True), words(f" {rest}"))
    return Content(fallback(f"{shown} {rest}"), [rich("f.off", line)])


def _settings(channel: str, label: str) -> Element:
    return button("channel.settings", "Change…", label=label, value=channel)


def _buttons(made: Sequence[Element]) -> list[Element]:
    kept = [element for element in made if element["action_id"] in CONTROLS and element.get("value")]
    return [actions("w.do", *kept)] if kept else []


def _and(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
