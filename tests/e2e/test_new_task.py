"""The form for a new task: opened at once, filled without asking Coder, submitted once."""

from __future__ import annotations

import asyncio

import pytest

from bot.models import ChannelSettings, Level, StartRule
from bot.sandbox.coder.records import Organization, Version
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.records import ClientRefused, Message
from bot.store.card_rows import cards_of
from bot.store.settings_rows import save_channel
from bot.store.task_rows import find_by_coder_id
from tests.e2e.filling import block, change, filled, form, names, said, stocked, submit, top, value
from tests.e2e.scene import Scene, words
from tests.e2e.steps import created, creates, hurried, press, template, told


async def test_the_form_opens_before_coder_answers(scene: Scene) -> None:
    """Whatever Coder does, a form stands there at once; when all is known beforehand it is the whole form."""
    scene.coder.faults.add(Fault(Kind.SLOW, "GET /api/v2/users", seconds=2.0, times=None))

    answer = await scene.command("")

    assert answer.ok
    assert "Loading templates…" in said(top(scene))
    view = await filled(scene)
    assert value(view, "template") == "Claude Code"
    await scene.slack.close(scene.ana, view)
    scene.coder.faults.clear()
    await stocked(scene)
    scene.coder.faults.add(Fault(Kind.SLOW, "*", seconds=2.0, times=None))
    for text in ("", "create", "new -t aider --"):
        await scene.command(text)
        view = top(scene)
        assert view.body["submit"]["text"] == "Start task"
        assert (await scene.slack.options(scene.ana, "template", where=view)).options
    await change(scene, view, "template", "Codex for the monorepo")
    assert block(view, "preset.")["label"]["text"] == "Preset"
    scene.coder.faults.clear()


async def test_a_form_becomes_a_task_once(scene: Scene) -> None:
    """Everything in the form is what Coder is asked for; submitted twice and delivered twice, it is one task."""
    await stocked(scene)
    view = await form(scene, "create -t aider -n my-task")
    assert (value(view, "template"), value(view, "name"), "preset." in "".join(names(view))) == (
        "Aider",
        "my-task",
        False,
    )
    scene.slack.keep(scene.ana, view, "prompt.1", {"type": "plain_text_input", "value": "Typed <!channel> *before*"})

    await change(scene, view, "template", "Claude Code")
    assert (value(view, "preset."), value(view, "prompt.1")) == ("Medium", "Typed <!channel> *before*")
    await change(scene, view, "template", "Codex for the monorepo")
    assert "This template needs a preset: it sets the parameter “repo”." in said(view)
    assert value(view, "preset.") is None
    assert "No preset" not in said(view)
    with pytest.raises(ClientRefused, match="required"):
        await submit(scene, view)

    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "view_submission", times=1))
    answer = await submit(scene, view, preset="Build cache, 16 cores", notify="Quiet", tell=["tell"])

    assert answer.response_action == "close"
    await told(scene, "Creating a task from template Codex for the monorepo")
    [card] = await scene.seen(scene.cards, "a card")
    await scene.quiet()
    [call] = creates(scene)
    [task] = scene.coder.tasks
    assert (call.json["input"], call.json["name"]) == ("Typed <!channel> *before*", "my-task")
    assert task.build.preset is not None
    assert task.build.preset.name == "Build cache, 16 cores"
    assert scene.bot is not None
    known = await scene.bot.database.run(find_by_coder_id, task.id)
    assert known is not None
    assert known.tell
    assert [one.level for one in await scene.bot.database.run(cards_of, known.id)] == [Level.QUIET]
    assert scene.cards() == [card]


