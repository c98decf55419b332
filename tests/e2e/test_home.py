"""The Home tab: what waits for me first, who I am, my defaults; fresh on opening and on change, and never too much."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot import poller
from bot.delivery import homes
from bot.models import Condition, Memory
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.records import Call, User, View
from bot.store import Connection
from bot.store.task_rows import add_task, list_open
from tests.e2e.scene import Scene, words
from tests.e2e.steps import created, hurried, made_in_coder
from tests.e2e.test_card_edits import refusal


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tab may change ten times a second; that it may not is a test of its own."""
    monkeypatch.setattr(homes, "PACE_SECONDS", 0.1)


async def opened(scene: Scene, user: User | None = None) -> View:
    """Somebody (Ana) looks at the Home tab; the tab, once it was published."""
    who = user or scene.ana
    known = len(published(scene, who))
    await scene.slack.open_home(who)
    await scene.seen(lambda: len(published(scene, who)) > known, "a published Home tab")
    view = scene.slack.home(who)
    assert view is not None
    return view


def published(scene: Scene, user: User) -> list[Call]:
    """The times at which this person's tab was published."""
    return [call for call in scene.slack.calls_of("views.publish") if call.args["user_id"] == user.id and call.ok]


def shown(view: View) -> str:
    """Everything that a tab says."""
    return "\n".join(_strings(view.blocks))


def _strings(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for each in value for text in _strings(each)]
    if isinstance(value, dict):
        return [text for key, each in value.items() for text in _strings(each) if key not in {"type", "block_id"}]
    return [value] if isinstance(value, str) else []


def headings(view: View) -> list[str]:
    """The headings of a tab in their order."""
    return [block["text"]["text"] for block in view.blocks if block["type"] == "header"]


async def says(scene: Scene, text: str, user: User | None = None) -> View:
    """Wait until a person's (Ana's) tab has these words."""

    def found() -> View | None:
        view = scene.slack.home(user or scene.ana)
        return view if view is not None and text in shown(view) else None

    view = await scene.seen(found, f"{text!r} on the Home tab")
    assert view is not None
    return view


async def test_an_empty_tab(scene: Scene) -> None:
    """Somebody without tasks reads how to start one, who they are in Coder and what their defaults are."""
    view = await opened(scene)

    text = shown(view)
    assert "No tasks yet." in text
    assert "/coder-task create" in text
    assert "You are `ana` on " in text
    assert "Your defaults" in text
    assert "Claude Code · notify important" in text
    assert headings(view) == []
    await scene.slack.click(scene.ana, view, "user.new")
    await scene.seen(lambda: "New Coder task" in str([one.body for one in scene.slack.views(scene.ana)]), "the form")
    answer = await scene.slack.click(scene.ana, view, "user.help")
    assert answer.ok
    direct = scene.slack.dm(scene.ana)
    await scene.seen(lambda: [one for one in scene.slack.messages(direct) if "create" in words(one)], "help in the DM")


async def test_every_stage_with_what_waits_first(scene: Scene) -> None:
    """Each task stands under its stage, with since when, the link to its thread and to Coder; it follows by itself."""
    view = await opened(scene)
    card, waits = await scene.working("Fix the flaky test")
    await scene.working("Bump Go to 1.25")
    fails = await created(scene, "create Upgrade Terraform")
    starts = await created(scene, "create Look at p99")
    rests = await created(scene, "create Write a migration")
    await rests.ready("idle", "Done?")
    done = await created(scene, "create Bump the invoices")
    await done.ready("working", "On it")
    fails.fail_build(["Error: InsufficientInstanceCapacity"])
    waits.report("idle", "Shall I go on?")
    done.report("complete", "All done", uri="https://github.com/acme/invoices/pull/71")
    rests.pause_outside()
    assert starts.status != "active"

    await says(scene, "Waiting for you (1)")
    await says(scene, "Needs attention (1)")
    await says(scene, "PR #71")
    view = await says(scene, "Paused (1)")

    assert headings(view) == [
        "Waiting for you (1)",
        "Needs attention (1)",
        "Working (1)",
        "Starting (1)",
        "Paused (1)",
        "Complete in the last day (1)",
    ]
    rows = [block for block in view.blocks if re.fullmatch(r"row\.\d+", block["block_id"])]
    first = rows[0]["elements"][0]["elements"]
    assert first[0]["text"] == "Fix the flaky test"
    assert first[0]["url"].startswith(scene.coder.url)
    assert any(part.get("format", "").startswith("Since {time}") for part in first)
    address = card.ts.replace(".", "")
    assert any(part.get("text") == "thread" and address in part["url"] for part in first)
    assert "“Shall I go on?”" in first[-1]["text"]
    assert "Workspace build failed" in shown(view)
    green = [one for block in view.blocks for one in block.get("elements", []) if one.get("style") == "primary"]
    assert [one["action_id"] for one in green] == ["user.new"]


