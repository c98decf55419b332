"""What goes wrong on the way from Slack, in Slack, and in Coder; what goes wrong with the bots: `breakdowns`.

Each fault ends by itself: after a number of calls, or after a time that `stage.after` keeps. Their times are a tenth of
what they would be in production, as the bot's own waits are (`clockwork`).
"""

from __future__ import annotations

import contextlib
import random
from typing import Any

from bot.sandbox.faults import Fault, Faults, Kind
from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from bot.sandbox.slack.socket import Connection
from tests.faults.moves import in_socket, move
from tests.faults.stage import Stage

_SLACK = ("chat.postMessage", "chat.update", "chat.*", "reactions.*", "response_url", "conversations.*", "*")
_CODER = (
    "POST /api/v2/tasks/*",
    "POST /api/v2/tasks/*/send",
    "POST /api/v2/tasks/*/pause",
    "POST /api/v2/tasks/*/resume",
    "POST /api/v2/workspaces/*",
    "DELETE /api/*",
    "GET /api/v2/tasks",
    "GET /api/v2/tasks/*",
    "GET /api/*",
    "* /api/*",
)
_LIMITED = '{"ok": false, "error": "ratelimited"}'
_PAGE = "<html><body>502 Bad Gateway</body></html>"
_JSON = {"Content-Type": "application/json"}


# -- on the way from Slack ---------------------------------------------------------------------------------------------


def _deliveries(stage: Stage, mishap: Mishap, times: int, seconds: float = 0.0) -> str:
    stage.slack.delivery_faults.append(DeliveryFault(mishap, "*", times, seconds))
    return f"{mishap.value} for the next {times} deliveries"


@move("fault", 5)
async def duplicated(stage: Stage, chance: random.Random) -> str:
    """Payloads come twice, at once; with replicas to two of them."""
    return _deliveries(stage, Mishap.DUPLICATE, chance.randint(1, 5))


@move("fault", 4)
async def late(stage: Stage, chance: random.Random) -> str:
    """Payloads come late, and so out of order."""
    return _deliveries(stage, Mishap.LATE, chance.randint(1, 3), chance.uniform(0.05, 0.6))


@move("fault", 4)
async def ack_lost(stage: Stage, chance: random.Random) -> str:
    """The bot takes payloads in, Slack hears nothing of it and delivers events again."""
    return _deliveries(stage, Mishap.DROP_ACK, chance.randint(1, 3))


@move("fault", 2)
async def lost(stage: Stage, chance: random.Random) -> str:
    """Payloads do not reach the bot; Slack delivers events again."""
    return _deliveries(stage, Mishap.LOSE, chance.randint(1, 2))


@move("fault", 1.5, in_socket)
async def sockets_cut(stage: Stage, chance: random.Random) -> str:
    """All sockets break; perhaps the next ticket is dead, too."""
    stage.slack.socket.refused_tickets = chance.choice((0, 0, 1, 2))
    return f"{stage.slack.socket.abort()} sockets break"


@move("fault", 1, in_socket)
async def socket_silent(stage: Stage, chance: random.Random) -> str:
    """A socket dies without a word: what is sent on it goes nowhere, and no ping is answered."""
    connections = stage.slack.socket.open
    if not connections:
        return ""
    connection = chance.choice(connections)
    _silence(connection)
    return "a socket falls silent"


def _silence(connection: Connection) -> None:
    async def nowhere(_: Any) -> bool:
        return True

    setattr(connection, "send", nowhere)  # noqa: B010 - mypy knows that it is a method
    connection.ws._autoping = False


@move("fault", 1, in_socket)
async def sockets_refreshed(stage: Stage, chance: random.Random) -> str:
    """Slack asks for new sockets."""
    stage.spawn(stage.slack.socket.refresh())
    return "the sockets are refreshed"


# -- Slack -------------------------------------------------------------------------------------------------------------


def _failing(faults: Faults, kind: Kind, match: str, times: int, **more: Any) -> str:
    faults.add(Fault(kind, match, times, **more))
    status = more.get("status", "")
    return f"{kind.value} {status} for {match}, {times} times".replace("  ", " ")


