"""The shapes of whole blocks and of rich text, and which surface (message, modal, home) takes which block."""

from __future__ import annotations

from typing import Final

from bot.sandbox.slack.element_shapes import (
    BUTTON,
    IMAGE,
    IMAGE_FIELDS,
    IN_ACTIONS,
    IN_CONTEXT,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
    LINK_SCHEMES,
    WEB_SCHEMES,
    any_text,
    plain_text,
)
from bot.sandbox.slack.shapes import (
    Check,
    anything,
    at_most_one,
    both,
    flag,
    integer,
    items,
    needs_any,
    one_of,
    shape,
    string,
    typed,
    url,
)

RICH_STYLE: Final = shape(
    {},
    dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"), flag),
)


def _inline(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    return shape({"type": anything, **required}, {"style": RICH_STYLE, **(optional or {})})


INLINE: Final = typed(
    {
        "text": _inline({"text": string(100_000)}),
        "link": _inline({"url": url(3000, LINK_SCHEMES)}, {"text": string(100_000), "unsafe": flag}),
        "emoji": _inline({"name": string(255)}, {"unicode": string(255), "skin_tone": integer(1, 6)}),
        "user": _inline({"user_id": string(255)}),
        "usergroup": _inline({"usergroup_id": string(255)}),
        "channel": _inline({"channel_id": string(255)}),
        "team": _inline({"team_id": string(255)}),
        "color": _inline({"value": string(255)}),
        "broadcast": _inline({"range": one_of("here", "channel", "everyone")}),
        "date": _inline(
            {"timestamp": integer(0, 9_999_999_999), "format": string(3000)},
            {"url": url(3000, WEB_SCHEMES), "fallback": string(3000)},
        ),
    }
)
INLINES: Final = items(INLINE, 10_000, 0)
RICH_SECTION: Final = shape({"type": anything, "elements": INLINES})
BORDER: Final = integer(0, 1)
RICH_PART: Final = typed(
    {
        "rich_text_section": RICH_SECTION,
        "rich_text_quote": shape({"type": anything, "elements": INLINES}, {"border": BORDER}),
        "rich_text_preformatted": shape(
            {"type": anything, "elements": INLINES}, {"border": BORDER, "language": string(255)}
        ),
        "rich_text_list": shape(
            {
                "type": anything,
                "style": one_of("bullet", "ordered"),
                "elements": items(typed({"rich_text_section": RICH_SECTION}), 10_000),
            },
            {"indent": integer(0, 8), "offset": integer(0, 100_000), "border": BORDER},
        ),
    }
)


def _block(required: dict[str, Check], optional: dict[str, Check] | None = None) -> Check:
    return shape({"type": anything, **required}, {"block_id": string(255), **(optional or {})})


RICH_TEXT: Final = _block({"elements": items(RICH_PART, 10_000)})
RICH_TEXT_ONLY: Final = typed({"rich_text": RICH_TEXT})
SOURCE: Final = shape({"type": one_of("url"), "url": url(3000, WEB_SCHEMES), "text": string(3000)})
TASK_FIELDS: Final[dict[str, Check]] = {
    "status": one_of("pending", "in_progress", "complete", "error"),
    "details": RICH_TEXT_ONLY,
    "output": RICH_TEXT_ONLY,
    "sources": items(SOURCE, 100, 0),
}
TASK_CARD: Final = _block({"task_id": string(255), "title": string(256)}, TASK_FIELDS)
LONE_TASK_CARD: Final = _block(
    {"task_id": string(255), "title": string(256)},
    TASK_FIELDS | {"status": one_of("in_progress", "complete", "error")},
)
CARD: Final = both(
    _block(
        {},
        {
            "title": any_text(150),
            "subtitle": any_text(150),
            "body": any_text(200),
            "subtext": any_text(200),
            "actions": items(typed({"button": BUTTON}), 3),
            "hero_image": IMAGE,
            "icon": IMAGE,
            "slack_icon": anything,
        },
    ),
    needs_any("hero_image", "title", "actions", "body"),
)
CELL: Final = typed(
    {
        "raw_text": shape({"type": anything, "text": string(10_000)}),
        "raw_number": shape({"type": anything, "value": anything}, {"text": string(10_000)}),
        "rich_text": RICH_TEXT,
    }
)
CLASSIC: Final[dict[str, Check]] = {
    "section": both(
        _block(
            {},
            {"text": any_text(3000), "fields": items(any_text(2000), 10), "accessory": IN_SECTION, "expand": flag},
        ),
        needs_any("text", "fields"),
    ),
    "header": _block({"text": plain_text(150)}, {"level": integer(1, 6)}),
    "divider": _block({}),
    "image": both(
        _block({"alt_text": string(2000)}, {"title": plain_text(2000), **IMAGE_FIELDS}),
        needs_any("image_url", "slack_file"),
        at_most_one("image_url", "slack_file"),
    ),
    "context": _block({"elements": items(IN_CONTEXT, 10)}),
    "actions": _block({"elements": items(IN_ACTIONS, 25)}),
    "rich_text": RICH_TEXT,
    "input": _block(
        {"label": plain_text(2000), "element": IN_INPUT},
        {"hint": plain_text(2000), "optional": flag, "dispatch_action": flag},
    ),
    "video": _block(
        {
            "alt_text": string(2000),
            "title": plain_text(200),
            "thumbnail_url": url(3000, WEB_SCHEMES),
            "video_url": url(3000, ("https",)),
        },
        {
            "author_name": string(50),
            "description": plain_text(200),
            "provider_icon_url": url(3000, WEB_SCHEMES),
            "provider_name": string(50),
            "title_url": url(3000, ("https",)),
        },
    ),
}
NEWER: Final[dict[str, Check]] = {
    "table": _block(
        {"rows": items(items(CELL, 20), 100)},
        {"column_settings": items(anything, 20)},
    ),
    "data_table": _block(
        {"rows": items(items(CELL, 20), 101, 2), "caption": string(3000)},
        {"page_size": integer(1, 100), "column_settings": items(anything, 20)},
    ),
    "data_visualization": _block({"title": anything, "chart": anything}, {"caption": anything}),
    "task_card": LONE_TASK_CARD,
    "plan": _block({"title": string(256)}, {"tasks": items(typed({"task_card": TASK_CARD}), 50, 0)}),
    "card": CARD,
    "carousel": _block({"elements": items(typed({"card": CARD}), 10)}),
}
CONTAINABLE: Final = typed({**CLASSIC, "table": NEWER["table"], "card": CARD})
CONTAINER: Final = both(
    _block(
        {"child_blocks": items(CONTAINABLE, 10)},
        {
            "title": plain_text(150),
            "rich_text_title": RICH_TEXT_ONLY,
            "subtitle": any_text(150),
            "width": one_of("narrow", "standard", "wide", "full"),
            "icon": IMAGE,
            "is_collapsible": flag,
            "default_collapsed": flag,
        },
    ),
    needs_any("title", "rich_text_title"),
)
MARKDOWN: Final = _block({"text": string(12_000)})
CONTEXT_ACTIONS: Final = _block({"elements": items(IN_CONTEXT_ACTIONS, 5)})
REMOTE_FILE: Final = _block({"external_id": string(255), "source": one_of("remote")})
ALERT: Final = _block({"text": any_text(200)}, {"level": one_of("default", "info", "warning", "error", "success")})

IN_MESSAGE: Final = typed(
    {
        **CLASSIC,
        **NEWER,
        "container": CONTAINER,
        "markdown": MARKDOWN,
        "context_actions": CONTEXT_ACTIONS,
        "file": REMOTE_FILE,
    }
)
IN_MODAL: Final = typed({**CLASSIC, "alert": ALERT})
IN_HOME: Final = typed({**CLASSIC, **NEWER, "container": CONTAINER})
