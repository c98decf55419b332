"""Calls to Slack: what each answer and each failure means, what is repeatable, and that nothing repeats by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.deadline import within
from bot.errors import Later, SlackRefused, Transient
from bot.models import Content
from bot.sandbox.faults import Kind
from bot.slack import failures
from bot.slack.client import SlackClient
from bot.slack.failures import TokenRefused, seconds_of
from bot.slack.wire import open_wire
from tests.slack.scene import TEXT, Place, place

# What is done twice by a second try: the outbox has to look before it.
AMBIGUOUS = {"chat.postMessage", "files.getUploadURLExternal", "files.completeUploadExternal"}
READS = {"chat.getPermalink", "conversations.history", "conversations.replies", "users.info"}
METHODS = [
    "chat.postMessage",
    "chat.update",
    "chat.postEphemeral",
    "chat.getPermalink",
    "conversations.history",
    "conversations.replies",
    "conversations.open",
    "reactions.add",
    "reactions.remove",
    "files.getUploadURLExternal",
    "files.completeUploadExternal",
    "users.info",
]


@pytest.fixture(name="here")
async def _here() -> AsyncIterator[Place]:
    """A running local Slack, and the client on it."""
    async with place() as made:
        yield made


async def test_what_is_to_be_written_too_late_is_not_sent(here: Place) -> None:
    """A process that was frozen and wakes right before the write has lost its lane to another."""
    with within(-1.0):
        assert (await failure(here.work["chat.postMessage"])).ambiguous
        assert (await failure(here.work["chat.update"])).ambiguous is False
    assert [call for name in ("chat.postMessage", "chat.update") for call in here.calls(name)] == []
    await here.work["chat.postMessage"]()
    assert [call.ok for call in here.calls("chat.postMessage")] == [True]


async def failure(work: Callable[[], Awaitable[object]]) -> Transient:
    """The passing failure of a call."""
    with pytest.raises(Transient) as failed:
        await work()
    return failed.value


@pytest.mark.parametrize("method", METHODS)
async def test_every_call_works(here: Place, method: str) -> None:
    """Each call reaches the method that it is named after, once."""
    if method == "reactions.remove":
        await here.work["reactions.add"]()
    await here.work[method]()
    assert [call.ok for call in here.calls(method)] == [True]


@pytest.mark.parametrize("method", METHODS)
async def test_a_lost_answer_is_ambiguous_where_a_second_try_doubles(here: Place, method: str) -> None:
    """The work was done and the answer lost: a second try is made by the outbox alone, and with care for posts."""
    here.fault(Kind.LOST, method, times=2)

    failed = await failure(here.work[method])

    assert failed.ambiguous == (method in AMBIGUOUS)
    # HTTP lets a client repeat a GET whose kept connection was cut; nothing else is tried again by itself.
    assert len(here.calls(method)) <= (2 if method in READS else 1)


@pytest.mark.parametrize("method", METHODS)
async def test_a_gateways_failure_may_come_after_the_work(here: Place, method: str) -> None:
    """A 5xx with any body says nothing about the work."""
    for body in ("<html>Bad gateway</html>", '{"ok": false, "error": "internal_error"}'):  # a third post would wait
        here.fault(Kind.REFUSE, method, status=502, body=body)

        failed = await failure(here.work[method])

        assert failed.ambiguous == (method in AMBIGUOUS)
        assert failed.after is None


@pytest.mark.parametrize("method", METHODS)
async def test_a_rate_limit_is_honoured_and_held_for_the_others(here: Place, method: str) -> None:
    """A 429 did no work, says when to come again, and stops whoever else would call meanwhile."""
    here.refuse(method, "ratelimited", status=429, Retry_After="30")

    failed = await failure(here.work[method])

    assert failed.after == 30
    assert not failed.ambiguous
    uploads = method.startswith("files.")
    assert here.limited == ["files.completeUploadExternal" if uploads else method]
    if not uploads and method != "chat.getPermalink":  # asked for right after a post, which must not be made again
        with pytest.raises(Later) as later:
            await here.work[method]()
        assert 29 < later.value.after < 32
        assert len(here.calls(method)) == 1


@pytest.mark.parametrize("method", METHODS)
async def test_a_refusal_is_final_and_has_slacks_code(here: Place, method: str) -> None:
    """What Slack refuses is not tried again, and keeps the code that the deliveries decide by."""
    here.refuse(method, "ekm_access_denied")

    with pytest.raises(SlackRefused) as refused:
        await here.work[method]()

    assert refused.value.code == "ekm_access_denied"
    assert len(here.calls(method)) == 1


@pytest.mark.parametrize("code", ["request_timeout", "team_added_to_org"])
async def test_some_refusals_pass(here: Place, code: str) -> None:
    """Refused before any work, and not for ever: tried again without a look."""
    here.refuse("chat.postMessage", code)
    assert not (await failure(here.work["chat.postMessage"])).ambiguous


@pytest.mark.parametrize("code", ["internal_error", "fatal_error", "service_unavailable"])
async def test_slacks_own_failures_are_ambiguous(here: Place, code: str) -> None:
    """Slack's documentation says that some of the work may have been done."""
    here.refuse("chat.postMessage", code)
    assert (await failure(here.work["chat.postMessage"])).ambiguous
    here.refuse("chat.update", code)
    assert not (await failure(here.work["chat.update"])).ambiguous


