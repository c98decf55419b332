"""Answers to commands that only read."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bot import changes, commands, policy, problems
from bot.blocks import answers, logs
from bot.blocks.choices import preset_list, template_list
from bot.blocks.lists import TaskRow
from bot.blocks.lists import task_list as list_content
from bot.blocks.output import build_log, log_tail
from bot.blocks.status import Facts
from bot.blocks.status import task_status as status_content
from bot.cards import card_view, shown_condition
from bot.coder.choices import choose_template
from bot.coder.errors import NotActive
from bot.delivery.cards import up_to_date_details
from bot.delivery.finding import Wanted, called_by, find_task
from bot.delivery.homes import defaults
from bot.delivery.outside import Outside
from bot.errors import UserError
from bot.models import (
    CardView,
    Condition,
    Content,
    Memory,
    Origin,
    Person,
    PersonSettings,
    Phase,
    Preset,
    PromptState,
    Snapshot,
    Status,
    Task,
    Template,
)
from bot.store import Connection
from bot.store.card_rows import cards_of
from bot.store.moments import now
from bot.store.person_rows import find_by_coder_id
from bot.store.prompt_rows import count_prompts
from bot.store.settings_rows import get_person_settings
from bot.store.task_rows import find_by_coder_id as find_known


async def task_list(outside: Outside, person: Person, command: commands.List, _: Origin) -> Content:
    """The person's tasks, or with --all those of everybody whom they may see."""
    seen = [task for task in await outside.backend.snapshots() if policy.may_see(person, task)]
    wanted = [task for task in seen if command.everyone or task.owner_id == person.coder_id]
    if command.status is not None:
        wanted = [task for task in wanted if task.status is command.status]
    rows = await outside.database.run(_rows, wanted)
    return list_content(
        rows,
        now=time.time(),
        page=command.page,
        everyone=command.everyone,
        status=command.status,
        state=command.state,
    )


def _rows(connection: Connection, snapshots: Sequence[Snapshot]) -> list[TaskRow]:
    return [_row(connection, snapshot) for snapshot in snapshots]


def _row(connection: Connection, snapshot: Snapshot) -> TaskRow:
    known = find_known(connection, snapshot.id)
    owner = find_by_coder_id(connection, snapshot.owner_id)
    if known is not None:
        condition, since = shown_condition(known)
        link = next((card.link for card in cards_of(connection, known.id) if card.link), None)
    else:
        condition = changes.condition_seen(Memory(), snapshot, time.time())
        since = snapshot.report.at if snapshot.report else snapshot.created_at
        link = None
    return TaskRow(
        title=snapshot.title,
        url=snapshot.url,
        name=snapshot.name,
        condition=condition,
        since=since,
        message=snapshot.report.message if snapshot.report and condition is Condition.WAITING else "",
        thread_link=link,
        uri=snapshot.report.uri if snapshot.report else "",
        owner=owner.name if owner else snapshot.owner_name,
        id=snapshot.id,
    )


async def task_status(outside: Outside, person: Person, command: commands.Show, _: Origin) -> Content:
    """Everything about one task."""
    snapshot = await find_task(outside, person, Wanted(command.task, "status", exactly=False))
    view, task, link, prompts = await outside.database.run(_status, snapshot, person)
    details = await up_to_date_details(outside, task, view) if task.phase is Phase.OPEN else view.details
    state = snapshot.report.state.value if snapshot.report else ""
    facts = Facts(
        username=snapshot.owner_name,
        preset=task.request.preset if task.request else "",
        workspace=snapshot.workspace_status,
        card_link=link or "",
        prompts_sent=prompts.get(PromptState.DELIVERED.value, 0),
        raw_status=snapshot.status.value,
        raw_state=state,
    )
    return status_content(view.model_copy(update={"details": details}), facts)


def _status(
    connection: Connection, snapshot: Snapshot, person: Person
) -> tuple[CardView, Task, str | None, dict[str, int]]:
    """What is known of the task; one that was not made here is shown without being adopted."""
    at = now(connection)
    known = find_known(connection, snapshot.id)
    if known is None:
        seen = Memory(condition=changes.condition_seen(Memory(), snapshot, at), since=snapshot.created_at)
        known = Task(
            id=snapshot.id,
            phase=Phase.OPEN,
            requester=person.slack_user,
            name=snapshot.name,
            created_at=snapshot.created_at,
            memory=seen,
        )
    current = known.model_copy(update={"snapshot": snapshot})
    link = next((card.link for card in cards_of(connection, known.id) if card.link), None)
    return card_view(connection, current, at), current, link, count_prompts(connection, known.id)


