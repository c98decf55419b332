"""What Coder's error answers mean: one table from status and message to an error with words for people.

The first row that fits wins: the status, all of the message, and (where given) the kind of call and a part of the
detail. Words come from `bot.problems` and, for what only Coder's wire can say, from `bot.coder.words`. Coder's detail
and validations choose the row and fill in names of providers and parameters; they are never shown as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot import problems
from bot.coder import words
from bot.coder.errors import (
    UNTIL_MENDED,
    AlreadyRunning,
    BuildActive,
    Busy,
    CoderFailed,
    CoderLater,
    NameTaken,
    NotActive,
    NotFound,
    Paused,
    RouteMissing,
    TokenRefused,
    Unreachable,
)
from bot.coder.words import Answer, Call
from bot.errors import BotError, CoderRefused, UserError

__all__ = ["TABLE", "Answer", "Call", "Row", "no_answer", "not_understood", "rate_limited", "refusal"]

Words = Callable[[Answer, Call], UserError]
Kind = type[CoderRefused] | type[CoderFailed] | type[CoderLater]


@dataclass(frozen=True)
class Row:
    """Answers with one of the statuses, this message (a pattern for all of it) and this in the detail become `error`.

    `ambiguous`: Coder may have done the work all the same. `calls`: only these kinds of call; none: all.
    """

    statuses: tuple[int, ...]
    message: str
    error: Kind
    words: Words
    calls: tuple[str, ...] = ()
    detail: str = ""
    ambiguous: bool = False

    def fits(self, answer: Answer, call: Call) -> bool:
        """Whether the answer to the call is one of this row's."""
        return (
            answer.status in self.statuses
            and (not self.calls or call.kind in self.calls)
            and re.fullmatch(self.message, answer.message, re.DOTALL) is not None
            and re.search(self.detail, answer.detail) is not None
        )


_QUOTED = words.quoted
_NO_APP = words.no_agent_app


def _unexpected(_: Answer, __: Call) -> UserError:
    """What only a mistake of this app's can bring."""
    return problems.unexpected()


TABLE: tuple[Row, ...] = (
    # -- who the bot is, and what this server has
    Row((401,), r"User is not active.*", TokenRefused, words.bot_suspended),
    Row((401,), r".*", TokenRefused, words.token_refused),
    Row((404,), r"Route not found\.", RouteMissing, words.route_missing),
    # -- create
    Row((404,), r".*", CoderRefused, words.not_a_member, ("create",)),
    Row((400,), r"Template version not found .*", CoderRefused, words.version_gone),
    Row((400,), r"Template does not have a valid \"coder_ai_task\" resource\.", CoderRefused, words.no_task_resource),
    Row((400,), r"Unable to create a Task with the provided name\.", CoderRefused, words.bad_name),
    Row((400,), r"Display name must be .*", CoderRefused, _unexpected),
    Row((403,), r"Unauthorized to create workspace\.", CoderRefused, lambda *_: problems.no_permission()),
    Row((403,), r"Unauthorized access to use the template .*", CoderRefused, words.template_not_allowed),
    Row((400,), r"Template .* has been deprecated, .*", CoderRefused, words.template_deprecated),
    Row((500,), r"Archived template versions cannot .*", CoderRefused, words.version_archived),
    Row((403,), r"External authentication is required .*", CoderRefused, words.external_auth),
    Row((409,), r"Workspace \".*\" already exists\.", NameTaken, words.name_taken),
    Row((400,), r"Unable to validate parameters?( .*)?|resolve parameters", CoderRefused, words.parameter_required),
    Row((406,), r"The provided template version is .*", CoderRefused, words.version_importing),
    Row((400,), r"The provided template version .* has failed to import.*", CoderRefused, words.version_broken),
    Row((403,), r"Build is not permitted: .*", CoderRefused, lambda *_: problems.license()),
    Row((500,), r"Internal error creating task\.", CoderFailed, _QUOTED, ambiguous=True),
    # -- delete, pause, resume, and the builds behind them
    Row((409,), r"A workspace build is already active\.", BuildActive, words.busy_build),
    Row((403,), r"You do not have permission to \w+ this workspace\.", CoderRefused, words.not_allowed),
    Row((409,), r"Task workspace is already running\.", AlreadyRunning, lambda *_: problems.not_paused()),
    # -- send, logs and input
    Row((400,), r"Task input is required\.", CoderRefused, words.empty_prompt),
    Row((409,), r"Unable to update task input, task must be paused\.", NotActive, words.input_fixed),
    Row((409,), r"Task is (pending|initializing)\.", Busy, words.busy),
    Row((409,), r"Task is paused\.", Paused, words.paused),
    Row((400,), r"Task( status)? must be active\.", NotActive, words.log_of_paused, ("logs",), r'is "paused"'),
    Row((400,), r"Task( status)? must be active\.", NotActive, words.logs_unavailable, ("logs",)),
    Row((400,), r"Task( status)? must be active\.", Paused, words.paused, detail=r'is "paused"'),
    Row((400,), r"Task( status)? must be active\.", NotActive, words.in_error, detail=r'is "error"'),
    # Pending and initializing before 2.31; unknown is how Coder shows a workspace that is being stopped.
    Row((400,), r"Task( status)? must be active\.", Busy, words.busy),
    Row((409, 502), r"Task app is not ready to accept input\.", Busy, words.busy),
    Row((502,), r"Task app rejected the message\.", CoderFailed, words.maybe_sent, ambiguous=True),
    Row((502,), r"Failed to (reach|get status from|get messages from) task app.*", Unreachable, words.unreachable),
    Row((502,), r"Failed to create agentapi client\.|Invalid task app response\.", Unreachable, words.unreachable),
    Row((409,), r"Cannot fetch logs for task in current state\.", NotActive, words.logs_unavailable),
    Row((400, 500), r"Task does not have a workspace( app)?\.", CoderRefused, _NO_APP),
    Row((400,), r"Only http scheme is supported for direct agent-dial\.", CoderRefused, _NO_APP),
    Row((500,), r"Task app URL is not configured\.|Internal error parsing task app URL\.", CoderRefused, _NO_APP),
    # -- what every endpoint answers
    Row((404,), r".*", NotFound, words.no_reach, ("send",)),
    Row((404, 410), r".*", NotFound, lambda *_: problems.task_gone()),
    Row((403,), r"Forbidden\.", CoderRefused, words.forbidden),
    Row((413,), r".*", CoderRefused, words.prompt_too_long),
    Row((400,), r"(Request body must be valid JSON|Validation failed)\.", CoderRefused, _unexpected),
    Row((400,), r"Invalid (task|user|template) search query\.", CoderRefused, _unexpected),
)


