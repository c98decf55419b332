"""One real side: local servers of a test stand in for the real ones, in another process than the sandbox."""

from __future__ import annotations

import re
import signal

import aiohttp

from bot.sandbox.coder import CoderServer
from bot.sandbox.run import manifest
from bot.sandbox.slack import SlackServer
from tests.sandbox.process_scene import Sandbox, sandbox


async def pages(running: Sandbox) -> str:
    """The address of the sandbox's page."""
    return (await running.reads(r"\AOpen (\S+) in a browser"))[1]


async def test_the_page_drives_a_real_coder() -> None:
    """With Coder's settings in the environment the page's people start tasks there; only Slack has switches."""
    async with CoderServer(speed=100) as coder:
        settings = {"CODER_URL": coder.url, "CODER_SESSION_TOKEN": coder.token, "SANDBOX_EMAIL": "bo@example.com"}
        settings |= {"CODER_TASK_TEMPLATE_NAME": "claude-code"}
        async with sandbox("--no-open", settings=settings) as running, aiohttp.ClientSession() as browser:
            url = await pages(running)
            await running.reads(f"Coder +{re.escape(coder.url)} \\(the real one\\)")
            await running.reads("Ana's e-mail is bo@example.com")
            async with browser.get(f"{url}/api/state") as state:
                text = await state.text()
            assert coder.url in text
            assert "slack_down" in text
            assert "coder_down" not in text
            await running.reads("It runs until")
            assert await running.stop(signal.SIGINT) == 0
        assert "GET /api/v2/tasks" in {call.name for call in coder.calls}


async def test_a_real_slack_gets_the_local_coder() -> None:
    """With Slack's tokens the bot connects there; there is no page, but the local Coder's own pages."""
    async with SlackServer(manifest=manifest()) as slack:
        ana = slack.add_user("ana", "ana@example.com")
        team = slack.add_channel("team", [ana, slack.bot_user])
        tokens = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
        speed = ("--speed", "50")
        async with sandbox(*speed, settings={**tokens, "SLACK_API_URL": slack.api_url}) as running:
            await running.reads("There is no page")
            await running.reads("Slack +the real one")
            coder = (await running.reads(r"Coder +(\S+) \(local\)"))[1]
            await slack.until(lambda: slack.socket.open, what="an open socket")
            await slack.command(ana, team, "/coder-task", "create just answer")
            card = await slack.until(lambda: slack.messages(team)[0], what="the card")
            await slack.until(lambda: "Complete" in str(slack.thread(team, card.ts)), 20, "the agent's end")
            async with aiohttp.ClientSession() as browser, browser.get(f"{coder}/tasks") as page:
                assert "Just answer" in await page.text()
            assert await running.stop(signal.SIGTERM) == 0


async def test_both_real_is_just_the_bot() -> None:
    """With both sides configured nothing is local, and nothing is in the way."""
    async with SlackServer(manifest=manifest()) as slack, CoderServer() as coder:
        settings = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
        settings |= {"SLACK_API_URL": slack.api_url, "CODER_URL": coder.url, "CODER_SESSION_TOKEN": coder.token}
        async with sandbox(settings=settings) as running:
            await running.reads("Slack +the real one")
            await running.reads("Coder +.*the real one")
            await slack.until(lambda: slack.socket.open, what="an open socket")
            assert await running.stop(signal.SIGTERM) == 0
