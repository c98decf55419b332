"""`create` that cannot be done: the person reads why and what to do, and the channel sees nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from bot import queue, tasks
from bot.delivery import creating
from bot.models import Task
from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.records import ExternalAuth, Parameter, Template
from bot.sandbox.coder.release import Release
from bot.sandbox.faults import Fault, Kind
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.pressing import Answer
from bot.store.lanes import nudge
from bot.store.task_rows import count_phases
from tests.e2e.scene import Scene, words
from tests.e2e.steps import CREATE, asked, buttons, created, creates, hurried, press, template, told

JSON = {"Content-Type": "application/json"}


async def refused(scene: Scene) -> dict[str, int]:
    """How many tasks are in each phase; nothing of a refused one stands in the channel."""
    assert not scene.slack.messages(scene.payments)
    assert scene.bot is not None
    phases: dict[str, int] = await scene.bot.database.run(count_phases)
    return phases


# -- who asks ----------------------------------------------------------------------------------------------------------


async def test_an_e_mail_that_coder_does_not_know(scene: Scene) -> None:
    """Who has no Coder user reads so; once they have one, a click makes the task."""
    await scene.command("create Fix\nit", scene.gia)

    says = await told(scene, "No Coder user has your e-mail", "gia@elsewhere.example", user=scene.gia)
    assert await refused(scene) == {"refused": 1}
    scene.coder.deployment.add_user("gia", "Gia", "Gia@Elsewhere.example")
    await press(scene, says, "Try again", scene.gia)
    await scene.seen(scene.cards, "a card")
    assert scene.coder.tasks[-1].task.initial_prompt == "Fix\nit"


async def test_an_e_mail_that_is_part_of_another(scene: Scene) -> None:
    """Coder's search finds parts of e-mails and names too; only the same e-mail counts, and only if one user has it."""
    people = scene.coder.deployment
    people.add_user("diana", "Diana", "diana@example.com")
    people.add_user("copycat", "ana@example.com", "copycat@example.com")

    task = await created(scene, "create Fix it")
    assert task.task.owner.username == "ana"

    people.add_user("bo-2", "Bo", "BO@example.com")
    await scene.command("create Fix it", scene.bo)
    await told(scene, "More than one Coder user has your e-mail", user=scene.bo)
    assert len(scene.coder.tasks) == 1


async def test_people_who_may_not(scene: Scene) -> None:
    """A suspended account, a guest of the workspace and somebody without an e-mail are each told what to do."""
    scene.coder.deployment.user("bo").status = "suspended"
    scene.gia.is_restricted = True
    scene.admin.email = None

    for user, title, step in (
        (scene.bo, "Your Coder account is not active", "Ask a Coder admin to activate it"),
        (scene.gia, "Guests cannot start tasks", "Ask a member"),
        (scene.admin, "Your Slack e-mail is not known", "users:read.email"),
    ):
        await scene.command("create Fix it", user)
        await told(scene, title, step, user=user)

    assert await refused(scene) == {"refused": 3}
    assert not creates(scene)


async def test_a_match_is_remembered(scene: Scene) -> None:
    """Slack and Coder are asked once who somebody is."""
    for _ in range(3):
        await created(scene, "create Fix it")

    assert len(scene.slack.calls_of("users.info")) == 1
    assert len(asked(scene, "GET /api/v2/users")) == 1


async def test_owner_is_for_site_owners(scene: Scene) -> None:
    """Nobody but Coder's site owners starts tasks for others; one's own name is no other."""
    await scene.command("create --owner bo Fix it")
    await told(scene, "You cannot start tasks for others")
    await scene.command(f"create --owner <@{scene.bo.id}> Fix it")
    await scene.seen(lambda: len([text for text in scene.private() if "for others" in text]) == 2, "a second refusal")
    await scene.command(f"create --owner <@{scene.gia.id}> Fix it", scene.admin)
    await told(scene, "gia", "cannot own a task", user=scene.admin)
    await scene.command("create --owner bob Fix it", scene.admin)
    await told(scene, "No Coder user is called", "bob", user=scene.admin)
    assert await refused(scene) == {"refused": 4}
    assert not creates(scene)

    for mine in ("ana", "Ana", "me", f"<@{scene.ana.id}>"):
        task = await created(scene, f"create --owner {mine} Fix it")
        assert task.task.owner.username == "ana"


# -- what Coder refuses ------------------------------------------------------------------------------------------------


def _deprecated(coder: Deployment, template: Template) -> None:
    template.deprecation_message = "Use aider instead"


def _hidden(coder: Deployment, template: Template) -> None:
    template.hidden_from.add("admin")


