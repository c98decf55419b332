"""The wire to Coder: its Tasks API, its directory, and the errors of both (see `bot.coder.errors`)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.coder.directory import Directory
from bot.coder.http import CoderHttp
from bot.coder.tasks_api import TasksApi
from bot.settings import Settings


@dataclass(frozen=True)
class Coder:
    """Everything the bot asks Coder, over one transport."""

    http: CoderHttp
    tasks: TasksApi
    directory: Directory

    @classmethod
    def of(cls, settings: Settings) -> Coder:
        """The Coder that the settings name; nothing is asked yet."""
        http = CoderHttp(settings.coder_url, settings.coder_session_token)
        names = settings.coder_task_template_name, settings.coder_task_preset_name
        return cls(http, TasksApi(http), Directory(http, *names))

    async def close(self) -> None:
        """End what runs in the background and the connections."""
        await self.directory.close()
        await self.http.close()
