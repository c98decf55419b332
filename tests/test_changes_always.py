"""What holds for every story of a task, however its agent and its machine flicker."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from bot.changes import UNHEALTHY_SETTLES, earns_reply
from bot.models import Change, Condition, Level, Report, Snapshot, State, Status
from tests.story import BOOTS, SETTLE, SICK, STOPPED, STOPPING, Story, at_work, seen

ENDS = {Condition.WAITING, Condition.COMPLETE, Condition.FAILED}
MESSAGES = st.sampled_from(["", "A", "B"])
# Longer than anything takes to settle.
LONG = 4 * SETTLE + UNHEALTHY_SETTLES


@dataclass(frozen=True)
class Step:
    """Something happens to the task, and holds for some seconds."""

    what: str
    message: str
    seconds: float

    def __call__(self, story: Story) -> None:
        """Let it happen."""
        match self.what:
            case "prompt":
                story.is_prompted()
            case "working" | "idle" | "complete" | "failed":
                story.reports(self.what, self.message, self.seconds)
            case "silent":
                story.sees(seen(build=_build(story)), self.seconds)
            case _:
                story.sees(_MACHINE[self.what].model_copy(update={"build_number": _build(story)}), self.seconds)


_MACHINE: dict[str, Snapshot] = {
    "boots": BOOTS,
    "sick": SICK,
    "odd": seen(Status.UNKNOWN),
    "stopping": STOPPING,
    "stopped": STOPPED,
    "broken": seen(Status.ERROR, workspace="failed"),
    "queued": seen(Status.PENDING, workspace="pending"),
}


def _build(story: Story) -> int:
    return story.last.build_number if story.last else 1


def steps(*what: str) -> st.SearchStrategy[list[Step]]:
    """Any story of these steps."""
    return st.lists(st.builds(Step, st.sampled_from(what), MESSAGES, st.floats(0, 90)), max_size=25)


AGENT = ("working", "idle", "complete", "failed", "prompt")
EVERYTHING = (*AGENT, "silent", *_MACHINE)


def told(story: list[Step], every: float = 5.0) -> Story:
    """Tell it."""
    made = at_work()
    made.every = every
    for step in story:
        step(made)
    return made


@given(steps(*EVERYTHING), st.sampled_from([1.0, 5.0, 60.0]))
def test_the_owner_is_mentioned_at_most_once_in_a_turn(story: list[Step], every: float) -> None:
    """Whatever happens between two delivered prompts, there is one mention; and all that may mention is told."""
    mentions = [change for change in told(story, every).told if change.mention]

    assert len(mentions) == len({change.turn for change in mentions})
    assert all(earns_reply(change, Level.IMPORTANT) for change in mentions)


@given(steps(*EVERYTHING), st.sampled_from([1.0, 5.0, 60.0]))
def test_nothing_is_said_twice_running(story: list[Step], every: float) -> None:
    """In a turn an end is not told again before another was told, or the task was paused."""
    last: Change | None = None
    for change in told(story, every).told:
        if change.condition in ENDS:
            same = last is not None and (last.turn, last.condition, last.message) == (
                change.turn,
                change.condition,
                change.message,
            )
            assert not same
            last = change
        if change.condition is Condition.PAUSED:
            last = None


@given(st.lists(st.tuples(st.floats(0, SETTLE - 1), st.floats(0, 40)), max_size=15), st.sampled_from([1.0, 3.0, 7.0]))
def test_flicker_shorter_than_the_settle_time_is_never_told(flickers: list[tuple[float, float]], every: float) -> None:
    """However often an agent turns idle, and for whatever words: less than the settle time is nothing."""
    story = at_work()
    story.every = every
    for number, (idle, busy) in enumerate(flickers):
        story.reports("idle", f"step {number}", idle)
        story.reports("working", "on it", busy)

    assert story.replies == []


@given(
    steps(*EVERYTHING),
    st.sampled_from([State.IDLE, State.COMPLETE, State.FAILED]),
    st.sampled_from(["A", "B", "C"]),
    st.sampled_from([1.0, 5.0, 60.0]),
)
def test_the_final_state_is_always_told(story: list[Step], state: State, message: str, every: float) -> None:
    """When nothing moves any more, the last end that was told in this turn is the one that Coder shows."""
    made = told(story, every)
    made.now += 1
    final = seen(build=_build(made)).model_copy(update={"report": Report(state=state, message=message, at=made.now)})
    made.sees(final, LONG)

    shown = {State.IDLE: Condition.WAITING, State.COMPLETE: Condition.COMPLETE, State.FAILED: Condition.FAILED}[state]
    last = [change for change in made.told if change.condition in ENDS][-1]
    assert (last.turn, last.message) == (made.memory.turn, message)
    # An agent that turns idle with the words of its end is still at that end.
    assert last.condition is shown or shown is Condition.WAITING
    assert made.memory.condition is last.condition
    assert made.memory.candidate is None


@given(steps(*EVERYTHING), st.sampled_from([*_MACHINE]), st.sampled_from([1.0, 5.0, 60.0]))
def test_the_final_machine_is_always_shown(story: list[Step], machine: str, every: float) -> None:
    """When nothing moves any more, what is remembered is what Coder shows, and nothing waits to be told."""
    made = told(story, every)
    made.now += 1
    made.sees(_MACHINE[machine].model_copy(update={"build_number": _build(made) + 1}), LONG)

    shown = {
        "boots": {Condition.STARTING, Condition.RESUMING},
        "sick": {Condition.UNHEALTHY},
        "odd": {Condition.UNKNOWN},
        "stopping": {Condition.PAUSING},
        "stopped": {Condition.PAUSED},
        "broken": {Condition.BUILD_FAILED},
        "queued": {Condition.QUEUED, Condition.RESUMING},
    }[machine]
    assert made.memory.condition in shown
    assert made.memory.candidate is None
    if machine in {"broken", "stopped"}:
        assert made.told[-1].condition in shown


@given(steps(*EVERYTHING))
def test_moments_and_durations_are_sound(story: list[Step]) -> None:
    """No reply is older than the task, and none took less than no time."""
    for change in told(story).told:
        assert change.at > 0
        assert change.seconds is None or change.seconds >= 0
        assert change.before is not change.condition or change.condition in {*ENDS, Condition.WORKING}
