"""For each row of the table of dangers: changes in which it finds something, and changes that it leaves alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.gitops.facts.changes.stage import deployment, one_app
from tests.gitops.facts.deletions.stage import FINALIZER, app, obj
from tests.scenarios import Files

SELF_HEAL: Mapping[str, Any] = {"automated": {"prune": True, "selfHeal": True}}
RBAC = "rbac.authorization.k8s.io/v1"


@dataclass(frozen=True)
class Sample:
    """`found` are (what it is, before, after), and so are `fine`; `name` is the object that they are about."""

    name: str
    found: Sequence[tuple[str, Files, Files]]
    fine: Sequence[tuple[str, Files, Files]]
    policy: str = ""
    asks: str = ""


def pods(**pod: Any) -> Files:
    return one_app(deployment(**pod))


def containers(**fields: Any) -> Files:
    return pods(containers=[{"name": "web", "image": "example.com/web:1", **fields}])


def image(name: str) -> Files:
    return containers(image=name)


def privileged(kind: str) -> Files:
    spec = {"containers": [{"name": "web", "securityContext": {"privileged": kind == "yes"}}]}
    template = {"jobTemplate": {"spec": {"template": {"spec": spec}}}}
    return one_app(obj("CronJob", "web", "batch/v1", spec=template))


def rules(*listed: Mapping[str, Any], kind: str = "ClusterRole") -> Files:
    return one_app(obj(kind, "web", RBAC, rules=list(listed)))


def rule(verbs: Sequence[str], resources: Sequence[str] = ("pods",)) -> Mapping[str, Any]:
    return {"apiGroups": [""], "resources": list(resources), "verbs": list(verbs)}


def binding(role: str, *names: str, kind: str = "ClusterRoleBinding") -> Files:
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": "a"} for name in names]
    return one_app(obj(kind, "web", RBAC, roleRef=ref, subjects=subjects))


def project(**spec: Any) -> Files:
    return one_app(obj("AppProject", "web", "argoproj.io/v1alpha1", spec=spec))


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


def scaler(replicas: int | None, *, kind: str = "HorizontalPodAutoscaler", present: bool = True) -> Files:
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
    api = {"HorizontalPodAutoscaler": "autoscaling/v2", "ScaledObject": "keda.sh/v1alpha1"}[kind]
    scaling = (obj(kind, "scaler", api, spec=target),) if present else ()
    return one_app(deployment(replicas=replicas), *scaling, sync=SELF_HEAL)


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


SAMPLES: Mapping[str, Sample] = {
    "privileged-container": Sample(
        "web",
        [
            ("a container", containers(), containers(securityContext={"privileged": True})),
            (
                "an init container",
                pods(),
                pods(initContainers=[{"name": "i", "securityContext": {"privileged": True}}]),
            ),
            ("another container", pods(), pods(containers=[{"name": "b", "securityContext": {"privileged": True}}])),
            ("in a CronJob", privileged("no"), privileged("yes")),
        ],
        [
            (
                "it was before",
                containers(securityContext={"privileged": True}),
                containers(securityContext={"privileged": True}, image="example.com/web:2"),
            ),
            ("it is no longer", containers(securityContext={"privileged": True}), containers()),
            ("it is said not to be", containers(), containers(securityContext={"privileged": False})),
        ],
        asks="ask",
    ),
    "capability-added": Sample(
        "web",
        [
            ("all", containers(), containers(securityContext={"capabilities": {"add": ["ALL"]}})),
            (
                "with the prefix",
                containers(),
                containers(securityContext={"capabilities": {"add": ["CAP_SYS_ADMIN"]}}),
            ),
            (
                "one more",
                containers(securityContext={"capabilities": {"add": ["BPF"]}}),
                containers(securityContext={"capabilities": {"add": ["BPF", "NET_ADMIN"]}}),
            ),
            (
                "to a new container",
                pods(),
                pods(containers=[{"name": "b", "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}}]),
            ),
        ],
        [
            (
                "a harmless one",
                containers(),
                containers(securityContext={"capabilities": {"add": ["NET_BIND_SERVICE"]}}),
            ),
            ("dropped", containers(), containers(securityContext={"capabilities": {"drop": ["ALL"]}})),
        ],
        asks="ask",
    ),
    "host-path-mounted": Sample(
        "web",
        [
            ("a volume", pods(), pods(volumes=[{"name": "v", "hostPath": {"path": "/var/run"}}])),
            (
                "another path",
                pods(volumes=[{"name": "v", "hostPath": {"path": "/a"}}]),
                pods(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
            ),
            (
                "in place of a claim",
                pods(volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]),
                pods(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
            ),
            (
                "one more",
                pods(volumes=[{"name": "v", "hostPath": {"path": "/a"}}]),
                pods(volumes=[{"name": "v", "hostPath": {"path": "/a"}}, {"name": "w", "hostPath": {"path": "/b"}}]),
            ),
        ],
        [
            (
                "under another name",
                pods(volumes=[{"name": "v", "hostPath": {"path": "/a"}}]),
                pods(volumes=[{"name": "w", "hostPath": {"path": "/a"}}]),
            ),
            ("an empty directory", pods(), pods(volumes=[{"name": "v", "emptyDir": {}}])),
        ],
        asks="ask",
    ),
    "host-namespace-shared": Sample(
        "web",
        [
            ("the network", pods(), pods(hostNetwork=True)),
            ("the processes", pods(hostNetwork=True), pods(hostNetwork=True, hostPID=True)),
            ("the memory", pods(), pods(hostIPC=True)),
            ("after a false", pods(hostPID=False), pods(hostPID=True)),
        ],
        [("no longer", pods(hostNetwork=True), pods()), ("said not to", pods(), pods(hostNetwork=False))],
        asks="ask",
    ),
    "image-from-another-registry": Sample(
        "web",
        [
            ("another host", image("example.com/web:1"), image("example.org/web:1")),
            ("to Docker Hub", image("ghcr.io/a/web:1"), image("a/web:1")),
            ("from Docker Hub", image("nginx"), image("localhost/nginx")),
            ("another port", image("example.com:5000/web:1"), image("example.com:5001/web:1")),
        ],
        [
            ("another tag", image("example.com/web:1"), image("example.com/web:2")),
            ("Docker Hub by name", image("nginx"), image("docker.io/library/nginx")),
            ("Docker Hub's other name", image("index.docker.io/a/web"), image("a/web")),
            ("another path", image("example.com/a/web"), image("example.com/b/web")),
        ],
        asks="ask",
    ),
    "image-digest-lost": Sample(
        "web",
        [
            ("for a tag", image("a/web@sha256:" + "0" * 64), image("a/web:1")),
            ("beside the tag", image("a/web:1@sha256:" + "0" * 64), image("a/web:1")),
            ("for nothing", image("a/web@sha256:" + "0" * 64), image("a/web")),
            ("with another name", image("a/web@sha256:" + "0" * 64), image("b/web:1")),
        ],
        [
            ("for another digest", image("a/web@sha256:" + "0" * 64), image("a/web@sha256:" + "1" * 64)),
            ("it had none", image("a/web:1"), image("a/web:2")),
        ],
        asks="no",
    ),
    "role-widened": Sample(
        "web",
        [
            ("all on all", rules(rule(["get"])), rules(rule(["*"], ["*"]))),
            ("every verb", rules(rule(["get"])), rules(rule(["*"]))),
            ("every resource", rules(rule(["get"])), rules(rule(["get"], ["*"]))),
            (
                "a rule more, in a Role",
                rules(rule(["get"]), kind="Role"),
                rules(rule(["get"]), rule(["*"], ["secrets"]), kind="Role"),
            ),
        ],
        [
            ("it was so before", rules(rule(["*"])), rules(rule(["*"]), rule(["get"], ["nodes"]))),
            ("one verb more", rules(rule(["get"])), rules(rule(["get", "list"]))),
            ("narrower", rules(rule(["*"], ["*"])), rules(rule(["get"]))),
        ],
        asks="ask",
    ),
    "role-may-rise": Sample(
        "web",
        [
            ("escalate", rules(rule(["get"])), rules(rule(["escalate"], ["clusterroles"]))),
            ("bind", rules(rule(["get"])), rules(rule(["get"]), rule(["bind"], ["roles"]))),
            ("impersonate", rules(rule(["get"])), rules(rule(["impersonate"], ["users"]))),
            ("in a Role", rules(kind="Role"), rules(rule(["bind"], ["roles"]), kind="Role")),
        ],
        [("it was so before", rules(rule(["bind"])), rules(rule(["bind", "get"])))],
        asks="ask",
    ),
    "administrator-added": Sample(
        "web",
        [
            ("another subject", binding("cluster-admin", "one"), binding("cluster-admin", "one", "two")),
            ("another role", binding("view", "one"), binding("cluster-admin", "one")),
            (
                "within a namespace",
                binding("view", "one", kind="RoleBinding"),
                binding("cluster-admin", "one", kind="RoleBinding"),
            ),
            ("a subject for another one", binding("cluster-admin", "one"), binding("cluster-admin", "two")),
        ],
        [
            ("another role", binding("view", "one"), binding("edit", "one")),
            ("one less", binding("cluster-admin", "one", "two"), binding("cluster-admin", "one")),
        ],
        asks="ask",
    ),
    "project-widened": Sample(
        "web",
        [
            ("repositories", project(sourceRepos=["https://a"]), project(sourceRepos=["*"])),
            ("destinations", project(), project(destinations=[{"server": "*", "namespace": "*"}])),
            ("by the cluster's name", project(), project(destinations=[{"name": "*", "namespace": "*"}])),
            ("kinds", project(), project(clusterResourceWhitelist=[{"group": "*", "kind": "*"}])),
        ],
        [
            ("it was so before", project(sourceRepos=["*"]), project(sourceRepos=["*", "https://a"])),
            ("one namespace everywhere", project(), project(destinations=[{"server": "*", "namespace": "a"}])),
        ],
        asks="ask",
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
    "replicas-fought-over": Sample(
        "web",
        [
            ("a number is written", scaler(None), scaler(3)),
            ("another number", scaler(2), scaler(3)),
            ("by KEDA", scaler(None, kind="ScaledObject"), scaler(1, kind="ScaledObject")),
            ("the autoscaler comes with it", scaler(None, present=False), scaler(5)),
        ],
        [
            ("nobody scales it", scaler(2, present=False), scaler(3, present=False)),
            ("the number goes", scaler(3), scaler(None)),
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
