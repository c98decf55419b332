"""What agents and builds do by themselves, as data; a script is chosen by words in the prompt.

`PROMPT_WORDS` says which words there are. They match whole (`fail` is not `failing`, `ask` is not `task`), the first
one that fits wins. A prompt that arrives when a script has come to its end is looked up in the same way; without a word
in it, it gets a generic follow-up. Seconds are those of speed 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

PULL_REQUEST = "https://github.com/acme/shop/pull/482"


@dataclass(frozen=True)
class Queue:
    """The first build waits behind others: `ahead` places, `seconds` for each."""

    ahead: int
    size: int
    seconds: float


@dataclass(frozen=True)
class NoProvisioner:
    """No matching provisioner is available for a time."""

    seconds: float


@dataclass(frozen=True)
class SlowStart:
    """Every phase of the start takes `factor` times as long."""

    factor: float


@dataclass(frozen=True)
class StartFlicker:
    """The app is unhealthy for a moment before it is healthy."""

    seconds: float


@dataclass(frozen=True)
class CrashBuild:
    """The provisioner job fails: its last log lines, its error, its error code."""

    lines: tuple[str, ...]
    error: str
    code: str = ""


BuildStep = Queue | NoProvisioner | SlowStart | StartFlicker | CrashBuild


@dataclass(frozen=True)
class Work:
    """The agent reports that it works on something, for a time."""

    seconds: float
    message: str


@dataclass(frozen=True)
class Say:
    """The agent prints text into its terminal; it appears paragraph by paragraph within `seconds`."""

    text: str
    seconds: float = 1


@dataclass(frozen=True)
class Ask:
    """The agent is idle and waits for a prompt."""

    message: str


@dataclass(frozen=True)
class Finish:
    """The agent reports that it is done, and waits for a prompt."""

    message: str
    uri: str = ""


@dataclass(frozen=True)
class Fail:
    """The agent reports a failure, and waits for a prompt."""

    message: str


@dataclass(frozen=True)
class Silence:
    """The agent is ready for a prompt, but reports nothing."""


@dataclass(frozen=True)
class Flicker:
    """Idle for a moment between two steps, though there is more to do."""

    seconds: float


@dataclass(frozen=True)
class Unhealthy:
    """The agent's app is unhealthy for a time."""

    seconds: float
    reason: str


@dataclass(frozen=True)
class AutoPause:
    """Coder pauses the task when no prompt has come for `seconds` since the step before."""

    seconds: float


AgentStep = Work | Say | Ask | Finish | Fail | Silence | Flicker | Unhealthy | AutoPause


@dataclass(frozen=True)
class Script:
    """What the first start build meets, and what the agent does then."""

    agent: tuple[AgentStep, ...]
    build: tuple[BuildStep, ...] = ()


_LOOK = (
    Work(6, "Reading the test and what it calls"),
    Say(
        "I'll start with the failing test.\n\n"
        "● Read(tests/login.spec.ts)\n"
        "  ⎿ Read 214 lines\n\n"
        "The test clicks Submit before the session cookie is set, so it depends on which request comes back first.",
    ),
    Work(8, "Running the login tests 50 times to see how often they fail"),
    Say(
        "● Bash(pnpm test login --repeat 50)\n"
        "  ⎿ 50 runs: 44 passed, 6 failed (TimeoutError: waiting for /account)\n\n"
        "Six of 50 runs fail, always in `signs in and lands on the account page`.",
    ),
)
_FIX = (
    Work(8, "Waiting for the session request instead of sleeping"),
    Say(
        "● Update(tests/login.spec.ts)\n"
        "  ⎿ 6 additions, 4 removals\n\n"
        "● Bash(pnpm test login --repeat 50)\n"
        "  ⎿ 50 runs: 50 passed",
    ),
    Work(5, "Opening a pull request"),
)
_DONE = (
    Say(f"● Bash(gh pr create --fill)\n  ⎿ {PULL_REQUEST}\n\nDone: the login test waits for the session request now."),
    Finish("Fixed the flaky login test: 50 of 50 runs pass. Pull request is open.", PULL_REQUEST),
)
_ASKS = (
    Say(
        "Both login tests pass 50 times in a row now. Four other specs still call sleep() to get around the same race."
        "\n\nShould I also remove the sleep() calls in those four, or keep this change to the login test?",
    ),
    Ask("Login tests pass 50 times in a row. Should I also remove the sleep() calls in the other four specs?"),
)
_AFTER_ANSWER = (
    Work(6, "Applying your answer"),
    Say("Understood. I'll finish the change that way and open the pull request.\n\n● Bash(pnpm test)\n  ⎿ 212 passed"),
)
CRASH = CrashBuild(
    lines=(
        "docker_container.workspace[0]: Creating...",
        "Error: Unable to create container: no space left on device",
        '  with docker_container.workspace[0], on main.tf line 187, in resource "docker_container" "workspace":',
        '  187: resource "docker_container" "workspace" {',
    ),
    error="terraform apply: exit status 1: Error: Unable to create container: no space left on device",
)
_QUOTA = CrashBuild(
    lines=("Committing the workspace's cost to the quota", "insufficient quota: 20 of 20 credits are in use"),
    error="insufficient quota",
    code="INSUFFICIENT_QUOTA",
)
_USUAL = (*_LOOK, *_FIX, *_DONE)

