"""The use cases of what somebody asks of the bot itself: in a channel by a mention, or in their direct messages."""

from __future__ import annotations

from hashlib import sha256

from bot import tasks
from bot.blocks import answers, thread_answers
from bot.blocks.help import help_answer
from bot.blocks.problems import problem
from bot.commands import Create, Help, Meant
from bot.drafts import Draft
from bot.errors import UserError
from bot.models import Content, CreateRequest, Form, Origin, Phase, Place, Said, SourceMessage
from bot.problems.tasks import already_done
from bot.prompts import show_private
from bot.store import Connection
from bot.store.form_rows import add_form, find_form, save_form
from bot.store.task_rows import lock_task, save_task

KIND = "wish"  # of the form row that keeps what a question is about


def asked(connection: Connection, said: Said, meant: Meant) -> None:
    """Do what somebody asks for in a channel, in a thread that is no task's, or in direct messages."""
    origin = Origin(key=said.key, user=said.user, user_name="", channel=said.channel, thread_ts=said.thread_ts)
    match meant.command:
        case None:
            tasks.show_at_once(connection, origin, Content(meant.text, meant.blocks))
        case Help(topic=topic):
            tasks.show_at_once(connection, origin, help_answer(topic))
        case Create(request=request):
            _create(connection, said, request, origin, unsure=meant.unsure)
        case command:
            tasks.answer(connection, command, origin)


def _create(connection: Connection, said: Said, request: CreateRequest, origin: Origin, *, unsure: bool) -> None:
    """Start a task in the message's thread; in a thread where people have talked, ask whether that goes along."""
    place = Place(channel=said.channel, thread_ts=said.thread_ts or said.ts)
    source = Place(channel=said.channel, ts=said.ts, thread_ts=said.thread_ts)
    wish = request.model_copy(update={"place": place, "source": source, "files": said.files})
    try:
        if said.thread_ts or unsure:
            tasks.check_start(connection, said.channel)
            _ask(connection, said, wish, origin)
        else:
            tasks.create(connection, Create(request=wish), origin)
    except UserError as error:
        tasks.show_at_once(connection, origin, problem(error))


def _ask(connection: Connection, said: Said, wish: CreateRequest, origin: Origin) -> None:
    form_id = sha256(said.key.encode()).hexdigest()[:32]
    form = Form(id=form_id, kind=KIND, user=said.user, data={"request": wish.model_dump(mode="json")})
    if add_form(connection, form):
        content = thread_answers.wish_asked(wish.prompt, form_id, in_thread=bool(said.thread_ts))
        tasks.show_at_once(connection, origin, content)


def request_of(connection: Connection, form_id: str, origin: Origin) -> CreateRequest | None:
    """What a question is about, for whom it was asked; they are told when nobody remembers."""
    form = find_form(connection, form_id)
    if form is None or form.kind != KIND or form.user != origin.user:
        tasks.show_at_once(connection, origin, thread_answers.too_old())
        return None
    return CreateRequest.model_validate(form.data["request"])


def draft_of(connection: Connection, form_id: str, origin: Origin) -> Draft | None:
    """The form for a new task, with what was written and the thread around it to choose from."""
    request = request_of(connection, form_id, origin)
    if request is None or request.source is None:
        return None
    source, files = request.source, request.files
    at = float(source.ts)
    message = SourceMessage(place=source, user=origin.user, text=request.prompt, at=at, is_own=True, files=files)
    return Draft(
        request=request,
        channel=origin.channel,
        thread_ts=origin.thread_ts,
        user_name=origin.user_name,
        wish=form_id,
        message=message,
    )


def start(connection: Connection, form_id: str, origin: Origin, *, with_thread: bool) -> None:
    """The answer to the question whether a task starts, and with what: the first answer counts."""
    request = request_of(connection, form_id, origin)
    if request is None:
        return
    if with_thread:
        request = request.model_copy(update={"quoting": request.place})
    once = origin.model_copy(update={"key": key_of(form_id)})
    try:
        is_first = tasks.create(connection, Create(request=request), once)
    except UserError as error:
        tasks.show_at_once(connection, origin, problem(error))
        return
    if is_first:
        note_start(connection, form_id, origin.key)
        tasks.show_at_once(connection, origin, answers.creating(request.template, request.preset))
    elif started_by(connection, form_id) != origin.key:  # another click; the same one may be delivered twice
        # Not in the question's place, which is taken by what becomes of the task.
        tasks.show_at_once(connection, origin.model_copy(update={"response_url": ""}), problem(already_done()))


def key_of(form_id: str) -> str:
    """The key of the task that comes of a question, whichever way it is answered: so there is one at most."""
    return f"wish:{form_id}"


def note_start(connection: Connection, form_id: str, by: str) -> None:
    """Remember which answer to the question started the task; `by` is its key."""
    form = find_form(connection, form_id)
    if form is not None:
        save_form(connection, form_id, data={**form.data, "by": by})


def started_by(connection: Connection, form_id: str) -> str:
    """The key of the answer that started the task; empty while there is none."""
    form = find_form(connection, form_id)
    return str(form.data.get("by", "")) if form else ""


def read(
    connection: Connection, task_id: str, request: CreateRequest, unseen: list[str], *, thread_unread: bool
) -> None:
    """The thread and the files of a new task have been read; its requester hears of what the agent cannot see."""
    task = lock_task(connection, task_id)
    if task.phase is not Phase.CREATING:
        return
    save_task(connection, task_id, request=request)
    if task.answer is None:
        return
    origin = task.answer.model_copy(update={"response_url": "", "key": f"read:{task_id}"})
    if unseen:
        show_private(connection, origin, thread_answers.unseen(unseen), f"unseen:{task_id}")
    if thread_unread:
        show_private(connection, origin, thread_answers.thread_unread(), f"unread:{task_id}")
