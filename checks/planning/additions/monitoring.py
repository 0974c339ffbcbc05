"""What the Prometheus that is in git scrapes of Argo CD, and alerts about it: a ServiceMonitor for each of its
metrics Services, and rules over metrics that its version has.

Sources: prometheus-operator's API (ServiceMonitor, PrometheusRule, the selectors of Prometheus); the metrics of each
release of Argo CD (`gitops.installation.releases`), docs/operator-manual/metrics.md for their labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from checks.planning.additions.plan import AdditionPlan, Named, NotPossible, Place, at_first, project_notes
from checks.planning.additions.prometheus import GROUP, Alert, labels_for, metadata, operated, prometheus_rule
from checks.policy.file import Policy
from checks.wording import listed, plural
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import at, mapping
from gitops.installation.alerts import rule_sets_of
from gitops.installation.model import Member, Process
from gitops.installation.ports import Speaks, listening
from gitops.installation.releases import releases
from gitops.installation.routes.model import mappings
from gitops.resources.manifests import text_of

ITEM: Final = "monitoring"
HELP: Final = "ServiceMonitors and alerts about Argo CD for the Prometheus in git"
_FILE: Final = "argocd-monitoring.yaml"
_RULES: Final = "argocd-alerts"


_CONTROLLER: Final = "argocd-application-controller"
ALERTS: Final = (
    Alert(
        "ArgoCDApplicationUnhealthy",
        "argocd_app_info",
        'argocd_app_info{health_status=~"Degraded|Missing|Unknown"} == 1',
        "15m",
        "Application {{ $labels.name }} is {{ $labels.health_status }}",
        _CONTROLLER,
    ),
    Alert(
        "ArgoCDApplicationOutOfSync",
        "argocd_app_info",
        'argocd_app_info{sync_status!="Synced"} == 1',
        "1h",
        "Application {{ $labels.name }} has been {{ $labels.sync_status }} for an hour",
        _CONTROLLER,
    ),
    Alert(
        "ArgoCDSyncFailed",
        "argocd_app_sync_total",
        'increase(argocd_app_sync_total{phase=~"Error|Failed"}[10m]) > 0',
        "1m",
        "A sync of Application {{ $labels.name }} ended as {{ $labels.phase }}",
        _CONTROLLER,
    ),
)


@dataclass(frozen=True, slots=True)
class _Target:
    """A Service through which the metrics of `component` are read, at its port `port`."""

    component: str
    service: Member
    port: str


def plan(snapshot: Snapshot, policy: Policy) -> AdditionPlan:
    """One new file beside the kustomization. Raises `NotPossible` and `GitopsError`."""
    return at_first(snapshot, lambda place: _plan(snapshot, place))


def _plan(snapshot: Snapshot, place: Place) -> AdditionPlan:
    prometheus = operated(snapshot, place)
    version = place.installation.version
    if version is None or not releases().knows(version):
        raise NotPossible("which version of Argo CD runs is not known, and so neither which metrics it has")
    targets = list(_targets(place))
    if not targets:
        raise NotPossible("no Service of Argo CD in git leads to a metrics port of its programs")
    namespace = place.installation.namespace
    monitors = [] if _watched(snapshot, namespace) else targets
    scraped = {target.component for target in targets}
    metrics = releases().metrics(version)
    alerts = [one for one in ALERTS if one.component in scraped and one.metric in metrics]
    if any(one.deployed for one in snapshot.once(rule_sets_of)):
        alerts = []
    if not monitors and not alerts:
        raise NotPossible("ServiceMonitors and alerts about Argo CD are there already")
    documents: list[Mapping[str, Any]] = []
    if monitors:
        labels = labels_for(prometheus, "ServiceMonitor", namespace)
        documents += [_monitor(target, namespace, labels) for target in monitors]
    if alerts:
        labels = labels_for(prometheus, "PrometheusRule", namespace)
        documents.append(prometheus_rule(_RULES, namespace, labels, "argocd", alerts))
    comes: frozenset[Named] = frozenset((GROUP, one["kind"], one["metadata"]["name"]) for one in documents)
    what = ["a ServiceMonitor" if len(monitors) == 1 else f"{len(monitors)} ServiceMonitors"] if monitors else []
    what += [plural("alert", len(alerts))] if alerts else []
    return AdditionPlan(
        ITEM,
        place.path,
        f"Add {listed(what)} for Argo CD",
        f"{prometheus.id} in git selects what has these labels. The alerts read metrics that Argo CD v{version} has, "
        "from Services that lead to them.",
        place.adding(snapshot.tree, _FILE, *documents),
        comes=comes,
        notes=project_notes(snapshot, place),
    )


def _watched(snapshot: Snapshot, namespace: str) -> bool:
    """Whether a monitor about Argo CD is rendered already."""
    return any(
        copy.resource.id.group == GROUP
        and copy.resource.id.kind in ("ServiceMonitor", "PodMonitor")
        and (copy.resource.id.namespace == namespace or b"argocd" in copy.resource.text)
        for copy in snapshot.copies()
    )


def _targets(place: Place) -> Iterator[_Target]:
    installation = place.installation
    services = installation.of_kind("Service")
    seen: set[str] = set()
    for process in installation.processes:
        known = None if process.initial else listening(installation, process)
        for service in services if known else ():
            port = _metrics_port(
                service, process, {n for n, p in (known or {}).items() if p.speaks is Speaks.METRICS}
            )
            if port and service.id.name not in seen and _only(service, services, port):
                seen.add(service.id.name)
                yield _Target(process.component, service, port)


def _metrics_port(service: Member, process: Process, metrics: set[int]) -> str:
    """The name of the Service's port that leads to the metrics of the process, '' where none does."""
    spec = mapping(service.manifest.get("spec"))
    selector: Mapping[str, Any] = mapping(spec.get("selector"))
    pod = mapping(at(process.member.manifest, ("spec", "template", "metadata", "labels")))
    if not selector or any(pod.get(key) != value for key, value in selector.items()):
        return ""
    named = {text_of(one.get("name")): one.get("containerPort") for one in mappings(process.manifest.get("ports"))}
    for port in mappings(spec.get("ports")):
        leads = port.get("targetPort", port.get("port"))
        if named.get(leads, leads) in metrics if isinstance(leads, str) else leads in metrics:
            return text_of(port.get("name"))
    return ""


def _only(service: Member, services: Sequence[Member], port: str) -> bool:
    """Whether its labels select this Service alone, among those that have a port of that name."""
    wanted = _own_labels(service)
    return bool(wanted) and not any(
        other.id.name != service.id.name
        and all(_own_labels(other).get(key) == value for key, value in wanted.items())
        and any(
            text_of(one.get("name")) == port for one in mappings(mapping(other.manifest.get("spec")).get("ports"))
        )
        for other in services
    )


def _own_labels(member: Member) -> Mapping[str, Any]:
    labels: Mapping[str, Any] = mapping(mapping(member.manifest.get("metadata")).get("labels"))
    return {
        key: value
        for key, value in labels.items()
        if key.startswith("app.kubernetes.io/")
        and key not in ("app.kubernetes.io/version", "app.kubernetes.io/instance")
    }


def _monitor(target: _Target, namespace: str, labels: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(target.service.id.name, namespace, labels),
        "spec": {
            "selector": {"matchLabels": dict(_own_labels(target.service))},
            "endpoints": [{"port": target.port}],
        },
    }