@pytest.mark.parametrize("code", ["rate_limited", "ratelimited"])
async def test_a_rate_limit_may_come_with_status_200(here: Place, code: str) -> None:
    """Some methods say it in the body only; a second is a fair guess then."""
    here.refuse("chat.postMessage", code)
    assert (await failure(here.work["chat.postMessage"])).after == 1.0


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive", "token_expired"])
async def test_a_revoked_token_makes_nothing_undone(here: Place, code: str) -> None:
    """Work waits until an operator has set a new token, instead of being given up."""
    here.refuse("chat.postMessage", code)
    failed = await failure(here.work["chat.postMessage"])
    assert isinstance(failed, TokenRefused)
    assert not failed.ambiguous


@pytest.mark.parametrize(
    ("status", "body", "ambiguous"),
    [
        (403, "<html>Forbidden by the proxy</html>", False),
        (407, "", False),
        (302, "", False),
        (200, "<html>Please sign in</html>", True),
        (200, "plain words", True),
        (200, "", True),
        (200, "{ not json", True),
        (200, '{"odd": true}', True),
    ],
)
async def test_a_proxys_page_is_no_refusal(here: Place, status: int, body: str, ambiguous: bool) -> None:  # noqa: FBT001
    """What is not Slack's answer passes; only after a 200 Slack may have done the work."""
    here.fault(Kind.REFUSE, "chat.postMessage", status=status, body=body)
    assert (await failure(here.work["chat.postMessage"])).ambiguous == ambiguous


async def test_a_cut_connection_is_ambiguous(here: Place) -> None:
    """Nobody can tell whether Slack got it."""
    here.fault(Kind.CUT, "chat.postMessage")
    assert (await failure(here.work["chat.postMessage"])).ambiguous


async def test_a_slow_answer_is_ambiguous(here: Place) -> None:
    """A call that runs out of its time may still be done."""
    here.fault(Kind.SLOW, "chat.postMessage", seconds=30)
    here.wire.session._timeout = here.wire.session.timeout.__class__(total=0.2)
    assert (await failure(here.work["chat.postMessage"])).ambiguous


async def test_a_slack_that_is_not_there_has_done_nothing(here: Place) -> None:
    """A connection that was refused is tried again without a look."""
    async with open_wire("xoxb-sandbox", "http://127.0.0.1:1/api") as wire:
        client = SlackClient(wire.web)
        assert not (await failure(lambda: client.post(here.team.id, TEXT, "d"))).ambiguous


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), ("0", 0), ("", 1), (None, 1), ("soon", 1), ("1e9", 1), ("99999999", 600), ("٣", 1), ("-5", 1)],
)
def test_retry_after_is_a_number_of_seconds(header: str | None, seconds: float) -> None:
    """Whatever the header says, the wait is sensible."""
    assert seconds_of(header) == seconds


async def test_refused_blocks_are_sent_as_text(here: Place) -> None:
    """When Slack refuses the blocks, what they say is posted and edited as plain text."""
    bad = Content(text="What it says", blocks=[{"type": "banner"}], metadata=None)

    ts = await here.client.post(here.team.id, bad, "d")
    assert here.slack.message(here.team, ts).text == "What it says"
    await here.client.update(here.team.id, here.ts, bad, "card")

    edited = here.slack.message(here.team, here.ts)
    assert (edited.text, edited.blocks) == ("What it says", [])


async def test_a_missing_scope_is_named(here: Place) -> None:
    """The log says which scope Slack needs."""
    async with place(scopes=frozenset({"chat:write", "channels:history"})) as poor:
        with pytest.raises(SlackRefused, match=r"files\..*missing_scope needs files:write"):
            await poor.work["files.completeUploadExternal"]()


async def test_a_reaction_is_only_a_hint(here: Place) -> None:
    """Where one cannot be added or removed, nothing happens."""
    for code in failures.REACTION_IMPOSSIBLE:
        here.refuse("reactions.add", code)
        await here.client.react(here.team.id, here.ts, "eyes")
        here.refuse("reactions.remove", code)
        await here.client.unreact(here.team.id, here.ts, "eyes")
    await here.client.react(here.team.id, here.ts, "eyes")
    await here.client.react(here.team.id, here.ts, "eyes")
    assert here.slack.reactions(here.team, here.ts) == {"eyes"}


async def test_a_message_is_found_by_its_delivery(here: Place) -> None:
    """In a channel and in a thread, and not another's."""
    ts = await here.client.post(here.team.id, TEXT, "mine")
    reply = await here.client.post(here.team.id, TEXT, "mine too", ts)

    assert await here.client.find_posted(here.team.id, "mine", 0.0) == ts
    assert await here.client.find_posted(here.team.id, "mine too", 0.0, ts) == reply
    assert await here.client.find_posted(here.team.id, "nobody's", 0.0) is None
    assert await here.client.find_posted(here.team.id, "nobody's", 0.0, ts) is None


async def test_posts_in_a_channel_keep_their_pace(here: Place) -> None:
    """A burst goes at once, the next is told to come in about a second, and another channel is free."""
    other = here.slack.add_channel("other", [here.slack.bot_user])
    for number in range(2):  # one was posted before
        await here.client.post(here.team.id, TEXT, str(number))

    with pytest.raises(Later) as later:
        await here.client.post(here.team.id, TEXT, "late")

    assert 0 < later.value.after < 1.5
    await here.client.post(other.id, TEXT, "elsewhere")


async def test_calls_at_the_same_time_share_the_session(here: Place) -> None:
    """Nothing of the SDK opens a session of its own."""
    await asyncio.gather(*(here.client.user(here.ana.id) for _ in range(5)))
    assert here.wire.web.session is here.wire.session
    assert here.wire.web.retry_handlers == []
