"""Patches and `images` entries that kustomize passes over, since what they are for is not there."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.policy.file import Policy
from tests.checks.argocd.stage import APP, messages, workload
from tests.scenarios import MATCHER, Files, documents, kustomization, manifest, tree

CONTROLLER = workload("argocd-application-controller", kind="StatefulSet")
REDIS = manifest(
    "Deployment",
    "argocd-redis",
    "argocd",
    "apps/v1",
    spec={
        "template": {"spec": {"containers": [{"name": "redis", "image": "public.ecr.aws/docker/library/redis:8.2"}]}}
    },
)
SET = "- op: add\n  path: /metadata/labels\n  value: {a: b}"
AS_A_SET = "- {op: replace, path: /kind, value: StatefulSet}"
DELETE = "$patch: delete\nkind: Deployment\nmetadata: {name: argocd-dex-server}\napiVersion: apps/v1"


async def said(engine: Engine, rule: str, extra: str, more: Files | None = None) -> list[str]:
    files: Files = {
        **APP,
        "argocd/all.yaml": documents(CONTROLLER, REDIS),
        "argocd/kustomization.yaml": kustomization("all.yaml", extra=extra),
        **(more or {}),
    }
    found = await evaluate(engine, tree(files), None, MATCHER, Policy(), only=frozenset([rule]))
    return messages(found.findings)


def patch(kind: str, name: str, text: str = SET) -> str:
    lines = text.replace("\n", "\n      ")
    return f"  - target: {{kind: {kind}, name: {name}}}\n    patch: |-\n      {lines}\n"


@pytest.mark.parametrize(
    ("patches", "told"),
    [
        (patch("Deployment", "argocd-application-controller"), "what has that name is a StatefulSet"),
        (patch("Deployment", "argocd-dex-server"), "which is not there"),
        (patch("StatefulSet", "argocd-application-controller"), ""),
        (patch("Deployment", "argocd-.*"), ""),  # whatever there is
        (patch("Deployment", "web"), ""),  # of somebody else
        (patch("Deployment", "argocd-redis", AS_A_SET), ""),  # from then on it has another kind
        (patch("Deployment", "argocd-dex-server", DELETE), ""),
        (patch("Deployment", "argocd-none").replace("name: argocd-none", "labelSelector: a=b"), ""),
    ],
)
async def test_a_patch_whose_target_is_not_there_is_told(engine: Engine, patches: str, told: str) -> None:
    found = await said(engine, "argocd-controller-kind", f"patches:\n{patches}")
    assert [told in one for one in found] == [True] if told else found == []


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{name: redis, newTag: 8.2.1}", True),
        ("{name: public.ecr.aws/docker/library/redis, newTag: 8.2.1}", False),
        ("{name: quay.io/argoproj/argocd, newTag: v3.2.3}", False),
        ("{name: haproxy, newTag: '3'}", False),  # nothing here is called so: it may come with another base
        ("{name: public.ecr.aws/docker/library/redis, newName: mirror/redis}", False),
    ],
)
async def test_an_image_that_nothing_runs_is_told(engine: Engine, entry: str, told: bool) -> None:
    found = await said(engine, "argocd-mixed-versions", f"images: [{entry}]\n")
    assert ["it is `public.ecr.aws/docker/library/redis`" in one for one in found] == [True] * told


async def test_an_image_that_an_overlay_calls_otherwise_was_there(engine: Engine) -> None:
    base: Files = {
        "argocd/base/all.yaml": documents(CONTROLLER, REDIS),
        "argocd/base/kustomization.yaml": kustomization(
            "all.yaml", extra="images: [{name: quay.io/argoproj/argocd, newTag: v3.2.3}]\n"
        ),
        "argocd/kustomization.yaml": kustomization(
            "base", extra="images: [{name: quay.io/argoproj/argocd, newName: mirror.example.org/argocd}]\n"
        ),
    }
    assert await said(engine, "argocd-mixed-versions", "", base) == []
