"""Deliveries to one person only."""

from __future__ import annotations

from bot.delivery.outside import Outside
from bot.errors import SlackRefused
from bot.models import Content, Origin
from bot.store.lanes import Item


async def private_answer(outside: Outside, item: Item) -> None:
    """Show a content that was made earlier."""
    origin = Origin.model_validate(item.payload["origin"])
    content = Content(item.payload["text"], item.payload["blocks"])
    await outside.tell(origin, content, again=item.maybe_sent)


async def remove_answer(outside: Outside, item: Item) -> None:
    """Remove the private line that the card replaces; a line that is gone already is as good."""
    origin = Origin.model_validate(item.payload["origin"])
    if origin.response_url:
        try:
            await outside.urls.remove(origin.response_url)
        except SlackRefused:
            return
