"""Every setting, read once from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bot.errors import StartError


class CoderApi(StrEnum):
    """Which of Coder's two APIs to use."""

    AUTO = "auto"
    TASKS = "tasks"
    CHATS = "chats"


class Settings(BaseModel):
    """The bot's settings; names in upper case are the environment's."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    slack_bot_token: SecretStr
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"

    coder_url: str
    coder_session_token: SecretStr
    coder_task_template_name: str = ""
    coder_task_preset_name: str = ""

    database_url: str = "sqlite:///coder-task-bot.db"
    bot_host: str = "127.0.0.1"
    bot_port: int = Field(default=8080, ge=0, le=65535)
    bot_poll_seconds: float = Field(default=5.0, gt=0)
    bot_settle_seconds: float = Field(default=30.0, ge=0)
    bot_edit_seconds: float = Field(default=3.0, ge=0)  # Slack's own advice for a message that follows work
    bot_coder_api: CoderApi = CoderApi.AUTO
    bot_log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @property
    def socket_mode(self) -> bool:
        """Whether Slack is reached over Socket Mode, without an inbound port."""
        return self.slack_app_token is not None


_MENDS = {
    "slack_bot_token": "the bot token (xoxb-...) from your Slack app's page OAuth & Permissions",
    "coder_url": "the address of your Coder server, such as https://coder.example.com",
    "coder_session_token": "a token of a Coder site owner, made with `coder tokens create`",
}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from an environment (the process's own by default); StartError names the first wrong one."""
    found = os.environ if environment is None else environment
    try:
        settings = Settings.model_validate({key.lower(): value for key, value in found.items() if value})
    except ValidationError as error:
        raise StartError(_explain(error)) from None
    if not settings.socket_mode and settings.slack_signing_secret is None:
        text = "SLACK_APP_TOKEN is missing: set it for Socket Mode (xapp-...), or set SLACK_SIGNING_SECRET for HTTP"
        raise StartError(text)
    if not settings.coder_url.startswith(("http://", "https://")):
        raise StartError("CODER_URL must begin with https:// or http://, such as https://coder.example.com")
    return settings


def database_url(environment: Mapping[str, str] | None = None) -> str:
    """The database alone, for commands that need nothing else."""
    found = os.environ if environment is None else environment
    return found.get("DATABASE_URL") or str(Settings.model_fields["database_url"].default)


def _explain(error: ValidationError) -> str:
    """One line for the first problem; never with the value, which may be a secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    name = str(first["loc"][0])
    if first["type"] == "missing":
        return f"{name.upper()} is missing: set it to {_MENDS.get(name, 'a value')}"
    return f"{name.upper()} cannot be used: {first['msg'].lower()}"
