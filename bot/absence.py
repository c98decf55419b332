"""The use cases of a return: nobody was there for a while, threads are read again, and hear of it."""

from __future__ import annotations

from bot import queue
from bot.models import Level, PromptState
from bot.store import Connection
from bot.store.card_rows import cards_of, list_open_threads
from bot.store.lanes import enqueue
from bot.store.outbox_rows import is_waiting
from bot.store.prompt_rows import get_prompt, list_waiting, list_written
from bot.store.task_rows import list_open

# A shorter absence is not worth a word.
_AWAY_SECONDS = 300.0


def catch_up(connection: Connection, run: str) -> int:
    """Read again what was written in every open thread; `run` names this start of the bot. How many there are."""
    cards = list_open_threads(connection)
    enqueue(connection, *(queue.catch_up(card, run) for card in cards))
    return len(cards)


def back_online(connection: Connection, since: float, until: float) -> None:
    """The bot was away for long: threads in which something waited hear of it, once they have been read again."""
    if until - since < _AWAY_SECONDS:
        return
    for task in list_open(connection):
        waiting = [prompt.id for prompt in list_waiting(connection, task.id)]
        told = [card for card in cards_of(connection, task.id) if card.level is not Level.QUIET]
        enqueue(connection, *(queue.post_back_online(card, since, until, waiting) for card in told))


def is_catching_up(connection: Connection, task_id: str) -> bool:
    """Whether something older may still be found: a thread is not read again yet, or somebody not looked up."""
    cards = cards_of(connection, task_id)
    judged = [queue.judge_lane(card.channel, card.thread_ts or "") for card in cards]
    return is_waiting(connection, [*judged, *(queue.catch_up_lane(card.id) for card in cards)])


def met_absence(
    connection: Connection, task_id: str, since: float, until: float, waiting: list[int]
) -> tuple[int, int]:
    """How many prompts waited or were written while nobody was there, and how many of them were delivered."""
    met = {prompt.id: prompt for prompt in list_written(connection, task_id, since, until)}
    met |= {prompt_id: get_prompt(connection, prompt_id) for prompt_id in waiting}
    return len(met), sum(prompt.state is PromptState.DELIVERED for prompt in met.values())
