"""The use cases of what somebody writes in a task's thread: a command, words for its agent, or either.

A message may arrive as several events, and each of them more than once; prompts and answers are known by its place.
"""

from __future__ import annotations

from functools import partial

from bot import edits, prompts, queue, tasks, wishes
from bot.blocks import thread_answers
from bot.commands import (
    Command,
    Delete,
    List,
    Logs,
    Meant,
    Pause,
    Presets,
    Resume,
    Retry,
    SetLevel,
    Show,
    Templates,
    WhoAmI,
)
from bot.models import Card, Enclosed, Kind, Level, Origin, Person, Phase, Prompt, PromptState, Said, Task, said_key
from bot.store import Connection
from bot.store.card_rows import find_thread, is_posting, mark_seen
from bot.store.lanes import enqueue, nudge
from bot.store.moments import now
from bot.store.person_rows import find_person
from bot.store.prompt_rows import find_message, get_prompt, save_prompt
from bot.store.task_rows import list_creating, lock_task
from bot.typed import decode

# A command that changes something is not carried out later than this: who wrote `!pause` wanted it then.
LATE_SECONDS = 300.0
# By so much may Slack's clock differ from the database's.
_SKEW = 5.0
_CHANGES = {"pause", "resume", "retry", "delete"}
_UNSENT = {PromptState.QUEUED, PromptState.FAILED, PromptState.OFFERED}


def hear(connection: Connection, said: Said, meant: Meant | None = None, *, sure: bool = False) -> None:
    """Take in what somebody wrote; `meant` is what they ask of the bot, if they speak to it and not to a task.

    `sure`: whether its thread is a task's is known for certain.
    """
    unknown = not sure and is_awaited(connection, said)
    if unknown:
        enqueue(connection, queue.find_thread(said, meant))
    elif not _is_taken(connection, said, meant) and meant is not None:
        wishes.asked(connection, said, meant)


def is_awaited(connection: Connection, said: Said, *, posting: bool = True) -> bool:
    """Whether a reply may be in the thread of a card that is on its way, or that Slack has and we do not know yet."""
    if not said.thread_ts or said.kind is Kind.NOTE:
        return False
    maybe = (posting and is_posting(connection, said.channel, said.user)) or _is_coming(connection, said)
    if not maybe:
        return False
    # Asked last: what is posted meanwhile is then found. A card for an old thread is known before it stands there.
    found = find_thread(connection, said.channel, said.thread_ts)
    return found is None or found[0].ts is None


def _is_coming(connection: Connection, said: Said) -> bool:
    """Whether a task that Coder has not accepted yet will have its card in this thread."""
    places = [task.request.place for task in list_creating(connection) if task.request and task.request.place]
    return any((place.channel, place.thread_ts) == (said.channel, said.thread_ts) for place in places)


def _is_taken(connection: Connection, said: Said, meant: Meant | None) -> bool:
    """Take in what was written in a task's thread; False when the thread is no task's, or one's that has ended."""
    found = find_thread(connection, said.channel, said.thread_ts) if said.thread_ts else None
    if found is None:
        return False
    card, task = found
    mark_seen(connection, card.id, said.ts)
    if is_from_before(card, task, said.ts):
        return True
    if task.phase is not Phase.OPEN and meant is not None and said.kind is Kind.TEXT:
        return False
    in_thread(connection, card, task, said)
    return True


def is_from_before(card: Card, task: Task, ts: str) -> bool:
    """Whether a message is older than its thread's task: a card may come into a thread where people talked before."""
    if card.thread_ts == card.ts or ts > (card.ts or ts):  # both times are Slack's
        return False
    source = task.request.source if task.request else None
    if source is not None and source.channel == card.channel:
        if ts <= source.ts:
            return True
        if task.id == tasks.id_of(said_key(source.channel, source.ts)):
            return False  # it began with this very message, and both times are Slack's
    return float(ts) < task.created_at - _SKEW


def in_thread(connection: Connection, card: Card, task: Task, said: Said) -> None:
    """Take in what was written in a task's thread: a command, or words for the agent, from whom may prompt it."""
    if said.kind is Kind.WORD:
        _carry_out(connection, card, task, said)
    elif said.kind is not Kind.NOTE:
        if task.owner_slack == said.user:
            _take(connection, card, task, find_person(connection, said.user), said)
        else:
            enqueue(connection, queue.judge_reply(said))


def take_if_allowed(connection: Connection, task_id: str, card: Card, person: Person, said: Said) -> bool:
    """Take the words of somebody who was looked up; False when they may not prompt the task."""
    task = lock_task(connection, task_id)
    if not prompts.may_prompt(connection, person, task, card.channel):
        return False
    _take(connection, card, task, person, said)
    return True