@move("fault", 4)
async def slack_limits(stage: Stage, chance: random.Random) -> str:
    """Slack answers 429 and says when to come again."""
    headers = {"Retry-After": "1", **_JSON}
    match = chance.choice(_SLACK)
    return _failing(stage.slack.faults, Kind.REFUSE, match, 1, status=429, body=_LIMITED, headers=headers)


@move("fault", 3)
async def slack_fails(stage: Stage, chance: random.Random) -> str:
    """Slack answers 500 or 503."""
    match, times, status = chance.choice(_SLACK), chance.randint(1, 3), chance.choice((500, 503))
    return _failing(stage.slack.faults, Kind.REFUSE, match, times, status=status)


@move("fault", 5)
async def slack_answer_lost(stage: Stage, chance: random.Random) -> str:
    """Slack does what it is asked, and the answer does not come back."""
    return _failing(stage.slack.faults, Kind.LOST, chance.choice(_SLACK), chance.randint(1, 2))


@move("fault", 1.5)
async def slack_slow(stage: Stage, chance: random.Random) -> str:
    """Slack answers late, perhaps later than the bot waits."""
    seconds = chance.choice((0.2, 0.5, 1.8))
    return f"{seconds} s: " + _failing(stage.slack.faults, Kind.SLOW, chance.choice(_SLACK), 2, seconds=seconds)


@move("fault", 1)
async def slack_away(stage: Stage, chance: random.Random) -> str:
    """All calls of Slack are cut for a while, and so are its sockets."""
    fault = stage.slack.faults.add(Fault(Kind.CUT, "*", None))
    stage.slack.socket.abort()
    seconds = chance.uniform(0.3, 1.5)
    stage.after(seconds, lambda: _end(stage.slack.faults, fault))
    return f"Slack is away for {seconds:.1f} s"


def _end(faults: Faults, fault: Fault) -> None:
    with contextlib.suppress(ValueError):
        faults.active.remove(fault)


@move("fault", 0.7)
async def channel_archived(stage: Stage, chance: random.Random) -> str:
    """A channel is archived, and comes back."""
    channel = chance.choice(stage.channels)
    channel.archived = True
    stage.record.rough.add(channel.id)

    def back() -> None:
        channel.archived = False

    stage.after(chance.uniform(0.2, 1.0), back)
    return f"{channel.name} is archived"


@move("fault", 0.7)
async def bot_removed(stage: Stage, chance: random.Random) -> str:
    """The bot is taken out of a channel, and invited again."""
    channel = chance.choice(stage.channels)
    stage.record.rough.add(channel.id)
    stage.spawn(stage.slack.remove_bot(channel))

    async def back() -> None:
        stage.spawn(stage.slack.invite_bot(channel))

    stage.after(chance.uniform(0.2, 1.0), back)
    return f"the bot leaves {channel.name}"


@move("fault", 1)
async def card_deleted(stage: Stage, chance: random.Random) -> str:
    """Somebody deletes a card by hand."""
    cards = stage.cards()
    if not cards:
        return ""
    card = chance.choice(cards)
    stage.record.torn.add(str((card.metadata or {})["event_payload"]["task_id"]))
    stage.slack.workspace.remove_message(card)
    return "a card is deleted by hand"


@move("fault", 0.5)
async def edits_closed(stage: Stage, chance: random.Random) -> str:
    """Messages that stand for longer than a moment cannot be edited any more."""
    stage.slack.workspace.edit_window = 0.3
    stage.record.torn |= {task.id for task in stage.tasks} | {"all"}

    def open_again() -> None:
        stage.slack.workspace.edit_window = None

    stage.after(chance.uniform(0.3, 1.0), open_again)
    return "messages cannot be edited any more"


# -- Coder -------------------------------------------------------------------------------------------------------------


@move("fault", 5)
async def coder_answer_lost(stage: Stage, chance: random.Random) -> str:
    """Coder does what it is asked, and the answer does not come back."""
    return _failing(stage.coder.faults, Kind.LOST, chance.choice(_CODER[:6]), chance.randint(1, 2))


