"""What holds in a channel: shown to whoever asks, and in public when it changes (guide, `slash.settings`)."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks.controls import CONTROLS
from bot.blocks.elements import Block, Element, actions, button, context, mrkdwn, plain, rich, section, words
from bot.blocks.text import fallback, mrkdwn_date, said
from bot.blocks.watch import watched
from bot.models import ChannelSettings, Content, Level, PromptRule, StartRule, Watch

__all__ = ["settings_answer", "settings_changed"]

_CHOICE, _PERSON, _NEWS = 30, 60, 300


def settings_answer(settings: ChannelSettings, template: str, watches: Sequence[Watch]) -> Content:
    """For whoever asks; `template` is the template's title."""
    lines = _lines(settings, template, watches)
    listed = [part for at, (name, value) in enumerate(lines) for part in _line(name, value, last=at == len(lines) - 1)]
    where: Element = {"type": "channel", "channel_id": settings.channel}
    of = [words("Settings of ", bold=True), where]
    if settings.channel.startswith("D"):  # Slack shows no direct message as a channel
        of = [words("Settings of this direct message", bold=True)]
    return Content(
        fallback(f"Settings of this channel: {_spoken(settings, template, watches)}."),
        [rich("set.list", section(*of), section(*listed)), *_button(settings.channel), *_changed(settings)],
    )


def settings_changed(by: str, settings: ChannelSettings, template: str, watches: Sequence[Watch]) -> Content:
    """For everybody in the channel: what holds from now on."""
    who, told = said(by, _PERSON) or "Somebody", _spoken(settings, template, watches, whole=True)
    return Content(
        fallback(f"{who} changed the settings of this channel: {told}."),
        [
            rich("set.new", section(words("Channel settings changed", bold=True), words(f" by {who}."))),
            context("set.what", plain(f"{told[:1].upper()}{told[1:]}.")),
            *_button(settings.channel),
        ],
    )


def _lines(settings: ChannelSettings, template: str, watches: Sequence[Watch]) -> list[tuple[str, str]]:
    preset = said(settings.preset, _CHOICE)
    chosen = f"{said(template, _CHOICE)}{f', preset {preset}' if preset else ''}" if template.strip() else "none"
    lines = [("Template", chosen), ("Notify", (settings.level or Level.IMPORTANT).value)]
    if settings.start is StartRule.NOBODY:
        lines.append(("Who may start tasks", "nobody: tasks are turned off here"))
    is_open = settings.prompts is PromptRule.ANYONE
    lines.append(("Who may prompt a task", "everyone with a Coder account" if is_open else "its owner"))
    lines.append(("Task news", _news(watches)))
    return lines


def _line(name: str, value: str, *, last: bool) -> list[Element]:
    return [words(f"{name}  ", bold=True), words(f"{value}{'' if last else chr(10)}")]


def _news(watches: Sequence[Watch]) -> str:
    """What the channel is told of: `complete and failed, tasks of template Claude Code`."""
    told = [(events, rest) for events, _, rest in (watched(watch).partition(" tasks") for watch in watches)]
    return said("; ".join(f"{events}, tasks{rest}" if rest else events for events, rest in told), _NEWS) or "off"


def _spoken(settings: ChannelSettings, template: str, watches: Sequence[Watch], *, whole: bool = False) -> str:
    """All of it in one breath; with `whole` also of which tasks there are news."""
    preset = said(settings.preset, _CHOICE)
    parts = [f"template {said(template, _CHOICE)}" if template.strip() else "no template"]
    parts += [f"preset {preset}"] if preset and template.strip() else []
    parts.append(f"notify {(settings.level or Level.IMPORTANT).value}")
    parts += ["nobody may start tasks"] if settings.start is StartRule.NOBODY else []
    is_open = settings.prompts is PromptRule.ANYONE
    parts.append("everyone with a Coder account may prompt a task" if is_open else "only the owner may prompt a task")
    told = [watched(watch).partition(" tasks") for watch in watches]
    news = said("; ".join(f"{events}{rest}" if whole else events for events, _, rest in told), _NEWS)
    parts.append(f"task news for {news}" if news else "no task news")
    return ", ".join(parts)


def _button(channel: str) -> list[Block]:
    if "channel.settings" not in CONTROLS or not channel:
        return []
    label = "Change the settings of this channel"
    return [actions("set.do", button("channel.settings", "Change…", label=label, value=channel))]


def _changed(settings: ChannelSettings) -> list[Block]:
    if settings.changed_at is None:
        return []
    by = said(settings.changed_by_name, _PERSON)
    date = mrkdwn_date(settings.changed_at, "{date_short_pretty} at {time}")
    return [context("set.who", plain(f"Changed by {by}" if by else "Changed"), mrkdwn(date))]