def _take(connection: Connection, card: Card, task: Task, person: Person | None, said: Said) -> None:
    text = decode(said.text, partial(prompts.name_of, connection))
    state = PromptState.OFFERED if said.kind is Kind.UNSURE else PromptState.QUEUED
    new = Prompt(
        id=0,
        task_id=task.id,
        position=said.ts,
        author=said.user,
        author_name=person.name if person else "",
        text=text,
        state=state,
        channel=card.channel,
        ts=said.ts,
        files=said.files,
    )
    prompt_id = prompts.take(connection, new)
    if prompt_id is not None and said.kind is Kind.UNSURE:
        _ask(connection, task, said, text, prompt_id)


def _ask(connection: Connection, task: Task, said: Said, text: str, prompt_id: int) -> None:
    """The word is kept, and goes to the agent when its author says so."""
    content = thread_answers.stop_word(text, said.word, _about(task), prompt_id)
    prompts.show_private(connection, _origin(said), content, f"unsure:{prompt_id}:{said.word}")


def send_word(connection: Connection, prompt_id: int) -> bool:
    """Send the word that somebody was asked about; False when that has been done."""
    return prompts.requeue(connection, prompt_id, PromptState.OFFERED)


def edited(connection: Connection, said: Said) -> None:
    """Somebody changed a message: words that still wait follow, and a command in their place is carried out."""
    prompt = find_message(connection, said.channel, said.ts)
    if prompt is None or prompt.author != said.user:
        return
    found = find_thread(connection, said.channel, said.thread_ts)
    if found is not None and prompt.state in _UNSENT and said.kind in {Kind.WORD, Kind.UNSURE}:
        _now_a_word(connection, *found, prompt, said)
        return
    edits.edited(connection, said.channel, said.ts, said.user, said.text)
    if _is_asked_about(prompt) and said.kind is Kind.TEXT:  # now it is certain that the words are for the agent
        prompts.requeue(connection, prompt.id, PromptState.OFFERED)


def _is_asked_about(prompt: Prompt) -> bool:
    """Whether it is one word that may be a command; what else is offered stands for a message that was sent before."""
    return prompt.state is PromptState.OFFERED and prompt.position == prompt.ts


def _now_a_word(connection: Connection, card: Card, task: Task, prompt: Prompt, said: Said) -> None:
    """A prompt that has not been sent was changed into a word that is, or may be, a command."""
    if said.kind is Kind.WORD:
        prompts.drop(connection, prompt.id)
        _carry_out(connection, card, task, said)
    elif prompts.take_back(connection, prompt.id, said.text):
        _ask(connection, task, said, said.text, prompt.id)


def files_read(connection: Connection, prompt_id: int, files: tuple[Enclosed, ...], unseen: list[str]) -> None:
    """The files of a prompt have been read: it can be sent, and its author hears of what the agent cannot see."""
    prompt = get_prompt(connection, prompt_id)
    save_prompt(connection, prompt_id, files=[file.model_dump(mode="json") for file in files])
    nudge(connection, queue.prompt_lane(prompt.task_id))
    if unseen and prompt.channel is not None:
        thread = prompts.thread_of(connection, prompt)
        key = f"unseen:{prompt_id}"
        origin = Origin(key=key, user=prompt.author, user_name="", channel=prompt.channel, thread_ts=thread)
        prompts.show_private(connection, origin, thread_answers.unseen(unseen), key)


# -- commands ----------------------------------------------------------------------------------------------------------


def _carry_out(connection: Connection, card: Card, task: Task, said: Said) -> None:
    """Do what a word asks for, once however often it is delivered; who may do it is found out later."""
    origin = _origin(said)
    if said.word == "help":
        prompts.show_private(connection, origin, thread_answers.help_answer(), origin.key)
    elif said.word in _CHANGES and now(connection) - float(said.ts) > LATE_SECONDS:
        prompts.show_private(connection, origin, thread_answers.late_word(said.word, _about(task)), origin.key)
    else:
        tasks.answer(connection, _command(said.word, card, task.coder_id or ""), origin)


def _command(word: str, card: Card, task: str) -> Command:
    """The command that a word stands for in the thread of a card."""
    of_task: dict[str, Command] = {
        "status": Show(task=task),
        "logs": Logs(task=task),
        "pause": Pause(task=task),
        "resume": Resume(task=task),
        "retry": Retry(task=task),
        "delete": Delete(task=task),
        "list": List(),
        "templates": Templates(),
        "presets": Presets(),
        "whoami": WhoAmI(),
    }
    return of_task[word] if word in of_task else SetLevel(task=task, card=card.id, level=Level(word))


def _about(task: Task) -> thread_answers.About:
    return thread_answers.About(task.coder_id or "", task.name)


def _origin(said: Said) -> Origin:
    return Origin(key=said.key, user=said.user, user_name="", channel=said.channel, thread_ts=said.thread_ts)