async def test_the_buttons_of_a_row(scene: Scene) -> None:
    """Logs and Retry build work from the tab, where no channel is: the answers go to the person's direct messages."""
    _, task = await scene.waiting("Which branch?")
    task.say("All lines read")
    broken = await created(scene, "create Upgrade Terraform")
    broken.fail_build(["Error: no capacity"])
    await opened(scene)
    view = await says(scene, "Needs attention (1)")
    direct = scene.slack.dm(scene.ana)

    await scene.slack.click(scene.ana, view, "task.logs", value=task.id)
    await scene.seen(lambda: any("All lines read" in words(one) for one in scene.slack.messages(direct)), "the log")
    await scene.slack.click(scene.ana, view, "task.build", value=broken.id)
    await scene.seen(lambda: any("no capacity" in words(one) for one in scene.slack.messages(direct)), "the build log")
    for _ in range(2):
        await scene.slack.click(scene.ana, view, "task.retry", value=broken.id)
    await scene.seen(lambda: any("Retrying" in words(one) for one in scene.slack.messages(direct)), "an answer")
    await scene.reached(lambda: len(broken.workspace.builds) == 2, "a second build")
    await says(scene, "Starting (1)")
    await scene.quiet()
    assert len(broken.workspace.builds) == 2


async def test_more_than_five_in_a_stage(scene: Scene) -> None:
    """The five that changed last and a button that lists them all; the tab stays within its limits."""
    for number in range(7):
        task = await created(scene, f"create --name job-{number} Do the job {number}")
        await task.ready("working", "On it")
    await opened(scene)
    view = await says(scene, "Working (7)")
    assert sum(bool(re.fullmatch(r"row\.\d+", block["block_id"])) for block in view.blocks) == 5
    [every] = [one for block in view.blocks if block["block_id"] == "more.work" for one in block["elements"]]
    assert every["text"]["text"] == "Show all 7"

    await scene.slack.click(scene.ana, view, every["action_id"], value=every["value"])

    direct = scene.slack.dm(scene.ana)
    await scene.seen(lambda: any("7 tasks" in words(one) for one in scene.slack.messages(direct)), "the list")


async def test_whose_tasks(scene: Scene) -> None:
    """A tab has the tasks that the person owns, also those that were made in Coder, and nobody else's."""
    task = await made_in_coder(scene, "fix-login")
    await task.ready("idle", "Well?")
    await scene.command("pause fix-login")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    await created(scene, "create Something of Bo", scene.bo)

    view = await opened(scene)

    assert "Made in Coder" in shown(view)
    assert "Something of Bo" not in shown(view)
    theirs = await opened(scene, scene.bo)
    assert "Something of Bo" in shown(theirs)
    assert "Made in Coder" not in shown(theirs)


async def test_a_task_that_a_channel_begins_to_watch(scene: Scene) -> None:
    """As soon as a task that was made in Coder is known here, it stands on its owner's tab, whatever it does then."""
    task = await made_in_coder(scene, "fix-login")
    await task.ready("working", "Reading the code")
    assert "Made in Coder" not in shown(await opened(scene))

    await scene.command("watch --owner me --only complete,failed")

    await says(scene, "Made in Coder")


async def test_somebody_whom_coder_does_not_know(scene: Scene) -> None:
    """Whoever has no Coder user reads why, and finds their tasks there when they have one."""
    view = await opened(scene, scene.gia)
    assert headings(view) == ["Your Coder account"]
    assert "No Coder user has your e-mail" in shown(view)

    scene.coder.deployment.add_user("gia", "Gia", "gia@elsewhere.example")
    await scene.slack.click(scene.gia, view, "home.refresh")

    await says(scene, "You are `gia`", scene.gia)


