"""People, templates and what they need, looked up at a local Coder."""

from __future__ import annotations

import asyncio

import pytest

from bot.coder.directory import Directory, _account
from bot.coder.errors import CoderFailed
from bot.coder.kept import Kept
from bot.errors import UserError
from bot.models import CreateRequest
from bot.sandbox.coder.records import ExternalAuth, Parameter, Version
from bot.sandbox.faults import Fault, Kind
from tests.coder.wire import Wire, running


def command(request: CreateRequest) -> str:
    """The person's command, short."""
    return f"create -t {request.template} -p {request.preset} {request.prompt}"


# -- people ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("release", ["2.29.0", "2.37.0"])
async def test_people_are_found_by_their_whole_address(release: str) -> None:
    """Coder finds parts of words; the address is compared whole and without case."""
    async with running(release) as wire:
        wire.server.deployment.add_user("diana", "Di", "diana@example.com")
        wire.server.deployment.add_user("plus", "Plus", "ana+test@example.com")
        ana = await wire.directory.by_email("Ana@Example.com")
        plus = await wire.directory.by_email("ana+test@example.com")
    assert (ana.username, ana.name, ana.site_owner, ana.status) == ("ana", "Ana Ruiz", False, "active")
    assert plus.username == "plus"


async def test_an_address_beyond_the_first_page_is_found() -> None:
    """The search goes on until the last page."""
    async with running() as wire:
        for number in range(150):
            wire.server.deployment.add_user(f"u{number}", "", f"{number}-x@b.org")
        wire.server.deployment.add_user("last", "", "x@b.org")
        assert (await wire.directory.by_email("x@b.org")).username == "last"
        assert wire.names() == ["GET /api/v2/users"] * 2


@pytest.mark.parametrize(
    ("email", "name"),
    [("nobody@example.com", "no_coder_user"), ("twin@example.com", "ambiguous_user"), ("bo@example.com", "suspended")],
)
async def test_an_address_that_is_nobodys_or_not_usable(email: str, name: str) -> None:
    """No user, several, or one that Coder keeps out: each has its answer."""
    async with running() as wire:
        wire.server.deployment.add_user("twin", email="twin@example.com")
        wire.server.deployment.add_user("twin2", email="TWIN@example.com")
        wire.server.deployment.user("bo").status = "suspended"
        with pytest.raises(UserError) as raised:
            await wire.directory.by_email(email)
    assert raised.value.name == name


async def test_a_dormant_user_may_work() -> None:
    """Coder wakes dormant users by itself."""
    async with running() as wire:
        wire.server.deployment.user("ana").status = "dormant"
        assert (await wire.directory.by_email("ana@example.com")).status == "dormant"


async def test_users_by_name() -> None:
    """A username finds its user, whatever its case; `me` and ids are no usernames."""
    async with running() as wire:
        assert (await wire.directory.by_username("ANA")).username == "ana"
        assert (await wire.directory.me()).site_owner
        for name in ("me", "nobody", wire.server.deployment.user("bo").id, "a/b"):
            with pytest.raises(UserError) as raised:
                await wire.directory.by_username(name)
            assert raised.value.name == "owner_not_found"


def test_an_owner_of_an_organization_is_no_site_owner() -> None:
    """Only the site's role of that name opens other people's tasks."""
    user = {"id": "1", "username": "ana", "roles": [{"name": "owner", "organization_id": "o"}]}
    assert not _account(user).site_owner


# -- templates ---------------------------------------------------------------------------------------------------------


async def test_templates_are_read_once_a_minute() -> None:
    """What was read a moment ago is not asked for again; only templates for tasks are asked for."""
    async with running() as wire:
        first = await wire.directory.templates()
        assert await wire.directory.templates() == first
        [call] = wire.server.calls
    assert call.query == {"q": "has-ai-task:true"}
    assert (first[0].name, first[0].title) == ("claude-code", "Claude Code")
    assert first[0].usual_start == 95.0
    assert first[0].organization == "default"


async def test_readers_at_the_same_time_share_one_request() -> None:
    """Nobody asks again for what is on its way."""
    async with running() as wire:
        first, second = await asyncio.gather(wire.directory.templates(), wire.directory.templates())
        assert first == second
        assert wire.names() == ["GET /api/v2/templates"]


async def test_an_old_value_is_served_while_a_new_one_comes() -> None:
    """Nobody waits for a refresh, and the next reader has the new value."""
    values = iter([1, 2, 3])

    async def fetch() -> int:
        return next(values)

    kept = Kept(fetch, fresh=0, usable=60)
    assert await kept.get() == 1
    assert await kept.get() == 1
    assert kept._fetching is not None
    await kept._fetching
    assert await kept.get() == 2
    await kept.close()


