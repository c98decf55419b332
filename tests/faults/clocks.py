"""Clocks that are wrong: a bot's machine is set by NTP, by a little or by minutes. Coder's: `World.skew`."""

from __future__ import annotations

import random

from tests.faults.moves import move
from tests.faults.stage import Stage

# Slack's signatures bear at most five minutes. What waits when the clock is set back waits for so much longer.
_STEPS = (-2.0, -0.5, 1.0, 45.0, 120.0)


@move("fault", 2)
async def clock_set(stage: Stage, chance: random.Random) -> str:
    """The clock of a bot's machine is set: seconds back, or forward beyond every lease."""
    bot, step = chance.choice(stage.bots), chance.choice(_STEPS)
    ahead = bot.control.wall + step
    if abs(ahead) > 240:
        return ""
    bot.control.set_wall(ahead)
    return f"the clock of {bot.name} is set by {step:+} s, it is {ahead:+} s ahead"
