"""The Web API of the local Slack, called with the real client, answers and refuses as Slack does."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.rates import Rates
from tests.sandbox.slack_scene import BLOCKS, Scene, local_slack


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A running local Slack."""
    async with local_slack() as scene:
        yield scene


async def test_post_update_and_find_by_metadata(scene: Scene) -> None:
    """A posted message is found again by its metadata, and each update keeps what was there before."""
    metadata = {"event_type": "task", "event_payload": {"id": "outbox-7"}}
    client, team = scene.client, scene.team.id
    posted = await client.chat_postMessage(channel=team, text="Queued", blocks=BLOCKS, metadata=metadata)
    ts = str(posted["ts"])
    reply = await client.chat_postMessage(channel=team, text="Working", thread_ts=ts, metadata=metadata)
    await client.chat_update(channel=team, ts=ts, text="Running", blocks=BLOCKS[:1])
    await client.chat_update(channel=team, ts=ts, text="Done", blocks=[])

    card = scene.slack.message(scene.team, ts)
    assert [(old.text, len(old.blocks)) for old in card.versions] == [("Queued", 2), ("Running", 1)]
    assert (card.text, card.blocks, card.metadata) == ("Done", [], metadata)
    assert posted["message"]["bot_id"] == scene.slack.workspace.bot_id
    history = await client.conversations_history(channel=team, include_all_metadata=True)
    assert [one["metadata"]["event_payload"]["id"] for one in history["messages"]] == ["outbox-7"]
    plain = await client.conversations_history(channel=team)
    assert "metadata" not in plain["messages"][0]
    replies = await client.conversations_replies(channel=team, ts=ts, include_all_metadata=True)
    assert [one["ts"] for one in replies["messages"]] == [ts, reply["ts"]]
    assert replies["messages"][0]["reply_count"] == 1
    assert [one.text for one in scene.slack.thread(scene.team, ts)] == ["Working"]
    link = await client.chat_getPermalink(channel=team, message_ts=str(reply["ts"]))
    assert link["permalink"].endswith(f"?thread_ts={ts}&cid={team}")


async def test_history_is_paged(scene: Scene) -> None:
    """History and replies come in pages, within oldest and latest."""
    posts = [await scene.slack.post(scene.ana, scene.team, str(number), wait=False) for number in range(5)]
    client, team = scene.client, scene.team.id
    first = await client.conversations_history(channel=team, limit=2)
    assert [one["text"] for one in first["messages"]] == ["4", "3"]
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_history(channel=team, limit=2, cursor=cursor)
    assert [one["text"] for one in second["messages"]] == ["2", "1"]
    between = await client.conversations_history(channel=team, oldest=posts[1], latest=posts[3])
    assert [one["text"] for one in between["messages"]] == ["2"]
    inclusive = await client.conversations_history(channel=team, oldest=posts[1], latest=posts[3], inclusive=True)
    assert [one["text"] for one in inclusive["messages"]] == ["3", "2", "1"]
    for number in range(3):
        await scene.slack.post(scene.ben, scene.team, f"reply {number}", posts[0], wait=False)
    pages = await client.conversations_replies(channel=team, ts=posts[0], limit=2)
    texts = [message["text"] async for page in pages for message in page["messages"] if message["ts"] != posts[0]]
    assert texts == ["reply 0", "reply 1", "reply 2"]


async def test_files_upload_and_download(scene: Scene) -> None:
    """A file uploaded with files_upload_v2 stands in the thread, and the bot token reads its bytes back."""
    root = await scene.slack.post(scene.ana, scene.team, "logs?", wait=False)
    uploaded = await scene.client.files_upload_v2(
        channel=scene.team.id, thread_ts=root, content="line\n" * 9, filename="log.txt", initial_comment="The log"
    )
    [reply] = scene.slack.thread(scene.team, root)
    file = scene.slack.files[reply.files[0]]
    assert (reply.text, file.name, file.content) == ("The log", "log.txt", b"line\n" * 9)
    assert uploaded["file"]["id"] == file.id
    url = uploaded["file"]["url_private"]
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers={"Authorization": f"Bearer {scene.slack.bot_token}"}) as response:
            assert await response.read() == b"line\n" * 9
        async with session.get(url) as response:
            assert (response.status, response.content_type) == (200, "text/html")
    info = await scene.client.files_info(file=file.id)
    assert info["file"]["shares"]["public"][scene.team.id] == [{"ts": reply.ts}]


