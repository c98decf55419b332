"""Who may do what to which task. Pure."""

from __future__ import annotations

from bot.models import Person, Snapshot, Task


def may_steer(person: Person, task: Task) -> bool:
    """Whether the person's words reach the task's agent: only the owner's do."""
    return task.owner_id is not None and person.coder_id == task.owner_id


def may_see(person: Person, snapshot: Snapshot) -> bool:
    """Whether the person may read a task: the owner, and Coder's site owners."""
    return person.site_owner or person.coder_id == snapshot.owner_id


def may_control(person: Person, snapshot: Snapshot) -> bool:
    """Whether the person may pause, resume, retry or delete: as in Coder, the owner and site owners."""
    return person.site_owner or person.coder_id == snapshot.owner_id


def may_create_for(person: Person, owner_username: str) -> bool:
    """Whether the person may start a task that belongs to this Coder user."""
    return person.site_owner or person.username == owner_username
