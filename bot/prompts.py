"""The use cases of a prompt: taken in once, delivered once, in the order in which people wrote."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bot import changes, queue
from bot.blocks import replies
from bot.blocks.problems import problem
from bot.models import (
    Asked,
    Card,
    Condition,
    Content,
    Memory,
    Origin,
    Person,
    Phase,
    Prompt,
    PromptState,
    Task,
    Verb,
)
from bot.problems.tasks import already_done
from bot.store import Connection
from bot.store.card_rows import cards_of, find_thread, is_posting, mark_seen
from bot.store.lanes import enqueue
from bot.store.moments import now
from bot.store.person_rows import find_by_coder_id, find_person
from bot.store.prompt_rows import (
    add_prompt,
    count_refusal,
    find_message,
    get_prompt,
    list_waiting,
    mark_prompt,
    next_prompt,
    save_text,
)
from bot.store.task_rows import lock_task, save_task
from bot.typed import decode

Act = Callable[[Connection, int], bool]

# The agent has the words, or may have them: a change of the message comes too late.
_IS_SENT = {PromptState.SENDING, PromptState.DELIVERED, PromptState.MAYBE}
_ENDED_TURN = {Condition.WAITING, Condition.COMPLETE, Condition.FAILED}


def reply(connection: Connection, channel: str, thread_ts: str, ts: str, user: str, text: str) -> None:
    """Take in a plain reply, as Slack delivers its text: the owner's is a prompt, others are looked up first."""
    posting = is_posting(connection, channel)  # asked first: what is posted meanwhile is then found
    found = find_thread(connection, channel, thread_ts)
    if found is not None:
        mark_seen(connection, found[0].id, ts)
    if is_note(text):
        return
    text = decode(text, partial(name_of, connection))
    if found is None:
        if posting:  # perhaps it is the thread of a card that Slack has and we do not know yet
            enqueue(connection, queue.judge_reply(channel, thread_ts, ts, user, text))
        return
    card, task = found
    if task.owner_slack == user:
        known = find_person(connection, user)
        take_message(connection, task, card, known, user, ts, text)
    else:
        enqueue(connection, queue.judge_reply(channel, thread_ts, ts, user, text))


def name_of(connection: Connection, slack_user: str) -> str:
    """What to call somebody who is mentioned in a prompt; channels and strangers keep their ids."""
    known = find_person(connection, slack_user)
    return known.name if known else slack_user


def is_note(text: str) -> bool:
    """Whether a reply is a note to people: it begins with // or with a mention, or says nothing."""
    words = text.strip()
    return not words or words.startswith(("//", "<@", "<!"))


def take_message(
    connection: Connection, task: Task, card: Card, person: Person | None, user: str, ts: str, text: str
) -> None:
    """Make a person's message in the task's thread its next prompt, once; a task that has ended takes none."""
    new = Prompt(
        id=0,
        task_id=task.id,
        position=ts,
        author=user,
        author_name=person.name if person else "",
        text=text,
        state=PromptState.QUEUED,
        channel=card.channel,
        ts=ts,
    )
    _take(connection, new, f"{card.channel}:{ts}")


def send(connection: Connection, task: Task, person: Person, text: str, origin: Origin) -> None:
    """Take in the words of a send command; the thread shows them to everybody."""
    new = Prompt(
        id=0,
        task_id=task.id,
        position=f"{now(connection):.6f}",
        author=person.slack_user,
        author_name=person.name,
        text=text,
        state=PromptState.QUEUED,
    )
    if _take(connection, new, f"send:{origin.key}") is None:
        return
    for card in cards_of(connection, task.id):
        enqueue(connection, queue.post_reply(card, "sent_elsewhere", f"sent:{origin.key}", by=person.name, text=text))


def _take(connection: Connection, new: Prompt, dedup: str) -> int | None:
    # The row is locked before any of the task's lanes, as by everything that needs several of them: no deadlock.
    task = lock_task(connection, new.task_id)
    if task.phase is not Phase.OPEN:
        return None
    prompt_id = add_prompt(connection, new, dedup)
    if prompt_id is None:
        return None
    taken = new.model_copy(update={"id": prompt_id})
    enqueue(connection, queue.send_prompt(new.task_id, prompt_id))
    _show(connection, taken)
    if task.memory.condition is Condition.WORKING and count_waiting(connection, task.id) == 1:
        _say_that_it_waits(connection, taken)
    return prompt_id


def _say_that_it_waits(connection: Connection, prompt: Prompt) -> None:
    """The first prompt that has to wait is a surprise; the reaction and the card say the rest."""
    thread = _thread_of(connection, prompt)
    if prompt.channel is not None and thread:
        origin = Origin(
            key=f"busy:{prompt.id}", user=prompt.author, user_name="", channel=prompt.channel, thread_ts=thread
        )
        show_private(connection, origin, replies.queued_busy(0, prompt.id), f"busy:{prompt.id}")


