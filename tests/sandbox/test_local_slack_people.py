"""What people do in the local Slack reaches a real Bolt app, and only what Slack's client would let them do."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import yaml
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.records import ClientRefused
from tests.sandbox.slack_scene import BLOCKS, Json, Scene, local_slack

MODAL: Json = {
    "type": "modal",
    "callback_id": "create",
    "title": {"type": "plain_text", "text": "New task"},
    "submit": {"type": "plain_text", "text": "Create"},
    "notify_on_close": True,
    "blocks": [
        {
            "type": "input",
            "block_id": "prompt",
            "label": {"type": "plain_text", "text": "Prompt"},
            "element": {"type": "plain_text_input", "action_id": "text", "max_length": 20},
        },
        {
            "type": "input",
            "block_id": "template",
            "label": {"type": "plain_text", "text": "Template"},
            "element": {"type": "external_select", "action_id": "template", "min_query_length": 0},
        },
    ],
}
SECTION: Json = BLOCKS[0]
FILLED = {"prompt": "Fix", "template": "web"}
HOME: Json = {"type": "home", "blocks": [BLOCKS[0]]}


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A running local Slack."""
    async with local_slack() as scene:
        yield scene


async def test_a_mention_is_heard_twice_by_members_only(scene: Scene) -> None:
    """A mention comes as app_mention and as message where the app is a member, elsewhere not at all."""
    async with scene.running():
        await scene.slack.post(scene.ana, scene.team, "@coder help")
        await scene.slack.post(scene.ana, scene.other, "@coder help")
        await scene.slack.post(scene.ana, scene.slack.dm(scene.ana), "@coder help")
    heard = [(one.type, one.event["channel"]) for one in scene.slack.deliveries]
    dm = scene.slack.dm(scene.ana).id
    assert heard == [("message", scene.team.id), ("app_mention", scene.team.id), ("message", dm)]


async def test_edits_deletions_reactions_and_members_are_heard(scene: Scene) -> None:
    """What people do to messages and channels comes as the event that Slack has for it."""
    slack = scene.slack
    async with scene.running():
        ts = await slack.post(scene.ana, scene.team, "fix it")
        await slack.edit(scene.ana, scene.team, ts, "fix login")
        await slack.react(scene.ben, scene.team, ts, "eyes")
        await slack.unreact(scene.ben, scene.team, ts, "eyes")
        await slack.delete(scene.ana, scene.team, ts)
        await slack.join(scene.ben, scene.other)
        await slack.invite_bot(scene.other, by=scene.ana)
        await slack.leave(scene.ben, scene.other)
    events = [one.event for one in slack.deliveries]
    assert [event.get("subtype", event["type"]) for event in events] == [
        "message",
        "message_changed",
        "reaction_added",
        "reaction_removed",
        "message_deleted",
        "member_joined_channel",
        "member_left_channel",
    ]
    assert events[1]["message"]["text"] == "fix login"
    assert events[1]["previous_message"]["text"] == "fix it"
    assert events[5] | {"event_ts": ""} == {
        "type": "member_joined_channel",
        "user": slack.bot_user.id,
        "channel": scene.other.id,
        "channel_type": "C",
        "team": slack.workspace.team_id,
        "inviter": scene.ana.id,
        "event_ts": "",
    }
    assert all(one.acked for one in slack.deliveries)


async def test_a_manifest_decides_what_is_heard() -> None:
    """Scopes, events, commands and shortcuts of the manifest are all the app has."""
    manifest = yaml.safe_load("""
      features:
        slash_commands: [{command: /coder-task, should_escape: false}]
        shortcuts: [{callback_id: create_task, type: message}]
      oauth_config: {scopes: {bot: ["chat:write", "commands", "channels:history", "chat:write.public"]}}
      settings: {event_subscriptions: {bot_events: [message.channels]}}
    """)
    async with SlackServer(manifest=manifest, retry_delays=()) as slack:
        scene = Scene(slack)
        await slack.post(scene.ana, scene.team, "@coder hello")
        await slack.post(scene.ana, slack.dm(scene.ana), "hello")
        assert [one.type for one in slack.deliveries] == ["message"]
        await scene.command("for @ben & co")
        assert slack.deliveries[-1].payload["text"] == "for @ben &amp; co"
        with pytest.raises(ClientRefused):
            await slack.command(scene.ana, scene.team, "/other")
        with pytest.raises(ClientRefused):
            await slack.shortcut(scene.ana, "create_task")
        assert (await scene.client.chat_postMessage(channel=scene.other.id, text="public"))["ok"]


