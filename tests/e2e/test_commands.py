"""Commands that only look: lists, status, logs, templates, presets, whoami, help; and how a task is named."""

from __future__ import annotations

from bot.sandbox.coder.records import Preset
from bot.sandbox.faults import Fault, Kind
from tests.e2e.scene import Scene, words
from tests.e2e.steps import ask, asked, buttons, hurried, made_in_coder, press, told


async def test_no_tasks(scene: Scene) -> None:
    """Whoever has no tasks reads how to start one."""
    await scene.command("list")

    await told(scene, "You have no tasks", "/coder-task create")


async def test_a_list_in_pages(scene: Scene) -> None:
    """25 tasks are shown ten at a time, in the same private message, those that wait for somebody first."""
    tasks = [await made_in_coder(scene, f"task-{number}") for number in range(25)]
    await tasks[7].ready("idle", "Shall I?")

    await scene.command("list")
    page = await told(scene, "25 tasks", "1 waiting for input", "Showing 1–10", "task-7", "Shall I?")
    await press(scene, page, "Next 10")
    await told(scene, "Showing 11–20")
    await press(scene, page, "Next 5")
    await told(scene, "Showing 21–25")
    await press(scene, page, "Previous 10")
    await told(scene, "Showing 11–20")
    await press(scene, page, "Next 5")
    await told(scene, "Showing 21–25")

    assert len(scene.slack.ephemerals(scene.ana)) == 1
    assert set(buttons(page)) == {"Previous 10"}
    assert not scene.slack.messages(scene.payments)


async def test_lists_of_everybody_and_by_status(scene: Scene) -> None:
    """A list has one's own tasks; `--all` has all that one may see in Coder; `--status` those of one status."""
    paused = await made_in_coder(scene, "anas-paused")
    paused.pause_outside()
    await made_in_coder(scene, "anas-pending")
    await made_in_coder(scene, "bos-task", owner="bo")

    for text, user, names in (
        ("list", scene.ana, {"anas-paused", "anas-pending"}),
        ("list --all", scene.ana, {"anas-paused", "anas-pending"}),
        ("ls", scene.admin, set[str]()),
        ("list --all", scene.admin, {"anas-paused", "anas-pending", "bos-task"}),
        ("list --status=paused", scene.ana, {"anas-paused"}),
        ("list --status PAUSED —all", scene.admin, {"anas-paused"}),
        ("list --status error", scene.ana, set[str]()),
    ):
        shown = words(await ask(scene, text, user))
        assert {name for name in ("anas-paused", "anas-pending", "bos-task") if name in shown} == names, text

    await scene.command("list --status pausd")
    near = await told(scene, "--status", "cannot be", "The nearest is")
    await press(scene, near, "Use paused")
    await scene.seen(lambda: "anas-paused" in words(near), "the list in its place")


async def test_every_way_to_name_a_task(scene: Scene) -> None:
    """A name, owner/name, an id, the beginning of a name or title, a page of Coder, and a card all name a task."""
    card, task = await scene.create("Fix the flaky login test", "-n fix-login")
    await scene.seen(lambda: not scene.private(), "the first answer to go")
    link = f"https://{scene.slack.workspace.team_domain}.slack.com/archives/{card.channel}/p{card.ts.replace('.', '')}"
    for name in (
        "fix-login",
        "FIX-Login",
        "`fix-login`",
        "ana/fix-login",
        "me/fix-login",
        task.id,
        "fix-l",
        "fix the flaky",
        f"{scene.coder.url}/tasks/ana/{task.id}",
        f"{scene.coder.url}/tasks/ana/fix-login",
        link,
        f"{link}?thread_ts={card.ts}&cid={card.channel}",
        f"{link[:-6]}999999?thread_ts={card.ts}&cid={card.channel}",
    ):
        shown = words(await ask(scene, f"status {name}"))
        assert "Coder says" in shown, name
        assert link in shown, name


