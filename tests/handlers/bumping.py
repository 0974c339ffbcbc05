"""A server, a repository with Argo CD in two overlays, and what upstream publishes."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from textwrap import dedent

from bot.queue.deliveries import delivery_of
from tests.github import PullRequest, Repository, SimulatedGitHub
from tests.handlers.conftest import Bot, Contents, by_the_app
from tests.quay import SimulatedQuay
from tests.scenarios import application, documents, kustomization, manifest

STAGING = "argocd/overlays/staging/kustomization.yaml"
PRODUCTION = "argocd/overlays/production/kustomization.yaml"
MINOR, PATCH = "argofix/bump/argo-cd-minor", "argofix/bump/argo-cd-patch"
CONFIG = ".github/argofix.yaml"


def overlay(tag: str) -> str:
    return kustomization(
        "../../base", extra=f"images:\n  - name: quay.io/argoproj/argocd\n    newTag: {tag} # staging\n"
    )


FILES: Contents = {
    "apps.yaml": documents(
        application("argocd-staging", "argocd/overlays/staging", cluster="staging", namespace="argocd"),
        application("argocd-production", "argocd/overlays/production", cluster="production", namespace="argocd"),
    ),
    "argocd/base/kustomization.yaml": kustomization("server.yaml"),
    "argocd/base/server.yaml": manifest(
        "Deployment",
        "argocd-server",
        "argocd",
        api="apps/v1",
        spec={
            "selector": {"matchLabels": {"app": "server"}},
            "template": {
                "metadata": {"labels": {"app": "server"}},
                "spec": {"containers": [{"name": "server", "image": "quay.io/argoproj/argocd:v3.2.2"}]},
            },
        },
    ),
    STAGING: overlay("v3.2.2"),
    PRODUCTION: overlay("v3.2.0"),
}


def policy(text: str) -> Contents:
    return {CONFIG: dedent(text).lstrip("\n")}


@dataclass
class World:
    github: SimulatedGitHub
    bot: Bot
    quay: SimulatedQuay
    upstream: Repository
    ticks: itertools.count[int] = field(default_factory=itertools.count)

    def publish(self, *tags: str, notes: str = "Fixes.", days_ago: float = 10) -> None:
        """Release these versions, with their images."""
        at = self.bot.clock.now() - days_ago * 86_400
        for tag in tags:
            self.quay.repository("argoproj/argocd").push(tag, at)
            self.github.release(self.upstream, tag, body=notes, at=at)

    def repository(self, files: Contents | None = None) -> Repository:
        """A repository with the App on it."""
        repo = self.github.repository("acme/platform", {**FILES, **(files or {})})
        self.github.install(repo)
        return repo

    async def tick(self) -> None:
        """What the schedule enqueues, and the work that comes of it. Nothing is known from the last tick but what the
        state directory holds."""
        assert self.bot.running is not None
        self.bot.clock.offset += 400
        name = f"poll/test-{next(self.ticks)}"
        await self.bot.running.worker.accept(delivery_of(name, "argofix_poll", b"{}", self.bot.clock.now()))
        await self.bot.idle()

    def open(self, repo: Repository) -> dict[str, PullRequest]:
        """The App's open pull requests by branch."""
        return {pull.head_branch: pull for pull in by_the_app(self.github, repo) if pull.open}

    def metric(self, source: str, kind: str) -> float:
        assert self.bot.running is not None
        registry = self.bot.running.worker.metrics.registry
        return registry.get_sample_value("argofix_version_faults_total", {"source": source, "kind": kind}) or 0.0
