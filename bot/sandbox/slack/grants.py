"""What the installed app may do and what it asked to hear, as its manifest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Grants:
    """Scopes, subscribed events, commands (name -> should_escape) and shortcuts (callback_id -> type).

    None means that nothing was said: then all is granted, but posting where the app is not a member.
    """

    scopes: frozenset[str] | None = None
    events: frozenset[str] | None = None
    commands: Mapping[str, bool] | None = None
    shortcuts: Mapping[str, str] | None = None

    def allows(self, *any_of: str) -> bool:
        """Whether at least one of these scopes was granted."""
        if self.scopes is None:
            return any_of != ("chat:write.public",)
        return not any_of or any(scope in self.scopes for scope in any_of)

    def hears(self, event: str, *any_of: str) -> bool:
        """Whether the app subscribed to an event and has one of the scopes that it needs."""
        return (self.events is None or event in self.events) and self.allows(*any_of)

    def escapes(self, command: str) -> bool:
        """Whether users and channels in a command's text arrive as ids."""
        return self.commands is None or self.commands.get(command, False)


def from_manifest(manifest: Mapping[str, Any], scopes: frozenset[str] | None = None) -> Grants:
    """What a manifest (parsed YAML or JSON) grants; `scopes` overrules its bot and bot_optional scopes."""
    features = manifest.get("features", {})
    asked = manifest.get("oauth_config", {}).get("scopes", {})
    events = manifest.get("settings", {}).get("event_subscriptions", {}).get("bot_events", [])
    return Grants(
        scopes if scopes is not None else frozenset([*asked.get("bot", []), *asked.get("bot_optional", [])]),
        frozenset(events),
        {one["command"]: bool(one.get("should_escape")) for one in features.get("slash_commands", [])},
        {one["callback_id"]: one["type"] for one in features.get("shortcuts", [])},
    )
