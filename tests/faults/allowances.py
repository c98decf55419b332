"""What the bot does not promise: the only exceptions the oracle makes, each with its reason. README says the same.

Whoever needs one more here has found a limit of the bot, which belongs into README's "The limits".
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

ALLOWED: Final = MappingProxyType(
    {
        "unheard": "Slack never got an ack for it: it may have had its effect, or not, but not twice.",
        "maybe": "Nobody can tell whether a prompt arrived, not even the agent's log: its author is asked.",
        "ended": "The task ended while the prompt was on its way: it is marked as not delivered, and may have been.",
        "refused": "Coder or the workspace would not take it, and a person was told so.",
        "edited": "A prompt that is changed or deleted on its way arrives in one of its versions, or not at all.",
        "rough": "While the bot may not write in a channel, nothing is said or marked there, nor is it afterwards.",
        "moved": "What may stand in a channel that the bot was taken out of comes in direct messages, too.",
        "torn": "A card that somebody deletes stands again when it next has something to show, in its thread; what was "
        "written below it is not read where it was deleted before the bot knew that Slack had it.",
        "private": "Private answers are shown again rather than lost.",
        "clock": "What waits when the database's clock is set back waits for so much longer.",
        "skew": "While Coder's clock is behind, what begins in Coder soon after a watch may count as begun before it.",
        "late": "What Slack does after the bot has given the call up and looked comes twice: see `Result.is_void`.",
        "worn out": "A command that five failures meet, of Coder, of Slack, or of the bot itself, is given up, and who "
        "typed it is told.",
        "again": "A person may send a prompt again whose fate is unknown.",
    }
)
