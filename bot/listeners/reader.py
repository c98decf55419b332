"""Reads what follows a verb from left to right: flags, values, words, and where the prompt begins."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.commands import Command
from bot.errors import UserError
from bot.listeners import mistakes
from bot.names import nearest
from bot.typed import FLAG, GAP, QUOTE, QUOTED, WORD, Names, bare, decode, skip, unquote


@dataclass(frozen=True)
class Flag:
    """One flag of a verb; without `value` it is a switch."""

    name: str
    value: str = ""
    short: str = ""


HELP = Flag("help", short="h")  # every verb has it


@dataclass(frozen=True)
class Verb:
    """One verb: how its command is made, its arguments as people read them, and its flags."""

    name: str
    make: Callable[[Given], Command]
    arguments: str = ""
    flags: tuple[Flag, ...] = ()
    prose: bool = False  # what follows the flags is text for the agent; else flags may also follow the words

    @property
    def usage(self) -> str:
        """The verb with everything that may follow it."""
        flags = [f"[--{flag.name} {flag.value}]".replace(" ]", "]") for flag in self.flags]
        parts = [*flags, self.arguments] if self.prose else [self.arguments, *flags]
        return " ".join(part for part in (self.name, *parts) if part)


@dataclass(frozen=True)
class Value:
    """A flag's value as it was meant, as it was written, and where it stands in the command."""

    text: str
    raw: str
    start: int
    end: int


