"""A plausible deployment to begin with: three people, three templates."""

from __future__ import annotations

from bot.sandbox.coder.deployment import Deployment
from bot.sandbox.coder.records import Parameter, Preset, Template, Version


def seed(deployment: Deployment) -> None:
    """Fill a deployment with Ana, Bo and an admin, and the templates claude-code, codex-monorepo and aider."""
    deployment.add_user("admin", "Coder Admin", "admin@example.com", owner=True)
    deployment.add_user("ana", "Ana Ruiz", "ana@example.com")
    deployment.add_user("bo", "Bo Lindqvist", "bo@example.com")
    organization = deployment.organizations[0]
    deployment.templates += [
        Template(
            "claude-code",
            organization,
            [Version("polished_otter12", _sizes())],
            display_name="Claude Code",
            description="Claude Code in a container, with the shop repository cloned",
            icon="/icon/claude.svg",
            start_seconds=(95.0, 240.0),
        ),
        Template(
            "codex-monorepo",
            organization,
            [Version("brave_heron7", _build_caches(), [_repo()])],
            display_name="Codex for the monorepo",
            description="Codex with a warm build cache of one part of the monorepo",
            icon="/icon/openai.svg",
        ),
        Template(
            "aider",
            organization,
            [Version("calm_finch3")],
            display_name="Aider",
            description="Aider in a small container",
        ),
    ]


def _sizes() -> list[Preset]:
    return [
        Preset("Small", {"cpu": "2", "memory": "4"}, description="2 cores, 4 GB"),
        Preset("Medium", {"cpu": "4", "memory": "8"}, default=True, description="4 cores, 8 GB"),
        Preset("Large", {"cpu": "8", "memory": "16"}, description="8 cores, 16 GB"),
    ]


def _build_caches() -> list[Preset]:
    return [
        Preset("Build cache, 4 cores", {"repo": "acme/monorepo", "cpu": "4"}),
        Preset("Build cache, 16 cores", {"repo": "acme/monorepo", "cpu": "16"}),
    ]


def _repo() -> Parameter:
    return Parameter("repo", "The repository to clone", required=True, display_name="Repository")
