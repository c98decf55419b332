"""What was typed into the form of a batch, as prompts: one a line, or blocks with a line of hyphens between. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot import names

_LINE = re.compile(r"[ \t]*-{3,}[ \t]*")


@dataclass(frozen=True)
class Lines:
    """The prompts in their order; `numbers` says where each stood, `skipped` where nothing did, from 1.

    `is_blocks`: they are blocks, which are counted instead of lines.
    """

    prompts: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    skipped: tuple[int, ...] = ()
    is_blocks: bool = False

    @property
    def equal(self) -> list[tuple[int, ...]]:
        """Where the same prompt stands more than once."""
        places: dict[str, list[int]] = {}
        for number, prompt in zip(self.numbers, self.prompts, strict=True):
            places.setdefault(" ".join(prompt.split()), []).append(number)
        return [tuple(found) for found in places.values() if len(found) > 1]


def split_lines(text: str) -> Lines:
    """The prompts in a text; space around them and empty ones do not count."""
    lines = text.splitlines()
    is_blocks = any(_LINE.fullmatch(line) for line in lines)
    parts = [part.strip() for part in (_blocks(lines) if is_blocks else lines)]
    while parts and not parts[-1]:
        parts.pop()  # what follows the last prompt was not meant to be one
    found = [(number, part) for number, part in enumerate(parts, 1) if part]
    skipped = tuple(number for number, part in enumerate(parts, 1) if not part)
    return Lines(tuple(part for _, part in found), tuple(number for number, _ in found), skipped, is_blocks)


def _blocks(lines: Sequence[str]) -> list[str]:
    blocks: list[list[str]] = [[]]
    for line in lines:
        if _LINE.fullmatch(line):
            blocks.append([])
        else:
            blocks[-1].append(line)
    return ["\n".join(block) for block in blocks]


def key_of(batch_id: str, line: int) -> str:
    """What makes a line of a batch one request, however often it is submitted."""
    return f"batch:{batch_id}:{line}"


def name_of(batch_id: str, line: int, prompt: str) -> str:
    """The name of a line's task: made from its own words, not from what stands in front of all of them."""
    return names.task_name(prompt, key_of(batch_id, line))


def whole_prompt(prefix: str, prompt: str) -> str:
    """What the agent reads."""
    return f"{prefix.strip()}\n\n{prompt}" if prefix.strip() else prompt
