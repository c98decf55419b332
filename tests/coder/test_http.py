"""The transport: whatever happens on the way to Coder and back is one error, and says whether the work may be done."""

from __future__ import annotations

import logging
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from bot.coder.errors import CoderFailed, TokenRefused
from bot.coder.http import CoderHttp
from bot.coder.tasks_api import TasksApi
from bot.deadline import within
from bot.errors import BotError, CoderRefused, StartError
from bot.sandbox.faults import Fault, Kind
from tests.coder.wire import JSON, TLS, Wire, running

PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"


def free_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def send(wire: Wire) -> str:
    """Send a prompt to a waiting agent that knows a task by its id."""
    handle, _ = await wire.task()
    handle.set_busy(busy=False)
    return handle.id


async def test_nobody_listening_means_that_nothing_was_done() -> None:
    """A refused connection is a failure to try again without a look, for every method."""
    http = CoderHttp(f"http://127.0.0.1:{free_port()}", "a-token")
    with pytest.raises(CoderFailed) as raised:
        await http.post("/tasks/ana", {})
    await http.close()
    assert (raised.value.name, raised.value.ambiguous) == ("coder_unreachable", False)


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.CUT])
async def test_a_cut_connection_after_a_post_is_ambiguous(kind: Kind) -> None:
    """Whether a prompt was typed before the connection broke cannot be seen, so it says so."""
    async with running() as wire:
        task_id = await send(wire)
        wire.server.faults.add(Fault(kind, "POST *"))
        with pytest.raises(CoderFailed) as raised:
            await wire.tasks.send(task_id, "Go on")
        typed = wire.server.task(task_id).task.inputs
    assert raised.value.ambiguous
    assert raised.value.name == "maybe_delivered"
    assert typed == (["Go on"] if kind is Kind.LOST else [])


async def test_what_is_to_be_written_too_late_is_not_sent() -> None:
    """A process that was frozen and wakes right before the write has lost its lane, and must not type a prompt."""
    async with running() as wire:
        task_id = await send(wire)
        with within(-1.0):
            with pytest.raises(CoderFailed) as raised:
                await wire.tasks.send(task_id, "Go on")
            assert raised.value.ambiguous
            await wire.tasks.snapshot(task_id)  # whoever only reads may: others may wait for it, too
        assert wire.server.task(task_id).task.inputs == []
        await wire.tasks.send(task_id, "Go on")
        assert wire.server.task(task_id).task.inputs == ["Go on"]


async def test_a_slow_answer_to_a_post_is_ambiguous() -> None:
    """A request that Coder takes too long to answer may be done all the same."""
    async with running(patience=0.05) as wire:
        body = {"template_version_id": wire.version().id, "input": "Go", "name": "slow"}
        wire.server.faults.add(Fault(Kind.SLOW, "POST *", seconds=0.5))
        with pytest.raises(CoderFailed) as raised:
            await wire.http.post("/tasks/ana", body)
    assert raised.value.ambiguous
    assert wire.server.task("slow").status == "pending"


async def test_a_lost_answer_to_a_creation_is_found_by_its_name() -> None:
    """After an ambiguous creation the second try is refused by name, and the look finds the task."""
    async with running() as wire:
        wire.server.faults.add(Fault(Kind.LOST, "POST *"))
        with pytest.raises(CoderFailed) as raised:
            await wire.create("only-once")
        found = await wire.tasks.find("ana", "only-once")
        assert raised.value.ambiguous
        assert found is not None
        assert [task.id for task in await wire.tasks.snapshots()] == [found.id]


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.CUT])
async def test_reading_and_deleting_are_never_ambiguous(kind: Kind) -> None:
    """What is as good done twice as once can simply be tried again."""
    async with running() as wire:
        handle, _ = await wire.task("paused")
        wire.server.faults.add(Fault(kind, times=2))
        for call in (wire.tasks.snapshots, lambda: wire.tasks.delete(handle.id)):
            with pytest.raises(CoderFailed) as raised:
                await call()
            assert not raised.value.ambiguous


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("60", 60, 60),
        ("86400", 600, 600),
        ("", 60, 60),
        ("soon", 60, 60),
        ("-5", 60, 60),
        ("in 500 s", 300, 500),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
    ],
    ids=["seconds", "a day", "none", "word", "negative", "date", "past date"],
)
async def test_429_says_when_to_come_back(header: str, least: float, most: float) -> None:
    """A 429 waits as long as Retry-After says in either form, ten minutes at most, a minute when it says nothing."""
    async with running() as wire:
        if header == "in 500 s":  # as a date, counted from now
            header = format_datetime(datetime.now(UTC) + timedelta(seconds=500), usegmt=True)
        headers = {"Retry-After": header} if header else {}
        wire.server.faults.add(Fault(Kind.REFUSE, status=429, body="slow down", headers=headers))
        with pytest.raises(CoderFailed) as raised:
            await wire.tasks.snapshots()
    assert raised.value.name == "rate_limited"
    assert raised.value.after is not None
    assert least <= raised.value.after <= most
    assert not raised.value.ambiguous


