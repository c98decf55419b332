"""The person table: which Coder user a Slack user is, as last matched by e-mail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.models import Person
from bot.store.clock import now_ms
from bot.store.insert import insert_new
from bot.store.schema import person

_OF_SLACK = sa.select(person).where(person.c.slack_user == sa.bindparam("who"))


def find_person(connection: sa.Connection, slack_user: str, *, younger_than: float | None = None) -> Person | None:
    """The match of a Slack user, if it was made less than so many seconds ago."""
    query = _OF_SLACK
    if younger_than is not None:
        query = query.where(person.c.checked_at > now_ms() - int(younger_than * 1000))
    row = connection.execute(query, {"who": slack_user}).first()
    return _person(row) if row else None


def find_by_coder_id(connection: sa.Connection, coder_id: str) -> Person | None:
    """The Slack user who is this Coder user, if they have used this app."""
    query = sa.select(person).where(person.c.coder_id == coder_id).order_by(person.c.checked_at.desc()).limit(1)
    row = connection.execute(query).first()
    return _person(row) if row else None


def save_person(connection: sa.Connection, found: Person) -> None:
    """Remember a match that was made just now."""
    connection.execute(sa.delete(person).where(person.c.slack_user == found.slack_user))
    values = {
        "slack_user": found.slack_user,
        "slack_name": found.slack_name,
        "coder_id": found.coder_id,
        "coder_username": found.username,
        "coder_name": found.name,
        "site_owner": found.site_owner,
        "organizations": sa.null() if found.organizations is None else list(found.organizations),
    }
    insert_new(connection, person, {**values, "checked_at": now_ms()})


def forget_person(connection: sa.Connection, slack_user: str) -> None:
    """The match does not hold any more."""
    connection.execute(sa.delete(person).where(person.c.slack_user == slack_user))


def _person(row: sa.Row[Any]) -> Person:
    return Person(
        slack_user=row.slack_user,
        slack_name=row.slack_name,
        coder_id=row.coder_id,
        username=row.coder_username,
        name=row.coder_name,
        site_owner=row.site_owner,
        organizations=row.organizations,
    )
