"""Where a click came from: whom its answer is for, and in which place."""

from __future__ import annotations

from typing import Any

from bot.models import Origin


def origin_of(body: dict[str, Any], action: dict[str, Any]) -> Origin:
    """Where a click came from; on the Home tab, which is in no channel, the person stands for their own messages."""
    container, user = body.get("container") or {}, body["user"]
    # The same click delivered twice has the same time; two clicks on one button are two wishes.
    key = f"{user['id']}:{container.get('message_ts', '')}:{action['action_id']}:{action.get('action_ts', '')}"
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id") or user["id"]
    name = user.get("name") or user.get("username") or ""
    return Origin(
        key=key, user=user["id"], user_name=name, channel=channel, response_url=_url(body), thread_ts=_thread(body)
    )


def _url(body: dict[str, Any]) -> str:
    """The answer address, only of an ephemeral message: another's would let an answer take the card's place."""
    ephemeral = (body.get("container") or {}).get("is_ephemeral", False)
    return str(body.get("response_url") or "") if ephemeral else ""


def _thread(body: dict[str, Any]) -> str:
    """The thread of the clicked message; the card itself is answered in the channel."""
    container, message = body.get("container") or {}, body.get("message") or {}
    thread_ts = str(container.get("thread_ts") or message.get("thread_ts") or "")
    return "" if thread_ts == container.get("message_ts") else thread_ts
