"""Sockets that die, wedge or are refreshed: the bot hears again by itself, and has missed nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app import Bot, open_bot, serve
from bot.sandbox.slack.socket import Connection
from bot.slack.ingress.sockets import Patience, SocketMode
from tests.e2e.scene import Scene
from tests.e2e.scene import scene as a_scene

QUICK = Patience(check=0.05, ping=0.3, forget_address=0.2, rebuild=0.6, give_up=60, gap=0.3)
BY_HAND = Patience(check=3600, ping=0.3)
DELIVERED = "white_check_mark"


@asynccontextmanager
async def watched(tmp_path: Path, patience: Patience) -> AsyncIterator[tuple[Scene, SocketMode]]:
    """The bot over sockets, with a watchdog of this patience."""
    async with a_scene(f"sqlite:///{tmp_path}/bot.db") as scene:
        bot = scene.bot
        assert bot is not None
        assert bot.socket is not None
        await bot.socket.stop()
        bot.socket.patience = patience
        await bot.socket.start()
        await both_open(scene)
        yield scene, bot.socket


async def both_open(scene: Scene) -> None:
    """Wait until both sockets are open."""
    await scene.seen(lambda: len(scene.slack.socket.open) == 2, "two open sockets", timeout=20)


async def refresh(connection: Connection) -> None:
    """Ask the app to give up this socket for a new one, as Slack does every few hours."""
    connection.leaving = True
    await connection.send({"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "local"}})


async def fresh(scene: Scene, old: list[Connection]) -> None:
    """Wait until there are two sockets that were not there before."""
    await scene.seen(
        lambda: len([one for one in scene.slack.socket.open if one not in old]) == 2, "two new sockets", timeout=20
    )


async def hears_again(scene: Scene, old: list[Connection]) -> None:
    """Wait until there are new sockets, and a command is answered; on a busy machine a hasty watchdog may cut again."""
    await fresh(scene, old)
    async with asyncio.timeout(20):
        while not (await scene.command("help")).ok:
            await both_open(scene)


async def test_while_a_socket_is_refreshed_the_other_takes_everything(tmp_path: Path) -> None:
    """Slack refreshes sockets one by one: every command meanwhile is answered."""
    async with watched(tmp_path, BY_HAND) as (scene, _):
        for old in list(scene.slack.socket.open):
            commands = [asyncio.create_task(scene.command("help")) for _ in range(10)]
            await refresh(old)
            commands += [asyncio.create_task(scene.command("help")) for _ in range(10)]
            answers = await asyncio.gather(*commands)
            assert [answer.error for answer in answers if not answer.ok] == []
            await both_open(scene)


async def test_a_refresh_of_all_sockets_needs_no_watchdog(tmp_path: Path) -> None:
    """The client itself connects anew."""
    async with watched(tmp_path, BY_HAND) as (scene, _):
        old = list(scene.slack.socket.open)
        await scene.slack.socket.refresh()
        await hears_again(scene, old)


async def test_a_cut_connection_is_made_anew(tmp_path: Path) -> None:
    """A TCP connection that is gone is noticed, and the next command is answered."""
    async with watched(tmp_path, QUICK) as (scene, _):
        old = list(scene.slack.socket.open)
        scene.slack.socket.abort()
        await hears_again(scene, old)


async def test_a_half_open_connection_is_made_anew(tmp_path: Path) -> None:
    """A peer that is silent, as behind a firewall that forgot the connection, is noticed by its missing pongs."""
    async with watched(tmp_path, QUICK) as (scene, _):
        old = list(scene.slack.socket.open)
        for connection in old:
            connection.leaving = True  # Slack would not know either, but it must not count on it here
            transport = connection.request.transport
            assert isinstance(transport, asyncio.Transport)
            transport.pause_reading()
        await hears_again(scene, old)


async def test_a_silent_peer_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    """A socket whose peer does not answer the goodbye is left after two seconds, with nothing of it left over."""
    async with watched(tmp_path, Patience(check=3600, ping=60)) as (scene, sockets):
        clients = [one.handler.client for one in sockets._sockets]
        for connection in scene.slack.socket.open:
            assert isinstance(connection.request.transport, asyncio.Transport)
            connection.request.transport.pause_reading()

        await asyncio.wait_for(sockets.stop(), 5)

        assert all(client.aiohttp_client_session.closed for client in clients)


async def test_a_dead_ticket_is_replaced(tmp_path: Path) -> None:
    """An address that Slack no longer takes would be tried for ever: the watchdog lets a new one be asked for."""
    async with watched(tmp_path, QUICK) as (scene, _):
        old = list(scene.slack.socket.open)
        issue, dead = scene.slack.socket.new_ticket, iter(range(4))
        scene.slack.socket.new_ticket = lambda: "dead" if next(dead, None) is not None else issue()  # type: ignore[method-assign]  # four tickets that stay dead
        scene.slack.socket.abort()
        await hears_again(scene, old)


async def test_each_step_has_its_time(tmp_path: Path) -> None:
    """The address is forgotten after 30 s, the client replaced after 90 s, and the process given up after 300 s."""
    async with watched(tmp_path, BY_HAND) as (scene, sockets):
        await cut_off(scene)
        assert await sockets.connected() == 0
        first = list(sockets._sockets)

        await sockets.check(1000.0)
        for one in first:
            one.handler.client.wss_uri = "ws://127.0.0.1:1/dead"
        await sockets.check(1029.0)
        assert {one.handler.client.wss_uri for one in first} == {"ws://127.0.0.1:1/dead"}
        await sockets.check(1031.0)
        assert sockets._sockets == first
        assert {one.handler.client.wss_uri for one in first}.isdisjoint({"ws://127.0.0.1:1/dead"})

        await sockets.check(1091.0)
        assert not set(sockets._sockets) & set(first)
        assert all(one.handler.client.closed for one in first)
        assert all(one.handler.client.aiohttp_client_session.closed for one in first)

        second = list(sockets._sockets)
        await sockets.check(1092.0)
        await sockets.check(1120.0)
        assert sockets._sockets == second
        await sockets.check(1299.0)
        assert not sockets.gave_up.is_set()
        await sockets.check(1301.0)
        assert sockets.gave_up.is_set()


async def test_one_socket_that_works_is_enough(tmp_path: Path) -> None:
    """With one socket open the process is not given up, however long the other stays deaf."""
    async with watched(tmp_path, BY_HAND) as (scene, sockets):
        scene.slack.socket.refused_tickets = 10**6
        doomed = scene.slack.socket.open[0]
        doomed.leaving = True
        assert doomed.request.transport is not None
        doomed.request.transport.abort()
        await scene.seen(lambda: len(scene.slack.socket.connections) == 1, "one socket")

        for now in (1000.0, 1200.0, 1400.0):
            await sockets.check(now)

        assert await sockets.connected() == 1
        assert not sockets.gave_up.is_set()


async def cut_off(scene: Scene) -> None:
    """Cut every socket, and let no new one open until `refused_tickets` is 0 again."""
    scene.slack.socket.refused_tickets = 10**6
    scene.slack.socket.abort()
    await scene.seen(lambda: not scene.slack.socket.connections, "no socket")


async def noticed(sockets: SocketMode, number: int) -> None:
    """Wait until the bot, too, has noticed how many of its sockets are open."""
    async with asyncio.timeout(20):
        while await sockets.connected() != number:  # noqa: ASYNC110 - nobody tells of it but a look
            await asyncio.sleep(0.01)


async def test_replies_of_a_long_gap_are_caught_up(tmp_path: Path) -> None:
    """What was written while no socket was open is read from the threads, once and in order."""
    async with watched(tmp_path, BY_HAND) as (scene, sockets):
        card, task = await scene.waiting()
        await cut_off(scene)
        await noticed(sockets, 0)
        scene.slack.deliverer.transport = None  # Slack's own repetitions do not arrive either
        await sockets.check(1000.0)
        first = await scene.reply(card, "written in the dark")
        second = await scene.reply(card, "and this too")

        scene.slack.socket.refused_tickets = 0
        await sockets.check(1031.0)  # forgets the dead addresses
        await both_open(scene)
        await noticed(sockets, 2)
        await sockets.check(1061.0)

        await scene.reaction(first, DELIVERED)
        task.report("idle", "Next?")
        await scene.reaction(second, DELIVERED)
        assert task.inputs == ["written in the dark", "and this too"]


async def test_a_catch_up_that_fails_is_made_at_the_next_look(tmp_path: Path) -> None:
    """A database that is away at the very moment costs nothing."""
    async with watched(tmp_path, BY_HAND) as (scene, sockets):
        tries = 0

        async def after_gap() -> None:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise ConnectionError

        sockets.after_gap = after_gap
        await cut_off(scene)
        await noticed(sockets, 0)
        await sockets.check(1000.0)
        scene.slack.socket.refused_tickets = 0
        await sockets.check(1031.0)  # forgets the dead addresses
        await both_open(scene)
        await noticed(sockets, 2)

        with pytest.raises(ConnectionError):
            await sockets.check(1061.0)
        await sockets.check(1062.0)
        await sockets.check(1063.0)
        assert tries == 2


async def test_a_short_gap_is_slacks_to_mend(tmp_path: Path) -> None:
    """Slack itself repeats what it could not deliver for a minute: nothing is read again."""
    async with watched(tmp_path, BY_HAND) as (scene, sockets):
        calls = len(scene.slack.calls_of("conversations.replies"))
        old = list(scene.slack.socket.open)
        scene.slack.socket.abort()
        await scene.seen(lambda: not scene.slack.socket.connections or len(scene.slack.socket.open), "a cut")
        await sockets.check(1000.0)
        await fresh(scene, old)
        await sockets.check(1059.0)
        assert sockets._deaf_since is None
        assert len(scene.slack.calls_of("conversations.replies")) == calls


@pytest.mark.parametrize("what", ["sockets", "outbox"])
async def test_a_bot_that_gave_up_ends_with_status_1(tmp_path: Path, what: str) -> None:
    """So that the supervisor starts it anew: nobody can hear, or nothing is delivered any more."""
    async with a_scene(f"sqlite:///{tmp_path}/bot.db") as scene:
        await scene.stop()
        bot: Bot = await open_bot(scene.settings())
        serving = asyncio.create_task(serve(bot, asyncio.Event()))
        await bot.running.wait()
        if what == "sockets":
            bot.gave_up.set()
        else:
            bot.outbox._claim = None  # type: ignore[method-assign,assignment]  # a mistake of ours, of any kind
            bot.outbox._wake.set()
        assert await asyncio.wait_for(serving, 10) == 1
