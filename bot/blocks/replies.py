"""The messages in a task's thread (guide, section 2): prompts and how they fare; `turns` has what changed."""

from __future__ import annotations

from bot.blocks.controls import prompt_button, row
from bot.blocks.elements import (
    Block,
    Element,
    context,
    mrkdwn,
    plain,
    quote,
    rich,
    section,
    step,
    words,
)
from bot.blocks.output import Output
from bot.blocks.pace import moment, usually
from bot.blocks.text import date_element, fallback, kept, plural, said, sentence, utc
from bot.blocks.thread import PERSON_CHARACTERS, TITLE_CHARACTERS, Head, last_output_blocks, told
from bot.blocks.turns import Subject, change_reply, resumed_reply
from bot.models import Content

__all__ = [
    "PROMPT_FILE",
    "Subject",
    "back_online",
    "change_reply",
    "edited_after_delivery",
    "maybe_delivered_reply",
    "needs_file",
    "not_allowed",
    "not_delivered_reply",
    "prompt_reply",
    "queued_busy",
    "resumed_reply",
    "resuming_reply",
    "sent_elsewhere_reply",
    "steered_reply",
]

PROMPT_FILE = "prompt.txt"

_WHOLE_CHARACTERS = 1_000
_EXCERPT_CHARACTERS = 300
_SPOKEN_EXCERPT_CHARACTERS = 200
HOW_TO_REPLY = "Reply here to prompt the agent. Start with // or a mention for a note to people."
REACTIONS = (
    "On a reply: :hourglass_flowing_sand: waiting to be delivered, :white_check_mark: delivered, :x: not delivered."
)


# -- prompts -----------------------------------------------------------------------------------------------------------


def needs_file(text: str) -> bool:
    """Whether a prompt is too long to stand in the thread, so that it follows whole in `prompt.txt`."""
    return len(text) > _WHOLE_CHARACTERS


def prompt_reply(author_name: str, text: str) -> Content:
    """The first reply under a new card: the prompt, and how the thread works."""
    author = said(author_name, PERSON_CHARACTERS)
    how = context("prompt.how", plain(HOW_TO_REPLY), mrkdwn(REACTIONS))
    if needs_file(text):
        length = f"{len(text):,} characters"
        spoken = (
            f"Prompt from {author}, {length}; the whole prompt is attached as a file."
            f" It begins: {said(text, _SPOKEN_EXCERPT_CHARACTERS)}"
        )
        rest = f" from {author}, {length}, whole text in {PROMPT_FILE} below"
        return Content(fallback(spoken), [_prompt("prompt.head", rest, said(text, _EXCERPT_CHARACTERS)), how])
    spoken = f"{sentence(f'Prompt from {author}: {said(text, _EXCERPT_CHARACTERS)}')} Reply in this thread to prompt"
    return Content(fallback(f"{spoken} the agent."), [_prompt("prompt.head", f" from {author}", kept(text)), how])


def sent_elsewhere_reply(author_name: str, text: str) -> Content:
    """A prompt that was given outside the thread, recorded in it."""
    author = said(author_name, PERSON_CHARACTERS)
    spoken = sentence(f"Prompt from {author}: {said(text, _EXCERPT_CHARACTERS)}")
    return Content(fallback(spoken), [_prompt("sent.head", f" from {author}", _excerpt(text))])


def _prompt(block_id: str, rest: str, text: str) -> Block:
    return rich(block_id, section(words("Prompt", bold=True), words(rest)), *([quote(text)] if text else []))


def _excerpt(text: str) -> str:
    return said(text, _EXCERPT_CHARACTERS) if needs_file(text) else kept(text)


# -- how prompts fare --------------------------------------------------------------------------------------------------


def resuming_reply(title: str, count: int, prompt_id: int, usual_start: float | None = None) -> Content:
    """A reply came while the task was paused: its workspace starts for it."""
    what = f"to deliver {plural(count, 'prompt')}. {usually(usual_start)}"
    return told(
        Head("hourglass_flowing_sand", "Resuming", (words(f" {what}"),)),
        f"{said(title, TITLE_CHARACTERS)}: resuming {what}",
        *_row("ev.do", prompt_id, "prompt.drop"),
    )


def queued_busy(ahead: int, prompt_id: int) -> Content:
    """For the sender only: the agent works, so the prompt waits; `ahead` prompts are delivered before it."""
    others = "1 other prompt is" if ahead == 1 else f"{ahead:,} other prompts are"
    behind = f"{others} ahead." if ahead else ""
    spoken = (
        f"The agent is working. Your prompt is delivered when it is ready{f'; {behind}' if behind else '.'}"
        " Deleting or editing your message before then changes what is sent."
    )
    shown = f"*Queued.* The agent is working; your prompt is delivered when it is ready. {behind}".rstrip()
    return Content(
        fallback(spoken),
        [
            step("q.text", shown),
            context("q.how", plain("Edit or delete your message before then to change what is sent.")),
            *row("q.do", [_drop_this(prompt_id)]),
        ],
    )


