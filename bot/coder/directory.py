"""Who and what there is at Coder: people, templates, versions, presets, parameters and external auth."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot import problems
from bot.coder import parse
from bot.coder.choices import choose_preset, choose_template
from bot.coder.errors import NotFound
from bot.coder.http import CoderHttp
from bot.coder.kept import Kept
from bot.coder.refusals import Call
from bot.coder.release import FIRST_WITH_AUTH_OF_OTHERS, release
from bot.coder.shelf import Shelf
from bot.errors import DeliveryError
from bot.models import CreateRequest, Model, Preset, Template

log = logging.getLogger(__name__)

_FRESH_SECONDS = 60.0
_USABLE_SECONDS = 600.0
_PAGE = 100  # users in one answer
_MOST_PAGES = 50
_MOST_VERSIONS = 200  # whose presets are kept; a version itself never changes


class Account(Model):
    """A Coder user; `status` is active, dormant (wakes up when used) or suspended."""

    id: str
    username: str
    name: str
    email: str
    status: str
    site_owner: bool
    organizations: tuple[str, ...] = ()  # ids


class Provider(Model):
    """A service that a template works with as the task's owner; `url` is where they connect it."""

    name: str
    url: str
    connected: bool
    optional: bool


@dataclass(frozen=True)
class Choice:
    """What a new task is made of."""

    template: Template
    version_id: str
    preset: Preset | None


