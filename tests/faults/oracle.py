"""Compares what Slack and Coder hold, when nothing is left to be done, with what was asked.

It trusts neither the bot's memory nor its log for what has happened: only for excuses (`allowances`), which a person in
Slack must be able to see, too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from bot.sandbox.coder import TaskHandle
from bot.sandbox.slack.records import Message
from tests.e2e.scene import words
from tests.faults import heard, promises
from tests.faults.record import Typed
from tests.faults.sight import (
    answers_to,
    delivery_of,
    find_task,
    is_elsewhere,
    posted,
    told,
    wanted_states,
    was_accepted,
    wish_of,
)
from tests.faults.stage import Stage, task_id

# Commands whose answer is a form, a card or a line for all.
PUBLIC = {"create", "new", "batch", "watch", "unwatch"}
# Looked at again and again by their nature; they say nothing of whether all is done.
NEVER_DONE = ("edit_card", "note_slow", "publish_home", "edit_batch")
_BOT = "admin"  # whose token it has in Coder


def complaints(stage: Stage) -> list[str]:
    """Everything that is not as it must be; empty when all is well."""
    return [text for rule in RULES for text in rule(stage)]


# -- one effect --------------------------------------------------------------------------------------------------------


def one_task_for_each_wish(stage: Stage) -> Iterator[str]:
    """A wish that was taken in made one task, or its person was told why not."""
    found = [wish_of(stage, task) for task in stage.tasks]
    unasked = sum(wish is None and not is_elsewhere(stage, task) for task, wish in zip(stage.tasks, found, strict=True))
    if unasked:
        yield f"{unasked} tasks that nobody asked for"
    for wish in stage.record.wishes:
        count = found.count(wish)
        if count > 1:
            yield f"{count} tasks for {wish.prompt!r}"
        if count and wish.hopeless:
            yield f"a task for {wish.prompt!r}, which could not be made"
        if not count and was_accepted(stage, wish) and not told(stage, wish):
            yield f"neither a task nor a word for {wish.prompt!r}"


def nothing_is_posted_twice(stage: Stage) -> Iterator[str]:
    """Each delivery made one message."""
    made = Counter(key for message in posted(stage) if (key := delivery_of(message)) and not _was_left(stage, message))
    for key, count in made.items():
        if count > 1:
            yield f"the delivery {key} made {count} messages"


def _was_left(stage: Stage, message: Message) -> bool:
    """Whether a card or roll-up was posted where nobody could look, so that it stands in direct messages, too."""
    key = delivery_of(message)
    if message.channel not in stage.record.rough or not key.startswith(("card:", "batch:")):
        return False
    same = sorted((one for one in posted(stage) if delivery_of(one) == key), key=lambda one: one.ts)
    return [one.channel in stage.record.rough for one in same if not one.deleted] == [True, False]


def builds_were_asked_for(stage: Stage) -> Iterator[str]:
    """No workspace was stopped or started more often than somebody asked for it."""
    for task in stage.tasks:
        if task.task.owner.username == _BOT:
            continue  # what its owner does in Coder cannot be told from what the bot does there
        # A stop that has failed may be tried again by who does not know yet what became of the first try.
        done = [build for build in task.workspace.builds[1:] if build.job.status not in {"failed", "canceled"}]
        ours = [build for build in done if build.initiator.username == _BOT]
        verbs = Counter(wanted.verb for wanted in stage.record.wanted if wanted.task == task.id)
        prompts = sum(one.task == task.id for one in stage.record.lines)
        prompts += sum(one.task == task.id for one in stage.record.sent)
        stops = sum(build.transition == "stop" for build in task.workspace.builds)
        most = {
            "stop": verbs["pause"] + verbs["restart"] + verbs["retry"],
            "start": verbs["resume"] + verbs["retry"] + verbs["restart"] + prompts * (1 + stops),
            "delete": verbs["delete"],
        }
        for transition, limit in most.items():
            count = sum(build.transition == transition for build in ours)
            if count > limit:
                yield f"{count} {transition} builds of {task.name}, asked for {limit}"


def what_was_confirmed_was_done(stage: Stage) -> Iterator[str]:
    """Who read that a task is being deleted or paused read the truth, or was told otherwise later."""
    for wanted in stage.record.wanted:
        task = find_task(stage, wanted.task)
        if task is None or wanted.typed is None or not wanted.typed.accepted:
            continue
        said = " ".join(words(one) for one in answers_to(stage, wanted.typed))
        if wanted.verb == "delete" and "Deleting" in said and not task.deleted and not _unmade(stage, wanted.typed):
            yield f"{task.name} was said to be deleted, and is {task.status}"
        if wanted.verb == "pause" and "Pausing" in said and not task.deleted:
            stops = [one for one in task.workspace.builds if one.transition == "stop"]
            if not stops and not _unmade(stage, wanted.typed):
                yield f"{task.name} was said to be paused, and never was"


def _unmade(stage: Stage, typed: Typed) -> bool:
    """Whether the person was told that what was confirmed was not done after all."""
    return len(answers_to(stage, typed)) > 1 or any(one.versions for one in answers_to(stage, typed))


# -- cards and threads -------------------------------------------------------------------------------------------------


def one_current_card_for_each_task(stage: Stage) -> Iterator[str]:
    """Each task that was asked for has one card, and it shows how the task is."""
    for task in stage.tasks:
        if is_elsewhere(stage, task):
            continue
        cards = [card for card in stage.cards() if task_id(card) == task.id and not _was_left(stage, card)]
        torn = task.id in stage.record.torn or "all" in stage.record.torn
        if len(cards) != 1 and not torn:
            yield f"{len(cards)} cards of {task.name}"
        if cards and not _is_left_behind(stage, task, cards[-1]) and (wrong := _stale(stage, task, cards[-1])):
            yield f"the card of {task.name} {wrong}"


def _is_left_behind(stage: Stage, task: TaskHandle, card: Message) -> bool:
    """Whether another took the card's place, because it could not be edited any more, and was then deleted by hand."""
    return task.id in stage.record.torn and _card_id(stage, card) == "?"


