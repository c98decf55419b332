"""The settings: read from the environment, and refused in one line that names the thing and the mend."""

from __future__ import annotations

import pytest

from bot.errors import StartError
from bot.settings import CoderApi, database_url, read_settings

LEAST = {
    "SLACK_BOT_TOKEN": "xoxb-1-secret",
    "SLACK_APP_TOKEN": "xapp-1-secret",
    "CODER_URL": "https://coder.example.com",
    "CODER_SESSION_TOKEN": "coder-secret",
}


def refusal(**changes: str) -> str:
    """The line with which these settings are refused; it is one line and tells no value."""
    with pytest.raises(StartError) as refused:
        read_settings({**LEAST, **changes})
    text = str(refused.value)
    assert "\n" not in text
    names = ("slack_signing_secret", "coder_webhook_secret")
    assert "secret" not in text.lower().replace(names[0], "").replace(names[1], "")
    assert refused.value.__context__ is None
    assert refused.value.__cause__ is None
    return text


def test_the_least_is_enough() -> None:
    """Four settings make a bot; the others have defaults that work on one machine."""
    settings = read_settings({**LEAST, "PATH": "/bin"})

    assert settings.socket_mode
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.database_url == database_url({}) == "sqlite:///coder-task-bot.db"
    assert (settings.bot_host, settings.bot_port) == ("127.0.0.1", 8080)
    assert (settings.bot_poll_seconds, settings.bot_settle_seconds, settings.bot_edit_seconds) == (5, 30, 3)
    assert (settings.bot_coder_api, settings.bot_log_level) == (CoderApi.AUTO, "INFO")


def test_values_may_have_space_around_them_and_be_empty() -> None:
    """A token out of a file ends with a line break, and an empty variable is as good as none."""
    settings = read_settings(
        {**LEAST, "SLACK_BOT_TOKEN": "xoxb-1-secret\n", "BOT_PORT": " 9 ", "BOT_HOST": "", "BOT_LOG_LEVEL": "debug"}
    )

    assert settings.slack_bot_token.get_secret_value() == "xoxb-1-secret"
    assert (settings.bot_port, settings.bot_host, settings.bot_log_level) == (9, "127.0.0.1", "DEBUG")


def test_no_setting_shows_a_secret_by_itself() -> None:
    """Printed settings hide the tokens, and the list of secrets for the log has them all."""
    settings = read_settings(
        {**LEAST, "SLACK_SIGNING_SECRET": "signed-secret", "DATABASE_URL": "postgresql://bot:p%40ss-secret@db/bot"}
    )

    assert not [token for token in (*LEAST.values(), "signed-secret") if "secret" in token and token in repr(settings)]
    assert set(settings.secrets) == {
        "xoxb-1-secret",
        "xapp-1-secret",
        "signed-secret",
        "coder-secret",
        "p%40ss-secret",
        "p@ss-secret",
    }


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-"),
        ("SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET for HTTP"),
        ("CODER_URL", "https://coder.example.com"),
        ("CODER_SESSION_TOKEN", "coder tokens create"),
    ],
)
def test_a_missing_setting_is_named_with_its_mend(name: str, mend: str) -> None:
    """Whatever has to be set is asked for by its name, with where to get it."""
    text = refusal(**{name: ""})

    assert text.startswith(f"{name} is missing: ")
    assert mend in text


def test_http_needs_the_signing_secret_only() -> None:
    """Without an app token the signing secret makes it HTTP mode."""
    assert not read_settings({**LEAST, "SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": "signed"}).socket_mode


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("SLACK_BOT_TOKEN", "xapp-1-secret", "begins with xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxb-sec ret", "begins with xoxb-"),
        ("SLACK_BOT_TOKEN", "xoxb-1-secret\nX-Header: secret", "begins with xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-1-secret", "begins with xapp-"),
        ("SLACK_API_URL", "secret", "begins with https:// or http://"),
        ("CODER_URL", "coder.example.com", "begins with https:// or http://"),
        ("CODER_URL", "ftp://coder.example.com", "begins with https:// or http://"),
        ("CODER_URL", "https://", "begins with https:// or http://"),
        ("CODER_URL", "https://coder.example.com:https", "begins with https:// or http://"),
        ("CODER_URL", "https://coder.example.com:99999", "begins with https:// or http://"),
        ("CODER_URL", "https://[coder", "begins with https:// or http://"),
        ("CODER_URL", "https://coder example com", "begins with https:// or http://"),
        ("CODER_URL", "https://ana:secret@coder.example.com", "without user, password"),
        ("CODER_URL", "https://ana:sec/ret@coder.example.com", "begins with https:// or http://"),
        ("CODER_URL", "https://coder.example.com/?token=secret", "without user, password"),
        ("BOT_PORT", "secret", "valid integer"),
        ("BOT_PORT", "65536", "less than or equal to 65535"),
        ("BOT_PORT", "-1", "greater than or equal to 0"),
        ("BOT_POLL_SECONDS", "0", "greater than 0"),
        ("BOT_POLL_SECONDS", "often", "valid number"),
        ("BOT_POLL_SECONDS", "inf", "finite number"),
        ("BOT_SETTLE_SECONDS", "-1", "greater than or equal to 0"),
        ("BOT_EDIT_SECONDS", "nan", "finite number"),
        ("BOT_EDIT_SECONDS", "3601", "less than or equal to 3600"),
        ("BOT_LOG_LEVEL", "loud", "use DEBUG, INFO, WARNING or ERROR"),
        ("BOT_CODER_API", "soap", "'auto', 'tasks' or 'chats'"),
        ("BOT_CODER_API", "chats", "not supported yet"),
    ],
)
def test_a_malformed_setting_is_named_with_the_reason(name: str, value: str, reason: str) -> None:
    """What cannot be used is named with what it has to be; the value is not repeated."""
    text = refusal(**{name: value})

    assert text.startswith(f"{name} cannot be used, ")
    assert reason in text


def test_the_webhook_secret_is_long_and_hidden() -> None:
    """It is all that protects an address, so a short one is refused; nobody sees it."""
    assert "CODER_WEBHOOK_SECRET" in refusal(CODER_WEBHOOK_SECRET="short-secret")
    assert "openssl" in refusal(CODER_WEBHOOK_SECRET="has/slash-secret-0123456789")
    settings = read_settings({**LEAST, "CODER_WEBHOOK_SECRET": "long-enough-secret-0123456789"})
    assert "long-enough" not in repr(settings)
    assert "long-enough-secret-0123456789" in settings.secrets
    assert read_settings(LEAST).coder_webhook_secret is None
