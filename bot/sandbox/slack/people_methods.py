"""auth.test, users.*, team.info, bots.info, reactions.* and apps.connections.open."""

from __future__ import annotations

from typing import Final

from bot.sandbox.slack import limits
from bot.sandbox.slack.records import Message, Refused, User
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.site import Method, Site, page
from bot.sandbox.slack.wire import message_json, user_json


def auth_test(site: Site, _: Json) -> Json:
    """auth.test: who the bot token is."""
    workspace = site.workspace
    return {
        "url": f"https://{workspace.team_domain}.slack.com/",
        "team": workspace.team_name,
        "user": workspace.bot_user.name,
        "team_id": workspace.team_id,
        "user_id": workspace.bot_user.id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": False,
    }


def connections_open(site: Site, _: Json) -> Json:
    """apps.connections.open: a websocket address with a ticket for one connection."""
    base = site.workspace.base_url.replace("http://", "ws://")
    return {"url": f"{base}/link/?ticket={site.socket.new_ticket()}&app_id={site.workspace.app_id}"}


def users_info(site: Site, args: Json) -> Json:
    """users.info."""
    return {"user": _user(site, site.user(args.get("user")))}


def users_list(site: Site, args: Json) -> Json:
    """users.list."""
    shown, cursor = page(list(site.workspace.users.values()), args, 1000)
    return {"members": [_user(site, one) for one in shown], "response_metadata": {"next_cursor": cursor}}


def users_by_email(site: Site, args: Json) -> Json:
    """users.lookupByEmail: deactivated people are not found."""
    email = str(args.get("email") or "").lower()
    for user in site.workspace.users.values():
        if email and user.email and user.email.lower() == email and not user.deleted:
            return {"user": _user(site, user)}
    raise Refused("users_not_found")


def _user(site: Site, user: User) -> Json:
    return user_json(user, with_email=site.grants.allows("users:read.email") and not user.is_stranger)


def team_info(site: Site, _: Json) -> Json:
    """team.info."""
    workspace = site.workspace
    return {"team": {"id": workspace.team_id, "name": workspace.team_name, "domain": workspace.team_domain}}


def bots_info(site: Site, args: Json) -> Json:
    """bots.info: the app's own bot, the only one here."""
    workspace = site.workspace
    if args.get("bot") not in (None, "", workspace.bot_id):
        raise Refused("bot_not_found")
    bot: Json = {"id": workspace.bot_id, "deleted": False, "name": workspace.bot_user.real_name, "updated": 0}
    return {"bot": {**bot, "app_id": workspace.app_id, "user_id": workspace.bot_user.id, "icons": {}}}


def reactions_add(site: Site, args: Json) -> Json:
    """reactions.add."""
    message, name = _reacted(site, args)
    users = message.reactions.setdefault(name, [])
    bot = site.workspace.bot_user.id
    if bot in users:
        raise Refused("already_reacted")
    users.append(bot)
    site.workspace.feed.tell("reaction", channel=message.channel, ts=message.ts, name=name, added=True, user=bot)
    site.events.reaction("reaction_added", message, bot, name)
    return {}


def reactions_remove(site: Site, args: Json) -> Json:
    """reactions.remove."""
    message, name = _reacted(site, args)
    bot = site.workspace.bot_user.id
    if bot not in message.reactions.get(name, []):
        raise Refused("no_reaction")
    message.reactions[name].remove(bot)
    if not message.reactions[name]:
        del message.reactions[name]
    site.workspace.feed.tell("reaction", channel=message.channel, ts=message.ts, name=name, added=False, user=bot)
    site.events.reaction("reaction_removed", message, bot, name)
    return {}


def reactions_get(site: Site, args: Json) -> Json:
    """reactions.get."""
    channel = site.joined_channel(args.get("channel"))
    message = site.workspace.find_message(channel, str(args.get("timestamp")))
    return {"type": "message", "channel": channel.id, "message": message_json(site.workspace, message)}


def _reacted(site: Site, args: Json) -> tuple[Message, str]:
    name = str(args.get("name") or "")
    if not args.get("channel") or not args.get("timestamp"):
        raise Refused("no_item_specified")
    channel = site.joined_channel(args["channel"])
    if channel.archived:
        raise Refused("is_archived")
    known = site.workspace.emoji
    if limits.emoji_problem(name) or (known is not None and name.partition("::")[0] not in known):
        raise Refused("invalid_name")
    return site.workspace.find_message(channel, str(args["timestamp"])), name


METHODS: Final = {
    "auth.test": Method(auth_test),
    "apps.connections.open": Method(connections_open, caller="app"),
    "users.info": Method(users_info, ("users:read",)),
    "users.list": Method(users_list, ("users:read",)),
    "users.lookupByEmail": Method(users_by_email, ("users:read.email",)),
    "team.info": Method(team_info, ("team:read",)),
    "bots.info": Method(bots_info, ("users:read",)),
    "reactions.add": Method(reactions_add, ("reactions:write",)),
    "reactions.remove": Method(reactions_remove, ("reactions:write",)),
    "reactions.get": Method(reactions_get, ("reactions:read",)),
}
