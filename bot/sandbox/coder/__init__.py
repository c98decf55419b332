"""A local Coder that speaks the HTTP API of a chosen release and runs scripted agents (see `scripts`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.coder.clock import Clock
from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.gate import Call, Gate, RateLimit
from bot.sandbox.coder.handle import TaskHandle
from bot.sandbox.coder.people import PeopleRoutes
from bot.sandbox.coder.provisioner import Provisioner
from bot.sandbox.coder.release import Release
from bot.sandbox.coder.seed import seed
from bot.sandbox.coder.talk import TalkRoutes
from bot.sandbox.coder.task_page import TaskPages
from bot.sandbox.coder.tasks import TaskRoutes
from bot.sandbox.coder.templates import TemplateRoutes
from bot.sandbox.coder.workspaces import WorkspaceRoutes
from bot.sandbox.faults import Faults

__all__ = ["Call", "CoderServer", "TaskHandle"]

T = TypeVar("T")
_LAST_CALLS = 8


class CoderServer:
    """A Coder deployment on 127.0.0.1, filled by `fill` (which must add a site Owner).

    `speed` divides the scripts' waits; 0 (or `manual=True`) means that nothing moves by itself.
    """

    def __init__(
        self,
        version: str = "2.34.3",
        *,
        port: int = 0,
        speed: float = 1.0,
        manual: bool = False,
        enable_ai_tasks: bool = False,
        fill: Callable[[Deployment], None] = seed,
    ) -> None:
        self.deployment = Deployment(Release(version, enable_ai_tasks), Clock(0 if manual else speed))
        fill(self.deployment)
        owner = next(user for user in self.deployment.users if user.is_owner)
        self.token = self.deployment.mint(owner, "local-owner")
        self._provisioner = Provisioner(self.deployment)
        self._gate = Gate(self.deployment)
        self.port = port  # with 0 the system chooses one at the start
        self._runner: web.AppRunner | None = None

    async def start(self) -> Self:
        """Listen; `url` is known from here on."""
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self._runner = runner
        self.port = runner.addresses[0][1]
        self.deployment.url = f"http://127.0.0.1:{self.port}"
        return self

    async def stop(self) -> None:
        """Stop listening and everything that runs; raises what failed in the background."""
        if self._runner is not None:
            await self._runner.cleanup()
        await self.deployment.background.close()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def go_on(self) -> None:
        """Let builds and agents that were kept from an earlier run go on where they were."""
        for task in self.deployment.tasks:
            self._provisioner.go_on(task)

    @property
    def url(self) -> str:
        """The deployment's base, without a slash at the end."""
        return self.deployment.url

    @property
    def faults(self) -> Faults:
        """What goes wrong; calls are named `POST /api/v2/tasks/ana`."""
        return self._gate.faults

    @property
    def calls(self) -> list[Call]:
        """Every request so far, in order of arrival."""
        return self._gate.calls

    @property
    def rate_limit(self) -> RateLimit:
        """Set `enforced` to get 429s."""
        return self._gate.rate_limit

    @property
    def tasks(self) -> list[TaskHandle]:
        """All tasks ever made, oldest first, deleted ones too."""
        return [TaskHandle(self.deployment, self._provisioner, task) for task in self.deployment.tasks]

    def task(self, name_or_id: str) -> TaskHandle:
        """The newest task with that id or name; LookupError says which there are."""
        for handle in reversed(self.tasks):
            if name_or_id in (handle.id, handle.name):
                return handle
        raise LookupError(f"no task {name_or_id!r} among {[handle.name for handle in self.tasks]}")

    def token_for(self, username: str) -> str:
        """A new token of a user."""
        return self.deployment.mint(self.deployment.user(username))

    async def until(
        self,
        predicate: Callable[[], T],
        timeout: float = 10,  # noqa: ASYNC109 - it says what was waited for
        what: str = "",
    ) -> T:
        """The first truthy answer of `predicate`, asked again at every change of state and every request."""
        try:
            return await self.deployment.changes.until(predicate, timeout)
        except TimeoutError:
            last = "\n".join(f"  {call.name} -> {call.status}" for call in self.calls[-_LAST_CALLS:]) or "  none"
            raise TimeoutError(f"waited {timeout} s in vain for {what or predicate}; last calls:\n{last}") from None

    def _app(self) -> web.Application:
        pages = TaskPages(self.deployment, self._provisioner)

        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            way = pages if pages.owns(request) else self._gate
            return await way.handle(request, handler)

        app = web.Application(middlewares=[gate], client_max_size=64 * 1024 * 1024)
        app.add_routes(PeopleRoutes(self.deployment).routes())
        app.add_routes(TemplateRoutes(self.deployment).routes())
        app.add_routes(WorkspaceRoutes(self.deployment, self._provisioner).routes())
        app.add_routes(pages.routes())
        for prefix in self.deployment.release.task_prefixes:
            app.add_routes(TaskRoutes(self.deployment, self._provisioner).routes(prefix))
            app.add_routes(TalkRoutes(self.deployment).routes(prefix))
        return app
