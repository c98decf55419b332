"""What a form shows of the message that it was opened from, and of its thread (guide, section 5.2)."""

from __future__ import annotations

from bot.blocks.elements import Block, Element, context, link, plain, quote, rich, section, words
from bot.blocks.forms.inputs import field, option, ticks
from bot.blocks.text import date_element, plural, said, work_link
from bot.models import SourceMessage, SourceThread

NEUTRAL_PROMPT = "Find out what the quoted message describes and propose a fix."
OWN_WORDS_HINT = "Your words. The agent follows these."

_SHOWN, _NAME, _FILES = 300, 60, 5
_SENT = 20_000  # characters of all quotes (bot.background)
_READ_FIRST = "Read them before you send them."


def quoted(message: SourceMessage) -> Block:
    """The message as a quotation; what is long is shown cut and sent whole."""
    known = work_link(message.place.link)
    line = [words("Quoted from "), words(said(message.author, _NAME) or "somebody", bold=True), words(" in ")]
    line += [_channel(message.place.channel), words(", ")]
    line += [date_element(message.at, "{date_short_pretty} at {time}")]
    line += [words(" · "), link(known.url, "open message")] if known else []
    text = said(message.text, _SHOWN)
    return rich("quoted", section(*line), *([quote(text)] if text else []))


def _channel(channel: str) -> Element:
    """The channel by its name, or that it is a direct message, which has none."""
    return {"type": "channel", "channel_id": channel} if channel[:1] in "CG" else words("a direct message")


def include_field(message: SourceMessage, thread: SourceThread | None) -> Block | None:
    """What is sent along as background: the message, and if the person wants it the others of its thread."""
    options = [] if message.is_own else [_message_option(message)]
    ticked = options if message.is_trusted else []  # an app's or a guest's words go only where a person says so
    if thread is not None and thread.quotes:
        options = [*options, _thread_option(message, thread)]
    if not options:
        return None
    hint = "Quoted text is marked as written by others and not as instructions."
    return field("include", "Send along as background", ticks("include", options, ticked), hint=hint, optional=True)


def _message_option(message: SourceMessage) -> Element:
    about = f", {plural(len(message.text), 'character')}"
    return option("This message", "message", f"By {said(message.author, 75 - 3 - len(about))}{about}")


def _thread_option(message: SourceMessage, thread: SourceThread) -> Element:
    count, is_root = len(thread.quotes), message.place.ts == message.root
    noun = ("reply", "replies") if is_root else ("other message", "other messages")
    text = f"The {noun[0]} in its thread" if count == 1 else f"The {count:,} {noun[1]} in its thread"
    by = "1 person" if thread.people == 1 else f"{thread.people:,} people"
    return option(text, "thread", f"By {by}, {plural(thread.characters, 'character')}. {_READ_FIRST}")


def small_print(message: SourceMessage, thread: SourceThread | None) -> list[Block]:
    """What is not sent along though somebody may expect it, and the files."""
    lines = []
    if not message.is_own and len(message.text) > _SENT:
        lines.append(f"The message has {len(message.text):,} characters; the first 20,000 are sent along.")
    if thread is not None and thread.dropped:
        oldest = "The oldest message does" if thread.dropped == 1 else f"The {thread.dropped:,} oldest messages do"
        lines.append(f"{oldest} not fit into 20,000 characters and {'is' if thread.dropped == 1 else 'are'} left out.")
    if thread is not None and thread.left_out:
        are = "is" if thread.left_out == 1 else "are"
        lines.append(f"{plural(thread.left_out, 'message')} by apps or guests {are} left out.")
    if message.files:
        names = ", ".join(said(one.name, _NAME) or "a file" for one in message.files[:_FILES])
        more = f" and {len(message.files) - _FILES} more" if len(message.files) > _FILES else ""
        lines.append(f"Named in the prompt with their links: {names}{more}. The agent cannot see into them.")
    return [context("left", *(plain(line) for line in lines))] if lines else []
