"""What becomes of a modal: the answer to a submitted form, and closing."""

from __future__ import annotations

from bot.sandbox.slack.records import ClientRefused, Refused, View
from bot.sandbox.slack.shapes import Json
from bot.sandbox.slack.view_methods import checked_view, push_on_stack, replace_body
from bot.sandbox.slack.workspace import Workspace


def top_view(workspace: Workspace, user: str) -> View:
    """The modal a user sees."""
    stack = workspace.modals.get(user)
    if not stack:
        raise ClientRefused(f"{user} has no open modal")
    return stack[-1]


def answer_submission(workspace: Workspace, view: View, answer: Json) -> None:
    """Do what the app's answer to a submitted form asks: close, show errors, update, push or clear."""
    action = answer.get("response_action")
    if not action:
        close_views(workspace, view, whole_stack=False)
    elif action == "errors":
        _check_errors(view, answer)
    elif action == "update":
        replace_body(workspace, view, checked_view(answer.get("view"), "modal"))
    elif action == "push":
        push_on_stack(workspace, view.user, view.id, checked_view(answer.get("view"), "modal"))
    elif action == "clear":
        close_views(workspace, view, whole_stack=True)
    else:
        raise Refused("invalid_response_action")


def _check_errors(view: View, answer: Json) -> None:
    errors = answer.get("errors")
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        reason = f"[ERROR] errors must name input blocks; these are {sorted(inputs)} [json-pointer:/errors]"
        raise Refused("invalid_errors", response_metadata={"messages": [reason]})


def close_views(workspace: Workspace, view: View, *, whole_stack: bool) -> None:
    """Close one modal, or all of a user's."""
    stack = workspace.modals.get(view.user, [])
    for gone in list(stack) if whole_stack else [one for one in stack if one is view]:
        gone.closed = True
        stack.remove(gone)
        workspace.feed.tell("view_closed", id=gone.id, user=gone.user)
