"""What Slack shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.models.asked import Asked
from bot.models.coder import Details, Report
from bot.models.kept import Condition
from bot.models.model import Model


class CardView(Model):
    """Everything that a card shows, at the instant `now`."""

    task_id: str  # Coder's id: what buttons and metadata carry
    name: str
    title: str
    url: str
    owner: str
    template: str
    created_at: float
    now: float
    condition: Condition
    since: float
    report: Report | None = None
    details: Details | None = None
    asked: Asked | None = None
    began: float = 0.0
    waiting_prompts: int = 0
    usual_start: float | None = None
    stale_since: float | None = None
    revision: int = 1
    steered: bool = False
    shown_by: str = ""
    unfollowed_by: str = ""
    unfollowed_at: float | None = None


@dataclass(frozen=True)
class Content:
    """A message or view body as Slack takes it: `text` says it all, `blocks` show it."""

    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True)
class View:
    """A modal or the Home tab as Slack takes it."""

    payload: dict[str, Any]
