"""What goes along with a prompt and has to be read in Slack first: text files, and the thread around a mention."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from bot import background, hearing, wishes
from bot.delivery.outside import Outside
from bot.errors import SlackRefused, Transient
from bot.models import CreateRequest, Enclosed, Place, Prompt, Quote, Task
from bot.slack.client import SlackUser
from bot.store.lanes import Item
from bot.store.prompt_rows import get_prompt
from bot.thread_words import LONGEST_FILE
from bot.typed import decode

log = logging.getLogger(__name__)

# So many tries to read a file take about a minute; then the agent gets its link.
_TRIES = 5
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_READ: dict[str, Any] = {"url": "", "is_unread": False}
_PERSONS_MESSAGE = {None, "file_share", "thread_broadcast"}


# -- files -------------------------------------------------------------------------------------------------------------


async def read_files(outside: Outside, item: Item) -> None:
    """Read the text files of a prompt, and let it be sent."""
    prompt: Prompt = await outside.database.run(get_prompt, item.payload["prompt"])
    if prompt.is_unread:
        files = await _read(outside, prompt.files, is_last=item.failures >= _TRIES)
        await outside.database.run(hearing.files_read, prompt.id, files, _unseen(files))


async def files_dead(outside: Outside, item: Item, error: BaseException) -> None:
    """Nothing helped: the agent gets the links."""
    del error
    prompt: Prompt = await outside.database.run(get_prompt, item.payload["prompt"])
    files = tuple(_by_link(file) for file in prompt.files)
    await outside.database.run(hearing.files_read, prompt.id, files, _unseen(files))


async def _read(outside: Outside, files: Sequence[Enclosed], *, is_last: bool) -> tuple[Enclosed, ...]:
    """The files with their texts; Transient when Slack does not answer, unless this is the last try."""
    try:
        async with asyncio.TaskGroup() as group:
            reading = [group.create_task(_read_one(outside, file, is_last=is_last)) for file in files]
    except* Transient as errors:
        raise errors.exceptions[0] from None
    return tuple(one.result() for one in reading)


async def _read_one(outside: Outside, file: Enclosed, *, is_last: bool) -> Enclosed:
    if not file.is_unread:
        return file
    if not file.url:
        return _by_link(file)
    try:
        data = await outside.slack.download(file.url, LONGEST_FILE)
    except SlackRefused as refusal:
        log.info("a file cannot be read", extra={"action": "file_unread", "code": refusal.code})
        return _by_link(file)
    except Transient as error:
        if not is_last:
            raise
        log.warning("a file could not be read", extra={"action": "file_given_up", "error": str(error)})
        return _by_link(file)
    text = _text(data) if len(data) == file.size else None  # of another length it is no file but a page that says why
    return _by_link(file) if text is None else file.model_copy(update={"text": text, **_READ})


def _by_link(file: Enclosed) -> Enclosed:
    return file.model_copy(update=_READ)


def _text(data: bytes) -> str | None:
    """What the bytes say; None when they are no text, or nothing."""
    try:
        text = data.decode("utf-16" if data.startswith(_BYTE_ORDER_MARKS) else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    return text if text.strip() and "\x00" not in text else None


def _unseen(files: Sequence[Enclosed]) -> list[str]:
    """The names of the files that the agent cannot see."""
    return [file.name for file in files if not file.text]


# -- what goes along with a new task -----------------------------------------------------------------------------------


async def gathered(outside: Outside, item: Item, task: Task, request: CreateRequest) -> CreateRequest:
    """The wish for a task with its files and its thread, which are read once; Transient when Slack does not answer."""
    if request.quoting is None and not any(file.is_unread for file in request.files):
        return request
    is_last = item.failures >= _TRIES
    files = await _read(outside, request.files, is_last=is_last)
    read, unread = request, False
    if request.quoting is not None:
        try:
            read = await _with_thread(outside, request, request.quoting)
        except (SlackRefused, Transient) as error:
            if isinstance(error, Transient) and not is_last:
                raise
            log.warning("a thread cannot be read", extra={"action": "thread_unread", "error": str(error)})
            unread = True
    read = read.model_copy(update={"files": files, "quoting": None})
    await outside.database.run(wishes.read, task.id, read, _unseen(files), thread_unread=unread)
    return read


async def _with_thread(outside: Outside, request: CreateRequest, place: Place) -> CreateRequest:
    """The wish with what people wrote in the thread before it, as quotes."""
    source = request.source or place
    written = [
        message
        for message in await outside.slack.thread(place.channel, place.thread_ts)
        if message["ts"] < (source.ts or "9") and _is_from_a_person(message)
    ]
    people = {user: await outside.slack.user(user) for user in {str(message["user"]) for message in written}}
    quotes = [_quote(message, people) for message in written if not _is_left_out(people[message["user"]])]
    kept, left_out = background.fitting([quote for quote in quotes if quote.text.strip()])
    if left_out:
        log.info("a thread is too long", extra={"action": "thread_cut", "left_out": left_out})
    link = source.link or (await outside.slack.permalink(source.channel, source.ts) if source.ts else "")
    return request.model_copy(update={"quotes": kept, "source": source.model_copy(update={"link": link})})


def _is_from_a_person(message: dict[str, Any]) -> bool:
    plain = message.get("subtype") in _PERSONS_MESSAGE
    return plain and not message.get("bot_id") and bool(message.get("user"))


def _is_left_out(user: SlackUser) -> bool:
    """Whether somebody's words do not go to agents: bots, guests, people of other organizations."""
    return user.is_guest or user.is_bot


def _quote(message: dict[str, Any], people: dict[str, SlackUser]) -> Quote:
    author = people[message["user"]]
    text = decode(str(message.get("text") or ""), partial(_name, people))
    return Quote(author=author.name, text=text, at=float(message["ts"]))


def _name(people: dict[str, SlackUser], slack_user: str) -> str:
    known = people.get(slack_user)
    return known.name if known else slack_user
