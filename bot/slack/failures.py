"""What Slack's refusals mean, in one table; every failure of a call becomes one of our errors here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import SlackRefused, Transient

_RATE_LIMITED = {"ratelimited", "rate_limited"}
# The call was refused before any work: trying again is safe, and helps some time.
_NOT_NOW = {"request_timeout", "team_added_to_org"}
# Something broke on Slack's side, and some of the work may have been done.
_BROKEN = {"internal_error", "fatal_error", "service_unavailable"}
_TOKEN_REFUSED = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "token_expired",
    "org_login_required",
    "team_access_not_granted",
}
# The work is done already: as good as a success.
DONE_ALREADY = {"already_reacted", "no_reaction", "message_not_found", "not_reacted"}
# A reaction is only a hint; these are no reason to try again or to tell anybody.
REACTION_IMPOSSIBLE = DONE_ALREADY | {
    "too_many_emoji",
    "too_many_reactions",
    "missing_scope",
    "is_archived",
    "not_in_channel",
    "channel_not_found",
    "thread_locked",
}
# The bot cannot write here, whatever it writes.
NO_POSTING = {
    "not_in_channel",
    "channel_not_found",
    "is_archived",
    "restricted_action",
    "restricted_action_read_only_channel",
    "restricted_action_thread_only_channel",
    "restricted_action_non_threadable_channel",
    "user_not_in_channel",
    "cannot_dm_bot",
    "messages_tab_disabled",
}
# The channel is archived: nothing in it can be changed until it is opened again.
FROZEN_CHANNEL = {"is_inactive", "is_archived"}
# The message cannot be edited any more.
NOT_EDITABLE = {"message_not_found", "cant_update_message", "edit_window_closed"}
BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_attachments"}

_LONGEST_WAIT = 600.0  # seconds, whatever a proxy's Retry-After says


class TokenRefused(Transient):
    """Slack does not take the token, with its `code`; when an operator has set a new one, what waits goes on."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}: Slack refuses the token, the bot has to be started with a new one")
        self.code = code


@contextmanager
def mapped(method: str, *, repeatable: bool = False) -> Iterator[None]:
    """Turn what the SDK raises into our errors; a `repeatable` call is never ambiguous."""
    try:
        yield
    except SlackApiError as error:
        raise _judged(method, error.response, repeatable=repeatable) from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise Transient(f"{method}: cannot reach Slack: {error}") from error
    except (TimeoutError, OSError, aiohttp.ClientError, SlackClientError) as error:
        raise Transient(f"{method}: no answer: {error!r}", ambiguous=not repeatable) from error
    except (AttributeError, ValueError) as error:
        # The SDK stumbles over an answer that is no JSON object.
        raise Transient(f"{method}: the answer is not Slack's: {error!r}", ambiguous=not repeatable) from error


def seconds_of(retry_after: str | None) -> float:
    """How long a Retry-After asks to wait; a second when it does not say."""
    text = (retry_after or "").strip()
    return min(float(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() else 1.0


def _judged(method: str, response: Any, *, repeatable: bool) -> Transient | SlackRefused:
    """What an answer that is no success means: the table."""
    # The SDK's own response, or aiohttp's where the body could not be read.
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    found = getattr(response, "data", None)
    data: dict[str, Any] = found if isinstance(found, dict) else {}
    code = str(data.get("error") or "")
    if status == 429 or code in _RATE_LIMITED:
        return Transient(f"{method}: Slack's rate limit", after=seconds_of(response.headers.get("Retry-After")))
    if status >= 500 or code in _BROKEN:
        # A gateway's 5xx may come after Slack has done the work.
        return Transient(f"{method}: {code or f'HTTP {status}'}", ambiguous=not repeatable)
    if code in _NOT_NOW:
        return Transient(f"{method}: {code}")
    if code in _TOKEN_REFUSED:
        return TokenRefused(method, code)
    if not code:
        # A proxy's page: a 4xx or a redirect comes before Slack, after a 200 Slack may have done the work.
        return Transient(f"{method}: HTTP {status}, not Slack's", ambiguous=status == 200 and not repeatable)
    return SlackRefused(code, method, _reason(data))


def _reason(data: dict[str, Any]) -> str:
    """What Slack says beyond the code: the scope that is missing, or which block is wrong."""
    needed = data.get("needed")
    messages = (data.get("response_metadata") or {}).get("messages") or []
    return "; ".join([*([f"needs {needed}"] if needed else []), *map(str, messages)])
