"""HTTP mode: what Slack has signed gets in, and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.sandbox.slack.delivery import DeliveryFault, Mishap
from tests.e2e.scene import Scene
from tests.e2e.scene import scene as a_scene

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
HELLO = json.dumps({"type": "url_verification", "challenge": "s3cr3t-challenge", "token": "x"}).encode()


@pytest.fixture(name="scene")
async def _scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """The bot in HTTP mode."""
    async with a_scene(f"sqlite:///{tmp_path}/bot.db", http=True) as made:
        yield made


def signed(scene: Scene, body: bytes, at: float | None = None) -> dict[str, str]:
    """Slack's two headers for a body."""
    stamp = str(int(time.time() if at is None else at))
    key = scene.slack.signing_secret.encode()
    digest = hmac.new(key, b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}


async def post(scene: Scene, body: bytes, headers: dict[str, str], content_type: str = JSON) -> tuple[int, str]:
    """Post something to the bot: the status, and the body of the answer."""
    assert scene.bot is not None
    url = f"http://127.0.0.1:{scene.bot.port}/slack/events"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=io.BytesIO(body), headers={"Content-Type": content_type, **headers}) as response,
    ):
        return response.status, await response.text()


async def test_the_address_is_verified(scene: Scene) -> None:
    """When the request URL is entered, Slack asks for its challenge back."""
    status, body = await post(scene, HELLO, signed(scene, HELLO))
    assert status == 200
    assert "s3cr3t-challenge" in body


async def test_a_signed_command_is_answered(scene: Scene) -> None:
    """A command over HTTP is taken in."""
    assert (await scene.command("help")).ok
    await scene.create("Tidy the login page")


async def test_a_signature_is_for_one_body(scene: Scene) -> None:
    """A body that was changed on the way is refused."""
    assert (await post(scene, HELLO + b" ", signed(scene, HELLO)))[0] == 401


@pytest.mark.parametrize("age", [-301, 301, -86400, 86400])
async def test_an_old_request_is_refused(scene: Scene, age: int) -> None:
    """What was signed more than five minutes ago, or in the future, may be a replay."""
    assert (await post(scene, HELLO, signed(scene, HELLO, time.time() + age)))[0] == 401


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "12345678901234", "9" * 5000, "²", "1 1", None])
async def test_a_timestamp_that_is_no_number_is_refused(scene: Scene, stamp: str | None) -> None:
    """Nonsense is a 401 like every other forgery, and no failure of the bot's."""
    headers = {name: value for name, value in signed(scene, HELLO).items() if stamp is not None}
    if stamp is not None:
        headers["X-Slack-Request-Timestamp"] = stamp
    assert (await post(scene, HELLO, headers))[0] == 401


@pytest.mark.parametrize("signature", ["", "v0=", "v0=" + "0" * 64, "v1=" + "0" * 64, "é", "v0=é"])
async def test_a_bad_signature_is_refused(scene: Scene, signature: str) -> None:
    """Whatever is written where the signature belongs."""
    headers = {**signed(scene, HELLO), "X-Slack-Signature": signature}
    assert (await post(scene, HELLO, headers))[0] == 401


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe\x00", JSON),
        (b"{", JSON),
        (HELLO, "application/json; charset=nonsense"),
        (b"ssl_check=1&token=x", FORM),
        (urlencode({"payload": "{"}).encode(), FORM),
        (b"", FORM),
    ],
)
async def test_nothing_unsigned_is_read(scene: Scene, body: bytes, content_type: str) -> None:
    """A body that could not even be parsed is refused for its signature, before anybody looks into it."""
    headers = {**signed(scene, b"another"), "X-Slack-Retry-Num": "1"}
    assert (await post(scene, body, headers, content_type))[0] == 401
    assert (await post(scene, body, {}, content_type))[0] == 401


async def test_a_body_that_is_too_large_is_refused(scene: Scene) -> None:
    """Slack's payloads stay far below a megabyte."""
    body = b" " * (1024 * 1024 + 1)
    assert (await post(scene, body, signed(scene, body)))[0] == 413
    assert (await scene.command("help")).ok


async def test_other_addresses_and_methods_are_not_there(scene: Scene) -> None:
    """Only POST to the one address."""
    assert scene.bot is not None
    url = f"http://127.0.0.1:{scene.bot.port}"
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{url}/slack/events") as response:
            assert response.status == 405
        async with session.post(f"{url}/", data=HELLO, headers=signed(scene, HELLO)) as response:
            assert response.status == 404


async def test_a_repeated_event_is_taken_once(scene: Scene) -> None:
    """Slack's repetition of an event that was taken in changes nothing."""
    card, task = await scene.waiting()
    scene.slack.delivery_faults.append(DeliveryFault(Mishap.DROP_ACK, "message", times=2))

    ts = await scene.reply(card, "only once")

    await scene.reaction(ts, "white_check_mark")
    assert task.inputs == ["only once"]


async def test_socket_mode_takes_no_requests(tmp_path: Path) -> None:
    """With an app token nobody can post anything to the bot."""
    async with a_scene(f"sqlite:///{tmp_path}/bot.db", http=False) as scene:
        assert (await post(scene, HELLO, signed(scene, HELLO)))[0] == 404