def _thread_of(connection: Connection, prompt: Prompt) -> str:
    """The thread in which the prompt was written, if it was."""
    cards = cards_of(connection, prompt.task_id)
    return next((card.thread_ts or "" for card in cards if card.channel == prompt.channel), "")


def edited(connection: Connection, channel: str, ts: str, user: str, text: str) -> None:
    """The person changed a message that became a prompt: the new words are sent if the old ones have not been."""
    prompt = find_message(connection, channel, ts)
    words = decode(text, partial(name_of, connection))
    if prompt is None or prompt.text == words or prompt.author != user:
        return
    if is_note(text):
        removed(connection, channel, ts)
    elif not save_text(connection, prompt.id, words) and get_prompt(connection, prompt.id).state in _IS_SENT:
        _say_too_late(connection, prompt, channel, user)


def _say_too_late(connection: Connection, prompt: Prompt, channel: str, user: str) -> None:
    thread = _thread_of(connection, prompt)
    origin = Origin(key=f"edited:{prompt.id}", user=user, user_name="", channel=channel, thread_ts=thread)
    show_private(connection, origin, replies.edited_after_delivery(prompt.id), f"edited:{prompt.id}")


def removed(connection: Connection, channel: str, ts: str) -> None:
    """The person deleted a message that became a prompt: it is dropped if it has not been sent."""
    prompt = find_message(connection, channel, ts)
    if prompt is not None:
        drop(connection, prompt.id)


def begin(connection: Connection, task_id: str) -> Prompt | None:
    """The task's next prompt is about to be sent: a crash from here on leaves it `sending`. None when none waits.

    Which one is next, and its words, are read in the very transaction that takes it out of the queue.
    """
    prompt = next_prompt(connection, task_id)
    if prompt is None or not mark_prompt(connection, prompt.id, PromptState.SENDING, PromptState.QUEUED):
        return None
    return get_prompt(connection, prompt.id)


def back_to_queue(connection: Connection, prompt_id: int) -> None:
    """The prompt has certainly not reached the agent: it waits."""
    mark_prompt(connection, prompt_id, PromptState.QUEUED, PromptState.SENDING)


def try_again(connection: Connection, prompt_id: int) -> None:
    """The logs show that the prompt never arrived: it may be sent once more."""
    back_to_queue(connection, prompt_id)
    count_refusal(connection, prompt_id)


def resuming(connection: Connection, task_id: str, prompt_id: int) -> None:
    """The workspace is being started because a prompt waits for it: the card and the thread say so."""
    if lock_task(connection, task_id).phase is not Phase.OPEN:
        return
    asked = Asked(verb=Verb.RESUME, by="", by_name="", at=now(connection))
    save_task(connection, task_id, asked=asked)
    for card in cards_of(connection, task_id):
        enqueue(connection, queue.post_reply(card, "resuming", f"resuming:{prompt_id}", prompt=prompt_id))
    _refresh(connection, task_id)


def delivered(connection: Connection, prompt_id: int, heard_at: float | None = None) -> None:
    """The prompt reached the agent: a new turn begins. What the agent reported after `heard_at` belongs to it."""
    prompt = get_prompt(connection, prompt_id)
    task = lock_task(connection, prompt.task_id)
    if not mark_prompt(connection, prompt_id, PromptState.DELIVERED, PromptState.SENDING, PromptState.MAYBE):
        return
    if task.phase is Phase.OPEN:
        known = prompt.sent_at or prompt.created_at
        memory = _next_turn(task, known if heard_at is None else heard_at, now(connection))
        save_task(connection, task.id, memory=memory, asked=_still_asked(task))
    _show(connection, prompt)


def _still_asked(task: Task) -> Asked | None:
    """What was asked and is not done: an agent that takes a prompt is up again, whoever had it paused."""
    asked = task.asked
    done = asked is not None and asked.verb in {Verb.RESUME, Verb.RETRY}
    over = asked is not None and asked.verb is Verb.PAUSE and task.memory.condition is Condition.PAUSED
    return None if done or over else asked


def _next_turn(task: Task, heard_at: float, at: float) -> Memory:
    """The memory of a new turn; its agent may have been so quick, or we so late, that its end has been told already."""
    report = task.snapshot.report if task.snapshot else None
    fresh = changes.prompted(task.memory, task.snapshot, at)
    if report is None or report.at <= heard_at:
        return fresh
    fresh = fresh.model_copy(update={"turn_report": heard_at})
    if task.memory.condition not in _ENDED_TURN or task.memory.since != report.at:
        return fresh
    kept = ("condition", "since", "told", "mentioned")
    return fresh.model_copy(update={name: getattr(task.memory, name) for name in kept})