class Directory:
    """Looks things up at Coder. Every method may raise CoderFailed besides what it names."""

    def __init__(self, http: CoderHttp, default_template: str | None = None, default_preset: str | None = None) -> None:
        self._http = http
        self._default_template, self._default_preset = default_template or "", default_preset or ""
        self._templates = Kept(self._read_templates, _FRESH_SECONDS, _USABLE_SECONDS)
        self._versions: dict[str, Kept[tuple[tuple[Preset, ...], tuple[str, ...]]]] = {}

    async def close(self) -> None:
        """Stop what is fetched in the background."""
        await self._templates.close()
        await asyncio.gather(*(kept.close() for kept in self._versions.values()))

    # -- people ---------------------------------------------------------------------------------------------------

    async def me(self) -> Account:
        """The bot's own user."""
        return parse.read(_account, await self._http.get("/users/me", call=Call("user", "me")))

    async def by_username(self, username: str) -> Account:
        """A user; UserError `owner_not_found` or `suspended`."""
        try:
            # Coder would take `me` for the bot itself, and an id for anybody.
            found = await self._http.get(f"/users/{quote(username, safe='')}", call=Call("user", username))
        except NotFound:
            raise problems.owner_not_found(username) from None
        account = parse.read(_account, found)
        if account.username.casefold() != username.casefold():
            raise problems.owner_not_found(username)
        return _let_in(account)

    async def by_email(self, email: str, command: str = "") -> Account:
        """The user of an e-mail address, without regard to case.

        UserError `no_coder_user` (`command` tries again), `ambiguous_user` or `suspended`.
        """
        found = [account for account in await self._search(email) if account.email.casefold() == email.casefold()]
        if not found:
            raise problems.no_coder_user(email, command)
        if len(found) > 1:
            raise problems.ambiguous_user(email)
        return _let_in(found[0])

    async def _search(self, word: str) -> list[Account]:
        """Everybody with the word in e-mail, username or name: Coder's search is for parts, in pages."""
        accounts: list[Account] = []
        for page in range(_MOST_PAGES):
            params = {"q": f'"{word}"' if " " in word else word, "limit": str(_PAGE), "offset": str(page * _PAGE)}
            answer = await self._http.get("/users", params, call=Call("users"))
            found = parse.read(lambda users: [_account(user) for user in users["users"]], answer)
            accounts += found
            if len(found) < _PAGE:
                break
        return accounts

    # -- templates ------------------------------------------------------------------------------------------------

    async def templates(self) -> tuple[Template, ...]:
        """The templates that can run tasks, deprecated ones too; from a minute ago at most, older when Coder fails."""
        return await self._templates.get()

    async def presets(self, version_id: str) -> tuple[Preset, ...]:
        """The presets of a template version; raises NotFound."""
        return (await self._version(version_id))[0]

    async def required(self, version_id: str) -> tuple[str, ...]:
        """The parameters of a template version that only a preset can set for a task; raises NotFound."""
        return (await self._version(version_id))[1]

    async def version_id(self, template: Template, name: str) -> str:
        """The id of a template's version; the active one for an empty name; UserError `template_version_not_found`."""
        if not name:
            return template.version_id
        owner, version = quote(template.organization or "default", safe=""), quote(name, safe="")
        path = f"/organizations/{owner}/templates/{quote(template.name, safe='')}/versions/{version}"
        try:
            found = await self._http.get(path, call=Call("version", name))
        except NotFound:
            raise problems.template_version_not_found(template.title, name) from None
        return parse.read(lambda answer: str(answer["id"]), found)

    async def external_auth(self, version_id: str, owner_id: str) -> tuple[Provider, ...]:
        """What a version works with as its owner; empty before 2.36, where Coder tells it only of the asker."""
        runs = release(self._http.version)
        if runs is None or runs < FIRST_WITH_AUTH_OF_OTHERS:
            return ()
        path = f"/templateversions/{quote(version_id, safe='')}/external-auth"
        answer = await self._http.get(path, {"user_id": owner_id}, call=Call("external_auth"))
        return parse.read(lambda found: tuple(_provider(each) for each in found or []), answer)

    async def choose(
        self,
        request: CreateRequest,
        command: Callable[[CreateRequest], str],
        organizations: Collection[str],
        template: str = "",
        preset: str = "",
    ) -> Choice:
        """What a task of this request is made of; UserError asks, with a `command` for each answer.

        Only templates of the owner's `organizations` (ids) count: this bot's own token sees more than they do.
        `template` and `preset` go before the configured defaults.
        """
        default_template = template or self._default_template
        default_preset = preset if template else self._default_preset

        def again(**changed: str) -> str:
            return command(request.model_copy(update=changed))

        usable = [each for each in await self.templates() if each.is_of(organizations)]
        chosen = choose_template(usable, request.template, default_template, again, organization=request.organization)
        version_id = await self.version_id(chosen, request.template_version)
        presets, required = await self._version(version_id)
        found = choose_preset(chosen, presets, required, request.preset, default_preset, again)
        return Choice(chosen, version_id, found)

    # -- the shelf ------------------------------------------------------------------------------------------------

    async def stock(self) -> None:
        """Bring the shelf up to date; what Coder does not give now stays as it was."""
        try:
            templates = await self.templates()
        except DeliveryError as error:
            log.warning("the shelf is not stocked", extra={"action": "stock_failed", "error": repr(error)})
            return
        await asyncio.gather(*(self._version(each.version_id) for each in templates), return_exceptions=True)

    def shelf(self) -> Shelf | None:
        """What is known without asking Coder: for forms, which have no time; None until it was stocked."""
        templates = self._templates.known()
        if templates is None:
            return None
        known = {version: kept.known() for version, kept in self._versions.items()}
        versions = {version: found for version, found in known.items() if found is not None}
        return Shelf(templates, versions, self._default_template, self._default_preset)

    async def _read_templates(self) -> tuple[Template, ...]:
        answer = await self._http.get("/templates", {"q": "has-ai-task:true"}, call=Call("templates"))
        return parse.read(lambda found: tuple(parse.template(each) for each in found or []), answer)

    async def _version(self, version_id: str) -> tuple[tuple[Preset, ...], tuple[str, ...]]:
        kept = self._versions.get(version_id)
        if kept is None:
            if len(self._versions) >= _MOST_VERSIONS:
                del self._versions[next(iter(self._versions))]
            kept = Kept(lambda: self._read_version(version_id), _USABLE_SECONDS, _USABLE_SECONDS)
            self._versions[version_id] = kept
        return await kept.get()

    async def _read_version(self, version_id: str) -> tuple[tuple[Preset, ...], tuple[str, ...]]:
        path = f"/templateversions/{quote(version_id, safe='')}"
        presets, parameters = await asyncio.gather(
            self._http.get(f"{path}/presets", call=Call("presets")),
            self._http.get(f"{path}/rich-parameters", call=Call("parameters")),
        )
        return parse.read(parse.presets, presets), parse.read(parse.required_parameters, parameters)


def _account(user: Any) -> Account:
    roles = {role["name"] for role in user.get("roles") or [] if not role.get("organization_id")}
    return Account(
        id=user["id"],
        username=user["username"],
        name=user.get("name") or user["username"],
        email=user.get("email") or "",
        status=user.get("status") or "active",
        site_owner="owner" in roles,
        organizations=tuple(user.get("organization_ids") or ()),
    )


def _provider(found: Any) -> Provider:
    return Provider(
        name=found.get("display_name") or found["id"],
        url=found.get("authenticate_url") or "",
        connected=bool(found.get("authenticated")),
        optional=bool(found.get("optional")),
    )


def _let_in(account: Account) -> Account:
    if account.status == "suspended":
        raise problems.suspended(account.status)
    return account