def _no_permission(coder: Deployment, template: Template) -> None:
    coder.user("admin").may_create_workspaces = False


def _importing(coder: Deployment, template: Template) -> None:
    template.active_version.job_status = "running"


def _broken(coder: Deployment, template: Template) -> None:
    template.active_version.job_status, template.active_version.job_error = "failed", "exit status 1"


def _archived(coder: Deployment, template: Template) -> None:
    template.active_version.archived = True


def _not_for_tasks(coder: Deployment, template: Template) -> None:
    template.active_version.has_ai_task = False


def _gone(coder: Deployment, template: Template) -> None:
    coder.templates.remove(template)


def _unlicensed(coder: Deployment, template: Template) -> None:
    coder.managed_agents = False


def _needs_more(coder: Deployment, template: Template) -> None:
    template.active_version.parameters.append(Parameter("region", required=True))


def _needs_more_classic(coder: Deployment, template: Template) -> None:
    template.classic_parameters = True
    template.active_version.parameters.append(Parameter("zone", required=True))


# What breaks after the bot has read the templates; what the person reads then, and what they can do.
REFUSALS: tuple[tuple[Callable[[Deployment, Template], None], str, str], ...] = (
    (_deprecated, "Template {} is deprecated", "starts no new tasks"),
    (_hidden, "Coder does not let you use template {}", "choose another template"),
    (_no_permission, "Coder does not let you create this workspace", "Ask a Coder admin"),
    (_importing, "This template version is not ready", "Try again in a minute"),
    (_broken, "This template version cannot be used", "Choose another template"),
    (_archived, "This template version is archived", "Choose another template"),
    (_not_for_tasks, "This template cannot run tasks", "Choose another template"),
    (_gone, "This template cannot be found in Coder any more", "Choose another template"),
    (_unlicensed, "Coder’s license does not include AI tasks", "A Coder admin has to change the license"),
    (_needs_more, "Choose another preset", "region"),
    (_needs_more_classic, "Choose another preset", "zone"),
)


async def test_every_refusal_of_coder_has_its_own_words(scene: Scene) -> None:
    """What Coder refuses is said privately in words that help, never in Coder's own, and the request is over."""
    coder = scene.coder.deployment
    broken = [template(scene, f"template-{number}") for number in range(len(REFUSALS))]
    await scene.command("templates")
    await told(scene, "Templates for tasks")

    for one, (break_it, title, step) in zip(broken, REFUSALS, strict=True):
        break_it(coder, one)
        await scene.command(f"create -t {one.name} Fix it")
        says = words(await told(scene, title.format(one.name), step))
        coder.user("admin").may_create_workspaces = coder.managed_agents = True
        assert "Required parameter" not in says

    assert await refused(scene) == {"refused": len(REFUSALS)}
    assert not scene.coder.tasks


async def test_an_owner_outside_the_templates_organization(scene: Scene) -> None:
    """Coder's plain 404 to a create means that the owner is no member there."""
    body = '{"message": "Resource not found or you do not have access to this resource"}'
    scene.coder.faults.add(Fault(Kind.REFUSE, CREATE, status=404, body=body, headers=JSON))

    await scene.command("create Fix it")

    await told(scene, "You are not a member of the template’s organization")
    assert await refused(scene) == {"refused": 1}


async def test_external_auth_is_connected_first(scene: Scene) -> None:
    """A template that works with GitHub as its owner says where to connect, and a click makes the task then."""
    coder = scene.coder.deployment
    coder.release = Release("2.36.1")
    coder.templates[0].active_version.external_auth.append(ExternalAuth("github", "GitHub"))

    await scene.command("create Fix\nit")

    says = await told(scene, "Connect GitHub in Coder first")
    assert buttons(says)["Connect GitHub"]["url"] == f"{scene.coder.url}/external-auth/github"
    assert await refused(scene) == {"refused": 1}
    coder.user("ana").authenticated.add("github")
    await press(scene, says, "I have connected it")
    await scene.seen(scene.cards, "a card")
    assert scene.coder.tasks[-1].task.initial_prompt == "Fix\nit"


# -- what goes wrong on the way ----------------------------------------------------------------------------------------


async def test_coder_that_fails_for_a_moment(scene: Scene) -> None:
    """5xx, a proxy's page, 429 and a refused connection are tried again, and nobody hears of them."""
    hurried(scene)
    for fault in (
        Fault(Kind.REFUSE, CREATE, status=500, body='{"message": "Internal error"}', headers=JSON),
        Fault(Kind.REFUSE, CREATE, status=502, body="<html>Bad gateway</html>"),
        Fault(Kind.REFUSE, CREATE, status=429, body="{}", headers={"Retry-After": "0"}),
        Fault(Kind.CUT, CREATE),
        Fault(Kind.REFUSE, "GET /api/v2/users", status=503),
    ):
        scene.coder.faults.add(fault)

    await scene.create("Fix it")

    assert len(creates(scene)) == 5
    assert len(scene.coder.tasks) == 1


