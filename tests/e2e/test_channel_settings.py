"""What holds in a channel: everybody sees it, admins and the channel's creator change it, and it is told in public."""

from __future__ import annotations

import asyncio

from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.records import Message, User, View
from tests.e2e.scene import Scene, words
from tests.e2e.steps import ask, made_in_coder, press, told
from tests.e2e.test_watch import carded, said


async def opened(scene: Scene, message: Message, user: User | None = None, text: str = "Save") -> View:
    """Somebody (Ana) presses Change…; the form once it shows this text."""
    who = user or scene.ana
    await press(scene, message, "Change…", who)

    def shown() -> list[View]:
        return [view for view in scene.slack.views(who) if text in str(view.body)]

    return (await scene.seen(shown, f"a form with {text!r} for {who.name}"))[-1]


def blocks_of(view: View) -> list[str]:
    """The block ids of a form."""
    return [str(block["block_id"]) for block in view.body["blocks"]]


async def test_settings_are_shown_and_changed(scene: Scene) -> None:
    """The creator's changes hold for new tasks and are told in one public line; the form begins with what holds."""
    answer = await ask(scene, "settings", scene.bo)
    assert "only the owner may prompt a task" in answer.text
    template = scene.coder.deployment.templates[0]
    view = await opened(scene, await ask(scene, "settings"))
    assert f"preset.{template.id}" not in blocks_of(view)

    await scene.slack.click(scene.ana, view, "template", selected=template.display_name)
    preset = f"preset.{template.id}"
    await scene.seen(lambda: preset in blocks_of(view), "the template's presets")
    names = [
        option["text"]["text"]
        for block in view.body["blocks"]
        if block["block_id"] == preset
        for option in block["element"]["options"]
    ]
    filled = {preset: names[-2], "notify": "Quiet", "steer": "Everyone with a Coder account", "news": ["Complete"]}
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "view_submission", times=1))
    assert (await scene.slack.submit(scene.ana, view, filled)).response_action == "close"

    note = await said(scene, "Channel settings changed", "by Ana Ruiz")
    assert f"preset {names[-2]}" in note.text
    assert "everyone with a Coder account may prompt a task" in note.text
    assert "task news for complete of Ana Ruiz" in note.text
    await scene.quiet()
    assert len([one for one in scene.slack.messages(scene.payments) if "settings changed" in words(one)]) == 1
    answer = await ask(scene, "settings", scene.bo)
    assert "Changed by Ana Ruiz" in words(answer)
    assert "quiet" in answer.text
    again = await opened(scene, await ask(scene, "settings"))
    assert preset in blocks_of(again)
    assert "'initial_options': [{'text': {'type': 'plain_text', 'text': 'Complete'" in str(again.body)

    card, task = await scene.create("With the channel's settings")
    await task.ready("working", "Reading")
    task.report("idle", "Which one?")
    await scene.card_says(card, "Waiting for input")
    ts = await scene.reply(card, "The first", scene.bo)
    await scene.reaction(ts, "white_check_mark")
    await scene.quiet()
    assert [one.text for one in scene.thread(card) if "waiting for input" in one.text] == []
    watched = await made_in_coder(scene, "elsewhere")
    await watched.ready("complete", "Done")
    await carded(scene, watched)


async def test_a_channel_where_nobody_starts_tasks(scene: Scene) -> None:
    """A Slack admin turns tasks off: commands are refused in private with who did it; on again, they work."""
    scene.admin.is_admin = True
    view = await opened(scene, await ask(scene, "settings"), scene.ana)
    await scene.slack.submit(scene.ana, view, {"start": "Nobody"})
    note = await said(scene, "Channel settings changed", "nobody may start tasks")
    await scene.command("create -- Tidy up")
    await told(scene, "Tasks are turned off in this channel", "Ana Ruiz")
    assert "nobody: tasks are turned off here" in words(await ask(scene, "settings"))
    assert not scene.cards()

    view = await opened(scene, note, scene.admin)
    await scene.slack.submit(scene.admin, view, {"start": "Everyone with a Coder account"})
    await said(scene, "Channel settings changed", "by Coder Admin")
    await scene.create("Tidy up")


async def test_who_may_change_settings(scene: Scene) -> None:
    """Others see what holds, and read who may change it; a Slack admin without a Coder account changes all but news."""
    scene.gia.is_admin = True
    answer = await ask(scene, "settings", scene.bo)
    view = await opened(scene, answer, scene.bo, "You cannot change the settings of this channel")
    assert not view.body.get("submit")
    answer = await ask(scene, "settings", scene.gia)
    view = await opened(scene, answer, scene.gia)
    assert not {"news", "news_template"} & set(blocks_of(view))
    await asyncio.gather(*(scene.slack.submit(scene.gia, view, {"notify": "Everything"}) for _ in range(1)))
    await said(scene, "Channel settings changed", "by gia", "notify all")
    own = scene.slack.dm(scene.bo)
    await scene.command("settings", scene.bo, own)
    answer = await told(scene, "Settings of this direct message", user=scene.bo)
    await opened(scene, answer, scene.bo)


async def test_task_news_in_the_form(scene: Scene) -> None:
    """The form shows and changes a channel's one watch, for one template too; what it cannot show it leaves alone."""
    view = await opened(scene, await ask(scene, "settings"))
    await scene.slack.submit(
        scene.ana,
        view,
        {"news": ["Failed or error"], "news_template": scene.coder.deployment.templates[0].display_name},
    )
    await said(scene, "Channel settings changed", "task news for failed and error of Ana Ruiz, of template")
    listed = await ask(scene, "watch")
    assert "failed and error tasks of Ana Ruiz" in words(listed)
    view = await opened(scene, listed)
    await scene.slack.submit(scene.ana, view, {"news": []})
    await said(scene, "Channel settings changed", "no task news")
    assert "This channel gets no task news." in words(await ask(scene, "watch"))

    await scene.command("watch --only complete")
    await scene.command("watch --only failed", scene.admin)
    await scene.seen(
        lambda: len([one for one in scene.slack.messages(scene.payments) if "Task news is on" in words(one)]) == 2,
        "2 watches",
    )
    view = await opened(scene, await ask(scene, "watch"), text="more than one kind of task")
    await scene.slack.submit(scene.ana, view, {"notify": "Quiet"})
    await said(scene, "Channel settings changed", "notify quiet", "task news for complete")
    assert "failed tasks" in words(await ask(scene, "watch"))
