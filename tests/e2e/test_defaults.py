"""A person's defaults: shown on the Home tab and by whoami, changed in a form, and what tasks then start from."""

from __future__ import annotations

from bot.sandbox.slack.records import View
from tests.e2e.scene import Scene, words
from tests.e2e.steps import buttons, created, press, told
from tests.e2e.test_home import opened, says


async def form(scene: Scene) -> View:
    """Ana's open form, once it has its fields."""

    def found() -> View | None:
        views = scene.slack.views(scene.ana)
        return views[-1] if views and any(block["block_id"] == "template" for block in views[-1].blocks) else None

    view = await scene.seen(found, "the form with its fields")
    assert view is not None
    return view


async def test_changed_on_the_home_tab(scene: Scene) -> None:
    """What is saved stands on the tab at once, and a task that says nothing starts from it."""
    view = await opened(scene)
    await scene.slack.click(scene.ana, view, "user.defaults")
    shown = await form(scene)
    assert shown.body["title"]["text"] == "Your defaults"
    assert "channel’s own defaults come first" in str(shown.blocks)

    await scene.slack.click(scene.ana, shown, "template", selected="Codex for the monorepo")
    await scene.seen(lambda: "Build cache" in str(shown.blocks), "its presets")
    preset = next(block for block in shown.blocks if block["block_id"].startswith("preset."))
    name = preset["element"]["options"][0]["text"]["text"]
    values = {preset["block_id"]: name, "notify": "quiet", "clean_up": []}
    answer = await scene.slack.submit(scene.ana, shown, values)
    assert (answer.ok, answer.errors, scene.slack.views(scene.ana)) == (True, {}, [])

    await says(scene, f"preset {name} · notify quiet")
    await scene.command("whoami")
    me = await told(scene, "Your Coder user is", "notify quiet")
    assert name in words(me)
    task = await created(scene, "create Do it")
    assert (task.workspace.template.name, task.build.preset.name if task.build.preset else "") == (
        "codex-monorepo",
        name,
    )
    await press(scene, me, "Change defaults…")
    again = await form(scene)
    [weekly] = [block for block in again.blocks if block["block_id"] == "clean_up"]
    assert "initial_options" not in weekly["element"]
    assert "Change defaults…" in buttons(me)


async def test_opened_with_a_cold_start(scene: Scene) -> None:
    """Somebody whom the bot has not met waits for nothing: the form opens at once and is filled in."""
    await scene.command("whoami", scene.bo)
    me = await told(scene, "Your Coder user is", user=scene.bo)
    await press(scene, me, "Change defaults…", scene.bo)

    await scene.seen(lambda: scene.slack.views(scene.bo), "an open form")
    await scene.seen(lambda: "template" in str(scene.slack.views(scene.bo)[-1].blocks), "its fields")
