"""Wrong input: a private answer with the nearest that would be right, and nothing is done."""

from __future__ import annotations

from bot.sandbox.coder.records import Organization, Preset, Version
from tests.e2e.scene import Scene, words
from tests.e2e.steps import ask, buttons, created, creates, made_in_coder, press, template, told

# What is typed, what is read, and the buttons below it.
WRONG: tuple[tuple[str, tuple[str, ...], set[str]], ...] = (
    ("lsit", ("lsit", "is not a command", "The nearest is", "list"), {"Run list", "Help"}),
    ("xyzzy", ("xyzzy", "is not a command"), {"Help"}),
    ("craete Fix it", ("craete", "is not a command", "create"), {"Run create", "Start task"}),
    (
        "Fix the login test",
        ("Start a task with this prompt?", "Fix the login test"),
        {"Start task", "Edit first…"},
    ),
    ("--template aider Fix it", ("--template", "is not a command"), {"Run create", "Help"}),
    (
        "create --tempate aider Fix it",
        ("--tempate", "is not a flag of create", "Nothing was created"),
        {"Use --template", "Open the form…", "Help"},
    ),
    (
        "create --frobnicate Fix",
        ("--frobnicate", "Nothing was created"),
        {"Take it as the prompt", "Open the form…", "Help"},
    ),
    (
        "create --preset “large mem Fix it",
        ("A quotation mark is not closed", "Nothing was created"),
        {"Open the form…"},
    ),
    ("create --template", ("--template", "needs a value"), set()),
    ("create -t aider -t codex Fix", ("--template", "given twice"), set()),
    ("create --notify loud Fix", ("--notify", "cannot be", "loud"), set()),
    (
        "create -n fix_login! Fix",
        ("fix_login!", "cannot be a task name", "32 at most"),
        {"Use fix-login", "Change the name…"},
    ),
    ("create -n new Fix", ("cannot be a task name", "Coder keeps this name"), {"Use new-task", "Change the name…"}),
    ("create " + "x" * 100_001, ("The prompt is too long", "100,001", "100,000"), set()),
    ("status", ("Which task?",), {"My tasks"}),
    ("send", ("Which task?",), {"My tasks"}),
    ("pause the weekly report", ("No task is called", "the weekly report"), {"Start task", "My tasks"}),
    ("list of all bugs", ("takes no such words",), {"Start task", "Run list"}),
    ("whoami really", ("takes no such words",), {"Start task", "Run whoami"}),
)


async def test_wrong_input_is_answered_at_once(scene: Scene) -> None:
    """Every mistake is explained in the answer to the command, privately, and nobody else is asked anything."""
    for typed, told_, shown in WRONG:
        answer = await scene.command(typed)

        assert answer.ok, (typed, answer.problems)
        assert answer.message is not None, typed
        assert answer.message.only_for == scene.ana.id
        assert all(text in words(answer.message) for text in told_), (typed, words(answer.message))
        assert set(buttons(answer.message)) == shown, typed
    assert not creates(scene)
    assert not scene.slack.messages(scene.payments)
    assert not scene.slack.calls_of("users.info")


async def test_the_suggestions_work(scene: Scene) -> None:
    """A click on what was suggested does what was meant, with every word of it."""
    prompt = 'fix <a> & "b"\n  and *c*'
    for typed, label, made in (
        (f"craete {prompt}", "Run create", prompt),
        (prompt, "Start task", prompt),
        (f"create --tempate aider {prompt}", "Use --template", prompt),
        (f"create --frobnicate {prompt}", "Take it as the prompt", f"--frobnicate {prompt}"),
        (f"create -n fix_login! {prompt}", "Use fix-login", prompt),
    ):
        answer = await scene.command(typed)
        assert answer.message is not None
        known = len(scene.coder.tasks)
        await press(scene, answer.message, label)
        await scene.reached(lambda: len(scene.coder.tasks) > known, f"a task after {label}")  # noqa: B023
        assert scene.coder.tasks[-1].task.initial_prompt == made

    assert [task.workspace.template.name for task in scene.coder.tasks].count("aider") == 1
    assert scene.coder.tasks[-1].name == "fix-login"


async def test_words_after_send_that_name_no_task(scene: Scene) -> None:
    """`send the weekly report` sends nothing: it asks whether that is a new task's prompt."""
    await made_in_coder(scene, "fix-login")

    await scene.command("send the weekly <report> to all")

    asks = await told(scene, "No task is called", "the", "delivers a prompt to an existing task")
    assert not creates(scene)[1:]
    await press(scene, asks, "Start a task")
    await scene.reached(lambda: len(scene.coder.tasks) == 2, "a task")
    assert scene.coder.tasks[-1].task.initial_prompt == "send the weekly <report> to all"


async def test_near_names_of_what_a_task_is_made_of(scene: Scene) -> None:
    """A slip in a template, a preset or an organization brings the nearest, and a click creates with it."""
    for flags, title, label in (
        ("-t claude-cod", "No template is called", "Use claude-code"),
        ("-p Smal", "has no preset called", "Use Small"),
        ("--org defualt", "No organization is called", "Use default"),
    ):
        known = len(scene.coder.tasks)
        await scene.command(f"create {flags} Fix\nit")
        near = await told(scene, title, "Nothing was created")
        assert len(scene.coder.tasks) == known
        await press(scene, near, label)
        await scene.reached(lambda: len(scene.coder.tasks) > known, f"a task after {label}")  # noqa: B023
        assert scene.coder.tasks[-1].task.initial_prompt == "Fix\nit"

    await scene.command("create -p Enormous Fix it")
    await told(scene, "has no preset called", "Enormous", "Small", "Medium", "Large")
    await scene.command("create --template-version wrong_one Fix it")
    await told(scene, "has no version", "wrong_one", "Nothing was created")


async def test_a_template_of_several_organizations(scene: Scene) -> None:
    """Where two organizations have a template of one name, a click chooses, for `create` and for `presets`."""
    other = template(scene, "claude-code", Version("other-1", [Preset("Huge")]))
    other.organization = Organization("research", "Research")
    scene.coder.deployment.organizations.append(other.organization)
    scene.coder.deployment.user("ana").organizations.append(other.organization)

    await scene.command("create Fix\nit")
    asks = await told(scene, "Choose an organization")
    await press(scene, asks, "Use research")
    await scene.reached(lambda: scene.coder.tasks, "a task")
    [task] = scene.coder.tasks
    assert (task.workspace.template.id, task.task.initial_prompt) == (other.id, "Fix\nit")
    asks = await ask(scene, "presets claude-code")
    await press(scene, asks, "Use research")
    await scene.seen(lambda: "Huge" in words(asks), "the presets in its place")
    made = await created(scene, "create --org default Fix it")
    assert made.workspace.template.id != other.id
