"""What Slack's refusals mean, in one table; every failure of a call becomes one of our errors here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import SlackRefused, Transient

# The call was refused before any work: trying again is safe and may help.
_PASSING = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
    "ratelimited",
    "rate_limited",
    "accesslimited",
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
# The message cannot be edited any more.
NOT_EDITABLE = {"message_not_found", "cant_update_message", "edit_window_closed"}
BAD_BLOCKS = {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "invalid_attachments"}


@contextmanager
def mapped(method: str, *, repeatable: bool = False) -> Iterator[None]:
    """Turn what the SDK raises into our errors; a `repeatable` call is never ambiguous."""
    try:
        yield
    except SlackApiError as error:
        raise _refusal(method, error, repeatable=repeatable) from error
    except aiohttp.ClientConnectorError as error:
        raise Transient(f"{method}: cannot reach Slack: {error}") from error
    except (TimeoutError, aiohttp.ClientError, SlackClientError, ConnectionError) as error:
        raise Transient(f"{method}: no answer: {error!r}", ambiguous=not repeatable) from error


def _refusal(method: str, error: SlackApiError, *, repeatable: bool) -> Transient | SlackRefused:
    response = error.response
    status = getattr(response, "status_code", 200)
    data = response.data if isinstance(response.data, dict) else {}
    code = str(data.get("error", ""))
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        after = (response.headers or {}).get("Retry-After", "1")
        return Transient(f"{method}: Slack's rate limit", after=float(after))
    if status >= 500:
        # A gateway's 5xx may come after Slack has done the work.
        return Transient(f"{method}: HTTP {status}", ambiguous=not repeatable)
    if code in _PASSING:
        return Transient(f"{method}: {code}", ambiguous=not repeatable)
    reasons = (data.get("response_metadata") or {}).get("messages") or []
    return SlackRefused(code or f"HTTP {status}", method, "; ".join(map(str, reasons)))
