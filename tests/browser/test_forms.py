"""Blocks, elements and forms: everything that an app can show and a person can press."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.forms import Json, Stand, actions, button, option, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONFIRM: Json = {"title": plain("Sure?"), "text": plain("It goes away."), "confirm": plain("Yes"), "deny": plain("No")}
RICH: Json = {
    "type": "rich_text",
    "elements": [
        {"type": "rich_text_section", "elements": [
            {"type": "text", "text": "strong", "style": {"bold": True}}, {"type": "emoji", "name": "eyes"},
            {"type": "link", "url": "https://a.example/", "text": "a link"}, {"type": "broadcast", "range": "here"},
            {"type": "color", "value": "#ff0000"}, {"type": "date", "timestamp": 0, "format": "{date_num}"}]},
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "quoted"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "as it is"}]},
        {"type": "rich_text_list", "style": "ordered", "offset": 2, "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "third"}]}]},
    ],
}  # fmt: skip


async def test_every_kind_of_block(stand: Stand, opened: Open) -> None:
    """Each kind of block is rendered; one that nobody knows shows itself as such."""
    room = stand.room()
    window = await opened(stand.url, "ana", room)
    task = {"type": "task_card", "task_id": "1", "title": "A step", "status": "complete"}
    await stand.shows(
        room,
        RICH,
        {"type": "section", "fields": [plain("left"), plain("right")], "accessory": button("aside", "Aside")},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "small *print*"}]},
        {"type": "divider"},
        {"type": "image", "image_url": "https://a.example/x.png", "alt_text": "a picture"},
        {"type": "markdown", "text": "# Title\n\n- one\n- two\n\n```\ncode\n```\n[there](https://a.example/)"},
        {"type": "video", "alt_text": "a film", "title": plain("Film"), "thumbnail_url": "https://a.example/x.png",
         "video_url": "https://a.example/v"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "head"}], [{"type": "raw_text", "text": "cell"}]]},
        {"type": "plan", "title": "The plan", "tasks": [task]},
        {"type": "card", "title": plain("A card"), "body": plain("its body")},
        {"type": "container", "title": plain("A box"), "child_blocks": [{"type": "divider"}], "is_collapsible": True},
    )  # fmt: skip
    shown = await window.sees("strong")
    read = "a link|@here|1970-01-01|quoted|as it is|third|left|right|small print|a picture|Title|two|Film|head|cell"
    for words in f"{read}|The plan|A step|A card|A box".split("|"):
        await expect(shown).to_contain_text(words)
    assert await shown.locator("ol").first.get_attribute("start") == "3"
    await expect(shown.locator(".unknown")).to_have_count(0)

    message = stand.slack.message(room, shown_ts := (await shown.get_attribute("data-ts") or ""))
    message.blocks = [{"type": "hologram", "block_id": "x", "depth": 3}]
    stand.slack.feed.tell("edited", channel=room.id, ts=shown_ts)
    strange = window.page.locator("li.message", has_text="Unknown block: hologram")
    await strange.locator("summary").click()
    await expect(strange).to_contain_text('"depth": 3')


async def test_buttons_menus_and_confirm_dialogs(stand: Stand, opened: Open) -> None:
    """Buttons, overflow and select menus reach the app with what was chosen; a confirm dialog asks before."""
    room = stand.room()
    stand.heard.clear()
    window = await opened(stand.url, "ana", room)
    static = {"type": "static_select", "action_id": "level", "options": [option("Low"), option("High")],
              "placeholder": plain("How much")}  # fmt: skip
    external = {"type": "external_select", "action_id": "template", "min_query_length": 2}
    boxes = {"type": "checkboxes", "action_id": "boxes", "options": [option("One"), option("Two")]}
    people = {"type": "users_select", "action_id": "user", "placeholder": plain("Who")}
    overflow = {"type": "overflow", "action_id": "more", "options": [option("Pause"), option("Delete…")]}
    gone = button("gone", "Remove", confirm=CONFIRM, style="danger")
    pressed = actions(button("go", "Go", value="1"), gone, overflow)
    await stand.shows(room, pressed, actions(static, external, people), actions(boxes))
    message = window.message("Go")
    press = window.page.keyboard.press

    async def heard(count: int) -> Json:
        await stand.slack.until(lambda: len(stand.pressed()) >= count, what=f"{count} actions")
        return stand.pressed()[-1]

    await message.get_by_role("button", name="Go").click()
    assert (await heard(1))["value"] == "1"
    await message.get_by_role("button", name="Remove").click()
    await expect(window.dialog).to_contain_text("It goes away.")
    await press("Escape")
    await message.get_by_role("button", name="Remove").click()
    await window.dialog.get_by_role("button", name="Yes").click()
    assert (await heard(2))["action_id"] == "gone"
    await message.get_by_role("button", name="More actions").first.click()
    await press("ArrowDown")
    await press("Enter")
    assert (await heard(3))["selected_option"]["value"] == "delete…"
    await message.get_by_role("button", name="How much").click()
    await window.page.get_by_role("option", name="High").click()
    assert (await heard(4))["selected_option"]["value"] == "high"
    await message.get_by_role("button", name="Choose").click()
    await window.page.keyboard.type("mono")
    await expect(window.page.get_by_role("option")).to_have_count(1)
    await press("Enter")
    assert (await heard(5))["selected_option"]["text"]["text"] == "Codex for the monorepo"
    await message.get_by_role("button", name="Who").click()
    await window.page.keyboard.type("gia")
    await expect(window.page.get_by_role("option")).to_have_count(1)
    await press("Enter")
    assert (await heard(6))["selected_user"] == stand.stage.gia.id
    await message.get_by_label("Two").check()
    assert [one["value"] for one in (await heard(7))["selected_options"]] == ["two"]


async def test_a_form_with_errors_updates_and_pushes(stand: Stand, opened: Open) -> None:
    """A form is opened, filled, changed by the app, refused with errors at their fields, and taken in the end."""
    room = stand.room()
    stand.heard.clear()
    window = await opened(stand.url, "ana", room)
    await window.says("/form")
    form = window.dialog
    await expect(form.get_by_role("heading")).to_have_text("New task")
    await expect(form.get_by_label("Template")).to_be_focused()
    await form.get_by_role("button", name="Start").click()
    await expect(form.locator(".input", has_text="Prompt").locator(".field-error")).to_have_text("This is required.")
    await expect(form.get_by_label("Template")).to_be_focused()

    await form.get_by_label("Prompt").fill("Fix it\n<b>now</b>")
    await expect(form.locator(".input", has_text="Prompt").locator(".field-error")).to_be_hidden()
    await form.get_by_label("Template").click()
    await window.page.keyboard.type("aid")
    await expect(window.page.get_by_role("option")).to_have_count(1)
    await window.page.keyboard.press("Enter")
    await expect(form.get_by_label("Preset")).to_be_visible()
    await expect(form.get_by_label("Prompt")).to_have_value("Fix it\n<b>now</b>")

    await form.get_by_label("Name").fill("taken")
    await form.get_by_label("Some").check()
    await form.get_by_label("Day").fill("2026-11-22")
    await form.get_by_role("button", name="Start").click()
    await expect(form.locator(".input", has_text="Name").locator(".field-error")).to_have_text("This name is taken.")
    await expect(form.get_by_label("Name")).to_be_focused()

    await form.get_by_role("button", name="More…").click()
    await expect(form.get_by_role("heading")).to_have_text("More")
    await form.get_by_role("button", name="Not now").click()
    await expect(form.get_by_role("heading")).to_have_text("New task")
    await expect(form.get_by_label("Prompt")).to_have_value("Fix it\n<b>now</b>")
    await form.get_by_label("Name").fill("fix-it")
    await window.page.keyboard.press("Enter")
    await expect(form).to_have_count(0)
    values: Any = next(one for one in reversed(stand.heard) if one["type"] == "view_submission")["view"]["state"][
        "values"
    ]
    assert values["prompt"]["prompt"]["value"] == "Fix it\n<b>now</b>"
    assert values["template"]["template"]["selected_option"]["value"] == "aider"
    assert values["name"]["name"]["value"] == "fix-it"
    assert values["level"]["level"]["selected_option"]["value"] == "some"
    assert values["day"]["day"]["selected_date"] == "2026-11-22"


async def test_shortcuts_and_closing(stand: Stand, opened: Open) -> None:
    """Shortcuts on a message and anywhere open a form; closing it is told, and the focus goes back."""
    room = stand.room()
    stand.heard.clear()
    window = await opened(stand.url, "ana", room)
    await window.says("about this")
    message = await window.sees("about this")
    await window.menu(message, "Create a Coder task")
    await expect(window.dialog).to_be_visible()
    await window.page.keyboard.press("Escape")
    await expect(window.dialog).to_have_count(0)
    await stand.slack.until(lambda: [one["type"] for one in stand.heard][-1:] == ["view_closed"], what="view_closed")
    assert stand.heard[0]["message"]["text"] == "about this"
    await window.page.get_by_role("button", name="Shortcuts").click()
    await window.page.get_by_role("menuitem", name="New form").click()
    await expect(window.dialog).to_be_visible()
    for _ in range(20):
        await window.page.keyboard.press("Tab")
        assert await window.page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    await window.dialog.get_by_role("button", name="Close").click()
    await expect(window.dialog).to_have_count(0)


async def test_the_home_tab(stand: Stand, opened: Open) -> None:
    """Home is asked for when it is opened, and its buttons work."""
    stand.heard.clear()
    window = await opened(stand.url, "bo", stand.slack.dm(stand.stage.bo))
    seen = stand.slack.deliveries
    await stand.slack.until(
        lambda: [one for one in seen if one.event.get("tab") == "messages"], what="the messages tab"
    )
    await window.page.get_by_role("tab", name="Home").click()
    home = window.page.get_by_role("tabpanel", name="Home")
    await expect(home.get_by_role("heading", name="Your tasks")).to_be_visible()
    await home.get_by_role("button", name="Refresh").click()
    await stand.slack.until(lambda: [one["action_id"] for one in stand.pressed()] == ["refresh"], what="the button")
    await window.page.get_by_role("tab", name="Messages").click()
    await expect(window.composer).to_be_visible()