async def test_an_owner_is_not_rate_limited() -> None:
    """The token's owner passes by the limit of requests, as site owners may."""
    async with running() as wire:
        wire.server.rate_limit.enforced, wire.server.rate_limit.limit = True, 1
        for _ in range(3):
            await wire.tasks.snapshots()


async def test_a_token_that_may_not_pass_by_the_limit_lives_with_it() -> None:
    """A server that refuses the bypass is asked again without it, and from then on only without it."""
    async with running() as wire:
        refusal = '"X-Coder-Bypass-Ratelimit" provided but user is not owner'
        wire.server.faults.add(Fault(Kind.REFUSE, status=428, body=refusal))
        wire.server.rate_limit.enforced, wire.server.rate_limit.limit = True, 1
        assert await wire.tasks.snapshots() == []
        with pytest.raises(CoderFailed, match="rate_limited"):
            await wire.tasks.snapshots()


@pytest.mark.parametrize(
    ("status", "read", "written"),
    [(200, False, True), (302, False, False), (403, False, False), (404, False, False), (502, False, True)],
)
async def test_a_page_of_a_proxy_is_no_answer(status: int, *, read: bool, written: bool) -> None:
    """HTML never counts as Coder's word; only where Coder may be behind it is a write ambiguous."""
    async with running() as wire:
        page = Fault(Kind.REFUSE, status=status, body=PAGE, headers={"Content-Type": "text/html"}, times=2)
        wire.server.faults.add(page)
        with pytest.raises(CoderFailed) as reading:
            await wire.tasks.snapshots()
        with pytest.raises(CoderFailed) as writing:
            await wire.create()
    assert reading.value.name == "coder_unreachable"
    assert (reading.value.ambiguous, writing.value.ambiguous) == (read, written)
    assert "html" not in str(writing.value).lower()


async def test_a_proxy_that_finds_a_prompt_too_long_is_final() -> None:
    """413 cannot be helped by trying again, whoever says it."""
    async with running() as wire:
        wire.server.faults.add(Fault(Kind.REFUSE, status=413, body=PAGE, headers={"Content-Type": "text/html"}))
        with pytest.raises(CoderRefused, match="prompt_too_long"):
            await wire.create()


@pytest.mark.parametrize("body", ['{"tasks": [', "[]", '{"tasks": 3}', "null", "", '{"tasks": [{"id": '])
async def test_a_garbled_answer_is_a_failure(body: str) -> None:
    """JSON that is cut or of another shape is tried again, and is no crash."""
    async with running() as wire:
        wire.server.faults.add(Fault(Kind.REFUSE, status=200, body=body, headers=dict(JSON)))
        with pytest.raises(CoderFailed):
            await wire.tasks.snapshots()


@pytest.mark.parametrize("body", ["{", "{}", "[]", "null"])
async def test_a_garbled_answer_to_a_creation_is_ambiguous(body: str) -> None:
    """201 with something unreadable: the task is there, most likely."""
    async with running() as wire:
        wire.server.faults.add(Fault(Kind.REFUSE, status=201, body=body, headers=dict(JSON)))
        with pytest.raises(CoderFailed) as raised:
            await wire.create()
    assert raised.value.ambiguous


async def test_a_wrong_token_is_its_own_error_and_comes_back_later() -> None:
    """A token that Coder does not know fails nothing for good: an admin renews it, and the work goes on."""
    async with running() as wire, httpx.AsyncClient(verify=TLS) as client:
        http = CoderHttp(wire.server.url, "wrong-token", client=client)
        with pytest.raises(TokenRefused) as raised:
            await TasksApi(http).snapshots()
    assert raised.value.after == 60
    assert not raised.value.ambiguous


async def test_the_token_is_in_no_error_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """No error, none that it came from, and no line of a log at any level has the token."""
    caplog.set_level(logging.DEBUG)
    secret = "abcdefghij-abcdefghijabcdefghijab"
    async with running() as wire, httpx.AsyncClient(verify=TLS) as client:
        for url in (wire.server.url, f"http://127.0.0.1:{free_port()}"):
            with pytest.raises(BotError) as raised:
                await CoderHttp(url, secret, client=client).get("/tasks")
            error: BaseException | None = raised.value
            while error is not None:
                assert secret not in f"{error!r} {vars(error)}"
                assert not isinstance(error, httpx.HTTPError)
                error = error.__cause__ or error.__context__
    assert secret not in caplog.text


@pytest.mark.parametrize("token", ["", "with space", "line\nbreak", "quoted“"])
def test_a_token_that_no_header_can_hold_stops_the_start(token: str) -> None:
    """Such a token is named as the setting to mend, and not repeated."""
    with pytest.raises(StartError, match="CODER_SESSION_TOKEN") as raised:
        CoderHttp("http://127.0.0.1", token)
    assert not token or token not in str(raised.value)


async def test_a_prompt_with_half_a_character_is_sent() -> None:
    """A lone surrogate, as Slack's JSON can hold it, does not stop a prompt."""
    async with running() as wire:
        task_id = await send(wire)
        await wire.tasks.send(task_id, "half \ud83d smile")
        assert wire.server.calls[-1].status == 204
