"""The use cases of a prompt: taken in once, delivered once, in the order in which people wrote."""

from __future__ import annotations

from collections.abc import Callable

from bot import changes, policy, queue
from bot.blocks import replies
from bot.blocks.problems import problem
from bot.models import (
    Asked,
    Condition,
    Content,
    Enclosed,
    Memory,
    Origin,
    Person,
    Phase,
    Place,
    Prompt,
    PromptState,
    Task,
    Verb,
)
from bot.problems.tasks import already_done
from bot.store import Connection
from bot.store.card_rows import cards_of
from bot.store.lanes import enqueue
from bot.store.moments import now
from bot.store.person_rows import find_by_coder_id, find_person
from bot.store.prompt_rows import (
    add_prompt,
    count_refusal,
    count_waiting,
    get_prompt,
    list_waiting,
    mark_prompt,
    next_prompt,
    save_prompt,
    save_text,
)
from bot.store.settings_rows import get_channel
from bot.store.task_rows import lock_task, save_task

Act = Callable[[Connection, int], bool]

_UNSENT = (PromptState.QUEUED, PromptState.FAILED, PromptState.OFFERED)
_ENDED_TURN = {Condition.WAITING, Condition.COMPLETE, Condition.FAILED}


def name_of(connection: Connection, slack_user: str) -> str:
    """What to call somebody who is mentioned in a prompt; channels and strangers keep their ids."""
    known = find_person(connection, slack_user)
    return known.name if known else slack_user


def is_note(text: str) -> bool:
    """Whether a reply is a note to people: it begins with // or with a mention, or says nothing."""
    words = text.strip()
    return not words or words.startswith(("//", "<@", "<!"))


def may_prompt(connection: Connection, person: Person, task: Task, channel: str) -> bool:
    """Whether the person's words reach the task's agent when they are written in this channel."""
    has_thread = any(card.channel == channel for card in cards_of(connection, task.id))
    return policy.may_steer(person, task, get_channel(connection, channel) if has_thread else None)


def take(connection: Connection, new: Prompt) -> int | None:
    """Make a person's message in the task's thread its next prompt, once; a task that has ended takes none.

    A message whose author is asked about it first is only kept.
    """
    return _take(connection, new, f"{new.channel}:{new.ts}")


def send(
    connection: Connection,
    task: Task,
    person: Person,
    text: str,
    origin: Origin,
    *,
    message: Place | None = None,
    files: tuple[Enclosed, ...] = (),
) -> None:
    """Take in the words of a send command or form, or of a `message`; the thread shows them to everybody."""
    new = Prompt(
        id=0,
        task_id=task.id,
        position=f"{now(connection):.6f}",
        author=person.slack_user,
        author_name=person.name,
        text=text,
        state=PromptState.QUEUED,
        channel=message.channel if message else None,
        ts=message.ts if message else None,
        files=files,
    )
    taken = _take(connection, new, f"{message.channel}:{message.ts}" if message else f"send:{origin.key}")
    if taken is None or message is not None:
        return
    facts = {"by": person.name, "text": text, "prompt": taken}
    for card in cards_of(connection, task.id):
        enqueue(connection, queue.post_reply(card, "sent_elsewhere", f"sent:{origin.key}", **facts))


def recorded(connection: Connection, prompt_id: int, channel: str, ts: str) -> None:
    """A prompt that was given outside of the thread stands in it: from now on this message shows how far it is."""
    prompt = get_prompt(connection, prompt_id)
    if prompt.ts is None:
        save_prompt(connection, prompt_id, channel=channel, ts=ts)
        _show(connection, get_prompt(connection, prompt_id), card=False)


def _take(connection: Connection, new: Prompt, dedup: str) -> int | None:
    # The row is locked before any of the task's lanes, as by everything that needs several of them: no deadlock.
    task = lock_task(connection, new.task_id)
    if task.phase is not Phase.OPEN:
        return None
    prompt_id = add_prompt(connection, new, dedup)
    if prompt_id is None:
        return None
    taken = new.model_copy(update={"id": prompt_id})
    if new.state is not PromptState.QUEUED:
        return prompt_id
    reading = [queue.read_files(prompt_id)] if new.is_unread else []
    enqueue(connection, *reading, queue.send_prompt(new.task_id, prompt_id))
    _show(connection, taken)
    if task.memory.condition is Condition.WORKING and count_waiting(connection, task.id) == 1:
        _say_that_it_waits(connection, taken)
    return prompt_id


def _say_that_it_waits(connection: Connection, prompt: Prompt) -> None:
    """The first prompt that has to wait is a surprise; the reaction and the card say the rest."""
    thread = thread_of(connection, prompt)
    if prompt.channel is not None and thread:
        origin = Origin(
            key=f"busy:{prompt.id}", user=prompt.author, user_name="", channel=prompt.channel, thread_ts=thread
        )
        show_private(connection, origin, replies.queued_busy(0, prompt.id), f"busy:{prompt.id}")


def thread_of(connection: Connection, prompt: Prompt) -> str:
    """The thread in which the prompt was written, if it was."""
    cards = cards_of(connection, prompt.task_id)
    return next((card.thread_ts or "" for card in cards if card.channel == prompt.channel), "")


def begin(connection: Connection, task_id: str) -> Prompt | None:
    """The task's next prompt is about to be sent: a crash from here on leaves it `sending`. None when none waits.

    Which one is next, and its words, are read in the very transaction that takes it out of the queue.
    """
    prompt = next_prompt(connection, task_id)
    if prompt is None or prompt.is_unread:
        return None
    if not mark_prompt(connection, prompt.id, PromptState.SENDING, PromptState.QUEUED):
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
    _show(connection, get_prompt(connection, prompt_id))  # it may have come to stand in the thread just now


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
    return requeue(connection, prompt_id, PromptState.FAILED, PromptState.MAYBE)


def requeue(connection: Connection, prompt_id: int, *states: PromptState) -> bool:
    """Let a prompt wait for delivery that is in one of these states; False when it is not, or its task has ended."""
    prompt = get_prompt(connection, prompt_id)
    if lock_task(connection, prompt.task_id).phase is not Phase.OPEN:
        return False
    if not mark_prompt(connection, prompt_id, PromptState.QUEUED, *states):
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
    done = mark_prompt(connection, prompt_id, PromptState.DROPPED, *_UNSENT)
    if done:
        _show(connection, get_prompt(connection, prompt_id))
    return done


def take_back(connection: Connection, prompt_id: int, text: str) -> bool:
    """Ask about a prompt first that waited to be sent, with these words now; False when it is too late."""
    if not mark_prompt(connection, prompt_id, PromptState.OFFERED, *_UNSENT):
        return False
    save_text(connection, prompt_id, text)
    _show(connection, get_prompt(connection, prompt_id))
    return True


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


def clicked(connection: Connection, act: Act, prompt_id: int, origin: Origin, *, sends: bool = False) -> None:
    """Somebody clicked a prompt's button: the task's owner may, and the author, and the first click counts.

    What `sends` an author's words needs the same right as the words had at first, which may be gone.
    """
    prompt = get_prompt(connection, prompt_id)
    task = lock_task(connection, prompt.task_id)
    known = find_person(connection, origin.user)
    may = known is not None and may_prompt(connection, known, task, prompt.channel or origin.channel)
    if origin.user != task.owner_slack and (origin.user != prompt.author or (sends and not may)):
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
