"""Small installations of Argo CD to which something is added, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from bot.rendering.driver import Engine
from bot.rendering.outside import Nowhere
from bot.rendering.outside import Outside as Answers
from checks.judgement.added import prove_addition
from checks.planning.additions.items import ITEMS
from checks.planning.additions.plan import AdditionPlan, NotPossible
from checks.planning.edits import after_edits
from checks.planning.proof import Proof
from checks.policy.file import Policy
from gitops.discovery.snapshot import Snapshot
from gitops.outside.found import Found
from gitops.outside.wanted import Wanted
from gitops.resources.rendering import Output, RenderRequest
from tests.checks.argocd.stage import ANALYSIS, workload
from tests.driven import driven
from tests.outside.dictionary import Outside
from tests.scenarios import MATCHER, application, config_map, discovered, documents, kustomization, manifest, tree

APPS = documents(application("argocd", "argocd", namespace="argocd"), application("shop", "shop"))
TWO = {"replicas": 2}
CONTROLLER = "argocd-application-controller"


def service(name: str, component: str, number: int, port: str = "metrics") -> str:
    return manifest(
        "Service",
        name,
        "argocd",
        metadata={"labels": {"app.kubernetes.io/name": name}},
        spec={"selector": {"app.kubernetes.io/name": component}, "ports": [{"name": port, "port": number}]},
    )


def prometheus(namespace: str = "argocd", **spec: Any) -> str:
    return manifest("Prometheus", "main", namespace, "monitoring.coreos.com/v1", spec=spec)


SELECTS: Any = {
    "ruleSelector": {"matchLabels": {"release": "stack"}},
    "serviceMonitorSelector": {"matchLabels": {"release": "stack"}},
}
WATCHED = (
    workload(CONTROLLER, kind="StatefulSet", container={"ports": [{"name": "metrics", "containerPort": 8082}]}),
    service("argocd-metrics", CONTROLLER, 8082),
)


def directory(*manifests: str, apps: str = APPS) -> dict[str, str]:
    """Argo CD in a directory of plain manifests."""
    return {"apps.yaml": apps, "argocd/all.yaml": documents(*manifests), "shop/a.yaml": config_map("a")}


def repository(*manifests: str, extra: str = "") -> dict[str, str]:
    return {
        "apps.yaml": APPS,
        "argocd/kustomization.yaml": kustomization("all.yaml", extra=f"namespace: argocd\n{extra}"),
        "argocd/all.yaml": documents(*manifests),
        "shop/a.yaml": config_map("a"),
    }


@dataclass(frozen=True)
class _Told:
    """What is outside, for an engine."""

    outside: Outside

    async def __call__(self, wanted: Wanted) -> Found:
        return self.outside.fetch(wanted)

    @contextmanager
    def of_the_base(self) -> Iterator[None]:
        yield


async def added(
    engine: Engine, item: str, files: dict[str, str], policy: Policy | None = None, outside: Outside | None = None
) -> tuple[AdditionPlan, Proof, Snapshot]:
    """The plan, its proof, and the commit with its edits."""
    policy, analysis = policy or Policy(), engine.analysis(MATCHER)
    answers: Answers = _Told(outside) if outside is not None else Nowhere()
    before = await engine.snapshot(tree(files), analysis, outside=answers)
    plan = ITEMS[item].plan(before, policy)
    proof = await engine.drive(prove_addition(before, analysis, plan, policy), outside=answers)
    return plan, proof, (await engine.drive(after_edits(before, analysis, plan.edits), outside=answers)).snapshot


def proven(item: str, files: dict[str, str], policy: Policy | None = None) -> tuple[AdditionPlan, Proof, Snapshot]:
    """The same where nothing has to be rendered: Argo CD in a directory of plain manifests."""
    policy = policy or Policy()
    before = discovered(tree(files), ANALYSIS)
    plan = ITEMS[item].plan(before, policy)
    proof = driven(prove_addition(before, ANALYSIS, plan, policy), _renders_nothing)
    return plan, proof, driven(after_edits(before, ANALYSIS, plan.edits), _renders_nothing).snapshot


def planned(item: str, files: dict[str, str], policy: Policy | None = None) -> AdditionPlan:
    """The plan alone; `files` as for `proven`."""
    return ITEMS[item].plan(discovered(tree(files), ANALYSIS), policy or Policy())


def _renders_nothing(_request: RenderRequest) -> Output:
    raise AssertionError("nothing has to be rendered")


def refused(item: str, files: dict[str, str], policy: Policy | None = None) -> NotPossible:
    """Why the item cannot be added; `files` as for `proven`."""
    with pytest.raises(NotPossible) as error:
        ITEMS[item].plan(discovered(tree(files), ANALYSIS), policy or Policy())
    return error.value


def rendered(snapshot: Snapshot, kind: str) -> list[dict[str, Any]]:
    return [copy.resource.manifest() for copy in snapshot.copies() if copy.resource.id.kind == kind]
