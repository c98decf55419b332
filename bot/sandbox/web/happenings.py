"""What happens between Slack and the app, as the side panel tells it: calls, deliveries, their times and refusals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from bot.sandbox.slack import SlackServer
from bot.sandbox.slack.feed import Change
from bot.sandbox.slack.records import Call, Delivery
from bot.sandbox.slack.shapes import Json

SHOWN: Final = 150
_REASONS: Final = {
    "ratelimited": "Too many calls: Slack wants the app to wait before the next one.",
    "no_answer": "The connection was cut before the app saw an answer; what was asked may have been done.",
    "not_in_channel": "The app is not a member of that channel.",
    "channel_not_found": "There is no such conversation, or the app may not see it.",
    "message_not_found": "The message is gone, or never was there.",
    "missing_scope": "The app's manifest does not ask for the scope that this needs.",
    "invalid_blocks": "The blocks break a rule of Block Kit.",
    "invalid_arguments": "An argument breaks a rule.",
    "expired_trigger_id": "A form can be opened for three seconds after what the person did.",
    "exchanged_trigger_id": "One action of a person opens one form.",
    "hash_conflict": "The view was changed in the meantime.",
    "used_url": "The answer address was used five times.",
    "expired_url": "The answer address is unknown, or older than 30 minutes.",
    "user_not_in_channel": "Only members of a channel can be shown something there.",
    "already_reacted": "The reaction is there already.",
    "no_reaction": "There is no such reaction to take away.",
    "http_429": "Too many calls: Slack wants the app to wait before the next one.",
    "http_500": "Slack failed.",
    "http_503": "Slack was not available.",
}
_OUTCOMES: Final = {
    "timeout": "No ack within three seconds.",
    "not_connected": "The app was not connected.",
    "refused": "The app answered with an error.",
}


def recent(slack: SlackServer) -> list[Json]:
    """The last things that happened, oldest first."""
    calls = [call_entry(one) for one in slack.calls[-SHOWN:] if one.status]
    sent = [delivery_entry(one) for one in slack.deliveries[-SHOWN:]]
    return sorted([*calls, *sent], key=lambda entry: float(entry["at"]))[-SHOWN:]


def happened(slack: SlackServer, change: Change) -> Json | None:
    """The entry that a change adds or replaces; None for what the panel does not tell."""
    if change.kind == "call":
        call = _last(slack.calls, "number", change.data.get("number"))
        return call_entry(call) if call else None
    if change.kind == "delivery":
        delivery = _last(slack.deliveries, "id", change.data.get("id"))
        if delivery is None:
            return None
        entry = delivery_entry(delivery)
        return {**entry, "at": entry["at"] or change.at}
    if change.kind == "socket":
        count = change.data["open"]
        text = f"{count} open" if count else "closed: Slack cannot reach the app"
        return {"id": f"socket-{change.at}", "what": "socket", "name": "Socket Mode", "at": change.at, "about": text}
    return None


def details(slack: SlackServer, entry_id: str) -> Json | None:
    """Everything that went over the wire in one call or delivery."""
    if entry_id.startswith("call-") and entry_id[5:].isdecimal():
        call = _last(slack.calls, "number", int(entry_id[5:]))
        return {"asked": call.args, "answered": {"ok": call.ok, **call.answer}} if call else None
    delivery = _last(slack.deliveries, "id", entry_id)
    return {"sent": delivery.payload, "answered with the ack": delivery.answer} if delivery else None


def call_entry(call: Call) -> Json:
    """One call of the app."""
    return {
        "id": f"call-{call.number}",
        "what": "call",
        "name": call.method,
        "about": _about(call.args),
        "at": call.at,
        "seconds": call.seconds,
        "ok": call.ok,
        "status": call.status,
        "error": call.error,
        "reason": _reason(call),
    }


def delivery_entry(delivery: Delivery) -> Json:
    """One payload for the app, with every attempt to deliver it."""
    attempts = [
        {
            "at": one.at,
            "seconds": one.seconds,
            "outcome": one.outcome.value,
            "reason": " ".join(filter(None, [_OUTCOMES.get(one.outcome.value, ""), one.detail])),
        }
        for one in delivery.attempts
    ]
    failed = attempts and attempts[-1]["outcome"] not in ("acked", "waiting") and not delivery.acked
    return {
        "id": delivery.id,
        "what": "delivery",
        "name": delivery.type,
        "about": _about_payload(delivery),
        "at": attempts[0]["at"] if attempts else 0,
        "seconds": attempts[-1]["seconds"] if attempts else 0,
        "ok": delivery.acked,
        "waiting": not attempts or attempts[-1]["outcome"] == "waiting",
        "error": attempts[-1]["outcome"] if failed else None,
        "reason": attempts[-1]["reason"] if failed else "",
        "attempts": attempts,
    }


def _about(args: Json) -> str:
    """Where and on whom a call acts; the page puts names in the place of ids."""
    known = [args.get(name) for name in ("channel", "channel_id", "user_id", "user", "name", "external_id")]
    return " · ".join(str(one) for one in known if isinstance(one, str))


def _about_payload(delivery: Delivery) -> str:
    payload, event = delivery.payload, delivery.event
    kind = event.get("subtype") or {"events_api": "event", "slash_commands": "command"}.get(delivery.kind, "")
    channel = event.get("channel") or payload.get("channel_id") or (payload.get("channel") or {}).get("id")
    pressed = [str(one.get("action_id")) for one in payload.get("actions") or []]
    callback = (payload.get("view") or {}).get("callback_id")
    who = event.get("user") or payload.get("user_id") or (payload.get("user") or {}).get("id")
    known = [kind, *pressed, callback, channel, who]
    return " · ".join(one for one in known if isinstance(one, str) and one)


def _reason(call: Call) -> str:
    if not call.error:
        return ""
    more = call.answer.get("response_metadata") or {}
    said = [_REASONS.get(call.error, ""), *(str(one) for one in more.get("messages") or [])]
    if call.answer.get("needed"):
        said.append(f"It needs {call.answer['needed']}.")
    return " ".join(filter(None, said))


def _last(found: Sequence[Any], name: str, wanted: object) -> Any:
    """The newest of these with this id or number."""
    return next((one for one in reversed(found) if getattr(one, name) == wanted), None)
