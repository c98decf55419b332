"""`create`: what is asked of Coder, and for whom."""

from __future__ import annotations

import pytest

from bot.names import NAME_LENGTH, task_name_problem
from bot.sandbox.coder import TaskHandle
from bot.sandbox.coder.records import Preset, Version, Workspace
from bot.sandbox.faults import Fault, Kind
from tests.e2e.day import ask
from tests.e2e.scene import Scene, words
from tests.e2e.scene import scene as a_scene
from tests.e2e.steps import buttons, created, creates, hurried, press, told

# What is typed after the verb, and what the agent reads; without a second text it is the same.
PROMPTS: tuple[tuple[str, str | None], ...] = (
    ("Fix the login test", None),
    ("two\nlines\n\n\nand   spaces\tand a tab  inside", None),
    ("```python\nif a < b and c > d:\n    print('&amp;')\n```", None),
    ("don't stop, the 'quote and the \"other don't close", None),
    ("“smart quotes” and ‘these’ — with – dashes", None),
    ("ship it 🚀 :tada: naïve 日本語 \u200d👩‍💻", None),
    ("*bold* _italic_ ~gone~ `code` > quoted & done <b>", None),
    ("see https://example.com/a?b=1&c=2#d for --why -x", None),
    ("-- --template is a flag of ours", "--template is a flag of ours"),
    ("— all after a smart dash", "all after a smart dash"),
    ("ask #payments first", None),
    ("   the end stays  \n", "the end stays  \n"),
    ("x" * 7_000, None),
)


def preset_of(task: TaskHandle) -> str:
    """The preset that a task was made with."""
    return task.build.preset.name if task.build.preset else ""


async def test_the_prompt_reaches_coder_as_it_was_typed(scene: Scene) -> None:
    """Everything after the flags is the initial prompt: not a character is added, lost or changed."""
    for typed, read in PROMPTS:
        task = await created(scene, f"create {typed}")

        assert task.task.initial_prompt == (read or typed)


async def test_every_flag_of_create(scene: Scene) -> None:
    """A site owner starts a task for Bo from a version and a preset, under a name of their own."""
    older = Version("older_otter11", [Preset("Large", {"cpu": "6"})])
    scene.coder.deployment.templates[0].versions.insert(0, older)
    flags = f"--template=Claude-Code --template-version older_otter11 -p “Large” -n Fix-It —owner <@{scene.bo.id}>"
    answer = await scene.command(f"create {flags} --org default --notify all\nDo it", scene.admin)

    assert answer.message is not None
    assert "Creating a task from template Claude-Code, preset Large" in words(answer.message)
    [card] = await scene.seen(scene.cards, "a card")
    [call] = creates(scene)
    [task] = scene.coder.tasks
    assert call.path == "/api/v2/tasks/bo"
    assert call.json == {
        "template_version_id": older.id,
        "template_version_preset_id": older.presets[0].id,
        "input": "Do it",
        "name": "Fix-It",
    }
    assert (task.task.owner.username, task.name) == ("bo", "Fix-It")
    assert "Bo Lindqvist" in words(card)
    await scene.seen(lambda: not scene.private(scene.admin), "the private line to go")
    assert scene.slack.messages(scene.payments) == [card]


async def test_the_configured_templates_are_the_default(scene: Scene) -> None:
    """Without flags a task comes from the configured template and that template's default preset."""
    task = await created(scene, "create Fix it")

    assert (task.workspace.template.name, preset_of(task)) == ("claude-code", "Medium")
    other = await created(scene, "create -t aider Fix it")
    assert (other.workspace.template.name, preset_of(other)) == ("aider", "")
    bare = await created(scene, "create --preset none Fix it")
    assert (bare.workspace.template.name, preset_of(bare)) == ("claude-code", "")


async def test_a_configured_preset_comes_before_the_templates(scene: Scene) -> None:
    """The configured preset is taken for the default template; others keep their own."""
    await scene.stop()
    await scene.start(CODER_TASK_PRESET_NAME="small")

    task = await created(scene, "create Fix it")
    assert preset_of(task) == "Small"
    other = await created(scene, "create -t aider Fix it")
    assert preset_of(other) == ""


async def test_a_template_is_asked_for_when_none_is_the_default(world: str, database_url: str) -> None:
    """Without a default the templates are listed, and a click on one makes the task with the whole prompt."""
    async with a_scene(database_url, http=world.startswith("http"), CODER_TASK_TEMPLATE_NAME="") as scene:
        prompt = 'Fix <this> & "that"\n```\ncode\n```'
        await scene.command(f"create -n my-fix {prompt}")

        asks = await told(scene, "Choose a template")
        assert not creates(scene)
        assert {"Use claude-code", "Use codex-monorepo", "Use aider"} == set(buttons(asks))
        await press(scene, asks, "Use aider")
        [card] = await scene.seen(scene.cards, "a card")
        [task] = scene.coder.tasks
        assert (task.workspace.template.name, task.name, task.task.initial_prompt) == ("aider", "my-fix", prompt)
        await scene.seen(lambda: not scene.private(), "the question to go")
        assert "my-fix" in words(card)


