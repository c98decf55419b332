"""Private answers through a command's address: shown, replaced, removed, and the address is never told."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator

import pytest

from bot.errors import SlackRefused, Transient
from bot.models import Content
from bot.sandbox.faults import Kind
from bot.slack.response_url import ResponseUrls
from tests.slack.scene import Place, place

SAYS = Content(text="Says", blocks=[], metadata=None)


@pytest.fixture(name="here")
async def _here() -> AsyncIterator[Place]:
    """A running local Slack."""
    async with place() as made:
        yield made


def address(here: Place) -> str:
    """An answer address of Ana's in #team."""
    return f"{here.slack.url}/response/{here.slack.workspace.new_response_url(here.team.id, here.ana.id).id}"


def shown(here: Place) -> list[str]:
    """What Ana sees, and nobody else."""
    return [one.text for one in here.slack.ephemerals(here.ana)]


async def test_an_answer_is_shown_replaced_and_removed(here: Place) -> None:
    """What a person reads is always the last word."""
    urls, url = ResponseUrls(here.wire.session), address(here)

    await urls.answer(url, SAYS, replace=False)
    assert shown(here) == ["Says"]
    await urls.answer(url, Content(text="Says more", blocks=[], metadata=None), replace=True)
    assert shown(here) == ["Says more"]
    await urls.remove(url)
    assert shown(here) == []


async def test_a_used_up_address_is_a_refusal(here: Place) -> None:
    """After five uses the answer has to go another way, and the code says so."""
    urls, url = ResponseUrls(here.wire.session), address(here)
    for _ in range(5):
        await urls.answer(url, SAYS, replace=True)

    with pytest.raises(SlackRefused) as refused:
        await urls.answer(url, SAYS, replace=True)

    assert refused.value.code == "used_url"


@pytest.mark.parametrize("after", ["7", "later", ""])
async def test_a_rate_limit_is_honoured(here: Place, after: str) -> None:
    """A 429 says when to come again, or is taken for a second."""
    here.fault(Kind.REFUSE, "response_url", status=429, headers={"Retry-After": after})

    with pytest.raises(Transient) as failed:
        await ResponseUrls(here.wire.session).answer(address(here), SAYS, replace=True)

    assert failed.value.after == (7 if after == "7" else 1)


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.CUT])
@pytest.mark.parametrize("url", ["{url}", "http://127.0.0.1:1/response/s3cretcapability", "nonsense/s3cretcapability"])
async def test_a_failure_never_tells_the_address(here: Place, kind: Kind, url: str) -> None:
    """Not in its text, not in its causes, not in a traceback."""
    real = address(here)
    here.fault(kind, "response_url")

    with pytest.raises(Transient) as failed:
        await ResponseUrls(here.wire.session).answer(url.format(url=real), SAYS, replace=True)

    told = "".join(traceback.format_exception(failed.value))
    assert real.rpartition("/")[2] not in told
    assert "s3cretcapability" not in told


@pytest.mark.parametrize("status", [302, 403, 404, 410])
async def test_a_page_that_repeats_the_address_is_not_quoted(here: Place, status: int) -> None:
    """A proxy's page is no code of Slack's."""
    url = address(here)
    here.fault(Kind.REFUSE, "response_url", status=status, body=f"The address {url} was not found")

    with pytest.raises(SlackRefused) as refused:
        await ResponseUrls(here.wire.session).answer(url, SAYS, replace=True)

    assert refused.value.code == f"HTTP {status}"


async def test_a_broken_gateway_passes(here: Place) -> None:
    """A 5xx is tried again."""
    here.fault(Kind.REFUSE, "response_url", status=503)
    with pytest.raises(Transient):
        await ResponseUrls(here.wire.session).answer(address(here), SAYS, replace=True)
