"""Evaluations to be shown: an ordinary one, one of hostile names, one that holds Secrets."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from tests.bot.formats.samples import EVIL, EVIL_PATH, VALUES
from tests.checks.story import STORY
from tests.scenarios import application, config_map, documents, evaluated, kustomization, manifest


@pytest.fixture
async def story(engine: Engine) -> Evaluation:
    """Four shared resources, all brought by the change; three of them have a proven fix."""
    return await evaluated(engine, STORY, base={**STORY, "api/kustomization.yaml": "resources: [workload.yaml]\n"})


@pytest.fixture
async def known(engine: Engine) -> Evaluation:
    """The same, but all of it was there before; one kind is ignored by the configuration."""
    policy = "ignore:\n  - {rule: duplicate-owner, resource: ServiceAccount, reason: it moves on Monday}\n"
    return await evaluated(engine, STORY, base=STORY, policy=policy)


@pytest.fixture
async def hostile(engine: Engine) -> Evaluation:
    files = {
        "apps.yaml": documents(application(EVIL, "a"), application("b", "b")),
        "a/m.yaml": manifest("ConfigMap", EVIL, "shop"),
        f"b/{EVIL_PATH}": manifest("ConfigMap", EVIL, "shop"),
    }
    return await evaluated(engine, files)


@pytest.fixture
async def secretive(engine: Engine) -> Evaluation:
    """Secrets with values in every place: twice the same, different, generated, beside an entry that goes away."""
    plain, other, encoded, literal = VALUES
    shared = manifest("Secret", "login", "shop", stringData={"password": plain}, data={"key": encoded})
    files = {
        "apps.yaml": documents(application("shared-infra", "infra"), application("api", "api")),
        "infra/kustomization.yaml": kustomization("login.yaml", "odd.yaml"),
        "infra/login.yaml": shared,
        "infra/odd.yaml": manifest("Secret", "odd", "shop", stringData={"password": plain}),
        "api/kustomization.yaml": kustomization(
            "login.yaml",
            "odd.yaml",
            extra=f"secretGenerator:\n  - name: made\n    literals: [password={literal}]\n",
        ),
        "api/login.yaml": shared,
        "api/odd.yaml": manifest("Secret", "odd", "shop", stringData={"password": other}),
    }
    return await evaluated(engine, files)


@pytest.fixture
async def patchy(engine: Engine) -> Evaluation:
    """One of each status: rendered, failed, not analysed, in part, and a set that cannot be expanded."""
    helm = {"repoURL": "https://charts.example.com", "chart": "redis", "targetRevision": "1.0.0"}
    own = {"repoURL": "https://github.com/acme/platform", "targetRevision": "main", "path": "good"}
    unknown = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: clusters, namespace: argocd}\n"
        "spec:\n  generators: [{clusters: {}}]\n  template:\n    metadata: {name: '{{name}}'}\n"
        "    spec: {project: default, destination: {name: '{{name}}'}, "
        "source: {repoURL: https://github.com/acme/platform, path: good}}\n"
    )
    files = {
        "apps.yaml": documents(
            application("good", "good"),
            application("bad", "bad"),
            application("chart", "", sources=[helm]),
            application("mixed", "", namespace="mixed", sources=[own, helm]),
            unknown,
        ),
        "good/m.yaml": config_map("good", ""),
        "bad/kustomization.yaml": kustomization("missing.yaml"),
    }
    return await evaluated(engine, files)
