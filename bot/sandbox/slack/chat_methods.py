"""chat.*: post, update, delete, whisper, link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bot.sandbox.slack import limits
from bot.sandbox.slack.named import named_blocks
from bot.sandbox.slack.records import Channel, Message, Refused
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.site import Method, Site, refused_with, truthy
from bot.sandbox.slack.wire import message_json


@dataclass(frozen=True)
class Content:
    """What a message says, as checked by Slack's limits."""

    text: str
    blocks: list[Json]
    attachments: list[Json]
    metadata: Json | None


def checked_content(args: Json) -> Content:
    """The content of a message; refused for the reasons for which Slack refuses it."""
    text, blocks, attachments = str(args.get("text") or ""), args.get("blocks"), args.get("attachments")
    if args.get("markdown_text"):
        if text or blocks:
            raise Refused("markdown_text_conflict")
        blocks = [{"type": "markdown", "text": args["markdown_text"]}]
    if not (text.strip() or blocks or attachments):
        raise Refused("no_text")
    problems = limits.message_problems(blocks if blocks is not None else [])
    if problems:
        raise refused_with("invalid_blocks", problems)
    if limits.blocks_too_long(blocks or []):
        raise Refused("msg_blocks_too_long")
    metadata = args.get("metadata")
    if metadata and (error := limits.metadata_error(metadata)):
        raise Refused(error)
    return Content(text[: limits.POST_TEXT_CHARACTERS], named_blocks(blocks or []), attachments or [], metadata or None)


def channel_to_post(site: Site, given: object) -> Channel:
    """Where a message goes: a channel id, a public channel's name, or a user id for their direct message."""
    name = str(given)
    if name in site.workspace.users:
        return site.workspace.dm(name)
    named = [one for one in site.workspace.channels.values() if one.name and name in (one.name, f"#{one.name}")]
    channel = site.channel(named[0].id if named else name)
    if not site.workspace.is_member(channel) and not site.grants.allows("chat:write.public"):
        raise Refused("not_in_channel")
    if channel.archived:
        raise Refused("is_archived")
    if channel.posting is not None and site.workspace.bot_user.id not in channel.posting:
        raise Refused("restricted_action")
    return channel


def thread_root(channel: Channel, thread_ts: object) -> str | None:
    """The ts of the thread to write in; a ts that is no thread's root is refused."""
    if not thread_ts:
        return None
    root = channel.messages.get(str(thread_ts))
    if root is None or root.is_reply:
        raise Refused("thread_not_found")
    return root.ts


def post_message(site: Site, args: Json) -> Json:
    """chat.postMessage."""
    channel = channel_to_post(site, args.get("channel"))
    message = new_app_message(site, channel, checked_content(args), thread_root(channel, args.get("thread_ts")))
    message.broadcast = truthy(args.get("reply_broadcast")) and message.is_reply
    message.subtype = "thread_broadcast" if message.broadcast else None
    site.workspace.add_message(message)
    site.events.posted(message)
    return {
        "channel": channel.id,
        "ts": message.ts,
        "message": message_json(site.workspace, message, with_metadata=True),
    }


def new_app_message(site: Site, channel: Channel, content: Content, thread_ts: str | None) -> Message:
    """A message signed by the app, not yet stored."""
    ts = site.workspace.new_ts(channel)
    return Message(channel.id, ts, thread_ts=thread_ts, **vars(content), **site.workspace.author())


def update(site: Site, args: Json) -> Json:
    """chat.update: what is left out stays as it was."""
    channel = site.channel(args.get("channel"))
    message = site.workspace.find_message(channel, str(args.get("ts")))
    if message.user != site.workspace.bot_user.id:
        raise Refused("cant_update_message")
    if channel.archived:
        raise Refused("is_inactive")
    window = site.workspace.edit_window
    if window is not None and site.workspace.now() - float(message.ts) > window:
        raise Refused("edit_window_closed")
    if limits.update_text_too_long(str(args.get("text") or "")):
        raise Refused("msg_too_long")
    content = checked_content(args)
    given = [name for name in ("text", "blocks", "attachments", "metadata") if args.get(name) is not None]
    given += ["blocks"] if args.get("markdown_text") else []
    message.revise(site.workspace.now(), **{name: value for name, value in vars(content).items() if name in given})
    site.workspace.feed.tell("edited", channel=channel.id, ts=message.ts, text=message.text)
    site.events.changed(message)
    body = message_json(site.workspace, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": body}


def delete(site: Site, args: Json) -> Json:
    """chat.delete."""
    channel = site.channel(args.get("channel"))
    message = site.workspace.find_message(channel, str(args.get("ts")))
    if message.user != site.workspace.bot_user.id:
        raise Refused("cant_delete_message")
    site.events.deleted(message)
    site.workspace.remove_message(message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(site: Site, args: Json) -> Json:
    """chat.postEphemeral: only members of the channel can be shown something there."""
    channel = channel_to_post(site, args.get("channel"))
    if not site.workspace.is_member(channel):
        raise Refused("not_in_channel")
    if str(args.get("user")) not in channel.members:
        raise Refused("user_not_in_channel")
    message = new_app_message(site, channel, checked_content(args), thread_root(channel, args.get("thread_ts")))
    message.only_for = str(args["user"])
    site.workspace.add_message(message)
    return {"message_ts": message.ts}


def get_permalink(site: Site, args: Json) -> Json:
    """chat.getPermalink."""
    channel = site.channel(args.get("channel"))
    message = site.workspace.find_message(channel, str(args.get("message_ts")))
    link = f"https://{site.workspace.team_domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


WRITE: Final = ("chat:write",)
METHODS: Final = {
    "chat.postMessage": Method(post_message, WRITE),
    "chat.update": Method(update, WRITE),
    "chat.delete": Method(delete, WRITE),
    "chat.postEphemeral": Method(post_ephemeral, WRITE),
    "chat.getPermalink": Method(get_permalink),
}
