"""The app's manifest: Slack takes it, and it asks for what the code uses and nothing more."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT.parent / "shared" / "contract" / "slack-manifest.schema.2.0.0.json"

# The scopes that each Web API method needs. Methods that read messages need one for each kind of conversation.
READ_MESSAGES = {"channels:history", "groups:history", "im:history"}
METHOD_SCOPES: dict[str, set[str]] = {
    "api.test": set(),
    "apps.connections.open": set(),  # the app token's own scope
    "auth.test": set(),
    "chat.delete": {"chat:write"},
    "chat.getPermalink": set(),
    "chat.postEphemeral": {"chat:write"},
    "chat.postMessage": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": READ_MESSAGES,
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.open": {"im:write"},
    "conversations.replies": READ_MESSAGES,
    "files.download": {"files:read"},  # no method: a file's own address
    "files.upload.v2": {"files:write"},  # slack_sdk's own name for the two below
    "files.completeUploadExternal": {"files:write"},
    "files.getUploadURLExternal": {"files:write"},
    "reactions.add": {"reactions:write"},
    "reactions.remove": {"reactions:write"},
    "users.info": {"users:read", "users:read.email"},  # who is asking, and their e-mail
    "users.lookupByEmail": {"users:read", "users:read.email"},
    "views.open": set(),
    "views.publish": set(),
    "views.push": set(),
    "views.update": set(),
}
EVENT_SCOPES: dict[str, set[str]] = {
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "member_joined_channel": {"channels:read", "groups:read"},
}
INTERACTIONS = {"action", "block_action", "options", "shortcut", "view", "view_closed", "view_submission"}


@pytest.fixture(name="manifest", scope="module")
def _manifest() -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text())
    return manifest


@cache
def trees(folder: Path) -> list[ast.Module]:
    """The parsed files of a folder of the bot; without any there is nothing to compare the manifest with."""
    found = [ast.parse(path.read_text(), path) for path in sorted(folder.rglob("*.py"))]
    if not found:
        pytest.skip(f"{folder.name}/ is not written yet")
    return found


def constants(modules: Iterable[ast.Module]) -> dict[str, str]:
    """The strings that have a name at the top of a module, such as COMMAND = "/coder-task"."""
    found = {}
    for module in modules:
        for node in module.body:
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text)))
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text)))
                ):
                    found[name] = text
    return found


@cache
def registrations() -> list[tuple[str, str]]:
    """What the listeners listen to, as (kind, name): ("event", "message"), ("command", "/coder-task") ..."""
    named = constants(trees(ROOT / "bot"))
    found = []
    for module in trees(ROOT / "bot" / "listeners"):
        for node in ast.walk(module):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="app"), attr=kind), args=[first, *_]):
                    found.append((kind, name_of(first, named)))
    return found


def name_of(argument: ast.expr, named: dict[str, str]) -> str:
    """The name in a registration: "message", {"type": "message"}, or the name of a constant; else its source."""
    match argument:
        case (
            ast.Constant(value=str(name))
            | ast.Dict(keys=[ast.Constant(value="type"), *_], values=[ast.Constant(value=str(name)), *_])
        ):
            return name
        case ast.Name(id=constant) | ast.Attribute(attr=constant) if constant in named:
            return named[constant]
        case _:
            return ast.unparse(argument)


def methods() -> set[str]:
    """The Web API methods that bot/slack/ uses: the client's own (`chat_postMessage`), or named in a string."""
    ours = {name for name in dir(AsyncWebClient) if "_" in name.strip("_")} - {"api_call"}
    found = set()
    for module in trees(ROOT / "bot" / "slack"):
        for node in ast.walk(module):
            match node:
                case ast.Attribute(attr=name) if name in ours:
                    found.add(name.replace("_", "."))
                case ast.Constant(value=str(name)) if name in METHOD_SCOPES:
                    found.add(name)
    return found


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's schema is not beside this checkout")
def test_slacks_schema_takes_it(manifest: dict[str, Any]) -> None:
    """The manifest follows the JSON schema that Slack publishes."""
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).validate(manifest)


def test_slacks_limits_are_kept(manifest: dict[str, Any]) -> None:
    """Names, texts and counts are as short as Slack's documentation asks."""
    information, features = manifest["display_information"], manifest["features"]
    assert set(manifest) == {"_metadata", "display_information", "features", "oauth_config", "settings"}
    assert 1 <= len(information["name"]) <= 35
    assert 1 <= len(information["description"]) <= 140
    assert len(features["bot_user"]["display_name"]) <= 80
    assert set(features["bot_user"]["display_name"]) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert len(features["slash_commands"]) <= 50
    for command in features["slash_commands"]:
        assert command["command"].startswith("/")
        assert 2 <= len(command["command"]) <= 32
        assert len(command["usage_hint"]) <= 40, "a longer one is cut in Slack's list"
        assert command["should_escape"]
    for names in (manifest["oauth_config"]["scopes"]["bot"], manifest["settings"]["event_subscriptions"]["bot_events"]):
        assert len(names) == len(set(names)) <= 100


def test_commands_are_those_that_the_code_answers(manifest: dict[str, Any]) -> None:
    """Every command has a listener, and every listener's command is in the manifest."""
    assert {command["command"] for command in manifest["features"]["slash_commands"]} == {
        name for kind, name in registrations() if kind == "command"
    }


def test_events_are_those_that_the_code_hears(manifest: dict[str, Any]) -> None:
    """Every event has a listener, and every listener's event is in the manifest."""
    subscribed = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert {event.partition(".")[0] for event in subscribed} == {
        name for kind, name in registrations() if kind == "event"
    }


def test_shortcuts_are_those_that_the_code_answers(manifest: dict[str, Any]) -> None:
    """Every shortcut has a listener, and every listener's shortcut is in the manifest."""
    assert {shortcut["callback_id"] for shortcut in manifest["features"].get("shortcuts", [])} == {
        name for kind, name in registrations() if kind == "shortcut"
    }


def test_interactivity_is_on_when_the_code_needs_it(manifest: dict[str, Any]) -> None:
    """Buttons, menus, forms and shortcuts reach the bot only with interactivity."""
    used = any(kind in INTERACTIONS for kind, _ in registrations())
    assert manifest["settings"]["interactivity"]["is_enabled"] or not used


def test_scopes_are_those_that_the_code_needs(manifest: dict[str, Any]) -> None:
    """Every scope is needed by a method, an event or a command, and nothing that the code uses lacks its scope."""
    used = methods()
    assert used <= set(METHOD_SCOPES), "say in METHOD_SCOPES which scopes these need"
    needed = set().union(*(METHOD_SCOPES[method] for method in used))
    needed |= set().union(*(EVENT_SCOPES[event] for event in manifest["settings"]["event_subscriptions"]["bot_events"]))
    if manifest["features"]["slash_commands"] or manifest["features"].get("shortcuts"):
        needed.add("commands")
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed


def test_socket_mode_is_the_default(manifest: dict[str, Any]) -> None:
    """Nothing in it needs a public address."""
    assert manifest["settings"]["socket_mode_enabled"]
    assert "://" not in json.dumps(manifest)
