# ruff: noqa: T201 - a command line prints
"""Play schedules of faults: `python -m tests.faults --schedules 100`, or for a time: `--minutes 60`.

A schedule that ends badly is shrunk to the steps that it needs, told with the command that plays it again, and written
with all that happened into a file of the folder `--to`.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import postgres
from tests.faults.bots import Nursery
from tests.faults.player import Player
from tests.faults.schedule import Result, Schedule, world_of
from tests.faults.tables import Databases

STEPS = 40


def main() -> int:
    """Play what was asked for; 0 when nothing was found, 1 when something was."""
    given = _parser().parse_args()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # connections that faults have cut
    return _share(given) if given.jobs > 1 else _play_all(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default 1)")
    parser.add_argument("--schedules", type=int, default=0, help="how many schedules (default 1, or as time allows)")
    parser.add_argument("--minutes", type=float, default=0.0, help="for how long")
    parser.add_argument("--world", default="", help="such as socket-sqlite or http-postgresql (default: by the seed)")
    parser.add_argument("--replicas", type=int, default=0, help="bots on PostgreSQL, 1-4 (default: by the seed)")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"of each schedule (default {STEPS})")
    parser.add_argument("--jobs", type=int, default=1, help="so many processes (default 1)")
    parser.add_argument("--keep", default="", help="only the steps with these numbers, such as 0,3,17")
    parser.add_argument("--only", default="", help="only these faults, such as frozen,killed_at (default: all)")
    parser.add_argument("--again", type=int, default=1, help="play each schedule so often (default 1)")
    parser.add_argument("--every", type=int, default=1, help="the distance between two seeds (default 1)")
    parser.add_argument("--to", type=Path, default=Path("faults-found"), help="where to write what was found")
    parser.add_argument("--no-shrink", action="store_true", help="do not look for the shortest schedule that fails")
    parser.add_argument("--until-found", action="store_true", help="end with the first schedule that fails")
    parser.add_argument("--story", action="store_true", help="print what happened in any case")
    return parser


def _share(given: argparse.Namespace) -> int:
    """Let several processes play every n-th seed each."""
    passed = [text for text in sys.argv[1:] if not text.startswith("--jobs=")]
    for flag in ("--jobs", "--seed", "--schedules"):
        if flag in passed:
            del passed[passed.index(flag) : passed.index(flag) + 2]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # not without those that were started
    started: list[subprocess.Popen[bytes]] = []
    for number in range(given.jobs):
        count = given.schedules // given.jobs + (number < given.schedules % given.jobs)
        mine = ["--seed", str(given.seed + number), "--every", str(given.jobs), "--schedules", str(count)]
        started.append(subprocess.Popen([sys.executable, "-m", "tests.faults", *passed, *mine]))
    try:
        return max([one.wait() for one in started])
    finally:
        for one in started:
            one.terminate()


def _play_all(given: argparse.Namespace) -> int:
    until = time.monotonic() + given.minutes * 60 if given.minutes else None
    count = given.schedules or (None if until else 1)
    seeds = itertools.count(given.seed, given.every)
    results: list[Result] = []
    with _laboratory() as play_one:
        for seed in itertools.islice(seeds, count) if count else seeds:
            if until and time.monotonic() > until:
                break
            for _ in range(given.again):
                result = play_one(_schedule(given, seed))
                results.append(result)
                _tell(given, result, play_one)
            if given.until_found and results[-1].complaints and not results[-1].is_void:
                break
    return _sum_up(results)


def _schedule(given: argparse.Namespace, seed: int) -> Schedule:
    transport, _, database = given.world.partition("-")
    kept = tuple(int(number) for number in given.keep.split(",")) if given.keep else None
    only = tuple(given.only.split(",")) if given.only else ()
    return Schedule(seed, world_of(seed, transport, database, given.replicas), given.steps, kept, only=only)


@contextmanager
def _laboratory() -> Iterator[Player]:
    """Everything that schedules share: the nursery of bots, the databases."""
    with ExitStack() as stack:
        nursery = Nursery()
        stack.callback(nursery.close)
        databases = stack.enter_context(Databases.opened(lambda: stack.enter_context(postgres.server())))
        yield Player(nursery, databases)


def _tell(given: argparse.Namespace, result: Result, play_one: Player) -> None:
    schedule = result.schedule
    world = f"{schedule.world} x{schedule.world.replicas}"
    verdict = "ok" if not result.complaints else f"{len(result.complaints)} complaints"
    if result.is_void:
        verdict += f", void: the machine stood still for {result.stood_still:.1f} s"
    counts = " ".join(f"{name}={count}" for name, count in result.counts.items())
    print(f"seed {schedule.seed} {world}: {verdict} in {result.seconds:.1f} s, {counts}", flush=True)
    if given.story:
        print("\n".join(result.story), flush=True)
    if not result.complaints:
        return
    shortest = result if given.no_shrink else play_one.shrunk(result)
    print("\n".join(f"    {text}" for text in shortest.complaints[:12]), flush=True)
    print(f"    again: {shortest.schedule.command}", flush=True)
    given.to.mkdir(parents=True, exist_ok=True)
    path = given.to / f"seed-{schedule.seed}-{schedule.world}.txt"
    path.write_text("\n\n".join(_report(each) for each in (shortest, *([result] if result is not shortest else []))))
    print(f"    what happened: {path}", flush=True)


def _report(result: Result) -> str:
    parts = [result.schedule.command, *result.complaints, "", *result.story]
    for name, lines in result.logs.items():
        parts += ["", f"-- {name} --", *lines]
    return "\n".join(parts)


def _sum_up(results: list[Result]) -> int:
    failed = [result for result in results if result.complaints and not result.is_void]
    void = sum(result.is_void for result in results)
    worlds = Counter(f"{one.schedule.world} x{one.schedule.world.replicas}" for one in results)
    each = ", ".join(f"{world}: {count}" for world, count in sorted(worlds.items()))
    seconds = sum(result.seconds for result in results)
    maybe = sum(result.counts.get("maybe", 0) for result in results)
    lines = sum(result.counts.get("lines", 0) for result in results)
    verdicts = f"{len(failed)} failed, {void} void"
    print(f"{len(results)} schedules in {seconds:.0f} s, {verdicts}; {maybe} of {lines} replies uncertain")
    print(f"  {each}")
    for result in failed:
        print(f"  seed {result.schedule.seed}: {result.complaints[0]}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
