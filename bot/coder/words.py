"""What a person reads for each of Coder's refusals, where `bot.problems` has no sentence or needs its names filled in.

Names are those of the catalogue of messages (guide, section 4) wherever it has one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import quote

from bot import problems
from bot.coder.release import FIRST_WITH_TASKS, FIRST_WITH_TASKS_OFF, plain, release
from bot.errors import Offer, UserError
from bot.models import Verb
from bot.problems.words import NOTHING_CREATED, code, said

_VERBS = {verb.value: verb for verb in Verb}
_MAINTAINER = f"{NOTHING_CREATED} Choose another template, or ask this one’s maintainer."
_EMPTY_PROMPT = "Write what the agent should do."


@dataclass(frozen=True)
class Call:
    """What Coder was asked for: its kind (create, send, logs, pause ...), and the name or id it was about."""

    kind: str = ""
    about: str = ""


@dataclass(frozen=True)
class Answer:
    """An error answer of Coder's; `fields` are its validations as `field: detail`, `version` is the server's."""

    status: int
    message: str
    detail: str = ""
    fields: tuple[str, ...] = ()
    version: str = ""
    url: str = ""

    def at(self, url: str) -> Self:
        """The same answer, given by the server at `url`."""
        return replace(self, url=url)

    @property
    def state(self) -> str:
        """The task's status that the message or the detail names; empty when neither does."""
        found = re.search(r'Task status is "(\w+)"|Task is (\w+)\.', f"{self.detail} {self.message}")
        return (found[1] or found[2]) if found else ""

    @property
    def quoted(self) -> str:
        """The first name that the message has between quotation marks; empty without one."""
        found = re.search(r'"([^"]*)"', self.message)
        return found[1] if found else ""


# -- who the bot is, and what this server has ------------------------------------------------------------------------


def token_refused(_: Answer, __: Call) -> UserError:
    """The bot's token is expired, deleted or mistyped."""
    return UserError(
        "token_refused",
        "Coder does not accept this app’s token",
        "It has expired or was deleted, so this app can reach no task.",
        "Ask the app’s admin to renew CODER_SESSION_TOKEN. What you asked for is kept until then.",
    )


def bot_suspended(_: Answer, __: Call) -> UserError:
    """The Coder user of the bot is suspended."""
    return UserError(
        "token_refused",
        "This app’s Coder account is not active",
        "Coder reports it as suspended, so this app can reach no task.",
        "Ask a Coder admin to activate it. What you asked for is kept until then.",
    )


def route_missing(answer: Answer, call: Call) -> UserError:
    """The server is too old, too new, or has tasks turned off."""
    has, number = plain(answer.version), release(answer.version)
    if number is None:
        return problems.coder_error(answer.message)
    if number > FIRST_WITH_TASKS_OFF:
        return problems.tasks_removed(has)
    if number == FIRST_WITH_TASKS_OFF:
        return problems.tasks_off()
    if number < FIRST_WITH_TASKS:
        return problems.version_old("Tasks", "2.29", has, "Ask a Coder admin to upgrade the server.")
    if call.kind in ("pause", "resume"):
        return problems.version_old("Pause and resume", "2.31", has, "Use the workspace’s own buttons in Coder.")
    return problems.coder_error(answer.message)


def forbidden(_: Answer, __: Call) -> UserError:
    """The bot's user lacks a right."""
    return UserError(
        "no_permission",
        "Coder does not allow this",
        "This app’s Coder account has no permission for it.",
        "Ask a Coder admin to give this app’s account the role Owner.",
    )


def quoted(answer: Answer, _: Call) -> UserError:
    """Coder's own message, for all that needs no other words."""
    return problems.coder_error(answer.message or f"HTTP {answer.status}")


def maybe_done(call: Call) -> UserError:
    """The connection broke after the request had left."""
    if call.kind == "send":
        return maybe_sent(Answer(0, ""), call)
    return UserError(
        "coder_unreachable",
        "Coder did not answer",
        "The connection broke before its answer came, so what you asked for may have been done.",
        "Look at the task before you try again.",
    )