async def task_logs(outside: Outside, person: Person, command: commands.Logs, _: Origin) -> Content:
    """The end of what the agent wrote, or of the workspace build where there is no agent to ask."""
    rest = (" --build" if command.build else "") + f" --lines {command.lines}"
    snapshot = await find_task(outside, person, Wanted(command.task, "logs", exactly=False, rest=rest))
    called = called_by(person, snapshot)
    if command.build:
        return await _build_log(outside, snapshot, called, command.lines)
    try:
        found = await outside.backend.logs(snapshot.id)
    except NotActive as refusal:
        if refusal.name != "logs_unavailable":
            raise
        raise problems.logs_unavailable(called, snapshot.status.value) from None
    if found.is_snapshot and not found.entries and snapshot.status is not Status.PAUSED:
        return await _build_log(outside, snapshot, called, command.lines)
    tail = log_tail(found.entries, lines=command.lines)
    total = len(found.entries) if found.is_snapshot else tail.total_lines
    return logs.log_answer(
        called,
        tail.shown.splitlines(),
        total,
        now=time.time(),
        snapshot_at=found.snapshot_at,
        is_snapshot=found.is_snapshot,
        is_paused=snapshot.status is Status.PAUSED,
    )


async def _build_log(outside: Outside, snapshot: Snapshot, called: str, lines: int) -> Content:
    tail = build_log(await outside.backend.build_log(snapshot), lines=lines)
    return logs.build_log_answer(called, tail.shown.splitlines(), tail.total_lines)


async def templates(outside: Outside, person: Person, command: commands.Templates, _: Origin) -> Content:
    """The templates that can run tasks."""
    words = command.words.casefold().split()
    usable = [each for each in await outside.directory.templates() if each.is_of(person.organizations)]
    found = [each for each in usable if not each.deprecated and _fits(each, words)]
    presets = {each.id: await outside.directory.presets(each.version_id) for each in found}
    required = {each.id for each in found if await _needs_preset(outside, each, presets[each.id])}
    counts = {template_id: len(each) for template_id, each in presets.items()}
    default = outside.default_template
    return template_list(found, default, presets=counts, required=required, searched=command.words)


def _fits(template: Template, words: list[str]) -> bool:
    text = f"{template.name} {template.title} {template.description}".casefold()
    return all(word in text for word in words)


async def _needs_preset(outside: Outside, template: Template, presets: Sequence[Preset]) -> bool:
    required = await outside.directory.required(template.version_id)
    return bool(required) and not any(preset.is_default for preset in presets)


async def presets(outside: Outside, person: Person, command: commands.Presets, _: Origin) -> Content:
    """The presets of a template."""
    templates = [each for each in await outside.directory.templates() if each.is_of(person.organizations)]
    default = outside.default_template

    def again(**changed: str) -> str:
        owner = changed.get("organization")
        same = (each.id for each in templates if owner == each.organization and changed["template"] == each.name)
        return f"presets {next(same, changed.get('template', ''))}"

    try:
        template = choose_template(templates, command.template, default, again)
    except UserError as error:
        if error.name != "template_not_found":
            raise
        # That nothing was created goes without saying.
        raise UserError(error.name, error.title, error.cause, offers=error.offers) from None
    is_default = not command.template or default.casefold() in {template.name.casefold(), template.title.casefold()}
    return preset_list(template, await outside.directory.presets(template.version_id), is_default=is_default)


async def whoami(outside: Outside, person: Person, command: commands.WhoAmI, _: Origin) -> Content:
    """Which Coder user the person is."""
    del command
    email = (await outside.slack.user(person.slack_user)).email
    coder = outside.coder.http
    settings: PersonSettings = await outside.database.run(get_person_settings, person.slack_user)
    own = await defaults(outside, settings)
    return answers.whoami(
        person,
        email,
        coder.url,
        version=coder.version,
        template=own.template,
        preset=own.preset,
        level=own.level,
    )
