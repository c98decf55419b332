"""The tour: a conversation between Ana, Bo and the bot, played fast, printed as it happens, checked at the end."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from bot.errors import StartError
from bot.sandbox.coder import CoderServer, TaskHandle
from bot.sandbox.narrator import Narrator, cards, shown
from bot.sandbox.page import open_page, show
from bot.sandbox.run import Options, Stage, World, first, open_world, stop_signals, without_settings
from bot.sandbox.slack.records import ClientRefused, Message, User
from bot.sandbox.terminal import Hands, write

T = TypeVar("T")

# The bot's pace, to fit agents that do in seconds what takes others minutes. Nothing of the person's own environment
# is used: a tour creates and deletes tasks, and must not do so on a real server.
_SETTINGS: Final = {"BOT_POLL_SECONDS": "0.2", "BOT_SETTLE_SECONDS": "0.4", "BOT_EDIT_SECONDS": "0.4"}
_PATIENCE: Final = 20.0
# How much faster than usual the local Coder is while something is looked at, and while it is waited for.
_SLOW, _WATCH, _HASTE = 1.0, 8.0, 50.0

_FIRST: Final = "fix the flaky login test, and ask me before you touch other tests"
_SECOND: Final = "round invoice totals to whole cents, but crash the build first"
_ANSWER: Final = "Yes, remove them there too."
_LATER: Final = "Add a test for negative totals as well."


class TourError(Exception):
    """Something that belongs to the tour is missing; the text says what."""


@dataclass
class Tour:
    """The play: its scenes, what they wait for, and what the agents must have heard in the end."""

    stage: Stage
    coder: CoderServer
    speed: float = 1.0
    prompts: list[list[str]] = field(default_factory=list)  # for each task, in order

    def __post_init__(self) -> None:
        self.slack, self.hands = self.stage.slack, Hands(self.stage.slack)

    async def play(self) -> str:
        """All scenes, and what has come of them."""
        login = await self.starts()
        await self.answers(login)
        await self.mistypes()
        invoices = await self.crashes()
        await self.pauses(invoices)
        await self.deletes(login)
        return summary(self)

    # -- the scenes ----------------------------------------------------------------------------------------------

    async def starts(self) -> Message:
        """Ana starts a task."""
        self.heading("1. Ana starts a task. Its card follows the start-up and the work; the agent asks something.")
        self.pace(_WATCH)
        card = await self.create("", _FIRST)
        for word in ("Starting", "Working"):
            await self.shows(card, word)
        self.pace(_HASTE)
        await self.hears(card, "Waiting for input")
        await self.shows(card, "Waiting for input")
        return card

    async def answers(self, card: Message) -> None:
        """Bo may not answer, Ana may."""
        self.heading("2. Bo answers and is refused privately. Ana answers; the agent finishes with a pull request.")
        await self.reply(self.stage.bo, card, "Sure, go ahead.")
        await self.sees(self.stage.bo, "Not sent to the agent")
        await self.prompt(card, _ANSWER)
        await self.hears(card, "Complete")
        await self.shows(card, "PR #482")

    async def mistypes(self) -> None:
        """A command that does not exist."""
        self.heading("3. A mistyped command gets the nearest one. Nothing is run by itself.")
        await self.command("lsit")
        await self.sees(self.stage.ana, "The nearest is")
        await self.press("Run list")
        await self.sees(self.stage.ana, self.task(0).name)

    async def crashes(self) -> Message:
        """A build fails and is tried again."""
        self.heading("4. The build of a second task crashes. The card shows the end of its log; Ana tries again.")
        card = await self.create("--preset Large ", _SECOND)
        await self.hears(card, "Workspace build failed")
        await self.shows(card, "no space left on device")
        await self.press("Retry build")
        await self.hears(card, "Complete")
        await self.shows(card, "Complete")
        return card

    async def pauses(self, card: Message) -> None:
        """A reply resumes a paused task."""
        self.heading("5. Ana pauses the task. A later reply resumes it, and reaches the agent when that is ready.")
        await self.press("Pause")
        await self.hears(card, "Paused")
        await self.shows(card, "Paused")
        await self.prompt(card, _LATER)
        await self.until(lambda: self.thread(card).count("Complete") > 1, "a second “Complete” in the thread")
        await self.shows(card, "Complete")

    async def deletes(self, card: Message) -> None:
        """Deleting takes two steps."""
        self.heading("6. Ana deletes the first task, after a question.")
        await self.command(f"delete {self.task(0).name}")
        await self.sees(self.stage.ana, "cannot be undone")
        await self.press("Delete task")
        await self.hears(card, "Deleted")
        await self.shows(card, "Deleted")

    # -- what people do ------------------------------------------------------------------------------------------

    def heading(self, text: str) -> None:
        """Say what comes."""
        self.hands.note(f"\n{text}\n")

    def pace(self, speed: float) -> None:
        """From their next step on, builds and agents are so much faster than usual."""
        self.coder.deployment.clock.speed = speed * self.speed

    async def command(self, text: str) -> None:
        """Ana types a command in #payments."""
        await self.hands.command(self.stage.ana, self.stage.payments, text)

    async def create(self, flags: str, prompt: str) -> Message:
        """Ana starts a task; its card."""
        number = len(self.prompts)
        self.prompts.append([prompt])
        await self.command(f"create {flags}{prompt}")
        return await self.until(lambda: cards(self.slack)[number], f"the card of “{prompt}”")

    async def reply(self, user: User, card: Message, text: str) -> str:
        """Somebody writes in a card's thread."""
        return await self.slack.post(user, card.channel, text, card.ts)

    async def prompt(self, card: Message, text: str) -> None:
        """Ana's reply reaches the agent: it is marked as waiting, then as delivered."""
        self.prompts[cards(self.slack).index(card)].append(text)
        self.pace(_SLOW)
        ts = await self.reply(self.stage.ana, card, text)
        marks = partial(self.slack.reactions, card.channel, ts)
        await self.until(lambda: "hourglass_flowing_sand" in marks(), f"the hourglass on “{text}”")
        self.pace(_HASTE)
        await self.until(lambda: "white_check_mark" in marks(), f"the check mark on “{text}”")

    async def press(self, label: str) -> None:
        """Ana presses a button."""
        await self.hands.press(self.stage.ana, label)

    # -- what is waited for --------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], T], what: str) -> T:
        """Wait for something in Slack."""
        return await self.slack.until(condition, _PATIENCE, what)

    async def shows(self, card: Message, words: str) -> None:
        """Wait until a card shows these words."""
        await self.until(lambda: words in self.read(card), f"a card that shows “{words}”")

    async def hears(self, card: Message, words: str) -> None:
        """Wait until these words are in a card's thread."""
        await self.until(lambda: words in self.thread(card), f"“{words}” in the thread")

    async def sees(self, user: User, words: str) -> None:
        """Wait until somebody is shown these words privately."""

        def seen() -> bool:
            return any(words in self.read(one) for one in self.slack.ephemerals(user))

        await self.until(seen, f"“{words}”, for {user.real_name} only")

    def read(self, message: Message) -> str:
        """What a message says."""
        return "\n".join(shown(self.slack, message))

    def thread(self, card: Message) -> str:
        """What the bot has said in a card's thread."""
        replies = self.slack.thread(card.channel, card.ts)
        return "\n".join(self.read(one) for one in replies if one.user == self.slack.bot_user.id)

    def task(self, number: int) -> TaskHandle:
        """The task that was started first, second, ..."""
        return next(task for task in self.coder.tasks if task.task.initial_prompt == self.prompts[number][0])