async def test_somebody_who_opens_it_while_coder_is_down(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can be asked who they are: the tab says so, and shows their tasks by itself when Coder is back."""
    monkeypatch.setattr(homes, "AGAIN_SECONDS", 0.1)
    down = scene.coder.faults.add(Fault(Kind.REFUSE, "GET /api/v2/users", None, status=503))
    view = await opened(scene)
    assert headings(view) == ["Your Coder account"]

    down.times = 0

    await says(scene, "You are `ana`")


async def test_published_no_more_often_than_needed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten changes in ten seconds are one; what changes nothing is not published, and an opening comes at once."""
    _, task = await scene.working()
    await opened(scene)
    monkeypatch.setattr(homes, "PACE_SECONDS", 1.5)
    before = len(published(scene, scene.ana))
    await scene.slack.open_home(scene.ana)
    await scene.quiet()
    assert len(published(scene, scene.ana)) == before, "nothing had changed"

    for number in range(8):
        task.report("working", f"Step {number}")
        await scene.quiet()
    await says(scene, "Step 7")
    assert len(published(scene, scene.ana)) - before <= 4
    task.report("idle", "And now?")
    await scene.reached(lambda: task, "the report")
    monkeypatch.setattr(homes, "PACE_SECONDS", 3600.0)
    task.report("idle", "Really?")
    await scene.quiet()
    await scene.slack.open_home(scene.ana)
    await says(scene, "Really?")
    await scene.quiet()  # else the bot may take both openings for one
    monkeypatch.setattr(homes, "FRESH_SECONDS", 0.0)
    await opened(scene)


async def test_a_tab_that_slack_will_not_have(scene: Scene) -> None:
    """A refused views.publish is logged and not tried for ever; the next opening tries again."""
    scene.slack.faults.add(refusal("not_enabled", "views.publish"))
    await scene.slack.open_home(scene.ana)
    await scene.seen(lambda: scene.slack.calls_of("views.publish"), "the refused call")
    await scene.quiet()
    assert len(scene.slack.calls_of("views.publish")) == 1
    await scene.slack.open_home(scene.ana)
    await says(scene, "No tasks yet.")


async def test_coder_is_silent(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Coder does not answer the tab says so and shows what was last known; afterwards it does not say so."""
    monkeypatch.setattr(poller, "STALE_SECONDS", 0.2)
    await scene.waiting("Shall I?")
    await opened(scene)

    hurried(scene)
    fault = scene.coder.faults.add(Fault(Kind.REFUSE, "*", None, status=502, body="<html>bad gateway</html>"))
    view = await says(scene, "this is the last known state")
    assert "“Shall I?”" in shown(view)
    fault.times = 0
    await says(scene, "Updated at")


async def test_a_hundred_tasks(scene: Scene) -> None:
    """With a hundred tasks the tab shows the newest of each stage and stays within its limits."""
    await created(scene, "create The first of many")
    await scene.seen(scene.cards, "its card")
    await scene.stop()
    await scene.start(BOT_POLL_SECONDS="60")
    assert scene.bot is not None
    await scene.bot.database.run(_many, 100)

    view = await opened(scene)

    assert len(view.blocks) <= 60
    assert headings(view) == [
        "Waiting for you (20)",
        "Needs attention (20)",
        "Working (20)",
        "Starting (21)",
        "Paused (20)",
    ]
    assert sum("Show all" in str(block) for block in view.blocks) == 5


def _many(connection: Connection, count: int) -> None:
    """So many tasks like the one that is there, in five conditions."""
    [first] = list_open(connection)
    conditions = (
        Condition.WAITING,
        Condition.FAILED,
        Condition.WORKING,
        Condition.STARTING,
        Condition.PAUSED,
    )
    for number in range(count):
        memory = Memory(condition=conditions[number % 5], since=first.created_at)
        ids = {"id": f"{number}", "coder_id": f"{number}", "name": f"job-{number}", "answer": None}
        add_task(connection, first.model_copy(update={**ids, "memory": memory}), None)


async def test_opened_again_and_again(scene: Scene) -> None:
    """An opening that Slack delivers twice, or whose ack is lost, is one."""
    for mishap in (Mishap.DUPLICATE, Mishap.DROP_ACK):
        scene.slack.delivery_faults.append(DeliveryFault(mishap, "app_home_opened", times=1))
        await scene.slack.open_home(scene.ana)
    await says(scene, "No tasks yet.")
    await scene.quiet()
    assert len(published(scene, scene.ana)) == 1
