"""Who may do what to which task. Pure."""

from __future__ import annotations

from bot.models import ChannelSettings, Person, PromptRule, Snapshot, Task, Watch


def is_open(task: Task, channel: ChannelSettings) -> bool:
    """Whether everybody with a Coder account steers the task in its thread here: as its owner, or the channel, says."""
    return channel.prompts is PromptRule.ANYONE if task.steered is None else task.steered


def may_steer(person: Person, task: Task, channel: ChannelSettings | None = None) -> bool:
    """Whether the person's words reach the task's agent: the owner's do, and others' where its thread steers.

    `channel` are the settings of the channel where they were written, if the task has a thread there.
    """
    is_owner = task.owner_id is not None and person.coder_id == task.owner_id
    return is_owner or (channel is not None and is_open(task, channel))


def may_see(person: Person, snapshot: Snapshot) -> bool:
    """Whether the person may read a task: the owner, and Coder's site owners."""
    return person.site_owner or person.coder_id == snapshot.owner_id


def may_control(person: Person, snapshot: Snapshot) -> bool:
    """Whether the person may pause, resume, retry or delete, or say who steers: as in Coder, owner and site owners."""
    return person.site_owner or person.coder_id == snapshot.owner_id


def fits(watch: Watch, snapshot: Snapshot) -> bool:
    """Whether a channel's watch is for this task, and whoever set it may see it."""
    may_see = watch.sees_all or snapshot.owner_id == watch.set_by_coder
    return may_see and watch.owner_id in ("", snapshot.owner_id) and watch.template in ("", snapshot.template)


def may_create_for(person: Person, owner_username: str) -> bool:
    """Whether the person may start a task that belongs to this Coder user."""
    return person.site_owner or person.username == owner_username