# -- what has come of it -----------------------------------------------------------------------------------------------


def summary(tour: Tour) -> str:
    """What the local servers have after the tour; TourError when something is there twice, or is not there."""
    heard = [[task.task.initial_prompt, *task.inputs] for task in tour.coder.tasks]
    if sorted(heard) != sorted(tour.prompts):
        raise TourError(f"the agents heard {heard} instead of {tour.prompts}")
    posts = _deliveries(tour)
    twice = len(posts) - len(set(posts))
    if twice:
        raise TourError(f"{twice} messages came twice: {sorted({one for one in posts if posts.count(one) > 1})}")
    counts = f"{len(heard)} tasks and {sum(map(len, heard))} prompts"
    words = " and ".join(f"{task.name} is {'deleted' if task.deleted else task.status}" for task in tour.coder.tasks)
    return (
        f"Verified: {counts}, each exactly once; {len(posts)} messages, {twice} of them twice.\n"
        f"In Coder {words}, as their cards say."
    )


def _deliveries(tour: Tour) -> list[str]:
    """What each message of the bot was posted for: it is in the metadata with which the message first came."""
    said = [one.versions[0].metadata if one.versions else one.metadata for one in tour.stage.payments.messages.values()]
    return [str(metadata["event_payload"]["delivery"]) for metadata in said if metadata]


async def play(options: Options) -> int:
    """Play the tour, in the page too; 0 when all of it came, else 1 and what was waited for.

    The speed is on top of the tour's own. A page that was shown in a browser stays until a signal.
    """
    asked, began = stop_signals(), time.monotonic()
    environment = {**without_settings(os.environ), **_SETTINGS}
    async with open_world(environment, options) as world, open_page(world, options) as url:
        write(f"Open {url} to see it in a browser.")
        shown_now = await show(url, options)
        failure = await _played(world, options.speed, asked)
        if failure:
            world.keep = True
            print(f"\nThe tour did not come to its end: {failure}\nlog: {world.log_path}", file=sys.stderr)
        else:
            write(f"The tour took {time.monotonic() - began:.0f} seconds.")
        if shown_now and not asked.is_set():
            write("The page stays until Ctrl-C.")
            await asked.wait()
    return 1 if failure else 0


async def _played(world: World, speed: float, asked: asyncio.Event) -> str:
    """Play all of it, printed as it happens; why it did not come to its end, "" when it did."""
    if world.stage is None or world.coder is None:
        raise StartError("the tour plays on local servers only")
    tour = Tour(world.stage, world.coder, speed)
    async with Narrator(tour.slack, write).telling():
        playing = asyncio.create_task(tour.play(), name="tour")
        await first(asked, playing)
        result, failure = await _outcome(playing)
    if world.bot.ends:
        failure = f"the bot ended with status {world.bot.ends[0]}"
    if not failure:
        write(f"\n{result}")
    return failure


async def _outcome(playing: asyncio.Task[str]) -> tuple[str, str]:
    """What a tour has shown, or else what it lacks."""
    playing.cancel()
    try:
        return await playing, ""
    except asyncio.CancelledError:
        return "", "it was stopped"
    except (TimeoutError, LookupError, ClientRefused, TourError) as error:
        return "", str(error)
