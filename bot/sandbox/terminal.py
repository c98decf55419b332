"""The sandbox in a terminal: what happens in Slack is printed as it happens, and what is typed is done there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.sandbox.coder.scripts import PROMPT_WORDS
from bot.sandbox.narrator import INDENT, Narrator, cards, reader, shown
from bot.sandbox.page import open_page, show
from bot.sandbox.run import Options, Stage, World, first, open_world, stop_signals
from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.pressing import Answer
from bot.sandbox.slack.records import Channel, ClientRefused, Message, User
from bot.sandbox.slack.view_state import Element, elements
from bot.sandbox.transcript import text_object

COMMAND = "/coder-task"

HELP = """\
  /coder-task create fix the flaky login test    any command of the bot
  hello everybody        a message in the channel
  > yes, please          a reply in the newest task's thread; >2 or >NAME names another one
  click Logs             press a button, or choose from a menu, on the newest message that has it
  as bo                  be somebody else: ana, bo, gia (a guest)
  in random              go to another channel: payments, random (the bot is not in it)
  show                   print the newest card again
  words                  what a prompt can say to the local agents, such as “ask” or “crash the build”
  quit                   end"""
WORDS = "\n".join(f"  {words:<23}{happens}" for words, happens in PROMPT_WORDS)


@dataclass
class Hands:
    """What people do in a local Slack, said aloud before it is done."""

    slack: SlackServer

    def note(self, text: str) -> None:
        """Say something beside the conversation."""
        self.slack.feed.tell("note", text=text)

    async def command(self, user: User, channel: Channel, text: str, command: str = COMMAND) -> Answer:
        """Type a command."""
        self._tell("typed", user, channel.id, f"{command} {text}")
        return self._checked(await self.slack.command(user, channel, command, text))

    async def press(self, user: User, label: str) -> Answer:
        """Press the button with this label, or choose the menu's entry, on the newest message that has it."""
        message, element, option = find_control(self.slack, user, label)
        self._tell("pressed", user, message.channel, label)
        reads = reader(self.slack)
        if question := element.body.get("confirm"):
            asked = [text_object(question.get(part), reads) for part in ("title", "text", "confirm")]
            self.note(f"{INDENT}Slack asks: {asked[0]} {asked[1]} → {asked[2]}")
        if url := element.body.get("url"):
            self.note(f"{INDENT}leads to {url}")
        value = element.body.get("value")
        press = partial(self.slack.click, user, message, element.action_id, value=value, block_id=element.block_id)
        return self._checked(await press(selected=option))

    def _tell(self, kind: str, user: User, channel: str, text: str) -> None:
        self.slack.feed.tell(kind, user=user.id, channel=channel, text=text)

    def _checked(self, answer: Answer) -> Answer:
        if not answer.ok:
            self.note(f"{INDENT}Slack says: {answer.error} {' '.join(answer.problems)}")
        return answer


def find_control(slack: SlackServer, user: User, label: str) -> tuple[Message, Element, Any]:
    """The newest message this user sees that has a button or menu entry of this label; LookupError for none."""
    wanted = label.strip().strip("[]").rstrip("…").casefold()
    mine = [channel for channel in slack.workspace.channels.values() if user.id in channel.members]
    said = [message for channel in mine for message in channel.messages.values()] + slack.ephemerals(user)
    seen = sorted(said, key=lambda one: one.ts, reverse=True)
    for message in seen:
        for element in elements(message.blocks):
            options = [option for option in element.body.get("options") or [] if _label(option) == wanted]
            if options or _label(element.body) == wanted:
                return message, element, options[0]["value"] if options else None
    raise LookupError(f"there is no {label!r} to click")


def _label(body: Any) -> str:
    text = body.get("text")
    return str(text["text"]).rstrip("…").casefold() if isinstance(text, dict) else ""


def find_card(slack: SlackServer, name: str) -> Message:
    """The card with this number or task name, the newest one for an empty name; LookupError when there is none."""
    for number, card in reversed(list(enumerate(cards(slack), 1))):
        words = {word for line in shown(slack, card) for word in re.split(r" · | {2}", line)}
        if name in {"", str(number)} | words:
            return card
    raise LookupError(f"there is no task {name!r}" if name else "there is no task yet")