def _stale(stage: Stage, task: TaskHandle, card: Message) -> str:
    if card.channel in stage.record.rough:
        return ""
    shown = str((card.metadata or {})["event_payload"]["state"])
    wanted = wanted_states(task)
    if wanted and shown not in wanted:
        return f"shows {shown}, and the task is {task.status}, {task.state and task.state.state}: {sorted(wanted)}"
    return "shows an old state as such" if "Last known state" in words(card) else ""


def changes_are_told_once(stage: Stage) -> Iterator[str]:
    """Nothing that an agent said is told twice, and its last word is told."""
    told_in = [(message, words(message)) for message in posted(stage) if _is_telling(message)]
    for said in stage.record.said:
        count = sum(said.text in text for _, text in told_in)
        places = {message.channel for message, text in told_in if said.text in text}
        if count > len(places):  # a task may have threads in several channels
            yield f"{said.text!r} is told {count} times"
        if not count and _must_be_told(stage, said.task, said.text):
            yield f"{said.text!r} is told nowhere"
    for task in stage.tasks:
        yield from _of_prompt_reply(stage, task)


def _is_telling(message: Message) -> bool:
    key = delivery_of(message)
    return ":waiting:" in key or ":complete:" in key or ":failed:" in key


def _must_be_told(stage: Stage, task: str, text: str) -> bool:
    handle, card = find_task(stage, task), stage.card_of(task)
    if handle is None or card is None or card.channel in stage.record.rough or handle.status != "active":
        return False
    if is_elsewhere(stage, handle):
        return False  # `promises` has what a channel that watches hears
    state = handle.state
    if state is None or state.message != text or handle.deleted or state.state == "working":
        return False
    return next(one.state for one in stage.record.said if one.text == text) == state.state


def _of_prompt_reply(stage: Stage, task: TaskHandle) -> Iterator[str]:
    card = stage.card_of(task.id)
    if card is None or card.channel in stage.record.rough or task.id in stage.record.torn or is_elsewhere(stage, task):
        return
    key = re.compile(r"reply:.*:prompt")
    wish = wish_of(stage, task)
    told_in = [one for one in posted(stage) if key.fullmatch(delivery_of(one))]
    found = [one for one in told_in if wish is None or wish.prompt in words(one)]
    if len(found) != 1:
        yield f"the prompt of {task.name} is told {len(found)} times"