async def test_the_only_template_is_taken(world: str, database_url: str) -> None:
    """When there is one template only, nobody has to name it."""
    async with a_scene(database_url, http=world.startswith("http"), CODER_TASK_TEMPLATE_NAME="") as scene:
        scene.coder.deployment.templates[1:] = []

        task = await created(scene, "create Fix it")

        assert task.workspace.template.name == "claude-code"


async def test_a_preset_is_asked_for_when_one_is_needed(scene: Scene) -> None:
    """A required parameter that only presets set brings the presets to choose from, not Coder's own words."""
    prompt = "Speed up\nthe “build”"
    await scene.command(f"create -t codex-monorepo {prompt}")

    asks = await told(scene, "Choose a preset")
    assert not creates(scene)
    assert "repo" in words(asks)
    assert "Required parameter" not in words(asks)
    await press(scene, asks, "Use Build cache, 16 cores")
    await scene.seen(scene.cards, "a card")
    [task] = scene.coder.tasks
    assert preset_of(task) == "Build cache, 16 cores"
    assert task.task.initial_prompt == prompt


async def test_a_long_prompt_is_kept_while_something_is_asked(scene: Scene) -> None:
    """The prompt is kept however long it is: a click is enough."""
    prompt = "line of a long prompt\n" * 400 + "end"
    await scene.command(f"create -t codex-monorepo {prompt}")

    asks = await told(scene, "Choose a preset")
    await press(scene, asks, "Use Build cache, 4 cores")

    await scene.seen(scene.cards, "a card")
    assert scene.coder.tasks[-1].task.initial_prompt == prompt


async def test_a_template_that_no_preset_completes_is_explained(scene: Scene) -> None:
    """A required parameter that nothing sets is the template maintainer's to mend, and is said so."""
    version = scene.coder.deployment.templates[1].active_version
    version.presets = [Preset("Half", {"cpu": "4"}, default=True)]

    await scene.command("create -t codex-monorepo Fix it")

    await told(scene, "This template cannot be used for tasks yet")
    assert not creates(scene)
    assert not scene.cards()


async def test_names_are_readable_valid_and_never_twice(scene: Scene) -> None:
    """Every task gets a valid name of 32 characters at most that says what it is about."""
    for prompt in ("Fix the flaky login test in payments-api please", "日本語", "create", "¡Ärger über Öl!"):
        task = await created(scene, f"create -- {prompt}")
        assert task_name_problem(task.name) is None
        assert len(task.name) <= NAME_LENGTH
    names = [task.name for task in scene.coder.tasks]
    assert names[0].startswith("fix-the-flaky-login-test")
    assert len(set(names)) == len(names)


async def test_a_name_that_a_workspace_has_already_is_not_forced(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the made-up name is by chance that of another workspace, the task gets another one."""
    deployment, free = scene.coder.deployment, scene.coder.deployment.name_is_taken

    def taken_at_first(owner: object, name: str) -> bool:
        if not deployment.workspaces:
            now = deployment.clock.now()
            ana, used = deployment.user("ana"), deployment.templates[0]
            deployment.workspaces.append(Workspace(name, ana, used, used.active_version, now, now))
        return free(deployment.user("ana"), name)

    monkeypatch.setattr(deployment, "name_is_taken", taken_at_first)
    card, task = await scene.create("Fix it")

    first, second = (call.json["name"] for call in creates(scene))
    assert first != second
    assert task.name == second
    assert task.name in words(card)


@pytest.mark.parametrize("world", ["http-postgresql"])
async def test_a_replica_that_froze_finds_what_another_has_made(scene: Scene, database_url: str) -> None:
    """It knows of no other try; but the task is there, with its name and its prompt, and is not made twice."""
    hurried(scene, 1.0)
    scene.coder.faults.add(Fault(Kind.LOST, "POST /api/v2/tasks/*"))
    await scene.command("create -- Tidy the login page")
    forget = "UPDATE outbox SET maybe_sent = 0 WHERE kind = 'create_task' AND maybe_sent = 1 RETURNING id"
    await scene.reached(lambda: ask(database_url, forget), "an uncertain try")

    await scene.seen(scene.cards, "a card")

    assert len(creates(scene)) == 2
    assert len(scene.coder.tasks) == 1


async def test_a_name_that_was_asked_for_and_is_taken_is_answered_with_a_free_one(scene: Scene) -> None:
    """`--name` of an own workspace is refused with a name that works when it is clicked."""
    await created(scene, "create -n login-fix first")
    await created(scene, "create -n login-fix-2 second")

    await scene.command("create -n login-fix third\nline")

    says = await told(scene, "You already have a workspace called")
    await press(scene, says, "Use login-fix-3")
    await scene.reached(lambda: len(scene.coder.tasks) == 3, "the third task")
    assert scene.coder.tasks[-1].name == "login-fix-3"
    assert scene.coder.tasks[-1].task.initial_prompt == "third\nline"
