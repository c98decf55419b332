"""Which task, and what its state does not allow."""

from __future__ import annotations

from collections.abc import Mapping

from bot.errors import Offer, UserError
from bot.models import Verb
from bot.problems.words import MY_TASKS, buttons_for, clock, code, lead_to, names_of, run, said, use

_DONE = {
    Verb.PAUSE: "paused",
    Verb.RESUME: "resumed",
    Verb.RETRY: "retried",
    Verb.RESTART: "restarted",
    Verb.DELETE: "deleted",
}
_DID = {
    Verb.PAUSE: "paused the task",
    Verb.RESUME: "resumed the task",
    Verb.RETRY: "retried the build",
    Verb.RESTART: "restarted the workspace",
    Verb.DELETE: "deleted the task",
}


def task_not_found(name: str, near: str = "", command: str = "") -> UserError:
    """No task has the name; `command` is the person's command with the nearest name in it."""
    cause = f"The nearest of your tasks is {code(near)}." if near else "None of your tasks has this name."
    return UserError("task_not_found", f"No task is called {code(name)}", cause, "", (*use(near, command), MY_TASKS))


def task_ambiguous(name: str, commands: Mapping[str, str]) -> UserError:
    """Several tasks fit the beginning of a name; `commands` are the person's command for each task's name."""
    title, cause = f"More than one task fits {code(name)}", f"It fits {names_of(commands)}."
    return UserError("task_ambiguous", title, cause, "", (*buttons_for(commands), MY_TASKS))


def task_gone(command: str = "") -> UserError:
    """The task was known once; `command` asks for another one like it."""
    cause = "It was deleted in Coder, or your account can no longer see it."
    return UserError("task_gone", "This task no longer exists", cause, "", run("Run again…", command))


def name_taken(name: str, near: str = "", command: str = "") -> UserError:
    """`--name` is in use; `near` is a free name, `command` the person's command with it."""
    cause = "Task and workspace names are unique per person."
    return UserError("name_taken", f"You already have a workspace called {code(name)}", cause, "", use(near, command))


def busy_build(verb: Verb = Verb.DELETE, since: float | None = None, *, kept: bool = True) -> UserError:
    """A build runs in the workspace; `kept`: what was asked is done when it ends."""
    started = f"A build has been running since {clock(since)}" if since is not None else "A build is running"
    cause = f"{started}, so the task cannot be {_DONE[verb]} now."
    later = f"It is {_DONE[verb]} as soon as the build ends. You do not have to do anything."
    return UserError(
        "busy_build", "The workspace is still busy", cause, later if kept else "Try again when the build has ended."
    )


def already_done(by: str = "", did: Verb | None = None, at: float = 0.0) -> UserError:
    """A second click, or somebody else was first: who `did` what, if that is known; without `by` it was a prompt."""
    known = f"{said(by, 60) or 'A reply'} {_DID[did]} at {clock(at)}." if did is not None else ""
    return UserError("already_done", "Already done", known or "Somebody was first, or it is too late for this.")


def already_steers(*, everyone: bool = True) -> UserError:
    """Who steers a task is to be changed to what it is."""
    who = "Everyone in the thread with a Coder account steers" if everyone else "Only the owner steers"
    return UserError("already_steers", "Already done", f"{who} this task.")


def already_sent(by: str, at: float) -> UserError:
    """The message that is to be sent to an agent was sent before."""
    cause = f"{said(by, 60) or 'Somebody'} sent this message to the agent at {clock(at)}."
    return UserError("already_sent", "Already done", cause)


def no_open_task() -> UserError:
    """Somebody wants to send a message to a task, and has none that could take it."""
    cause = "A message goes to a task of yours that runs or is paused."
    return UserError("no_open_task", "You have no open task", cause, "", (MY_TASKS,))


def not_a_task_thread() -> UserError:
    """Delete was chosen on a message that belongs to no task."""
    return UserError(
        "not_a_task_thread",
        "This message belongs to no task",
        "“Delete this Coder task” works on a task’s card and on the messages in its thread.",
        "Use it there, or type `/coder-task delete` and the task’s name.",
        (MY_TASKS,),
    )


def no_card() -> UserError:
    """Notifications were to be set of a task without a card."""
    cause = "Its notifications are those of a card’s thread, and it has none in this channel."
    return UserError("no_card", "This task has no card here", cause)


def already_paused(by: str = "", at: float | None = None, command: str = "") -> UserError:
    """Pause of a paused task; without `by`, Coder did it. `command` resumes it."""
    when = f" at {clock(at)}" if at is not None else ""
    cause = f"{said(by, 60) or 'Coder'} paused it{when}." if by or when else ""
    return UserError("already_paused", "The task is already paused", cause, "", run("Resume", command, "primary"))


def not_paused(command: str = "") -> UserError:
    """Resume of a task that runs; `command` shows it."""
    cause = "Its workspace is running, so there is nothing to resume."
    return UserError("not_paused", "The task is not paused", cause, "", run("Status", command))


def not_failed(command: str = "") -> UserError:
    """Retry of a task without an error; `command` shows it."""
    cause = "Its last build did not fail, so there is nothing to retry."
    return UserError("not_failed", "The task has no error", cause, "", run("Status", command))


def task_in_error(name: str) -> UserError:
    """Something was asked of a task whose workspace Coder could not run."""
    return UserError(
        "task_in_error",
        "The task is in state error",
        "Coder could not run its workspace, so no agent is there to answer.",
        "Retry the build. If it fails again, ask whoever maintains the template.",
        (Offer("Retry build", f"retry {name}", "primary"), Offer("Build log", f"logs {name} --build")),
    )


def agent_unreachable(url: str = "", *, kept: bool = True) -> UserError:
    """Coder cannot hand anything to the agent; `kept`: a prompt waits for it."""
    cause = "Coder reaches the workspace but not the agent app in it."
    step = "Your prompt is kept and tried again for 10 minutes." if kept else "Try again in some minutes."
    return UserError("agent_unreachable", "The agent does not answer", cause, step, lead_to("Open in Coder", url))


def logs_unavailable(name: str, state: str = "error") -> UserError:
    """Coder does not give the log of a task in this state."""
    return UserError(
        "logs_unavailable",
        "The agent’s log cannot be read now",
        f"Coder gives no agent log while a task is in state {said(state, 30)}.",
        "The build log is available.",
        (Offer("Build log", f"logs {name} --build"),),
    )
