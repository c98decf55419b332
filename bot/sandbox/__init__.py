"""A local Slack and a local Coder: to try the bot without any account, and to test it.

The page in a browser will live in bot/sandbox/web/.
"""

from __future__ import annotations


async def sandbox(*, tour: bool = False, port: int = 0, speed: float = 1.0) -> int:
    """Run the bot against local servers until a signal, or play the tour; the exit status.

    `port` is the local Slack's (0: any free one), `speed` how much faster than usual the local agents work.
    """
    # The tests use the servers in this package without the bot.
    if tour:
        from bot.sandbox.tour import play  # noqa: PLC0415

        return await play(port=port, speed=speed)
    from bot.sandbox.terminal import converse  # noqa: PLC0415

    return await converse(port=port, speed=speed)
