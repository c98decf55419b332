"""The page's server answers its own page only; these tests need no browser."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession

from bot.sandbox.bot_process import BotProcess
from bot.sandbox.controls import Controls
from bot.sandbox.run import Stage, stage
from bot.sandbox.slack import SlackServer
from bot.sandbox.web import Page

Served = tuple[str, Stage]


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """The page of an empty Slack, and that Slack."""
    async with SlackServer() as slack:
        place = stage(slack)
        page = Page(place, Controls(slack, None, BotProcess({}, tmp_path / "bot.log")), None, {})
        yield await page.start(), place
        await page.stop()


async def status(method: str, url: str, headers: dict[str, str] | None = None, body: object = None) -> int:
    """The status with which a request is answered."""
    data = None if body is None else json.dumps(body)
    async with ClientSession() as client, client.request(method, url, headers=headers, data=data) as response:
        return response.status


async def test_only_the_page_itself_may_ask(served: Served) -> None:
    """A foreign Host, Origin or site is refused, and so is a write that does not say where it comes from."""
    url, place = served
    port = url.rpartition(":")[2]
    ours = {"Origin": url, "Content-Type": "application/json"}
    post = {"user": place.ana.id, "channel": place.payments.id, "text": "hello"}
    assert await status("GET", f"{url}/") == 200
    assert await status("GET", f"http://localhost:{port}/") == 200
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1:1", "127.0.0.1"):
        assert await status("GET", f"{url}/", {"Host": host}) == 403
    assert await status("GET", f"{url}/", {"Sec-Fetch-Site": "cross-site"}) == 200  # a link to the page
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert await status("GET", f"{url}/api/state", headers) == 403
        assert await status("POST", f"{url}/api/do/post", {**ours, **headers}, post) == 403
    assert await status("POST", f"{url}/api/do/post", {"Content-Type": "application/json"}, post) == 403
    assert await status("POST", f"{url}/api/do/post", {**ours, "Content-Type": "text/plain"}, post) == 415
    assert not place.payments.messages
    assert await status("POST", f"{url}/api/do/post", ours, post) == 200
    assert [one.text for one in place.payments.messages.values()] == ["hello"]


async def test_what_is_not_there_or_not_understood(served: Served) -> None:
    """Unknown files, people and actions are not found, wrong bodies are refused, and nothing outside is served."""
    url, place = served
    ours = {"Origin": url, "Content-Type": "application/json"}
    for path in ("/static/nothing.js", "/static/..%2f__init__.py", "/api/state?user=eve", "/api/happening/call-9"):
        assert await status("GET", url + path) == 404
    assert await status("POST", f"{url}/api/do/format_the_disk", ours, {}) == 404
    assert await status("POST", f"{url}/api/do/post", ours, {"user": place.ana.id}) == 400
    assert await status("POST", f"{url}/api/do/post", ours, "not an object") == 400
    async with ClientSession() as client, client.get(f"{url}/") as response:
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


async def test_a_person_sees_what_is_theirs(served: Served) -> None:
    """Private messages, places and files are only in the state of those they are for."""
    url, place = served
    slack = place.slack
    board = slack.add_channel("board", [place.ana], private=True)
    await slack.post(place.ana, board, "the secret", files=[("secret.txt", "the secret")])
    await slack.post(place.ana, slack.dm(place.ana), "the secret")
    file = next(iter(slack.files))

    async def seen(path: str, who: str) -> str:
        async with ClientSession() as client, client.get(f"{url}{path}?user={who}") as response:
            return await response.text()

    assert "the secret" in await seen("/api/state", "ana")
    assert "the secret" in await seen(f"/api/file/{file}", "ana")
    for path in ("/api/state", f"/api/file/{file}"):
        assert "secret" not in await seen(path, "gia")


async def test_a_stream_goes_on_where_it_was(served: Served) -> None:
    """A stream that knows its place gets what it missed; one that does not is told to begin anew."""
    url, place = served
    async with ClientSession() as client:
        async with client.get(f"{url}/api/state?user=ana") as response:
            mark = (await response.json())["mark"]
        await place.slack.post(place.bo, place.payments, "missed")
        for given, wanted in ((mark, '"text": "missed"'), ("other-3", '"kind": "refresh"')):
            async with client.get(f"{url}/api/events?user=ana", headers={"Last-Event-ID": given}) as stream:
                lines = [(await stream.content.readline()).decode() for _ in range(4)]
            assert wanted in lines[3]
