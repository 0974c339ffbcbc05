"""The operator's Prometheus that is in git, and what it selects.

Source: prometheus-operator's API (Prometheus: a selector that is absent selects nothing, an empty one everything).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from checks.planning.additions.cluster import in_cluster, unseen
from checks.planning.additions.place import Place
from checks.planning.additions.plan import NotPossible
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import mapping, sequence
from gitops.installation.model import Member
from gitops.installation.routes.find import fits
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

GROUP: Final = "monitoring.coreos.com"
_SELECTORS: Final = {
    "PrometheusRule": ("ruleSelector", "ruleNamespaceSelector"),
    "ServiceMonitor": ("serviceMonitorSelector", "serviceMonitorNamespaceSelector"),
    "Probe": ("probeSelector", "probeNamespaceSelector"),
}


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert that reads `metric` by `expression`, and fires when that gives something for as long as `during`.
    `{{ $labels... }}` of `summary` are labels of what it gives."""

    name: str
    metric: str
    expression: str
    during: str
    summary: str
    component: str = ""  # of Argo CD, where that exports the metric
    severity: str = "warning"


def operated(snapshot: Snapshot, place: Place) -> Member:
    """The operator's Prometheus in the cluster of an installation. Raises `NotPossible`."""
    for member in in_cluster(snapshot, place, _is_prometheus):
        return member
    blind = unseen(snapshot, place, "prometheus")
    raise NotPossible(f"no Prometheus of the Prometheus Operator is rendered for Argo CD's cluster{blind}")


def _is_prometheus(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) == (GROUP, "Prometheus")


def labels_for(prometheus: Member, kind: str, namespace: str) -> Mapping[str, str]:
    """The labels with which the Prometheus selects such a resource of a namespace. Raises `NotPossible`."""
    field, where = _SELECTORS[kind]
    spec = mapping(prometheus.manifest.get("spec"))
    selector, namespaces = spec.get(field), spec.get(where)
    if not isinstance(selector, dict):
        raise NotPossible(f"{prometheus.id} selects nothing, since `{field}` is not set")
    if selector.get("matchExpressions"):
        raise NotPossible(f"`{field}` of {prometheus.id} has expressions, which argofix does not solve")
    if namespaces is None and prometheus.id.namespace != namespace:
        raise NotPossible(f"{prometheus.id} looks only into its own namespace, since `{where}` is not set")
    names = mapping(mapping(namespaces).get("matchLabels"))
    alone = dict(names) == {"kubernetes.io/metadata.name": namespace}
    if (names and not alone) or mapping(namespaces).get("matchExpressions"):
        raise NotPossible(f"`{where}` of {prometheus.id} asks for labels of the namespace")
    labels: Mapping[str, Any] = mapping(selector.get("matchLabels"))
    return {str(key): text_of(value) for key, value in labels.items()}


def metadata(name: str, namespace: str, labels: Mapping[str, str]) -> Mapping[str, Any]:
    return {"name": name, "namespace": namespace} | ({"labels": dict(labels)} if labels else {})


def rules_of(alerts: Sequence[Alert]) -> list[dict[str, Any]]:
    return [
        {
            "alert": one.name,
            "expr": one.expression,
            "for": one.during,
            "labels": {"severity": one.severity},
            "annotations": {"summary": one.summary},
        }
        for one in alerts
    ]


def rule_groups(name: str, alerts: Sequence[Alert]) -> Mapping[str, Any]:
    """A file of rules as Prometheus reads it, and the `spec` of a PrometheusRule."""
    return {"groups": [{"name": name, "rules": rules_of(alerts)}]}


def prometheus_rule(
    name: str, namespace: str, labels: Mapping[str, str], group: str, alerts: Sequence[Alert]
) -> Mapping[str, Any]:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "PrometheusRule",
        "metadata": metadata(name, namespace, labels),
        "spec": rule_groups(group, alerts),
    }


def monitored(
    snapshot: Snapshot, place: Place, namespace: str, pods: Mapping[str, Any], services: Sequence[Member]
) -> bool:
    """Whether a monitor that is rendered selects pods of these labels, or a Service that leads to them. One with
    expressions may."""
    for monitor in in_cluster(snapshot, place, _is_monitor):
        selector = mapping(mapping(monitor.manifest.get("spec")).get("selector"))
        if not _looks_into(monitor, namespace):
            continue
        labels = [pods] if monitor.id.kind == "PodMonitor" else [labels_of(one) for one in services]
        if selector.get("matchExpressions") or any(fits(mapping(selector.get("matchLabels")), one) for one in labels):
            return True
    return False


def labels_of(member: Member) -> Mapping[str, Any]:
    """Its own labels."""
    return mapping(mapping(member.manifest.get("metadata")).get("labels"))


def _is_monitor(resource: Resource) -> bool:
    return resource.id.group == GROUP and resource.id.kind in ("ServiceMonitor", "PodMonitor")


def _looks_into(monitor: Member, namespace: str) -> bool:
    named = mapping(mapping(monitor.manifest.get("spec")).get("namespaceSelector"))
    if named.get("any") is True or namespace in sequence(named.get("matchNames")):
        return True
    return not named.get("matchNames") and monitor.id.namespace == namespace
