"""What the use cases put into the outbox: one function per kind of delivery, with its lane and its dedup key.

A task has four lanes, so that what waits in one does not hold up another: `coder` (its machine), `prompt` (its agent),
`card` (its message, which is edited at most every 3 seconds) and `thread` (replies, in order).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from bot.commands import Command, Meant
from bot.models import Card, Change, Content, Origin, Prompt, Said, Verb
from bot.store.lanes import NewItem

SLOW_SECONDS = 10.0
# Slack hands over messages concurrently: two that were written at once may arrive in the wrong order.
GATHER_SECONDS = 0.5
# By then the threads have been read again after a start.
CATCH_UP_SECONDS = 3.0


def prompt_lane(task_id: str) -> str:
    """The lane of a task's prompts."""
    return f"prompt:{task_id}"


def create_task(task_id: str, again: str = "") -> NewItem:
    """Ask Coder for the task; `again` tells this try from one that was refused."""
    payload = {"task": task_id, **({"again": again} if again else {})}
    dedup = f"create:{task_id}{f':{again}' if again else ''}"
    return NewItem(lane=f"coder:{task_id}", kind="create_task", payload=payload, dedup=dedup)


def note_slow(task_id: str, again: str = "") -> NewItem:
    """Say that Coder takes its time, if it then still does."""
    return NewItem(
        lane=f"slow:{task_id}",
        kind="note_slow",
        payload={"task": task_id},
        dedup=f"slow:{task_id}{f':{again}' if again else ''}",
        delay=SLOW_SECONDS,
    )


def control(task_id: str, verb: Verb, origin: Origin, build_number: int) -> NewItem:
    """Ask Coder to pause, resume, retry, restart or delete; `build_number` is the build that was seen when asked."""
    payload = {"task": task_id, "verb": verb.value, "origin": origin.model_dump(mode="json"), "build": build_number}
    return NewItem(lane=f"coder:{task_id}", kind="control", payload=payload, dedup=f"control:{origin.key}")


def post_card(card: Card, origin: Origin | None = None) -> NewItem:
    """Post the card, whose message and thread are known from then on; `origin` reads why when that is impossible."""
    payload = {"card": card.id, **({"origin": origin.model_dump(mode="json")} if origin else {})}
    return NewItem(lane=f"card:{card.task_id}", kind="post_card", payload=payload, dedup=f"card:{card.id}")


def edit_card(card: Card, delay: float = 0.0) -> NewItem:
    """Bring the card up to date; the latest wins."""
    return NewItem(
        lane=f"card:{card.task_id}",
        kind="edit_card",
        payload={"card": card.id},
        dedup=f"edit:{uuid4().hex}",
        coalesce=f"edit:{card.id}",
        delay=delay,
    )


def post_reply(card: Card, what: str, key: str, **facts: Any) -> NewItem:
    """Post a reply in the card's thread; `what` names the renderer, `key` makes it one reply for ever."""
    return NewItem(
        lane=f"thread:{card.task_id}",
        kind="post_reply",
        payload={"card": card.id, "what": what, **facts},
        dedup=f"reply:{card.id}:{key}",
    )


def post_back_online(card: Card, since: float, until: float, waiting: list[int]) -> NewItem:
    """Tell the card's thread that nobody was there, if a prompt waited or one was written meanwhile."""
    facts = {"since": since, "until": until, "waiting": waiting}
    item = post_reply(card, "back_online", f"back:{until:.0f}", **facts)
    return replace(item, lane=f"back:{card.task_id}", delay=CATCH_UP_SECONDS)


def post_change(card: Card, change: Change, **facts: Any) -> NewItem:
    """Tell a change in the card's thread."""
    key = f"{change.condition}:{change.turn}:{change.at:.3f}"
    return post_reply(card, "change", key, change=change.model_dump(mode="json"), **facts)


def upload(card: Card, filename: str, text: str, key: str) -> NewItem:
    """Put a text as a file into the card's thread."""
    return NewItem(
        lane=f"thread:{card.task_id}",
        kind="upload",
        payload={"card": card.id, "filename": filename, "text": text},
        dedup=f"upload:{card.id}:{key}",
    )


def send_prompt(task_id: str, prompt_id: int, again: int = 0) -> NewItem:
    """Send the task's next prompt to the agent."""
    return NewItem(
        lane=prompt_lane(task_id),
        kind="send_prompt",
        payload={"task": task_id},
        dedup=f"prompt:{prompt_id}:{again}",
        delay=GATHER_SECONDS,
    )


def mark_message(prompt: Prompt) -> NewItem | None:
    """Show the prompt's present state as a reaction on the person's own message, if it came from one."""
    if prompt.channel is None or prompt.ts is None:
        return None
    return NewItem(
        lane=f"mark:{prompt.channel}:{prompt.ts}",
        kind="mark_message",
        payload={"prompt": prompt.id},
        dedup=f"mark:{uuid4().hex}",
        coalesce="mark",
    )


def judge_lane(channel: str, thread_ts: str) -> str:
    """The lane of a thread's replies whose authors have to be looked up."""
    return f"judge:{channel}:{thread_ts}"