async def test_names_of_no_task(scene: Scene) -> None:
    """A typing error brings the nearest name on a button that carries the rest of the command with it."""
    task = await made_in_coder(scene, "fix-login")
    await made_in_coder(scene, "fix-logout")
    await task.ready("idle", "Yes?")

    await scene.command("status fix-lgoin")
    near = await told(scene, "No task is called", "fix-lgoin", "The nearest of your tasks is")
    await press(scene, near, "Use fix-login")
    await scene.seen(lambda: "Coder says" in words(near), "the status in its place")
    await scene.command("send fix-logni a & b\nmore")
    near = await told(scene, "No task is called", "fix-logni")
    await press(scene, near, "Use fix-login")
    await scene.reached(lambda: task.inputs == ["a & b\nmore"], "the prompt")
    await scene.command("logs fix-log --lines 3")
    both = await told(scene, "More than one task fits", "fix-log")
    await press(scene, both, "Use fix-login")
    await scene.seen(lambda: "Logs" in words(both), "the logs in its place")
    for name in ("nothing-like-it", "ana/", "../users", "a/b/c", "bo/fix-login", "x" * 400, "https://acme.slack.com/a"):
        await scene.command(f"pause {name}")
        await told(scene, "No task is called", name[:40], "None of your tasks has this name")
    assert not [call for call in scene.coder.calls if call.name.endswith("/pause")]


async def test_the_status_of_a_task(scene: Scene) -> None:
    """Status shows the card's head, what the task runs on, its prompts, and Coder's own words."""
    card, task = await scene.waiting("Shall I go on?")
    await scene.reply(card, "Yes")
    await scene.reached(lambda: task.inputs == ["Yes"], "the prompt")
    task.report("complete", "All done", "https://github.com/acme/shop/pull/482")

    await scene.card_says(card, "Complete")
    await scene.command(f"status {task.name}")

    for text in (
        "All done",
        "Ana Ruiz (ana)",
        "Claude Code",
        "running",
        "1 sent, 0 waiting",
        "status active, state complete",
    ):
        await told(scene, "Tidy the login page", text)
    assert len(scene.private()) == 1


async def test_the_log_of_the_agent(scene: Scene) -> None:
    """Logs shows the end of what the agent wrote, as much as was asked for, and of a paused task what Coder kept."""
    task = await made_in_coder(scene, "fix-login")
    await task.ready("idle", "Well?")
    task.say(
        "\n".join(f"line {number}" for number in range(100))
        + "\n\x1b[31mtoken=ghp_012345678901234567890123456789012345\x1b[0m"
    )

    await scene.command("logs fix-login")
    shown = await told(scene, "Logs", "fix-login", "last 20 of", "line 99")
    assert "line 70" not in words(shown)
    assert "ghp_" not in words(shown)
    assert "\x1b" not in words(shown)
    await scene.command("logs fix-login --lines 40")
    await told(scene, "last 40 of", "line 65", "line 99")
    task.pause_outside()
    await scene.command("logs fix-login")
    paused = await told(scene, "snapshot", "The task is paused", "line 99")
    await press(scene, paused, "Resume")
    await scene.reached(lambda: task.build.transition == "start", "a start build")
    await task.ready("idle", "Back")
    task.task.keeps_snapshot, task.task.snapshot = False, None
    task.pause_outside()
    assert "No log was saved" in words(await ask(scene, "logs fix-login"))
    await scene.command("logs fix-login --lines 0")
    await told(scene, "--lines", "number from 1 to 50")


async def test_the_log_of_the_build(scene: Scene) -> None:
    """The build's log is shown when asked for, while the workspace starts, and offered when there is no agent."""
    task = await made_in_coder(scene, "fix-login")
    task.set_build(job_status="running")
    scene.coder.deployment.log(task.build, "Pulling the image")

    await scene.command("logs fix-login")
    await told(scene, "Build log", "fix-login", "Pulling the image")
    task.fail_build(["Error: no capacity"])
    await scene.command("logs fix-login")
    refused = await told(scene, "log cannot be read now", "state error")
    await press(scene, refused, "Build log")
    await scene.seen(lambda: "Error: no capacity" in words(refused), "the build's log in its place")
    await scene.command("logs fix-login --build --lines 1")
    await told(scene, "Build log", "last 1 of")


