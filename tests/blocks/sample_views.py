"""The views behind the guide's sample payloads, and the payloads as far as their controls have listeners."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.blocks.controls import CONTROLS
from bot.models import Asked, CardView, Condition, Details, Failure, Report, State, Verb

_SAMPLES = Path(__file__).parents[3] / "shared/reference/messages/blocks"
TASK_ID = "7c1f2b1e-9a3d-4f0e-8b52-6d1f0c2a9e11"
CREATED = 1795356120.0  # 2026-11-22 14:02 UTC
NAME = "fix-flaky-login-3f2a"
TITLE = "Fix flaky login test"
PR = "https://github.com/acme/web/pull/482"
WRITING = "Reproduced the failure: the session cookie is read before the redirect finishes. Writing a fix."
QUESTION = (
    "Both login tests pass 50 times in a row now. Should I also remove the sleep() calls from the signup tests,"
    " or leave them alone?"
)
DONE = "Login waits for the redirect before reading the cookie; removed 3 sleeps. Opened a pull request."
REFUSED = "Could not push: the remote rejected branch fix/login (protected branch)."
CAUSE = "Terraform: InsufficientInstanceCapacity in eu-west-1b."
TAIL = (
    "Error: creating EC2 Instance: InsufficientInstanceCapacity: We currently do",
    "not have sufficient m7i.2xlarge capacity in eu-west-1b",
    "  with aws_instance.dev,",
    '  on main.tf line 88, in resource "aws_instance" "dev"',
)
_RENAMED = {
    ("prompt.cancel", "Do not send"): "prompt.drop",
    ("prompt.cancel", "Discard"): "prompt.discard",
    ("prompt.retry", "Send again"): "prompt.again",
    ("prompt.done", "It arrived"): "prompt.arrived",
    ("prompt.send_edit", "Send the new version"): "prompt.send_edit",
}


def view(condition: Condition, **changes: Any) -> CardView:
    """Ana's task in a condition."""
    known: dict[str, Any] = {
        "task_id": TASK_ID,
        "name": NAME,
        "title": TITLE,
        "url": f"https://coder.example.com/tasks/ana/{TASK_ID}",
        "owner": "Ana Ruiz",
        "template": "Claude Code",
        "created_at": CREATED,
        "now": CREATED + 60,
        "condition": condition,
        "since": CREATED,
    }
    return CardView(**{**known, **changes})


def says(message: str, at: float, state: State = State.WORKING, uri: str = "") -> Report:
    """A report."""
    return Report(state=state, message=message, at=at, uri=uri)


def by_ana(verb: Verb, at: float) -> Asked:
    """Ana asked for it."""
    return Asked(verb=verb, by="U0ANA00001", by_name="Ana Ruiz", at=at)


def at(clock: str) -> float:
    """A time on the sample day, in UTC."""
    hours, minutes = clock.split(":")
    return CREATED + (int(hours) - 14) * 3600 + (int(minutes) - 2) * 60


def payload(name: str) -> dict[str, Any]:
    """A sample payload without the controls that have no listener yet; skips where the samples are not at hand."""
    path = _SAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip("the guide's sample payloads are not beside this checkout")
    read: dict[str, Any] = json.loads(path.read_text())["payload"]
    blocks = [_listening(block) for block in read["blocks"]]
    return {**read, "blocks": [block for block in blocks if block.get("elements") != []]}


def _listening(block: dict[str, Any]) -> dict[str, Any]:
    if block["type"] != "actions":
        return block
    kept = [_renamed(element) for element in block["elements"]]
    return {**block, "elements": [element for element in kept if _has_listener(element)]}


def _renamed(element: dict[str, Any]) -> dict[str, Any]:
    action = _RENAMED.get((element["action_id"], element.get("text", {}).get("text", "")))
    if action:
        return {**element, "action_id": action, "value": element["value"].removeprefix("p-")}
    if element["type"] != "overflow":
        return element
    options = [entry for entry in element["options"] if f"menu.{entry['value'].split(':')[0]}" in CONTROLS]
    return {**element, "options": options}


def _has_listener(element: dict[str, Any]) -> bool:
    return bool(element["options"]) if element["type"] == "overflow" else element["action_id"] in CONTROLS