async def test_click_carries_message_state_and_response_url(scene: Scene) -> None:
    """A pressed button brings its message and a response_url that can replace it; a missing one cannot be pressed."""
    seen: list[Json] = []

    @scene.app.action(re.compile("stop|more"))
    async def pressed(ack: Any, body: Json, respond: Any) -> None:
        seen.append(body)
        await ack()
        await respond(text="Stopped", blocks=[], replace_original=True)

    await scene.client.chat_postMessage(channel=scene.team.id, text="Card", blocks=BLOCKS)
    [card] = scene.slack.messages(scene.team)
    async with scene.running():
        with pytest.raises(ClientRefused):
            await scene.slack.click(scene.ana, card, "absent")
        assert (await scene.slack.click(scene.ana, card, "more", selected="pause")).ok
        assert (card.text, card.blocks) == ("Stopped", [])
        with pytest.raises(ClientRefused):
            await scene.slack.click(scene.ana, card, "stop")
    assert seen[0]["message"]["ts"] == card.ts
    assert seen[0]["actions"][0]["selected_option"]["value"] == "pause"
    assert seen[0]["container"] == {
        "type": "message",
        "message_ts": card.ts,
        "channel_id": scene.team.id,
        "is_ephemeral": False,
    }


async def test_click_on_a_private_message(scene: Scene) -> None:
    """A button of a private message works for who sees it, without the message in the payload."""
    seen: list[Json] = []

    @scene.app.action("stop")
    async def pressed(ack: Any, body: Json, respond: Any) -> None:
        seen.append(body)
        await ack()
        await respond(delete_original=True)

    await scene.client.chat_postEphemeral(channel=scene.team.id, user=scene.ana.id, text="Sure?", blocks=BLOCKS)
    [private] = scene.slack.ephemerals(scene.ana)
    async with scene.running():
        with pytest.raises(ClientRefused):
            await scene.slack.click(scene.ben, private, "stop")
        assert (await scene.slack.click(scene.ana, private, "stop", value="task-1")).ok
    assert "message" not in seen[0]
    assert seen[0]["container"]["is_ephemeral"] is True
    assert scene.slack.ephemerals(scene.ana) == []


async def test_views_refuse_a_late_or_used_trigger(scene: Scene) -> None:
    """A trigger opens one view within three seconds; used, late and unknown ones have their errors."""
    triggers: list[str] = []

    @scene.app.shortcut("create_task")
    async def create(ack: Any, body: Json) -> None:
        triggers.append(body["trigger_id"])
        await ack()

    ts = await scene.slack.post(scene.ana, scene.team, "fix it", wait=False)
    async with scene.running():
        for _ in range(2):
            await scene.slack.shortcut(scene.ana, "create_task", scene.slack.message(scene.team, ts))
    views = scene.client.views_open
    long = {**MODAL, "title": {"type": "plain_text", "text": "x" * 25}}
    assert await scene.refusal(views(trigger_id=triggers[0], view=long)) == "invalid_arguments"
    await views(trigger_id=triggers[0], view=MODAL)
    assert await scene.refusal(views(trigger_id=triggers[0], view=MODAL)) == "exchanged_trigger_id"
    scene.slack.workspace.clock_skew = 3.1
    assert await scene.refusal(views(trigger_id=triggers[1], view=MODAL)) == "expired_trigger_id"
    assert await scene.refusal(views(trigger_id="1.2", view=MODAL)) == "invalid_trigger_id"
    assert [one.callback_id for one in scene.slack.views(scene.ana)] == ["create"]


