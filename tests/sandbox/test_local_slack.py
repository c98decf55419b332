"""A real Bolt app gets commands and events from the local Slack, over sockets and over HTTP, as from the real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.records import Message, Outcome
from tests.sandbox.slack_scene import BLOCKS, Json, Scene, local_slack


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A running local Slack."""
    async with local_slack() as scene:
        yield scene


async def test_command_ack_becomes_a_private_message(scene: Scene) -> None:
    """A command carries Slack's fields, and its ack is shown only to who typed it."""
    seen: list[Json] = []

    @scene.app.command("/coder-task")
    async def coder_task(ack: Any, body: Json) -> None:
        seen.append(body)
        await ack(text="Creating", blocks=BLOCKS)

    async with scene.running():
        answer = await scene.command("create @ben in #team, a < b & https://x.example/?a=1&b=2")
    assert answer.ok
    assert seen[0]["text"] == (
        f"create <@{scene.ben.id}> in <#{scene.team.id}|team>, a &lt; b &amp; <https://x.example/?a=1&amp;b=2>"
    )
    assert (seen[0]["user_id"], seen[0]["channel_name"]) == (scene.ana.id, "team")
    assert [one.text for one in scene.slack.ephemerals(scene.ana, scene.team)] == ["Creating"]
    assert scene.slack.ephemerals(scene.ben) == []
    assert scene.slack.messages(scene.team) == []


async def test_unacked_command_times_out(scene: Scene) -> None:
    """A command that no one acks ends for the user with operation_timeout, without an app with dispatch_failed."""
    assert (await scene.command()).error == "dispatch_failed"
    async with scene.running():
        assert (await scene.command()).error == "operation_timeout"


async def test_invalid_ack_is_refused(scene: Scene) -> None:
    """An ack with blocks that Slack refuses shows nothing and says what is wrong."""

    @scene.app.command("/coder-task")
    async def coder_task(ack: Any) -> None:
        await ack(text="x", blocks=[{"type": "banner"}])

    async with scene.running():
        answer = await scene.command()
    assert not answer.ok
    assert answer.problems == ["[ERROR] unsupported type: banner [json-pointer:/blocks/0/type]"]
    assert scene.slack.ephemerals(scene.ana) == []


async def test_response_url_replaces_and_removes(scene: Scene) -> None:
    """A response_url replaces and removes what the command said, five times at most, for 30 minutes."""
    urls: list[str] = []

    @scene.app.command("/coder-task")
    async def coder_task(ack: Any, respond: Any, body: Json) -> None:
        urls.append(body["response_url"])
        await ack("Creating")

    async with scene.running(), aiohttp.ClientSession() as session:

        async def respond(**body: Any) -> tuple[int, str]:
            async with session.post(urls[-1], json=body) as response:
                return response.status, await response.text()

        await scene.command()
        assert await respond(text="Refused", replace_original=True) == (200, "ok")
        [private] = scene.slack.ephemerals(scene.ana)
        assert (private.text, [old.text for old in private.versions]) == ("Refused", ["Creating"])
        assert (await respond(text="", replace_original=True))[0] == 400
        assert (await respond(text="For all", response_type="in_channel"))[0] == 200
        assert (await respond(delete_original=True))[0] == 200
        assert scene.slack.ephemerals(scene.ana) == []
        assert (await respond(text="More"))[0] == 200
        status, text = await respond(text="Too many")
        assert (status, "used_url" in text) == (404, True)
        await scene.command()
        scene.slack.workspace.clock_skew = 31 * 60
        status, text = await respond(text="Too late")
        assert (status, "expired_url" in text) == (404, True)
    assert [one.text for one in scene.slack.messages(scene.team)] == ["For all"]


async def test_respond_in_bolt_reaches_a_channel_the_app_is_not_in(scene: Scene) -> None:
    """Bolt's respond answers a command in a private channel without the app."""

    @scene.app.command("/coder-task")
    async def coder_task(ack: Any, respond: Any) -> None:
        await ack()
        await respond("Done")

    async with scene.running():
        assert (await scene.slack.command(scene.ana, scene.hidden, "/coder-task")).ok
    assert [one.text for one in scene.slack.ephemerals(scene.ana, scene.hidden)] == ["Done"]


