"""What differs between Coder's releases (coder-api.md section 0)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """A Coder version and, for 2.37, whether the server runs with CODER_ENABLE_AI_TASKS."""

    version: str
    enable_ai_tasks: bool = False

    @property
    def build_version(self) -> str:
        """As buildinfo and the X-Coder-Build-Version header show it."""
        return f"v{self.version}+abcdef0"

    @property
    def number(self) -> tuple[int, int]:
        """Major and minor."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def task_prefixes(self) -> list[str]:
        """Under which prefixes the tasks routes exist: none once Tasks are off or removed."""
        if self.number > (2, 37) or (self.number == (2, 37) and not self.enable_ai_tasks):
            return []
        return ["/api/experimental"] if self.number < (2, 29) else ["/api/v2", "/api/experimental"]

    @property
    def can_pause(self) -> bool:
        """Pause, resume, log snapshots, and the distinct 409s of send."""
        return self.number >= (2, 31)

    @property
    def busy_status(self) -> int:
        """The status of a send to a busy agent."""
        return 409 if self.number >= (2, 32) else 502

    @property
    def requires_external_auth(self) -> bool:
        """A task cannot be created before its owner has linked the template's providers."""
        return self.number >= (2, 36)

    @property
    def external_auth_of_others(self) -> bool:
        """`?user_id=` of a version's external auth."""
        return self.number >= (2, 36)

    @property
    def finds_by_email(self) -> bool:
        """`email:` and `username:` in a user search."""
        return self.number >= (2, 37)

    @property
    def limits_bodies(self) -> bool:
        """JSON bodies over 4 MiB are refused."""
        return self.number >= (2, 37)