def with_form(scene: Scene, answer: Callable[..., Awaitable[None]]) -> None:
    """An app with a global shortcut for the form, options for its menu, and this answer to its submission."""

    @scene.app.shortcut("new")
    async def new(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @scene.app.options("template")
    async def templates(ack: Any, payload: Json) -> None:
        names = [name for name in ("web", "docker") if payload["value"] in name]
        await ack(options=[{"text": {"type": "plain_text", "text": name}, "value": name} for name in names])

    scene.app.view("create")(answer)


async def test_a_form_is_filled_in_and_submitted(scene: Scene) -> None:
    """A form shows errors, keeps what was typed, takes menu choices by name, and closes when the app says nothing."""
    states: list[Json] = []

    async def submitted(ack: Any, view: Json) -> None:
        states.append(view["state"]["values"])
        if len(states) == 1:
            await ack(response_action="errors", errors={"prompt": "Say more."})
        else:
            await ack()

    with_form(scene, submitted)
    async with scene.running():
        await scene.slack.shortcut(scene.ana, "new")
        [view] = scene.slack.views(scene.ana)
        assert [one["value"] for one in (await scene.slack.options(scene.ana, "template", "we")).options] == ["web"]
        with pytest.raises(ClientRefused, match="is required"):
            await scene.slack.submit(scene.ana, view, {"prompt": "Fix"})
        with pytest.raises(ClientRefused, match="has 21"):
            await scene.slack.submit(scene.ana, view, {"prompt": "x" * 21, "template": "web"})
        first = await scene.slack.submit(scene.ana, view, {"prompt": "Fix", "template": "web"})
        assert (first.response_action, first.errors) == ("errors", {"prompt": "Say more."})
        second = await scene.slack.submit(scene.ana, view, {"prompt": "Fix login"})
        assert (second.ok, second.response_action) == (True, "close")
    assert scene.slack.views(scene.ana) == []
    assert states[1]["prompt"]["text"] == {"type": "plain_text_input", "value": "Fix login"}
    assert states[1]["template"]["template"]["selected_option"]["value"] == "web"


async def test_views_update_push_and_close(scene: Scene) -> None:
    """Views stack three deep, an old hash conflicts, and a closed view is gone and says so."""
    closed: list[str] = []

    async def submitted(ack: Any) -> None:
        await ack(response_action="push", view={**MODAL, "callback_id": "second"})

    with_form(scene, submitted)

    @scene.app.view_closed("second")
    async def second_closed(ack: Any, view: Json) -> None:
        closed.append(view["callback_id"])
        await ack()

    async with scene.running():
        await scene.slack.shortcut(scene.ana, "new")
        [view] = scene.slack.views(scene.ana)
        old_hash = view.hash
        await scene.client.views_update(view_id=view.id, view=MODAL, hash=old_hash)
        stale = scene.client.views_update(view_id=view.id, view=MODAL, hash=old_hash)
        assert await scene.refusal(stale) == "hash_conflict"
        pushed = await scene.slack.submit(scene.ana, view, {"prompt": "Fix", "template": "docker"})
        assert pushed.ok
        [_, top] = scene.slack.views(scene.ana)
        assert (top.callback_id, top.previous_id, top.root_id) == ("second", view.id, view.id)
        with pytest.raises(ClientRefused):
            await scene.slack.submit(scene.ana, view)
        assert (await scene.slack.close(scene.ana, top)).ok
        assert closed == ["second"]
        gone = scene.client.views_update(view_id=top.id, view=MODAL)
        assert await scene.refusal(gone) == "not_found"
    assert scene.slack.views(scene.ana) == [view]


async def test_a_fourth_view_is_refused(scene: Scene) -> None:
    """A stack takes three views; what would be the fourth is refused, and so is a view that is too large."""

    async def submitted(ack: Any) -> None:
        await ack(response_action="push", view={**MODAL, "blocks": [SECTION]})

    with_form(scene, submitted)
    async with scene.running():
        await scene.slack.shortcut(scene.ana, "new")
        answers = [await scene.slack.submit(scene.ana, scene.slack.views(scene.ana)[-1], FILLED)]
        answers += [await scene.slack.submit(scene.ana, scene.slack.views(scene.ana)[-1]) for _ in range(2)]
    assert [one.error for one in answers] == [None, None, "push_limit_reached"]
    assert len(scene.slack.views(scene.ana)) == 3
    large = {**HOME, "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 100}
    publishing = scene.client.views_publish(user_id=scene.ana.id, view=large)
    assert await scene.refusal(publishing) == "view_too_large"


async def test_home_is_published_when_opened(scene: Scene) -> None:
    """Opening the Home tab brings the event, and what is published is what the user sees."""

    async def opened(event: Json, client: AsyncWebClient) -> None:
        if event["type"] == "app_home_opened":
            await client.views_publish(user_id=event["user"], view=HOME)

    scene.app.event("app_home_opened")(opened)
    async with scene.running():
        assert scene.slack.home(scene.ana) is None
        await scene.slack.open_home(scene.ana)
    home = scene.slack.home(scene.ana)
    assert home is not None
    assert home.blocks == HOME["blocks"]


async def test_until_tells_what_was_seen(scene: Scene) -> None:
    """Waiting in vain ends with what was waited for and what was last said; changes can be watched as they come."""
    with scene.slack.subscribe() as changes:
        await scene.slack.post(scene.ana, scene.team, "hello world", wait=False)
        change = await anext(changes)
    assert (change.kind, change.data["text"]) == ("message", "hello world")
    with pytest.raises(TimeoutError, match=r"a reply(?s:.*)hello world"):
        await scene.slack.until(lambda: scene.slack.thread(scene.team, "1")[0], timeout=0.05, what="a reply")
