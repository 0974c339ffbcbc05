"""What shows that one Application goes before another, each kind of evidence on the real renderer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.rendering.driver import Engine
from gitops.applications.application import Application
from gitops.discovery.snapshot import Snapshot
from gitops.facts.order.evidence import gather
from gitops.facts.order.model import Edge, Evidence, Handover, Strength
from gitops.resources.resource import ResourceId
from tests.scenarios import Files, application, config_map, documents, evaluated, manifest

HARD, SOFT, HINT = Strength.HARD, Strength.SOFT, Strength.HINT


def apps(*names: str, **more: Any) -> str:
    """Applications of one directory each."""
    return documents(*(application(name, name, namespace="shop", **more) for name in names))


def crd(kind: str = "Widget", group: str = "acme.example", version: str = "v1", **more: Any) -> str:
    plural = f"{kind.lower()}s"
    return manifest(
        "CustomResourceDefinition",
        f"{plural}.{group}",
        api="apiextensions.k8s.io/v1",
        spec={
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": version, "served": True, "storage": True}, {"name": "v1alpha1", "served": False}],
            **more,
        },
    )


def widget(version: str = "v1", **metadata: Any) -> str:
    return manifest("Widget", "w", "shop", f"acme.example/{version}", metadata=metadata)


def deployment(namespace: str = "shop", **pod: Any) -> str:
    return manifest("Deployment", "api", namespace, "apps/v1", spec={"template": {"spec": {"containers": [], **pod}}})


def pod(**spec: Any) -> str:
    return manifest("Pod", "api", "shop", spec={"containers": [], **spec})


async def edges(engine: Engine, files: Files, *handovers: Handover) -> tuple[Edge, ...]:
    evaluation = await evaluated(engine, files)
    return gather(evaluation.snapshot, lambda a: a.root, handovers)


async def shown(engine: Engine, files: Files) -> list[tuple[str, str, Evidence, Strength, str]]:
    return [
        (edge.before[2], edge.after[2], reason.evidence, reason.strength, str(reason.provided))
        for edge in await edges(engine, files)
        for reason in edge.reasons
    ]


CASES: list[tuple[str, str, Evidence, Strength, str]] = [
    (manifest("Namespace", "shop"), config_map("x"), Evidence.NAMESPACE, HARD, "Namespace shop"),
    (crd(), widget(), Evidence.DEFINITION, HARD, "CustomResourceDefinition widgets.acme.example"),
    (
        manifest("ServiceAccount", "api", "shop"),
        deployment(serviceAccountName="api"),
        Evidence.REFERENCE, SOFT, "ServiceAccount shop/api",
    ),
    (
        manifest("ServiceAccount", "api", "shop"),
        pod(serviceAccountName="api"),
        Evidence.REFERENCE, HARD, "ServiceAccount shop/api",
    ),
    (
        config_map("settings"),
        deployment(volumes=[{"name": "v", "configMap": {"name": "settings"}}]),
        Evidence.REFERENCE, SOFT, "ConfigMap shop/settings",
    ),
    (
        manifest("SealedSecret", "keys", "shop", "bitnami.com/v1alpha1", spec={"encryptedData": {"a": "b"}}),
        deployment(volumes=[{"name": "v", "secret": {"secretName": "keys"}}]),
        Evidence.REFERENCE, SOFT, "Secret shop/keys",
    ),
    (
        manifest("Secret", "pull", "shop"),
        deployment(imagePullSecrets=[{"name": "pull"}]),
        Evidence.REFERENCE, HINT, "Secret shop/pull",
    ),
    (
        manifest("PersistentVolumeClaim", "data", "shop"),
        deployment(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]),
        Evidence.REFERENCE, SOFT, "PersistentVolumeClaim shop/data",
    ),
    (
        manifest("PriorityClass", "high", api="scheduling.k8s.io/v1"),
        deployment(priorityClassName="high"),
        Evidence.REFERENCE, SOFT, "PriorityClass high",
    ),
    (
        manifest("RuntimeClass", "gvisor", api="node.k8s.io/v1"),
        deployment(runtimeClassName="gvisor"),
        Evidence.REFERENCE, SOFT, "RuntimeClass gvisor",
    ),
    (
        manifest("StorageClass", "fast", api="storage.k8s.io/v1"),
        manifest("PersistentVolumeClaim", "data", "shop", spec={"storageClassName": "fast"}),
        Evidence.REFERENCE, SOFT, "StorageClass fast",
    ),
    (
        manifest("StorageClass", "fast", api="storage.k8s.io/v1"),
        manifest(
            "StatefulSet", "db", "shop", "apps/v1",
            spec={
                "template": {"spec": {"containers": []}},
                "volumeClaimTemplates": [{"spec": {"storageClassName": "fast"}}],
            },
        ),
        Evidence.REFERENCE, SOFT, "StorageClass fast",
    ),
    (
        manifest("IngressClass", "nginx", api="networking.k8s.io/v1"),
        manifest("Ingress", "web", "shop", "networking.k8s.io/v1", spec={"ingressClassName": "nginx"}),
        Evidence.REFERENCE, SOFT, "IngressClass nginx",
    ),
    (
        manifest("ClusterIssuer", "acme", api="cert-manager.io/v1"),
        manifest(
            "Certificate", "tls", "shop", "cert-manager.io/v1",
            spec={"issuerRef": {"name": "acme", "kind": "ClusterIssuer"}},
        ),
        Evidence.REFERENCE, SOFT, "ClusterIssuer acme",
    ),
    (
        manifest("Issuer", "acme", "shop", "cert-manager.io/v1"),
        manifest(
            "Ingress", "web", "shop", "networking.k8s.io/v1",
            metadata={"annotations": {"cert-manager.io/issuer": "acme"}}, spec={},
        ),
        Evidence.REFERENCE, SOFT, "Issuer shop/acme",
    ),
    (
        manifest("ClusterSecretStore", "vault", api="external-secrets.io/v1"),
        manifest(
            "ExternalSecret", "keys", "shop", "external-secrets.io/v1",
            spec={"secretStoreRef": {"name": "vault", "kind": "ClusterSecretStore"}},
        ),
        Evidence.REFERENCE, SOFT, "ClusterSecretStore vault",
    ),
    (
        manifest(
            "APIService", "v1.acme.example", api="apiregistration.k8s.io/v1",
            spec={"group": "acme.example", "version": "v1", "service": {"name": "s", "namespace": "x"}},
        ),
        widget(),
        Evidence.API_SERVICE, HARD, "APIService v1.acme.example",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("brings", "needs", "evidence", "strength", "what"), CASES)
async def test_who_brings_it_goes_first(
    engine: Engine, brings: str, needs: str, evidence: Evidence, strength: Strength, what: str
) -> None:
    files = {"apps.yaml": apps("aaa", "zzz"), "zzz/x.yaml": brings, "aaa/x.yaml": needs}
    assert await shown(engine, files) == [("zzz", "aaa", evidence, strength, what)]
    # Whoever brings it itself needs nobody.
    assert await shown(engine, {**files, "aaa/own.yaml": brings}) == []
    # The cluster counts.
    elsewhere = documents(application("aaa", "aaa"), application("zzz", "zzz", server="https://other.example"))
    assert await shown(engine, {**files, "apps.yaml": elsewhere}) == []


async def test_another_argo_cd_brings_nothing(engine: Engine) -> None:
    files = {
        "one/app.yaml": application("aaa", "aaa"),
        "two/app.yaml": application("zzz", "zzz"),
        "zzz/x.yaml": crd(),
        "aaa/x.yaml": widget(),
    }
    snapshot = (await evaluated(engine, files)).snapshot
    assert gather(snapshot, lambda a: a.root) == ()
    assert len(gather(snapshot, lambda a: "together")) == 1


@pytest.mark.parametrize(
    ("brings", "needs"),
    [
        (manifest("Namespace", "kube-system"), config_map("x", "kube-system")),
        (manifest("Namespace", "argocd"), config_map("x", "argocd")),
        (crd("AppProject", "argoproj.io", "v1alpha1"), manifest("AppProject", "x", "argocd", "argoproj.io/v1alpha1")),
        (manifest("AppProject", "default", "argocd", "argoproj.io/v1alpha1"), config_map("x")),
        (crd(), widget("v2")),
        (crd(), widget("v1alpha1")),  # not served
        (crd(group="other.example"), widget()),
        (crd(kind="Gadget"), widget()),
        (manifest("ServiceAccount", "api", "other"), deployment(serviceAccountName="api")),
        (manifest("ServiceAccount", "default", "shop"), deployment(serviceAccountName="default")),
        (manifest("StorageClass", "fast", api="acme.example/v1"), deployment(priorityClassName="fast")),
        (manifest("ClusterIssuer", "acme", api="cert-manager.io/v1"),
         manifest("Certificate", "tls", "shop", "cert-manager.io/v1", spec={"issuerRef": {"name": "acme"}})),
        (manifest("APIService", "v1.apps", api="apiregistration.k8s.io/v1", spec={"group": "apps", "version": "v1"}),
         deployment()),
    ],
)  # fmt: skip
async def test_what_does_not_fit_exactly_is_no_evidence(engine: Engine, brings: str, needs: str) -> None:
    files = {"apps.yaml": apps("aaa", "zzz"), "zzz/x.yaml": brings, "aaa/x.yaml": needs}
    assert await shown(engine, files) == []


async def test_a_namespace_that_argo_cd_makes_itself_is_only_a_hint(engine: Engine) -> None:
    files = {
        "apps.yaml": documents(
            application("api", "api", namespace="shop", sync={"syncOptions": ["CreateNamespace=true"]}),
            application("infra", "infra"),
        ),
        "infra/x.yaml": documents(manifest("Namespace", "shop"), manifest("Namespace", "other")),
        "api/x.yaml": config_map("x", "shop"),
    }
    assert await shown(engine, files) == [("infra", "api", Evidence.NAMESPACE, HINT, "Namespace shop")]
    # Argo CD makes the destination's namespace, no other one.
    found = await shown(engine, {**files, "api/y.yaml": config_map("y", "other")})
    assert ("infra", "api", Evidence.NAMESPACE, HARD, "Namespace other") in found


async def test_two_that_bring_the_same_namespace_are_hints_and_no_cycle(engine: Engine) -> None:
    files = {
        "apps.yaml": apps("one", "two", "web"),
        "one/x.yaml": documents(manifest("Namespace", "shop"), config_map("a")),
        "two/x.yaml": documents(manifest("Namespace", "shop"), config_map("b")),
        "web/x.yaml": config_map("c"),
    }
    assert await shown(engine, files) == [("one", "web", Evidence.NAMESPACE, HINT, "Namespace shop")]


PROJECT = manifest("AppProject", "team", "argocd", "argoproj.io/v1alpha1")


async def test_parents_and_projects_go_before_their_applications(engine: Engine) -> None:
    files = {
        "root.yaml": application("root", "apps", namespace="argocd"),
        "apps/leaf.yaml": application("leaf", "leaf").replace('"project": "default"', '"project": "team"'),
        "apps/projects.yaml": application("projects", "projects", namespace="argocd"),
        "projects/x.yaml": PROJECT,
        "leaf/x.yaml": config_map("x"),
    }
    assert await shown(engine, files) == [
        ("projects", "leaf", Evidence.PROJECT, HARD, "AppProject argocd/team"),
        ("root", "leaf", Evidence.PARENT, HARD, "Application argocd/leaf"),
        ("root", "projects", Evidence.PARENT, HARD, "Application argocd/projects"),
    ]


async def test_children_of_a_set_come_after_who_brings_the_set(engine: Engine) -> None:
    appset = manifest(
        "ApplicationSet", "all", "argocd", "argoproj.io/v1alpha1",
        spec={
            "generators": [{"list": {"elements": [{"name": "one"}, {"name": "two"}]}}],
            "template": {
                "metadata": {"name": "{{name}}"},
                "spec": {
                    "source": {"repoURL": "https://github.com/acme/platform", "path": "{{name}}"},
                    "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
                },
            },
        },
    )  # fmt: skip
    files = {
        "root.yaml": application("root", "sets", namespace="argocd"),
        "sets/all.yaml": appset,
        "one/x.yaml": config_map("x"),
        "two/x.yaml": config_map("y"),
    }
    assert await shown(engine, files) == [
        ("root", name, Evidence.PARENT, HARD, "ApplicationSet argocd/all") for name in ("one", "two")
    ]


async def test_a_handover_puts_the_keeper_first(engine: Engine) -> None:
    files = {
        "apps.yaml": apps("api", "infra"),
        "infra/x.yaml": config_map("settings"),
        "api/x.yaml": config_map("settings"),
    }
    snapshot = (await evaluated(engine, files)).snapshot
    keys: dict[str, Application] = {s.application.name: s.application for s in snapshot.states}
    rid = ResourceId("", "ConfigMap", "shop", "settings")
    handover = Handover(keys["infra"].key, keys["api"].key, rid, "in-cluster")
    (edge,) = gather(snapshot, lambda a: a.root, [handover])
    assert (edge.before[2], edge.after[2], edge.reasons[0].evidence) == ("infra", "api", Evidence.HANDOVER)
    assert gather(snapshot, lambda a: a.root, [Handover(keys["api"].key, keys["api"].key, rid, "in-cluster")]) == ()


async def test_reasons_name_the_lines(engine: Engine) -> None:
    files = {
        "apps.yaml": apps("api", "infra"),
        "infra/kustomization.yaml": "resources: [all.yaml]\n",
        "infra/all.yaml": documents(manifest("Namespace", "shop"), manifest("ServiceAccount", "api-sa", "shop")),
        "api/kustomization.yaml": "resources: [workload.yaml]\n",
        "api/workload.yaml": (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api, namespace: shop}\nspec:\n  template:\n"
            "    spec:\n      serviceAccountName: api-sa\n      containers: []\n---\n" + config_map("more")
        ),
    }
    (edge,) = await edges(engine, files)
    namespace, account = edge.reasons
    assert (str(namespace.provided_at), str(namespace.needed_at)) == ("infra/all.yaml:1", "api/workload.yaml:10")
    assert namespace.others == 1
    assert (str(account.provided_at), str(account.needed_at)) == ("infra/all.yaml:3", "api/workload.yaml:7")


async def test_the_order_of_the_applications_changes_nothing(engine: Engine) -> None:
    files = {
        "apps.yaml": apps("one", "two", "web"),
        "one/x.yaml": documents(manifest("Namespace", "shop"), config_map("a"), crd()),
        "two/x.yaml": documents(manifest("Namespace", "shop"), config_map("b"), crd("Gadget")),
        "web/x.yaml": documents(config_map("c"), widget(), deployment(serviceAccountName="sa")),
    }
    snapshot = (await evaluated(engine, files)).snapshot
    turned = replace(snapshot, states=tuple(reversed(snapshot.states)))

    def told(found: Snapshot) -> list[tuple[object, ...]]:
        return [
            (edge.ends, reason.evidence, reason.strength, reason.provided, reason.others)
            for edge in gather(found, lambda a: a.root)
            for reason in edge.reasons
        ]

    assert told(turned) == told(snapshot)
    assert len(told(snapshot)) == 2
