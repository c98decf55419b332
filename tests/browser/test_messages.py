"""Messages: written, edited, deleted, answered, reacted to, linked, with files; and how they read."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.forms import Stand

pytestmark = pytest.mark.asyncio(loop_scope="session")

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"


async def test_writing_editing_and_deleting(stand: Stand, opened: Open) -> None:
    """One's own messages can be changed and taken away; somebody else's cannot."""
    room = stand.room()
    window = await opened(stand.url, "ana", room)
    theirs = await stand.slack.post(stand.stage.bo, room, "from Bo")
    await window.says("first")
    mine = await window.sees("first")
    await window.menu(mine, "Edit message")
    field = window.page.get_by_label("Edit message")
    await field.fill("changed for @bo")
    await field.press("Enter")
    await expect(window.message("changed for")).to_contain_text("(edited)")

    await window.composer.press("ArrowUp")
    await expect(field).to_have_value("changed for @bo")
    await field.press("Escape")
    await expect(field).to_be_hidden()

    await window.menu(window.message("changed for"), "Delete message")
    await expect(window.dialog).to_contain_text("cannot be undone")
    await window.dialog.get_by_role("button", name="Cancel").click()
    await expect(window.message("changed for")).to_be_visible()
    await window.menu(window.message("changed for"), "Delete message")
    await window.dialog.get_by_role("button", name="Delete").click()
    await expect(window.page.get_by_text("changed for")).to_have_count(0)
    assert [one.ts for one in stand.slack.messages(room)] == [theirs]
    await window.offers(window.message("from Bo"), "More actions")
    await expect(window.page.get_by_role("menuitem", name="Edit message")).to_have_count(0)


async def test_reactions_and_links(stand: Stand, opened: Open) -> None:
    """A reaction is added from the toolbar and the picker, and a click takes it back; a link leads to its message."""
    room, other = stand.room(), stand.room()
    ts = await stand.slack.post(stand.stage.bo, room, "look at this")
    context = {"permissions": ["clipboard-read", "clipboard-write"]}
    window = await opened(stand.url, "ana", room, **context)
    message = window.message("look at this")
    await window.offers(message, "React with eyes")
    await expect(message.get_by_role("button", name="eyes, 1")).to_have_attribute("aria-pressed", "true")
    await window.offers(message, "Add reaction")
    await window.page.get_by_label("Search emoji").fill("tada")
    await window.page.keyboard.press("Enter")
    await expect(message.get_by_role("button", name="tada, 1")).to_be_visible()
    await stand.slack.react(stand.stage.bo, room, ts, "eyes")
    await message.get_by_role("button", name="eyes, 2, by Ana Ruiz, Bo Lindqvist").click()
    await expect(message.get_by_role("button", name="eyes, 1, by Bo")).to_have_attribute("aria-pressed", "false")

    await window.menu(message, "Copy link")
    link = await window.page.evaluate("navigator.clipboard.readText()")
    assert link == f"https://sandbox.slack.com/archives/{room.id}/p{ts.replace('.', '')}"
    await window.open("ana", other)
    await window.says(f"see {link}")
    await (await window.sees("see https")).get_by_role("link").click()
    await expect(window.page.locator("#place-name")).to_have_text(f"# {room.name}")
    await expect(window.message("look at this")).to_be_focused()


async def test_threads_and_unread_marks(stand: Stand, opened: Open) -> None:
    """Replies are counted at the root, shown in the pane, and mark their channel where they call somebody."""
    room, other = stand.room(), stand.room()
    root = await stand.slack.post(stand.stage.bo, room, "a question")
    window = await opened(stand.url, "ana", room, f"/{root}")
    await stand.slack.post(stand.stage.bo, room, "an answer", root)
    await window.sees("an answer", window.thread)
    await expect(window.message("a question")).to_contain_text("1 reply")
    await window.thread.get_by_role("textbox").fill("/form")
    await window.thread.get_by_role("textbox").press("Enter")
    await expect(window.page.get_by_role("alert")).to_contain_text("/form is not supported in threads")

    place = window.page.get_by_role("link", name=other.name)
    await stand.slack.post(stand.stage.bo, other, "something")
    await expect(place).to_have_accessible_name(f"{other.name}, 1 unread")
    await stand.slack.post(stand.stage.bo, other, "@ana look")
    await expect(place).to_have_accessible_name(f"{other.name}, 1 for you")
    await expect(place.locator(".count")).to_have_text("1")
    await place.click()
    await expect(place).to_have_accessible_name(other.name)
    await window.page.reload()
    await expect(place).to_have_accessible_name(other.name)


async def test_a_message_comes_in_the_middle_of_a_click(stand: Stand, opened: Open) -> None:
    """A link in the sidebar that somebody presses stays the one that it was, so that the click counts."""
    room, other = stand.room(), stand.room()
    window = await opened(stand.url, "ana", room)
    place = window.page.get_by_role("link", name=other.name)
    await place.hover()
    await window.page.mouse.down()
    await stand.slack.post(stand.stage.bo, room, "something")
    await window.sees("something")
    drawn = await window.page.evaluate("performance.now() + 100")  # a message changes the sidebar after 30 ms
    await window.page.wait_for_function("(drawn) => performance.now() > drawn", arg=drawn)
    await window.page.mouse.up()
    await expect(place).to_have_attribute("aria-current", "page")


async def test_how_text_reads(stand: Stand, opened: Open) -> None:
    """Slack's markup is rendered; what looks like a page's markup stays text, wherever it stands."""
    room = stand.room()
    window = await opened(stand.url, "ana", room)
    text = "*bold* _italic_ ~gone~ `code *x*` :tada: <@{}> <!date^0^{{date_num}}|then> 1 &lt; 2 https://a.example/b_c_d"
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text.format(stand.stage.ana.id)}}]
    await stand.shows(room, *blocks, {"type": "header", "text": {"type": "plain_text", "text": EVIL}})
    shown = await window.sees("bold")
    for tag, words in (("b", "bold"), ("i", "italic"), ("s", "gone"), ("code", "code *x*"), ("time", "1970-01-01")):
        await expect(shown.locator(f".words {tag}", has_text=words)).to_be_visible()
    await expect(shown.get_by_role("img", name="tada")).to_have_text("🎉")
    await expect(shown.locator(".mention.own")).to_have_text("@Ana Ruiz")
    await expect(shown).to_contain_text("1 < 2 https://a.example/b_c_d")
    await expect(shown).to_contain_text(EVIL)

    await window.says(f"{EVIL} ```\n{EVIL}\n``` javascript:alert(3) > not a quote\n> a quote")
    mine = await window.sees("not a quote")
    await expect(mine.locator("pre")).to_have_text(EVIL)
    await expect(mine.locator("blockquote")).to_have_text("a quote")
    assert await window.page.locator("#page script, #page img:not([src^='/static/'])").count() == 0


async def test_files(stand: Stand, opened: Open) -> None:
    """A text file goes along with a message, and everyone there can open it."""
    room = stand.room()
    window = await opened(stand.url, "ana", room)
    await window.page.locator("#composer input[type=file]").set_input_files(
        {"name": "log.txt", "mimeType": "text/plain", "buffer": b"line one\n<b>line two</b>"}
    )
    await expect(window.page.get_by_role("button", name="Remove log.txt")).to_be_visible()
    await window.says("here it is")
    await (await window.sees("here it is")).get_by_role("button", name="Open log.txt").click()
    await expect(window.dialog.locator("pre")).to_have_text("line one\n<b>line two</b>")
    await window.page.keyboard.press("Escape")
    await expect(window.dialog).to_have_count(0)
    await expect(window.page.get_by_role("button", name="Open log.txt")).to_be_focused()


async def test_built_in_commands(stand: Stand, opened: Open) -> None:
    """Slack's own /remove and /invite bring the app out and in; two slashes are no command."""
    room = stand.room()
    window = await opened(stand.url, "ana", room)
    await window.says("/remove @coder")
    await expect(window.page.locator("#place-about")).to_contain_text("Coder Tasks is not here")
    await window.says("/invite @coder")
    await expect(window.page.locator("#place-about")).not_to_contain_text("not here")
    await window.says("//not a command")
    await window.sees("//not a command")
