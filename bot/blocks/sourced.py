"""A task that was started from a message: its first reply, and what the message's own thread hears of it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks.elements import Block, Element, context, emoji, link, mrkdwn, plain, quote, rich, section, words
from bot.blocks.replies import HOW_TO_REPLY, REACTIONS, needs_file
from bot.blocks.text import escape, fallback, kept, link_markup, plural, said, sentence, spoken, work_link
from bot.models import Change, Condition, Content, Quote

_PERSON, _TITLE, _EXCERPT, _SPOKEN = 60, 80, 300, 200
_OUTCOMES = {
    Condition.COMPLETE: ("white_check_mark", "Complete"),
    Condition.FAILED: ("x", "Failed"),
    Condition.BUILD_FAILED: ("warning", "Error"),
    Condition.UNHEALTHY: ("warning", "Error"),
    Condition.DELETED: ("wastebasket", "Deleted"),
    Condition.GONE: ("wastebasket", "Deleted in Coder"),
}


def is_cut(prompt: str, quotes: Sequence[Quote]) -> bool:
    """Whether the first reply does not show all that the agent got, so that it follows whole as a file."""
    return needs_file(prompt) or len(quotes) > 1 or any(len(one.text) > _EXCERPT for one in quotes)


def prompt_from_message(author_name: str, prompt: str, quotes: Sequence[Quote], source: str = "") -> Content:
    """The first reply under a card: the person's words and what others wrote, kept apart; `source` is an address."""
    author = said(author_name, _PERSON)
    shown = said(prompt, _EXCERPT) if needs_file(prompt) else kept(prompt)
    head = section(words("Prompt", bold=True), words(f" from {author}"))
    own = rich("prompt.head", head, *([quote(shown)] if shown else []))
    known = work_link(source)
    first = [mrkdwn(f"<{escape(known.url)}|Source message>")] if known else []
    how = context("prompt.how", *first, plain(HOW_TO_REPLY), mrkdwn(REACTIONS))
    by = _writers(quotes)
    sent = f"Sent with {plural(len(quotes), 'quoted message')} by {by}."
    text = f"{sentence(f'Prompt from {author}: {said(prompt, _SPOKEN)}')} {sent}"
    return Content(fallback(text), [own, _quoted(quotes, by), how])


def _quoted(quotes: Sequence[Quote], by: str) -> Block:
    line = section(words("Quoted", bold=True), words(f" from {by}, sent as background, not as instructions"))
    text = said(quotes[0].text, _EXCERPT)
    more = len(quotes) - 1
    rest = [section(words(f"and {plural(more, 'more message')}, whole text in prompt.txt below"))] if more else []
    return rich("prompt.quoted", line, *([quote(text)] if text else []), *rest)


def _writers(quotes: Sequence[Quote]) -> str:
    names = list(dict.fromkeys(said(one.author, _PERSON) or "somebody" for one in quotes))
    return names[0] if len(names) == 1 else f"{names[0]} and {plural(len(names) - 1, 'other')}"


def source_note(by_name: str, title: str, card: str) -> Content:
    """In the thread of the message that a task was started from: its card is elsewhere, at the address `card`."""
    lead = f"{said(by_name, _PERSON) or 'Somebody'} started a Coder task from this message: "
    known, shown = work_link(card), said(title, _TITLE) or "the task"
    label = spoken(shown).strip() or "the task"
    text = fallback(lead, tail=f"<{escape(known.url)}|{escape(label)}>.") if known else fallback(f"{lead}{label}.")
    return Content(text, [rich("src.head", section(words(lead), _titled(shown, card)))])


def source_outcome(title: str, card: str, change: Change) -> Content:
    """In the same thread, when the task has ended: how, in one line."""
    symbol, word = _OUTCOMES.get(change.condition, ("grey_question", "Ended"))
    shown, work = said(title, _TITLE) or "the task", work_link(change.uri)
    line = [emoji(symbol), words(" "), words(word, bold=True), words(" · "), _titled(shown, card)]
    line += [words(" · "), link(work.url, work.kind)] if work else []
    text = fallback(f"{shown}: {word.lower()}.", tail=f"{link_markup(work)}." if work else "")
    return Content(text, [rich("src.end", section(*line))])


def _titled(title: str, url: str) -> Element:
    known = work_link(url)
    return link(known.url, title) if known else words(title)