DEFAULT = Script(_USUAL)
FOLLOW_UP = Script(
    (
        Work(4, "Reading the new instructions"),
        Say("Got it. I'll make that change on the same branch."),
        Work(6, "Making the change and running the tests"),
        Say("● Bash(pnpm test)\n  ⎿ 212 passed\n\nThe change is pushed to the same pull request."),
        Finish("Made the change and pushed it to the pull request.", PULL_REQUEST),
    )
)
SCRIPTS: tuple[tuple[str, Script], ...] = (
    ("crash the build", Script(_USUAL, (CRASH,))),
    ("over quota", Script(_USUAL, (_QUOTA,))),
    ("no provisioner", Script(_USUAL, (NoProvisioner(60),))),
    ("in the queue", Script(_USUAL, (Queue(ahead=3, size=5, seconds=5),))),
    ("slow start", Script(_USUAL, (SlowStart(10),))),
    (
        "flicker",
        Script((*_LOOK, Flicker(2), *_FIX[:1], Flicker(2), *_FIX[1:], *_DONE), (StartFlicker(3),)),
    ),
    ("unhealthy", Script((*_LOOK, Unhealthy(30, "agent has lost connection"), *_FIX, *_DONE))),
    ("auto-pause", Script((*_USUAL, AutoPause(20)))),
    ("silent", Script((Say("Looking around in the repository.", 4), Silence()))),
    (
        "fail",
        Script(
            (
                *_LOOK,
                Say("● Bash(pnpm install)\n  ⎿ ERR_PNPM_FETCH_403 GET https://npm.acme.example/@acme%2fui: Forbidden"),
                Fail("Cannot install the dependencies: npm.acme.example answers 403 Forbidden for @acme/ui."),
                *_FIX,
                *_DONE,
            )
        ),
    ),
    ("ask", Script((*_LOOK, *_FIX[:2], *_ASKS, *_AFTER_ANSWER, *_DONE))),
    (
        "just answer",
        Script(
            (
                Work(6, "Reading the code"),
                Say("The session cookie is set by POST /api/session. The login page does not wait for it."),
                Finish("The login page does not wait for POST /api/session, so the cookie is sometimes missing."),
            )
        ),
    ),
)


# For people: what they can write into a prompt, in the order in which it is looked for.
PROMPT_WORDS: tuple[tuple[str, str], ...] = (
    ("crash the build", "the first start build fails with a terraform log; the next one (resume) works"),
    ("over quota", "the first start build fails because the quota is used up; the next one works"),
    ("no provisioner", "pending for a minute, as no matching provisioner is available; then as usual"),
    ("in the queue", "pending at place 3 of 5, then 2, then 1; then as usual"),
    ("slow start", "every phase of the start takes ten times as long"),
    ("flicker", "an error for a moment during the start, idle for a moment between the steps"),
    ("unhealthy", "the agent's app is unhealthy for half a minute in the middle of the work"),
    ("auto-pause", "finishes; when no prompt comes for twenty seconds, Coder pauses the task"),
    ("silent", "active, but the agent reports no state before it is prompted again"),
    ("fail", "the agent reports a failure and waits"),
    ("ask", "asks a question; after the answer finishes with the pull request"),
    ("just answer", "finishes with an answer and no pull request"),
    ("anything else", "works for a few steps, then finishes with a pull request"),
)


_TOLD: Mapping[type, str] = MappingProxyType(
    {
        Queue: "The build waits at place {ahead} of {size}",
        NoProvisioner: "No provisioner is available for {seconds:g} s",
        SlowStart: "The start takes {factor:g} times as long",
        StartFlicker: "The app is unhealthy for {seconds:g} s during the start",
        CrashBuild: "The first build fails: {error}",
        Work: "Works for {seconds:g} s: {message}",
        Say: "Prints: {text}",
        Ask: "Asks and waits: {message}",
        Finish: "Is done: {message} {uri}",
        Fail: "Reports a failure and waits: {message}",
        Silence: "Waits without a word",
        Flicker: "Is idle for {seconds:g} s, though there is more to do",
        Unhealthy: "Its app is unhealthy for {seconds:g} s",
        AutoPause: "Coder pauses the task after {seconds:g} s without a prompt",
    }
)


def told(step: BuildStep | AgentStep) -> str:
    """What a step is, in one line for people; of what is printed, the first line."""
    first, _, rest = _TOLD[type(step)].format(**vars(step)).strip().partition("\n")
    return f"{first} …" if rest else first


def chosen(prompt: str) -> Script | None:
    """The script that a prompt asks for by its words, None when it has none of them."""
    text = prompt.lower()
    for words, script in SCRIPTS:
        if re.search(rf"(?<![\w-]){re.escape(words)}(?![\w-])", text):
            return script
    return None