@dataclass
class Chat:
    """One person at a keyboard, who can be several people."""

    stage: Stage
    user: User
    channel: Channel

    @property
    def _hands(self) -> Hands:
        return Hands(self.stage.slack)

    async def do(self, line: str) -> bool:
        """Do what a line says; False when it says to end."""
        try:
            return await self._do(line.strip())
        except (ClientRefused, LookupError) as refusal:
            self._hands.note(f"  ({refusal.args[0]})")
            return True

    async def _do(self, line: str) -> bool:
        word, _, rest = line.partition(" ")
        match word:
            case "":
                pass
            case "quit" | "exit":
                return False
            case "help":
                self._hands.note(HELP)
            case "words":
                self._hands.note(WORDS)
            case "show":
                card = find_card(self.stage.slack, rest.strip())
                self._hands.note("\n".join(INDENT + shown_line for shown_line in shown(self.stage.slack, card)))
            case "as" | "in" if rest and " " not in rest:
                self._move(word, rest.lstrip("@#"))
            case "click" if rest:
                await self._hands.press(self.user, rest)
            case _ if word.startswith("/"):
                await self._hands.command(self.user, self.channel, rest, word)
            case _ if word.startswith(">"):
                card = find_card(self.stage.slack, word[1:])
                await self.stage.slack.post(self.user, card.channel, rest, card.thread_ts or card.ts)
            case _:
                await self.stage.slack.post(self.user, self.channel, line)
        return True

    def _move(self, word: str, name: str) -> None:
        """Become somebody else (`as`), or go to another channel (`in`)."""
        if word == "as" and name in self.stage.people:
            self.user = self.stage.people[name]
        elif word == "in" and name in self.stage.channels:
            self.channel = self.stage.channels[name]
        else:
            known = self.stage.people if word == "as" else self.stage.channels
            raise LookupError(f"{name!r} is none of: {', '.join(known)}")
        self._hands.note(f"  You are {self.user.real_name} in #{self.channel.name}.")


async def typed_lines(terminal: int) -> AsyncIterator[str]:
    """The lines that are typed at a terminal (a file descriptor), until its end."""
    loop, chunks = asyncio.get_running_loop(), asyncio.Queue[bytes]()
    loop.add_reader(terminal, lambda: chunks.put_nowait(os.read(terminal, 4096)))
    rest = b""
    try:
        while chunk := await chunks.get():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield line.decode(errors="replace")
    finally:
        loop.remove_reader(terminal)


def write(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def welcome(world: World, url: str, *, typing: bool) -> str:
    """Where everything is, who you are, what to type."""
    settings, stage, coder = world.settings, world.stage, world.coder
    slack_is = f"{stage.slack.url} (local)" if stage else "the real one, with your tokens"
    coder_is = f"{coder.url} (local)" if coder else f"{settings.coder_url} (the real one)"
    lines = [
        f"Open {url} in a browser." if url else "There is no page: use your own Slack.",
        "The sandbox runs: the real bot" + (" between a local Slack and a local Coder." if stage and coder else "."),
        f"  Slack   {slack_is}",
        f"  Coder   {coder_is}",
        f"  health  http://{settings.bot_host}:{world.bot.port}/readyz",
        f"  log     {world.log_path}",
    ]
    if stage and not coder:
        lines.append(f"Ana's e-mail is {stage.ana.email}: SANDBOX_EMAIL must be that of your own Coder user.")
    if stage and typing:
        lines += ["Or type here. You are Ana Ruiz in #payments; for example:", *HELP.split("\n")]
    else:
        lines.append("It runs until Ctrl-C or SIGTERM.")
    return "\n".join(lines)


async def converse(options: Options) -> int:
    """Run the sandbox until a signal, or until the person at the terminal ends it; the exit status."""
    asked = stop_signals()
    async with open_world(os.environ, options) as world, open_page(world, options) as url:
        typing = sys.stdin.isatty()
        write(welcome(world, url, typing=typing))
        await show(url, options)
        async with _narration(world):
            if world.stage and typing:
                chatting = asyncio.create_task(_chat(world.stage), name="chat")
                await first(asked, chatting)
                await _ended(chatting)
            else:
                await asked.wait()
        world.keep = bool(world.bot.ends)
        if world.keep:
            write(f"The bot has ended by itself (status {world.bot.ends[-1]}) and was started again; its log is kept.")
    return 0


@asynccontextmanager
async def _narration(world: World) -> AsyncIterator[None]:
    if world.stage is None:
        yield
        return
    async with Narrator(world.stage.slack, write).telling():
        yield


async def _chat(stage: Stage) -> None:
    chat = Chat(stage, stage.ana, stage.payments)
    async for line in typed_lines(sys.stdin.fileno()):
        if not await chat.do(line):
            return


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel what still runs; a failure of what has ended is raised."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