# -- create ------------------------------------------------------------------------------------------------------------


def not_a_member(_: Answer, __: Call) -> UserError:
    """The owner is no member of the template's organization, or has no account any more."""
    return UserError(
        "no_permission",
        "Coder does not let you create this workspace",
        "You are not a member of the template’s organization.",
        "Ask a Coder admin to add you to it.",
    )


def version_gone(_: Answer, __: Call) -> UserError:
    """The template or the version was deleted, or the bot may not see it."""
    return UserError(
        "template_not_found",
        "This template cannot be found in Coder any more",
        "It was deleted, or this app may not see it.",
        f"{NOTHING_CREATED} Choose another template.",
        (Offer("Templates", "templates"),),
    )


def no_task_resource(_: Answer, __: Call) -> UserError:
    """The template is for plain workspaces."""
    return _unfit("This template cannot run tasks", "It is made for workspaces without an agent.")


def version_archived(_: Answer, __: Call) -> UserError:
    """The version was archived."""
    return _unfit("This template version is archived", "Coder makes no workspace of archived versions.")


def version_broken(_: Answer, __: Call) -> UserError:
    """The version's import failed."""
    return _unfit("This template version cannot be used", "Coder could not import it.")


def version_importing(_: Answer, __: Call) -> UserError:
    """The version's import goes on."""
    return UserError(
        "coder_error",
        "This template version is not ready",
        "Coder is still importing it.",
        f"{NOTHING_CREATED} Try again in a minute.",
    )


def bad_name(_: Answer, call: Call) -> UserError:
    """The name is not one for tasks."""
    title = f"{code(call.about)} cannot be a task name" if call.about else "This cannot be a task name"
    return UserError("bad_name", title, "Letters, numbers and hyphens, 32 at most.", NOTHING_CREATED)


def name_taken(answer: Answer, call: Call) -> UserError:
    """The owner has a workspace of that name."""
    return problems.name_taken(answer.quoted or call.about)


def template_not_allowed(answer: Answer, _: Call) -> UserError:
    """The template's access list leaves the bot out."""
    return UserError(
        "no_permission",
        f"Coder does not let you use template {code(answer.quoted)}",
        "Its list of people and groups does not allow it.",
        "Ask the template’s maintainer for access, or choose another template.",
    )


def template_deprecated(answer: Answer, _: Call) -> UserError:
    """Deprecated since the templates were last read; the maintainer's words come with the next reading."""
    return problems.template_deprecated(answer.quoted)


def external_auth(answer: Answer, _: Call) -> UserError:
    """The owner has not connected what the template works with."""
    names = [name.strip() for name in answer.detail.rpartition(":")[2].split(",") if name.strip()]
    fields = [field.removeprefix("external_auth: ") for field in answer.fields if field.startswith("external_auth: ")]
    ids = [each.strip() for field in fields for each in field.split(",") if each.strip()]
    shown = names if len(names) == len(ids) else ids
    pages = [f"{answer.url}/external-auth/{quote(id_, safe='')}" for id_ in ids]
    return problems.external_auth(list(zip(shown, pages, strict=True)))


def parameter_required(answer: Answer, _: Call) -> UserError:
    """A parameter has no valid value, and only a preset can set it."""
    name = answer.quoted or (answer.fields[0].partition(":")[0] if answer.fields else "")
    which = f"the parameter “{said(name, 60)}”" if name else "a parameter"
    return UserError(
        "parameter_required",
        "Choose another preset",
        f"The template needs a valid value for {which}, and only a preset sets it.",
        f"{NOTHING_CREATED} `/coder-task presets` lists the presets of a template.",
    )


# -- delete, pause, resume ---------------------------------------------------------------------------------------------


