"""What a sandbox keeps in a folder: everything people see, the agents' places in their scripts, and no number twice."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from bot.errors import StartError
from bot.sandbox.coder import CoderServer, TaskHandle
from bot.sandbox.keeping import CoderState, Kept, SlackState
from bot.sandbox.narrator import cards
from bot.sandbox.run import Options, Stage, World, open_world, stage, without_settings
from bot.sandbox.slack import SlackServer
from bot.sandbox.terminal import Hands
from bot.sandbox.tour import Tour
from tests.sandbox.coder_scene import running

PACE = {"BOT_POLL_SECONDS": "0.2", "BOT_SETTLE_SECONDS": "0.2", "BOT_EDIT_SECONDS": "0.2"}
PATIENCE = 20.0


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """A sandbox that keeps its state in a folder."""
    async with open_world({**without_settings(os.environ), **PACE}, Options(data=folder, speed=50)) as opened:
        yield opened


def told(world: World) -> tuple[Tour, Stage, CoderServer]:
    """The hands and eyes of the tour, and the local servers."""
    assert world.stage
    assert world.coder
    return Tour(world.stage, world.coder), world.stage, world.coder


async def seen(condition: Callable[[], object]) -> None:
    """Wait for something that is seen from outside only, as in a file."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def test_everything_goes_on_after_a_restart(tmp_path: Path) -> None:
    """A task that waited for an answer gets it in the next sandbox: same card, same agent, same addresses."""
    async with world(tmp_path) as before:
        tour, place, coder = told(before)
        await Hands(place.slack).command(place.ana, place.payments, "create ask me first")
        card = await place.slack.until(lambda: cards(place.slack)[0], PATIENCE, "a card")
        await tour.hears(card, "Waiting for input")
        await place.slack.react(place.bo, card.channel, card.ts, "eyes")
        addresses = place.slack.port, coder.port
        messages = len(place.payments.messages)
    async with world(tmp_path) as after:
        tour, place, coder = told(after)
        assert (place.slack.port, coder.port) == addresses
        assert len(place.payments.messages) >= messages
        assert "eyes" in place.slack.reactions(card.channel, card.ts)
        await place.slack.post(place.ana, card.channel, "Yes, please.", card.ts)
        await tour.hears(cards(place.slack)[0], "Complete")
        assert [task.inputs for task in coder.tasks] == [["Yes, please."]]
        assert len(cards(place.slack)) == 1


# -- the local Slack ---------------------------------------------------------------------------------------------------


async def test_slack_is_the_same_when_it_comes_back(tmp_path: Path) -> None:
    """People, channels, messages, threads, reactions and files are kept; no id comes twice."""
    kept = Kept(tmp_path)
    async with SlackServer() as slack:
        place = stage(slack)
        ts = await slack.post(place.ana, place.payments, "Look at *this*", files=[("a.txt", b"\x00bytes")], wait=False)
        await slack.post(place.bo, place.payments, "Why?", ts, wait=False)
        slack.message(place.payments, ts).reactions["eyes"] = [place.bo.id]
        url = slack.workspace.new_response_url(place.payments.id, place.ana.id, slack.message(place.payments, ts))
        kept.save("slack.json", SlackState.of(slack))
    again = SlackServer()
    state = kept.slack()
    assert state
    state.into(again)
    returned = stage(again)
    assert (returned.ana, returned.payments.id) == (place.ana, place.payments.id)
    assert again.bot_user == slack.bot_user
    assert again.messages(returned.payments) == slack.messages(place.payments)
    assert again.thread(returned.payments, ts) == slack.thread(place.payments, ts)
    assert again.files == slack.files
    assert again.workspace.response_urls[url.id].original is again.message(returned.payments, ts)
    new, old = again.workspace.new_id("U"), slack.workspace.new_id("U")
    assert new[:5] == old[:5], "the counter goes on"
    assert again.workspace.new_ts(returned.payments) > max(returned.payments.messages)


async def test_versions_are_not_kept(tmp_path: Path) -> None:
    """What a message said before its edits would make the file grow with every edit of a card."""
    async with SlackServer() as slack:
        place = stage(slack)
        ts = await slack.post(place.ana, place.payments, "one", wait=False)
        await slack.edit(place.ana, place.payments, ts, "two")
        Kept(tmp_path).save("slack.json", SlackState.of(slack))
    state = Kept(tmp_path).slack()
    assert state
    message = state.channels[place.payments.id].messages[ts]
    assert (message.text, message.edited, message.versions) == ("two", True, [])


async def test_each_change_is_written_soon(tmp_path: Path) -> None:
    """Nobody has to end the sandbox for that; what does not change Slack is not written."""
    kept, path = Kept(tmp_path), tmp_path / "slack.json"
    async with SlackServer() as slack, CoderServer(manual=True) as coder:
        place = stage(slack)
        async with kept.keeping(slack, coder):
            await slack.post(place.ana, place.payments, "soon", wait=False)
            await seen(lambda: path.exists() and '"soon"' in path.read_text("utf-8"))
    assert names(tmp_path) == ["coder.json", "slack.json"]


# -- the local Coder ---------------------------------------------------------------------------------------------------