def not_delivered_reply(author_slack: str, text: str, reason: str, prompt_id: int) -> Content:
    """For the sender: the prompt will not arrive by itself. `reason` is a sentence that people may read."""
    why = sentence(said(reason, 200)) or "The agent could not be reached."
    return told(
        Head("x", "Not delivered", quoted=_excerpt(text), user=author_slack),
        f"Not delivered: {why[:1].lower()}{why[1:]} Your prompt is kept; send it again when the task is working.",
        # Plain, not markup: Coder may have had a part in the reason.
        {"type": "section", "block_id": "ev.step", "text": plain(f"{why} The prompt is kept.")},
        *_row("ev.do", prompt_id, "prompt.again", "prompt.discard"),
    )


def maybe_delivered_reply(author_slack: str, text: str, output: Output | None, prompt_id: int) -> Content:
    """For the sender: only a look at the agent's output tells whether the prompt arrived."""
    return told(
        Head("grey_question", "Not certain that this was delivered", quoted=_excerpt(text), user=author_slack),
        "It is not certain that your prompt reached the agent. Check the last output before you send it again.",
        *last_output_blocks(output),
        *_row("ev.do", prompt_id, "prompt.arrived", "prompt.again"),
    )


def not_allowed(owner_name: str) -> Content:
    """For somebody who may not prompt this task: their reply went to nobody but people."""
    owner = said(owner_name, PERSON_CHARACTERS) or "somebody else"
    whose = f"This task belongs to {owner}, and your Coder account has no access to it."
    first_name = owner.split(maxsplit=1)[0] if owner_name else "The owner"
    how = f"You can keep talking here. {first_name} can forward a message with “Send to a Coder task”."
    return Content(
        fallback(f"Your reply was not sent to the agent. {whose} People can still talk here."),
        [
            rich("na.text", section(words("Not sent to the agent.", bold=True), words(f" {whose}"))),
            context("na.how", plain(how)),
        ],
    )


def edited_after_delivery(prompt_id: int) -> Content:
    """For the sender: the agent has the first version."""
    rest = "The first version had already reached the agent."
    return Content(
        "The edit was not sent: the first version had already reached the agent.",
        [
            step("ed.text", f"*The edit was not sent.* {rest}"),
            *_row("ed.do", prompt_id, "prompt.send_edit"),
        ],
    )


def back_online(title: str, since: float, until: float, delivered: int) -> Content:
    """The app was away and has caught up; `delivered` replies of that time reached the agent."""
    start, end = moment(since, until), "{time}"
    was = "was" if delivered == 1 else "were"
    replies = "1 reply" if delivered == 1 else f"{delivered:,} replies"
    news = f" and has caught up.{f' {replies} from that time {was} delivered.' if delivered else ''}"
    head = section(
        words("Back online.", bold=True),
        words(" Coder Tasks was offline "),
        date_element(since, f"from {start}"),
        words(" "),
        date_element(until, f"to {end}"),
        words(news),
    )
    away = f"from {utc(since, start).removesuffix(' UTC')} to {utc(until, end)}"
    spoken = f"{said(title, TITLE_CHARACTERS)}: Coder Tasks was offline {away}{news}"
    return Content(fallback(spoken), [rich("ev.head", head)])


def steered_reply(title: str, by: str, owner: str, *, everyone: bool) -> Content:
    """Who steers the task from now on, in one line."""
    who, whose = said(by, PERSON_CHARACTERS) or "Somebody", said(owner, PERSON_CHARACTERS) or "the owner"
    if everyone:
        word, rest = "This thread steers", f"{who} opened it: replies by everyone with a Coder account reach the agent."
    else:
        word, rest = "Only the owner steers", f"{who} closed the thread: only what {whose} writes reaches the agent."
    head = section(words(f"{word}.", bold=True), words(f" {rest}"))
    spoken = f"{said(title, TITLE_CHARACTERS)}: {word[:1].lower()}{word[1:]}. {rest}"
    return Content(fallback(spoken), [rich("ev.head", head)])


def _row(block_id: str, prompt_id: int, *names: str) -> list[Block]:
    return row(block_id, [prompt_button(action, prompt_id) for action in names])


def _drop_this(prompt_id: int) -> Element | None:
    """As in other places, but the reader has one prompt in mind."""
    made = prompt_button("prompt.drop", prompt_id)
    return {**made, "accessibility_label": "Do not send this prompt"} if made else None
