"""The local Coder's own pages: what they show, what their buttons do, and whom they refuse."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import aiohttp
import pytest

from bot.sandbox.coder import TaskHandle
from bot.sandbox.coder.scripts import DEFAULT, PROMPT_WORDS, PULL_REQUEST, SCRIPTS, chosen, told
from tests.sandbox.coder_scene import Coder

VOID = {"meta", "link", "br", "input"}


class Checked(HTMLParser):
    """Reads a page: every element that is opened is closed, ids are unique; `scripts` are the sources."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.scripts: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; nothing is inline."""
        given = dict(attrs)
        self.inline += [name for name in given if name.startswith("on") or name == "style"]
        if "id" in given:
            self.ids.append(str(given["id"]))
        if tag == "script":
            self.scripts.append(str(given.get("src")))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        assert self.open.pop() == tag


class Browser:
    """Somebody who looks at the pages."""

    def __init__(self, client: aiohttp.ClientSession, url: str) -> None:
        self.client, self.url = client, url

    async def look(self, path: str, status: int = 200, headers: dict[str, str] | None = None) -> str:
        """A page's HTML, which is well-formed."""
        async with self.client.get(self.url + path, headers=headers or {}) as answer:
            text = await answer.text()
            assert answer.status == status, text
            if answer.content_type == "text/html":
                check(text)
            return text

    async def press(self, task: TaskHandle, action: str, status: int = 200, **headers: str) -> str:
        """What a button's form sends."""
        given = {"Origin": self.url, **headers}
        async with self.client.post(f"{self.url}{path(task)}/{action}", headers=given) as answer:
            assert answer.status == status
            return await answer.text()