MOMENTS: dict[str, tuple[str, Callable[[TaskHandle], object], str]] = {
    "the build waits": ("Fix it", lambda task: task.build.job.status == "pending", "complete"),
    "the build runs": ("Fix it", lambda task: len(task.build.logs) > 2, "complete"),
    "the agent comes up": ("Fix it", lambda task: task.status == "initializing" and task.build.agent, "complete"),
    "the agent works": ("Fix it", lambda task: len(task.workspace.reports) > 1, "complete"),
    "it waits for an answer": ("ask me", lambda task: task.state and task.state.state == "idle", "idle"),
    "it is done": ("just answer", lambda task: task.state and task.state.state == "complete", "complete"),
    "it is idle between steps": ("flicker", lambda task: task.state and task.state.state == "idle", "complete"),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_an_agent_goes_on_where_it_was(tmp_path: Path, moment: str) -> None:
    """Whenever it is cut short, a task comes to the same end, and its log has each line once."""
    prompt, reached, end = MOMENTS[moment]
    async with running(speed=40) as coder:
        task = await coder.task(prompt)
        await coder.server.until(lambda: reached(task), what=moment)
        Kept(tmp_path).save("coder.json", CoderState.of(coder.server))
    state = Kept(tmp_path).coder()
    assert state
    async with CoderServer(speed=1000, fill=state.fill) as server:
        server.go_on()
        again = server.task(task.id)
        assert again is not task
        await server.until(lambda: again.state and again.state.state == end and not again.task.busy)
        assert again.status == "active"
        assert [message.content for message in again.messages if message.type == "input"] == [prompt]
        lines = [line.output for line in again.build.logs]
        assert len(lines) == len(set(lines)) == 7
        assert [line.id for line in again.build.logs] == list(range(1, 8))
        assert again.task.workspace.owner is server.deployment.user("ana")
        assert again.workspace.template is server.deployment.templates[0]
        reports = [report.created_at for report in again.workspace.reports]
        assert all(one < two for one, two in pairwise(reports))


async def test_paused_and_deleted_tasks_stay_so(tmp_path: Path) -> None:
    """What does not run does not begin to; a delete that was under way comes to its end."""
    async with running(manual=True) as coder:
        paused, deleted, crashed = [await coder.task(name) for name in ("one", "two", "three")]
        await paused.ready()
        paused.pause_outside()
        deleted.delete()
        crashed.crash_build()
        Kept(tmp_path).save("coder.json", CoderState.of(coder.server))
    state = Kept(tmp_path).coder()
    assert state
    async with CoderServer(speed=1000, fill=state.fill) as server:
        server.go_on()
        await server.until(lambda: server.task(deleted.id).workspace.deleted)
        assert [server.task(one.id).status for one in (paused, crashed)] == ["paused", "error"]
        assert server.task(paused.id).task.snapshot


# -- what cannot be used -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["slack.json", "coder.json"])
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is damaged"),
        ("[]", "is damaged"),
        ('{"format": 1}', "is damaged"),
        ('{"format": 1, "state": {"is": "SlackState", "port": "x"}}', "is damaged"),
        ('{"format": 1, "state": {"is": "CoderState", "tasks": 1}}', "is damaged"),
        ('{"format": 2, "state": {}}', "written by a newer version"),
    ],
)
async def test_a_bad_file_is_named(tmp_path: Path, name: str, text: str, problem: str) -> None:
    """A damaged or newer file ends the start with one line; nothing is overwritten."""
    (tmp_path / name).write_text(text)
    with pytest.raises(StartError, match=problem) as refused:
        async with world(tmp_path):
            pass
    assert str(tmp_path / name) in str(refused.value)
    assert (tmp_path / name).read_text() == text


@pytest.mark.parametrize("place", [0, 200, 2000, -2])
async def test_any_damage_is_found(tmp_path: Path, place: int) -> None:
    """A file with a hole, or one that ends too early, is damaged; never a traceback."""
    async with running(manual=True) as coder:
        await (await coder.task()).ready()
        Kept(tmp_path).save("coder.json", CoderState.of(coder.server))
    path = tmp_path / "coder.json"
    text = path.read_text()
    for broken in (text[:place], text[:place] + text[place + 9 :]):
        path.write_text(broken)
        with pytest.raises(StartError, match="damaged"):
            Kept(tmp_path).coder()


async def test_a_reference_to_nothing_is_damage(tmp_path: Path) -> None:
    """A record that is named but not there is found, too."""
    async with running(manual=True) as coder:
        await coder.task()
        Kept(tmp_path).save("coder.json", CoderState.of(coder.server))
    path = tmp_path / "coder.json"
    body = json.loads(path.read_text())
    body["state"]["tasks"][0]["workspace"] = {"same": 999}
    path.write_text(json.dumps(body))
    with pytest.raises(StartError, match="damaged"):
        Kept(tmp_path).coder()


async def test_two_sandboxes_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second one says so; a file is no folder, and some names cannot be in a database's address."""
    async with world(tmp_path):
        with pytest.raises(StartError, match="another sandbox uses"):
            async with world(tmp_path):
                pass
    (tmp_path / "file").touch()
    for name in ("file", "a?b"):
        with pytest.raises(StartError, match="cannot be used"):
            async with world(tmp_path / name):
                pass
    assert not (tmp_path / "a").exists()
