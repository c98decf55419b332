"""The home table: whose Home tab is kept fresh."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store.schema import home


def is_home_open(connection: sa.Connection, slack_user: str) -> bool:
    """Whether the person has ever opened the Home tab."""
    return connection.execute(sa.select(home.c.slack_user).where(home.c.slack_user == slack_user)).first() is not None
