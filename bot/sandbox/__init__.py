"""A local Slack and a local Coder: to try the bot in a browser without any account, and to test it."""

from __future__ import annotations

from pathlib import Path


async def sandbox(
    *, tour: bool = False, port: int = 0, open_page: bool = False, data: Path | None = None, speed: float = 1.0
) -> int:
    """Run the bot against local servers until a signal, or play the tour; the exit status.

    `port` is the page's (0: any free one), `data` the folder that keeps the state, `speed` how much faster than usual
    the local agents work.
    """
    # The tests use the servers in this package without the rest.
    from bot.sandbox.run import Options  # noqa: PLC0415

    options = Options(port, open_page, data, speed)
    if tour:
        from bot.sandbox.tour import play  # noqa: PLC0415

        return await play(options)
    from bot.sandbox.terminal import converse  # noqa: PLC0415

    return await converse(options)
