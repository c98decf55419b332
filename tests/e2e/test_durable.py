"""What is taken in is delivered once: through lost answers, a database that is away, late and repeated events."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql

from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.records import Call, Outcome
from bot.store.schema import outbox
from tests.e2e.scene import Scene, words
from tests.e2e.scene import scene as a_scene
from tests.e2e.steps import hurried

DELIVERED, WAITS, FAILED = "white_check_mark", "hourglass_flowing_sand", "x"
LONG = "\n".join(f"{number}. a line of what the agent did, with all the details" for number in range(200))
on_sqlite = pytest.mark.parametrize("world", ["socket-sqlite"])
on_postgresql = pytest.mark.parametrize("world", ["socket-postgresql", "http-postgresql"])


# -- the database is away ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def closed_database(url: str) -> Iterator[None]:
    """Let nobody into the PostgreSQL database, and throw out who is in it."""
    name, host = urlsplit(url).path[1:], parse_qs(urlsplit(url).query)["host"][0]
    with psycopg.connect(f"postgresql://postgres@/postgres?host={host}", autocommit=True) as admin:
        database = sql.Identifier(name)
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(database))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(database))


@on_postgresql
async def test_an_event_that_could_not_be_stored_is_delivered_again(scene: Scene, database_url: str) -> None:
    """A reply that comes while the database is away is not acknowledged; Slack repeats it, and it has one effect."""
    card, task = await scene.waiting()
    with closed_database(database_url):
        ts = await scene.reply(card, "do it")

    await scene.reaction(ts, DELIVERED)
    delivery = next(one for one in scene.slack.deliveries if one.event.get("ts") == ts)
    assert delivery.attempts[0].outcome is not Outcome.ACKED
    assert len(delivery.attempts) > 1
    assert task.inputs == ["do it"]


@on_postgresql
async def test_a_command_that_could_not_be_stored_says_so(scene: Scene, database_url: str) -> None:
    """Slack never repeats a command: the person reads at once that nothing was done, and nothing was."""
    await scene.quiet()
    with closed_database(database_url):
        answer = await scene.command("create -- Tidy up")

    assert answer.ok
    assert answer.message is not None
    assert "That did not work" in words(answer.message)
    await scene.quiet()
    assert scene.coder.tasks == []


@on_postgresql
async def test_who_typed_a_command_that_is_given_up_is_told(scene: Scene, database_url: str) -> None:
    """Outages and crashes may use up a command: it is not tried for ever, and whoever typed it knows."""
    scene.coder.faults.add(Fault(Kind.REFUSE, "GET /api/v2/*", None, status=503, body="", headers={}))
    await scene.command("list")
    worn_out = "UPDATE outbox SET failures = 5 WHERE kind = 'answer_command' AND failures = 1"
    with psycopg.connect(database_url, autocommit=True) as connection:
        await scene.reached(lambda: connection.execute(worn_out).rowcount, "a first failure")

    assert "Try once more" in await scene.answered("That did not work")


@on_sqlite
async def test_an_event_that_waited_too_long_for_the_database_has_one_effect(scene: Scene, database_url: str) -> None:
    """When a file is locked for longer than Slack waits, Slack repeats the event, and it is taken in once."""
    card, task = await scene.waiting()
    with contextlib.closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as other:
        other.execute("BEGIN IMMEDIATE")
        ts = await scene.reply(card, "do it")
        other.rollback()

    await scene.reaction(ts, DELIVERED)
    task.report("idle", "Done")
    await scene.quiet()
    assert task.inputs == ["do it"]


# -- an answer of Slack is lost ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.CUT])
async def test_a_card_whose_post_got_no_answer_is_there_once(scene: Scene, kind: Kind) -> None:
    """A post without an answer is looked up before a second try: whatever had happened, there is one card."""
    hurried(scene)
    scene.slack.faults.add(Fault(kind, "chat.postMessage"))

    card, task = await scene.create()
    await task.ready("working", "Reading the code")

    await scene.card_says(card, "Working")
    await scene.told(card, "Prompt")
    assert len(scene.cards()) == 1


@on_sqlite
async def test_a_card_that_was_found_again_shows_the_present(scene: Scene) -> None:
    """What has changed between a post and its being found again comes onto the card."""
    hurried(scene, 1.0)
    scene.slack.faults.add(Fault(Kind.LOST, "chat.postMessage"))
    await scene.command("create -- Tidy up")
    card = (await scene.seen(scene.cards, "a card"))[0]
    await scene.coder.tasks[0].ready("working", "Reading the code")

    await scene.card_says(card, "Working")


@on_sqlite
async def test_a_reply_that_comes_before_its_card_is_known_is_a_prompt(scene: Scene) -> None:
    """Slack may show a card and hand over a reply to it before the bot knows that it was posted."""
    hurried(scene, 1.0)
    scene.slack.faults.add(Fault(Kind.LOST, "chat.postMessage"))
    await scene.command("create -- Tidy up")
    card = (await scene.seen(scene.cards, "a card"))[0]
    ts = await scene.reply(card, "at once")
    await scene.coder.tasks[0].ready("idle", "Shall I?")

    await scene.reaction(ts, DELIVERED)
    assert scene.coder.tasks[0].inputs == ["at once"]


@on_sqlite
async def test_an_edit_without_an_answer_does_not_stay_when_the_state_goes_back(scene: Scene) -> None:
    """A card that Slack changed without telling us is changed back when the task is as it was before."""
    hurried(scene, 1.0)
    card, task = await scene.working(message="Reading the code")
    lost = scene.slack.faults.add(Fault(Kind.LOST, "chat.update"))
    task.set_build(queue=None)
    task.report("working", "Writing the code")
    await scene.seen(lambda: lost.times == 0, "a lost edit")
    task.report("working", "Reading the code")

    await scene.card_says(card, "Reading the code")
    await scene.quiet()
    assert "Reading the code" in words(scene.card(card))


async def test_a_reply_whose_post_got_no_answer_is_there_once(scene: Scene) -> None:
    """A change is told once although Slack's answer was lost, and what follows comes after it."""
    hurried(scene)
    card, task = await scene.working()
    scene.slack.faults.add(Fault(Kind.LOST, "chat.postMessage", times=2))

    task.report("complete", "All done")

    await scene.told(card, "All done")
    task.report("failure", "Not quite")
    await scene.told(card, "Not quite")
    assert len([one for one in scene.thread(card) if "All done" in words(one)]) == 1


