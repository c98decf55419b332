"""What `watch`, `follow` and `--notify` mean, and what they say when they do not understand."""

from __future__ import annotations

import pytest

from bot import commands
from bot.commands import Command, Follow, Settings, Unfollow, Unwatch, Watch, Watches
from bot.errors import UserError
from bot.listeners.grammar import parse
from bot.models import Level

TABLE: dict[str, Command] = {
    "watch": Watches(),
    "watches": Watches(),
    "watch off": Unwatch(),
    "watch OFF": Unwatch(),
    "unwatch": Unwatch(),
    "settings": Settings(),
    "follow fix-login": Follow(task="fix-login"),
    "watch ana/fix-login": Follow(task="ana/fix-login"),
    "unfollow fix-login": Unfollow(task="fix-login"),
    "watch off fix-login": Unfollow(task="fix-login"),
    "watch --owner me": Watch(owner="me"),
    "watch --owner @bo -t 'Claude Code'": Watch(owner="bo", template="Claude Code"),
    "watch --owner <@U012AB3CD|bo>": Watch(owner="@U012AB3CD"),
    "watch --only failed,waiting": Watch(events=("waiting", "failed")),
    "watch —on needs-input,created": Watch(events=("created", "waiting")),
    "watch --on complete --only 'complete, error'": Watch(events=("complete", "error")),
}


@pytest.mark.parametrize("text", TABLE)
def test_it_means(text: str) -> None:
    """Each line is understood as the command beside it."""
    assert parse(text) == TABLE[text]


@pytest.mark.parametrize(
    ("text", "name", "offer"),
    [
        ("watch --only done", "bad_flag", ""),
        ("watch --only complet,failed", "bad_flag", "watch --only complete,failed"),
        ("watch --owner me fix-login", "not_a_task_name", ""),
        ("watch the login page", "not_a_task_name", "create -- watch the login page"),
        ("follow", "pick_task", ""),
        ("unfollow", "pick_task", ""),
        ("unwatch fix-login", "not_a_task_name", "unwatch"),
        ("settings now", "not_a_task_name", "settings"),
        ("create --notify dm,quiet,all Fix", "bad_flag", ""),
        ("create --notify quite,dm Fix", "bad_flag", "create --notify quiet,dm Fix"),
    ],
)
def test_it_is_refused(text: str, name: str, offer: str) -> None:
    """What is not understood is asked about, with the nearest as a button."""
    with pytest.raises(UserError) as refused:
        parse(text)
    assert refused.value.name == name
    assert offer in [getattr(one, "command", "") for one in refused.value.offers] or not offer


@pytest.mark.parametrize(
    ("flag", "level", "tell"),
    [("dm", None, True), ("quiet", Level.QUIET, False), ("quiet,dm", Level.QUIET, True), ("DM,all", Level.ALL, True)],
)
def test_notify_takes_a_level_and_direct_messages(flag: str, level: Level | None, *, tell: bool) -> None:
    """How much the thread is told, and whether the requester gets direct messages, are two things."""
    command = parse(f"create --notify {flag} Fix it")
    assert isinstance(command, commands.Create)
    assert (command.request.level, command.request.tell) == (level, tell)
