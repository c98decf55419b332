"""Much at once: Slack keeps its rates, and Coder is full of other people's tasks."""

from __future__ import annotations

import random
import time
from datetime import timedelta

from bot.sandbox.coder.records import Build, Job, Task, Workspace
from bot.sandbox.slack.rates import Rates
from tests.faults.moves import move
from tests.faults.stage import STRANGER, Stage

# The bot's own pace is as many times as fast as in production (`clockwork`).
_FASTER = 20.0
_CROWD = 600


@move("fault", 3)
async def slack_keeps_rates(stage: Stage, chance: random.Random) -> str:
    """Slack counts, and answers 429 to whatever is too much: a post a second in each channel, 50 edits a minute."""
    stage.slack.api.rates = Rates(clock=lambda: time.monotonic() * _FASTER)

    def let_go() -> None:
        stage.slack.api.rates = None

    stage.after(chance.uniform(1.0, 4.0), let_go)
    return "Slack keeps its rates"


@move("fault", 0.4)
async def crowd(stage: Stage, chance: random.Random) -> str:
    """Others start very many tasks in Coder, and delete them after a moment."""
    strangers_of(stage, _CROWD)
    stage.after(chance.uniform(0.3, 1.0), lambda: send_away(stage))
    return f"{_CROWD} tasks of others come"


def send_away(stage: Stage) -> None:
    """Take everything out of Coder that is a stranger's."""
    tasks = stage.coder.deployment.tasks
    tasks[:] = [one for one in tasks if one.owner.username != STRANGER]


def strangers_of(stage: Stage, count: int) -> None:
    """Let somebody whom nobody in Slack knows have so many tasks."""
    deployment = stage.coder.deployment
    users = [one for one in deployment.users if one.username == STRANGER]
    owner = users[0] if users else deployment.add_user(STRANGER, "Stranger", "stranger@elsewhere.example")
    template, at = deployment.templates[0], deployment.clock.now()
    made = []
    for number in range(count):
        name = f"strange-{len(deployment.tasks) + number}"
        version = template.active_version
        build = Build(1, "stop", "task_auto_pause", owner, version, at, job=Job("succeeded"))
        build.job.started_at = build.job.completed_at = at - timedelta(hours=1)
        workspace = Workspace(name, owner, template, version, at, at, [build])
        made.append(Task(name, name, "Count to ten", owner, workspace, at))
    deployment.workspaces += [one.workspace for one in made]
    deployment.tasks += made
    deployment.changes.touch()
