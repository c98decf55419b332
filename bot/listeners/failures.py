"""What becomes of a listener's error: the person reads a sentence, or Slack delivers again."""

from __future__ import annotations

import logging
from typing import Any
from uuid import uuid4

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot import problems
from bot.blocks.problems import problem
from bot.errors import UserError
from bot.models import Content

log = logging.getLogger(__name__)


def private(content: Content) -> dict[str, Any]:
    """An answer that Slack shows to the person who asked, and to nobody else."""
    return {"response_type": "ephemeral", "text": content.text, "blocks": content.blocks}


def register(app: AsyncApp) -> None:
    """Answer a person's mistakes; let Slack redeliver what failed because of us."""

    @app.error
    async def answer_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
        is_command = "command" in body
        if isinstance(error, UserError) and is_command:
            return BoltResponse(status=200, body=private(problem(error)))
        reference = uuid4().hex[:8].upper()
        fields = {"action": "listener_failed", "reference": reference, "type": str(body.get("type", "command"))}
        log.error("a listener failed", extra=fields, exc_info=error)
        if is_command:  # Slack never sends a command again: the person has to know
            return BoltResponse(status=200, body=private(problem(problems.unexpected(), reference=reference)))
        return BoltResponse(status=500, body="")
