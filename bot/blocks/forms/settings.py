"""The form for what holds in a channel (guide, `modal.settings`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.blocks.elements import Block, context, plain, rich, section, words
from bot.blocks.forms.fields import level_field, preset_field, template_field, template_option
from bot.blocks.forms.inputs import field, live_menu, modal, option, radio, ticks
from bot.models import Level, Preset, PromptRule, StartRule, Template, View

CALLBACK = "settings"
TITLE = "Channel settings"

_EVERYBODY = "Everyone with a Coder account"
_NEWS = {"waiting": "Waiting for input", "complete": "Complete", "failed": "Failed or error"}
_NEWS_HINT = "One card per task, no mentions, for tasks that nobody started from Slack."
_SEVERAL = "This channel watches for more than one kind of task: /coder-task watch says which, watch off ends it."


@dataclass(frozen=True)
class News:
    """What a channel is told of tasks of elsewhere: events as the form has them; no template: all."""

    events: frozenset[str] = frozenset()
    template: Template | None = None


@dataclass(frozen=True)
class ChannelForm:
    """What the form shows; without `news` the channel's watches cannot be shown in its fields."""

    form_id: str
    channel: str
    template: Template | None = None
    presets: Sequence[Preset] | None = None
    required: Sequence[str] = ()
    preset: str = ""
    start: StartRule = StartRule.ANYONE
    prompts: PromptRule = PromptRule.OWNER
    level: Level | None = None
    news: News | None = None
    has_several: bool = False


def channel_form(shown: ChannelForm) -> View:
    """The form."""
    blocks = [
        rich("where", section(words("Settings of "), {"type": "channel", "channel_id": shown.channel})),
        template_field(shown.template, optional=True),
        *_preset(shown),
        _start(shown.start),
        _prompts(shown.prompts),
        level_field(shown.level),
        *_news(shown),
    ]
    if shown.channel.startswith("D"):  # Slack shows no direct message as a channel
        blocks[0] = rich("where", section(words("Settings of this direct message")))
    return modal(CALLBACK, TITLE, blocks, form_id=shown.form_id, submit="Save")


def _preset(shown: ChannelForm) -> list[Block]:
    if shown.template is None or not shown.presets:
        return []
    made = preset_field(shown.template, shown.presets, shown.required, shown.preset)
    return [made] if made else []


def _start(rule: StartRule) -> Block:
    anyone = option(_EVERYBODY, StartRule.ANYONE.value)
    nobody = option("Nobody", StartRule.NOBODY.value, "Turns tasks off in this channel")
    chosen = nobody if rule is StartRule.NOBODY else anyone
    return field("start", "Who may start tasks here", radio("start", [anyone, nobody], chosen))


def _prompts(rule: PromptRule) -> Block:
    owner = option("The task’s owner", PromptRule.OWNER.value)
    anyone = option(_EVERYBODY, PromptRule.ANYONE.value, "Unless a task’s owner has chosen otherwise")
    chosen = anyone if rule is PromptRule.ANYONE else owner
    return field("steer", "Whose replies reach the agent", radio("steer", [owner, anyone], chosen))


def _news(shown: ChannelForm) -> list[Block]:
    if shown.news is None:
        return [context("news.several", plain(_SEVERAL))] if shown.has_several else []
    options = {event: option(text, event) for event, text in _NEWS.items()}
    chosen = [entry for event, entry in options.items() if event in shown.news.events]
    boxes = ticks("news", list(options.values()), chosen)
    only = template_option(shown.news.template) if shown.news.template else None
    menu = live_menu("news_template", "All templates", only)
    return [
        field("news", "Task news in this channel", boxes, optional=True, hint=_NEWS_HINT),
        field("news_template", "Task news only for template", menu, optional=True),
    ]
