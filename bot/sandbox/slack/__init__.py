"""A local Slack: the Web API, Socket Mode, HTTP delivery and the people who use the app."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from bot.sandbox.faults import Faults
from bot.sandbox.slack.delivery import DeliveryFault
from bot.sandbox.slack.grants import Grants, from_manifest
from bot.sandbox.slack.http import HttpTransport
from bot.sandbox.slack.inspection import Inspection
from bot.sandbox.slack.people import People
from bot.sandbox.slack.pressing import Pressing
from bot.sandbox.slack.rates import Rates
from bot.sandbox.slack.web_api import WebApi

DEFAULT_RETRIES = (0.0, 60.0, 300.0)  # seconds before each repetition of an event, as Slack does it


class SlackServer(People, Pressing, Inspection):
    """A Slack workspace with one app, served on 127.0.0.1.

    Payloads go to the app over Socket Mode, or as signed requests to `events_url` where one is given. A manifest
    (parsed YAML) decides what the app may do and hear; without one all is granted. `scopes` overrules its scopes.
    """

    def __init__(  # noqa: PLR0913 - every one is a keyword with a default
        self,
        *,
        port: int = 0,
        manifest: Mapping[str, Any] | None = None,
        scopes: frozenset[str] | None = None,
        events_url: str | None = None,
        retry_delays: tuple[float, ...] = DEFAULT_RETRIES,
        ack_seconds: float = 3.0,
        rate_limits: bool = False,
        bot_token: str = "xoxb-sandbox",  # noqa: S107 - opens nothing but this sandbox
        app_token: str = "xapp-sandbox",  # noqa: S107
        signing_secret: str = "sandbox-signing-secret",  # noqa: S107
    ) -> None:
        grants = from_manifest(manifest, scopes) if manifest else Grants(scopes=scopes)
        super().__init__(grants, retry_delays, ack_seconds)
        self.port = port
        self.bot_token, self.app_token, self.signing_secret = bot_token, app_token, signing_secret
        self.faults = Faults()
        tokens = {bot_token: "bot", app_token: "app"}
        self.api = WebApi(self.site, tokens, self.faults, Rates() if rate_limits else None)
        self.calls = self.api.calls
        self._http: list[HttpTransport] = []
        self._runner: web.AppRunner | None = None
        self.deliverer.transport = self.socket
        if events_url is not None:
            self.deliver_over_http(events_url)

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return self.workspace.base_url

    @property
    def api_url(self) -> str:
        """What a client takes for https://slack.com/api/."""
        return f"{self.url}/api/"

    @property
    def delivery_faults(self) -> list[DeliveryFault]:
        """The mishaps that deliveries meet, first match first."""
        return self.deliverer.faults

    def deliver_over_http(self, url: str) -> None:
        """Send everything from now on as signed requests to this request URL instead of over sockets."""
        self._http.append(HttpTransport(url, self.signing_secret, self.deliverer.ack_seconds))
        self.deliverer.transport = self._http[-1]

    async def start(self) -> None:
        """Listen; with port 0 the system chooses one, which a later start after a stop uses again."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.add_routes(self.api.routes())
        app.router.add_get("/link/", self.socket.handle)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        self.workspace.base_url = f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        """Close everything; the state stays, and `start` makes it reachable again."""
        await self.deliverer.stop()
        await self.socket.close()
        for transport in self._http:
            await transport.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