_WORKS = {"since": at("14:06"), "report": says(WRITING, at("14:18")), "now": at("14:19")}
CARDS: dict[str, CardView] = {
    "card.01_queued": view(Condition.QUEUED, revision=1),
    "card.02_queue_position": view(Condition.QUEUED, details=Details(queue_position=3, queue_size=5), revision=2),
    "card.03_no_provisioner": view(
        Condition.QUEUED, details=Details(provisioners=0, provisioner_seen_at=1795353600), revision=3
    ),
    "card.04_starting": view(
        Condition.STARTING,
        since=CREATED + 24,
        now=CREATED + 100,
        report=says("Agent is connecting", CREATED + 30),
        revision=4,
    ),
    "card.05_starting_slow": view(
        Condition.STARTING,
        since=CREATED + 24,
        now=CREATED + 24 + 310,
        report=says("Initializing workspace applications", CREATED + 30),
        revision=9,
    ),
    "card.06_working": view(Condition.WORKING, **_WORKS, revision=10),
    "card.07_waiting": view(
        Condition.WAITING, since=at("14:31"), now=at("14:32"), report=says(QUESTION, at("14:31")), revision=14
    ),
    "card.08_complete": view(
        Condition.COMPLETE,
        since=at("14:52"),
        began=CREATED,
        now=at("14:52"),
        report=says(DONE, at("14:52"), State.COMPLETE, PR),
        revision=19,
    ),
    "card.09_failed": view(
        Condition.FAILED, since=at("14:40"), now=at("14:41"), report=says(REFUSED, at("14:40")), revision=17
    ),
    "card.10_error_build": view(
        Condition.BUILD_FAILED,
        since=at("14:05"),
        now=at("14:06"),
        details=Details(failure=Failure.BUILD, cause=CAUSE, tail=TAIL),
        revision=6,
    ),
    "card.11_error_unhealthy": view(
        Condition.UNHEALTHY,
        since=at("14:24"),
        now=at("14:30"),
        details=Details(cause="agent has lost connection"),
        revision=15,
    ),
    "card.12_error_quota": view(
        Condition.BUILD_FAILED, since=at("14:05"), details=Details(failure=Failure.QUOTA, cause=CAUSE), revision=5
    ),
    "card.13_pausing": view(
        Condition.PAUSING, since=at("15:12"), now=at("15:12"), asked=by_ana(Verb.PAUSE, at("15:12")), revision=21
    ),
    "card.14_paused": view(
        Condition.PAUSED,
        since=at("15:13"),
        now=at("15:14"),
        details=Details(paused_by="Ana Ruiz"),
        report=says(QUESTION, at("14:31")),
        revision=22,
    ),
    "card.15_paused_auto": view(
        Condition.PAUSED,
        since=at("16:13"),
        now=at("16:14"),
        details=Details(auto_paused=True),
        report=says(QUESTION, at("14:31")),
        revision=22,
    ),
    "card.16_resuming": view(
        Condition.RESUMING,
        since=at("16:22"),
        now=at("16:22") + 30,
        asked=Asked(verb=Verb.RESUME, by="", by_name="", at=at("16:22")),
        report=says("Workspace is starting", at("16:22")),
        waiting_prompts=1,
        revision=24,
    ),
    "card.17_deleting": view(
        Condition.DELETING, since=at("16:42"), now=at("16:42"), asked=by_ana(Verb.DELETE, at("16:42")), revision=30
    ),
    "card.18_deleted": view(
        Condition.DELETED,
        since=at("16:43"),
        now=at("16:43"),
        asked=by_ana(Verb.DELETE, at("16:42")),
        report=says(DONE, at("14:52"), State.COMPLETE, PR),
        revision=31,
    ),
    "card.19_gone": view(Condition.GONE, since=at("17:02"), now=at("17:02"), revision=31),
    "card.20_unknown": view(
        Condition.UNKNOWN, since=at("14:46"), now=at("14:47"), report=says(WRITING, at("14:18")), revision=18
    ),
    "card.21_stale": view(Condition.WORKING, **{**_WORKS, "now": at("14:22")}, stale_since=at("14:20"), revision=12),
    "card.23_long_names": view(
        Condition.COMPLETE,
        title='Refactor <Checkout> & "legacy_billing" *flags* so that every tenant of the EU region can switch alone',
        owner="Maximiliane-Alexandra Oberhuber-Schwarzenbach",
        template="Platform Engineering Environments",
        name="refactor-checkout-legacy-bi-9c0d",
        since=at("17:06"),
        began=at("14:02"),
        now=at("17:06"),
        report=says(
            "Split legacy_billing into 4 flags (<!channel> is text here), one per tenant group; the migration script is"
            " idempotent and was run against the staging copy twice without differences.",
            at("17:06"),
            State.COMPLETE,
            "https://gitlab.infrastructure.example.com/platform/checkout/-/merge_requests/10482",
        ),
        revision=40,
    ),
    "card.26_working_silent": view(Condition.WORKING, **{**_WORKS, "now": at("14:50")}, revision=11),
    "card.27_working_queue": view(Condition.WORKING, **_WORKS, waiting_prompts=2, revision=12),
}
