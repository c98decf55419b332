"""What the grammar says when it does not understand a command: one function for each mistake (guide, section 4).

Every offer carries the whole corrected command as Slack would have delivered it, so that running it reads it again.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.commands import in_form
from bot.errors import Offer, UserError
from bot.names import shorten, suggest_name, task_name_problem

PROMPT_LIMIT = 100_000
OFFER_LIMIT = 1_900  # a Slack button carries 2,000 characters
_LABEL_LIMIT = 30
_HELP = Offer("Help", "help")
_LIST = Offer("My tasks", "list")
_NOTHING_DONE = {"create": "Nothing was created. ", "send": "Nothing was sent. "} | dict.fromkeys(
    ("pause", "resume", "retry", "delete", "follow", "unfollow", "watch"), "Nothing was changed. "
)
_DOES = {
    "send": "delivers a prompt to an existing task",
    "pause": "pauses an existing task",
    "resume": "resumes a paused task",
    "retry": "starts the workspace of an existing task again",
    "delete": "deletes an existing task",
    "follow": "shows an existing task in this channel",
    "unfollow": "lets the card of a task be as it is",
    "watch": "shows an existing task in this channel",
}


def bare_flag(text: str, flag: str) -> UserError:
    """A command begins with a flag instead of a verb."""
    offers = (*_offer("Run create", f"create {text}", "primary"), _HELP)
    step = "A command starts with its verb, such as `create`."
    return UserError("unknown_command", f"{_code(flag)} is not a command", "", step, offers)


def unknown_word(word: str) -> UserError:
    """One word that is no verb and near none."""
    return UserError("unknown_command", f"{_code(word)} is not a command", "", "`help` lists the commands.", (_HELP,))


def near_verb(word: str, verb: str, command: str, text: str, *, alone: bool) -> UserError:
    """The first word is nearly a verb; with more words it may as well begin a prompt, so both are offered."""
    run = _offer(f"Run {verb}", command, "primary")
    other = _offer("Start task", f"create -- {text}") if not alone else (_HELP,) if verb != "help" else ()
    cause = f"The nearest is `{verb}`."
    return UserError("unknown_command", f"{_code(word)} is not a command", cause, "", (*run, *other))


def ask_to_create(text: str, shown: str) -> UserError:
    """Several words that begin with no verb: probably a prompt, but nothing starts without a click."""
    start = f"create -- {text}"
    offers = (*_offer("Start task", start, "primary"), *_offer("Edit first…", in_form(start)))
    step = "`create` in front of it starts without asking."
    return UserError("create_ask", "Start a task with this prompt?", _short(shown, 300), step, offers)


def not_a_task(verb: str, words: str, text: str) -> UserError:
    """A verb that takes a task's name is followed by words."""
    return UserError(
        "not_a_task_name",
        f"No task is called {_code(words)}",
        f"“{verb}” {_DOES[verb]}.",
        "If you meant to start a task with these words, use the button.",
        (*_offer("Start task", f"create -- {text}", "primary"), _LIST),
    )


def no_words(verb: str, usage: str, text: str, instead: str) -> UserError:
    """A verb is followed by words that it does not take; `instead` is the command that was probably meant."""
    return UserError(
        "not_a_task_name",
        f"`{verb}` takes no such words",
        f"It is used as `{usage}`.",
        "If you meant to start a task with these words, use the button.",
        (*_offer("Start task", f"create -- {text}", "primary"), *_offer(f"Run {instead}", instead)),
    )


def bad_topic(word: str, near: str | None) -> UserError:
    """Help is asked for a word that is no verb."""
    offer = Offer(f"Help {near}", f"help {near}", "primary") if near else _HELP
    cause = f"The nearest is `{near}`." if near else ""
    step = "" if near else "`help` lists the commands."
    return UserError("unknown_command", f"{_code(word)} is not a command", cause, step, (offer,))


def no_task(verb: str, usage: str) -> UserError:
    """A verb that needs a task has none."""
    step = "A task is its name, `owner/name`, its id or its address in Coder."
    return UserError("pick_task", "Which task?", f"`{verb}` needs one: `{usage}`.", step, (_LIST,))


def empty_prompt(verb: str) -> UserError:
    """There is no text for the agent."""
    cause, step = (f"“send” {_DOES['send']}.", "Write it after the task.")
    if verb == "create":
        cause, step = ("A task starts with a prompt.", "Write it after the flags.")
    return UserError("empty_prompt", "There is no prompt", cause, step, (Offer("Help", f"help {verb}"),))


