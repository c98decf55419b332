"""How Coder shows what it stores: JSON objects with its field names (coder-api.md sections 2.1, 3 and 4)."""

from __future__ import annotations

from datetime import datetime

from bot.sandbox.coder.conversation import Message
from bot.sandbox.coder.records import (
    Agent,
    AppStatus,
    Build,
    ExternalAuth,
    Job,
    LogLine,
    Organization,
    Parameter,
    Preset,
    Task,
    Template,
    User,
    Version,
    Workspace,
)
from bot.sandbox.coder.status import build_status, current_report, current_state, task_status, workspace_status

Json = dict[str, object]


def time(at: datetime | None) -> str | None:
    """RFC 3339 in UTC as Go writes it: the fraction without trailing zeros."""
    if at is None:
        return None
    seconds, fraction = at.strftime("%Y-%m-%dT%H:%M:%S"), f"{at.microsecond:06}".rstrip("0")
    return f"{seconds}.{fraction}Z" if fraction else f"{seconds}Z"


def task_json(task: Task) -> Json:
    """A Task, without `owner_avatar_url`, which is omitted when empty."""
    workspace, agent, state = task.workspace, task.workspace.agent, current_state(task)
    return {
        "id": task.id,
        "organization_id": workspace.template.organization.id,
        "owner_id": task.owner.id,
        "owner_name": task.owner.username,
        "name": task.name,
        "display_name": task.display_name,
        "template_id": workspace.template.id,
        "template_version_id": workspace.version.id,
        "template_name": workspace.template.name,
        "template_display_name": workspace.template.display_name,
        "template_icon": workspace.template.icon,
        "workspace_id": workspace.id,
        "workspace_name": workspace.name,
        "workspace_status": workspace_status(workspace),
        "workspace_build_number": workspace.latest.number,
        "workspace_agent_id": agent.id if agent else None,
        "workspace_app_id": agent.app_id if agent else None,
        "workspace_agent_lifecycle": agent.lifecycle if agent else None,
        "workspace_agent_health": health_json(agent) if agent else None,
        "initial_prompt": task.initial_prompt,
        "status": task_status(task),
        "current_state": _state_json(state) if state else None,
        "created_at": time(task.created_at),
        "updated_at": time(workspace.updated_at),
    }


def _state_json(state: AppStatus) -> Json:
    return {"timestamp": time(state.created_at), "state": state.state, "message": state.message, "uri": state.uri}


def health_json(agent: Agent) -> Json:
    """An agent's health; the reason only when it has one."""
    return {"healthy": agent.healthy, **({"reason": agent.reason} if agent.reason else {})}


def message_json(message: Message) -> Json:
    """An entry of a task's logs."""
    return {"id": message.id, "content": message.content, "type": message.type, "time": time(message.time)}


def workspace_json(workspace: Workspace, task: Task) -> Json:
    """A Workspace, as far as this bot could read it."""
    agent, report = workspace.agent, current_report(workspace)
    failing = [agent.id] if agent and not agent.healthy else []
    template = workspace.template
    return {
        "id": workspace.id,
        "created_at": time(workspace.created_at),
        "updated_at": time(workspace.updated_at),
        "owner_id": workspace.owner.id,
        "owner_name": workspace.owner.username,
        "organization_id": template.organization.id,
        "organization_name": template.organization.name,
        "template_id": template.id,
        "template_name": template.name,
        "template_display_name": template.display_name,
        "template_icon": template.icon,
        "template_active_version_id": template.active_version.id,
        "latest_build": build_json(workspace, workspace.latest),
        "latest_app_status": _report_json(workspace, report) if report else None,
        "outdated": template.active_version is not workspace.version,
        "name": workspace.name,
        "ttl_ms": None,
        "last_used_at": time(workspace.updated_at),
        "dormant_at": None,
        "deleting_at": None,
        "health": {"healthy": not failing, "failing_agents": failing},
        "task_id": None if task.deleted else task.id,
    }


def build_json(workspace: Workspace, build: Build) -> Json:
    """A WorkspaceBuild with its job, resources and matched provisioners."""
    count, available = build.provisioners
    return {
        "id": build.id,
        "created_at": time(build.created_at),
        "updated_at": time(build.job.completed_at or build.job.started_at or build.created_at),
        "workspace_id": workspace.id,
        "workspace_name": workspace.name,
        "workspace_owner_id": workspace.owner.id,
        "workspace_owner_name": workspace.owner.username,
        "template_version_id": build.version.id,
        "template_version_name": build.version.name,
        "template_version_preset_id": build.preset.id if build.preset else None,
        "build_number": build.number,
        "transition": build.transition,
        "initiator_id": build.initiator.id,
        "initiator_name": build.initiator.username,
        "reason": build.reason,
        "status": build_status(build),
        "job": _job_json(build.job, build.created_at),
        "resources": [_resource_json(workspace, build.agent)] if build.agent else [],
        "matched_provisioners": {
            "count": count,
            "available": available,
            "most_recently_seen": time(build.provisioner_seen_at),
        },
        "deadline": None,
        "daily_cost": 0,
    }