def check(text: str) -> None:
    """Hold a page to what every page keeps."""
    page = Checked()
    page.feed(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert page.scripts == ["/static/task.js"]
    assert page.inline == []


def path(task: TaskHandle) -> str:
    """Where a card's link leads."""
    return f"/tasks/{task.task.owner.username}/{task.id}"


@pytest.fixture
async def browser(coder: Coder) -> AsyncIterator[Browser]:
    """A browser at the local Coder where nothing moves by itself."""
    async with aiohttp.ClientSession() as client:
        yield Browser(client, coder.server.url)


async def test_the_list_leads_to_each_task(coder: Coder, browser: Browser) -> None:
    """Newest first, deleted ones too; it says what there is when there is nothing."""
    assert "There is no task yet." in await browser.look("/")
    one, two = await coder.task("first"), await coder.task("second")
    two.vanish()
    text = await browser.look("/tasks")
    assert re.findall(r"<td><a href='([^']+)'", text) == [path(two), path(one)]
    assert "badge deleted" in text
    assert all(words in text and happens.replace("'", "&#x27;") in text for words, happens in PROMPT_WORDS)


async def test_a_task_shows_all_that_there_is(coder: Coder, browser: Browser) -> None:
    """Status and state, workspace and build with its log, the conversation, and the steps that come."""
    task = await coder.task("ask me about it")
    text = await browser.look(path(task))
    assert "badge pending" in text
    assert "The agent has not got its prompt yet." in text
    await task.ready("idle", "Shall I?")
    task.say("I read the code.")
    task.report("complete", "Done", PULL_REQUEST)
    text = await browser.look(path(task))
    for part in ("badge active", "badge complete", f"href='{PULL_REQUEST}'", "I read the code.", "ask me about it"):
        assert part in text, part
    for part in ("claude-code", "1, start: running", "Asks and waits: Login tests pass"):
        assert part in text, part
    assert await browser.look(f"/tasks/ana/{task.name}") == text


async def test_everything_from_outside_stays_text(coder: Coder, browser: Browser) -> None:
    """Names, prompts, reports, links and logs never become markup."""
    evil = "<script>alert('1')</script>"
    task = await coder.task(f"{evil} ask", display_name=evil)
    await task.ready("idle", evil)
    task.say(evil)
    task.report("idle", evil, f"javascript:{evil}")
    await coder.call("POST", f"/tasks/me/{task.id}/send", {"input": evil})
    task.set_build(error=evil)
    for page in (await browser.look(path(task)), await browser.look("/tasks")):
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
        assert "href='javascript" not in page
    task.vanish()
    assert "<script>" not in await browser.look(path(task))


@pytest.mark.parametrize(
    ("action", "state", "message"),
    [("finish", "complete", "is open"), ("ask", "idle", "Shall I"), ("fail", "failure", "cannot go on")],
)
async def test_a_button_tells_the_agent_what_to_do(fast: Coder, action: str, state: str, message: str) -> None:
    """It leaves what it does; after a prompt it goes on, with a follow-up when it had finished."""
    task = await fast.task("no provisioner, then work")
    await fast.server.until(lambda: task.status == "active")
    async with aiohttp.ClientSession() as client:
        await Browser(client, fast.server.url).press(task, action)
    await fast.server.until(lambda: task.state and message in task.state.message and task.state.state == state)
    assert task.messages[-1].type == "output"
    answer = await fast.send(task, "Go on, then.")
    assert answer.status_code == 204
    await fast.server.until(lambda: task.state and task.state.state == "complete" and message not in task.state.message)


async def test_pause_resume_crash_and_delete(coder: Coder, browser: Browser) -> None:
    """The buttons about the workspace do what Coder does; each shows the page as it is after it."""
    task = await coder.task()
    await browser.press(task, "crash")
    assert (task.status, "no space left" in task.build.job.error) == ("error", True)
    await browser.press(task, "resume")
    assert (task.build.transition, task.build.reason) == ("start", "task_resume")
    task.finish_build()
    await task.ready()
    assert "stop: pending" in await browser.press(task, "pause")
    task.finish_build()
    assert task.status == "paused"
    assert "This task was deleted" in await browser.press(task, "delete")
    assert task.deleted


async def test_what_cannot_be_done_is_said(coder: Coder, browser: Browser) -> None:
    """The reason is in the page; what has no sense now is marked so."""
    task = await coder.task()
    text = await browser.press(task, "finish")
    assert "the task is pending" in text
    assert "<button id=do-finish aria-disabled=true>" in text
    assert "<button id=do-crash>" in text
    await browser.press(task, "explode", 404)
    await task.ready()
    assert "no build" in await browser.press(task, "crash")


async def test_a_deleted_task_has_a_page(coder: Coder, browser: Browser) -> None:
    """It can be read by people, and there is nothing to press."""
    task = await coder.task("clean up")
    task.delete()
    text = await browser.look(path(task))
    assert "This task was deleted. Its workspace is being deleted." in text
    assert "<button" not in text
    task.finish_build()
    assert "Its workspace is gone." in await browser.look(path(task))
    assert "There is no such task" in await browser.look("/tasks/ana/nothing", 404)


async def test_only_our_own_page_may_ask(coder: Coder, browser: Browser) -> None:
    """Foreign names in Host, foreign or missing Origins of what a form sends: refused, and nothing is done."""
    task = await coder.task()
    await browser.look(path(task), 403, {"Host": "evil.example"})
    await browser.look("/", 403, {"Host": f"evil.example:{coder.server.port}"})
    for origin in ("http://evil.example", "null", "", f"http://localhost:{coder.server.port}"):
        await browser.press(task, "delete", 403, Origin=origin)
    assert not task.deleted
    host = f"localhost:{coder.server.port}"
    await browser.press(task, "crash", 200, Host=host, Origin=f"http://{host}")
    assert task.status == "error"


async def test_pages_are_no_calls(coder: Coder, browser: Browser) -> None:
    """Looking at a page is not in the record of calls, and its headers allow nothing from elsewhere."""
    task = await coder.task()
    calls = len(coder.server.calls)
    await browser.look(path(task))
    for name, kind in (("task.css", "text/css"), ("task.js", "javascript"), ("icon.svg", "image/svg+xml")):
        async with browser.client.get(f"{browser.url}/static/{name}") as answer:
            assert kind in answer.headers["Content-Type"]
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert len(coder.server.calls) == calls
    await browser.look("/static/nothing", 404)


def test_what_prompts_can_say_is_described_once() -> None:
    """Each script has its words in the list for people, in the same order, and each step can be told."""
    assert [words for words, _ in PROMPT_WORDS] == [*(words for words, _ in SCRIPTS), "anything else"]
    for words, _ in PROMPT_WORDS[:-1]:
        assert chosen(f"Please {words}, will you?") is dict(SCRIPTS)[words]
    for script in [DEFAULT, *dict(SCRIPTS).values()]:
        assert all(told(step) and "\n" not in told(step) for step in [*script.build, *script.agent])
