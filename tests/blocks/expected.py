"""Two messages down to their last element, so that the tests mean something without the guide's samples."""

from __future__ import annotations

from tests.blocks.sample_views import NAME, QUESTION, TASK_ID

ANA = "U0ANA00001"
URL = f"https://coder.example.com/tasks/ana/{TASK_ID}"
RAN = (
    "● Ran 50 iterations of tests/login_test.py\n  50 passed in 312.44s\n● git diff --stat\n"
    "  app/session.py      | 14 ++++++++------\n  tests/login_test.py | 11 +++--------\n"
    "● grep -rn 'sleep(' tests/ | wc -l\n  6"
)


def _button(action: str, text: str, label: str) -> dict[str, object]:
    shown_text = {"type": "plain_text", "text": text, "emoji": False}
    return {"type": "button", "action_id": action, "text": shown_text, "value": TASK_ID, "accessibility_label": label}


WAITING_BLOCKS = [
    {
        "type": "rich_text",
        "block_id": "card.head.r14",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "link", "url": URL, "text": "Fix flaky login test", "style": {"bold": True}},
                    {"type": "text", "text": "\n"},
                    {"type": "emoji", "name": "speech_balloon"},
                    {"type": "text", "text": " "},
                    {"type": "text", "text": "Waiting for input", "style": {"bold": True}},
                    {"type": "text", "text": " · "},
                    {
                        "type": "date",
                        "timestamp": 1795357860,
                        "format": "since {time}",
                        "fallback": "since 14:31 UTC",
                    },
                ],
            }
        ],
    },
    {
        "type": "rich_text",
        "block_id": "card.agent.r14",
        "elements": [{"type": "rich_text_quote", "elements": [{"type": "text", "text": QUESTION}]}],
    },
    {
        "type": "context",
        "block_id": "card.hint.r14",
        "elements": [{"type": "plain_text", "text": "Reply in the thread to answer.", "emoji": False}],
    },
    {
        "type": "context",
        "block_id": "card.foot.r14",
        "elements": [
            {"type": "plain_text", "text": f"Ana Ruiz · Claude Code · {NAME}", "emoji": False},
            {
                "type": "mrkdwn",
                "text": "<!date^1795356120^created {date_short_pretty} at {time}|created 2026-11-22 14:02 UTC>",
            },
        ],
    },
    {
        "type": "actions",
        "block_id": "card.do.r14",
        "elements": [
            {**_button("task.reply", "Reply", f"Reply to {NAME}"), "style": "primary"},
            _button("task.logs", "Logs", f"Logs of {NAME}"),
            _button("task.pause", "Pause", f"Pause {NAME}"),
            {
                "type": "button",
                "action_id": "task.open",
                "text": {"type": "plain_text", "text": "Open in Coder", "emoji": False},
                "url": URL,
                "accessibility_label": f"Open {NAME} in Coder",
            },
            {
                "type": "overflow",
                "action_id": "task.more",
                "options": [
                    {
                        "text": {"type": "plain_text", "text": "Build log", "emoji": False},
                        "value": f"build:{TASK_ID}",
                    },
                    {
                        "text": {"type": "plain_text", "text": "Notifications…", "emoji": False},
                        "value": f"notify:{TASK_ID}",
                    },
                    {
                        "text": {"type": "plain_text", "text": "Let this thread steer", "emoji": False},
                        "value": f"steer:{TASK_ID}",
                    },
                    {
                        "text": {"type": "plain_text", "text": "Delete…", "emoji": False},
                        "value": f"delete:{TASK_ID}",
                    },
                ],
            },
        ],
    },
]
WAITING_REPLY_BLOCKS = [
    {
        "type": "rich_text",
        "block_id": "ev.head",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "emoji", "name": "speech_balloon"},
                    {"type": "text", "text": " "},
                    {"type": "user", "user_id": ANA},
                    {"type": "text", "text": " "},
                    {"type": "text", "text": "Waiting for input", "style": {"bold": True}},
                ],
            },
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": QUESTION}]},
        ],
    },
    {
        "type": "rich_text",
        "block_id": "ev.out",
        "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "Last output"}]},
            {"type": "rich_text_preformatted", "border": 0, "elements": [{"type": "text", "text": RAN}]},
        ],
    },
    {
        "type": "context",
        "block_id": "ev.how",
        "elements": [{"type": "plain_text", "text": "Reply here to answer.", "emoji": False}],
    },
    {
        "type": "actions",
        "block_id": "ev.do",
        "elements": [
            {
                "type": "button",
                "action_id": "task.logs",
                "text": {"type": "plain_text", "text": "Logs", "emoji": False},
                "value": TASK_ID,
                "accessibility_label": f"Logs of {NAME}",
            }
        ],
    },
]
