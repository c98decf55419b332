"""The endpoints of users and their tokens, and what needs no user: version and health (coder-api.md 1 and 4)."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from bot.sandbox.coder.deployment import Deployment, sees
from bot.sandbox.coder.gate import answered, bad_json, body_of, caller_of, text_in
from bot.sandbox.coder.records import User
from bot.sandbox.coder.refusals import Refusal, not_found
from bot.sandbox.coder.search import parsed
from bot.sandbox.coder.shapes import user_json

_BARE = "search"
_KEYS = {_BARE, "name", "status", "role", "login_type", "github_com_user_id", "service_account"}
_DEFAULT_LIFETIME = timedelta(days=7)


class PeopleRoutes:
    """Who there is, and who calls."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def routes(self) -> list[web.RouteDef]:
        """The routes, the same in every release."""
        return [
            web.get("/healthz", self.health),
            web.get("/api/v2/buildinfo", self.build_info),
            web.get("/api/v2/users", self.listed),
            web.get("/api/v2/users/{user}", self.get),
            web.post("/api/v2/users/{user}/keys/tokens", self.create_token),
        ]

    async def health(self, _: web.Request) -> web.Response:
        """OK."""
        return web.Response(text="OK")

    async def build_info(self, _: web.Request) -> web.Response:
        """The version; needs no token."""
        return answered(
            {
                "external_url": "https://github.com/coder/coder/commit/abcdef0",
                "version": self._deployment.release.build_version,
                "dashboard_url": self._deployment.url,
                "telemetry": False,
                "workspace_proxy": False,
                "agent_api_version": "2.7",
                "provisioner_api_version": "1.11",
                "upgrade_message": "",
                "deployment_id": self._deployment.organizations[0].id,
            }
        )

    async def listed(self, request: web.Request) -> web.Response:
        """The users a query finds; bare words are looked for inside email, username and name."""
        keys = _KEYS | {"email", "username"} if self._deployment.release.finds_by_email else _KEYS
        terms = parsed(request.query.get("q", ""), keys, _BARE, "Invalid user search query.")
        caller = caller_of(request)
        found = [user for user in self._deployment.users if sees(caller, user) and _fits(user, terms)]
        offset, limit = int(request.query.get("offset", "0")), int(request.query.get("limit", "0"))
        page = found[offset : offset + limit if limit else None]
        return answered({"users": [user_json(user) for user in page], "count": len(found)})

    async def get(self, request: web.Request) -> web.Response:
        """One user by username, uuid or `me`."""
        return answered(user_json(self._user(request)))

    async def create_token(self, request: web.Request) -> web.Response:
        """A new token; `lifetime` is in nanoseconds. A site Owner may make them for others."""
        user, body = self._user(request), await body_of(request)
        nanoseconds = body.get("lifetime") or 0
        if not isinstance(nanoseconds, int):
            raise bad_json("json: cannot unmarshal into Go struct field .lifetime of type time.Duration")
        lifetime = timedelta(microseconds=nanoseconds / 1000) or _DEFAULT_LIFETIME
        if lifetime > self._deployment.max_token_lifetime:
            raise Refusal(400, "Failed to validate create API key request.", "lifetime is longer than allowed")
        name = text_in(body, "token_name")
        if name and any(token.user is user and token.name == name for token in self._deployment.tokens.values()):
            raise Refusal(409, f'A token with name "{name}" already exists.')
        return answered({"key": self._deployment.mint(user, name, lifetime)}, 201)

    def _user(self, request: web.Request) -> User:
        key = request.match_info["user"]
        if "@" in key:
            raise not_found()
        return self._deployment.user(key, caller_of(request))


def _fits(user: User, terms: dict[str, str]) -> bool:
    text = terms.get(_BARE, "").strip('"')
    return (
        any(text in place.lower() for place in (user.email, user.username, user.name))
        and terms.get("email", user.email.lower()) == user.email.lower()
        and terms.get("username", user.username.lower()) == user.username.lower()
        and terms.get("name", "") in user.name.lower()
        and terms.get("status", user.status) == user.status
        and ("role" not in terms or terms["role"] in user.roles)
    )
