"""The words of the bot: what Coder says of a task, what people ask of it, what Slack shows of it. All frozen.

Times are Unix seconds. Texts that come from people, agents, templates or logs are kept as they came; the renderers
put them only where Slack shows them literally.
"""

from __future__ import annotations

from bot.models.asked import Asked, CreateRequest, Enclosed, Level, Origin, Person, Place, Quote, Verb
from bot.models.coder import Details, Failure, LogEntry, Logs, Preset, Report, Snapshot, State, Status, Template
from bot.models.kept import (
    Batch,
    Card,
    Change,
    ChannelSettings,
    Condition,
    Form,
    Memory,
    PersonSettings,
    Phase,
    Prompt,
    PromptRule,
    PromptState,
    StartRule,
    Task,
    Watch,
)
from bot.models.model import Model
from bot.models.said import Kind, Said, said_key
from bot.models.shown import CardView, Content, View
from bot.models.source import SourceMessage, SourceThread

__all__ = [
    "Asked",
    "Batch",
    "Card",
    "CardView",
    "Change",
    "ChannelSettings",
    "Condition",
    "Content",
    "CreateRequest",
    "Details",
    "Enclosed",
    "Failure",
    "Form",
    "Kind",
    "Level",
    "LogEntry",
    "Logs",
    "Memory",
    "Model",
    "Origin",
    "Person",
    "PersonSettings",
    "Phase",
    "Place",
    "Preset",
    "Prompt",
    "PromptRule",
    "PromptState",
    "Quote",
    "Report",
    "Said",
    "Snapshot",
    "SourceMessage",
    "SourceThread",
    "StartRule",
    "State",
    "Status",
    "Task",
    "Template",
    "Verb",
    "View",
    "Watch",
    "said_key",
]