async def test_reactions(scene: Scene) -> None:
    """The app's reactions stand beside people's, and each wrong one has Slack's error."""
    client, team = scene.client, scene.team.id
    ts = await scene.slack.post(scene.ana, scene.team, "fix it", wait=False)
    await client.reactions_add(channel=team, timestamp=ts, name="eyes")
    await scene.slack.react(scene.ben, scene.team, ts, "heart")
    assert scene.slack.reactions(scene.team, ts) == {"eyes", "heart"}
    assert scene.slack.reactions(scene.team, ts, scene.slack.bot_user) == {"eyes"}
    assert await scene.refusal(client.reactions_add(channel=team, timestamp=ts, name="eyes")) == "already_reacted"
    assert await scene.refusal(client.reactions_add(channel=team, timestamp=ts, name=":eyes:")) == "invalid_name"
    await client.reactions_remove(channel=team, timestamp=ts, name="eyes")
    assert await scene.refusal(client.reactions_remove(channel=team, timestamp=ts, name="eyes")) == "no_reaction"
    found = await client.reactions_get(channel=team, timestamp=ts)
    assert found["message"]["reactions"] == [{"name": "heart", "users": [scene.ben.id], "count": 1}]


async def test_people_are_found(scene: Scene) -> None:
    """Users are found by id and e-mail, and those who left or never were are not."""
    client = scene.client
    assert (await client.auth_test())["user_id"] == scene.slack.bot_user.id
    assert (await client.users_lookupByEmail(email="ANA@example.com"))["user"]["id"] == scene.ana.id
    assert (await client.users_info(user=scene.ana.id))["user"]["profile"]["email"] == "ana@example.com"
    scene.ana.deleted = True
    assert await scene.refusal(client.users_lookupByEmail(email="ana@example.com")) == "users_not_found"
    assert await scene.refusal(client.users_info(user="U404")) == "user_not_found"
    assert len((await client.users_list())["members"]) == 3
    listed = await client.conversations_list(types="public_channel,private_channel")
    assert [one["name"] for one in listed["channels"]] == ["team", "other"]
    mine = await client.users_conversations(types="public_channel")
    assert [one["name"] for one in mine["channels"]] == ["team"]
    assert len((await client.conversations_members(channel=scene.team.id))["members"]) == 3
    opened = await client.conversations_open(users=scene.ben.id)
    assert opened["channel"]["id"] == scene.slack.dm(scene.ben).id
    await client.conversations_join(channel=scene.other.id)
    assert (await client.conversations_info(channel=scene.other.id))["channel"]["is_member"] is True
    assert (await client.team_info())["team"]["id"] == scene.slack.workspace.team_id
    assert (await client.bots_info(bot=scene.slack.workspace.bot_id))["bot"]["user_id"] == scene.slack.bot_user.id


async def test_refused_posts(scene: Scene) -> None:
    """Each reason for which Slack refuses a post has its error code."""
    team, post = scene.team.id, scene.client.chat_postMessage
    ts = await scene.slack.post(scene.ana, scene.team, "root", wait=False)
    big = {"event_type": "task", "event_payload": {"x": "y" * 9000}}
    long_blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5
    assert await scene.refusal(post(channel="C404", text="x")) == "channel_not_found"
    assert await scene.refusal(post(channel=scene.hidden.id, text="x")) == "channel_not_found"
    assert await scene.refusal(post(channel=scene.other.id, text="x")) == "not_in_channel"
    assert (
        await scene.refusal(scene.client.api_call("chat.postMessage", json={"channel": team, "text": " "})) == "no_text"
    )
    assert await scene.refusal(post(channel=team, text="x", thread_ts="1.000001")) == "thread_not_found"
    assert await scene.refusal(post(channel=team, text="x", metadata=big)) == "metadata_too_large"
    assert await scene.refusal(post(channel=team, text="x", blocks=long_blocks)) == "msg_blocks_too_long"
    with pytest.raises(SlackApiError) as refused:
        await post(channel=team, text="x", blocks=[{"type": "divider"}] * 51)
    assert refused.value.response["error"] == "invalid_blocks"
    assert refused.value.response["response_metadata"]["messages"] == [
        "[ERROR] no more than 50 items allowed [json-pointer:/blocks]"
    ]
    whisper = scene.client.chat_postEphemeral
    scene.team.members.remove(scene.ben.id)
    assert await scene.refusal(whisper(channel=team, user=scene.ben.id, text="x")) == "user_not_in_channel"
    await whisper(channel=team, user=scene.ana.id, text="psst", thread_ts=ts)
    assert [(one.text, one.thread_ts) for one in scene.slack.ephemerals(scene.ana)] == [("psst", ts)]
    scene.team.posting = {scene.ana.id}
    assert await scene.refusal(post(channel=team, text="x")) == "restricted_action"
    scene.team.archived = True
    assert await scene.refusal(post(channel=team, text="x")) == "is_archived"
    assert [one.text for one in scene.slack.messages(scene.team)] == ["root"]