async def test_an_answer_that_is_lost_makes_no_second_task(scene: Scene) -> None:
    """When Coder made the task and its answer did not arrive, the bot finds the task instead of making another."""
    hurried(scene)
    scene.coder.faults.add(Fault(Kind.LOST, CREATE))

    card, task = await scene.create("Fix it")

    assert len(scene.coder.tasks) == len(creates(scene)) == 1
    assert task.name in words(card)


async def test_a_command_that_slack_delivers_twice_makes_one_task(scene: Scene) -> None:
    """The same command twice is one wish, and so are two quick clicks on the same button."""
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DUPLICATE, "/coder-task", times=1))
    await scene.create("Fix it")
    await scene.command("create -t codex-monorepo Fix that")
    asks = await told(scene, "Choose a preset")

    await asyncio.gather(*(press(scene, asks, "Use Build cache, 4 cores") for _ in range(3)))

    await scene.seen(lambda: len(scene.cards()) == 2, "a second card")
    await scene.seen(lambda: not scene.private(), "no private line")
    await scene.quiet()
    assert len(scene.coder.tasks) == len(creates(scene)) == 2
    assert not scene.private()


async def test_the_answer_does_not_wait_for_coder(scene: Scene) -> None:
    """With a slow Coder the command is acknowledged before Coder has answered anything."""
    scene.coder.faults.add(Fault(Kind.SLOW, times=None, seconds=1.0))

    for text in ("create Fix it", "list", "templates"):
        known = len(scene.coder.calls)
        answer = await scene.command(text)
        assert answer.delivery is not None
        assert answer.delivery.attempts[0].seconds < 1.0
        assert not [call for call in scene.coder.calls[known:] if call.status is not None]
    scene.coder.faults.clear()


async def test_coder_that_is_away_for_long(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while the private line says that Coder is slow; in the end it says that there is no task, and why."""
    monkeypatch.setattr(queue, "SLOW_SECONDS", 0.05)
    hurried(scene, 60.0)
    scene.coder.faults.add(Fault(Kind.CUT, CREATE, times=None))
    answer = await scene.command("create Fix\nit")
    await told(scene, "Coder has not answered yet", "Nothing is created twice")
    await scene.quiet()

    monkeypatch.setattr(creating, "PATIENCE_SECONDS", 0.0)
    await time_passes(scene, answer)

    says = await told(scene, "The task was not created", "may have been done", "Your prompt is kept")
    assert await refused(scene) == {"refused": 1}
    assert len(creates(scene)) == 2
    assert len(scene.private()) == 1
    scene.coder.faults.clear()
    await press(scene, says, "Try again")
    await scene.seen(scene.cards, "a card")
    assert scene.coder.tasks[-1].task.initial_prompt == "Fix\nit"


async def time_passes(scene: Scene, answer: Answer) -> None:
    """The time comes at which the line about a slow Coder looks again."""
    assert scene.bot is not None
    assert answer.delivery is not None
    task: Task | None = await scene.bot.database.run(tasks.of_request, answer.delivery.payload["trigger_id"])
    assert task is not None
    await scene.bot.database.run(nudge, queue.note_slow(task.id).lane)


async def test_a_bot_that_was_away_for_long(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wish that was taken in is carried out after a restart, however long ago it was."""
    scene.coder.faults.add(Fault(Kind.CUT, CREATE, times=None))
    await scene.command("create Fix it")
    await scene.reached(lambda: creates(scene), "a try")
    await scene.stop()
    scene.coder.faults.clear()
    monkeypatch.setattr(creating, "PATIENCE_SECONDS", 0.0)

    await scene.start()

    await scene.seen(scene.cards, "a card")
    assert len(scene.coder.tasks) == 1


async def test_a_token_that_coder_does_not_accept(scene: Scene) -> None:
    """When Coder refuses the bot itself, people are told at once whom to ask, and a click goes on afterwards."""
    tokens = scene.coder.deployment.tokens
    kept = dict(tokens)
    tokens.clear()

    await scene.command("create Fix it")
    says = await told(scene, "Coder does not accept this app’s token", "renew CODER_SESSION_TOKEN")
    await scene.command("list", scene.bo)
    await told(scene, "Coder does not accept this app’s token", user=scene.bo)
    assert await refused(scene) == {"refused": 1}
    tokens.update(kept)
    await press(scene, says, "Try again")
    await scene.seen(scene.cards, "a card")
