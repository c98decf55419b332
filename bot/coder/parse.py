"""From Coder's JSON to our words. Pure; everything raises CoderFailed when the JSON is not what the API promises."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from bot.coder.refusals import not_understood
from bot.models import Details, Failure, LogEntry, Logs, Preset, Report, Snapshot, State, Status, Template

T = TypeVar("T")
Json = Mapping[str, Any]

_logger = logging.getLogger(__name__)

# Documented are complete and failed; on the wire a failed agent is "failure" (coder-api.md 2.1).
_STATES = {
    "working": State.WORKING,
    "idle": State.IDLE,
    "complete": State.COMPLETE,
    "completed": State.COMPLETE,
    "failed": State.FAILED,
    "failure": State.FAILED,
}
_STATUSES = {status.value: status for status in Status}
_BY_CODER = ("task_auto_pause", "autostop", "dormancy", "autodelete")  # build reasons: nobody asked
_FAILED = {"failed": Failure.BUILD, "canceled": Failure.CANCELED, "canceling": Failure.CANCELED}
_TAIL_LINES = 8
_SNAPSHOT_FIELDS, _REPORT_FIELDS = set(Snapshot.model_fields), set(Report.model_fields)
_SHARED = ("owner_id", "owner_name", "template", "workspace_status")  # many tasks say the same
_LIST = re.compile(r'\s*\{\s*"tasks"\s*:\s*\[\s*')
_COMMA = re.compile(r"\s*,?\s*")
_DECODER = json.JSONDecoder()


def read(parse: Callable[[Any], T], answer: Any, *, ambiguous: bool = False) -> T:
    """What `parse` makes of an answer; CoderFailed when something that is promised is missing or of a wrong type.

    `ambiguous`: the answer was to something that is done now.
    """
    try:
        return parse(answer)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        why = f"{type(error).__name__} {error}"[:300]
        raise not_understood(why, ambiguous=ambiguous) from error


def time(text: str) -> float:
    """Unix seconds of an RFC 3339 time; digits past microseconds are dropped."""
    return datetime.fromisoformat(text).timestamp()


def snapshot(task: Json, url: str) -> Snapshot:
    """A Task of the server at `url`."""
    health = task.get("workspace_agent_health") or {}
    prompt, owner, id_ = task.get("initial_prompt") or "", task["owner_name"], task["id"]
    return Snapshot(
        id=id_,
        name=task["name"],
        title=task.get("display_name") or _first_line(prompt) or task["name"],
        url=f"{url}/tasks/{owner}/{id_}",
        owner_id=task["owner_id"],
        owner_name=owner,
        template=task.get("template_display_name") or task.get("template_name") or "",
        status=_status(task["status"]),
        report=_report(task.get("current_state")),
        workspace_id=task.get("workspace_id"),
        workspace_status=task.get("workspace_status") or "",
        build_number=task.get("workspace_build_number") or 0,
        health_reason="" if health.get("healthy", True) else health.get("reason") or "",
        prompt=prompt,
        created_at=time(task["created_at"]),
    )


def list_start(text: str) -> int | None:
    """Where the first task of a list stands; None when the text does not begin as a list of tasks does."""
    start = _LIST.match(text)
    return start.end() if start else None


def next_task(text: str, position: int) -> tuple[Json, int]:
    """The task that stands at a position of a list, and where it ends; CoderFailed when there is none."""
    try:
        return _DECODER.raw_decode(text, position)
    except ValueError as error:
        raise not_understood(f"tasks: {error}") from error


def after_comma(text: str, position: int) -> int:
    """Where the next task of a list stands, after the end of one."""
    comma = _COMMA.match(text, position)
    return comma.end() if comma else position


def whole_list(text: str) -> list[Json]:
    """The tasks of a list in any writing; CoderFailed when it is none."""
    return read(lambda body: list(json.loads(body)["tasks"] or []), text)


def snapshot_or_none(task: Json, url: str) -> Snapshot | None:
    """A Task of a list; None, and a line in the log, when it cannot be read: the others still can."""
    try:
        return _lean(snapshot(task, url))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        id_ = task.get("id") if isinstance(task, dict) else None
        _logger.warning("action=skip_task", extra={"task": id_, "why": f"{type(error).__name__} {error}"[:300]})
        return None


def logs(answer: Json) -> Logs:
    """The answer to logs."""
    entries = tuple(
        LogEntry(id=entry["id"], is_prompt=entry["type"] == "input", text=entry["content"], at=time(entry["time"]))
        for entry in answer.get("logs") or []
    )
    at = answer.get("snapshot_at")
    return Logs(entries=entries, is_snapshot=bool(answer.get("snapshot")), snapshot_at=time(at) if at else None)


def details(workspace: Json) -> Details:
    """A Workspace's latest build, without the tail of its log."""
    build = workspace["latest_build"]
    job, provisioners = build.get("job") or {}, build.get("matched_provisioners") or {}
    stopped, automatic = build.get("transition") == "stop", build.get("reason") in _BY_CODER
    return Details(
        build_number=build["build_number"],
        failure=_failure(job),
        cause=job.get("error") or "",
        queue_position=job.get("queue_position") or 0,
        queue_size=job.get("queue_size") or 0,
        provisioners=provisioners.get("available"),
        provisioner_seen_at=_known_time(provisioners.get("most_recently_seen")),
        paused_by=(build.get("initiator_name") or "") if stopped and not automatic else "",
        auto_paused=stopped and automatic,
        stops_at=None if stopped else _known_time(build.get("deadline")),
    )