async def test_event_is_repeated_until_the_listener_succeeds(scene: Scene) -> None:
    """A listener that raises gets the same event again, with the retry number, until it succeeds."""
    seen: list[tuple[str, list[str] | None]] = []

    async def failing(event: Json, body: Json, request: Any) -> None:
        seen.append((body["event_id"], request.headers.get("x-slack-retry-num")))
        if len(seen) < 3:
            raise RuntimeError("the database is away")

    scene.app.event("message")(failing)
    async with scene.running():
        await scene.slack.post(scene.ana, scene.team, "hello")
        delivery = scene.slack.deliveries[0]
        await scene.slack.until(lambda: delivery.done, what="the end of the delivery")
    assert delivery.acked
    assert [one.outcome for one in delivery.attempts] == [Outcome.TIMEOUT, Outcome.TIMEOUT, Outcome.ACKED]
    assert len({event_id for event_id, _ in seen}) == 1
    assert [number for _, number in seen] == [["0"], ["1"], ["2"]]


async def test_event_is_given_up_after_the_last_repetition(scene: Scene) -> None:
    """Without an app an event is tried once and three times more, then never again."""
    await scene.slack.post(scene.ana, scene.team, "hello")
    delivery = scene.slack.deliveries[0]
    await scene.slack.until(lambda: delivery.done)
    assert [one.outcome for one in delivery.attempts] == [Outcome.NOT_CONNECTED] * 4


async def test_mishaps_of_delivery(scene: Scene) -> None:
    """A duplicate comes twice with one event id, a dropped ack brings a repetition, a lost envelope too."""
    seen: list[str] = []

    async def listener(event: Json) -> None:
        seen.append(event["text"])

    scene.app.event("message")(listener)
    async with scene.running():
        for mishap in (Mishap.DUPLICATE, Mishap.DROP_ACK, Mishap.LOSE):
            scene.slack.delivery_faults.append(DeliveryFault(mishap, "message"))
            await scene.slack.post(scene.ana, scene.team, mishap)
            await scene.slack.until(lambda: scene.slack.deliveries[-1].acked)
    assert seen == ["duplicate", "duplicate", "drop_ack", "drop_ack", "lose"]
    assert [len(one.attempts) for one in scene.slack.deliveries] == [1, 2, 2]


async def test_a_late_event_is_overtaken(scene: Scene) -> None:
    """An event that comes late comes after one that happened later."""
    seen: list[str] = []

    async def listener(event: Json) -> None:
        seen.append(event["text"])

    scene.app.event("message")(listener)
    async with scene.running():
        scene.slack.delivery_faults.append(DeliveryFault(Mishap.LATE, "message", seconds=0.05))
        await scene.slack.post(scene.ana, scene.team, "first", wait=False)
        await scene.slack.post(scene.ana, scene.team, "second")
        await scene.slack.until(lambda: all(one.acked for one in scene.slack.deliveries))
    assert seen == ["second", "first"]


async def test_the_app_reconnects(scene: Scene) -> None:
    """After a requested refresh and after a cut connection the app is back and hears again."""
    async with scene.running() as handler:
        first = scene.slack.socket.open
        assert await scene.slack.socket.refresh() == 1
        second = await scene.slack.until(lambda: [one for one in scene.slack.socket.open if one not in first])
        assert scene.slack.socket.abort() == len(scene.slack.socket.connections)
        await scene.slack.until(lambda: [one for one in scene.slack.socket.open if one not in second])
        assert await handler.client.is_connected()
        ts = await scene.slack.post(scene.ana, scene.team, "still there?")
        assert scene.slack.deliveries[-1].acked
        assert scene.slack.message(scene.team, ts).text == "still there?"