async def test_what_is_wrong_is_said_at_its_field(scene: Scene) -> None:
    """An empty prompt, a bad name, a template and a channel that cannot be used: each is told where it is mended."""
    assert scene.bot is not None
    off = ChannelSettings(channel=scene.random.id, start=StartRule.NOBODY, changed_by_name="Bo")
    await scene.bot.database.run(save_channel, off)
    view = await form(scene)

    answer = await submit(scene, view, prompt__1=" \n ", name="fix_login!")
    assert answer.errors == {"prompt.1": "Write a prompt first.", "name": "Letters, numbers and hyphens, 32 at most."}
    answer = await submit(scene, view, prompt__1="Fix it", name="new", channel=scene.random.id)
    assert answer.errors == {"name": "Coder keeps this name for itself."}
    answer = await submit(scene, view, name="", channel=scene.random.id)
    assert "Tasks are turned off in this channel. Bo turned them off" in answer.errors["channel"]
    scene.coder.deployment.templates[0].deprecation_message = "Use aider"
    scene.bot.opened.coder.directory._templates._at -= 1_000
    await scene.bot.opened.coder.directory.stock()
    answer = await submit(scene, view, channel=scene.payments.id)
    assert answer.errors == {"template": "You cannot use this template any more. Choose another one."}
    await change(scene, view, "template", "Aider")
    assert value(view, "prompt.1") == "Fix it"
    assert (await submit(scene, view)).response_action == "close"
    await scene.reached(lambda: scene.coder.tasks, "a task")
    assert scene.coder.tasks[0].workspace.template.name == "aider"


async def test_long_prompts_are_never_cut(scene: Scene) -> None:
    """Four fields of 3,000 characters are one prompt without a break; what they do not hold is kept beside them."""
    view = await form(scene)
    for _ in range(3):
        await change(scene, view, "draft.more")
    assert [name for name in names(view) if name.startswith("prompt")] == [f"prompt.{n}" for n in (1, 2, 3, 4)]
    parts = [f"{number}{'x' * 2_999}" for number in range(4)]
    await submit(scene, view, prompt__1=parts[0], prompt__2=parts[1], prompt__3=parts[2], prompt__4=parts[3])
    await scene.reached(lambda: scene.coder.tasks, "a task")
    assert scene.coder.tasks[0].task.initial_prompt == "".join(parts)

    task = await created(scene, "create " + "line of a long prompt\n" * 900 + "end")
    await scene.seen(lambda: len(scene.cards()) == 2, "its card")
    card = scene.cards()[-1]
    task.fail_build(["Error: no"])
    await scene.card_says(card, "Error")
    await scene.slack.click(scene.bo, scene.card(card), "task.more", selected=f"again:{task.id}")
    view = await filled(scene, scene.bo)
    assert "19,803 characters, sent as it is" in said(view)
    await submit(scene, view, scene.bo, prompt__1="And tests.")
    await scene.reached(lambda: len(scene.coder.tasks) == 3, "a third task")
    again = scene.coder.tasks[-1].task
    assert (again.owner.username, again.initial_prompt) == ("bo", f"{task.task.initial_prompt}\n\nAnd tests.")


async def test_only_templates_that_the_person_can_use(scene: Scene) -> None:
    """Templates of other organizations and deprecated ones are not offered, nor can they be had by their names."""
    coder = scene.coder.deployment
    secret = template(scene, "secret", Version("secret-1"))
    secret.organization = Organization("research", "Research")
    coder.organizations.append(secret.organization)
    coder.user("bo").organizations.append(secret.organization)
    template(scene, "old").deprecation_message = "Gone"

    seen = {}
    for user in (scene.ana, scene.bo):
        view = await form(scene, "", user)
        answer = await scene.slack.options(user, "template", where=view)
        seen[user.name] = {one["text"]["text"] for one in answer.options}
        assert not (await scene.slack.options(user, "template", "no such words", view)).options
        [aider] = (await scene.slack.options(user, "template", "AID small", view)).options
        await submit(scene, view, user, template=aider, prompt__1="Fix it")
    assert seen["bo"] - seen["ana"] == {"Secret"}
    assert "Old" not in seen["bo"]
    await scene.command("create -t secret Fix it")
    await told(scene, "No template is called")
    await scene.command("create -t secret Fix it", scene.bo)
    await scene.reached(lambda: len(scene.coder.tasks) == 3, "three tasks")
    assert scene.coder.tasks[-1].workspace.template is secret


async def test_a_form_that_cannot_be_filled_says_why(scene: Scene) -> None:
    """Coder's silence and a missing account are told in the form, which fills itself when Coder is back."""
    hurried(scene, 0.2)
    await scene.command("", scene.gia)
    await scene.seen(lambda: "No Coder user has your e-mail" in said(top(scene, scene.gia)), "the reason")
    scene.coder.faults.add(Fault(Kind.REFUSE, "GET /api/v2/users", status=503, times=None))

    await scene.command("")

    await scene.seen(
        lambda: "It is tried again" in said(top(scene)) or "tried again by itself" in said(top(scene)), "why"
    )
    view = top(scene)
    assert not view.body.get("submit")
    assert "Coder" in said(view)
    await change(scene, view, "form.again")
    await scene.seen(lambda: "tried again by itself" in said(view), "the reason once more")
    scene.coder.faults.clear()
    assert await filled(scene) is view
    assert not scene.coder.tasks


