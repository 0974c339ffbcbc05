"""The rights in `deploy/` are those that the cluster reader needs, held against what it really asks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.cluster.reader import cluster_reader
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.policy.file import Policy
from gitops.applications.live import LiveCluster
from tests.bot.clocks import JumpingClock
from tests.checks.secret_keys.stage import deployment
from tests.deploy.manifests import Json, kustomize, of_kind, with_components
from tests.kubernetes import Rule, SimulatedCluster, allow, write_kubeconfig
from tests.scenarios import MATCHER, Files, application, documents, kustomization, manifest, tree

CLUSTER, SECRETS = "deploy/components/cluster", "deploy/components/cluster-secrets"
LIVE = "deploy/components/live-differences"
SHARED = {
    "Namespace": "v1",
    "ServiceAccount": "v1",
    "Service": "v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "ClusterRole": "rbac.authorization.k8s.io/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
}
SHOP = documents(
    *(manifest(kind, "shop", "" if kind == "Namespace" else "shop", api) for kind, api in SHARED.items())
)
FILES: Files = {
    "root/kustomization.yaml": kustomization("apps.yaml"),
    "root/apps.yaml": documents(application("a", "a"), application("b", "b")),
    "a/kustomization.yaml": kustomization("shop.yaml", "web.yaml"),
    "a/shop.yaml": SHOP,
    "a/web.yaml": deployment(("db", "url"), ("db", "password")),
    "b/kustomization.yaml": kustomization("shop.yaml"),
    "b/shop.yaml": SHOP,
}


def granted(documents: Sequence[Json]) -> list[Rule]:
    """What the bound ClusterRoles allow."""
    roles = {role["metadata"]["name"]: role["rules"] for role in of_kind(documents, "ClusterRole")}
    bound = [binding["roleRef"]["name"] for binding in of_kind(documents, "ClusterRoleBinding")]
    return [
        allow(
            *rule["verbs"],
            resources=rule["resources"],
            groups=rule["apiGroups"],
            names=rule.get("resourceNames", ()),
        )
        for name in bound
        for rule in roles[name]
    ]


async def looked(engine: Engine, tmp_path: Path, *components: str) -> tuple[LiveCluster, SimulatedCluster]:
    """What a reader with the rights of these components sees of a shop that holds everything."""
    rules = granted(kustomize(with_components(tmp_path, "deploy/sqlite", components)))
    async with SimulatedCluster() as cluster:
        cluster.secret("shop", "db", {"url": "u", "password": "p"})
        cluster.config_map("argocd", "argocd-cm", {"installationID": "ours"})
        cluster.tracked("v1", "Namespace", "", "shop", "a:/Namespace:shop/shop")
        for name in ("a", "b"):
            cluster.application(name, path=name)
        access = cluster.access(cluster.account("argofix", *rules))
        reader = cluster_reader(
            JumpingClock(), {"KUBECONFIG": str(write_kubeconfig(tmp_path / "config", {"c": access}))}
        )
        assert reader is not None
        try:
            evaluation = await evaluate(engine, tree(FILES), None, MATCHER, Policy(), clusters=reader)
        finally:
            await reader.close()
    assert evaluation.live is not None and not cluster.violations
    return evaluation.live.clusters["in-cluster"], cluster


async def test_with_both_components_nothing_is_refused(engine: Engine, tmp_path: Path) -> None:
    live, cluster = await looked(engine, tmp_path, CLUSTER, SECRETS)
    assert not live.problems
    assert not [request for request in cluster.requests if request.status in (401, 403)]
    assert live.secrets == {("shop", "db"): frozenset({"url", "password"})}
    assert live.all_applications
    seen = {rid.kind for rid in (*live.tracking, *live.absent)}
    assert seen == set(SHARED)


async def test_without_the_component_for_secrets_none_is_read(engine: Engine, tmp_path: Path) -> None:
    live, cluster = await looked(engine, tmp_path, CLUSTER)
    assert not live.secrets and live.all_applications
    assert [problem for problem in live.problems if "Secret" in problem and "forbidden" in problem]
    assert {request.status for request in cluster.asked("/secrets")} == {403}
    assert {request.status for request in cluster.asked("/configmaps/argocd-cm")} == {200}
    assert {rid.kind for rid in (*live.tracking, *live.absent)} == set(SHARED)


@pytest.mark.parametrize("component", [CLUSTER, SECRETS])
def test_nothing_is_written_and_lists_are_few(tmp_path: Path, component: str) -> None:
    rules = granted(kustomize(with_components(tmp_path, "deploy/sqlite", [component])))
    assert rules and all(rule.verbs <= {"get", "list"} and "*" not in rule.resources | rule.groups for rule in rules)
    listed = {resource for rule in rules if "list" in rule.verbs for resource in rule.resources}
    assert listed == ({"applications"} if component == CLUSTER else {"secrets", "configmaps"})
    read = {resource for rule in rules for resource in rule.resources}
    assert component == SECRETS or "secrets" not in read
    assert component == SECRETS or {r.names for r in rules if "configmaps" in r.resources} == {
        frozenset({"argocd-cm"})
    }


def test_live_differences_are_read_one_object_at_a_time_and_never_a_secret(tmp_path: Path) -> None:
    rules = granted(kustomize(with_components(tmp_path, "deploy/sqlite", [LIVE])))
    assert rules and all(rule.verbs == {"get"} and not rule.names for rule in rules)
    read = {resource for rule in rules for resource in rule.resources}
    assert "configmaps" in read and not {"*", "secrets"} & read
    assert not [rule for rule in rules if "*" in rule.groups]
