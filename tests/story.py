"""A task as its tests tell of it: what Coder shows of it over time, and what was told of that."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.changes import between, earns_reply, prompted, rebuilt
from bot.models import Change, Level, Memory, Report, Snapshot, State, Status

PENDING, INITIALIZING, ACTIVE = Status.PENDING, Status.INITIALIZING, Status.ACTIVE
SETTLE = 30.0
BEGAN = 1_000_000.0


def seen(
    status: Status = ACTIVE,
    state: str = "",
    message: str = "",
    *,
    at: float = BEGAN,
    uri: str = "",
    workspace: str = "running",
    build: int = 1,
) -> Snapshot:
    """What Coder says of the task; without a state the agent has not reported."""
    return Snapshot(
        id="7c1f",
        name="fix-login",
        title="Fix login",
        url="https://coder.example.com/tasks/ana/7c1f",
        owner_id="u1",
        owner_name="ana",
        template="Claude Code",
        status=status,
        report=Report(state=State(state), message=message, uri=uri, at=at) if state else None,
        workspace_status=workspace,
        build_number=build,
        created_at=BEGAN,
    )


STOPPING = seen(Status.UNKNOWN, workspace="stopping", build=2)
STOPPED = seen(Status.PAUSED, workspace="stopped", build=2)
BROKEN = seen(Status.ERROR, workspace="failed")
SICK = seen(Status.ERROR, workspace="running")
BOOTS = seen(INITIALIZING, "working", "Agent is connecting", workspace="running")


@dataclass
class Story:
    """A task that is looked at every few seconds, and what was told of it."""

    memory: Memory = field(default_factory=lambda: Memory(since=BEGAN, began=BEGAN))
    now: float = BEGAN
    told: list[Change] = field(default_factory=list)
    every: float = 5.0
    last: Snapshot | None = None

    def look(self, snapshot: Snapshot) -> None:
        """See this now."""
        if self.last is not None and snapshot.build_number > self.last.build_number:
            self.memory = rebuilt(self.memory, snapshot, self.now)
        self.last = snapshot
        news = between(self.memory, snapshot, self.now, SETTLE)
        self.memory = Memory.model_validate_json(news.memory.model_dump_json())  # as the store keeps it
        if news.change is not None:
            self.told.append(news.change)

    def sees(self, snapshot: Snapshot, seconds: float = 0.0) -> Story:
        """See this now, and again and again for so long."""
        until = self.now + seconds
        while True:
            self.look(snapshot)
            if self.now + self.every > until:
                return self
            self.now += self.every

    def reports(self, state: str, message: str = "", seconds: float = 0.0, uri: str = "") -> Story:
        """The agent reports this after a second, and nothing else for so long."""
        self.now += 1.0
        return self.sees(seen(ACTIVE, state, message, at=self.now, uri=uri, build=self._build), seconds)

    def is_prompted(self) -> Story:
        """A prompt reaches the agent, whose last report still stands."""
        self.now += 1.0
        self.memory = prompted(self.memory, self.last, self.now)
        return self

    @property
    def _build(self) -> int:
        return self.last.build_number if self.last else 1

    @property
    def replies(self) -> list[str]:
        """What a thread of the usual level was told, as `condition message`."""
        heard = [change for change in self.told if earns_reply(change, Level.IMPORTANT)]
        return [f"{change.condition} {change.message}".strip() for change in heard]

    @property
    def mentions(self) -> list[bool]:
        """Which of these replies mentioned the owner."""
        return [change.mention for change in self.told if earns_reply(change, Level.IMPORTANT)]


def at_work() -> Story:
    """A task whose agent works."""
    return Story().sees(seen(PENDING, workspace="pending"), 5).sees(BOOTS, 20).reports("working", "Reading", 10)


def paused() -> Story:
    """A task that waited for an answer and was paused."""
    return at_work().reports("idle", "Q1", 40).sees(STOPPING, 10).sees(STOPPED, 60)


RESUMES = seen(PENDING, workspace="pending", build=3)
