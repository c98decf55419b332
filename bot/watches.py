"""The use cases of channels that show tasks which were started elsewhere: one that somebody names, or all that fit."""

from __future__ import annotations

from hashlib import sha256

from bot import observing, policy, problems, queue, ripples, tasks
from bot.models import Card, Level, Memory, Origin, Person, Phase, Snapshot, Watch
from bot.store import Connection
from bot.store.card_rows import add_card, cards_of, is_card, mark_unfollowed, save_card
from bot.store.lanes import enqueue
from bot.store.moments import now
from bot.store.settings_rows import get_channel, get_person_settings
from bot.store.task_rows import find_by_coder_id, is_being_made, lock_task
from bot.store.watch_rows import list_watches, remove_watches, save_watch

# What a channel is told of when nothing else is asked for.
USUAL_EVENTS = ("complete", "failed", "error")


def follow(connection: Connection, task_id: str, person: Person, origin: Origin) -> Card | None:
    """Give the task a card in the channel where somebody asked for it; the one that is there already, if any."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.OPEN:
        raise problems.task_gone()
    card_id = f"{task_id}-{sha256(origin.key.encode()).hexdigest()[:8]}"  # a request that comes again is no second one
    if is_card(connection, card_id):
        return None
    here = _card_in(connection, task_id, origin.channel)
    if here is not None:
        if here.events is not None:  # a watch has brought it: from now on its thread hears as much as others
            save_card(connection, here.id, events=None, level=_level(connection, person, here.channel))
        return here
    card = Card(
        id=card_id,
        task_id=task_id,
        channel=origin.channel,
        level=_level(connection, person, origin.channel),
        shown_by=person.name,
    )
    add_card(connection, card)
    enqueue(connection, queue.post_card(card, origin), queue.post_reply(card, "prompt", "prompt"))
    return None


def _level(connection: Connection, person: Person, channel: str) -> Level:
    own = get_person_settings(connection, person.slack_user).level
    return own or get_channel(connection, channel).level or Level.IMPORTANT


def unfollow(connection: Connection, task_id: str, channel: str, by: str) -> bool:
    """Let the task's card in a channel be as it is from now on; False when there is none. `by` is a name."""
    lock_task(connection, task_id)
    card = _card_in(connection, task_id, channel)
    if card is None:
        return False
    leave(connection, card, by)
    return True


def leave(connection: Connection, card: Card, by: str) -> None:
    """The card follows its task no longer, and says so."""
    mark_unfollowed(connection, card.id, by)
    enqueue(connection, queue.edit_card(card))


def _card_in(connection: Connection, task_id: str, channel: str) -> Card | None:
    return next((card for card in cards_of(connection, task_id) if card.channel == channel), None)


def new_watch(person: Person, channel: str, whose: tuple[str, str], template: str, events: tuple[str, ...]) -> Watch:
    """A watch that this person sets, for what they may see: everybody's tasks only as a site owner.

    `whose` is a Coder user's id and name, empty for anybody's.
    """
    owner_id, owner_name = whose if person.site_owner else (person.coder_id, person.name)
    return Watch(
        channel=channel,
        owner_id=owner_id,
        owner_name=owner_name,
        template=template,
        events=events or USUAL_EVENTS,
        set_by=person.slack_user,
        set_by_name=person.name,
        set_by_coder=person.coder_id,
        sees_all=person.site_owner,
    )


def watch(connection: Connection, new: Watch, key: str) -> None:
    """Tell a channel from now on of tasks that nobody started from Slack; everybody there reads that it is so."""
    save_watch(connection, new)
    facts = new.model_dump(mode="json", include={"owner_name", "template", "events"})
    enqueue(connection, queue.post_note(new.channel, "watch_on", f"watch:{key}", by=new.set_by_name, watch=facts))


def unwatch(connection: Connection, channel: str, by: str, key: str) -> bool:
    """Tell a channel of such tasks no more; False when it was told of none. `by` is a name."""
    if not remove_watches(connection, channel):
        return False
    enqueue(connection, queue.post_note(channel, "watch_off", f"watch:{key}", by=by))
    return True


def of_channel(connection: Connection, channel: str) -> list[Watch]:
    """What a channel watches."""
    return list_watches(connection, channel)


def take_in(connection: Connection, snapshot: Snapshot, settle: float) -> bool:
    """Know a task that nobody started from Slack because a channel watches for it; False when that is not so.

    What happened to it before the watch was set is not news: then it is remembered as it is.
    """
    if find_by_coder_id(connection, snapshot.id) is not None or is_being_made(connection, snapshot.name):
        return False
    watching = [one for one in list_watches(connection) if policy.fits(one, snapshot)]
    if not watching:
        return False
    last = max(snapshot.created_at, snapshot.report.at if snapshot.report else 0.0)
    if all(last < one.created_at for one in watching):
        tasks.adopt(connection, snapshot, None)
        return True
    memory = Memory(since=now(connection), began=snapshot.created_at)
    task = lock_task(connection, tasks.adopt(connection, snapshot, None, memory).id)
    cards = ripples.add_watched(connection, task, "created", snapshot.created_at)
    enqueue(connection, *(queue.post_card(card) for card in cards))
    observing.observe(connection, task.id, snapshot, settle)
    return True