def _job_json(job: Job, created_at: datetime) -> Json:
    optional = {
        "started_at": time(job.started_at),
        "completed_at": time(job.completed_at),
        "error": job.error,
        "error_code": job.error_code,
    }
    return {
        "id": job.id,
        "created_at": time(created_at),
        "status": job.status,
        "queue_position": job.queue_position,
        "queue_size": job.queue_size,
        **{name: value for name, value in optional.items() if value},
    }


def _resource_json(workspace: Workspace, agent: Agent) -> Json:
    app: Json = {
        "id": agent.app_id,
        "slug": "ccw",
        "display_name": "Claude Code",
        "health": agent.app_health,
        "statuses": [_report_json(workspace, report) for report in reversed(workspace.reports)],
    }
    shown: Json = {
        "id": agent.id,
        "name": "main",
        "status": agent.connection,
        "lifecycle_state": agent.lifecycle,
        "health": health_json(agent),
        "apps": [app],
    }
    return {"type": "docker_container", "name": "workspace", "agents": [shown]}


def _report_json(workspace: Workspace, report: AppStatus) -> Json:
    agent = workspace.agent
    return {
        "id": report.id,
        "created_at": time(report.created_at),
        "workspace_id": workspace.id,
        "agent_id": agent.id if agent else None,
        "app_id": agent.app_id if agent else None,
        "state": report.state,
        "message": report.message,
        "uri": report.uri,
    }


def build_log_json(line: LogLine) -> Json:
    """A line of a build's log."""
    return {
        "id": line.id,
        "created_at": time(line.created_at),
        "log_source": line.source,
        "log_level": line.level,
        "stage": line.stage,
        "output": line.output,
    }


def agent_log_json(line: LogLine) -> Json:
    """A line of an agent's log."""
    return {
        "id": line.id,
        "created_at": time(line.created_at),
        "output": line.output,
        "level": line.level,
        "source_id": "00000000-0000-0000-0000-000000000000",
    }


def organization_json(organization: Organization, *, default: bool) -> Json:
    """An Organization."""
    return {
        "id": organization.id,
        "name": organization.name,
        "display_name": organization.display_name,
        "is_default": default,
    }


def user_json(user: User) -> Json:
    """A User; `roles` are the site roles."""
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "email": user.email,
        "created_at": time(user.created_at),
        "updated_at": time(user.created_at),
        "status": user.status,
        "login_type": "password",
        "organization_ids": [organization.id for organization in user.organizations],
        "roles": [{"name": role, "display_name": role.capitalize()} for role in user.roles],
        "has_ai_seat": False,
    }


def template_json(template: Template) -> Json:
    """A Template; the build times are milliseconds, null when it was never built."""
    start = template.start_seconds
    nothing = {"P50": None, "P95": None}
    return {
        "id": template.id,
        "created_at": time(template.created_at),
        "updated_at": time(template.created_at),
        "organization_id": template.organization.id,
        "organization_name": template.organization.name,
        "organization_display_name": template.organization.display_name,
        "name": template.name,
        "display_name": template.display_name,
        "description": template.description,
        "icon": template.icon,
        "provisioner": "terraform",
        "active_version_id": template.active_version.id,
        "active_user_count": 1,
        "build_time_stats": {
            "start": {"P50": int(start[0] * 1000), "P95": int(start[1] * 1000)} if start else nothing,
            "stop": nothing,
            "delete": nothing,
        },
        "created_by_name": "admin",
        "deprecated": bool(template.deprecation_message),
        "deprecation_message": template.deprecation_message,
        "default_ttl_ms": 0,
        "activity_bump_ms": 3_600_000,
        "use_classic_parameter_flow": template.classic_parameters,
    }


def version_json(template: Template, version: Version) -> Json:
    """A TemplateVersion."""
    return {
        "id": version.id,
        "template_id": template.id,
        "organization_id": template.organization.id,
        "name": version.name,
        "created_at": time(version.created_at),
        "updated_at": time(version.created_at),
        "archived": version.archived,
        "job": {"status": version.job_status, "error": version.job_error},
    }


def preset_json(preset: Preset) -> Json:
    """A preset: the one object with Go's own field names."""
    return {
        "ID": preset.id,
        "Name": preset.name,
        "Parameters": [{"Name": name, "Value": value} for name, value in preset.parameters.items()] or None,
        "Default": preset.default,
        "DesiredPrebuildInstances": preset.desired_prebuilds,
        "Description": preset.description,
        "Icon": preset.icon,
    }


def parameter_json(parameter: Parameter) -> Json:
    """A rich parameter."""
    return {
        "name": parameter.name,
        "display_name": parameter.display_name,
        "description": parameter.description,
        "description_plaintext": parameter.description,
        "type": parameter.type,
        "form_type": "dropdown" if parameter.options else "input",
        "mutable": parameter.mutable,
        "default_value": parameter.default,
        "icon": "",
        "options": [{"name": name, "description": "", "value": name, "icon": ""} for name in parameter.options],
        "required": parameter.required,
        "ephemeral": False,
    }


def external_auth_json(provider: ExternalAuth, url: str, *, authenticated: bool) -> Json:
    """An external auth provider, with the page where its user signs in."""
    return {
        "id": provider.id,
        "type": provider.type,
        "display_name": provider.display_name,
        "display_icon": f"/icon/{provider.type}.svg",
        "authenticate_url": f"{url}/external-auth/{provider.id}",
        "authenticated": authenticated,
        **({"optional": True} if provider.optional else {}),
    }
