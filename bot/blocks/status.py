"""The private answer that shows everything known of one task (guide, section 3.5)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.blocks.conditions import face
from bot.blocks.controls import Layout, Target, card_controls
from bot.blocks.elements import Block, Element, context, emoji, link, mrkdwn, preformatted, quote, rich, section, words
from bot.blocks.face import Face, agent_says, at_moment
from bot.blocks.output import fitting_tail
from bot.blocks.text import WorkLink, date_element, duration, fallback, link_markup, said, sentence, work_link
from bot.models import CardView, Condition, Content

__all__ = ["Facts", "task_status"]

_TITLE, _NAME, _CHOICE, _WORDS = 80, 64, 30, 80
_Fields = list[tuple[str, list[Element]]]


@dataclass(frozen=True)
class Facts:
    """What a status says beyond the card; empty or None where nobody knows.

    `username` is the owner's at Coder, `workspace` its state in words such as "running, healthy", `ready_after` the
    seconds that the first start took, `raw_status` and `raw_state` what Coder says.
    """

    username: str = ""
    preset: str = ""
    workspace: str = ""
    workspace_link: str = ""
    card_link: str = ""
    ready_after: float | None = None
    prompts_sent: int = 0
    raw_status: str = ""
    raw_state: str = ""


def task_status(view: CardView, facts: Facts) -> Content:
    """The head of the task's card, then what it runs on and what Coder says.

    Waiting prompts and the time at which an unused workspace stops come from the view.
    """
    made = face(view)
    layout = Layout() if made.is_over else _layout(view.condition)
    url = "" if made.is_over or work_link(view.url) is None else view.url.strip()
    return Content(
        _text(view, made, facts),
        [
            _head(view, made, url),
            rich("st.more", section(*_lines(_fields(view, facts)))),
            *_links(facts),
            *card_controls("st.do", layout, Target(view.task_id, said(view.name, _NAME), url, made.link)),
        ],
    )


def _fields(view: CardView, facts: Facts) -> _Fields:
    username = f"({said(facts.username, _NAME)})" if facts.username.strip() else ""
    raw = _raw(facts.raw_status, facts.raw_state)
    return [
        ("Owner", _plain(_and(said(view.owner, _CHOICE), username))),
        ("Template", _plain(_template(view, facts.preset))),
        ("Workspace", _workspace(view, facts.workspace)),
        ("Created", _created(view, facts.ready_after)),
        ("Prompts", _plain(f"{facts.prompts_sent:,} sent, {view.waiting_prompts:,} waiting")),
        ("Coder says", [words(raw, code=True)] if raw else []),
    ]


def _plain(text: str) -> list[Element]:
    return [words(text)] if text else []


def _layout(condition: Condition) -> Layout:
    """Only what reads, and the menu: what a condition calls for is on the card."""
    comes_up = condition in (Condition.QUEUED, Condition.STARTING)
    return Layout(("task.build" if comes_up else "task.logs", "task.open"), ("send", "build", "delete"))


def _head(view: CardView, made: Face, url: str) -> Block:
    title = _title(view)
    line = [link(url, title, bold=True) if url else words(title, bold=True), words("\n")]
    line += [emoji(made.symbol), words(" "), words(made.word, bold=True), *made.detail]
    tail = fitting_tail(made.tail)
    return rich(
        "st.head",
        section(*line),
        *([quote(made.agent)] if made.agent else []),
        *([section(words(made.cause))] if made.cause else []),
        *([preformatted(tail)] if tail else []),
    )


def _workspace(view: CardView, workspace: str) -> list[Element]:
    state = said(workspace, _WORDS)
    stops = view.details.stops_at if view.details else None
    if not stops or not state:
        return _plain(state)
    return [words(f"{state}, stops "), date_element(stops, at_moment(stops, view.now)), words(" if unused")]


def _created(view: CardView, ready_after: float | None) -> list[Element]:
    made = [date_element(view.created_at, "{date_short_pretty} at {time}")]
    return [*made, words(f", ready after {duration(ready_after)}")] if ready_after is not None else made


def _raw(status: str, state: str) -> str:
    """Coder's own words, for people who compare with its dashboard."""
    named = (("status", said(status, _CHOICE)), ("state", said(state, _CHOICE)))
    return ", ".join(f"{name} {word}" for name, word in named if word)


def _lines(facts: _Fields) -> list[Element]:
    """Each fact on a line of its own; facts that nobody knows are left out."""
    made: list[Element] = []
    for label, value in facts:
        if not value:
            continue
        if made and made[-1]["type"] == "text" and "style" not in made[-1]:
            made[-1] = words(made[-1]["text"] + "\n")
        elif made:
            made.append(words("\n"))
        made += [words(f"{label}  ", bold=True), *value]
    return made


def _links(facts: Facts) -> list[Block]:
    named = [(facts.card_link, "Card and thread"), (facts.workspace_link, "Workspace")]
    checked = [link_markup(WorkLink(found.url, label)) for url, label in named if (found := work_link(url))]
    return [context("st.links", mrkdwn("  ·  ".join(checked)))] if checked else []


def _text(view: CardView, made: Face, facts: Facts) -> str:
    """The answer for screen readers."""
    state = _and(made.word.lower(), _spoken(made))
    parts = [f"{_title(view)}: {sentence(state)}", agent_says(made.agent), made.cause]
    template, machine = _template(view, facts.preset), said(facts.workspace, _WORDS).partition(",")[0]
    known = [f"Template {template}" if template else "", f"workspace {machine}" if machine else ""]
    runs_on = ", ".join(part for part in known if part)
    address = work_link(view.url)
    tail = link_markup(WorkLink(address.url, "Open in Coder")) if address and not made.is_over else ""
    return fallback(_and(*parts, sentence(runs_on[:1].upper() + runs_on[1:])), tail=tail)


def _spoken(made: Face) -> str:
    """The detail of the head line as words."""
    told = "".join(str(part.get("text") or part.get("fallback", "")) for part in made.detail)
    return told.removeprefix(" · ").replace(" · ", ", ")


def _template(view: CardView, preset: str) -> str:
    chosen = f"preset {said(preset, _CHOICE)}" if preset.strip() else ""
    return ", ".join(part for part in (said(view.template, _CHOICE), chosen) if part)


def _title(view: CardView) -> str:
    return said(view.title, _TITLE) or said(view.name, _NAME) or "Untitled task"


def _and(*parts: str) -> str:
    return " ".join(part for part in parts if part)
