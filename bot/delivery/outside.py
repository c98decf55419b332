"""The three systems that a delivery sees together."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from hashlib import sha256

from bot import problems
from bot.coder import Coder
from bot.coder.directory import Directory
from bot.coder.tasks_api import TasksApi
from bot.errors import DeliveryError, Later, SlackRefused
from bot.models import Content, Origin, Person
from bot.slack.client import SlackClient
from bot.slack.response_url import ResponseUrls
from bot.store.database import Database
from bot.store.person_rows import find_person, save_person

log = logging.getLogger(__name__)

# A match of e-mails is asked for anew after an hour: people leave, and roles change.
_PERSON_SECONDS = 3600.0
# A private answer that is older than this is not tried again.
_AGAIN_SECONDS = 3600.0


def keep_apart(now: float, last: float, seconds: float, why: str) -> None:
    """Raise Later when the `last` time is less than `seconds` ago; one that is yet to come is from a clock set back."""
    if last <= now < last + seconds:
        raise Later(last + seconds - now, why)


@dataclass(frozen=True)
class Outside:
    """The database, Slack and Coder."""

    database: Database
    slack: SlackClient
    urls: ResponseUrls
    coder: Coder
    default_template: str = ""
    default_preset: str = ""
    edit_seconds: float = 3.0
    bot_user: str = ""  # the bot's own id in Slack
    batch_limit: int = 25  # tasks that one form may start

    @property
    def backend(self) -> TasksApi:
        """Coder's API for tasks."""
        return self.coder.tasks

    @property
    def directory(self) -> Directory:
        """Coder's people and templates."""
        return self.coder.directory

    async def person(self, slack_user: str) -> Person:
        """The Coder user of a Slack user, by e-mail; UserError when there is none to be had."""
        known = await self.database.run(find_person, slack_user, younger_than=_PERSON_SECONDS)
        if known is not None and known.organizations is not None:
            return known
        user = await self.slack.user(slack_user)
        if user.is_guest or user.is_bot:
            raise problems.guest()
        if not user.email:
            raise problems.no_slack_email()
        account = await self.directory.by_email(user.email)
        person = Person(
            slack_user=user.id,
            slack_name=user.name,
            coder_id=account.id,
            username=account.username,
            name=account.name,
            site_owner=account.site_owner,
            organizations=account.organizations,
        )
        await self.database.run(save_person, person)
        return person

    async def forget(self, origin: Origin) -> None:
        """Take the private line away that an answer in public replaces; one that is gone already is as good."""
        if origin.response_url:
            with contextlib.suppress(DeliveryError):
                await self.urls.remove(origin.response_url)

    async def tell(self, origin: Origin, content: Content, *, again: bool) -> None:
        """Show something to the person who asked: at the answer address, else in the channel, else in a message.

        `again`: an earlier try may have done it, so that a message is looked for before it is posted.
        """
        if origin.response_url:
            try:
                await self.urls.answer(origin.response_url, content, replace=True)
            except SlackRefused as refusal:
                log.info("an answer address is used up", extra={"action": "answer_url_gone", "code": refusal.code})
            else:
                return
        if origin.channel != origin.user:  # else it was asked for where there is no channel: on the Home tab
            with contextlib.suppress(SlackRefused):
                await self.slack.post_private(origin.channel, origin.user, content, origin.thread_ts or None)
                return
        channel = await self.slack.open_direct_message(origin.user)
        delivery = f"private:{origin.key}:{sha256(content.text.encode()).hexdigest()[:8]}"
        since = time.time() - _AGAIN_SECONDS
        if not again or await self.slack.find_posted(channel, delivery, since) is None:
            await self.slack.post(channel, content, delivery)