async def test_refused_updates(scene: Scene) -> None:
    """Only the app's own message may be changed or deleted, while the edit window is open."""
    team, client = scene.team.id, scene.client
    theirs = await scene.slack.post(scene.ana, scene.team, "mine", wait=False)
    own = str((await client.chat_postMessage(channel=team, text="x"))["ts"])
    assert await scene.refusal(client.chat_update(channel=team, ts=own, text="é" * 2001)) == "msg_too_long"
    assert await scene.refusal(client.chat_update(channel=team, ts=theirs, text="x")) == "cant_update_message"
    assert await scene.refusal(client.chat_delete(channel=team, ts=theirs)) == "cant_delete_message"
    assert await scene.refusal(client.chat_update(channel=team, ts="1.000001", text="x")) == "message_not_found"
    scene.slack.workspace.edit_window = 0.0
    assert await scene.refusal(client.chat_update(channel=team, ts=own, text="y")) == "edit_window_closed"
    await client.chat_delete(channel=team, ts=own)
    assert [one.text for one in scene.slack.messages(scene.team)] == ["mine"]


async def test_tokens_and_scopes() -> None:
    """A missing, wrong or wrong kind of token and a missing scope have Slack's errors."""
    async with SlackServer(scopes=frozenset({"chat:write"})) as slack:
        scene = Scene(slack)
        no_token, wrong = AsyncWebClient(base_url=slack.api_url), AsyncWebClient("xoxb-wrong", base_url=slack.api_url)
        assert await scene.refusal(no_token.auth_test()) == "not_authed"
        assert await scene.refusal(wrong.auth_test()) == "invalid_auth"
        opening = wrong.apps_connections_open(app_token=slack.bot_token)
        assert await scene.refusal(opening) == "not_allowed_token_type"
        with pytest.raises(SlackApiError) as refused:
            await scene.client.users_info(user=scene.ana.id)
        response = refused.value.response
        assert (response["error"], response["needed"], response["provided"]) == (
            "missing_scope",
            "users:read",
            "chat:write",
        )
        await scene.slack.post(scene.ana, scene.team, "unheard")
        assert slack.deliveries == []
        assert [one.error for one in slack.calls] == [
            "not_authed",
            "invalid_auth",
            "not_allowed_token_type",
            "missing_scope",
        ]


async def test_faults_of_calls(scene: Scene) -> None:
    """A refused call tells why, a lost one was done all the same, and both are recorded."""
    scene.client.retry_handlers.clear()
    post, team = scene.client.chat_postMessage, scene.team.id
    limited = Fault(Kind.REFUSE, "chat.*", status=429, body='{"ok":false,"error":"ratelimited"}')
    limited.headers["Retry-After"] = "2"
    scene.slack.faults.add(limited)
    with pytest.raises(SlackApiError) as refused:
        await post(channel=team, text="one")
    assert (refused.value.response.status_code, refused.value.response.headers["Retry-After"]) == (429, "2")
    for kind in (Kind.CUT, Kind.LOST):
        scene.slack.faults.add(Fault(kind, "chat.postMessage"))
        with pytest.raises(aiohttp.ClientError):
            await post(channel=team, text=kind)
    assert [one.text for one in scene.slack.messages(scene.team)] == ["lost"]
    await scene.slack.until(lambda: len([one for one in scene.slack.calls_of("chat.postMessage") if one.status]) == 3)
    assert [one.status for one in scene.slack.calls_of("chat.postMessage")] == [429, 499, 499]


async def test_rate_limits_can_be_switched_on() -> None:
    """With rate limits a burst of posts in one channel meets 429 with the seconds to wait; other channels go on."""
    async with SlackServer(rate_limits=True, retry_delays=()) as slack:
        scene = Scene(slack)
        await slack.invite_bot(scene.other)
        for number in range(4):
            await scene.client.chat_postMessage(channel=scene.team.id, text=str(number))
        with pytest.raises(SlackApiError) as refused:
            await scene.client.chat_postMessage(channel=scene.team.id, text="too much")
        assert refused.value.response["error"] == "ratelimited"
        assert refused.value.response.headers["Retry-After"] == "1"
        await scene.client.chat_postMessage(channel=scene.other.id, text="elsewhere")


def test_rates_refill_with_time() -> None:
    """A method's calls are counted by the minute, and waiting the told seconds is enough."""
    now = [0.0]
    rates = Rates(lambda: now[0])
    assert [rates.retry_after("users.list", "") for _ in range(20)] == [0] * 20
    seconds = rates.retry_after("users.list", "")
    assert seconds == 3
    now[0] += seconds
    assert rates.retry_after("users.list", "") == 0
