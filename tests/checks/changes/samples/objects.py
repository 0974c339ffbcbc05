"""How many there are, who serves them, how they go and how they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.checks.changes.sample import Sample
from tests.gitops.facts.changes.stage import deployment, one_app
from tests.gitops.facts.deletions.stage import FINALIZER, app, obj
from tests.scenarios import Files

SELF_HEAL: Mapping[str, Any] = {"automated": {"prune": True, "selfHeal": True}}


def ingress(name: str = "", annotation: str = "") -> Files:
    metadata = {"annotations": {"kubernetes.io/ingress.class": annotation}} if annotation else {}
    spec = {"ingressClassName": name} if name else {}
    return one_app(obj("Ingress", "web", "networking.k8s.io/v1", metadata=metadata, spec=spec))


def gateway(name: str) -> Files:
    return one_app(obj("Gateway", "web", "gateway.networking.k8s.io/v1", spec={"gatewayClassName": name}))


def service(kind: str, **spec: Any) -> Files:
    return one_app(obj("Service", "web", spec={"type": kind, **spec}))


def finalizers(*names: str, data: str = "a") -> Files:
    return one_app(obj("ConfigMap", "web", metadata={"finalizers": list(names)}, data={"a": data}))


def child(*, cascades: bool, namespace: str = "web") -> Files:
    text = app("web", cascades=cascades, namespace=namespace)
    return {"root.yaml": app("root", "argocd", namespace="argocd"), "argocd/web.yaml": text, "apps/web/README": "x"}


def scaler(
    replicas: int | None,
    *,
    kind: str = "HorizontalPodAutoscaler",
    present: bool = True,
    ignored: Mapping[str, Any] | None = None,
    options: Sequence[str] = (),
) -> Files:
    """`ignored` is an entry of `ignoreDifferences` about Deployments, `options` are sync options."""
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    api = {"HorizontalPodAutoscaler": "autoscaling/v2", "ScaledObject": "keda.sh/v1alpha1"}[kind]
    scaling = (obj(kind, "scaler", api, spec=target),) if present else ()
    sync = {**SELF_HEAL, "syncOptions": list(options)}
    left: dict[str, Any] = (
        {"ignoreDifferences": [{"group": "apps", "kind": "Deployment", **ignored}]} if ignored else {}
    )
    return one_app(deployment(replicas=replicas), *scaling, sync=sync, **left)


def written(api: str, kind: str = "CronJob", label: str = "a") -> Files:
    return one_app(obj(kind, "web", api, metadata={"labels": {"a": label}}))


def definition(*fields: str, keeps: bool = False, uses: str = "size") -> Files:
    spec: dict[str, Any] = {"type": "object", "properties": {name: {"type": "string"} for name in fields}}
    if keeps:
        spec["x-kubernetes-preserve-unknown-fields"] = True
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    versions = [{"name": "v1", "served": True, "storage": True, "schema": schema}]
    names = {"kind": "Widget", "plural": "widgets"}
    crd = obj(
        "CustomResourceDefinition",
        "widgets.example.com",
        "apiextensions.k8s.io/v1",
        spec={"group": "example.com", "names": names, "scope": "Namespaced", "versions": versions},
    )
    return one_app(crd, obj("Widget", "w", "example.com/v1", spec={uses: "x"}))


def claim(size: str, grows: bool | None = None, name: str = "fast") -> Files:
    spec = {"storageClassName": "fast", "resources": {"requests": {"storage": size}}}
    said: dict[str, Any] = {} if grows is None else {"allowVolumeExpansion": grows}
    return one_app(
        obj("PersistentVolumeClaim", "web", spec=spec), obj("StorageClass", name, "storage.k8s.io/v1", **said)
    )


def declared(sync: Mapping[str, Any] | None = None, *, brought: bool = True, **spec: Any) -> Files:
    """An Application `web`, which another one brings or nobody does."""
    root = {"root.yaml": app("root", "argocd", namespace="argocd")} if brought else {}
    return {**root, "argocd/web.yaml": app("web", sync=sync, **spec), "apps/web/README": "x"}


AUTOMATED: Mapping[str, Any] = {"automated": {}}
NUMBER: Mapping[str, Any] = {"jsonPointers": ["/spec/replicas"]}
PODS: Mapping[str, Any] = {"jsonPointers": ["/spec/template"]}
BY_JQ: Mapping[str, Any] = {"jqPathExpressions": [".spec.replicas"]}
BY_OWNER: Mapping[str, Any] = {"managedFieldsManagers": ["kube-controller-manager"]}
RESPECT = ("RespectIgnoreDifferences=true",)
SAMPLES: Mapping[str, Sample] = {
    "claim-cannot-grow": Sample(
        "web",
        [
            ("it is not said", claim("1Gi"), claim("2Gi")),
            ("it is denied", claim("1Gi", False), claim("2Gi", False)),
            ("in another unit", claim("1Gi"), claim("1025Mi")),
        ],
        [
            ("it is allowed", claim("1Gi", True), claim("2Gi", True)),
            ("it is as large as before", claim("1Gi"), claim("1024Mi")),
            ("of another class nothing is known", claim("1Gi", name="slow"), claim("2Gi", name="slow")),
        ],
        asks="ask",
    ),
    "project-changed": Sample(
        "web",
        [
            ("brought by another one", declared(project="one"), declared(project="two")),
            ("brought by nobody", declared(brought=False), declared(brought=False, project="two")),
        ],
        [("the destination changes", declared(), declared(namespace="two"))],
        asks="no",
    ),
    "prune-switched-on": Sample(
        "web",
        [
            ("beside automated sync", declared(AUTOMATED), declared(SELF_HEAL)),
            ("together with automated sync", declared(), declared(SELF_HEAL)),
            ("of one that nobody brings", declared(brought=False), declared(SELF_HEAL, brought=False)),
        ],
        [
            ("off", declared(SELF_HEAL), declared(AUTOMATED)),
            ("it was on", declared(SELF_HEAL), declared(SELF_HEAL, namespace="two")),
        ],
        asks="no",
    ),
    "automated-sync-switched-off": Sample(
        "web",
        [
            ("taken out", declared(AUTOMATED), declared()),
            ("said to be off", declared(AUTOMATED), declared({"automated": {"enabled": False}})),
        ],
        [("on", declared(), declared(AUTOMATED)), ("only prune", declared(SELF_HEAL), declared(AUTOMATED))],
        asks="no",
    ),
    "scaled-to-zero": Sample(
        "web",
        [
            ("from two", one_app(deployment(replicas=2)), one_app(deployment(replicas=0))),
            ("from the default", one_app(deployment(replicas=None)), one_app(deployment(replicas=0))),
            (
                "a StatefulSet",
                one_app(obj("StatefulSet", "web", "apps/v1", spec={"replicas": 1})),
                one_app(obj("StatefulSet", "web", "apps/v1", spec={"replicas": 0})),
            ),
            (
                "a Rollout",
                one_app(obj("Rollout", "web", "argoproj.io/v1alpha1", spec={"replicas": 1})),
                one_app(obj("Rollout", "web", "argoproj.io/v1alpha1", spec={"replicas": 0})),
            ),
        ],
        [
            ("from zero", one_app(deployment(replicas=0)), one_app(deployment(replicas=1))),
            ("it was zero", one_app(deployment(replicas=0)), one_app(deployment(replicas=0, labels={"a": "b"}))),
        ],
        asks="no",
    ),
    "autoscaler-switched-off": Sample(
        "web",
        [
            ("zero is written", scaler(None), scaler(0)),
            ("the autoscaler comes with it", scaler(1, present=False), scaler(0)),
        ],
        [
            ("it was off", scaler(0), scaler(0, options=RESPECT)),
            ("KEDA starts the first one", scaler(1, kind="ScaledObject"), scaler(0, kind="ScaledObject")),
            ("nobody scales it", scaler(1, present=False), scaler(0, present=False)),
        ],
        asks="no",
    ),
    "replicas-fought-over": Sample(
        "web",
        [
            ("a number is written", scaler(None), scaler(3)),
            ("another number", scaler(2), scaler(3)),
            ("by KEDA", scaler(None, kind="ScaledObject"), scaler(1, kind="ScaledObject")),
            ("by KEDA, which starts the first one", scaler(1, kind="ScaledObject"), scaler(0, kind="ScaledObject")),
            ("the autoscaler comes with it", scaler(None, present=False), scaler(5)),
            ("it counts in comparing alone", scaler(2, ignored=NUMBER), scaler(3, ignored=NUMBER)),
            (
                "another field is left out",
                scaler(2, ignored=PODS, options=RESPECT),
                scaler(3, ignored=PODS, options=RESPECT),
            ),
            ("nothing is left out", scaler(2, options=RESPECT), scaler(3, options=RESPECT)),
        ],
        [
            ("nobody scales it", scaler(2, present=False), scaler(3, present=False)),
            ("the number goes", scaler(3), scaler(None)),
            ("zero turns it off", scaler(3), scaler(0)),
            (
                "syncs leave it alone",
                scaler(2, ignored=NUMBER, options=RESPECT),
                scaler(3, ignored=NUMBER, options=RESPECT),
            ),
            ("by jq", scaler(2, ignored=BY_JQ, options=RESPECT), scaler(3, ignored=BY_JQ, options=RESPECT)),
            (
                "by who wrote it",
                scaler(2, ignored=BY_OWNER, options=RESPECT),
                scaler(3, ignored=BY_OWNER, options=RESPECT),
            ),
        ],
        asks="no",
    ),
    "ingress-class-changed": Sample(
        "web",
        [
            ("by its field", ingress("nginx"), ingress("traefik")),
            ("by its annotation", ingress(annotation="nginx"), ingress(annotation="alb")),
            ("to the default", ingress("nginx"), ingress()),
            ("from the annotation to another one's field", ingress(annotation="nginx"), ingress("traefik")),
        ],
        [("from the annotation to the field", ingress(annotation="nginx"), ingress("nginx"))],
        asks="no",
    ),
    "gateway-class-changed": Sample("web", [("another", gateway("a"), gateway("b"))], [], asks="no"),
    "load-balancer-released": Sample(
        "web",
        [
            ("to a ClusterIP", service("LoadBalancer"), service("ClusterIP")),
            ("to a NodePort", service("LoadBalancer"), service("NodePort")),
            ("to the default", service("LoadBalancer"), one_app(obj("Service", "web", spec={}))),
        ],
        [
            ("the other way round", service("ClusterIP"), service("LoadBalancer")),
            ("it stays one", service("LoadBalancer"), service("LoadBalancer", externalTrafficPolicy="Local")),
        ],
        asks="no",
    ),
    "cascade-added": Sample(
        "web",
        [("the finalizer", child(cascades=False), child(cascades=True))],
        [("it had it", child(cascades=True), child(cascades=True, namespace="b"))],
        asks="no",
    ),
    "cascade-removed": Sample(
        "web",
        [("the finalizer", child(cascades=True), child(cascades=False))],
        [("it had none", child(cascades=False), child(cascades=False, namespace="b"))],
        asks="no",
    ),
    "finalizer-added": Sample(
        "web",
        [("the first", finalizers(), finalizers("a/b")), ("another", finalizers("a/b"), finalizers("a/b", "c/d"))],
        [
            ("the same", finalizers("a/b"), finalizers("a/b", data="b")),
            ("Argo CD's", finalizers(), finalizers(FINALIZER)),
        ],
        asks="no",
    ),
    "finalizer-removed": Sample(
        "web",
        [("the last", finalizers("a/b"), finalizers()), ("one", finalizers("a/b", "c/d"), finalizers("c/d"))],
        [("in another order", finalizers("a/b", "c/d"), finalizers("c/d", "a/b", data="b"))],
        asks="no",
    ),
    "api-version-not-served": Sample(
        "web",
        [
            ("when it changes", written("batch/v1beta1"), written("batch/v1beta1", label="b")),
            ("when it is written so", written("batch/v1"), written("batch/v1beta1")),
            (
                "another kind",
                written("policy/v1", "PodDisruptionBudget"),
                written("policy/v1beta1", "PodDisruptionBudget"),
            ),
            ("when it comes", one_app(), written("autoscaling/v2beta2", "HorizontalPodAutoscaler")),
        ],
        [
            ("a served one", written("batch/v1"), written("batch/v1", label="b")),
            (
                "one that goes later",
                written("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"),
                written("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", label="b"),
            ),
        ],
        policy="kubernetes: {version: '1.31'}",
        asks="ask",
    ),
    "used-field-dropped": Sample(
        "widgets.example.com",
        [("a field that is used", definition("size", "colour"), definition("colour"))],
        [
            ("one that nobody uses", definition("size", "colour"), definition("size")),
            ("what is unknown is kept", definition("size", "colour"), definition("colour", keeps=True)),
            ("one more", definition("size"), definition("size", "colour")),
        ],
        asks="ask",
    ),
}