async def test_an_old_value_is_served_when_coder_fails() -> None:
    """Even one that is too old to be served otherwise; without any, the failure is told."""
    async with running() as wire:
        kept = Kept(wire.directory._read_templates, fresh=0, usable=0)
        wire.server.faults.add(Fault(Kind.CUT))
        with pytest.raises(CoderFailed):
            await kept.get()
        first = await kept.get()
        wire.server.faults.add(Fault(Kind.CUT))
        assert await kept.get() == first
        assert len(wire.server.calls) == 3


async def test_presets_and_required_parameters_are_kept_by_version() -> None:
    """A version never changes: it is asked about once."""
    async with running() as wire:
        version = wire.version("codex-monorepo").id
        assert (await wire.directory.presets(version))[0].name == "Build cache, 4 cores"
        assert await wire.directory.required(version) == ("repo",)
        assert len(wire.server.calls) == 2
        assert await wire.directory.presets(wire.version("aider").id) == ()


async def test_a_version_by_its_name() -> None:
    """The active one without a name, another by name, and an answer for a name that is none."""
    async with running() as wire:
        wire.template().versions.insert(0, Version("older_cat1"))
        template = (await wire.directory.templates())[0]
        assert await wire.directory.version_id(template, "") == wire.version().id
        assert await wire.directory.version_id(template, "older_cat1") == wire.template().versions[0].id
        with pytest.raises(UserError) as raised:
            await wire.directory.version_id(template, "nope")
    assert raised.value.name == "template_version_not_found"


@pytest.mark.parametrize(("release", "connected"), [("2.36.0", [False, True]), ("2.35.0", [])])
async def test_external_auth_is_that_of_the_owner(release: str, connected: list[bool]) -> None:
    """From 2.36 on Coder tells what the owner has connected; before, only what the bot has, which is not asked."""
    async with running(release) as wire:
        wire.version().external_auth = [ExternalAuth("github", "GitHub"), ExternalAuth("jira", "Jira", optional=True)]
        ana = wire.server.deployment.user("ana")
        ana.authenticated.add("jira")
        await wire.directory.me()
        found = await wire.directory.external_auth(wire.version().id, ana.id)
        assert [provider.connected for provider in found] == connected
        assert [provider.optional for provider in found] == [False, True][: len(connected)]
        assert all(provider.url.startswith(f"{wire.server.url}/external-auth/") for provider in found)


# -- the whole choice --------------------------------------------------------------------------------------------------


async def choose(
    wire: Wire, default: str = "", default_preset: str = "", **request: str
) -> tuple[str, str, str | None]:
    """The chosen template, version and preset, by name where they have one."""
    directory = Directory(wire.http, default, default_preset)
    organizations = {(await directory.me()).organizations[0]}
    choice = await directory.choose(CreateRequest.model_validate({"prompt": "Go", **request}), command, organizations)
    await directory.close()
    return choice.template.name, choice.version_id, choice.preset.name if choice.preset else None


async def test_a_request_becomes_template_version_and_preset() -> None:
    """What the request leaves open comes from the configured defaults and then from Coder, and Coder takes it."""
    async with running() as wire:
        version = wire.version().id
        assert await choose(wire, "claude-code") == ("claude-code", version, "Medium")
        assert await choose(wire, "claude-code", "Small") == ("claude-code", version, "Small")
        assert await choose(wire, "claude-code", preset="none") == ("claude-code", version, None)
        assert await choose(wire, "claude-code", "Small", template="aider") == ("aider", wire.version("aider").id, None)


async def test_what_is_left_open_is_asked_with_the_whole_command() -> None:
    """Each answer is the person's command with one thing more in it."""
    async with running() as wire:
        with pytest.raises(UserError) as which:
            await choose(wire)
        with pytest.raises(UserError) as preset:
            await choose(wire, template="codex-monorepo")
    assert [offer.command for offer in which.value.offers if hasattr(offer, "command")] == [
        f"create -t {name} -p  Go" for name in ("claude-code", "codex-monorepo", "aider")
    ]
    assert preset.value.name == "parameter_required"
    assert preset.value.offers[0].label == "Use Build cache, 4 cores"


async def test_only_templates_of_the_owners_organizations_count() -> None:
    """The bot sees every template; a task is made only from one that its owner could use too."""
    async with running() as wire:
        asked = CreateRequest(prompt="Go", template="aider")
        with pytest.raises(UserError) as refused:
            await wire.directory.choose(asked, command, {"another"})
    assert refused.value.name == "template_none"


async def test_a_parameter_with_a_default_needs_no_preset() -> None:
    """Only required parameters do."""
    async with running() as wire:
        wire.version("aider").parameters = [Parameter("cpu", default="2")]
        assert (await choose(wire, template="aider"))[2] is None