def lines(log: list[Json] | None) -> list[str]:
    """The lines of a build log."""
    return [line["output"] for line in log or []]


def tail(log: list[Json] | None) -> tuple[str, ...]:
    """The end of a failed build's log: its last errors, or its last lines when none is marked as an error."""
    said = [line for line in log or [] if line["output"].strip()]
    errors = [line["output"] for line in said if line.get("log_level") == "error"]
    return tuple((errors or [line["output"] for line in said])[-_TAIL_LINES:])


def template(found: Json) -> Template:
    """A Template."""
    median = ((found.get("build_time_stats") or {}).get("start") or {}).get("P50")
    deprecated = (found.get("deprecation_message") or "Deprecated.") if found.get("deprecated") else ""
    return Template(
        id=found["id"],
        name=found["name"],
        title=found.get("display_name") or found["name"],
        description=found.get("description") or "",
        version_id=found["active_version_id"],
        organization=found.get("organization_name") or "",
        organization_id=found.get("organization_id") or "",
        deprecated=deprecated,
        usual_start=median / 1000 if median else None,
    )


def presets(found: list[Json] | None) -> tuple[Preset, ...]:
    """A version's presets: the one answer with Go's own field names, and null when there are none."""
    return tuple(
        Preset(
            id=preset["ID"],
            name=preset["Name"],
            description=preset.get("Description") or "",
            is_default=bool(preset.get("Default")),
            parameters=tuple((each["Name"], each["Value"]) for each in preset.get("Parameters") or []),
        )
        for preset in found or []
    )


def required_parameters(found: list[Json] | None) -> tuple[str, ...]:
    """The names of a version's parameters that have no default: only a preset can set them for a task."""
    return tuple(each["name"] for each in found or [] if each.get("required") and not each.get("ephemeral"))


def _lean(made: Snapshot) -> Snapshot:
    """The same, to be kept by the thousand: with the names of the fields, a third of it, in one set for all."""
    values = dict(made)
    if made.report is not None:
        values["report"] = Report.model_construct(_fields_set=_REPORT_FIELDS, **dict(made.report))
    for name in _SHARED:
        values[name] = sys.intern(values[name])
    return Snapshot.model_construct(_fields_set=_SNAPSHOT_FIELDS, **values)


def _status(text: str) -> Status:
    """A status; one that is younger than this bot counts as unknown."""
    return _STATUSES.get(text, Status.UNKNOWN)


def _report(state: Json | None) -> Report | None:
    """The agent's report; none when it says a state that this bot does not know."""
    if not state or state.get("state") not in _STATES:
        return None
    said, at = _STATES[state["state"]], time(state["timestamp"])
    return Report(state=said, message=state.get("message") or "", uri=state.get("uri") or "", at=at)


def _failure(job: Json) -> Failure | None:
    failure = _FAILED.get(job.get("status") or "")
    return Failure.QUOTA if failure and job.get("error_code") == "INSUFFICIENT_QUOTA" else failure


def _known_time(text: str | None) -> float | None:
    """A time; None for none, and for Go's zero time."""
    at = time(text) if text else 0.0
    return at if at > 0 else None


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
