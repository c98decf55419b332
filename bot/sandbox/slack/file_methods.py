"""files.*: ask for an upload address, complete an upload, look a file up."""

from __future__ import annotations

from typing import Any, Final

from bot.sandbox.slack import limits
from bot.sandbox.slack.chat_methods import Content, channel_to_post, checked_content, new_app_message, thread_root
from bot.sandbox.slack.records import Channel, File, Refused
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.site import Method, Site
from bot.sandbox.slack.wire import file_json


def get_upload_url(site: Site, args: Json) -> Json:
    """files.getUploadURLExternal: `length` is in bytes and must be the length of what is then uploaded."""
    length = str(args.get("length") or "0")
    if not args.get("filename") or not length.isdigit() or int(length) == 0:
        raise Refused("missing_argument")
    if args.get("snippet_type") and int(length) > limits.SNIPPET_BYTES:
        raise Refused("snippet_too_large")
    workspace = site.workspace
    file = File(workspace.new_id("F"), str(args["filename"]), workspace.bot_user.id, int(length))
    file.snippet_type = args.get("snippet_type")
    workspace.files[file.id] = file
    return {"upload_url": f"{workspace.base_url}/upload/{file.id}", "file_id": file.id}


def complete_upload(site: Site, args: Json) -> Json:
    """files.completeUploadExternal: the files become one message in each channel; its ts is not in the answer."""
    files = [_uploaded(site, one) for one in args.get("files") or []]
    if not files:
        raise Refused("invalid_arguments")
    named = str(args.get("channel_id") or args.get("channels") or "")
    channels = [_channel(site, one) for one in named.split(",") if one]
    threads = [thread_root(channel, args.get("thread_ts")) for channel in channels]
    for file in files:
        file.completed = True
    for channel, thread_ts in zip(channels, threads, strict=True):
        _share(site, channel, thread_ts, files, args)
    return {"files": [file_json(site.workspace, file) for file in files]}


def _channel(site: Site, given: str) -> Channel:
    if given not in site.workspace.channels:
        raise Refused("channel_not_found")  # ids only: no names, no user ids
    channel = channel_to_post(site, given)
    if not site.workspace.is_member(channel):
        raise Refused("not_in_channel")
    return channel


def _uploaded(site: Site, given: Any) -> File:
    file = site.workspace.files.get(str(given.get("id"))) if isinstance(given, dict) else None
    if file is None or file.content is None or file.completed:
        raise Refused("file_not_found")
    file.title = str(given.get("title") or file.name)
    return file


def _share(site: Site, channel: Channel, thread_ts: str | None, files: list[File], args: Json) -> None:
    said = {"text": args.get("initial_comment"), "blocks": args.get("blocks")}
    content = checked_content(said) if any(said.values()) else Content("", [], [], None)
    message = new_app_message(site, channel, content, thread_ts)
    message.files = [file.id for file in files]
    for file in files:
        file.shares.append((channel.id, message.ts))
    site.workspace.add_message(message)
    site.events.posted(message)


def info(site: Site, args: Json) -> Json:
    """files.info."""
    file = site.workspace.files.get(str(args.get("file")))
    if file is None:
        raise Refused("file_not_found")
    return {"file": file_json(site.workspace, file)}


METHODS: Final = {
    "files.getUploadURLExternal": Method(get_upload_url, ("files:write",)),
    "files.completeUploadExternal": Method(complete_upload, ("files:write",)),
    "files.info": Method(info, ("files:read",)),
}