async def test_a_form_that_opens_too_late_can_be_opened_again(scene: Scene) -> None:
    """A trigger that has expired is told, and a click opens the same form; a click that comes twice opens one."""
    body = '{"ok": false, "error": "expired_trigger_id"}'
    scene.slack.faults.add(Fault(Kind.REFUSE, "views.open", status=200, body=body))
    await scene.command("create -n my-task -t aider")

    late = await told(scene, "The form did not open in time")
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "block_actions", times=1))
    await press(scene, late, "Open the form…")

    view = await filled(scene)
    assert (value(view, "name"), value(view, "template")) == ("my-task", "Aider")
    assert len([call for call in scene.slack.calls_of("views.open") if not call.error]) == 1


async def test_buttons_open_the_form_with_everything_in_it(scene: Scene) -> None:
    """Edit first, Change the name and Run again open the form filled in, so that nothing has to be typed again."""
    prompt = "Fix <this> & *that*\nsoon"
    answer = await scene.command(prompt)
    assert answer.message is not None
    await press(scene, answer.message, "Edit first…")
    view = await filled(scene)
    assert value(view, "prompt.1") == prompt
    await submit(scene, view, name="taken")
    [card] = await scene.seen(scene.cards, "a card")

    await press(scene, await _refused(scene, "taken"), "Change the name…")
    view = await filled(scene)
    assert (value(view, "prompt.1"), value(view, "name"), value(view, "template")) == ("Other words", "taken", "Aider")
    await submit(scene, view, name="free")
    await scene.reached(lambda: [one.name for one in scene.coder.tasks] == ["taken", "free"], "the second task")

    scene.coder.tasks[0].delete()
    await scene.card_says(card, "Deleted")
    await press(scene, scene.card(card), "Run again…")
    view = await filled(scene)
    assert (value(view, "prompt.1"), value(view, "name"), value(view, "preset.")) == (prompt, None, "Medium")
    await scene.slack.close(scene.ana, view)
    await press(scene, scene.card(card), "Run again…", scene.bo)
    assert value(await filled(scene, scene.bo), "prompt.1") == prompt


async def _refused(scene: Scene, name: str) -> Message:
    """The refusal of a form whose name is another task's."""
    view = await form(scene, f"create -t aider -n {name}")
    await submit(scene, view, prompt__1="Other words")
    return await told(scene, "You already have a workspace called")


async def test_defaults_come_from_the_channel_and_the_person(scene: Scene) -> None:
    """What the channel has set is chosen beforehand, and what was changed last is what the form shows."""
    assert scene.bot is not None
    mine = ChannelSettings(channel=scene.payments.id, template="Claude-Code", preset="Small", level=Level.ALL)
    await scene.bot.database.run(save_channel, mine)
    await stocked(scene)
    view = await form(scene)
    assert (value(view, "preset."), value(view, "notify")) == ("Small", "Everything")
    assert value(view, "channel") == scene.payments.id

    for name in ("Aider", "Codex for the monorepo", "Claude Code"):
        await change(scene, view, "template", name)
    await submit(scene, view, prompt__1="Fix it", preset="No preset")

    await scene.reached(lambda: scene.coder.tasks, "a task")
    assert scene.coder.tasks[0].workspace.template.name == "claude-code"
    assert scene.coder.tasks[0].build.preset is None
    assert "Fix it" in words((await scene.seen(scene.cards, "a card"))[0])


async def test_changes_at_the_same_time_end_in_one_form(scene: Scene) -> None:
    """Somebody who changes their mind quickly sees the presets of the template that they chose last."""
    view = await form(scene)
    await asyncio.gather(*(change(scene, view, "template", name) for name in ("Aider", "Claude Code")))
    await change(scene, view, "template", "Codex for the monorepo")

    await scene.seen(lambda: value(view, "preset.") is None and "sets the parameter" in said(view), "its presets")
    assert len([name for name in names(view) if name.startswith("preset")]) == 1