@on_sqlite
@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal", "chat.postMessage"])
async def test_a_file_comes_once_although_an_answer_was_lost(scene: Scene, method: str) -> None:
    """The file with a long output comes once, whichever answer on the way was lost."""
    hurried(scene)
    card, task = await scene.working()
    task.say(LONG)
    scene.slack.faults.add(Fault(Kind.LOST, method))

    task.report("complete", "All done")

    await scene.told(card, "All done")
    await scene.seen(lambda: [one for one in scene.thread(card) if one.files], "a file")
    await scene.quiet()
    assert len([one for one in scene.thread(card) if one.files]) == 1


@on_sqlite
async def test_a_reaction_whose_answer_was_lost_is_set(scene: Scene) -> None:
    """A reaction that Slack has set already is as good as one that it sets now."""
    hurried(scene)
    card, _ = await scene.working()
    scene.slack.faults.add(Fault(Kind.LOST, "reactions.*", times=3))

    ts = await scene.reply(card, "later")

    await scene.seen(lambda: not any(fault.times for fault in scene.slack.faults.active), "three lost answers")
    await scene.reaction(ts, WAITS)


# -- pace, order, what is given up ------------------------------------------------------------------------------------


@on_sqlite
async def test_retry_after_is_kept_and_so_is_the_order(scene: Scene) -> None:
    """After a 429 nothing is posted in the channel before its time, and then everything in its order."""
    card, task = await scene.working()
    body = '{"ok": false, "error": "ratelimited"}'
    wait = Fault(Kind.REFUSE, "chat.postMessage", status=429, body=body, headers={"Retry-After": "2"})
    scene.slack.faults.add(wait)
    known = len(posts(scene))

    task.report("complete", "The first end")
    await scene.card_says(card, "Complete")
    task.report("failure", "The second end")
    await scene.told(card, "The second end")

    refused, *later = posts(scene)[known:]
    assert min(call.at for call in later) >= refused.at + 2
    told = [one for one in scene.thread(card) if "end" in words(one)]
    assert [text for one in told for text in ("first", "second") if f"The {text} end" in words(one)] == [
        "first",
        "second",
    ]


