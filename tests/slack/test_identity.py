"""Who the bot is: what a start and the doctor learn of the tokens and the scopes."""

from __future__ import annotations

import pytest
import yaml

from bot.errors import StartError
from bot.sandbox.faults import Kind
from bot.slack.identity import NEEDED_SCOPES, check_app_token, identify
from bot.slack.wire import open_wire
from tests.e2e.scene import MANIFEST
from tests.slack.scene import place


def test_the_needed_scopes_are_the_manifests() -> None:
    """Every scope that is asked for has a reason, and every reason its scope."""
    scopes = yaml.safe_load(MANIFEST.read_text())["oauth_config"]["scopes"]["bot"]
    assert set(NEEDED_SCOPES) == set(scopes)


async def test_the_bot_knows_itself() -> None:
    """Ids and scopes come with the first call, and with all scopes there is nothing to warn of."""
    async with place() as here:
        found = await identify(here.wire.web)
    assert (found.user_id, found.bot_id) == (here.slack.bot_user.id, here.slack.workspace.bot_id)
    assert found.team == "Sandbox"
    assert found.warnings == []


async def test_a_missing_scope_is_warned_of_by_what_it_is_for() -> None:
    """The line names the scope, what will not work, and the mend."""
    async with place(scopes=frozenset(NEEDED_SCOPES) - {"files:write", "im:write"}) as here:
        found = await identify(here.wire.web)
    assert [line.partition(": add it on")[0] for line in found.warnings] == [
        "without the scope files:write the bot cannot attach long output",
        "without the scope im:write the bot cannot open direct messages",
    ]


@pytest.mark.parametrize("code", ["invalid_auth", "account_inactive", "not_allowed_token_type", "missing_scope"])
async def test_a_refused_token_is_told_from_a_slack_that_is_away(code: str) -> None:
    """The line names the setting, Slack's reason and the mend."""
    async with place() as here:
        here.refuse("auth.test", code)
        with pytest.raises(StartError, match=rf"^SLACK_BOT_TOKEN is refused by Slack \({code}\): copy the bot token"):
            await identify(here.wire.web)
        here.refuse("apps.connections.open", code)
        with pytest.raises(StartError, match=rf"^SLACK_APP_TOKEN is refused by Slack \({code}\): make an app-level"):
            await check_app_token(here.wire.web, here.slack.app_token)


async def test_the_tokens_must_not_be_swapped() -> None:
    """A bot token opens no sockets."""
    async with place() as here:
        await check_app_token(here.wire.web, here.slack.app_token)
        with pytest.raises(StartError, match="SLACK_APP_TOKEN is refused"):
            await check_app_token(here.wire.web, here.slack.bot_token)


async def test_a_slack_that_answers_nonsense_cannot_be_reached() -> None:
    """A proxy's page, a rate limit and a closed port are one line with the address."""
    async with place() as here:
        for status, body in ((200, "<html>Sign in</html>"), (503, ""), (429, "")):
            here.fault(Kind.REFUSE, "auth.test", status=status, body=body)
            with pytest.raises(
                StartError, match=rf"^Slack cannot be reached at {here.slack.api_url} \(.*SLACK_API_URL"
            ):
                await identify(here.wire.web)
    async with open_wire("xoxb-x", "http://127.0.0.1:1/api") as wire:
        with pytest.raises(StartError, match=r"^Slack cannot be reached at http://127.0.0.1:1/api/ \(.*SLACK_API_URL"):
            await identify(wire.web)