def failed(connection: Connection, prompt_id: int, reason: str) -> None:
    """The prompt will not reach the agent: its author reads why, where it was written."""
    _end(connection, prompt_id, PromptState.FAILED, "not_delivered", reason=reason)


def uncertain(connection: Connection, prompt_id: int) -> None:
    """Nobody can tell whether the prompt reached the agent: its author decides."""
    count_refusal(connection, prompt_id)
    _end(connection, prompt_id, PromptState.MAYBE, "maybe_delivered")


def _end(connection: Connection, prompt_id: int, state: PromptState, what: str, **facts: str) -> None:
    if not mark_prompt(connection, prompt_id, state, PromptState.SENDING, PromptState.QUEUED):
        return
    prompt = get_prompt(connection, prompt_id)
    _show(connection, prompt)
    key = f"{what}:{prompt_id}:{prompt.refusals}"
    cards = cards_of(connection, prompt.task_id)
    enqueue(connection, *(queue.post_reply(card, what, key, prompt=prompt_id, **facts) for card in cards))
    if not cards:  # a task that was not made here has no thread
        origin = Origin(key=key, user=prompt.author, user_name="", channel=prompt.author)
        reason = facts.get("reason", "Nobody can tell whether it reached the agent.")
        show_private(
            connection, origin, replies.not_delivered_reply(prompt.author, prompt.text, reason, prompt_id), key
        )


def again(connection: Connection, prompt_id: int) -> bool:
    """Send a prompt once more, because its author says so; False when somebody was first."""
    prompt = get_prompt(connection, prompt_id)
    if lock_task(connection, prompt.task_id).phase is not Phase.OPEN:
        return False
    if not mark_prompt(connection, prompt_id, PromptState.QUEUED, PromptState.FAILED, PromptState.MAYBE):
        return False
    count_refusal(connection, prompt_id)
    enqueue(connection, queue.send_prompt(prompt.task_id, prompt_id, prompt.refusals + 1))
    _show(connection, prompt)
    return True


def arrived(connection: Connection, prompt_id: int) -> bool:
    """The author says that an uncertain prompt did arrive; False when somebody was first."""
    if get_prompt(connection, prompt_id).state is not PromptState.MAYBE:
        return False
    delivered(connection, prompt_id)
    return True


def drop(connection: Connection, prompt_id: int) -> bool:
    """Do not send a prompt after all; False when it is too late."""
    done = mark_prompt(connection, prompt_id, PromptState.DROPPED, PromptState.QUEUED, PromptState.FAILED)
    if done:
        _show(connection, get_prompt(connection, prompt_id))
    return done


def count_waiting(connection: Connection, task_id: str) -> int:
    """How many prompts of a task wait."""
    return len(list_waiting(connection, task_id))


def give_up(connection: Connection, task_id: str) -> int:
    """Fail all that waits for a task that has ended; how many that is."""
    lost = [prompt for prompt in list_waiting(connection, task_id) if _lose(connection, prompt)]
    for prompt in lost:
        _show(connection, prompt, card=False)
    return len(lost)


def _lose(connection: Connection, prompt: Prompt) -> bool:
    return mark_prompt(connection, prompt.id, PromptState.FAILED, PromptState.QUEUED, PromptState.SENDING)


def show_private(connection: Connection, origin: Origin, content: Content, key: str) -> None:
    """Show something to one person only, once for each key."""
    enqueue(connection, queue.private_answer(origin, content, key))


def owner_name(connection: Connection, task: Task) -> str:
    """What to call the task's owner; their Coder name while nobody knows more."""
    owner = find_by_coder_id(connection, task.owner_id) if task.owner_id else None
    return owner.name if owner else task.snapshot.owner_name if task.snapshot else ""


def clicked(connection: Connection, act: Act, prompt_id: int, origin: Origin) -> None:
    """Somebody clicked a prompt's button: its author and the task's owner may, and the first click counts."""
    prompt = get_prompt(connection, prompt_id)
    task = lock_task(connection, prompt.task_id)
    if origin.user not in {prompt.author, task.owner_slack}:
        show_private(connection, origin, replies.not_allowed(owner_name(connection, task)), f"click:{origin.key}")
    elif not act(connection, prompt_id):
        show_private(connection, origin, problem(already_done()), f"click:{origin.key}")


def _show(connection: Connection, prompt: Prompt, *, card: bool = True) -> None:
    mark = queue.mark_message(prompt)
    if mark is not None:
        enqueue(connection, mark)
    if card:
        _refresh(connection, prompt.task_id)


def _refresh(connection: Connection, task_id: str) -> None:
    enqueue(connection, *(queue.edit_card(card) for card in cards_of(connection, task_id)))
