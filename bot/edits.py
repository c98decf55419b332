"""The use cases of a message that was changed after it became a prompt: its words follow as far as they can."""

from __future__ import annotations

from functools import partial

from bot import prompts
from bot.blocks import replies
from bot.models import Origin, Prompt, PromptState
from bot.store import Connection
from bot.store.moments import now
from bot.store.prompt_rows import add_prompt, find_message, get_prompt, save_prompt, save_text
from bot.typed import decode

# The agent has the words, or may have them: a change of the message comes too late.
_IS_SENT = {PromptState.SENDING, PromptState.DELIVERED, PromptState.MAYBE}


def edited(connection: Connection, channel: str, ts: str, user: str, text: str) -> None:
    """The person changed a message that became a prompt: the new words are sent if the old ones have not been."""
    prompt = find_message(connection, channel, ts)
    words = decode(text, partial(prompts.name_of, connection))
    if prompt is None or prompt.text == words or prompt.author != user:
        return
    if prompts.is_note(text):
        removed(connection, channel, ts)
    elif not save_text(connection, prompt.id, words) and get_prompt(connection, prompt.id).state in _IS_SENT:
        _offer(connection, prompt, words)


def _offer(connection: Connection, sent: Prompt, words: str) -> None:
    """The agent has the first version: keep the new one, which goes to the agent when its author says so."""
    new = sent.model_copy(update={"text": words, "state": PromptState.OFFERED, "refusals": 0, "position": ""})
    offered = add_prompt(connection, new, f"edit:{sent.id}")
    if offered is None:
        return
    key, thread = f"edited:{sent.id}", prompts.thread_of(connection, sent)
    origin = Origin(key=key, user=sent.author, user_name="", channel=sent.channel or "", thread_ts=thread)
    prompts.show_private(connection, origin, replies.edited_after_delivery(offered), key)


def send_edit(connection: Connection, prompt_id: int) -> bool:
    """Send the new words of a message; False when that has been done."""
    if not prompts.requeue(connection, prompt_id, PromptState.OFFERED):
        return False
    save_prompt(connection, prompt_id, position=f"{now(connection):.6f}")
    return True


def removed(connection: Connection, channel: str, ts: str) -> None:
    """The person deleted a message that became a prompt: it is dropped if it has not been sent."""
    prompt = find_message(connection, channel, ts)
    if prompt is not None:
        prompts.drop(connection, prompt.id)
