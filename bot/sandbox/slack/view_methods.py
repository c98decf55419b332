"""views.*: modals on a user's stack and the Home tab."""

from __future__ import annotations

import secrets
from typing import Any, Final

from bot.sandbox.slack import limits
from bot.sandbox.slack.named import named_blocks
from bot.sandbox.slack.records import Refused, View
from bot.sandbox.slack.shapes import Json, Problem
from bot.sandbox.slack.site import Method, Site, refused_with
from bot.sandbox.slack.view_state import initial_state, kept_state
from bot.sandbox.slack.wire import view_json
from bot.sandbox.slack.workspace import VIEW_STACK, Workspace


def checked_view(view: Any, kind: str) -> Json:
    """A view with all ids filled in; refused for the reasons for which Slack refuses it."""
    if view is None:
        raise Refused("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]})
    if limits.view_too_large(view):
        raise Refused("view_too_large")
    problems = limits.view_problems(view)
    if not problems and view["type"] != kind:
        problems = [Problem("/view/type", f"must be {kind} here")]
    if problems:
        raise refused_with("invalid_arguments", problems)
    return {**view, "blocks": named_blocks(view["blocks"])}


def open_view(site: Site, args: Json) -> Json:
    """views.open: the first modal of a stack."""
    body = checked_view(args.get("view"), "modal")
    trigger = site.workspace.use_trigger(str(args.get("trigger_id")))
    for old in site.workspace.modals.get(trigger.user, []):
        old.closed = True
    view = new_view(site.workspace, trigger.user, body, channel=trigger.channel)
    site.workspace.modals[trigger.user] = [view]
    return _answer(site, view)


def push_view(site: Site, args: Json) -> Json:
    """views.push: one more modal on the stack, three at most."""
    body = checked_view(args.get("view"), "modal")
    trigger = site.workspace.use_trigger(str(args.get("trigger_id")))
    return _answer(site, push_on_stack(site.workspace, trigger.user, trigger.view_id, body))


def push_on_stack(workspace: Workspace, user: str, below: str | None, body: Json) -> View:
    """Put a modal above the one it was asked for from."""
    stack = workspace.modals.get(user, [])
    if below is None or not stack or all(view.id != below for view in stack):
        raise Refused("not_found")
    if len(stack) >= VIEW_STACK:
        raise Refused("push_limit_reached")
    view = new_view(workspace, user, body, stack[-1])
    stack.append(view)
    return view


def update_view(site: Site, args: Json) -> Json:
    """views.update: by view_id or external_id; a closed view is not found, an old hash conflicts."""
    body = checked_view(args.get("view"), "modal")
    found = [view for view in site.workspace.views.values() if _is_named(view, args)]
    if not found or found[0].closed:
        raise Refused("not_found")
    _check_hash(found[0], args)
    replace_body(site.workspace, found[0], body)
    return _answer(site, found[0])


def publish_view(site: Site, args: Json) -> Json:
    """views.publish: a user's Home tab."""
    body = checked_view(args.get("view"), "home")
    user = site.user(args.get("user_id"))
    view = site.workspace.homes.get(user.id)
    if view is None:
        view = site.workspace.homes[user.id] = new_view(site.workspace, user.id, body)
    else:
        _check_hash(view, args)
        replace_body(site.workspace, view, body)
    return _answer(site, view)


def new_view(
    workspace: Workspace, user: str, body: Json, below: View | None = None, channel: str | None = None
) -> View:
    """Store a view, with what its elements show at first."""
    external = body.get("external_id")
    if external and any(v.body.get("external_id") == external and not v.closed for v in workspace.views.values()):
        raise Refused("duplicate_external_id")
    view_id = workspace.new_id("V")
    view = View(view_id, user, body, new_hash(workspace), below.root_id if below else view_id)
    view.previous_id = below.id if below else None
    view.channel = below.channel if below else channel
    view.typed = initial_state(body["blocks"], view.channel)
    workspace.views[view_id] = view
    workspace.feed.tell("view", id=view_id, user=user, view_type=body["type"])
    return view


def replace_body(workspace: Workspace, view: View, body: Json) -> None:
    """Show something else in a view; what was typed stays where block_id and action_id are the same."""
    view.versions.append(view.body)
    view.typed = kept_state(view.typed, body["blocks"], view.channel)
    view.body, view.hash = body, new_hash(workspace)
    workspace.feed.tell("view", id=view.id, user=view.user, view_type=body["type"])


def new_hash(workspace: Workspace) -> str:
    """A hash that changes with every change of a view."""
    return f"{int(workspace.now())}.{secrets.token_hex(4)}"


def _is_named(view: View, args: Json) -> bool:
    if args.get("view_id"):
        return view.id == str(args["view_id"])
    external = str(args.get("external_id") or "")
    return external != "" and external == view.body.get("external_id")


def _check_hash(view: View, args: Json) -> None:
    if args.get("hash") and args["hash"] != view.hash:
        raise Refused("hash_conflict")


def _answer(site: Site, view: View) -> Json:
    return {"view": view_json(site.workspace, view)}


METHODS: Final = {
    "views.open": Method(open_view),
    "views.push": Method(push_view),
    "views.update": Method(update_view),
    "views.publish": Method(publish_view),
}
