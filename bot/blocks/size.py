"""How much of a message's room its blocks take."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.blocks.elements import Block

MESSAGE_BYTES = 12_000  # Slack publishes no number and refuses from about 13,200 on (msg_blocks_too_long)


def size(blocks: Sequence[Block]) -> int:
    """The bytes of the blocks as compact JSON."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
