"""`python -m tests.bench [--json FILE] [NAME ...]`: measure all, or what is named, and print one table."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from tests.bench import answers, cards, intake, process, slopes, soak, ticks, updates
from tests.bench.rows import Row, table

MEASUREMENTS: Mapping[str, Callable[[], Awaitable[list[Row]]]] = {
    "intake": intake.measure,
    "answers": answers.measure,
    "ticks": ticks.measure,
    "updates": updates.measure,
    "cards": cards.measure,
    "soak": soak.measure,
    "slopes": slopes.measure,
    "process": process.measure,
}


def main() -> None:
    """Measure, print, and write the file if one is named."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]  # slack_sdk would send even loopback calls through it
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MEASUREMENTS, []], help="what to measure; all without a name")
    parser.add_argument("--json", type=Path, help="write the rows here, too")
    given = parser.parse_args()
    rows: list[Row] = []
    for name in given.names or MEASUREMENTS:
        sys.stderr.write(f"{name} ...\n")
        rows += asyncio.run(_measure(name))
    sys.stdout.write(table(rows) + "\n")
    if given.json:
        given.json.write_text(json.dumps([asdict(row) | {"ratio": row.ratio} for row in rows], indent=1))


async def _measure(name: str) -> list[Row]:
    return await MEASUREMENTS[name]()


if __name__ == "__main__":
    main()
