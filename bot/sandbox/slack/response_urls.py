"""What an app can say through a response_url or in the ack of a command: new, replaced and removed messages."""

from __future__ import annotations

from bot.sandbox.slack.chat_methods import checked_content
from bot.sandbox.slack.records import Message, ResponseUrl
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.site import Site, truthy


def respond(site: Site, url: ResponseUrl, body: Json) -> Message | None:
    """Do what one answer asks; the message it made or changed, None when it removed one.

    Without `replace_original` it is a new message, private to the user unless it says `in_channel`.
    """
    original = url.original
    alive = original is not None and not original.deleted
    if truthy(body.get("delete_original")):
        if original is not None and alive:
            _remove(site, original)
        return None
    if truthy(body.get("replace_original")) and original is not None and alive:
        return _replace(site, original, body)
    return _new(site, url, body)


def _remove(site: Site, original: Message) -> None:
    if original.only_for is None:
        site.events.deleted(original)
    site.workspace.remove_message(original)


def _replace(site: Site, original: Message, body: Json) -> Message:
    """Say something else in the same message; who sees it cannot be changed."""
    content = checked_content(body)
    original.revise(site.workspace.now(), **vars(content))
    site.workspace.feed.tell("edited", channel=original.channel, ts=original.ts, text=original.text)
    if original.only_for is None:
        site.events.changed(original)
    return original


def _new(site: Site, url: ResponseUrl, body: Json) -> Message:
    content = checked_content(body)
    channel = site.workspace.channels[url.channel]
    in_channel = body.get("response_type") == "in_channel"
    thread_ts = str(body["thread_ts"]) if body.get("thread_ts") else None
    ts = site.workspace.new_ts(channel)
    message = Message(channel.id, ts, thread_ts=thread_ts, **vars(content), **site.workspace.author())
    message.only_for = None if in_channel else url.user
    message.via = url.id
    site.workspace.add_message(message)
    if in_channel:
        site.events.posted(message)
    if url.original is None:
        url.original = message  # a command has no message of its own: what was first said stands for it
    return message
