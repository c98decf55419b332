"""Several people, several windows, what goes wrong, and a bot that ends in the middle."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.forms import Stand
from tests.browser.scene import World

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_guest_sees_only_what_is_theirs(sandbox: World, opened: Open) -> None:
    """Private answers and places stay with those they are for; a guest's command is refused privately."""
    room = sandbox.room()
    hidden = sandbox.slack.add_channel("board", [sandbox.stage.ana, sandbox.slack.bot_user], private=True)
    window = await opened(sandbox.url, "ana", room)
    await window.says("/coder-task help")
    await window.sees("Only visible to you")
    await expect(window.page.get_by_role("link", name="board")).to_be_visible()

    await window.page.get_by_text("Gia Moretti").click()
    await expect(window.page.get_by_role("radio", name="Gia Moretti")).to_be_checked()
    await expect(window.page.get_by_role("link", name="board")).to_have_count(0)
    await expect(window.page.locator("#messages")).not_to_contain_text("Only visible to you")
    await window.says("/coder-task create let me in")
    refusal = await window.sees("Only visible to you")
    await expect(refusal).not_to_contain_text("Creating a task", timeout=15_000)
    answer = await window.page.request.get(f"{sandbox.url}/api/state?user=gia")
    assert hidden.id not in await answer.text()


async def test_two_windows_are_live(stand: Stand, opened: Open) -> None:
    """What one person does is there for the other at once: messages, edits, reactions, deletions."""
    room = stand.room()
    ana, bo = await opened(stand.url, "ana", room), await opened(stand.url, "bo", room)
    await ana.says("hello Bo")
    seen = await bo.sees("hello Bo")
    await bo.offers(seen, "React with a check mark")
    await expect(ana.message("hello Bo").get_by_role("button", name="white check mark, 1")).to_be_visible()
    ts = next(iter(room.messages))
    await stand.slack.edit(stand.stage.ana, room, ts, "hello again")
    await bo.sees("hello again")
    await stand.slack.delete(stand.stage.ana, room, ts)
    await expect(bo.page.locator("li.message")).to_have_count(0)
    await expect(ana.page.locator("li.message")).to_have_count(0)
    await expect(bo.page.locator("#live")).to_contain_text("hello Bo")


async def test_a_lost_connection_goes_on_where_it_was(stand: Stand, opened: Open) -> None:
    """While the stream is cut the page says so; afterwards nothing is missing."""
    room = stand.room()
    window = await opened(stand.url, "ana", room)
    await window.says("before")
    await window.sees("before")
    await window.context.set_offline(offline=True)
    await stand.slack.post(stand.stage.bo, room, "meanwhile")
    await window.context.set_offline(offline=False)
    await stand.slack.post(stand.stage.bo, room, "after")
    await window.sees("after")
    await expect(window.page.locator("li.message")).to_have_count(3)


async def test_the_tour_is_told_in_the_page(stand: Stand, opened: Open) -> None:
    """What the tour's people type and press, and what it says beside that, stands below for a while."""
    room = stand.room()
    window = await opened(stand.url, "bo", room)
    caption = window.page.locator("#caption")
    stand.slack.feed.tell("note", text="1. Ana starts a task.")
    await expect(caption).to_have_text("1. Ana starts a task.")
    stand.slack.feed.tell("typed", user=stand.stage.ana.id, channel=room.id, text="/coder-task list")
    await expect(caption).to_have_text("Ana Ruiz types /coder-task list")


async def test_the_bot_restarts_in_the_middle(sandbox: World, opened: Open) -> None:
    """Killed while its task works, it goes on as if nothing had been; the panel tells it."""
    room = sandbox.room()
    window = await opened(sandbox.url, "ana", room)
    await window.page.get_by_role("button", name="What happens").click()
    panel = window.page.get_by_role("complementary", name="What happens")
    await expect(panel.locator(".bot-state")).to_have_text("The bot runs")
    await window.says("/coder-task create survive this, and ask me first")
    card = await window.sees("Survive this")
    await panel.get_by_role("button", name="Kill -9").click()
    await expect(panel.locator(".bot-state")).not_to_have_text("The bot runs")
    await expect(panel.locator(".bot-state")).to_have_text("The bot runs", timeout=20_000)
    await expect(card).to_contain_text("Waiting for input", timeout=20_000)
    await panel.get_by_role("button", name="Restart").click()
    await window.offers(card, "Reply in thread")
    await window.thread.get_by_role("textbox").fill("Yes.")
    await window.thread.get_by_role("textbox").press("Enter")
    await expect(card).to_contain_text("Complete", timeout=30_000)
    await expect(window.thread.locator("li.message", has_text="Waiting for input")).to_have_count(1)


async def test_faults_can_be_felt(sandbox: World, opened: Open) -> None:
    """With Slack refusing calls the panel shows the error and the reason; when it is over the answer comes."""
    room = sandbox.room()
    window = await opened(sandbox.url, "ana", room)
    await window.page.get_by_role("button", name="What happens").click()
    panel = window.page.get_by_role("complementary", name="What happens")
    await panel.get_by_text("Let something fail").click()
    switch = panel.get_by_role("switch", name="Slack answers 503")
    await switch.check()
    await expect(window.page.get_by_role("button", name="What happens")).to_have_attribute("data-faults", "1")
    await window.says("/coder-task create under fire")
    await expect(panel.locator(".happening.bad").first).to_contain_text("http_503")
    await switch.uncheck()
    await window.sees("Under fire")
    posted = panel.locator(".happening.call:not(.bad)", has_text="chat.postMessage").filter(has_text=room.name)
    await posted.last.locator("summary").click()  # the card was the first to be posted there
    await expect(posted.last.locator("pre").first).to_contain_text("Under fire")
    await panel.get_by_label("Speed of the agents").select_option("50")
    assert sandbox.controls.speed() == 50
    await panel.get_by_label("Speed of the agents").select_option("20")
    await expect(panel.locator(".happening.delivery", has_text="/coder-task").first).to_contain_text("acked")