def posts(scene: Scene) -> list[Call]:
    """The posts that were asked of Slack."""
    return scene.slack.calls_of("chat.postMessage")


@on_sqlite
async def test_posts_in_a_channel_keep_slacks_pace(database_url: str) -> None:
    """However much there is to say in one channel, it is said at about one message a second, a few at first."""
    async with a_scene(database_url) as scene:
        for number in range(4):
            await scene.command(f"create -- Task {number}")
        await scene.seen(lambda: len(scene.cards()) == 4, "four cards")
        await scene.seen(lambda: all(scene.thread(card) for card in scene.cards()), "four prompts", timeout=20)

        times = [call.at for call in posts(scene)]
        for index, at in enumerate(times):
            assert all(
                position - index <= 3.2 + (later - at) for position, later in enumerate(times) if position > index
            )


@on_sqlite
async def test_many_changes_are_few_edits(database_url: str) -> None:
    """A card is edited at most once in its time, however often the task changes, and shows the last state."""
    async with a_scene(database_url, BOT_EDIT_SECONDS="1") as scene:
        card, task = await scene.working()
        edits, began = len(scene.slack.calls_of("chat.update")), time.monotonic()
        for number in range(15):
            task.report("working", f"Step {number}")
            await scene.quiet()
        await scene.card_says(card, "Step 14")
        made = len(scene.slack.calls_of("chat.update")) - edits
        assert made <= (time.monotonic() - began) + 2


@on_sqlite
async def test_what_slack_refuses_for_good_is_counted_and_holds_up_nothing(scene: Scene) -> None:
    """A reply that Slack will never take is given up, visible to operators, and the next one comes."""
    card, task = await scene.working()
    body = '{"ok": false, "error": "msg_too_long"}'
    scene.slack.faults.add(Fault(Kind.REFUSE, "chat.postMessage", status=200, body=body))

    task.report("complete", "All done")
    await scene.card_says(card, "Complete")
    task.report("failure", "Not quite")

    await scene.told(card, "Not quite")
    assert scene.bot is not None
    page = scene.bot.metrics.expose()[0].decode()
    assert 'coder_bot_deliveries_total{kind="post_reply",outcome="dead"} 1.0' in page


@on_sqlite
async def test_a_prompt_that_is_given_up_is_not_forgotten_in_silence(scene: Scene) -> None:
    """When every try has failed, the thread says that the prompt was not delivered, and it may be sent again."""
    hurried(scene, 0.001)
    card, task = await scene.waiting()
    fault = scene.coder.faults.add(Fault(Kind.REFUSE, f"GET /api/v2/tasks/*/{task.id}", times=None, status=500))

    ts = await scene.reply(card, "do it")

    told = await scene.told(card, "Not delivered")
    await scene.reaction(ts, FAILED)
    scene.coder.faults.active.remove(fault)
    await scene.slack.click(scene.ana, told, "prompt.again")
    await scene.reaction(ts, DELIVERED)
    assert task.inputs == ["do it"]


@on_sqlite
async def test_what_was_delivered_is_pruned_and_not_delivered_again(scene: Scene) -> None:
    """After eight days the outbox has forgotten a prompt, and Slack's repetition of the reply is still not sent."""
    card, task = await scene.waiting()
    ts = await scene.reply(card, "do it")
    await scene.reaction(ts, DELIVERED)
    assert scene.bot is not None
    old = sa.update(outbox).where(outbox.c.state != 0).values(finished_at=outbox.c.finished_at - 8 * 24 * 3600 * 1000)
    await scene.bot.database.run(lambda connection: connection.execute(old).rowcount)
    await scene.bot.housekeeping.tick()
    left = sa.select(sa.func.count()).where(outbox.c.kind == "send_prompt")
    assert await scene.bot.database.run(lambda connection: connection.execute(left).scalar()) == 0

    event = next(one for one in scene.slack.deliveries if one.event.get("ts") == ts).event
    await scene.slack.deliverer.tell(event)[1]
    task.report("idle", "Done")
    await scene.quiet()

    assert task.inputs == ["do it"]