def refusal(answer: Answer, call: Call, *, url: str, unsafe: bool) -> BotError:
    """The error for an answer of Coder's; `unsafe`: a second try of the call could do the work twice."""
    answer = answer.at(url)
    row = next((row for row in TABLE if row.fits(answer, call)), None)
    if row is None:
        return _unlisted(answer, call, unsafe=unsafe)
    error = _made(row.error, row.words(answer, call), answer)
    if isinstance(error, CoderFailed):
        error.ambiguous = row.ambiguous
        error.after = UNTIL_MENDED if isinstance(error, TokenRefused) else None
    return error


def no_answer(url: str, call: Call, why: str, *, ambiguous: bool) -> CoderFailed:
    """Nothing came back from Coder itself; `why` is for the log."""
    said = words.maybe_done(call) if ambiguous else problems.coder_unreachable(urlsplit(url).netloc)
    error = CoderFailed(said.name, said.title, said.cause, said.step, message=why, offers=said.offers)
    error.ambiguous = ambiguous
    return error


def not_understood(why: str, *, ambiguous: bool = False) -> CoderFailed:
    """Coder answered with something that is not what its API promises; `why` is for the log."""
    said = problems.coder_error("an answer that this app does not understand")
    error = CoderFailed(said.name, said.title, said.cause, said.step, status=200, message=why)
    error.ambiguous = ambiguous
    return error


def rate_limited(after: float) -> CoderFailed:
    """Too many requests: nothing was done, and nothing is to be asked for `after` seconds."""
    said = problems.rate_limited(after)
    error = CoderFailed(said.name, said.title, said.cause, said.step, status=429, message="rate limited")
    error.after = after
    return error


def _unlisted(answer: Answer, call: Call, *, unsafe: bool) -> BotError:
    """A refusal (4xx) is final, a failure (5xx) is not, and may come after the work was done."""
    if answer.status < 500:
        return _made(CoderRefused, _QUOTED(answer, call), answer)
    error = _made(CoderFailed, _QUOTED(answer, call), answer)
    if isinstance(error, CoderFailed):
        error.ambiguous = unsafe
    return error


def _made(kind: Kind, said: UserError, answer: Answer) -> CoderRefused | CoderFailed | CoderLater:
    """An error of a kind, with the words of another and what Coder answered."""
    return kind(
        said.name,
        said.title,
        said.cause,
        said.step,
        status=answer.status,
        message=answer.message,
        offers=said.offers,
    )
