"""Secrets in text that people will read: found by well-known shapes and by the names they are given (guide 6.4)."""

from __future__ import annotations

import re

HIDDEN = "[hidden]"

# The terminal breaks long words: what goes on in the next line and has a digit belongs to the token.
_WRAPPED = r"(?:\n[ \t]*(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{6,})?"
_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)",
    re.DOTALL,
)
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}"  # GitHub
    r"|gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_.-]{16,}"  # GitLab
    r"|xox[a-z](?:\.[a-z]+)?-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|xwfp-[A-Za-z0-9-]{8,}"  # Slack
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"  # AWS
    r"|sk-[A-Za-z0-9_-]{16,}|[srp]k_(?:live|test)_[A-Za-z0-9]{16,}"  # Anthropic, OpenAI; Stripe
    r"|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{16,}"  # Google
    r"|npm_[A-Za-z0-9]{30,}|pypi-[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{40,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"  # JSON web tokens
    r")" + _WRAPPED
)
_CODER = re.compile(r"(?<![A-Za-z0-9-])[A-Za-z0-9]{10}-[A-Za-z0-9]{22}(?![A-Za-z0-9-])")
_SLACK_HOOK = re.compile(r"(hooks\.slack\.com/(?:services|workflows|triggers)/)[A-Za-z0-9/_-]+", re.IGNORECASE)
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|coder-session-token)([\"']?[ \t]*[:=])"
    r"(?![ \t]*\[hidden])([ \t]*)[^\s][^\n]*"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)[ \t]+(?=[^\s]*[0-9=_.~+/-])(?!\[hidden])[A-Za-z0-9._~+/=-]{8,}")
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,200}:)(?!\[hidden]@)[^\s/@]{1,500}@")

_NAME = (
    r"[A-Za-z0-9_.-]{0,60}?(?:token|secret|passw(?:or)?d|passphrase|pwd|credentials?"
    r"|(?:api|access|account|auth|client|deploy|encryption|license|master|private|service|signing|ssh)[_-]?key)"
    r"(?:[_-]?(?:id|key|value|base64|b64))?"
)
_ENV_KEY = r"[A-Z][A-Z0-9_]{0,60}_KEY"
# Not a value: a type, a literal without meaning, a placeholder, a variable, a call.
_NO_VALUE = (
    r"(?!(?:str|string|bytes|int|bool|float|any|optional|none|null|nil|undefined|true|false)\b|\[hidden]|\*{3}"
    r"|\$|<|\{|\(|[A-Za-z_][\w.]*[(\[])"
)
_VALUE = _NO_VALUE + r"(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'&,;|)\]}]+)"
_PAIR = re.compile(
    rf"(?<![A-Za-z0-9_.-])((?:(?i:{_NAME})|{_ENV_KEY})[\"']?[ \t]{{0,3}}(?::=|=>|[:=])[ \t]{{0,3}}){_VALUE}"
)
_FLAG = re.compile(rf"(?i)((?<![\w-])--?{_NAME}[ \t]+)(?!-){_VALUE}")


def hide_secrets(text: str) -> str:
    """The text with everything that looks like a secret replaced by `[hidden]`."""
    text = _PEM.sub(HIDDEN, text)
    text = _HEADER.sub(rf"\1\2\3{HIDDEN}", text)
    text = _BEARER.sub(rf"\1 {HIDDEN}", text)
    text = _SLACK_HOOK.sub(rf"\1{HIDDEN}", text)
    text = _USERINFO.sub(rf"\1{HIDDEN}@", text)
    text = _CODER.sub(HIDDEN, _SHAPES.sub(HIDDEN, text))
    return _FLAG.sub(rf"\1{HIDDEN}", _PAIR.sub(rf"\1{HIDDEN}", text))
