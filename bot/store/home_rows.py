"""The home table: whose Home tab is kept fresh, and what it shows."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bot.store.clock import now_ms
from bot.store.insert import insert_new
from bot.store.schema import home


@dataclass(frozen=True)
class Home:
    """A person's Home tab: when they last opened it, when it was last published, the fingerprint of what it shows."""

    opened_at: float
    published_at: float
    shown: str | None


def open_home(connection: sa.Connection, slack_user: str) -> None:
    """The person looks at the Home tab now."""
    seen = sa.update(home).where(home.c.slack_user == slack_user).values(opened_at=now_ms())
    if connection.execute(seen).rowcount == 0:
        insert_new(connection, home, {"slack_user": slack_user, "opened_at": now_ms()})


def is_home_open(connection: sa.Connection, slack_user: str) -> bool:
    """Whether the person has ever opened the Home tab."""
    return connection.execute(sa.select(home.c.slack_user).where(home.c.slack_user == slack_user)).first() is not None


def find_home(connection: sa.Connection, slack_user: str) -> Home | None:
    """The person's Home tab; None when they have never opened it."""
    row = connection.execute(sa.select(home).where(home.c.slack_user == slack_user)).first()
    return Home(row.opened_at / 1000, row.published_at / 1000, row.shown) if row else None


def list_homes(connection: sa.Connection) -> list[str]:
    """Everybody who has ever opened the Home tab."""
    return list(connection.execute(sa.select(home.c.slack_user).order_by(home.c.slack_user)).scalars())


def forget_shown(connection: sa.Connection, slack_user: str) -> None:
    """What the tab shows shall be published again, even if it is the same."""
    connection.execute(sa.update(home).where(home.c.slack_user == slack_user).values(shown=None))


def mark_published(connection: sa.Connection, slack_user: str, shown: str) -> None:
    """Slack shows this now."""
    values = {"published_at": now_ms(), "shown": shown}
    connection.execute(sa.update(home).where(home.c.slack_user == slack_user).values(**values))
