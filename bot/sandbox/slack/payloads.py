"""The payloads of commands and interactions, field for field as Slack sends them."""

from __future__ import annotations

from dataclasses import dataclass

from bot.sandbox.slack.records import Channel, Message, ResponseUrl, User, View
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.view_state import Element, elements, kept_state
from bot.sandbox.slack.wire import message_json, view_json
from bot.sandbox.slack.workspace import Workspace

SPOKEN_NAMES = {"dm": "directmessage", "private": "privategroup"}


@dataclass(frozen=True)
class Payloads:
    """Writes payloads, with a fresh trigger_id and response_url where Slack gives them."""

    workspace: Workspace

    def command(self, user: User, channel: Channel, command: str, text: str, url: ResponseUrl) -> Json:
        """A slash command: everything is text, there is no thread and no message."""
        return {
            "token": "sandbox",
            "team_id": self.workspace.team_id,
            "team_domain": self.workspace.team_domain,
            "channel_id": channel.id,
            "channel_name": SPOKEN_NAMES.get(channel.kind, channel.name),
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": self.workspace.app_id,
            "is_enterprise_install": "false",
            "response_url": self.url_of(url),
            "trigger_id": self.workspace.new_trigger(user.id, channel=channel.id),
        }

    def url_of(self, url: ResponseUrl) -> str:
        """The address of a response_url."""
        return f"{self.workspace.base_url}/response/{url.id}"

    def block_actions(self, user: User, where: Message | View, element: Element, chosen: Json) -> Json:
        """A pressed button or a changed element."""
        stamp = f"{self.workspace.now():.6f}"
        known = {"action_id": element.action_id, "block_id": element.block_id, "type": element.type}
        action = {**chosen, **known, "action_ts": stamp}
        if isinstance(where, View):
            trigger = self.workspace.new_trigger(user.id, where.id, where.channel)
            return {**self._interaction("block_actions", user, trigger), **self._view(where), "actions": [action]}
        trigger = self.workspace.new_trigger(user.id, channel=where.channel)
        url = self.workspace.new_response_url(where.channel, user.id, where)
        state = kept_state(where.typed.get(user.id, {}), where.blocks)
        return {
            **self._interaction("block_actions", user, trigger),
            **self._message(where),
            "state": {"values": state},
            "response_url": self.url_of(url),
            "actions": [action],
        }

    def block_suggestion(self, user: User, where: Message | View, element: Element, query: str) -> Json:
        """A question for the options of an external menu: no trigger, no response_url."""
        container = self._view(where) if isinstance(where, View) else self._message(where)
        asked = {"action_id": element.action_id, "block_id": element.block_id, "value": query}
        return {**self._interaction("block_suggestion", user, None), **container, **asked}

    def shortcut(self, user: User, callback_id: str, message: Message | None) -> Json:
        """A global shortcut (no channel, no response_url), or one on a message."""
        stamp = f"{self.workspace.now():.6f}"
        if message is None:
            trigger = self.workspace.new_trigger(user.id)
            common = self._interaction("shortcut", user, trigger)
            return {**common, "callback_id": callback_id, "action_ts": stamp}
        trigger = self.workspace.new_trigger(user.id, channel=message.channel)
        return {
            **self._interaction("message_action", user, trigger),
            "callback_id": callback_id,
            "action_ts": stamp,
            "message_ts": message.ts,
            "message": message_json(self.workspace, message),
            "channel": self._channel(message.channel),
            "response_url": self.url_of(self.workspace.new_response_url(message.channel, user.id)),
        }

    def view_submission(self, user: User, view: View) -> Json:
        """A submitted form; fields with `response_url_enabled` bring a response_url for the chosen conversation."""
        trigger = self.workspace.new_trigger(user.id, view.id, view.channel)
        body = {"view": view_json(self.workspace, view), "response_urls": self._response_urls(user, view)}
        return {**self._interaction("view_submission", user, trigger), **body}

    def _response_urls(self, user: User, view: View) -> list[Json]:
        urls = []
        for one in elements(view.blocks):
            chosen = view.typed.get(one.block_id, {}).get(one.action_id, {})
            channel = chosen.get("selected_conversation") or chosen.get("selected_channel")
            if one.body.get("response_url_enabled") and channel:
                url = self.url_of(self.workspace.new_response_url(channel, user.id))
                names = {"block_id": one.block_id, "action_id": one.action_id}
                urls.append({**names, "channel_id": channel, "response_url": url})
        return urls

    def view_closed(self, user: User, view: View, *, is_cleared: bool) -> Json:
        """A closed form."""
        body = {"view": view_json(self.workspace, view), "is_cleared": is_cleared}
        return {**self._interaction("view_closed", user, None), **body}

    def _interaction(self, type_: str, user: User, trigger: str | None) -> Json:
        body: Json = {
            "type": type_,
            "token": "sandbox",
            "team": {"id": self.workspace.team_id, "domain": self.workspace.team_domain},
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
            "api_app_id": self.workspace.app_id,
            "enterprise": None,
            "is_enterprise_install": False,
        }
        return {**body, "trigger_id": trigger} if trigger else body

    def _view(self, view: View) -> Json:
        return {"container": {"type": "view", "view_id": view.id}, "view": view_json(self.workspace, view)}

    def _message(self, message: Message) -> Json:
        """Where a message's element stands; the message itself is only there when it is not ephemeral."""
        private = message.only_for is not None
        container: Json = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
        container["is_ephemeral"] = private
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        body = {"container": container, "channel": self._channel(message.channel)}
        return body if private else {**body, "message": message_json(self.workspace, message)}

    def _channel(self, channel_id: str) -> Json:
        channel = self.workspace.channels[channel_id]
        return {"id": channel.id, "name": SPOKEN_NAMES.get(channel.kind, channel.name)}
