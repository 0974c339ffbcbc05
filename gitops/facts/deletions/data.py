"""Which kinds lose something that git does not hold when Argo CD deletes them.

Kubernetes' own kinds are listed by what deletes what behind them (the API reference of Kubernetes 1.33). A custom
resource is what its controller makes of it: databases, brokers, buckets and clusters go with theirs (crossplane's
`deletionPolicy: Delete`, CloudNativePG's claims, Rook's pools). So only those count as harmless of which the project
documents that they are configuration, or that what they make can be made again from them; a kind that nobody here
knows counts as one that carries data.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitops.discovery.snapshot import OwnedId, Snapshot
from gitops.facts.deletions.options import options_of
from gitops.facts.owners import owners_of
from gitops.resources.resource import ResourceId

# Groups that the API server of Kubernetes serves itself.
_KUBERNETES = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "extensions",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)

# Of those groups: everything in a Namespace, the volume behind a claim, every custom resource of a CRD; and a Secret,
# whose values are often nowhere else.
_BEARING: frozenset[tuple[str, str]] = frozenset(
    {
        ("", "Namespace"),
        ("", "PersistentVolume"),
        ("", "PersistentVolumeClaim"),
        ("", "Secret"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
    }
)

_EVERY = frozenset({"*"})
_HARMLESS: Mapping[str, frozenset[str]] = {
    "argoproj.io": frozenset(
        {
            "AnalysisTemplate",
            "AppProject",
            "ClusterAnalysisTemplate",
            "ClusterWorkflowTemplate",
            "CronWorkflow",
            "EventSource",
            "Rollout",
            "Sensor",
            "WorkflowTemplate",
        }
    ),
    "autoscaling.k8s.io": frozenset({"VerticalPodAutoscaler"}),
    "bitnami.com": frozenset({"SealedSecret"}),  # git holds what its Secret is made of
    # The Secret of a Certificate stays (cert-manager.io, usage/certificate, "Cleaning up Secrets").
    "acme.cert-manager.io": _EVERY,
    "cert-manager.io": _EVERY,
    "cilium.io": frozenset({"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}),
    "crd.projectcalico.org": frozenset({"NetworkPolicy", "GlobalNetworkPolicy", "GlobalNetworkSet", "NetworkSet"}),
    "projectcalico.org": frozenset({"NetworkPolicy", "GlobalNetworkPolicy", "GlobalNetworkSet", "NetworkSet"}),
    "external-secrets.io": frozenset({"ClusterSecretStore", "SecretStore"}),
    "gateway.networking.k8s.io": frozenset(
        {
            "BackendTLSPolicy",
            "GRPCRoute",
            "Gateway",
            "GatewayClass",
            "HTTPRoute",
            "ReferenceGrant",
            "TCPRoute",
            "TLSRoute",
            "UDPRoute",
        }
    ),
    "grafana.integreatly.org": frozenset({"GrafanaDashboard", "GrafanaDatasource", "GrafanaFolder"}),
    "keda.sh": frozenset({"ClusterTriggerAuthentication", "ScaledJob", "ScaledObject", "TriggerAuthentication"}),
    "metallb.io": _EVERY,
    "monitoring.coreos.com": frozenset(
        {"AlertmanagerConfig", "PodMonitor", "Probe", "PrometheusRule", "ScrapeConfig", "ServiceMonitor"}
    ),
    "networking.istio.io": _EVERY,
    "security.istio.io": _EVERY,
    "telemetry.istio.io": _EVERY,
    "operator.victoriametrics.com": frozenset(
        {"VMNodeScrape", "VMPodScrape", "VMProbe", "VMRule", "VMServiceScrape", "VMStaticScrape"}
    ),
    "route.openshift.io": frozenset({"Route"}),
    "traefik.containo.us": _EVERY,
    "traefik.io": _EVERY,
}


def is_data_bearing(group: str, kind: str) -> bool:
    """Whether deleting an object of this kind may delete what git does not hold."""
    if group in _KUBERNETES:
        return (group, kind) in _BEARING
    known = _HARMLESS.get(group, frozenset())
    return kind not in known and "*" not in known


def is_tracked(group: str, kind: str) -> bool:
    """Whether Argo CD marks objects of this kind as an Application's. It leaves CustomResourceDefinitions alone
    (reposerver/repository/repository.go, `!kube.IsCRD(target)`), so that it neither prunes them, nor deletes them
    with an Application (appcontroller.go:1258), nor warns of a second owner."""
    return (group, kind) != ("apiextensions.k8s.io", "CustomResourceDefinition")


def may_lose_data(group: str, kind: str) -> bool:
    """Whether Argo CD may delete an object of this kind, and data with it."""
    return is_tracked(group, kind) and is_data_bearing(group, kind)


def takes_along(rid: ResourceId) -> str:
    """What goes with an object, as the end of a sentence; empty when it is nothing that git does not hold."""
    known = _ALONG.get((rid.group, rid.kind))
    if known is not None or not is_data_bearing(rid.group, rid.kind):
        return known or ""
    return "with whatever its controller keeps for it"


_ALONG: Mapping[tuple[str, str], str] = {
    ("", "Namespace"): "with all objects in it",
    ("", "PersistentVolume"): "",
    ("", "PersistentVolumeClaim"): "with the volume behind it unless its reclaim policy is `Retain`",
    ("", "Secret"): "",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "with every custom resource of its kind",
    ("argoproj.io", "Application"): "with everything it owns if it has Argo CD's finalizer",
    ("argoproj.io", "ApplicationSet"): "with the Applications that it made",
    ("apps", "StatefulSet"): "without the claims of its volumeClaimTemplates",
}


def may_lose(snapshot: Snapshot, owned_id: OwnedId) -> bool:
    """Whether Argo CD may delete an object and data with it, by its kind or by what one of its manifests says:
    somebody has guarded it against deletion, or a StatefulSet takes its claims along."""
    rid = owned_id.id
    if may_lose_data(rid.group, rid.kind):
        return True
    said = [options_of(copy.resource) for copy in snapshot.once(owners_of).get(owned_id, ())]
    return is_tracked(rid.group, rid.kind) and any(one.guarded or one.claims_go for one in said)
