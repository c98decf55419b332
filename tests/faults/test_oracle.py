"""The oracle of the fault suite finds nothing in a quiet day, and everything that is then changed by hand."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.coder import TaskHandle
from bot.sandbox.slack.records import Message
from tests.e2e.scene import words
from tests.faults import agents, people
from tests.faults.bots import Nursery
from tests.faults.clockwork import hurry
from tests.faults.oracle import complaints
from tests.faults.player import Player
from tests.faults.record import Wanted, Wish
from tests.faults.schedule import LONGEST, plan, settled, world_of
from tests.faults.sight import delivery_of, posted
from tests.faults.stage import Stage, World, stage

WORLD = World("socket", "sqlite")


@pytest.mark.timeout(240)
def test_the_oracle_sees_what_is_wrong(player: Player) -> None:
    """What is lost, doubled, out of order, stale or untold is told; the quiet day itself has nothing of it."""
    player.on(WORLD, _a_quiet_day)


async def _a_quiet_day(url: str, nursery: Nursery, folder: Path) -> None:
    async with stage(WORLD, url, nursery, folder) as made:
        await asyncio.wait_for(made.bots[0].up.wait(), 60)
        task = await _lived(made)
        for tamper, complaint in _TAMPERINGS:
            with tamper(made, task):
                found = complaints(made)
            assert any(complaint in one for one in found), (tamper.__name__, complaint, found)
            assert not complaints(made), tamper.__name__
        with _lost_below_a_deleted_card(made, task, known=False):
            assert not any("was lost" in one for one in complaints(made))
        with _a_stale_card(made, task), _left_behind(made, task):
            assert not any("shows working" in one for one in complaints(made))
        with _given_up("answer:1.a", made):
            assert not complaints(made), "whoever typed it has an answer"


async def _lived(made: Stage) -> TaskHandle:
    """A task with two prompts that is done, and a wish that was refused."""
    ana, payments, record = made.scene.ana, made.scene.payments, made.record
    for prompt, flags in (("Mend the login", ""), ("Mend nothing", "--template nonsense ")):
        typed = await made.command(ana, payments, f"create {flags}-- {prompt}")
        record.wishes.append(Wish(prompt, typed, hopeless=bool(flags)))
    task = (await made.slack.until(made.known_tasks, LONGEST))[0]
    await agents.bring_up(made, task, "idle")
    for count in (1, 2):
        assert await people.write(made, task, ana, "")
        await made.coder.until(lambda: len(task.inputs) >= count, LONGEST)  # noqa: B023 - it is over before the next
        agents.say(made, task, "idle")
    await made.slack.until(lambda: any(":waiting:" in delivery_of(one) for one in posted(made)), LONGEST, "a question")
    await made.command(ana, payments, "list")
    record.wanted.append(Wanted("pause", task.id, 0.0, await made.command(ana, payments, f"pause {task.name}")))
    await made.coder.until(lambda: task.build.transition == "stop", LONGEST)
    task.finish_build()
    assert await settled(made) == []
    return task


Tamper = Callable[[Stage, TaskHandle], Any]


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, value)
        yield


def _inputs(change: Callable[[list[str]], list[str]]) -> Tamper:
    def tamper(_: Stage, task: TaskHandle) -> Any:
        return _replaced(task.task, "inputs", change(list(task.inputs)))

    return tamper


@contextmanager
def _lost_below_a_deleted_card(made: Stage, task: TaskHandle, *, known: bool = True) -> Iterator[None]:
    """A prompt is lost, and its card, which the bot had known or not, was deleted by hand."""
    card = made.card_of(task.id)
    assert card is not None
    ask = made.ledgers.ask
    with (
        _replaced(task.task, "inputs", task.inputs[:1]),
        _replaced(card, "deleted", value=True),
        _replaced(made.record, "torn", {task.id}),
        _replaced(made.ledgers, "ask", lambda sql: ask(sql) if known or "FROM card" not in sql else []),
    ):
        yield


@contextmanager
def _message(made: Stage, change: Callable[[Stage, TaskHandle], Message], task: TaskHandle) -> Iterator[None]:
    """One message more."""
    channel = made.scene.payments
    added = change(made, task)
    channel.messages["9.9"] = added
    yield
    del channel.messages["9.9"]


def _a_message_twice(made: Stage, task: TaskHandle) -> Any:
    def again(made: Stage, _: TaskHandle) -> Message:
        return copy.deepcopy(
            next(one for one in made.scene.payments.messages.values() if ":waiting:" in delivery_of(one))
        )

    return _message(made, again, task)


def _a_second_card(made: Stage, task: TaskHandle) -> Any:
    return _message(made, lambda made, task: copy.deepcopy(made.card_of(task.id)), task)  # type: ignore[arg-type,return-value]


@contextmanager
def _a_stale_card(made: Stage, task: TaskHandle) -> Iterator[None]:
    card = made.card_of(task.id)
    assert card is not None
    assert card.metadata is not None
    known = copy.deepcopy(card.metadata)
    card.metadata["event_payload"]["state"] = "working"
    yield
    card.metadata = known


@contextmanager
def _left_behind(made: Stage, task: TaskHandle) -> Iterator[None]:
    """The bot's card of the task is another one, which is gone."""
    ask = made.ledgers.ask
    with (
        _replaced(made.record, "torn", {task.id}),
        _replaced(made.ledgers, "ask", lambda sql: [] if "FROM card WHERE ts" in sql else ask(sql)),
    ):
        yield


