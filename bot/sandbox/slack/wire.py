"""How the local Slack writes its objects down for the app: users, channels, messages, files, views."""

from __future__ import annotations

import mimetypes
from typing import Any

from bot.sandbox.slack.records import Channel, File, Message, User, View
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.workspace import Workspace


def user_json(user: User, *, with_email: bool = True) -> Json:
    """A user as users.info answers it; the e-mail only goes to apps that may read it."""
    names = {"real_name": user.real_name, "display_name": user.name, "title": ""}
    email = {"email": user.email} if with_email and user.email else {}
    return {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "tz": user.tz,
        "profile": {**names, **email, "team": user.team_id},
        "is_bot": user.is_bot,
        "is_admin": user.is_admin,
        "is_app_user": False,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": False,
        **({"is_stranger": True} if user.is_stranger else {}),
    }


def channel_json(workspace: Workspace, channel: Channel) -> Json:
    """A conversation as conversations.info answers it."""
    common: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.archived,
        "is_im": channel.kind == "dm",
        "is_mpim": False,
        "is_org_shared": False,
        "is_shared": channel.shared,
        "is_ext_shared": channel.shared,
        "context_team_id": workspace.team_id,
    }
    if channel.kind == "dm":
        others = [member for member in channel.members if member != workspace.bot_user.id]
        return {**common, "user": others[0] if others else workspace.bot_user.id, "is_user_deleted": False}
    return {
        **common,
        "name": channel.name,
        "creator": channel.creator,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_group": False,
        "is_private": channel.kind == "private",
        "is_member": workspace.is_member(channel),
        "is_general": False,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


def message_json(workspace: Workspace, message: Message, *, with_metadata: bool = False) -> Json:
    """A message as conversations.history answers it; metadata only when asked for."""
    body: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
    body["team"] = workspace.users[message.user].team_id
    extras: dict[str, Any] = {
        "subtype": message.subtype,
        "bot_id": message.bot_id,
        "app_id": message.app_id,
        "thread_ts": message.thread_ts,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "metadata": message.metadata if with_metadata else None,
        "reactions": [{"name": n, "users": u, "count": len(u)} for n, u in message.reactions.items()],
        "files": [file_json(workspace, workspace.files[one]) for one in message.files],
        "is_ephemeral": message.only_for is not None,
    }
    body |= {name: value for name, value in extras.items() if value}
    if message.edited:
        body["edited"] = {"user": message.user, "ts": message.ts}
    if message.reply_count:
        body |= {
            "reply_count": message.reply_count,
            "reply_users": message.reply_users,
            "reply_users_count": len(message.reply_users),
            "latest_reply": message.latest_reply,
        }
    return body


def file_json(workspace: Workspace, file: File) -> Json:
    """A file as files.info answers it (`url_private` needs the bot token)."""
    shares: dict[str, dict[str, list[Json]]] = {"public": {}, "private": {}}
    for channel, ts in file.shares:
        kind = "public" if workspace.channels[channel].kind == "public" else "private"
        shares[kind].setdefault(channel, []).append({"ts": ts})
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "size": file.length,
        "user": file.user,
        "mimetype": mimetypes.guess_type(file.name)[0] or "text/plain",
        "filetype": file.snippet_type or "text",
        "mode": "snippet" if file.snippet_type else "hosted",
        "url_private": f"{workspace.base_url}/files-pri/{file.id}/{file.name}",
        "url_private_download": f"{workspace.base_url}/files-pri/{file.id}/download/{file.name}",
        "permalink": f"https://{workspace.team_domain}.slack.com/files/{file.user}/{file.id}/{file.name}",
        "channels": [channel for channel, _ in file.shares],
        "shares": {kind: found for kind, found in shares.items() if found},
    }


def view_json(workspace: Workspace, view: View) -> Json:
    """A view as views.open answers it and as view payloads carry it."""
    body = {"submit": None, "close": None, "private_metadata": "", "callback_id": "", "external_id": "", **view.body}
    return {
        **body,
        "id": view.id,
        "team_id": workspace.team_id,
        "app_id": workspace.app_id,
        "app_installed_team_id": workspace.team_id,
        "bot_id": workspace.bot_id,
        "hash": view.hash,
        "root_view_id": view.root_id,
        "previous_view_id": view.previous_id,
        "clear_on_close": bool(view.body.get("clear_on_close")),
        "notify_on_close": bool(view.body.get("notify_on_close")),
        "state": {"values": view.typed},
    }
