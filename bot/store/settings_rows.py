"""The settings of channels and of people."""

from __future__ import annotations

import sqlalchemy as sa

from bot.models import ChannelSettings, PersonSettings
from bot.store.clock import now_ms
from bot.store.insert import insert_new
from bot.store.schema import channel_settings, person_settings


def get_channel(connection: sa.Connection, channel: str) -> ChannelSettings:
    """What holds in a channel; the defaults when nobody has set anything."""
    row = connection.execute(sa.select(channel_settings).where(channel_settings.c.channel == channel)).first()
    if row is None:
        return ChannelSettings(channel=channel)
    values = {**row._mapping, "changed_at": row.changed_at / 1000}  # noqa: SLF001 - SQLAlchemy's public name
    return ChannelSettings.model_validate(values)


def save_channel(connection: sa.Connection, settings: ChannelSettings) -> None:
    """Keep what holds in a channel from now on."""
    connection.execute(sa.delete(channel_settings).where(channel_settings.c.channel == settings.channel))
    values = settings.model_dump(mode="json", exclude={"changed_at"})
    insert_new(connection, channel_settings, {**values, "changed_at": now_ms()})


def get_person_settings(connection: sa.Connection, slack_user: str) -> PersonSettings:
    """What a person has chosen; the defaults when they have chosen nothing."""
    row = connection.execute(sa.select(person_settings).where(person_settings.c.slack_user == slack_user)).first()
    return PersonSettings.model_validate(row._mapping) if row else PersonSettings(slack_user=slack_user)  # noqa: SLF001


def save_person_settings(connection: sa.Connection, settings: PersonSettings) -> None:
    """Keep what a person has chosen."""
    connection.execute(sa.delete(person_settings).where(person_settings.c.slack_user == settings.slack_user))
    insert_new(connection, person_settings, settings.model_dump(mode="json"))