def ends_are_told(stage: Stage) -> Iterator[str]:
    """The thread of a task that rests or has ended says so."""
    for task in stage.known_tasks():
        card = stage.card_of(task.id)
        is_rough = card is not None and card.channel in stage.record.rough
        if card is None or is_rough or "all" in stage.record.torn or is_elsewhere(stage, task):
            continue
        shown = str((card.metadata or {})["event_payload"]["state"])
        heads = {"paused": ":paused:", "deleted": ":deleted:", "gone": ":gone:"}
        if shown in heads and shown in wanted_states(task):
            ours = f"reply:{_card_id(stage, card)}:{heads[shown][1:]}"
            if not any(delivery_of(one).startswith(ours) for one in posted(stage)):
                yield f"the thread of {task.name} does not say that it is {shown}"


def _card_id(stage: Stage, card: Message) -> str:
    rows = stage.ledgers.ask(f"SELECT id FROM card WHERE ts = '{card.ts}'")  # noqa: S608 - a ts of Slack's
    return str(rows[0][0]) if rows else "?"


# -- people ------------------------------------------------------------------------------------------------------------


def everybody_is_answered(stage: Stage) -> Iterator[str]:
    """Who typed a command that was taken in has an answer, and it is not that it is still being worked on."""
    for typed in stage.record.typed:
        if typed.accepted and typed.verb not in PUBLIC and not answers_to(stage, typed):
            yield f"nobody answered {typed.text!r}"
    made = [wish_of(stage, task) for task in stage.tasks]
    for wish in stage.record.wishes:
        waits = [one for one in answers_to(stage, wish.typed) if one.text.startswith("Creating a task")]
        if waits and wish in made and not waits[-1].deleted and not _was_removed_early(stage, wish.typed):
            yield f"{wish.prompt!r} is still said to be created"


def _was_removed_early(stage: Stage, typed: Typed) -> bool:
    """Whether the bot removed what its ack said before Slack had shown it."""
    url = stage.slack.workspace.response_urls.get(typed.url)
    return url is None or url.uses > 0


# -- the engine --------------------------------------------------------------------------------------------------------


def nothing_is_left(stage: Stage) -> Iterator[str]:
    """The outbox has nothing to do any more, and gave nothing up."""
    names = ", ".join(f"'{one}'" for one in NEVER_DONE)
    columns = "SELECT kind, lane, failures, last_error FROM outbox WHERE"
    for row in stage.ledgers.ask(f"{columns} state = 0 AND (kind NOT IN ({names}) OR failures > 3)"):
        yield f"still to be done: {tuple(row)}"
    for row in stage.ledgers.ask(f"{columns} state = 2"):
        # Nobody sees a card in an archived channel; the next change after its return shows there.
        is_unseen = stage.record.rough and "is_inactive" in str(row[3])
        if not is_unseen and not _was_worn_out(row):
            yield f"given up: {tuple(row)}"


def _was_worn_out(row: Any) -> bool:
    """Whether this is a typed command that outages and crashes have used up: `everybody_is_answered` asks who knows."""
    kind, lane, _, error = row
    is_typed = re.match(r"answer:\d", lane)  # the key of a click begins with who clicked
    return bool(kind == "answer_command" and is_typed and "given up after" in str(error))


_MISTAKES = re.compile(
    r"action=(delivery_bug|look_bug|claim_failed|lane_failed|round_bug|hear_bug|take_in_bug|outbox_died|watchdog_failed)"
)


def the_log_has_no_mistakes(stage: Stage) -> Iterator[str]:
    """No bot has logged a bug of its own."""
    for bot in stage.bots:
        lines = list(bot.lines)
        for number, line in enumerate(lines):
            if _MISTAKES.search(line):
                why = next(
                    (one for one in lines[number + 1 : number + 60] if re.match(r"[\w.]+(Error|Exception)", one)), ""
                )
                yield f"{bot.name} logged {line[25:200]} {why}"


RULES = (
    one_task_for_each_wish,
    nothing_is_posted_twice,
    builds_were_asked_for,
    what_was_confirmed_was_done,
    heard.each_prompt_arrives_once,
    heard.prompts_keep_their_order,
    one_current_card_for_each_task,
    changes_are_told_once,
    ends_are_told,
    everybody_is_answered,
    nothing_is_left,
    the_log_has_no_mistakes,
    *promises.RULES,
)