@contextmanager
def _without(made: Stage, which: Callable[[Message], bool]) -> Iterator[None]:
    messages = made.scene.payments.messages
    known = dict(messages)
    for ts in [ts for ts, one in known.items() if which(one)]:
        del messages[ts]
    yield
    messages.clear()
    messages.update(known)


def _given_up(lane: str, made: Stage) -> Any:
    ask = made.ledgers.ask
    row = ("answer_command", lane, 5, "Permanent: given up after 5 failures")
    return _replaced(made.ledgers, "ask", lambda sql: [row] if "state = 2" in sql else ask(sql))


def _a_click_that_was_given_up(made: Stage, task: TaskHandle) -> Any:
    return _given_up("answer:U1:1.a:task.logs:1.b", made)


def _an_untold_change(made: Stage, task: TaskHandle) -> Any:
    return _without(made, lambda one: ":paused:" in delivery_of(one))


def _an_untold_prompt(made: Stage, task: TaskHandle) -> Any:
    return _without(made, lambda one: delivery_of(one).endswith(":prompt"))


@contextmanager
def _untold(made: Stage, text: str) -> Iterator[None]:
    workspace = made.slack.workspace
    known = workspace.ephemerals
    workspace.ephemerals = [one for one in known if text not in words(one)]
    assert len(workspace.ephemerals) < len(known)
    yield
    workspace.ephemerals = known


def _an_untold_refusal(made: Stage, task: TaskHandle) -> Any:
    return _untold(made, "No template is called")


def _an_unanswered_command(made: Stage, task: TaskHandle) -> Any:
    return _untold(made, "Pausing")


def _a_lost_task(made: Stage, task: TaskHandle) -> Any:
    return _replaced(made.coder.deployment, "tasks", [])


def _a_doubled_task(made: Stage, task: TaskHandle) -> Any:
    return _replaced(made.coder.deployment, "tasks", [task.task, copy.copy(task.task)])


def _a_doubled_stop(made: Stage, task: TaskHandle) -> Any:
    return _replaced(task.workspace, "builds", [*task.workspace.builds, task.build])


def _a_pause_that_was_not(made: Stage, task: TaskHandle) -> Any:
    return _replaced(task.workspace, "builds", task.workspace.builds[:1])


_TAMPERINGS: list[tuple[Tamper, str]] = [
    (_inputs(lambda heard: heard[:1]), "was lost"),
    (_lost_below_a_deleted_card, "was lost"),
    (_inputs(lambda heard: [heard[0], *heard]), "arrived 2 times"),
    (_inputs(lambda heard: heard[::-1]), "which was written first"),
    (_inputs(lambda heard: [*heard, "Sing!"]), "which nobody said"),
    (_a_message_twice, "made 2 messages"),
    (_a_message_twice, "is told 2 times"),
    (_a_second_card, "2 cards of"),
    (_a_stale_card, "shows working"),
    (_an_untold_change, "does not say that it is paused"),
    (_an_untold_prompt, "is told 0 times"),
    (_an_untold_refusal, "neither a task nor a word"),
    (_an_unanswered_command, "nobody answered 'pause"),
    (_a_click_that_was_given_up, "given up"),
    (_a_lost_task, "neither a task nor a word"),
    (_a_doubled_task, "2 tasks for"),
    (_a_doubled_stop, "2 stop builds"),
    (_a_pause_that_was_not, "never was"),
]


def test_a_plan_follows_from_its_seed() -> None:
    """The same seed is the same schedule, another one is another."""
    assert plan(7, world_of(7), 40) == plan(7, world_of(7), 40)
    assert plan(7, WORLD, 40) != plan(8, WORLD, 40)
    assert {move.name for seed in range(60) for move in plan(seed, world_of(seed), 40)} >= {
        "killed_at",
        "frozen",
        "create",
    }


def test_the_clockwork_fits_the_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait that is shortened for the schedules is still there in the bot."""
    replaced: list[str] = []
    monkeypatch.setattr(
        "tests.faults.clockwork._replace", lambda module, name, _: replaced.append(getattr(module, name))
    )
    monkeypatch.setattr("tests.faults.clockwork._default", lambda *_: None)
    monkeypatch.setattr("bot.slack.ingress.sockets.SocketMode.__init__", lambda *_: None)
    hurry()
    assert len(replaced) > 20