def busy_build(_: Answer, call: Call) -> UserError:
    """Another build runs."""
    return problems.busy_build(_VERBS.get(call.kind, Verb.RETRY))


def not_allowed(_: Answer, call: Call) -> UserError:
    """The bot's user may see the workspace, but not this."""
    return UserError(
        "not_yours",
        f"You cannot {call.kind or 'change'} this task",
        "Coder does not allow it to this app’s account.",
        "Ask a Coder admin to give this app’s account the role Owner.",
    )


# -- send, logs --------------------------------------------------------------------------------------------------------


def empty_prompt(_: Answer, __: Call) -> UserError:
    """There is no text."""
    return UserError("empty_prompt", "There is no prompt", "Coder takes no empty prompt.", _EMPTY_PROMPT)


def prompt_too_long(_: Answer, __: Call) -> UserError:
    """The request is larger than Coder, or a proxy before it, takes."""
    return UserError(
        "prompt_too_long",
        "The prompt is too long",
        "Coder does not accept so much text at once.",
        "Put the details in a file in the repository and name the file in the prompt.",
    )


def input_fixed(_: Answer, __: Call) -> UserError:
    """The first prompt of a running task."""
    return UserError(
        "coder_error",
        "The first prompt cannot be changed now",
        "Coder changes it only while the task is paused.",
        "Pause the task first.",
    )


def busy(answer: Answer, _: Call) -> UserError:
    """The agent takes no prompt at this moment."""
    coming = answer.state in ("pending", "initializing")
    cause = "Its workspace is starting." if coming else "It is working, or its workspace is stopping."
    return UserError("busy", "The agent is not ready for a prompt", cause, "Your prompt is delivered when it is ready.")


def paused(_: Answer, call: Call) -> UserError:
    """The agent does not run."""
    offers = (Offer("Resume", f"resume {call.about}", "primary"),) if call.about else ()
    step = "Resume the task to send a prompt."
    return UserError("task_paused", "The task is paused", "Its agent does not run.", step, offers)


def in_error(_: Answer, call: Call) -> UserError:
    """The workspace or the agent in it did not come up."""
    return problems.task_in_error(call.about)


def maybe_sent(_: Answer, __: Call) -> UserError:
    """The prompt may be typed into the agent all the same."""
    return UserError(
        "maybe_delivered",
        "It is not certain that the prompt arrived",
        "Coder did not confirm it, and the agent may have it all the same.",
        "Look at the agent’s log before you send it again.",
    )


def unreachable(_: Answer, call: Call) -> UserError:
    """Coder does not get through to the agent app."""
    return problems.agent_unreachable(kept=call.kind == "send")


def no_reach(_: Answer, __: Call) -> UserError:
    """The task is gone, or site owners may not reach the workspaces of others."""
    return UserError(
        "task_gone",
        "The prompt cannot reach this task",
        "It was deleted in Coder, or this app may not reach its agent.",
        "If the task still exists, a Coder admin has to allow site owners access to workspaces.",
    )


def no_agent_app(_: Answer, __: Call) -> UserError:
    """The template has no app that takes prompts."""
    return UserError(
        "agent_unreachable",
        "This task has no agent that can be reached",
        "Its template does not set up an agent app that takes prompts.",
        "Ask the template’s maintainer.",
    )


def log_of_paused(answer: Answer, call: Call) -> UserError:
    """Stored logs are younger than this server."""
    has, command = plain(answer.version), f"resume {call.about}" if call.about else ""
    step = "Resume the task to read its log."
    return problems.version_old("Log snapshots of paused tasks", "2.31", has, step, command)


def logs_unavailable(answer: Answer, call: Call) -> UserError:
    """The log of a task in error, starting or stopping."""
    return problems.logs_unavailable(call.about, answer.state or "error")


def _unfit(title: str, cause: str) -> UserError:
    return UserError("template_unfit", title, cause, _MAINTAINER, (Offer("Templates", "templates"),))
