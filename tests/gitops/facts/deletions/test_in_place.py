"""Changes that Kubernetes does not take in place."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from gitops.facts.deletions.quantities import is_less
from tests.gitops.facts.deletions.stage import MAP, PRUNE, app, comment, folder, lines, obj
from tests.scenarios import Files


def side(manifest: str, sync: Any = PRUNE) -> Files:
    return {"a.yaml": app("a", sync=sync), **folder("apps/a", MAP, manifest)}


def workload(kind: str, api: str = "apps/v1", options: str = "", **spec: Any) -> str:
    selector = {"matchLabels": {"app": "web"}}
    body = {"selector": selector, "template": {"metadata": {"labels": {"app": "web"}}}, **spec}
    return obj(kind, "x", api, options, spec=body)


def claim(options: str = "", **spec: Any) -> str:
    body = {"storageClassName": "fast", "resources": {"requests": {"storage": "10Gi"}}, **spec}
    return obj("PersistentVolumeClaim", "x", options=options, spec=body)


def sized(storage: str) -> dict[str, Any]:
    return {"resources": {"requests": {"storage": storage}}}


def template(storage: str = "10Gi", **more: Any) -> dict[str, Any]:
    metadata = {"name": "data", **more.pop("metadata", {})}
    return {"metadata": metadata, "spec": sized(storage), **more}


def pod(**container: Any) -> str:
    return obj("Pod", "x", spec={"containers": [{"name": "a", **container}]})


def volume(**spec: Any) -> str:
    return obj("PersistentVolume", "x", spec={"capacity": {"storage": "1Gi"}, **spec})


def service(**spec: Any) -> str:
    return obj("Service", "x", spec={"type": "LoadBalancer", **spec})


OTHER = {"matchLabels": {"app": "web", "env": "prod"}}
FIXED = obj("ConfigMap", "x", data={"a": "1"}, immutable=True)
ROLE = {"kind": "ClusterRole", "name": "view"}


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (workload("Deployment"), workload("Deployment", selector=OTHER), "sync-fails"),
        (workload("DaemonSet"), workload("DaemonSet", selector=OTHER), "sync-fails"),
        (workload("Deployment"), workload("Deployment", replicas=2), ""),
        (workload("Deployment"), workload("Deployment", "apps/v1", "Force=true", selector=OTHER), "recreated"),
        (workload("Deployment"), workload("Deployment", "apps/v1", "Replace=true", selector=OTHER), "sync-fails"),
        (
            workload("StatefulSet", volumeClaimTemplates=[template()]),
            workload("StatefulSet", volumeClaimTemplates=[template("20Gi")]),
            "sync-fails",
        ),
        (
            workload("StatefulSet", volumeClaimTemplates=[template()]),
            workload("StatefulSet", volumeClaimTemplates=[template(apiVersion="v1", kind="PersistentVolumeClaim")]),
            "",
        ),
        (
            workload("StatefulSet", volumeClaimTemplates=[template()]),
            workload("StatefulSet", volumeClaimTemplates=[template(metadata={"labels": {"chart": "2"}})]),
            "sync-fails",
        ),
        (workload("StatefulSet"), workload("StatefulSet", serviceName="other"), "sync-fails"),
        (workload("StatefulSet"), workload("StatefulSet", podManagementPolicy="OrderedReady"), ""),
        (workload("Job", "batch/v1"), workload("Job", "batch/v1", template={"metadata": {}}), "sync-fails"),
        (
            workload("Job", "batch/v1", "Replace=true,Force=true"),
            workload("Job", "batch/v1", "Replace=true,Force=true", template={}),
            "recreated",
        ),
        (workload("Job", "batch/v1"), workload("Job", "batch/v1", ttlSecondsAfterFinished=5), ""),
        (claim(**sized("20Gi")), claim(**sized("10Gi")), "sync-fails"),
        (claim(**sized("10Gi")), claim(**sized("20Gi")), ""),
        (claim(**sized("1Gi")), claim(**sized("1024Mi")), ""),
        (claim(), claim(storageClassName="slow"), "sync-fails"),
        (claim(), claim("Replace=true,Force=true", **sized("20Gi")), "recreated"),
        (
            obj("StorageClass", "x", "storage.k8s.io/v1", provisioner="a", parameters={"type": "ssd"}),
            obj("StorageClass", "x", "storage.k8s.io/v1", provisioner="a", parameters={"type": "hdd"}),
            "sync-fails",
        ),
        (
            obj("StorageClass", "x", "storage.k8s.io/v1", provisioner="a"),
            obj("StorageClass", "x", "storage.k8s.io/v1", provisioner="a", reclaimPolicy="Delete"),
            "",
        ),
        (
            obj("Service", "x", spec={"selector": {"a": "b"}}),
            obj("Service", "x", spec={"clusterIP": "None"}),
            "sync-fails",
        ),
        (obj("Service", "x", spec={"clusterIP": "None"}), obj("Service", "x", spec={}), "ineffective"),
        (
            obj("ConfigMap", "x", data={"a": "1"}, immutable=True),
            obj("ConfigMap", "x", data={"a": "1"}),
            "sync-fails",
        ),
        (
            obj("Secret", "x", stringData={"a": "1"}, immutable=True),
            obj("Secret", "x", stringData={"a": "2"}, immutable=True),
            "sync-fails",
        ),
        (obj("ConfigMap", "x", data={"a": "1"}), obj("ConfigMap", "x", data={"a": "2"}, immutable=True), ""),
        (obj("Secret", "x", type="Opaque"), obj("Secret", "x", type="kubernetes.io/tls"), "sync-fails"),
        (obj("Secret", "x"), obj("Secret", "x", type="Opaque"), ""),
        (pod(image="a:1"), pod(image="a:2"), ""),
        (pod(image="a:1"), pod(image="a:1", args=["b"]), "sync-fails"),
        (volume(nfs={"path": "/a"}), volume(nfs={"path": "/b"}), "sync-fails"),
        (volume(nfs={"path": "/a"}), volume(nfs={"path": "/a"}, persistentVolumeReclaimPolicy="Retain"), ""),
        (service(loadBalancerClass="a"), service(loadBalancerClass="b"), "sync-fails"),
        (service(ipFamilies=["IPv4"]), service(ipFamilies=["IPv6"]), "sync-fails"),
        (service(ipFamilies=["IPv4"]), service(ipFamilies=["IPv4", "IPv6"]), ""),
        (
            obj("RoleBinding", "x", "rbac.authorization.k8s.io/v1", roleRef=ROLE),
            obj("RoleBinding", "x", "rbac.authorization.k8s.io/v1", roleRef={**ROLE, "name": "edit"}),
            "recreated",
        ),
    ],
)
async def test_a_field_that_is_fixed(engine: Engine, before: str, after: str, verdict: str) -> None:
    found = await lines(engine, side(before), side(after))
    assert [one.partition(" a: ")[0] for one in found] == ([verdict] if verdict else [])


async def test_a_binding_under_server_side_apply_fails(engine: Engine) -> None:
    old = obj("RoleBinding", "x", "rbac.authorization.k8s.io/v1", roleRef=ROLE)
    new = obj("RoleBinding", "x", "rbac.authorization.k8s.io/v1", roleRef={**ROLE, "name": "edit"})
    sync = {"syncOptions": ["ServerSideApply=true"]}
    assert await lines(engine, side(old, sync), side(new, sync)) == ["sync-fails a: RoleBinding a/x"]


async def test_a_claim_that_is_made_again_is_told_with_its_volume(engine: Engine) -> None:
    said = await comment(engine, side(claim()), side(claim("Replace=true,Force=true", **sized("20Gi"))))
    assert "`a` deletes these and makes them again (`Force=true`)" in said
    assert "with the volume behind it" in said


def definition(*versions: str) -> str:
    served = [{"name": version, "served": True, "storage": version == "v1"} for version in versions]
    spec = {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": served,
    }
    return obj("CustomResourceDefinition", "widgets.example.com", "apiextensions.k8s.io/v1", spec=spec)


async def test_a_version_that_is_no_longer_served_fails_those_who_use_it(engine: Engine) -> None:
    def files(*versions: str, used: str = "v1alpha1") -> Files:
        widget = {"w.yaml": app("w"), **folder("apps/w", obj("Widget", "w", f"example.com/{used}"))}
        return {**side(definition(*versions)), **widget}

    before, after = files("v1alpha1", "v1"), files("v1")
    assert await lines(engine, before, after) == [
        "changed a: CustomResourceDefinition widgets.example.com",
        "sync-fails w: Widget w/w",
    ]
    assert "written in version v1alpha1, which its definition no longer serves" in await comment(
        engine, before, after
    )
    found = await lines(engine, before, files("v1", used="v1"))
    assert found == ["changed a: CustomResourceDefinition widgets.example.com"]


@pytest.mark.parametrize(
    ("one", "other", "less"),
    [
        ("10Gi", "20Gi", True),
        ("20Gi", "10Gi", False),
        ("1Gi", "1024Mi", False),
        ("1G", "1Gi", True),
        ("500m", 1, True),
        ("1e3", "1k", False),
        ("999", "1e3", True),
        ("0.5Gi", "1Gi", True),
        ("much", "1Gi", False),
        (None, "1Gi", False),
        ("1e999", "1Gi", False),
    ],
)
def test_quantities(one: object, other: object, less: bool) -> None:
    assert is_less(one, other) is less