async def test_templates_and_presets(scene: Scene) -> None:
    """What a task can be started from is listed, the default marked, secrets hidden."""
    version = scene.coder.deployment.templates[2].active_version
    version.presets.append(Preset("Cloud", {"region": "eu", "api_token": "hush"}))

    await scene.command("templates")
    await told(
        scene, "Templates for tasks", "claude-code", "default here", "codex-monorepo", "Preset required", "aider"
    )
    found = words(await ask(scene, "templates MONO repo"))
    assert ("codex-monorepo" in found, "aider" in found) == (True, False)
    await scene.command("templates nothing fits")
    await told(scene, "No template fits these words")
    await scene.command("presets")
    await told(scene, "Presets of Claude Code", "Small", "Medium", "Default", "cpu=4", "create --preset")
    await scene.command("presets aider")
    cloud = await told(
        scene, "Presets of Aider", "Cloud", "region=eu", "api_token=hidden", "--template aider --preset Cloud"
    )
    assert "hush" not in words(cloud)
    await scene.command("presets codex-monorpo")
    near = await told(scene, "No template is called", "codex-monorpo")
    assert "Nothing was created" not in words(near)
    await press(scene, near, "Use codex-monorepo")
    await scene.seen(lambda: "Build cache, 16 cores" in words(near), "the presets in its place")


async def test_whoami(scene: Scene) -> None:
    """Whoami says which Coder user one is, how that was found out, and what tasks start from."""
    await scene.command("whoami", scene.bo)

    await told(
        scene, "Your Coder user is", "bo", "Bo Lindqvist", "bo@example.com", "2.34.3", "Claude Code", user=scene.bo
    )
    await scene.command("whoami", scene.gia)
    await told(scene, "No Coder user has your e-mail", user=scene.gia)


async def test_help(scene: Scene) -> None:
    """Help comes at once and needs nobody else; every command has its own, and a slip the nearest."""
    known = len(asked(scene, "GET /api/v2/users"))
    answer = await scene.command("help")
    assert answer.message is not None
    assert "Coder Tasks commands" in words(answer.message)
    for verb in (
        "create",
        "list",
        "status",
        "logs",
        "send",
        "delete",
        "pause",
        "resume",
        "retry",
        "templates",
        "presets",
        "whoami",
    ):
        answer = await scene.command(f"help {verb}")
        assert answer.message is not None
        assert f"/coder-task {verb}" in words(answer.message)
        also = await scene.command(f"{verb} --help")
        assert also.message is not None
        assert words(also.message) == words(answer.message)
    slip = await ask(scene, "help craete")
    await press(scene, slip, "Help create")
    await scene.seen(lambda: "/coder-task create [flags]" in words(slip), "the help in its place")
    assert len(asked(scene, "GET /api/v2/users")) == known


async def test_tasks_that_were_made_in_coder(scene: Scene) -> None:
    """A task that nobody made in Slack is listed, shown, prompted, paused and deleted like any other."""
    task = await made_in_coder(scene, "from-coder")
    await task.ready("idle", "Well?")

    await scene.command("list")
    await told(scene, "1 task", "from-coder", "Well?")
    await scene.command("status from-coder")
    await told(scene, "Made in Coder", "Coder says")
    await scene.command("send from-coder go on")
    await told(scene, "Prompt sent to from-coder")
    await scene.reached(lambda: task.inputs == ["go on"], "the prompt")
    await scene.command("pause from-coder")
    await told(scene, "Pausing from-coder")
    await scene.reached(lambda: task.build.transition == "stop", "a stop build")
    task.finish_build()
    await scene.command("delete from-coder --yes")
    await told(scene, "Deleting", "from-coder")
    await scene.reached(lambda: task.deleted, "the task to go")
    assert not scene.slack.messages(scene.payments)


async def test_coder_that_does_not_answer_a_question(scene: Scene) -> None:
    """A moment's failure is not heard of; one that lasts is answered instead of leaving the person waiting."""
    hurried(scene)
    await made_in_coder(scene, "fix-login")
    scene.coder.faults.add(Fault(Kind.REFUSE, "GET /api/v2/users", status=503, times=2))

    await scene.command("list")
    await told(scene, "1 task", "fix-login")
    scene.coder.faults.add(Fault(Kind.CUT, "GET /api/v2/tasks/*", times=None))
    await scene.command("status fix-login")
    await told(scene, "Coder does not answer", "Nothing was changed")
    scene.coder.faults.clear()
    limited = Fault(Kind.REFUSE, "GET /api/v2/tasks/*", status=429, headers={"Retry-After": "60"}, times=None)
    scene.coder.faults.add(limited)
    await scene.command("status fix-login")
    await told(scene, "Too many requests at the moment", "Your command is kept")
