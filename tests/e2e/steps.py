"""What the tests of commands do again and again: press buttons, look at what Coder was asked, add what others made."""

from __future__ import annotations

import re
from typing import Any

import httpx

from bot.sandbox.coder import Call, TaskHandle
from bot.sandbox.coder.records import Template, Version
from bot.sandbox.slack.pressing import Answer
from bot.sandbox.slack.records import Message, User
from tests.e2e.scene import Scene, words
from tests.sandbox.coder_scene import NO_TLS

CREATE = "POST /api/v2/tasks/*"


def hurried(scene: Scene, seconds: float = 0.02) -> None:
    """Let failed deliveries be tried again almost at once instead of after seconds and minutes."""
    assert scene.bot is not None
    scene.bot.outbox._back_off = lambda _: seconds


def creates(scene: Scene) -> list[Call]:
    """What Coder was asked to create."""
    made = re.compile(r"POST /api/v2/tasks/[^/]+")
    return [call for call in scene.coder.calls if made.fullmatch(call.name)]


def asked(scene: Scene, name: str) -> list[Call]:
    """The requests to Coder of this name, such as `GET /api/v2/users`."""
    return [call for call in scene.coder.calls if call.name == name]


async def created(scene: Scene, text: str, user: User | None = None) -> TaskHandle:
    """Somebody (Ana) types a command that makes a task; the task."""
    known = len(scene.coder.tasks)
    answer = await scene.command(text, user)
    assert answer.ok, answer.error
    await scene.reached(lambda: len(scene.coder.tasks) > known, f"a task from {text!r}")
    return scene.coder.tasks[-1]


async def told(scene: Scene, *texts: str, user: User | None = None) -> Message:
    """Wait until a person (Ana) is privately told something with all these words; the message."""

    def found() -> list[Message]:
        seen = scene.slack.ephemerals(user or scene.ana)
        return [one for one in seen if all(text in words(one) for text in texts)]

    return (await scene.seen(found, f"{texts!r} for {(user or scene.ana).name} only"))[-1]


async def ask(scene: Scene, text: str, user: User | None = None) -> Message:
    """Somebody (Ana) types a command; the private answer to it."""
    who = user or scene.ana
    known = {message.ts for message in scene.slack.ephemerals(who)}
    answer = await scene.command(text, who)
    assert answer.ok, (answer.error, answer.problems)

    def new() -> list[Message]:
        return [message for message in scene.slack.ephemerals(who) if message.ts not in known]

    return (await scene.seen(new, f"an answer to {text!r}"))[0]


def buttons(message: Message) -> dict[str, dict[str, Any]]:
    """The buttons of a message by what stands on them."""
    rows = [block for block in message.blocks if block["type"] == "actions"]
    found = [element for row in rows for element in row["elements"] if element["type"] == "button"]
    return {element["text"]["text"]: element for element in found}


async def press(scene: Scene, message: Message, label: str, user: User | None = None) -> Answer:
    """Somebody (Ana) presses the button that says so."""
    element = buttons(message)[label]
    answer = await scene.slack.click(user or scene.ana, message, element["action_id"], value=element.get("value"))
    assert answer.ok, answer.error
    return answer


async def choose(scene: Scene, card: Message, entry: str, user: User | None = None) -> Answer:
    """Somebody (Ana) chooses an entry of the card's menu."""
    answer = await scene.slack.click(user or scene.ana, scene.card(card), "task.more", selected=entry)
    assert answer.ok, answer.error
    return answer


async def made_in_coder(scene: Scene, name: str, prompt: str = "Made in Coder", owner: str = "ana") -> TaskHandle:
    """A task that its owner made in Coder, not in Slack."""
    body = {"template_version_id": scene.coder.deployment.templates[0].active_version.id, "input": prompt, "name": name}
    headers = {"Coder-Session-Token": scene.coder.token_for(owner)}
    async with httpx.AsyncClient(base_url=scene.coder.url, headers=headers, verify=NO_TLS) as client:
        answer = await client.post("/api/v2/tasks/me", json=body)
        answer.raise_for_status()
    return scene.coder.task(str(answer.json()["id"]))


def template(scene: Scene, name: str, version: Version | None = None) -> Template:
    """One more template in Coder."""
    organization = scene.coder.deployment.organizations[0]
    made = Template(name, organization, [version or Version(f"{name}-1")], display_name=name.replace("-", " ").title())
    scene.coder.deployment.templates.append(made)
    return made
