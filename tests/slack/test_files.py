"""Files are read with the bot's token, which goes to Slack and nowhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.errors import SlackRefused, Transient
from bot.sandbox.faults import Kind
from bot.slack.files import is_slacks
from tests.slack.scene import Place, place

SLACK = "https://slack.com/api/"
LOCAL = "http://127.0.0.1:8080/api/"


@pytest.fixture(name="here")
async def _here() -> AsyncIterator[Place]:
    """A running local Slack, and the client on it."""
    async with place() as made:
        yield made


async def put(here: Place, content: bytes, name: str = "a.txt") -> str:
    """Ana puts a file into #team; its private address."""
    await here.slack.post(here.ana, here.team, "look", files=[(name, content)])
    file = next(one for one in here.slack.files.values() if one.name == name)
    return f"{here.slack.url}/files-pri/{file.id}/download/{name}"


@pytest.mark.parametrize(
    ("url", "api", "may"),
    [
        ("https://files.slack.com/files-pri/T1-F1/a.txt", SLACK, True),
        ("https://FILES.slack.com:443/a", SLACK, True),
        ("https://slack.com/a", SLACK, True),
        ("https://files.slack-gov.com/a", SLACK, True),
        ("http://files.slack.com/a", SLACK, False),
        ("https://files.slack.com:8443/a", SLACK, False),
        ("https://files.slack.com.evil.example/a", SLACK, False),
        ("https://evilslack.com/a", SLACK, False),
        ("https://files.slack.com@evil.example/a", SLACK, False),
        ("https://ana@files.slack.com/a", SLACK, False),
        ("https://evil.example/?https://files.slack.com", SLACK, False),
        ("https://docs.google.com/document/1", SLACK, False),
        ("ftp://files.slack.com/a", SLACK, False),
        ("//files.slack.com/a", SLACK, False),
        ("https://files.slack.com:x/a", SLACK, False),
        ("https://[files.slack.com/a", SLACK, False),
        ("", SLACK, False),
        ("http://127.0.0.1:8080/files-pri/F1/a.txt", LOCAL, True),
        ("http://127.0.0.1:8081/files-pri/F1/a.txt", LOCAL, False),
        ("https://127.0.0.1:8080/files-pri/F1/a.txt", LOCAL, False),
    ],
)
def test_where_the_token_may_go(url: str, api: str, may: bool) -> None:  # noqa: FBT001 - pytest's way
    """To Slack's own hosts over TLS, and to wherever the API is configured to be."""
    assert is_slacks(url, api) is may


async def test_a_file_is_read_up_to_a_length(here: Place) -> None:
    """The bytes as they are; of a longer one so much that it shows."""
    assert await here.client.download(await put(here, b"\x00\xffwords"), 100) == b"\x00\xffwords"
    assert len(await here.client.download(await put(here, b"x" * 300_000, "long.txt"), 100)) == 101


async def test_a_foreign_address_never_sees_the_token(here: Place) -> None:
    """It is refused before anything is asked."""
    async with place() as other:
        url = await put(other, b"words")
        with pytest.raises(SlackRefused, match="foreign_url"):
            await here.client.download(url, 100)
        assert not other.calls("download")


async def test_what_failures_mean(here: Place) -> None:
    """What passes is tried again, and never ambiguous; what does not exist or redirects is refused."""
    url = await put(here, b"words")
    for fault in (Kind.REFUSE, Kind.CUT):
        here.fault(fault, "download", status=503, times=None)  # aiohttp asks once more when it is cut off
        with pytest.raises(Transient) as failed:
            await here.client.download(url, 100)
        assert not failed.value.ambiguous
        here.slack.faults.clear()
    here.fault(Kind.REFUSE, "download", status=302, headers={"Location": "https://evil.example/"})
    with pytest.raises(SlackRefused, match="HTTP 302"):
        await here.client.download(url, 100)
    with pytest.raises(SlackRefused, match="HTTP 404"):
        await here.client.download(f"{here.slack.url}/files-pri/F404/download/a.txt", 100)
    here.fault(Kind.REFUSE, "download", status=429, headers={"Retry-After": "7"})
    with pytest.raises(Transient) as limited:
        await here.client.download(url, 100)
    assert limited.value.after == 7.0
