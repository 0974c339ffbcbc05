"""What AppProjects permit, held against what their Applications render."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from tests.checks.applications.applications import API, IN_CLUSTER, app, at, deployment, found
from tests.scenarios import config_map, documents, manifest


def project(**spec: Any) -> str:
    permits = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}]}
    return manifest("AppProject", "default", "argocd", API, spec={**permits, **spec})


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({}, "clusterResourceWhitelist"),
        ({"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}, None),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "Name*"}]}, None),
        ({"clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "other"}]}, "clusterResourceWh"),
        (
            {
                "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
                "clusterResourceBlacklist": [{"group": "", "kind": "Namespace"}],
            },
            "clusterResourceBlacklist",
        ),
    ],
)
async def test_a_cluster_scoped_resource_needs_the_project(
    engine: Engine, spec: dict[str, Any], field: str | None
) -> None:
    files = {
        "apps.yaml": documents(app("a"), app("p")),
        "a/n.yaml": manifest("Namespace", "team"),
        "p/p.yaml": project(**spec),
    }
    said = [one.topic.advice for one in await found(engine, "project-refuses-resource", files)]
    assert len(said) == (field is not None) and all(field is not None and field in each for each in said)


@pytest.mark.parametrize(
    ("spec", "refused"),
    [
        ({"namespaceResourceWhitelist": []}, True),
        ({"namespaceResourceWhitelist": [{"group": "", "kind": "ConfigMap"}]}, False),
        ({"namespaceResourceBlacklist": [{"group": "", "kind": "ConfigMap"}]}, True),
        ({"namespaceResourceBlacklist": [{"group": "", "kind": "Secret"}]}, False),
        ({"destinations": [{"server": "*", "namespace": "shop"}, {"server": "*", "namespace": "argocd"}]}, True),
        ({"destinations": [{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!away"}]}, True),
    ],
)
async def test_a_namespaced_resource_needs_the_kind_and_the_namespace(
    engine: Engine, spec: dict[str, Any], refused: bool
) -> None:
    permits = {"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}
    apps = documents(app("a"), app("p", destination={"server": IN_CLUSTER, "namespace": "argocd"}))
    files = {"apps.yaml": apps, "a/m.yaml": config_map("m", "away"), "p/p.yaml": project(**permits, **spec)}
    ours = [one for one in await found(engine, "project-refuses-resource", files) if one.applications == ("a",)]
    assert [one.severity for one in ours] == [Severity.ERROR] * refused


@pytest.mark.parametrize(
    ("hooks", "refused"),
    [
        ({"argocd.argoproj.io/hook": "PreSync"}, True),
        ({"argocd.argoproj.io/hook": "SyncFail"}, True),
        ({"helm.sh/hook": "post-install,post-upgrade"}, True),
        ({"argocd.argoproj.io/hook": "PostDelete"}, False),
        ({"argocd.argoproj.io/hook": "Skip"}, False),
        ({"helm.sh/hook": "test"}, False),
    ],
)
async def test_a_sync_asks_the_project_about_its_hooks(engine: Engine, hooks: dict[str, str], refused: bool) -> None:
    job = manifest("ConfigMap", "h", metadata={"name": "h", "annotations": hooks})
    denied = project(namespaceResourceBlacklist=[{"group": "", "kind": "ConfigMap"}])
    files = {
        "apps.yaml": documents(app("a"), app("p", destination=at("argocd"))),
        "a/h.yaml": job,
        "p/p.yaml": denied,
    }
    assert bool(await found(engine, "project-refuses-resource", files)) is refused


def cluster_secret(name: str, server: str, of: str) -> str:
    labels = {"argocd.argoproj.io/secret-type": "cluster"}
    data = {"name": name, "server": server, "project": of}
    return manifest("Secret", f"cluster-{name}", "argocd", metadata={"labels": labels}, stringData=data)


@pytest.mark.parametrize(
    ("secrets", "destination", "refused"),
    [
        ([("prod", "https://p", "")], {"server": "https://p"}, True),
        ([("prod", "https://p", "other")], {"name": "prod"}, True),
        ([("prod", "https://p", "default")], {"server": "https://p/"}, False),
        ([("prod", "https://p", ""), ("own", "https://p", "default")], {"server": "https://p"}, False),
        ([("prod", "https://p", "")], {"server": "https://elsewhere"}, False),  # its Secret may be made by hand
        ([], {"server": IN_CLUSTER}, False),
    ],
)
async def test_a_project_may_permit_clusters_of_its_own_only(
    engine: Engine, secrets: list[tuple[str, str, str]], destination: dict[str, str], refused: bool
) -> None:
    files = {
        "apps.yaml": documents(app("a", destination={**destination, "namespace": "shop"}), app("p")),
        "a/m.yaml": config_map("m"),
        "p/p.yaml": project(permitOnlyProjectScopedClusters=True),
        **{f"argocd/{name}.yaml": cluster_secret(name, server, of) for name, server, of in secrets},
    }
    said = await found(engine, "project-refuses", files)
    assert [one.severity for one in said] == [Severity.WARNING] * refused
    assert all("which is not its own" in one.message for one in said)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("argocd/cm.yaml", manifest("ConfigMap", "argocd-cm", "argocd", data={"globalProjects": "- {}"})),
        ("argocd/kustomization.yaml", "configMapGenerator:\n- {name: argocd-cm, files: [cm/globalProjects]}\n"),
        ("values/argo-cd.yaml", "configs: {cm: {globalProjects: '- projectName: all'}}\n"),
        (
            "operator.yaml",
            "apiVersion: argoproj.io/v1beta1\nkind: ArgoCD\nspec: {extraConfig: {globalProjects: x}}\n",
        ),
    ],
)
async def test_global_projects_add_to_what_a_project_permits(engine: Engine, path: str, text: str) -> None:
    refused = project(namespaceResourceWhitelist=[], destinations=[])
    files = {"apps.yaml": documents(app("a"), app("p")), "a/m.yaml": config_map("m"), "p/p.yaml": refused}
    for rule in ("project-refuses", "project-refuses-resource"):
        assert await found(engine, rule, {**files, path: text}) == []
    assert await found(engine, "project-refuses", files) != []


async def test_what_one_list_keeps_out_is_told_once(engine: Engine) -> None:
    files = {
        "apps.yaml": documents(app("a"), app("p", destination=at("argocd"))),
        "a/m.yaml": documents(config_map("m"), manifest("Secret", "s"), deployment()),
        "p/p.yaml": project(namespaceResourceWhitelist=[{"group": API.partition("/")[0], "kind": "*"}]),
    }
    said = await found(engine, "project-refuses-resource", files)
    assert len(said) == 3 and len({one.topic for one in said}) == 1
    topic = said[0].topic
    assert "the kinds `ConfigMap`, `Secret` and `Deployment.apps` of Application `a`" in topic.title
    assert topic.advice.startswith("Add the kinds to `spec.namespaceResourceWhitelist`")


async def test_a_namespace_that_is_to_be_made_needs_the_project_too(engine: Engine) -> None:
    creates = app("a", policy={"syncOptions": ["CreateNamespace=true"]})
    files = {"apps.yaml": documents(creates, app("p")), "a/m.yaml": config_map("m"), "p/p.yaml": project()}
    [said] = await found(engine, "project-refuses-resource", files)
    assert said.severity is Severity.WARNING and "the Namespace `shop`" in said.message
    made = {**files, "p/n.yaml": manifest("Namespace", "shop")}
    assert [one.severity for one in await found(engine, "project-refuses-resource", made)] == [Severity.ERROR]


EVERYTHING: dict[str, Any] = {"clusterResourceWhitelist": [{"group": "*", "kind": "*"}]}
OWN = {"server": IN_CLUSTER, "namespace": "argocd"}


@pytest.mark.parametrize(
    ("destinations", "destination", "refused"),
    [
        ([{"name": "prod-*", "namespace": "*"}], {"name": "prod-eu", "namespace": "shop"}, False),
        ([{"name": "prod-*", "namespace": "*"}], {"name": "stage-eu", "namespace": "shop"}, True),
        ([{"name": "!prod", "namespace": "*"}, at("*", "*")], {"name": "prod", "namespace": "shop"}, True),
        ([at("*", "*"), at("!kube-*", "*")], at("kube-extra"), True),
        ([at("team-*", "*")], at("team-a"), False),
        ([at("*", "https://*.example.com")], at("x", "https://a.example.com"), False),
        ([at("*", "https://*.example.com")], at("x", "https://a.example.org"), True),
    ],
)
async def test_destinations_by_name_by_glob_and_denied(
    engine: Engine, destinations: list[dict[str, str]], destination: dict[str, str], refused: bool
) -> None:
    files = {
        "apps.yaml": documents(app("a", destination=destination), app("p", destination=OWN)),
        "a/m.yaml": config_map("m", ""),
        "p/p.yaml": project(**EVERYTHING, destinations=[*destinations, OWN]),
    }
    said = [one for one in await found(engine, "project-refuses", files) if one.applications == ("a",)]
    assert len(said) == refused


@pytest.mark.parametrize(
    ("lists", "refused"),
    [
        ({"clusterResourceWhitelist": [{"group": "*.example.com", "kind": "*"}]}, ["ClusterRole"]),
        ({"clusterResourceWhitelist": [{"group": "rbac.*", "kind": "Cluster*"}]}, []),
        ({"clusterResourceBlacklist": [{"group": "rbac.*", "kind": "*"}]}, ["ClusterRole"]),
        ({"namespaceResourceBlacklist": [{"group": "app*", "kind": "Deploy*"}]}, ["Deployment"]),
        ({"namespaceResourceWhitelist": [{"group": "*apps", "kind": "Deployment"}]}, []),
        ({"namespaceResourceWhitelist": [{"group": "", "kind": "*"}]}, ["Deployment"]),
    ],
)
async def test_groups_and_kinds_are_globs(engine: Engine, lists: dict[str, Any], refused: list[str]) -> None:
    role = manifest("ClusterRole", "r", api="rbac.authorization.k8s.io/v1", rules=[])
    files = {
        "apps.yaml": documents(app("a"), app("p", destination=OWN)),
        "a/m.yaml": documents(role, deployment()),
        "p/p.yaml": project(**{**EVERYTHING, **lists}),
    }
    said = [one for one in await found(engine, "project-refuses-resource", files) if one.applications == ("a",)]
    assert [one.resource.kind for one in said if one.resource is not None] == refused