def judge_reply(said: Said) -> NewItem:
    """Find out whether somebody whom we do not know yet may steer the task, then take or refuse their reply."""
    payload = said.model_dump(mode="json")
    lane = judge_lane(said.channel, said.thread_ts)
    return NewItem(lane=lane, kind="judge_reply", payload=payload, dedup=f"judge:{said.channel}:{said.ts}")


def find_thread(said: Said, meant: Meant | None) -> NewItem:
    """Take in a reply when it is known whether its thread is the task's whose card is on its way."""
    payload = {"said": said.model_dump(mode="json"), "meant": meant.model_dump(mode="json") if meant else None}
    lane = judge_lane(said.channel, said.thread_ts)
    return NewItem(lane=lane, kind="find_thread", payload=payload, dedup=f"find:{said.channel}:{said.ts}")


def read_files(prompt_id: int) -> NewItem:
    """Read the text files of a prompt, which is sent after that."""
    return NewItem(
        lane=f"files:{prompt_id}", kind="read_files", payload={"prompt": prompt_id}, dedup=f"files:{prompt_id}"
    )


def answer_command(command: Command, origin: Origin) -> NewItem:
    """Carry out a command that has to look into Coder first, and answer it privately."""
    payload = {"command": command.model_dump(mode="json"), "origin": origin.model_dump(mode="json")}
    return NewItem(lane=f"answer:{origin.key}", kind="answer_command", payload=payload, dedup=f"answer:{origin.key}")


def private_answer(origin: Origin, content: Content, key: str) -> NewItem:
    """Show something to one person only."""
    payload = {"origin": origin.model_dump(mode="json"), "text": content.text, "blocks": content.blocks}
    return NewItem(lane=f"answer:{origin.key}", kind="private_answer", payload=payload, dedup=f"private:{key}")


def remove_answer(origin: Origin) -> NewItem:
    """Remove the private line that the card replaces."""
    payload = {"origin": origin.model_dump(mode="json")}
    return NewItem(lane=f"answer:{origin.key}", kind="remove_answer", payload=payload, dedup=f"remove:{origin.key}")


def catch_up_lane(card_id: str) -> str:
    """The lane in which a card's thread is read again: one each, so that none waits for another's."""
    return f"catch_up:{card_id}"


def catch_up(card: Card, run: str) -> NewItem:
    """Read what was written in the thread while the bot was away."""
    return NewItem(
        lane=catch_up_lane(card.id),
        kind="catch_up",
        payload={"card": card.id},
        dedup=f"catch_up:{card.id}:{run}",
        coalesce="catch_up",
    )


def fill_form(form_id: str) -> NewItem:
    """Replace an open form by what had to be asked for."""
    return NewItem(
        lane=f"form:{form_id}",
        kind="fill_form",
        payload={"form": form_id},
        dedup=f"form:{uuid4().hex}",
        coalesce="fill",
    )


def publish_home(slack_user: str, delay: float = 0.0) -> NewItem:
    """Bring a person's Home tab up to date; the latest wins."""
    return NewItem(
        lane=f"home:{slack_user}",
        kind="publish_home",
        payload={"user": slack_user},
        dedup=f"home:{uuid4().hex}",
        coalesce="home",
        delay=delay,
    )


def edit_batch(batch_id: str) -> NewItem:
    """Post the roll-up of a batch, or bring it up to date; the latest wins."""
    return NewItem(
        lane=f"batch:{batch_id}",
        kind="edit_batch",
        payload={"batch": batch_id},
        dedup=f"batch:{uuid4().hex}",
        coalesce="edit",
    )


def steer_batch(batch_id: str, verb: Verb, origin: Origin) -> NewItem:
    """Pause or delete all tasks of a batch, as far as the person may."""
    payload = {"batch": batch_id, "verb": verb.value, "origin": origin.model_dump(mode="json")}
    # One after the other, so that of two clicks the first does it all, and the second is told so.
    return NewItem(lane=f"steer:{batch_id}", kind="steer_batch", payload=payload, dedup=f"steer:{origin.key}")


def tell_person(slack_user: str, what: str, key: str, **facts: Any) -> NewItem:
    """Send a person a direct message; `what` names the renderer, `key` makes it one message for ever."""
    return NewItem(
        lane=f"person:{slack_user}",
        kind="tell_person",
        payload={"user": slack_user, "what": what, **facts},
        dedup=f"tell:{key}",
    )


def post_note(channel: str, what: str, key: str, thread_ts: str = "", **facts: Any) -> NewItem:
    """Post one message that is no card's reply; `what` names the renderer, `key` makes it one message for ever."""
    return NewItem(
        lane=f"note:{channel}:{thread_ts}",
        kind="post_note",
        payload={"channel": channel, "what": what, "thread_ts": thread_ts, **facts},
        dedup=f"note:{key}",
    )


def clean_up(coder_ids: Sequence[str], origin: Origin) -> NewItem:
    """Delete finished tasks of the person who clicked."""
    payload = {"tasks": list(coder_ids), "origin": origin.model_dump(mode="json")}
    return NewItem(lane=f"answer:{origin.key}", kind="clean_up", payload=payload, dedup=f"clean:{origin.key}")
