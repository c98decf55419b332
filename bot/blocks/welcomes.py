"""What the bot says when it is new somewhere: in a channel, in somebody's direct messages (guide 5.5)."""

from __future__ import annotations

from bot.blocks.elements import context, plain, rich, section, step, words
from bot.blocks.lists import bullets
from bot.blocks.problems import offer_row
from bot.blocks.text import said
from bot.errors import Offer
from bot.models import Content

__all__ = ["channel_welcome", "direct_welcome"]

_PERSON = 60
_NEW = Offer("New task", "create", "primary")


def channel_welcome(added_by: str = "") -> Content:
    """For a channel that somebody has added the app to."""
    what = "It starts AI coding agents in Coder workspaces and follows them here."
    shortcut = " starts a task. So does Create a Coder task in a message’s menu."
    lines = (
        section(words("/coder-task", code=True), words(shortcut)),
        section(words("Each task gets one card. Reply in its thread to prompt the agent.")),
        section(words("Prompts and what the agent says are visible to everyone here.")),
    )
    text = (
        f"Coder Tasks is in this channel. {what} Type /coder-task to start one."
        " Prompts and agent messages are visible to everyone in the channel."
    )
    head = section(words("Coder Tasks is in this channel.", bold=True), words(f" {what}"))
    adder = said(added_by, _PERSON)
    account = "Everyone uses their own Coder account, found by their Slack e-mail."
    offers = (_NEW, Offer("Channel settings…", "settings"), Offer("Help", "help"))
    return Content(
        text,
        [
            rich("wel.text", head, bullets(lines)),
            *offer_row("wel.do", *offers),
            context("wel.by", plain(f"Added by {adder}. {account}" if adder else account)),
        ],
    )


def direct_welcome() -> Content:
    """For somebody who opens their direct messages with the app for the first time."""
    lead = "Send a prompt here to start a Coder task."
    return Content(
        f"{lead} Its card and thread stay between you and the app.",
        [
            step("wel.text", f"*{lead}* Its card and thread stay between you and the app."),
            *offer_row("wel.do", _NEW, Offer("Help", "help")),
        ],
    )
