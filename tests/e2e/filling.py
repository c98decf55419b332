"""What the tests of forms do again and again: wait for the form, look into it, fill it in."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.pressing import Answer
from bot.sandbox.slack.records import Message, User, View
from tests.e2e.scene import Scene, strings


def top(scene: Scene, user: User | None = None) -> View:
    """The form that a person (Ana) sees, whatever is in it."""
    return scene.slack.views(user or scene.ana)[-1]


async def filled(scene: Scene, user: User | None = None) -> View:
    """Wait until a person (Ana) sees a form that can be submitted."""

    def found() -> View | None:
        return next((view for view in scene.slack.views(user or scene.ana)[-1:] if view.body.get("submit")), None)

    view = await scene.seen(found, "a form that can be submitted")
    assert view is not None
    return view


async def stocked(scene: Scene) -> None:
    """Let the bot know all templates and presets, as it does a moment after its start."""
    assert scene.bot is not None
    await scene.bot.opened.coder.directory.stock()


async def form(scene: Scene, text: str = "", user: User | None = None) -> View:
    """A person (Ana) types a command for which a form opens; the form."""
    answer = await scene.command(text, user)
    assert answer.ok, (answer.error, answer.problems)
    return await filled(scene, user)


async def shortcut(scene: Scene, message: Message, user: User | None = None) -> View:
    """A person (Ana) uses the shortcut for a new task on a message; the form."""
    answer = await scene.slack.shortcut(user or scene.ana, "create_task", message)
    assert answer.ok, (answer.error, answer.problems)
    return await filled(scene, user)


async def submit(scene: Scene, view: View, user: User | None = None, **values: Any) -> Answer:
    """A person (Ana) fills the form in and submits it; two underscores stand for a dot in a field's name."""
    given = {name.replace("__", "."): value for name, value in values.items()}
    answer = await scene.slack.submit(user or scene.ana, view, given)
    assert answer.ok, (answer.error, answer.problems)
    return answer


async def change(scene: Scene, view: View, action: str, selected: str | None = None, user: User | None = None) -> None:
    """A person (Ana) changes a field that others follow, or presses a button of the form."""
    answer = await scene.slack.click(user or scene.ana, view, action, selected=selected)
    assert answer.ok, (answer.error, answer.problems)


def names(view: View) -> list[str]:
    """The blocks of a form, by their ids."""
    return [block["block_id"] for block in view.blocks]


def block(view: View, name: str) -> dict[str, Any]:
    """The block whose id begins so."""
    return view.blocks[_first(names(view), name)]


def value(view: View, name: str) -> Any:
    """What stands in a field: the text, the option's words, or the words of what is ticked."""
    fields = list(view.typed)
    [state] = view.typed[fields[_first(fields, name)]].values()
    if state.get("selected_option"):
        return state["selected_option"]["text"]["text"]
    if "selected_options" in state:
        return [one["text"]["text"] for one in state["selected_options"]]
    return state.get("value") or state.get("selected_conversation")


def _first(ids: list[str], name: str) -> int:
    """The place of the first id that begins so; LookupError without one, for which waiting goes on."""
    found = [number for number, one in enumerate(ids) if one.startswith(name)]
    return found[0]


def said(view: View) -> str:
    """Everything that a form says."""
    return "\n".join(strings(view.body))
