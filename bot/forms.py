"""Forms: opened at once with what is known, filled in later with what has to be asked for.

The one thing that a listener does outside of its transaction: Slack's trigger dies within three seconds.
https://docs.slack.dev/surfaces/modals
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from bot import problems, queue, tasks
from bot.blocks.problems import problem
from bot.coder.shelf import Shelf
from bot.commands import form_again
from bot.errors import SlackRefused, Transient
from bot.models import Form, Origin, View
from bot.slack.client import SlackClient
from bot.store import Connection
from bot.store.database import Database
from bot.store.form_rows import add_form, find_form, save_form
from bot.store.lanes import enqueue

log = logging.getLogger(__name__)

_REOPENED = {"new"}  # the kinds of forms that a click opens once more from what is kept of them
_TOO_LATE = {"trigger_expired", "expired_trigger_id", "trigger_exchanged", "exchanged_trigger_id", "invalid_trigger_id"}


@dataclass(frozen=True)
class Forms:
    """Opens forms; `shelf` says what they can offer without asking Coder."""

    database: Database
    slack: SlackClient
    shelf: Callable[[], Shelf | None]
    batch_limit: int = 25  # tasks that one form may start

    async def open(
        self, trigger: str, form: Form, view: View, origin: Origin, *, fill: bool = False, push: bool = False
    ) -> None:
        """Show a form, once; with `fill` the delivery `fill_form` replaces it by what has to be asked for.

        `push` shows it on top of the form that is open. When it does not open in time the person is told.
        """
        if not await self.database.run(add_form, form):
            return  # Slack delivered the click twice
        try:
            show = self.slack.push_view if push else self.slack.open_view
            view_id = await show(trigger, view)
        except SlackRefused as refusal:
            if refusal.code not in _TOO_LATE:
                raise
            await self._too_late(origin, refusal, form)
        except Transient as error:
            await self._too_late(origin, error, form)
        else:
            await self.database.run(_opened, form.id, view_id, fill=fill)

    async def _too_late(self, origin: Origin, why: Exception, form: Form) -> None:
        log.warning("a form did not open", extra={"action": "form_expired", "user": origin.user, "why": str(why)})
        command = form_again(form.id) if form.kind in _REOPENED else ""
        await self.database.run(tasks.show_at_once, origin, problem(problems.form_expired(command)))

    async def form(self, form_id: str) -> Form | None:
        """What an open form knows beside its fields; None when it is older than a day."""
        found: Form | None = await self.database.run(find_form, form_id)
        return found

    async def fill(self, form_id: str) -> None:
        """Let the delivery ask for what is missing in an open form."""
        await self.database.run(enqueue, queue.fill_form(form_id))

    async def show(self, view_id: str, view: View) -> None:
        """Replace an open form; one that was closed meanwhile needs nothing."""
        try:
            await self.slack.update_view(view_id, view)
        except SlackRefused as refusal:
            if refusal.code not in {"not_found", "view_not_found", "hash_conflict"}:
                raise


def _opened(connection: Connection, form_id: str, view_id: str, *, fill: bool) -> None:
    save_form(connection, form_id, view_id=view_id)
    if fill:
        enqueue(connection, queue.fill_form(form_id))
