"""Who may do what to which task."""

from __future__ import annotations

import pytest

from bot import policy
from bot.models import ChannelSettings, Person, Phase, PromptRule, Task

ANA = Person(slack_user="U1", slack_name="ana", coder_id="a", username="ana", name="Ana Ruiz")
BO = Person(slack_user="U2", slack_name="bo", coder_id="b", username="bo", name="Bo Lindqvist")
ADMIN = BO.model_copy(update={"coder_id": "c", "site_owner": True})
OWNER, ANYONE = (ChannelSettings(channel="C1", prompts=rule) for rule in (PromptRule.OWNER, PromptRule.ANYONE))


def of_ana(*, steered: bool | None = None) -> Task:
    """Ana's task."""
    return Task(id="t", phase=Phase.OPEN, requester="U1", name="t", created_at=0.0, owner_id="a", steered=steered)


@pytest.mark.parametrize(
    ("steered", "channel", "expected"),
    [
        (None, None, False),
        (None, OWNER, False),
        (None, ANYONE, True),
        (True, None, False),  # only in its threads
        (True, OWNER, True),
        (True, ANYONE, True),
        (False, OWNER, False),
        (False, ANYONE, False),  # what the owner says of one task counts more than what the channel says of all
    ],
)
def test_others_steer_where_the_thread_does(
    steered: bool | None,  # noqa: FBT001 - given by pytest
    channel: ChannelSettings | None,
    expected: bool,  # noqa: FBT001 - given by pytest
) -> None:
    """The owner always does; a site owner is one of the others."""
    task = of_ana(steered=steered)
    assert policy.may_steer(ANA, task, channel)
    assert policy.may_steer(BO, task, channel) is expected
    assert policy.may_steer(ADMIN, task, channel) is expected


def test_a_task_without_an_owner_has_nobody() -> None:
    """While Coder has not accepted it nobody is its owner."""
    assert not policy.may_steer(ANA, of_ana().model_copy(update={"owner_id": None}))
