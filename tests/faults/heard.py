"""What the oracle asks of prompts: each arrived once, in the order in which people wrote, or somebody knows why not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from bot.sandbox.coder import Call
from tests.e2e.scene import words
from tests.faults.record import Line, Sent
from tests.faults.sight import (
    acked_at,
    answers_to,
    has_ended,
    is_taken_in,
    marks_on,
    sent_again,
    told_undelivered,
    was_dropped,
)
from tests.faults.stage import Stage


def each_prompt_arrives_once(stage: Stage) -> Iterator[str]:
    """A prompt that was taken in reached its agent once, or its author can see why not."""
    heard: defaultdict[str, Counter[str]] = defaultdict(Counter)
    heard.update({task.id: Counter(task.inputs) for task in stage.tasks})
    known: set[tuple[str, str]] = set()
    for line in stage.record.lines:
        known |= {(line.task, text) for text in line.texts}
        yield from _of_line(stage, line, heard[line.task])
    for sent in stage.record.sent:
        known.add((sent.task, sent.text))
        yield from _of_sent(stage, sent, heard[sent.task][sent.text])
    for task_id_, texts in heard.items():
        yield from (f"an agent heard {text!r}, which nobody said" for text in texts if (task_id_, text) not in known)


def _of_line(stage: Stage, line: Line, heard: Counter[str]) -> Iterator[str]:
    arrived = [text for text in line.texts for _ in range(heard[text])]
    marks = marks_on(line)
    said = line.texts[0]
    if len(arrived) > 1 + sent_again(stage, line.texts):
        yield f"{said!r} arrived {len(arrived)} times: {arrived}"
    is_prompt = line.by_owner
    if not is_prompt:
        if arrived and not _may_steer(line):
            yield f"{said!r} arrived, and its author may not prompt"
        return
    if not arrived and is_taken_in(stage, line) and not _excused(stage, line, marks):
        yield f"{said!r} was lost, its marks are {marks or 'none'}"
    if len(marks) > 1 and line.channel.id not in stage.record.rough:
        yield f"{said!r} is marked {marks}"
    if arrived and not line.deleted and marks == {"x"} and not has_ended(stage, line.task):
        yield f"{said!r} arrived and is marked as not delivered"
    if marks == {"hourglass_flowing_sand"} and line.channel.id not in stage.record.rough:
        yield f"{said!r} still waits"


def _may_steer(line: Line) -> bool:
    return any(text != line.texts[0] and not text.startswith("//") for text in line.texts)


def _excused(stage: Stage, line: Line, marks: set[str]) -> bool:
    """Whether a prompt that did not arrive may be missing: `allowances`."""
    if line.deleted or was_dropped(stage, line.texts) or has_ended(stage, line.task) or _is_below_lost(stage, line):
        return True
    visible = marks & {"x", "grey_question"} or line.channel.id in stage.record.rough
    return bool(visible and told_undelivered(stage, line.texts))


def _is_below_lost(stage: Stage, line: Line) -> bool:
    """Whether it stands below a card that was deleted by hand before the bot knew that Slack had it."""
    message = line.channel.messages.get(line.ts)
    root = line.channel.messages.get(message.thread_ts or "") if message else None
    if root is None or not root.deleted or line.task not in stage.record.torn:
        return False
    return (root.ts,) not in {tuple(row) for row in stage.ledgers.ask("SELECT thread_ts FROM card")}


def _of_sent(stage: Stage, sent: Sent, count: int) -> Iterator[str]:
    if count > 1 + sent_again(stage, [sent.text]):
        yield f"{sent.text!r} arrived {count} times"
    if count or not sent.typed.accepted or has_ended(stage, sent.task) or was_dropped(stage, [sent.text]):
        return
    said = " ".join(words(one) for one in answers_to(stage, sent.typed))
    if not said:
        yield f"{sent.text!r} was lost without an answer"
    elif "delivered" in said and not told_undelivered(stage, [sent.text]):
        yield f"{sent.text!r} was promised and lost: {said[:80]!r}"


def prompts_keep_their_order(stage: Stage) -> Iterator[str]:
    """What was taken in before a later line's turn came reached the agent before that one."""
    first_try: dict[tuple[str, str], float] = {}
    for call in stage.coder.calls:
        if call.method == "POST" and call.path.endswith("/send"):
            first_try.setdefault((call.path.split("/")[-2], str(call.json.get("input"))), _true_time(stage, call))
    turns = _turns(stage)
    for task in stage.tasks:
        lines = [one for one in stage.record.lines if one.task == task.id and one.by_owner and not one.deleted]
        lines = [one for one in lines if len(one.texts) == 1 and not sent_again(stage, one.texts)]
        place = {text: number for number, text in enumerate(task.inputs)}
        came = [line for line in sorted(lines, key=lambda one: one.ts) if line.texts[0] in place]
        for early in came:
            taken = acked_at(stage, early)
            for later in came:
                tried = first_try.get((task.id, later.texts[0]))
                is_late = taken is None or tried is None or taken > min(tried, turns.get(later.ts, tried)) - 0.02
                if early.ts < later.ts and place[early.texts[0]] > place[later.texts[0]] and not is_late:
                    yield f"{later.texts[0]!r} arrived before {early.texts[0]!r}, which was written first"


def _turns(stage: Stage) -> dict[str, float]:
    """When the bot had chosen a line for its last try: a busy machine may take long from there to the call."""
    if stage.world.database == "sqlite" and any(one.control.wall for one in stage.bots):
        return {}  # there the database's clock is the bot's own
    rows = stage.ledgers.ask("SELECT ts, sent_at FROM prompt WHERE ts IS NOT NULL AND sent_at IS NOT NULL")
    return {ts: at / 1000 for ts, at in rows}


def _true_time(stage: Stage, call: Call) -> float:
    """When Coder got a request, by the clock of everybody else."""
    return call.time.timestamp() - stage.world.skew
