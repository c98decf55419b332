"""The grammar of `/coder-task`: text as Slack delivers it in, a command out, or an error that says how to mend it.

    VERB [flags] [arguments]

Flags come directly after the verb; the first word that is no flag, or `--`, ends them. From there all is the prompt,
kept as typed. Verbs that take no prompt take their flags after their words too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bot import commands
from bot.commands import Command
from bot.errors import UserError
from bot.listeners import mistakes
from bot.listeners.reader import HELP, Flag, Given, Reader, Verb
from bot.models import CreateRequest, Level, Status
from bot.names import nearest, task_name_problem
from bot.typed import FLAG, WORD, Names, bare, decode, mentioned, skip

MAX_LINES = 50
MAX_BATCH = 3_000  # characters that the form's field holds
_MAX_PAGE = 9_999
_LEVELS = tuple(level.value for level in Level)
_TELL = "dm"
_STATUSES = tuple(status.value for status in Status)
_TASK_ADDRESS = re.compile(r"https?://[^/\s]+(?:/[^?#\s]*)?/tasks/([^/?#\s]+)/([^/?#\s]+)/?(?:[?#]\S*)?")

__all__ = ["VERBS", "decode", "parse"]


def parse(text: str, *, names: Names | None = None) -> Command:
    """Read a command; raises UserError, and nothing else, with the words that the person reads.

    `names` gives the display name for the id of a person or channel that Slack delivers without a label.
    """
    text = text.encode("utf-8", "replace").decode()
    text = text[skip(text, 0) :]
    first = WORD.match(text)
    if first is None:
        return commands.New()
    verb = VERBS.get(decode(first[0]).lower())
    if verb is None:
        return _without_verb(text, decode(first[0], names), text[first.end() :], names)
    given = Reader(verb, text, first.end(), names).read()
    return commands.Help(topic=verb.name) if HELP.name in given.values else verb.make(given)


def _without_verb(text: str, word: str, rest: str, names: Names | None) -> Command:
    """Answer text that begins with no verb: help when it asks for it, else an error with what it may have meant."""
    flag = FLAG.match(text)
    if flag and flag["name"].lower() in (HELP.name, HELP.short):
        return commands.Help()
    if flag and flag["name"]:
        raise mistakes.bare_flag(text, word)
    alone = not rest.strip()
    near = nearest(word, VERBS if alone else {verb.name for verb in VERBS.values()})
    if near:
        verb = VERBS[near].name
        raise mistakes.near_verb(word, verb, verb + rest, text, alone=alone)
    raise mistakes.unknown_word(word) if alone else mistakes.ask_to_create(text, decode(text, names))


# -- how commands are made ---------------------------------------------------------------------------------------------


def _create(given: Given) -> Command:
    name = given.value("name")
    if name and task_name_problem(name):
        where = given.values["name"]
        raise mistakes.bad_name(name, given.text[: where.start], given.text[where.end :])
    level, tell = _notify(given)
    opens = not given.text[given.rest :].strip()  # nothing to start with: the form asks for it
    request = CreateRequest(
        prompt="" if opens else given.prompt(given.rest),
        template=given.value("template"),
        template_version=given.value("template-version"),
        preset=given.value("preset"),
        name=name,
        owner=_owner(given),
        organization=given.value("org"),
        level=level,
        tell=tell,
    )
    return commands.New(request=request) if opens else commands.Create(request=request)


def _batch(given: Given) -> Command:
    """Read what the prompts of a batch have in common; text after the flags is the prompts, one a line."""
    prompts = decode(given.text[skip(given.text, given.rest) :], given.names)
    if len(prompts) > MAX_BATCH:
        raise mistakes.long_batch(len(prompts), MAX_BATCH)
    level, tell = _notify(given)
    request = CreateRequest(
        prompt=prompts,
        template=given.value("template"),
        template_version=given.value("template-version"),
        preset=given.value("preset"),
        owner=_owner(given),
        organization=given.value("org"),
        level=level,
        tell=tell,
    )
    return commands.Batch(request=request)


def _notify(given: Given) -> tuple[Level | None, bool]:
    """Read how much the thread is told, and whether the requester gets direct messages too."""
    wanted = given.choices("notify", (*_LEVELS, _TELL))
    levels = [Level(one) for one in wanted if one != _TELL]
    if len(levels) > 1:
        raise given.refused("notify", f"It can be one of them, and `{_TELL}`.", None)
    return (levels[0] if levels else None), _TELL in wanted


def _owner(given: Given) -> str:
    """Read who the task is for: a Coder user name, or `@` and the Slack id of somebody mentioned."""
    value = given.values.get("owner")
    person = mentioned(value.raw) if value else None
    return f"@{person}" if person else given.value("owner").lstrip("@")


def _list(given: Given) -> Command:
    if given.words:
        status = nearest(given.phrase().lower(), _STATUSES)
        raise _no_words(given, f"list --status {status}" if status else "list")
    status = given.choice("status", _STATUSES)
    return commands.List(
        everyone="all" in given.values,
        status=Status(status) if status else None,
        state=given.choice("state", commands.STATES),
        page=given.number("page", 1, _MAX_PAGE),
    )


def _logs(given: Given) -> Command:
    build, lines = "build" in given.values, given.number("lines", 20, MAX_LINES)
    return commands.Logs(task=_task(given), build=build, lines=lines)


def _send(given: Given) -> Command:
    word = WORD.match(given.text, given.rest)
    task = _reference(word[0], given.names) if word else ""
    if word is None or not task:
        raise mistakes.no_task(given.verb.name, given.verb.usage)
    if not given.text[skip(given.text, word.end()) :].strip():
        return commands.Write(task=task)
    return commands.Send(task=task, text=given.prompt(word.end()))


def _help(given: Given) -> Command:
    word = given.phrase()
    if len(given.words) > 1:
        raise _no_words(given, "help")
    if not word:
        return commands.Help()
    if word.lower() not in VERBS:
        near = nearest(word, VERBS)
        raise mistakes.bad_topic(word, VERBS[near].name if near else None)
    return commands.Help(topic=VERBS[word.lower()].name)


def _watch(given: Given) -> Command:
    """Read which task, or which tasks, a channel wants to see; nothing asks what it watches, `off` ends that."""
    events = given.choices("only", commands.EVENTS, _SAME_EVENTS) + given.choices("on", commands.EVENTS, _SAME_EVENTS)
    if given.values:
        if given.words:
            raise _no_words(given, "watch")
        return commands.Watch(
            owner=_owner(given),
            template=given.value("template"),
            events=tuple(one for one in commands.EVENTS if one in events),
        )
    if not given.words:
        return commands.Watches()
    if given.words[0].lower() != "off":
        return commands.Follow(task=_whole_name(given))
    del given.words[0]
    return commands.Unfollow(task=_whole_name(given)) if given.words else commands.Unwatch()


def _alone(command: Command) -> Callable[[Given], Command]:
    """Read a verb that takes no words."""

    def make(given: Given) -> Command:
        if given.words:
            raise _no_words(given, given.verb.name)
        return command

    return make


def _no_words(given: Given, instead: str) -> UserError:
    return mistakes.no_words(given.verb.name, given.verb.usage, given.text, instead)


def _task(given: Given) -> str:
    """Read which task is meant; several words may begin a title."""
    task = _reference(" ".join(given.words), given.names)
    if not task:
        raise mistakes.no_task(given.verb.name, given.verb.usage)
    return task


def _whole_name(given: Given) -> str:
    """Read which task is meant, for verbs that change it: one word."""
    task = _task(given)
    if len(given.words) > 1:
        raise mistakes.not_a_task(given.verb.name, task, given.text)
    return task


def _reference(words: str, names: Names | None) -> str:
    """Read a task's name, `owner/name`, id or address; an address in Coder becomes `owner/id`."""
    task = bare(words, names)
    address = _TASK_ADDRESS.fullmatch(task)
    return f"{address[1]}/{address[2]}" if address else task


