"""The endpoints of organizations, templates and template versions (coder-api.md sections 3.1-3.4)."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from bot.sandbox.coder.deployment import Deployment, is_uuid
from bot.sandbox.coder.gate import answered, caller_of
from bot.sandbox.coder.records import Template, User, Version
from bot.sandbox.coder.refusals import Refusal, forbidden, not_found
from bot.sandbox.coder.search import parsed
from bot.sandbox.coder.shapes import (
    external_auth_json,
    organization_json,
    parameter_json,
    preset_json,
    template_json,
    version_json,
)

_KEYS = {
    "has-ai-task", "organization", "exact_name", "name", "exact_display_name", "display_name", "deprecated",
    "author", "ids", "agents-allowed", "has_external_agent", "deleted",
}  # fmt: skip


class TemplateRoutes:
    """What tasks can be made of."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def routes(self) -> list[web.RouteDef]:
        """The routes, the same in every release."""
        named = "/api/v2/organizations/{organization}/templates/{name}"
        version = "/api/v2/templateversions/{version}"
        return [
            web.get("/api/v2/organizations", self.organizations),
            web.get("/api/v2/templates", self.listed),
            web.get(named, self.by_name),
            web.get(named + "/versions/{version}", self.version_by_name),
            web.get(version + "/presets", self.presets),
            web.get(version + "/rich-parameters", self.parameters),
            web.get(version + "/external-auth", self.external_auth),
        ]

    async def organizations(self, request: web.Request) -> web.Response:
        """The organizations the caller may see."""
        caller, all_of_them = caller_of(request), self._deployment.organizations
        seen = [one for one in all_of_them if caller.is_owner or one in caller.organizations]
        return answered([organization_json(one, default=one is all_of_them[0]) for one in seen])

    async def listed(self, request: web.Request) -> web.Response:
        """The templates that a query finds, as a bare array."""
        keys = _KEYS if self._deployment.release.number <= (2, 37) else _KEYS - {"has-ai-task"}
        terms = parsed(request.query.get("q", ""), keys, "display_name", "Invalid template search query.")
        caller = caller_of(request)
        seen = [template for template in self._deployment.templates if _may_read(caller, template)]
        return answered([template_json(template) for template in seen if self._fits(template, terms)])

    def _fits(self, template: Template, terms: dict[str, str]) -> bool:
        display_name = template.display_name.lower()
        tests: dict[str, Callable[[str], bool]] = {
            "has-ai-task": lambda value: template.active_version.has_ai_task is (value == "true"),
            "organization": lambda value: value in (template.organization.id, template.organization.name),
            "exact_name": lambda value: value == template.name.lower(),
            "name": lambda value: value in template.name.lower(),
            "exact_display_name": lambda value: value == display_name,
            "display_name": lambda value: value in (display_name or template.name.lower()),
            "deprecated": lambda value: bool(template.deprecation_message) is (value == "true"),
            "ids": lambda value: template.id in value.split(","),
            "deleted": lambda value: value != "true",
        }
        return all(tests[key](value) for key, value in terms.items() if key in tests)

    async def by_name(self, request: web.Request) -> web.Response:
        """One template of an organization."""
        return answered(template_json(self._template(request)))

    async def version_by_name(self, request: web.Request) -> web.Response:
        """One version of a template."""
        template = self._template(request)
        for version in template.versions:
            if version.name == request.match_info["version"]:
                return answered(version_json(template, version))
        raise not_found()

    async def presets(self, request: web.Request) -> web.Response:
        """A version's presets; null when it has none."""
        presets = self._version(request).presets
        return answered([preset_json(preset) for preset in presets] or None)

    async def parameters(self, request: web.Request) -> web.Response:
        """A version's rich parameters."""
        return answered([parameter_json(parameter) for parameter in self._version(request).parameters])

    async def external_auth(self, request: web.Request) -> web.Response:
        """The providers a version asks for, and whether the caller (or `user_id`, 2.36+) is signed in to them."""
        version, user = self._version(request), self._subject(request)
        return answered(
            [
                external_auth_json(provider, self._deployment.url, authenticated=provider.id in user.authenticated)
                for provider in version.external_auth
            ]
        )

    def _subject(self, request: web.Request) -> User:
        caller, user_id = caller_of(request), request.query.get("user_id", "")
        if not user_id or not self._deployment.release.external_auth_of_others:
            return caller
        if not is_uuid(user_id):
            raise Refusal(400, "Invalid user_id query parameter.")
        if user_id != caller.id and not caller.is_owner:
            raise forbidden()
        return self._deployment.user(user_id)

    def _template(self, request: web.Request) -> Template:
        organization = self._deployment.organization(request.match_info["organization"])
        for template in self._deployment.templates:
            same = template.organization is organization
            if same and template.name == request.match_info["name"].lower() and _may_read(caller_of(request), template):
                return template
        raise not_found()

    def _version(self, request: web.Request) -> Version:
        template, version = self._deployment.version(request.match_info["version"])
        if not _may_read(caller_of(request), template):
            raise not_found()
        return version


def _may_read(caller: User, template: Template) -> bool:
    return caller.is_owner or template.organization in caller.organizations
