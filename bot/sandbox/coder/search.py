"""Coder's search queries: `key:value` terms separated by spaces, quotes around values (coder-api.md 2.3)."""

from __future__ import annotations

from collections.abc import Collection

from bot.sandbox.coder.refusals import Refusal


def parsed(query: str, keys: Collection[str], bare: str, message: str) -> dict[str, str]:
    """A query as key -> value; bare words go under `bare`, joined. Refused (400, `message`) when it is not one."""
    terms: dict[str, str] = {}
    for element in split(query.lower(), " "):
        if element.startswith(":") or element.endswith(":"):
            raise Refusal(400, message, "", {"q": f"Query element \"{element}\" cannot start or end with ':'"})
        parts = split(element, ":")
        if len(parts) > 2:
            raise Refusal(400, message, "", {"q": f"Query element \"{element}\" can only contain 1 ':'"})
        key, value = parts if len(parts) == 2 else (bare, parts[0])
        terms[key] = f"{terms[key]} {value}" if key == bare and key in terms else value
    unknown = {key: f'"{key}" is not a valid query param' for key in terms if key not in keys}
    if unknown:
        raise Refusal(400, message, "", unknown)
    return terms


def split(text: str, at: str) -> list[str]:
    """The parts of a text between a character that is not inside quotes; quotes are dropped from values."""
    parts, quoted = [""], False
    for character in text:
        if character == '"':
            quoted = not quoted
            if at == " ":
                parts[-1] += character
        elif character == at and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part]
