"""The command line: what needs no running bot."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.process import bot_process


async def test_migrate_makes_the_tables(tmp_path: Path) -> None:
    """It needs the database alone, says what it did, and does it once."""
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/bot.db"}
    for said in ("created", "already at "):
        async with bot_process(environment, "-m", "bot", "migrate") as process:
            assert (await process.output()).startswith(said)
            assert await process.ended() == 0


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--help",), 0, "doctor"),
        (("run", "--help"), 0, "SLACK_SIGNING_SECRET"),
        (("sandbox", "--help"), 0, "--tour"),
        (("migrate", "--help"), 0, "coder-task-bot migrate"),
        ((), 2, ""),
        (("walk",), 2, ""),
    ],
)
async def test_help(arguments: tuple[str, ...], status: int, words: str) -> None:
    """Every command explains itself, without any setting."""
    async with bot_process({}, "-m", "bot", *arguments) as process:
        assert words in await process.output()
        assert await process.ended() == status