@move("fault", 4)
async def coder_fails(stage: Stage, chance: random.Random) -> str:
    """Coder answers 500, 502 or 503, as JSON or as a proxy's page."""
    match, times, status = chance.choice(_CODER), chance.randint(1, 3), chance.choice((500, 502, 503))
    page = chance.random() < 0.5
    body, headers = (_PAGE, {}) if page else ('{"message": "Internal error.", "detail": "boom"}', _JSON)
    return _failing(stage.coder.faults, Kind.REFUSE, match, times, status=status, body=body, headers=headers)


@move("fault", 2)
async def coder_busy(stage: Stage, chance: random.Random) -> str:
    """Coder answers 409: a build is active, or the agent is busy."""
    match, text = chance.choice(
        (
            ("POST /api/v2/tasks/*/send", "Task app is not ready to accept input."),
            ("POST /api/v2/tasks/*/pause", "A workspace build is already active."),
            ("POST /api/v2/tasks/*/resume", "A workspace build is already active."),
            ("DELETE /api/v2/tasks/*", "A workspace build is already active."),
        )
    )
    body = f'{{"message": "{text}", "detail": "Status: running"}}'
    return _failing(stage.coder.faults, Kind.REFUSE, match, 2, status=409, body=body, headers=_JSON)


@move("fault", 1.5)
async def coder_limits(stage: Stage, chance: random.Random) -> str:
    """Coder answers 429."""
    headers = {"Retry-After": "1", **_JSON}
    body = '{"message": "You have been rate limited."}'
    return _failing(stage.coder.faults, Kind.REFUSE, chance.choice(_CODER), 1, status=429, body=body, headers=headers)


@move("fault", 1)
async def coder_signs_out(stage: Stage, chance: random.Random) -> str:
    """Coder does not take the token for a while."""
    body = '{"message": "You are signed out or your session has expired. Please sign in again to continue."}'
    fault = Fault(Kind.REFUSE, "* /api/*", None, status=401, body=body, headers=_JSON)
    stage.coder.faults.add(fault)
    stage.after(chance.uniform(0.2, 1.0), lambda: _end(stage.coder.faults, fault))
    return "Coder refuses the token for a while"


@move("fault", 1)
async def coder_speaks_nonsense(stage: Stage, chance: random.Random) -> str:
    """Coder answers 200 with something that is not JSON, or not what it should be."""
    body, headers = chance.choice(((_PAGE, {"Content-Type": "text/html"}), ('{"tasks": [', _JSON), ("[]", _JSON)))
    # JSON with 200 would say of what changes something that it was done.
    match = chance.choice([one for one in _CODER if body == _PAGE or one.startswith("GET")])
    return _failing(stage.coder.faults, Kind.REFUSE, match, 1, status=200, body=body, headers=headers)


@move("fault", 1.5)
async def coder_slow(stage: Stage, chance: random.Random) -> str:
    """Coder answers late, perhaps later than the bot waits."""
    seconds = chance.choice((0.3, 1.0, 2.8))
    return f"{seconds} s: " + _failing(stage.coder.faults, Kind.SLOW, chance.choice(_CODER), 2, seconds=seconds)


@move("fault", 1)
async def coder_away(stage: Stage, chance: random.Random) -> str:
    """Coder is being restarted: all calls are cut for a while, sometimes for so long that cards say so."""
    fault = stage.coder.faults.add(Fault(Kind.CUT, "* /api/*", None))
    seconds = chance.choice((0.3, 1.0, 3.0))
    stage.after(seconds, lambda: _end(stage.coder.faults, fault))
    return f"Coder is away for {seconds} s"


@move("fault", 0.4)
async def coder_forgets(stage: Stage, chance: random.Random) -> str:
    """For a moment Coder's list has no tasks in it."""
    body = '{"tasks": [], "count": 0}'
    return _failing(stage.coder.faults, Kind.REFUSE, "GET /api/v2/tasks", 2, status=200, body=body, headers=_JSON)
