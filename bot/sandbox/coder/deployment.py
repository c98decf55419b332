"""The state of one Coder deployment, who may see what of it, and the news of every change."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from bot.sandbox.coder.clock import Background, Changes, Clock
from bot.sandbox.coder.records import (
    AppState,
    AppStatus,
    Build,
    LogLine,
    Organization,
    Task,
    Template,
    Token,
    User,
    Version,
    Workspace,
)
from bot.sandbox.coder.refusals import not_found
from bot.sandbox.coder.release import Release

MESSAGE_LIMIT = 160  # characters of an agent's report; Coder rejects longer ones


class Deployment:
    """Everything that is stored, plain lists in the order of creation."""

    def __init__(self, release: Release, clock: Clock) -> None:
        self.release = release
        self.clock = clock
        self.changes = Changes()
        self.background = Background()
        self.url = ""
        self.organizations = [Organization("default", "Coder")]
        self.users: list[User] = []
        self.tokens: dict[str, Token] = {}
        self.templates: list[Template] = []
        self.workspaces: list[Workspace] = []
        self.tasks: list[Task] = []
        self.managed_agents = True  # the license allows tasks
        self.owner_workspace_access = True  # without it, site Owners cannot reach agents of others
        self.max_token_lifetime = timedelta(days=365)

    # -- people -------------------------------------------------------------------------------------------------

    def add_user(self, username: str, name: str = "", email: str = "", *, owner: bool = False) -> User:
        """A new active member of the default organization; `owner` makes a site Owner."""
        user = User(username, name or username, email or f"{username}@example.com", created_at=self.clock.now())
        user.roles = ["owner"] if owner else []
        user.organizations = self.organizations[:1]
        self.users.append(user)
        self.changes.touch()
        return user

    def user(self, key: str, caller: User | None = None) -> User:
        """The user with a username, uuid or `me`; as 404 when there is none, or `caller` may not see them."""
        if key == "me" and caller is not None:
            return caller
        for user in self.users:
            if key.lower() in (user.username.lower(), user.id) and sees(caller, user):
                return user
        raise not_found()

    def mint(self, user: User, name: str = "", lifetime: timedelta | None = None) -> str:
        """A new token of a user, `<10>-<22>` characters."""
        text = f"{secrets.token_hex(5)}-{secrets.token_hex(11)}"
        self.tokens[text] = Token(user, name or text[:10], self.clock.now() + lifetime if lifetime else None)
        return text

    # -- templates ----------------------------------------------------------------------------------------------

    def organization(self, key: str) -> Organization:
        """The organization with a name or uuid; `default` is the first one."""
        for organization in self.organizations:
            if key.lower() in (organization.name.lower(), organization.id):
                return organization
        if key == "default":
            return self.organizations[0]
        raise not_found()

    def version(self, version_id: str) -> tuple[Template, Version]:
        """A template version and its template."""
        for template in self.templates:
            for version in template.versions:
                if version.id == version_id:
                    return template, version
        raise not_found()

    # -- tasks and workspaces -----------------------------------------------------------------------------------

    def task(self, owner_key: str, key: str, caller: User) -> Task:
        """A task by its uuid (whoever owns it), or by its name among those of the user `owner_key`."""
        owner = self.user(owner_key, caller)
        for task in self.tasks:
            named = task.name.lower() == key.lower() and task.owner is owner
            if (key.lower() == task.id or named) and not task.deleted and sees(caller, task.owner):
                return task
        raise not_found()

    def workspace(self, workspace_id: str, caller: User) -> Workspace:
        """A workspace by its uuid."""
        for workspace in self.workspaces:
            if workspace.id == workspace_id and sees(caller, workspace.owner):
                return workspace
        raise not_found()

    def task_of(self, workspace: Workspace) -> Task:
        """The task that a workspace is for, deleted or not."""
        return next(task for task in self.tasks if task.workspace is workspace)

    def name_is_taken(self, owner: User, name: str) -> bool:
        """Whether a workspace of that owner has the name; a deleted task keeps it until its workspace is gone."""
        return any(
            workspace.owner is owner and workspace.name.lower() == name.lower() and not workspace.deleted
            for workspace in self.workspaces
        )

    def report(self, workspace: Workspace, state: AppState, message: str = "", uri: str = "") -> None:
        """The agent reports its state."""
        if len(message) > MESSAGE_LIMIT:
            raise ValueError(f"an agent's message has at most {MESSAGE_LIMIT} characters, this one {len(message)}")
        workspace.reports.append(AppStatus(state, message, uri, self.clock.now()))
        self.touched(workspace)

    def log(self, build: Build, output: str, level: str = "info", stage: str = "Starting workspace") -> None:
        """One more line of a build's log."""
        build.logs.append(LogLine(self._log_id(build.logs), self.clock.now(), output, level, stage))
        self.changes.touch()

    def agent_log(self, logs: list[LogLine], output: str) -> None:
        """One more line of an agent's startup log."""
        logs.append(LogLine(self._log_id(logs), self.clock.now(), output))
        self.changes.touch()

    def touched(self, workspace: Workspace) -> datetime:
        """A workspace changed, now."""
        workspace.updated_at = self.clock.now()
        self.changes.touch()
        return workspace.updated_at

    @staticmethod
    def _log_id(logs: list[LogLine]) -> int:
        return logs[-1].id + 1 if logs else 1


def sees(caller: User | None, owner: User) -> bool:
    """Whether a caller may know of a user and what is theirs: a site Owner of all, others of themselves."""
    return caller is None or caller is owner or caller.is_owner


def is_uuid(text: str) -> bool:
    """Whether a text is a uuid."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def generated_names(prompt: str) -> tuple[str, str]:
    """Name and display name as Coder makes them from a prompt, when none is given and no model helps."""
    words = re.sub(r"[^a-z0-9-]", "", "-".join(prompt.lower().split()))
    stem = re.sub(r"-+", "-", words).strip("-")
    if len(stem) > 27:
        stem = stem[:27] if stem[27] == "-" else (stem[:27].rpartition("-")[0] or stem[:27])
    title = " ".join(prompt.split())
    if len(title) > 64:
        title = (title[:63].rpartition(" ")[0] or title[:63]) + "…"
    title = title[:1].upper() + title[1:]
    return f"{stem.strip('-') or 'task'}-{secrets.token_hex(2)}", title or "Task"
