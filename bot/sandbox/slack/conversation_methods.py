"""conversations.* and users.conversations: where the app is, and what was said there."""

from __future__ import annotations

import math
from typing import Final

from bot.sandbox.slack.events import HISTORY, READ
from bot.sandbox.slack.records import Channel, Message, Refused
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.site import Method, Site, page, page_size, truthy
from bot.sandbox.slack.wire import channel_json, message_json

TYPES: Final = {"public_channel": "public", "private_channel": "private", "im": "dm", "mpim": "mpim"}


def history(site: Site, args: Json) -> Json:
    """conversations.history: newest first, without the replies in threads."""
    channel = _readable(site, args)
    top = [one for one in channel.messages.values() if not one.is_reply or one.broadcast]
    newest_first = [one for one in reversed(top) if _within(one, args)]
    shown, cursor = page(newest_first, args, 100)
    return _messages(site, shown, cursor, args)


def replies(site: Site, args: Json) -> Json:
    """conversations.replies: the root, then the replies, oldest first; each page starts with the root."""
    channel = _readable(site, args)
    root = channel.messages.get(str(args.get("ts")))
    if root is None:
        raise Refused("thread_not_found")
    if root.is_reply:
        return _messages(site, [root], "", args)
    below = [one for one in site.workspace.thread_of(channel, root.ts) if one is not root and _within(one, args)]
    shown, cursor = page(below, {**args, "limit": max(1, page_size(args, 1000) - 1)}, 1000)
    return _messages(site, [root, *shown], cursor, args)


def _readable(site: Site, args: Json) -> Channel:
    channel = site.joined_channel(args.get("channel"))
    site.need(HISTORY[channel.kind])
    return channel


def _within(message: Message, args: Json) -> bool:
    """Whether a message lies between `oldest` and `latest`, which count themselves only when `inclusive`."""
    at, inclusive = float(message.ts), truthy(args.get("inclusive"))
    oldest, latest = _bound(args, "oldest", 0.0), _bound(args, "latest", math.inf)
    return oldest < at < latest or (inclusive and at in (oldest, latest))


def _bound(args: Json, name: str, default: float) -> float:
    try:
        return float(args.get(name) or default)
    except ValueError as error:
        raise Refused(f"invalid_ts_{name}") from error


def _messages(site: Site, shown: list[Message], cursor: str, args: Json) -> Json:
    with_metadata = truthy(args.get("include_all_metadata"))
    bodies = [message_json(site.workspace, one, with_metadata=with_metadata) for one in shown]
    for message, body in zip(shown, bodies, strict=True):
        if message.is_reply:
            body["parent_user_id"] = site.workspace.channels[message.channel].messages[str(message.thread_ts)].user
    return {
        "messages": bodies,
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def info(site: Site, args: Json) -> Json:
    """conversations.info."""
    channel = site.channel(args.get("channel"))
    site.need(READ[channel.kind])
    count = {"num_members": len(channel.members)} if truthy(args.get("include_num_members")) else {}
    return {"channel": {**channel_json(site.workspace, channel), **count}}


def members(site: Site, args: Json) -> Json:
    """conversations.members."""
    channel = site.channel(args.get("channel"))
    site.need(READ[channel.kind])
    shown, cursor = page(channel.members, args, 100)
    return {"members": shown, "response_metadata": {"next_cursor": cursor}}


def list_all(site: Site, args: Json) -> Json:
    """conversations.list: what the app can see of the asked types."""
    visible = [one for one in _of_types(site, args) if one.kind == "public" or site.workspace.is_member(one)]
    return _channels(site, visible, args)


def of_user(site: Site, args: Json) -> Json:
    """users.conversations: where a user (the app, when none is named) is a member, as far as the app can see."""
    user = str(args.get("user") or site.workspace.bot_user.id)
    visible = [one for one in _of_types(site, args) if one.kind == "public" or site.workspace.is_member(one)]
    return _channels(site, [one for one in visible if user in one.members], args)


def _of_types(site: Site, args: Json) -> list[Channel]:
    asked = str(args.get("types") or "public_channel").replace(" ", "").split(",")
    if unknown := set(asked) - set(TYPES):
        raise Refused("invalid_types", types=sorted(unknown))
    kinds = {TYPES[one] for one in asked}
    for kind in kinds & set(READ):
        site.need(READ[kind])
    hide_archived = truthy(args.get("exclude_archived"))
    found = site.workspace.channels.values()
    return [one for one in found if one.kind in kinds and not (hide_archived and one.archived)]


def _channels(site: Site, visible: list[Channel], args: Json) -> Json:
    shown, cursor = page(visible, args, 100)
    bodies = [channel_json(site.workspace, one) for one in shown]
    return {"channels": bodies, "response_metadata": {"next_cursor": cursor}}


def open_dm(site: Site, args: Json) -> Json:
    """conversations.open: the direct message with one user."""
    if args.get("channel"):
        channel = site.channel(args["channel"])
        return {"channel": channel_json(site.workspace, channel), "no_op": True, "already_open": True}
    users = [one for one in str(args.get("users") or "").split(",") if one]
    if not users:
        raise Refused("users_list_not_supplied")
    if len(users) > 1:
        raise Refused("method_not_supported_for_channel_type")  # group direct messages are not part of this sandbox
    user = site.user(users[0])
    if user.deleted:
        raise Refused("user_disabled")
    if user.is_bot:
        raise Refused("cannot_dm_bot")
    channel = site.workspace.dm(user.id)
    whole = channel_json(site.workspace, channel) if truthy(args.get("return_im")) else {"id": channel.id}
    return {"channel": whole}


def join(site: Site, args: Json) -> Json:
    """conversations.join: public channels only."""
    channel = site.channel(args.get("channel"))
    if channel.kind != "public":
        raise Refused("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refused("is_archived")
    bot = site.workspace.bot_user.id
    if bot not in channel.members:
        channel.members.append(bot)
        site.workspace.feed.tell("member", channel=channel.id, user=bot, joined=True)
        site.events.member("member_joined_channel", channel, bot)
    return {"channel": channel_json(site.workspace, channel)}


METHODS: Final = {
    "conversations.history": Method(history),
    "conversations.replies": Method(replies),
    "conversations.info": Method(info),
    "conversations.members": Method(members),
    "conversations.list": Method(list_all),
    "users.conversations": Method(of_user),
    "conversations.open": Method(open_dm, ("im:write", "mpim:write")),
    "conversations.join": Method(join, ("channels:join",)),
}
