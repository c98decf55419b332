"""What people write to the bot itself: a mention in a channel, and what follows of it. `messages` has the rest.

The same message comes as `app_mention` and as `message`, in either order; both are taken in alike and count once.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import hearing, prompts, wishes
from bot.blocks.problems import problem
from bot.commands import Create, Help, Meant
from bot.errors import Offer, UserError
from bot.forms import Forms
from bot.listeners.grammar import parse
from bot.listeners.new_task import open_draft
from bot.listeners.opening import opens_form
from bot.listeners.origins import origin_of
from bot.models import Content, CreateRequest, Kind, Said
from bot.tasks import Run
from bot.thread_words import said_in
from bot.typed import Names, decode


def register(app: AsyncApp, run: Run, forms: Forms, bot_user: str) -> None:
    """Register mentions, and the answers to the question whether a task starts from one."""
    app.event("app_mention")(partial(mentioned, run, bot_user))
    app.action("wish.thread")(partial(wish_clicked, run, with_thread=True))
    app.action("wish.alone")(partial(wish_clicked, run, with_thread=False))
    app.action("wish.edit")(partial(wish_edited, run, forms))


async def mentioned(run: Run, bot_user: str, event: dict[str, Any]) -> None:
    """Somebody mentions the bot in a channel."""
    await heard(run, bot_user, event)


async def heard(run: Run, bot_user: str, event: dict[str, Any]) -> None:
    """Take in a message, in whatever event it came."""
    said = said_in(event, event["channel"], bot_user)
    if said is not None and (said.thread_ts or said.of_bot or said.is_direct):
        await run(_hear, said)


def _hear(connection: Any, said: Said) -> None:
    hearing.hear(connection, said, meaning(connection, said))


def meaning(connection: Any, said: Said) -> Meant | None:
    """What somebody asks of the bot, if they do not speak to a task; None when it is not to the bot.

    The grammar comes first; what is no command is a prompt, and where the bot is only spoken of, it asks.
    """
    to_bot = said.to_bot or said.is_direct
    is_note = said.kind is Kind.NOTE and (not to_bot or said.text.lstrip().startswith("//") or said.is_empty)
    if is_note or not (to_bot or said.of_bot):
        return None
    names = partial(prompts.name_of, connection)
    unsure = not to_bot or (said.kind is Kind.NOTE and not said.is_direct)
    if unsure or (said.files and not said.text.strip()):
        return _as_prompt(said, names, unsure=unsure)
    return _by_grammar(said, names) if said.text.strip() else Meant(command=Help())


def _by_grammar(said: Said, names: Names) -> Meant:
    try:
        command = parse(said.text, names=names)
    except UserError as error:
        if error.name == "create_ask" or (said.files and error.name == "unknown_command"):
            return _as_prompt(said, names)
        return _told(problem(error))
    return _told(_opened_by_click(said.text)) if opens_form(command) else Meant(command=command)


def _as_prompt(said: Said, names: Names, *, unsure: bool = False) -> Meant:
    request = CreateRequest(prompt=decode(said.text.strip(), names))
    return Meant(command=Create(request=request), unsure=unsure)


def _told(content: Content) -> Meant:
    return Meant(text=content.text, blocks=content.blocks)


def _opened_by_click(text: str) -> Content:
    """Slack lets a form be opened by a click only."""
    offer = Offer("Open the form…", text.strip(), "primary")
    return problem(UserError("form_expired", "This needs a form", "", "A click opens it.", (offer,)))


async def wish_clicked(
    run: Run, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], *, with_thread: bool
) -> None:
    """Start the task, with the thread around the message or without it."""
    await run(wishes.start, action["value"], origin_of(body, action), with_thread=with_thread)
    await ack()


async def wish_edited(run: Run, forms: Forms, ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
    """Open the form for a new task with what was written."""
    origin = origin_of(body, action)
    draft = await run(wishes.draft_of, action["value"], origin)
    if draft is not None:
        await open_draft(forms, draft, origin, body["trigger_id"])
    await ack()