def long_prompt(length: int) -> UserError:
    """The prompt is longer than any prompt may be."""
    cause = f"It has {length:,} characters; the limit is {PROMPT_LIMIT:,}."
    step = "Put the details in a file in the repository or behind a link and refer to it."
    return UserError("prompt_too_long", "The prompt is too long", cause, step)


def long_batch(length: int, limit: int) -> UserError:
    """The prompts of a batch do not fit into the form's field."""
    cause = f"They have {length:,} characters; the form holds {limit:,}."
    step = "Nothing was created. Put what they have in common into the field for the text in front of every prompt."
    return UserError("prompt_too_long", "The prompts are too long", cause, step, (Offer("New batch", "batch"),))


def bad_flag(verb: str, flag: str, flags: Iterable[str], near: tuple[str, str] | None, as_prompt: str) -> UserError:
    """A flag that the verb does not have; `near` is one that it has, and the command with it."""
    known = ", ".join(f"`{name}`" for name in flags)
    step = f"{_NOTHING_DONE.get(verb, '')}"
    offers = _offer(f"Use {near[0]}", near[1], "primary") if near else ()
    if verb == "create":
        start = "two hyphens" if flag.startswith("--") else "a hyphen"
        step += f"Flags come before the prompt; a prompt that starts with {start} needs `--` in front."
        offers = offers or _offer("Take it as the prompt", as_prompt)
        offers = (*offers, *_offer("Open the form…", in_form(as_prompt)))
    cause = f"The nearest is `{near[0]}`." if near else f"Its flags are {known}." if known else "It has no flags."
    title = f"{_code(flag)} is not a flag of {verb}"
    return UserError("bad_flag", title, cause, step.strip(), (*offers, Offer("Help", f"help {verb}")))


def twice(verb: str, flag: str) -> UserError:
    """A flag is given more than once."""
    step = f"{_NOTHING_DONE.get(verb, '')}Give it once."
    return UserError("bad_flag", f"`{flag}` is given twice", "It takes one value.", step)


def no_value(verb: str, flag: str, value: str) -> UserError:
    """A flag that needs a value has none."""
    step = f"{_NOTHING_DONE.get(verb, '')}Write its value after it; a value with spaces needs quotes."
    return UserError("bad_flag", f"`{flag}` needs a value", f"It is used as `{flag} {value}`.", step)


def needless_value(verb: str, flag: str, command: str) -> UserError:
    """A flag that takes no value has one."""
    step = f"{_NOTHING_DONE.get(verb, '')}Write it without one."
    offers = _offer(f"Use {flag}", command, "primary")
    return UserError("bad_flag", f"`{flag}` takes no value", "", step, offers)


def bad_value(verb: str, flag: str, value: str, cause: str, near: tuple[str, str] | None) -> UserError:
    """A flag's value is none that it can have; `near` is one that it can, and the command with it."""
    cause = f"The nearest is `{near[0]}`." if near else cause
    offers = _offer(f"Use {near[0]}", near[1], "primary") if near else ()
    title = f"`{flag}` cannot be {_code(value)}"
    return UserError("bad_flag", title, cause, _NOTHING_DONE.get(verb, "").strip(), offers)


def open_quote(verb: str, flag: str, start: str, as_prompt: str = "") -> UserError:
    """A quoted value does not end; `start` is what it begins with, `as_prompt` the command with all from there on."""
    cause, step = f"It opens at {_code(f'{flag} {start}')}.", f"{_NOTHING_DONE.get(verb, '')}Close the quote."
    offers: tuple[Offer, ...] = ()
    if verb == "create" and as_prompt:
        step, offers = f"{step[:-1]}, or use the form.", _offer("Open the form…", in_form(as_prompt), "primary")
    return UserError("open_quote", "A quotation mark is not closed", cause, step, offers)


def bad_name(name: str, before: str, after: str) -> UserError:
    """Coder would refuse the task's name; the offer repeats the command with one that it takes."""
    better = suggest_name(name)
    label = f"Use {better}" if len(better) <= _LABEL_LIMIT - 4 else "Use a shorter name"
    mended = f"{before}{better}{after}"
    offers = (*_offer(label, mended, "primary"), *_offer("Change the name…", in_form(mended)))
    return UserError("bad_name", f"{_code(name)} cannot be a task name", task_name_problem(name) or "", "", offers)


def _offer(label: str, command: str, style: str | None = None) -> tuple[Offer, ...]:
    return (Offer(label, command, style),) if len(command) <= OFFER_LIMIT else ()


def _code(words: str) -> str:
    """Show what somebody typed as code, on one line and not for ever."""
    return "`" + _short(words, 40).replace("`", "'") + "`"


def _short(words: str, limit: int) -> str:
    return shorten(" ".join(words.split()), limit)
