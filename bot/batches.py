"""The use cases of a batch: each is one transaction, and none calls out."""

from __future__ import annotations

from bot import problems, queue, tasks
from bot.batch_drafts import draft_of
from bot.batch_lines import key_of, name_of, whole_prompt
from bot.blocks.problems import problem
from bot.errors import UserError
from bot.models import Batch, Origin, Phase, Place, Verb
from bot.ripples import begin_lines
from bot.store import Connection
from bot.store.batch_rows import add_batch, find_batch, list_lines, lock_batch
from bot.store.form_rows import find_form
from bot.store.lanes import enqueue
from bot.store.task_rows import add_task, save_task


def submit(connection: Connection, form_id: str, user: str, user_name: str) -> None:
    """The preview was submitted: start what it shows, or say privately why not."""
    form = find_form(connection, form_id)
    channel = draft_of(form).channel if form else ""
    origin = Origin(key=f"form:{form_id}", user=user, user_name=user_name, channel=channel or user)
    try:
        start(connection, form_id, origin)
    except UserError as error:
        tasks.show_at_once(connection, origin, problem(error))


def start(connection: Connection, form_id: str, origin: Origin) -> bool:
    """Start what was previewed, once: one task for each prompt, three at a time, and one message that shows them all.

    False when it was started before; UserError where tasks are turned off, or when the form is too old.
    """
    form = find_form(connection, form_id)
    if form is None or form.user != origin.user:
        raise UserError("form_expired", "The form is more than a day old", "Nothing was started.", "Open it once more.")
    draft = draft_of(form)
    channel = draft.channel or origin.user
    tasks.check_start(connection, channel)
    batch = Batch(
        id=form_id,
        title=draft.title,
        requester=origin.user,
        requester_name=origin.user_name,
        channel=channel,
        prompts=draft.prompts,
    )
    if not add_batch(connection, batch):
        return False
    place = Place(channel=origin.user if draft.to_person else channel)
    for line, prompt in enumerate(draft.prompts):
        request = draft.request.model_copy(update={"prompt": whole_prompt(draft.prefix, prompt), "place": place})
        task = tasks.new_task(request, _origin(batch, line))
        marks = {"name": name_of(form_id, line, prompt), "batch_id": form_id, "batch_line": line, "waits": True}
        add_task(connection, task.model_copy(update=marks), key_of(form_id, line))
    enqueue(connection, *begin_lines(connection, form_id), queue.edit_batch(form_id))
    return True


def _origin(batch: Batch, line: int) -> Origin:
    """What asks for one line: always the same, so that it is the same task however often it is tried."""
    key = key_of(batch.id, line)
    return Origin(key=key, user=batch.requester, user_name=batch.requester_name, channel=batch.channel)


def retry(connection: Connection, batch_id: str, origin: Origin) -> None:
    """Create again what Coder refused: the same tasks, so that none is made twice, however often it is clicked."""
    try:
        _retry(connection, batch_id, origin)
    except UserError as error:
        tasks.show_at_once(connection, origin, problem(error))


def _retry(connection: Connection, batch_id: str, origin: Origin) -> None:
    lock_batch(connection, batch_id)
    batch = find_batch(connection, batch_id)
    if batch is None:
        raise problems.unexpected()
    if batch.requester != origin.user:
        raise UserError("not_yours", "You cannot retry the lines of this batch", f"{batch.requester_name} started it.")
    failed = [line for line in list_lines(connection, batch_id) if line.phase is Phase.REFUSED]
    if not failed:
        raise UserError("already_done", "Already done", "No line of this batch has failed any more.")
    for line in failed:
        answer = _origin(batch, line.batch_line or 0)
        save_task(connection, line.id, phase=Phase.CREATING, waits=True, answer=answer)
    enqueue(connection, *begin_lines(connection, batch_id), queue.edit_batch(batch_id))


def steer(connection: Connection, batch_id: str, verb: Verb, origin: Origin) -> None:
    """Take in the wish to pause or delete all tasks of a batch."""
    enqueue(connection, queue.steer_batch(batch_id, verb, origin))


def give_up_waiting(connection: Connection, batch_id: str, by_name: str) -> tuple[int, int]:
    """Let the lines whose turn has not come be, because nobody wants their tasks any more.

    How many those are, an earlier try included, and how many are being created.
    """
    why = f"{by_name} deleted the tasks of the batch before its turn."
    lock_batch(connection, batch_id)
    lines = list_lines(connection, batch_id)
    for line in lines:
        if line.phase is Phase.CREATING and line.waits:
            save_task(connection, line.id, phase=Phase.REFUSED, waits=False, answer=None, refusal=why)
    enqueue(connection, queue.edit_batch(batch_id))
    lines = list_lines(connection, batch_id)
    given_up = sum(line.phase is Phase.REFUSED and line.refusal == why for line in lines)
    return given_up, sum(line.phase is Phase.CREATING for line in lines)