# -- the verbs ---------------------------------------------------------------------------------------------------------

_CREATE_FLAGS = (
    Flag("template", "NAME", "t"),
    Flag("template-version", "VERSION"),
    Flag("preset", "NAME", "p"),
    Flag("name", "NAME", "n"),
    Flag("owner", "USER"),
    Flag("org", "NAME"),
    Flag("notify", "all|important|quiet|dm"),
)
_WATCH_FLAGS = (
    Flag("template", "NAME", "t"),
    Flag("owner", "USER|me|all"),
    Flag("only", "EVENTS"),
    Flag("on", "EVENTS"),
)
_SAME_EVENTS = {"needs-input": "waiting", "needs_input": "waiting", "completed": "complete", "failure": "failed"}
_LIST_FLAGS = (Flag("all"), Flag("status", "STATUS"), Flag("state", "STATE"), Flag("page", "N"))
_TABLE = (
    Verb("create", _create, "PROMPT", _CREATE_FLAGS, prose=True),
    Verb("batch", _batch, "[PROMPTS]", tuple(flag for flag in _CREATE_FLAGS if flag.name != "name"), prose=True),
    Verb("list", _list, flags=_LIST_FLAGS),
    Verb("status", lambda given: commands.Show(task=_task(given)), "TASK"),
    Verb("logs", _logs, "TASK", (Flag("build"), Flag("lines", "N"))),
    Verb("send", _send, "TASK TEXT", prose=True),
    Verb(
        "delete",
        lambda given: commands.Delete(task=_whole_name(given), confirmed="yes" in given.values),
        "TASK",
        (Flag("yes"),),
    ),
    Verb("pause", lambda given: commands.Pause(task=_whole_name(given)), "TASK"),
    Verb("resume", lambda given: commands.Resume(task=_whole_name(given)), "TASK"),
    Verb("retry", lambda given: commands.Retry(task=_whole_name(given)), "TASK"),
    Verb("follow", lambda given: commands.Follow(task=_whole_name(given)), "TASK"),
    Verb("unfollow", lambda given: commands.Unfollow(task=_whole_name(given)), "TASK"),
    Verb("watch", _watch, "[TASK|off]", _WATCH_FLAGS),
    Verb("watches", _alone(commands.Watches())),
    Verb("unwatch", _alone(commands.Unwatch())),
    Verb("settings", _alone(commands.Settings())),
    Verb("templates", lambda given: commands.Templates(words=given.phrase()), "[WORDS]"),
    Verb("presets", lambda given: commands.Presets(template=given.phrase()), "[TEMPLATE]"),
    Verb("whoami", _alone(commands.WhoAmI())),
    Verb("help", _help, "[VERB]"),
)
_ALIASES = {"new": "create", "ls": "list", "rm": "delete"}
_BY_NAME = {verb.name: verb for verb in _TABLE}

VERBS = _BY_NAME | {alias: _BY_NAME[name] for alias, name in _ALIASES.items()}