async def test_a_dead_ticket_is_refused(scene: Scene) -> None:
    """A websocket with a dead, used or unknown ticket is refused with 403."""
    opened = await AsyncWebClient(base_url=scene.slack.api_url).apps_connections_open(app_token=scene.slack.app_token)
    scene.slack.socket.refused_tickets = 1
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as dead:
            await session.ws_connect(opened["url"])
        async with session.ws_connect(opened["url"]) as ws:
            assert (await ws.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError) as used:
            await session.ws_connect(opened["url"])
    assert (dead.value.status, used.value.status) == (403, 403)


async def test_payloads_take_turns_on_several_sockets(scene: Scene) -> None:
    """With two connections each payload goes to one of them, and both get some."""
    seen: list[str] = []
    async with aiohttp.ClientSession() as session:

        async def connection(name: str) -> None:
            async with session.ws_connect(f"{scene.slack.url}/link/?ticket={scene.slack.socket.new_ticket()}") as ws:
                async for message in ws:
                    body = message.json()
                    if body["type"] == "events_api":
                        seen.append(name)
                        await ws.send_json({"envelope_id": body["envelope_id"]})

        tasks = [asyncio.create_task(connection(name)) for name in ("one", "two")]
        await scene.slack.until(lambda: len(scene.slack.socket.open) == 2)
        for number in range(4):
            await scene.slack.post(scene.ana, scene.team, str(number))
        await scene.slack.socket.close()
        await asyncio.gather(*tasks)
    assert sorted(seen) == ["one", "one", "two", "two"]


@asynccontextmanager
async def over_http(scene: Scene, app: AsyncApp) -> AsyncIterator[None]:
    """The app listening for signed requests, and the local Slack sending them."""
    runner = web.AppRunner(app.server(port=0, path="/slack/events").web_app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    scene.slack.deliver_over_http(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    try:
        yield
    finally:
        await runner.cleanup()


async def test_http_carries_commands_actions_and_events(scene: Scene) -> None:
    """Over HTTP the same app acks commands, answers buttons, and gets a failed event again with retry headers."""
    app = AsyncApp(
        client=scene.client,
        signing_secret=scene.slack.signing_secret,
        process_before_response=True,
    )
    retries: list[tuple[Any, Any]] = []

    @app.command("/coder-task")
    async def coder_task(ack: Any) -> None:
        await ack(text="Card", blocks=BLOCKS, response_type="in_channel")

    @app.action("stop")
    async def stop(ack: Any, client: AsyncWebClient, body: Json) -> None:
        await ack()
        await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text="Stopped", blocks=[])

    @app.event("message")
    async def message(request: Any, event: Json) -> None:
        headers = request.headers
        retries.append((headers.get("x-slack-retry-num"), headers.get("x-slack-retry-reason")))
        if len(retries) == 1:
            raise RuntimeError("not now")

    async with over_http(scene, app):
        answer = await scene.command("create")
        assert isinstance(answer.message, Message)
        assert (await scene.slack.click(scene.ana, answer.message, "stop")).ok
        await scene.slack.post(scene.ana, scene.team, "hello")
        await scene.slack.until(lambda: scene.slack.deliveries[-1].acked)
    assert answer.message.text == "Stopped"
    assert retries == [(None, None), (["1"], ["http_error"])]


async def test_http_with_a_wrong_signature_is_refused_by_the_app(scene: Scene) -> None:
    """An app with another signing secret refuses everything, which a user sees as dispatch_failed."""
    app = AsyncApp(client=scene.client, signing_secret="another")
    async with over_http(scene, app):
        answer = await scene.command()
    assert answer.error == "dispatch_failed"
    assert answer.delivery is not None
    assert answer.delivery.attempts[0].detail == "401"


async def test_a_restart_keeps_port_and_state(scene: Scene) -> None:
    """A Slack that was away for a moment is back at the same address with everything it knew."""
    await scene.client.chat_postMessage(channel=scene.team.id, text="before")
    before = scene.slack.url
    await scene.slack.stop()
    scene.client.retry_handlers.clear()
    with pytest.raises(aiohttp.ClientError):
        await scene.client.auth_test()
    await scene.slack.start()
    assert scene.slack.url == before
    history = await scene.client.conversations_history(channel=scene.team.id)
    assert [one["text"] for one in history["messages"]] == ["before"]
