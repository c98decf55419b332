"""Every setting, read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bot.errors import StartError


class CoderApi(StrEnum):
    """Which of Coder's two APIs to use."""

    AUTO = "auto"
    TASKS = "tasks"
    CHATS = "chats"


def _address(text: str) -> str:
    """Check an address of a server; the errors never quote it, because it may hold a password."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        bare = parts.username is None and not parts.query and not parts.fragment
    except ValueError:
        usable = bare = False
    if not usable or any(character.isspace() for character in text):
        raise ValueError("it must be an address that begins with https:// or http://")
    if not bare:
        raise ValueError("it must be an address without user, password, ? and #")
    return text


def _token(*prefixes: str) -> AfterValidator:
    """Check that a token begins as Slack's tokens of its kind do, and can be sent in a header."""

    def check(secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if not text.startswith(prefixes) or not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError(f"it must be a token that begins with {prefixes[0]}")
        return secret

    return AfterValidator(check)


def _path_secret(secret: SecretStr) -> SecretStr:
    """Check a secret that is the last part of an address, and all that protects it."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,200}", secret.get_secret_value()):
        raise ValueError("it must be 16 or more letters, digits, - and _")
    return secret


def _available(api: CoderApi) -> CoderApi:
    if api is CoderApi.CHATS:
        raise ValueError("the Chats API is not supported yet, leave it at auto")
    return api


Address = Annotated[str, AfterValidator(_address)]
Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]


class Settings(BaseModel):
    """The bot's settings; names in upper case are the environment's."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    slack_bot_token: Annotated[SecretStr, _token("xoxb-", "xoxe.xoxb-")]
    slack_app_token: Annotated[SecretStr, _token("xapp-")] | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: Address = "https://slack.com/api/"

    coder_url: Address
    coder_session_token: SecretStr
    coder_webhook_secret: Annotated[SecretStr, AfterValidator(_path_secret)] | None = None
    coder_task_template_name: str = ""
    coder_task_preset_name: str = ""

    database_url: str = "sqlite:///coder-task-bot.db"
    bot_host: str = "127.0.0.1"
    bot_port: int = Field(default=8080, ge=0, le=65535)
    bot_poll_seconds: Annotated[Seconds, Field(gt=0)] = 5.0
    bot_settle_seconds: Seconds = 30.0
    bot_edit_seconds: Seconds = 3.0  # Slack's own advice for a message that follows work
    bot_batch_limit: int = Field(default=25, ge=1, le=50)  # tasks that one form may start
    bot_coder_api: Annotated[CoderApi, AfterValidator(_available)] = CoderApi.AUTO
    bot_log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    @property
    def socket_mode(self) -> bool:
        """Whether Slack is reached over Socket Mode, without an inbound port."""
        return self.slack_app_token is not None

    @property
    def secrets(self) -> list[str]:
        """What must never be in a log."""
        values = (getattr(self, name) for name in type(self).model_fields)
        found = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        password = re.search("://[^:@/]*:([^@]+)@", self.database_url)
        return found + ([password[1], unquote(password[1])] if password else [])


_MENDS = {
    "slack_bot_token": "set it to the bot token (xoxb-...) from your Slack app's page OAuth & Permissions",
    "slack_app_token": "make one with the scope connections:write on your Slack app's page Basic Information",
    "slack_api_url": "leave it out, or set it to an address such as https://slack.com/api/",
    "coder_url": "set it to the address of your Coder server, such as https://coder.example.com",
    "coder_session_token": "set it to a token of a Coder site owner, made with `coder tokens create`",
    "coder_webhook_secret": "make one with `openssl rand -hex 24`, or leave it out",
    "bot_log_level": "use DEBUG, INFO, WARNING or ERROR",
    "bot_port": "use a free port such as 8080",
}


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from an environment (the process's own by default); StartError names the first wrong one."""
    found = os.environ if environment is None else environment
    given = {key.lower(): value.strip() for key, value in found.items() if key.isupper() and value.strip()}
    if "bot_log_level" in given:
        given["bot_log_level"] = given["bot_log_level"].upper()
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        text = _explain(error.errors(include_input=False, include_url=False)[0])
    else:
        if settings.socket_mode or settings.slack_signing_secret is not None:
            return settings
        text = "SLACK_APP_TOKEN is missing: set it for Socket Mode (xapp-...), or set SLACK_SIGNING_SECRET for HTTP"
    raise StartError(text)  # out here, so that no chain of errors keeps the values


def database_url(environment: Mapping[str, str] | None = None) -> str:
    """The database alone, for commands that need nothing else."""
    found = os.environ if environment is None else environment
    return found.get("DATABASE_URL", "").strip() or str(Settings.model_fields["database_url"].default)


def _explain(problem: Any) -> str:
    """One line for a problem; never with the value, which may be a secret."""
    name = str(problem["loc"][0])
    mend = _MENDS.get(name, "")
    if problem["type"] == "missing":
        return f"{name.upper()} is missing: {mend or 'set it'}"
    reason = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    if problem["type"] == "string_pattern_mismatch":
        reason = "it is not one of the levels"
    return f"{name.upper()} cannot be used, {reason}{': ' + mend if mend else ''}"
