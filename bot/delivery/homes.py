"""Deliveries of the Home tab: published when it is opened and when what it shows changes, not too often."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from bot.blocks.home import ROWS, Defaults, HomeView, Listed, Row, Stage, fingerprint, home, stage_of, stranger
from bot.cards import card_view, shown_condition
from bot.delivery.outside import Outside, keep_apart
from bot.errors import DeliveryError, Later, SlackRefused, Transient, UserError
from bot.models import Level, Person, PersonSettings, Task, View
from bot.store import Connection
from bot.store.card_rows import cards_of
from bot.store.home_rows import Home, find_home, mark_published
from bot.store.lanes import Item
from bot.store.moments import Moment, get_moment, now
from bot.store.person_rows import find_person
from bot.store.settings_rows import get_person_settings
from bot.store.task_rows import list_of_person

log = logging.getLogger(__name__)

PACE_SECONDS = 10.0  # between two changes of one person's tab
FRESH_SECONDS = 60.0  # so long an unchanged tab counts as up to date when it is opened
AGAIN_SECONDS = 30.0  # between two tries to learn who somebody is, while nobody can be asked
_DONE_SECONDS = 24 * 3600.0


async def publish_home(outside: Outside, item: Item) -> None:
    """Make a person's Home tab show the present; what Slack will not have is logged.

    While nobody can be asked who the person is, the tab says so, and Later is raised until somebody can.
    """
    user = item.payload["user"]
    known, at = await outside.database.run(_read, user)
    if known is None:
        return
    is_opened = known.opened_at > known.published_at
    if not is_opened:
        keep_apart(at, known.published_at, PACE_SECONDS, "this Home tab was published a moment ago")
    view, is_known = await _view(outside, user)
    is_old = is_opened and at - known.published_at > FRESH_SECONDS
    if fingerprint(view) != known.shown or is_old or item.maybe_sent:
        await _publish(outside, user, view)
    if not is_known:
        raise Later(AGAIN_SECONDS, "nobody can be asked who this is")


async def _publish(outside: Outside, user: str, view: View) -> None:
    shown = fingerprint(view)
    try:
        await outside.slack.publish_home(user, view)
    except SlackRefused as refusal:
        # The tab is switched off, or the person is gone: the next opening or change is soon enough to try again.
        log.warning("a Home tab is not shown", extra={"action": "home_refused", "user": user, "code": refusal.code})
        shown = ""
    await outside.database.run(mark_published, user, shown)


def _read(connection: Connection, user: str) -> tuple[Home | None, float]:
    return find_home(connection, user), now(connection)


async def _view(outside: Outside, user: str) -> tuple[View, bool]:
    """What the tab shows, and whether that is all there is to know: not while nobody can be asked."""
    try:
        person = await _person(outside, user)
    except UserError as error:
        return stranger(error), not isinstance(error, Transient)
    found = await outside.database.run(_read_tasks, person)
    view = HomeView(
        username=person.username,
        coder_url=outside.coder.http.url,
        now=found.now,
        stages=found.stages,
        defaults=await defaults(outside, found.settings),
        stale_since=found.stale_since,
        others=found.others,
    )
    return home(view), True


async def _person(outside: Outside, user: str) -> Person:
    """The person's Coder user; the last one known while Coder cannot be asked."""
    try:
        return await outside.person(user)
    except Transient:
        known: Person | None = await outside.database.run(find_person, user)
        if known is None:
            raise
        return known


async def defaults(outside: Outside, settings: PersonSettings) -> Defaults:
    """What the person's tasks start from: their own choice, else the bot's; by title, where it is known."""
    template, preset = settings.template, settings.preset
    if not template:
        template, preset = outside.default_template, outside.default_preset
    try:
        templates = await outside.directory.templates()
    except DeliveryError:
        templates = ()
    title = next((one.title for one in templates if template in (one.name, one.id)), template)
    return Defaults(title, preset, settings.level or Level.IMPORTANT)


@dataclass(frozen=True)
class _Tasks:
    """What the database knows of a person's tasks at the instant `now`."""

    stages: dict[Stage, Listed]
    others: bool
    settings: PersonSettings
    stale_since: float | None
    now: float


def _read_tasks(connection: Connection, person: Person) -> _Tasks:
    at = now(connection)
    tasks = [one for one in list_of_person(connection, person.slack_user, person.coder_id) if one.snapshot]
    by_stage: dict[Stage, list[Task]] = {}
    for task in sorted(tasks, key=lambda one: -shown_condition(one)[1]):
        condition, since = shown_condition(task)
        stage = stage_of(condition)
        if stage is not None and (stage is not Stage.DONE or at - since < _DONE_SECONDS):
            by_stage.setdefault(stage, []).append(task)
    stages = {
        stage: Listed(tuple(_row(connection, task, at) for task in listed[:ROWS]), len(listed))
        for stage, listed in by_stage.items()
    }
    settings = get_person_settings(connection, person.slack_user)
    return _Tasks(stages, bool(tasks), settings, get_moment(connection, Moment.CODER_SILENT), at)


def _row(connection: Connection, task: Task, at: float) -> Row:
    link = next((card.link for card in cards_of(connection, task.id) if card.link), "")
    return Row(card_view(connection, task, at), link or "")
