"""What the bot tells Slack: each call paced, each failure mapped, each message findable by its delivery."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import SlackRefused, Transient
from bot.models import Content, View
from bot.slack import failures
from bot.slack.failures import mapped
from bot.slack.files import downloaded
from bot.slack.pace import EDITS, POSTS_PER_CHANNEL, READS, Pace

log = logging.getLogger(__name__)

_REPLY_EVENT = "coder_task_reply"
# By so many seconds Slack's clock and the database's may differ: more history is read, and nothing is said twice.
_CLOCKS_DIFFER = 900.0


@dataclass(frozen=True)
class SlackUser:
    """What Slack says of a person."""

    id: str
    name: str
    email: str
    is_guest: bool
    is_bot: bool
    is_admin: bool = False  # of the Slack workspace, or its owner


@dataclass(frozen=True)
class SlackChannel:
    """What Slack says of a channel; `creator` is a user id, `has_bot`: the bot may write there."""

    id: str
    creator: str
    has_bot: bool


class SlackClient:
    """Writes to Slack. Raises Later (pace), Transient (try again) and SlackRefused (Slack said no).

    `limited(method)` is told of each 429.
    """

    def __init__(
        self, web: AsyncWebClient, pace: Pace | None = None, limited: Callable[[str], None] | None = None
    ) -> None:
        self._web = web
        self._pace = pace or Pace()
        self._limited = limited

    @contextmanager
    def _call(self, method: str, *, repeatable: bool = True, line: str = "") -> Iterator[None]:
        """Around one call: errors become ours, and who else stands in the line waits as long as Slack says."""
        try:
            with mapped(method, repeatable=repeatable):
                yield
        except Transient as error:
            if error.after is not None:
                self._pace.hold(line or method, error.after)
                if self._limited is not None:
                    self._limited(method)
            raise

    @contextmanager
    def _held_call(self, method: str) -> Iterator[None]:
        """Around a repeatable call without a pace of its own: it only waits where Slack has said so."""
        self._pace.check(method)
        with self._call(method):
            yield

    async def post(self, channel: str, content: Content, delivery: str, thread_ts: str | None = None) -> str:
        """Post a message that can be found again by its delivery; returns its ts.

        Refused blocks are sent once more as plain text, so that what they say is never lost.
        """
        self._pace.take(f"post:{channel}", POSTS_PER_CHANNEL, delivery)
        call: dict[str, Any] = {"channel": channel, "unfurl_links": False, "unfurl_media": False}
        if thread_ts:
            call["thread_ts"] = thread_ts
        call["metadata"] = _metadata(content, delivery)
        try:
            return await self._post(call | {"text": content.text, "blocks": content.blocks})
        except SlackRefused as refusal:
            if refusal.code not in failures.BAD_BLOCKS:
                raise
            _log_refused_blocks(refusal)
            return await self._post(call | {"text": content.text})

    async def _post(self, call: dict[str, Any]) -> str:
        with self._call("chat.postMessage", repeatable=False, line=f"post:{call['channel']}"):
            response = await self._web.chat_postMessage(**call)
        return str(response["ts"])

    async def update(self, channel: str, ts: str, content: Content, caller: str) -> None:
        """Edit a message of ours: text, blocks and metadata together, because Slack keeps what is left out."""
        self._pace.take("chat.update", EDITS, caller)
        call: dict[str, Any] = {"channel": channel, "ts": ts, "metadata": content.metadata}
        try:
            await self._update(call | {"text": content.text, "blocks": content.blocks})
        except SlackRefused as refusal:
            if refusal.code not in failures.BAD_BLOCKS:
                raise
            _log_refused_blocks(refusal)
            await self._update(call | {"text": content.text, "blocks": []})

    async def _update(self, call: dict[str, Any]) -> None:
        with self._call("chat.update"):
            await self._web.chat_update(**call)

    async def find_posted(self, channel: str, delivery: str, since: float, thread_ts: str | None = None) -> str | None:
        """The ts of the message that an earlier try of this delivery made after `since`, if it made one.

        `since` may be by another clock than Slack's.
        """
        async for message in self._messages(channel, max(0.0, since - _CLOCKS_DIFFER), thread_ts):
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("delivery") == delivery:
                return str(message["ts"])
        return None

    async def find_file(self, channel: str, thread_ts: str, filename: str) -> bool:
        """Whether the thread has a file of this name, from the bot or anybody."""
        async for message in self._messages(channel, 0.0, thread_ts):
            if any(file.get("name") == filename for file in message.get("files") or []):
                return True
        return False

    async def replies(self, channel: str, thread_ts: str, since: float) -> list[dict[str, Any]]:
        """What was written in a thread after `since` (Unix seconds), oldest first."""
        found = [message async for message in self._messages(channel, since, thread_ts)]
        return sorted((one for one in found if one["ts"] != thread_ts), key=lambda one: str(one["ts"]))

    async def thread(self, channel: str, thread_ts: str) -> list[dict[str, Any]]:
        """Everything that was written in a thread, its first message included, oldest first."""
        # by ts, because each page has the first message
        found = {str(one["ts"]): one async for one in self._messages(channel, 0.0, thread_ts)}
        return [found[ts] for ts in sorted(found)]

    async def download(self, url: str, most: int) -> bytes:
        """The first `most` bytes of a file and one more; SlackRefused where the token must not or does not open it."""
        with self._held_call("files.download"):
            return await downloaded(self._web, url, most)

    async def _messages(self, channel: str, since: float, thread_ts: str | None) -> AsyncIterator[dict[str, Any]]:
        call: dict[str, Any] = {
            "channel": channel,
            "oldest": f"{since:.6f}",
            "limit": 200,
            "include_all_metadata": True,
        }
        if thread_ts:
            call["ts"] = thread_ts
        method = "conversations.replies" if thread_ts else "conversations.history"
        cursor = ""
        while True:
            self._pace.take(method, READS, f"{channel}:{thread_ts}:{cursor}")
            with self._call(method):
                read = self._web.conversations_replies if thread_ts else self._web.conversations_history
                response = await read(**call, cursor=cursor or None)
            for message in response.get("messages") or []:
                yield message
            cursor = (response.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return

    async def post_private(self, channel: str, user: str, content: Content, thread_ts: str | None = None) -> None:
        """Show something to one person in a channel; a second time does no harm."""
        with self._held_call("chat.postEphemeral"):
            await self._web.chat_postEphemeral(
                channel=channel, user=user, text=content.text, blocks=content.blocks, thread_ts=thread_ts
            )

    async def open_direct_message(self, user: str) -> str:
        """The channel of the direct messages with a person."""
        with self._held_call("conversations.open"):
            response = await self._web.conversations_open(users=[user])
        return str(response["channel"]["id"])

    async def permalink(self, channel: str, ts: str) -> str:
        """The address of a message; never Later, because it is asked for when the message has just been posted."""
        with self._call("chat.getPermalink"):
            response = await self._web.chat_getPermalink(channel=channel, message_ts=ts)
        return str(response["permalink"])

    async def react(self, channel: str, ts: str, name: str) -> None:
        """Add a reaction; where that is impossible nothing happens, because a reaction is only a hint."""
        await self._reaction("reactions.add", channel, ts, name)

    async def unreact(self, channel: str, ts: str, name: str) -> None:
        """Remove our reaction, if it is there."""
        await self._reaction("reactions.remove", channel, ts, name)

    async def _reaction(self, method: str, channel: str, ts: str, name: str) -> None:
        call = self._web.reactions_add if method == "reactions.add" else self._web.reactions_remove
        try:
            with self._held_call(method):
                await call(channel=channel, timestamp=ts, name=name)
        except SlackRefused as refusal:
            if refusal.code not in failures.REACTION_IMPOSSIBLE:
                raise

    async def upload(self, channel: str, thread_ts: str, filename: str, text: str) -> None:
        """Put a text of at most a megabyte into a thread as a file."""
        with self._call("files.completeUploadExternal", repeatable=False):
            await self._web.files_upload_v2(
                channel=channel,
                thread_ts=thread_ts,
                filename=filename,
                title=filename,
                content=text,
                snippet_type="text",
            )

    async def open_view(self, trigger: str, view: View) -> str:
        """Show a modal to whom the trigger belongs; the view's id. SlackRefused when the trigger is older than 3 s."""
        with self._call("views.open", repeatable=False):
            response = await self._web.views_open(trigger_id=trigger, view=view.payload)
        return str(response["view"]["id"])

    async def push_view(self, trigger: str, view: View) -> str:
        """Show a modal on top of the one that is open; the view's id."""
        with self._call("views.push", repeatable=False):
            response = await self._web.views_push(trigger_id=trigger, view=view.payload)
        return str(response["view"]["id"])

    async def update_view(self, view_id: str, view: View) -> None:
        """Replace a modal that is open; SlackRefused `not_found` when it is not any more."""
        with self._call("views.update"):
            await self._web.views_update(view_id=view_id, view=view.payload)

    async def publish_home(self, user: str, view: View) -> None:
        """Show a person's Home tab."""
        with self._held_call("views.publish"):
            await self._web.views_publish(user_id=user, view=view.payload)

    async def channel(self, channel: str) -> SlackChannel:
        """What Slack says of a channel; SlackRefused `channel_not_found` for a private one without the bot."""
        with self._held_call("conversations.info"):
            response = await self._web.conversations_info(channel=channel)
        found: dict[str, Any] = response["channel"]
        return SlackChannel(
            id=channel,
            creator=str(found.get("creator") or ""),
            has_bot=bool(found.get("is_member") or found.get("is_im")),
        )

    async def user(self, user: str) -> SlackUser:
        """What Slack says of a person."""
        with self._held_call("users.info"):
            response = await self._web.users_info(user=user)
        found: dict[str, Any] = response["user"]
        profile = found.get("profile") or {}
        name = (
            profile.get("display_name")
            or profile.get("real_name")
            or found.get("real_name")
            or found.get("name")
            or user
        )
        return SlackUser(
            id=user,
            name=str(name),
            email=str(profile.get("email") or ""),
            is_guest=bool(found.get("is_restricted") or found.get("is_ultra_restricted") or found.get("is_stranger")),
            is_bot=bool(found.get("is_bot")),
            is_admin=bool(found.get("is_admin") or found.get("is_owner")),
        )


def _metadata(content: Content, delivery: str) -> dict[str, Any]:
    """The content's metadata with the delivery in it: how a second try finds what the first one did."""
    given = content.metadata or {"event_type": _REPLY_EVENT, "event_payload": {}}
    return {**given, "event_payload": {**given["event_payload"], "delivery": delivery}}


def _log_refused_blocks(refusal: SlackRefused) -> None:
    log.error(
        "Slack refused the blocks; the text is sent alone", extra={"action": "blocks_refused", "why": str(refusal)}
    )
