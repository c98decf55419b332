"""Deliveries of a batch: its roll-up, posted once and then edited in place, and what is asked of all its tasks."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot import batches, policy, problems, tasks
from bot.blocks.batch import BatchView, Line, roll_up, steered
from bot.blocks.card import fingerprint
from bot.blocks.problems import problem
from bot.cards import shown_condition
from bot.delivery.outside import Outside, keep_apart
from bot.errors import Later, SlackRefused, Transient, UserError
from bot.models import Batch, Condition, Content, Origin, Person, Phase, Snapshot, Task, Verb
from bot.slack.failures import NO_POSTING, NOT_EDITABLE
from bot.store import Connection
from bot.store.batch_rows import find_batch, list_lines, mark_batch_shown, save_batch
from bot.store.card_rows import cards_of
from bot.store.lanes import Item
from bot.store.moments import now
from bot.store.person_rows import find_person

log = logging.getLogger(__name__)

_OVER = {Condition.DELETING, Condition.DELETED, Condition.GONE}
# So long Delete all waits for tasks that are being created, to delete them too.
_CREATING_SECONDS = 60.0
_AT_REST = _OVER | {Condition.PAUSING, Condition.PAUSED}


async def edit_batch(outside: Outside, item: Item) -> None:
    """Make the roll-up show the present; the first time, post it."""
    found = await outside.database.run(_read, item.payload["batch"])
    if found is None:
        return
    batch, view, at = found
    content = roll_up(view)
    if batch.ts is None:
        await _post(outside, batch, content, again=item.maybe_sent)
        return
    keep_apart(at, batch.edited_at, outside.edit_seconds, "this roll-up was edited a moment ago")
    shown = fingerprint(content)
    if shown == batch.shown and not item.maybe_sent:
        return
    try:
        await outside.slack.update(batch.channel, batch.ts, content, batch.id)
    except SlackRefused as refusal:
        if refusal.code not in NOT_EDITABLE:
            raise
        log.warning("a roll-up cannot be edited, it is posted anew", extra={"action": "batch_replaced"})
        await _post(outside, batch, content, again=item.maybe_sent)
        return
    await outside.database.run(mark_batch_shown, batch.id, view.revision, shown)


def _read(connection: Connection, batch_id: str) -> tuple[Batch, BatchView, float] | None:
    batch = find_batch(connection, batch_id)
    if batch is None:
        return None
    lines = list_lines(connection, batch_id)
    request = lines[0].request if lines else None
    templates = (line.snapshot.template for line in lines if line.snapshot)
    place = request.place if request else None
    person = find_person(connection, batch.requester)
    view = BatchView(
        batch_id=batch.id,
        title=batch.title,
        requester=person.name if person else batch.requester_name,
        template=next(templates, request.template if request else ""),
        to_person=place is not None and place.channel == batch.requester,
        created_at=batch.created_at,
        lines=[_line(connection, batch, line) for line in lines],
        revision=batch.revision + 1,
    )
    return batch, view, now(connection)


def _line(connection: Connection, batch: Batch, task: Task) -> Line:
    number = task.batch_line or 0
    prompt = batch.prompts[number] if number < len(batch.prompts) else task.name
    if task.snapshot is None:
        return Line(prompt, refusal=(task.refusal or "No reason given.") if task.phase is Phase.REFUSED else "")
    report = task.snapshot.report
    link = next((card.link for card in cards_of(connection, task.id) if card.link), "")
    return Line(
        prompt,
        shown_condition(task)[0],
        card=link or "",
        uri=report.uri if report else "",
        exists=task.phase is Phase.OPEN,
    )


# -- posting -----------------------------------------------------------------------------------------------------------


async def _post(outside: Outside, batch: Batch, content: Content, *, again: bool) -> None:
    """Post the roll-up where it was asked for, or, where the bot may not write, in the person's direct messages.

    An earlier try may have posted it under another item, which this one has taken the place of: so look first, always.
    `again`: it may even have done so in the direct messages, before the bot could write in the channel.
    """
    delivery = f"batch:{batch.id}{f':{batch.ts}' if batch.ts else ''}"
    find, post = outside.slack.find_posted, outside.slack.post
    channel, since = await _channel(outside, batch.channel), batch.created_at
    try:
        found = await find(channel, delivery, since)
        if found is None and again:
            direct = await outside.slack.open_direct_message(batch.requester)
            found = await find(direct, delivery, since)
            channel = direct if found else channel
        ts = found or await post(channel, content, delivery)
    except SlackRefused as refusal:
        if refusal.code not in NO_POSTING:
            raise
        channel = await outside.slack.open_direct_message(batch.requester)
        found = await find(channel, delivery, since)
        ts = found or await post(channel, content, delivery)
    shown = None if found else fingerprint(content)  # what an earlier try has shown may be the past
    await outside.database.run(_posted, batch.id, channel, ts, shown)
    if found:
        raise Later(0.0, "what an earlier try has posted may show the past")


async def _channel(outside: Outside, channel: str) -> str:
    """The channel; of a person, the one of the direct messages with them."""
    return await outside.slack.open_direct_message(channel) if channel.startswith(("U", "W")) else channel


def _posted(connection: Connection, batch_id: str, channel: str, ts: str, shown: str | None) -> None:
    save_batch(connection, batch_id, channel=channel, ts=ts)
    mark_batch_shown(connection, batch_id, 1, shown or "")


# -- all tasks of a batch ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """What came of asking for every task: of how many it was asked, and one that the person may not control."""

    count: int
    refused: Snapshot | None


async def steer_batch(outside: Outside, item: Item) -> None:
    """Pause or delete all tasks of a batch that the person may control; one answer says how many."""
    origin, verb = Origin.model_validate(item.payload["origin"]), Verb(item.payload["verb"])
    may_wait = item.age < _CREATING_SECONDS
    try:
        content = await _steer(outside, item.payload["batch"], verb, origin, may_wait=may_wait)
    except UserError as error:
        if isinstance(error, Transient):
            raise
        content = problem(error)
    await outside.tell(origin, content, again=item.maybe_sent)


async def _steer(outside: Outside, batch_id: str, verb: Verb, origin: Origin, *, may_wait: bool) -> Content:
    person = await outside.person(origin.user)
    batch: Batch | None = await outside.database.run(find_batch, batch_id)
    if batch is None:
        raise problems.unexpected()
    given_up = 0
    if verb is Verb.DELETE and (person.slack_user == batch.requester or person.site_owner):
        given_up, creating = await outside.database.run(batches.give_up_waiting, batch_id, person.name)
        if creating and may_wait:
            await _ask_all(outside, batch_id, person, verb, origin)
            raise Later(1.0, "Coder is creating some of the tasks that shall be deleted")
    asked = await _ask_all(outside, batch_id, person, verb, origin)
    if not asked.count + given_up and asked.refused is not None:
        raise problems.not_yours(verb.value, batch.requester_name or asked.refused.owner_name, asked.refused.url)
    return steered(verb, batch.title, asked.count + given_up)


async def _ask_all(outside: Outside, batch_id: str, person: Person, verb: Verb, origin: Origin) -> _Asked:
    """Ask it of each task that is there; what was asked by an earlier try of the same click counts too."""
    count, refused = 0, None
    for task in await outside.database.run(list_lines, batch_id):
        by = origin.model_copy(update={"user_name": person.name, "key": f"{origin.key}:{task.id}"})
        if task.asked is not None and task.asked.key == by.key:
            count += 1
        elif _can_be_asked(task, verb) and task.snapshot is not None:
            if policy.may_control(person, task.snapshot):
                count += await _ask(outside, task, verb, by)
            else:
                refused = task.snapshot
    return _Asked(count, refused)


def _can_be_asked(task: Task, verb: Verb) -> bool:
    over = _AT_REST if verb is Verb.PAUSE else _OVER
    return task.phase is Phase.OPEN and shown_condition(task)[0] not in over


async def _ask(outside: Outside, task: Task, verb: Verb, by: Origin) -> bool:
    try:
        return bool(await outside.database.run(tasks.ask, task.id, verb, by))
    except UserError as error:
        if isinstance(error, Transient):
            raise
        log.info("a task of a batch is left as it is", extra={"action": "batch_ask", "why": error.name})
        return False
