"""Commands that show tasks of elsewhere in a channel: one that somebody names, or all that fit."""

from __future__ import annotations

from bot import commands, watches
from bot.blocks import watch as shown
from bot.blocks.elements import link, words
from bot.blocks.text import said, work_link
from bot.delivery.finding import Wanted, find_task
from bot.delivery.outside import Outside
from bot.errors import SlackRefused
from bot.models import Card, Content, Origin, Person, Task
from bot.names import nearest
from bot.problems import channels, templates
from bot.tasks import adopt

_NOT_IN = {"channel_not_found", "not_in_channel"}


async def follow(outside: Outside, person: Person, command: commands.Follow, origin: Origin) -> Content | None:
    """Show a task in this channel; the card is the answer, unless there is one already."""
    snapshot = await find_task(outside, person, Wanted(command.task, "follow", exactly=True))
    await check_place(outside, origin.channel)
    task: Task = await outside.database.run(adopt, snapshot, person)
    here: Card | None = await outside.database.run(watches.follow, task.id, person, origin)
    if here is None:
        await outside.forget(origin)
        return None
    title, address = said(snapshot.title, 80) or snapshot.name, work_link(here.link or "")
    return shown.already_here(title, link(address.url, title) if address else words(title))


async def unfollow(outside: Outside, person: Person, command: commands.Unfollow, origin: Origin) -> Content:
    """Let the task's card in this channel be as it is."""
    snapshot = await find_task(outside, person, Wanted(command.task, "unfollow", exactly=True))
    task: Task = await outside.database.run(adopt, snapshot, person)
    if not await outside.database.run(watches.unfollow, task.id, origin.channel, person.name):
        raise channels.not_followed(snapshot.name)
    return shown.unfollowed(snapshot.title)


async def watch(outside: Outside, person: Person, command: commands.Watch, origin: Origin) -> Content | None:
    """Tell this channel of tasks from now on; everybody there reads it, so nobody is answered in private."""
    whose = await _whose(outside, person, command.owner)
    template = await _template(outside, command)
    await check_place(outside, origin.channel)
    new = watches.new_watch(person, origin.channel, whose, template, command.events)
    await outside.database.run(watches.watch, new, origin.key)
    await outside.forget(origin)
    return None


async def watching(outside: Outside, person: Person, command: commands.Watches, origin: Origin) -> Content:
    """Say what this channel is told of."""
    del person, command
    return shown.watch_list(origin.channel, await outside.database.run(watches.of_channel, origin.channel))


async def unwatch(outside: Outside, person: Person, command: commands.Unwatch, origin: Origin) -> Content | None:
    """Tell this channel of no tasks any more; everybody there reads it."""
    del command
    if await outside.database.run(watches.unwatch, origin.channel, person.name, origin.key):
        await outside.forget(origin)
        return None
    return shown.watch_list(origin.channel, [])


async def check_place(outside: Outside, channel: str) -> None:
    """Raise the UserError that says so when the bot is not in the channel; what Slack does not tell is tried."""
    if channel.startswith("D"):  # direct messages have no members to ask for
        return
    try:
        found = await outside.slack.channel(channel)
    except SlackRefused as refusal:
        if refusal.code in _NOT_IN:
            raise channels.not_here() from None
        return
    if not found.has_bot:
        raise channels.not_here()


async def _whose(outside: Outside, person: Person, owner: str) -> tuple[str, str]:
    """Whose tasks are meant, by Coder's id and name; empty for anybody's, as far as the person sees them."""
    if owner.casefold() in ("me", person.username.casefold(), f"@{person.slack_user}".casefold()):
        return person.coder_id, person.name
    if owner and not person.site_owner:
        raise channels.only_own_tasks()
    if owner.casefold() in ("", "all"):
        return "", ""
    if owner.startswith("@"):
        named = await outside.person(owner[1:])
        return named.coder_id, named.name
    account = await outside.directory.by_username(owner)
    return account.id, account.name


async def _template(outside: Outside, command: commands.Watch) -> str:
    """The template's title, by which Coder calls it in what it says of tasks; empty for any."""
    if not command.template:
        return ""
    known = await outside.directory.templates()
    asked = command.template.casefold()
    found = next((one for one in known if asked in (one.name.casefold(), one.title.casefold())), None)
    if found is not None:
        return found.title or found.name
    near = nearest(asked, [one.name for one in known]) or ""
    again = command.model_copy(update={"template": near})
    raise templates.template_not_found(command.template, near, _typed(again) if near else "", "Nothing was changed.")


def _typed(command: commands.Watch) -> str:
    """The command as it would be typed."""
    flags = {"template": command.template, "owner": command.owner, "only": ",".join(command.events)}
    return " ".join(["watch", *(f'--{name} "{value}"' for name, value in flags.items() if value)])