@dataclass
class Given:
    """What was typed after a verb: flags by name, then the words, or for prose the place where the prompt begins."""

    verb: Verb
    text: str
    names: Names | None
    values: dict[str, Value] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    rest: int = 0

    def value(self, flag: str) -> str:
        """The flag's value; empty when it is not given."""
        return self.values[flag].text if flag in self.values else ""

    def choice(self, flag: str, choices: tuple[str, ...]) -> str:
        """The flag's value, which must be one of these; empty when it is not given."""
        value = self.value(flag).lower()
        if value in ("", *choices):
            return value
        *others, last = (f"`{choice}`" for choice in choices)
        raise self.refused(flag, f"It can be {', '.join(others)} or {last}.", nearest(value, choices))

    def choices(self, flag: str, choices: tuple[str, ...], same: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """The flag's values between commas, each one of these; `same` are other words for some of them."""
        words = [word for word in re.split(r"[,\s]+", self.value(flag).lower()) if word]
        meant = [(same or {}).get(word, word) for word in words]
        unknown = next((at for at, word in enumerate(meant) if word not in choices), None)
        if unknown is None:
            return tuple(dict.fromkeys(meant))
        near = nearest(meant[unknown], choices)
        corrected = ",".join([*meant[:unknown], near, *meant[unknown + 1 :]]) if near else None
        *others, last = (f"`{choice}`" for choice in choices)
        raise self.refused(flag, f"It can be {', '.join(others)} or {last}.", corrected)

    def number(self, flag: str, default: int, most: int) -> int:
        """The flag's value, which must be a number from 1 to `most`."""
        value = self.value(flag)
        if not value:
            return default
        digits = value.lstrip("0") if value.isascii() and value.isdigit() else ""
        if digits and len(digits) <= len(str(most)) and int(digits) <= most:
            return int(digits)
        raise self.refused(flag, f"It is a number from 1 to {most}.", str(most) if digits else None)

    def refused(self, flag: str, cause: str, near: str | None) -> UserError:
        """The error for a value that the flag cannot have; `near` is one that it can."""
        where = self.values[flag]
        corrected = near and (near, f"{self.text[: where.start]}{near}{self.text[where.end :]}")
        return mistakes.bad_value(self.verb.name, f"--{flag}", where.text, cause, corrected or None)

    def prompt(self, start: int) -> str:
        """Everything from a place on, as it was typed; not empty, not too long."""
        prompt = decode(self.text[skip(self.text, start) :], self.names)
        if not prompt:
            raise mistakes.empty_prompt(self.verb.name)
        if len(prompt) > mistakes.PROMPT_LIMIT:
            raise mistakes.long_prompt(len(prompt))
        return prompt

    def phrase(self) -> str:
        """The words as the name of one thing."""
        return bare(" ".join(self.words), self.names)


class Reader:
    """Reads one command, whose verb ends at `at`."""

    def __init__(self, verb: Verb, text: str, at: int, names: Names | None) -> None:
        self.verb, self.text, self.names = verb, text, names
        self.at = skip(text, at)
        self.values: dict[str, Value] = {}

    def read(self) -> Given:
        """Read to the end, or to where prose begins; raises UserError."""
        ended, words = self._flags(), list[str]()
        rest = self.at
        while not self.verb.prose and (word := WORD.match(self.text, self.at)):
            words.append(word[0])
            self.at = skip(self.text, word.end())
            ended = ended or self._flags()
        return Given(self.verb, self.text, self.names, self.values, words, rest)

    def _flags(self) -> bool:
        """Read the flags that stand here; true when `--` ended them."""
        while found := FLAG.match(self.text, self.at):
            if not found["name"] and not found["given"]:
                self.at = skip(self.text, found.end())
                return True
            flag = self._flag(found)
            if flag.name in self.values:
                raise mistakes.twice(self.verb.name, f"--{flag.name}")
            value = self._value(flag, found) if flag.value else self._switch(flag, found)
            self.values[flag.name] = value
            self.at = skip(self.text, value.end)
        return False

    def _flag(self, found: re.Match[str]) -> Flag:
        """Find the verb's flag that is meant; a long dash also stands for a short one's hyphen."""
        name, dash = found["name"].lower(), found["dash"]
        for flag in (*self.verb.flags, HELP):
            if (dash != "-" and name == flag.name) or (dash != "--" and name == flag.short):
                return flag
        raise self._unknown(found, nearest(name, [flag.name for flag in self.verb.flags]))

    def _unknown(self, found: re.Match[str], near: str | None) -> UserError:
        """The error for a flag that the verb does not have."""
        before, after = self.text[: found.start()], self.text[found.end("name") :]
        typed = ("-" if found["dash"] == "-" else "--") + decode(found["name"], self.names)
        corrected = (f"--{near}", f"{before}--{near}{after}") if near else None
        as_prompt = f"{before}-- {self.text[found.start() :]}"
        known = [f"--{flag.name}" for flag in self.verb.flags]
        return mistakes.bad_flag(self.verb.name, typed, known, corrected, as_prompt)

    def _switch(self, flag: Flag, found: re.Match[str]) -> Value:
        """Read a flag that takes no value."""
        if not found["given"]:
            return Value("", "", found.end(), found.end())
        word = WORD.match(self.text, found.end())
        corrected = self.text[: found.end("name")] + self.text[word.end() if word else found.end() :]
        raise mistakes.needless_value(self.verb.name, f"--{flag.name}", corrected)

    def _value(self, flag: Flag, found: re.Match[str]) -> Value:
        """Read a flag's value: on the same line, in quotes or one word, and no flag itself."""
        at: int | None = found.end()
        if not found["given"]:
            gap = GAP.match(self.text, found.end())
            at = gap.end() if gap and not FLAG.match(self.text, gap.end()) else None
        value = None if at is None else self._quoted(flag, at) or self._word(at)
        if value is None or not value.text:
            raise mistakes.no_value(self.verb.name, f"--{flag.name}", flag.value)
        return value

    def _quoted(self, flag: Flag, at: int) -> Value | None:
        """Read a value in quotes; none when no quote opens here."""
        if not QUOTE.match(self.text, at):
            return None
        found = QUOTED.match(self.text, at)
        if not found:
            line = self.text[at:].split("\n", 1)[0]
            as_prompt = f"{self.text[: self.at]}-- {self.text[self.at :]}"
            raise mistakes.open_quote(self.verb.name, f"--{flag.name}", decode(line, self.names), as_prompt)
        raw = found["double"] or found["single"] or ""
        return Value(unquote(decode(raw, self.names)).strip(), raw, at, found.end())

    def _word(self, at: int) -> Value | None:
        """Read a value that is one word."""
        found = WORD.match(self.text, at)
        return Value(decode(found[0], self.names), found[0], at, found.end()) if found else None
