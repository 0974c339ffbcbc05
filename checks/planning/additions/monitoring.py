"""What the Prometheus that is in git scrapes of Argo CD, and alerts about it: a ServiceMonitor for each of its
metrics Services, and rules over metrics that its version has.

Sources: prometheus-operator's API (ServiceMonitor, PrometheusRule, the selectors of Prometheus); the metrics of each
release of Argo CD (`gitops.installation.releases`), docs/operator-manual/metrics.md for their labels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from packaging.version import Version

from checks.planning.additions.charted import Charted
from checks.planning.additions.monitoring_values import ONLY_WHERE, SERVES, for_the_operator, policies, switched
from checks.planning.additions.place import Place, at_first, project_notes
from checks.planning.additions.plain import Plain, plain_in, told
from checks.planning.additions.plan import AdditionPlan, Named, NotPossible
from checks.planning.additions.prometheus import (
    GROUP,
    Alert,
    labels_for,
    metadata,
    monitored,
    operated,
    prometheus_rule,
)
from checks.policy.file import Policy
from checks.wording import listed, plural
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import mapping
from gitops.files.block_style import as_yaml
from gitops.installation.alerts import rule_sets_of
from gitops.installation.model import Member, Process
from gitops.installation.ports import Speaks, listening
from gitops.installation.promql import metrics_in
from gitops.installation.releases import releases
from gitops.installation.routes.find import labels_of, selects
from gitops.installation.routes.model import mappings
from gitops.resources.manifests import text_of

ITEM: Final = "monitoring"
HELP: Final = "ServiceMonitors and alerts about Argo CD for the Prometheus in git"
_FILE: Final = "argocd-monitoring.yaml"
_RULES: Final = "argocd-alerts"
# Source: argo-cd util/kustomize/kustomize.go (`--helm-api-versions`).
_TELLS_KUSTOMIZE: Final = Version("2.13.0")


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
    """A Service through which the metrics of `component` are read, at its port `port` of that `number`; `pods` are
    the labels of what is behind it. Where it is not there yet, `service` is the workload."""

    component: str
    service: Member
    port: str
    number: int
    pods: Mapping[str, Any]
    called: str = ""  # the Service, where it comes with this

    @property
    def name(self) -> str:
        return self.called or self.service.id.name


def plan(snapshot: Snapshot, policy: Policy) -> AdditionPlan:
    """One new file beside the kustomization. Raises `NotPossible` and `GitopsError`."""
    return at_first(snapshot, lambda place: _plan(snapshot, place))


def _plan(snapshot: Snapshot, place: Place) -> AdditionPlan:
    plain: Plain | None = None
    try:
        prometheus = operated(snapshot, place)
    except NotPossible as error:
        plain = plain_in(snapshot, place, error)
    version = place.installation.version
    if version is None or not releases().knows(version):
        raise NotPossible("which version of Argo CD runs is not known, and so neither which metrics it has")
    targets = list(_targets(place))
    chart = place.chart
    if chart is not None:
        return _charted(snapshot, place, chart, prometheus if plain is None else plain, targets, version)
    if not targets:
        raise NotPossible("no Service of Argo CD in git leads to a metrics port of its programs")
    alerts = _alerts(snapshot, version, {target.component for target in targets})
    reads = _reads(version)
    if plain is not None:
        return _plainly(snapshot, plain, targets, alerts, reads)
    namespace = place.installation.namespace
    monitors = [one for one in targets if not monitored(snapshot, place, namespace, one.pods, [one.service])]
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
    return AdditionPlan(
        ITEM,
        place.path,
        _title(len(monitors), "ServiceMonitor", len(alerts)),
        f"{prometheus.id} in git selects what has these labels.{f' {reads}' if alerts else ''}",
        place.adding(snapshot.tree, _FILE, *documents),
        comes=comes,
        notes=project_notes(snapshot, place),
    )


def _alerts(snapshot: Snapshot, version: Version, scraped: Collection[str]) -> list[Alert]:
    metrics = releases().metrics(version)
    found = [one for one in ALERTS if one.component in scraped and one.metric in metrics]
    return [] if _alerted(snapshot) else found


def _reads(version: Version) -> str:
    return f"The alerts read metrics that Argo CD v{version} has, from Services that lead to them."


def _title(monitors: int, what: str, alerts: int) -> str:
    article = f"a {what}" if monitors == 1 and what == "ServiceMonitor" else plural(what, monitors)
    told = [*([article] if monitors else []), *([plural("alert", alerts)] if alerts else [])]
    return f"Add {listed(told)} for Argo CD"


def _charted(
    snapshot: Snapshot,
    place: Place,
    chart: Charted,
    prometheus: Member | Plain,
    targets: Sequence[_Target],
    version: Version,
) -> AdditionPlan:
    """What the values of the chart switch on. Raises `NotPossible` and `GitopsError`."""
    programs = list(switched(place))
    alerts = _alerts(snapshot, version, {one.component for one in programs})
    if isinstance(prometheus, Plain):
        quiet = [one for one in programs if not one.there]
        more = [_Target(one.component, one.workload, "", one.port, {}, one.service) for one in quiet]
        plan = _plainly(snapshot, prometheus, [*targets, *more], alerts, _reads(version))
        if not quiet:
            return plan
        edits = chart.edits(
            snapshot.tree, [each for one in quiet for each in chart.lacks(snapshot.tree, one.metrics())]
        )
        comes = frozenset[Named]().union(*(one.comes for one in quiet))
        notes = (*plan.notes, *policies(snapshot, chart, quiet))
        may = frozenset(one.policy for one in quiet)
        plan = replace(plan, edits=(*edits, *plan.edits), also=(plan.path,), may=may, notes=notes)
        return place.by_values(snapshot, edits, comes=comes).of(plan)
    _tells_apis(place, chart, version)
    found = for_the_operator(snapshot, place, chart, prometheus, alerts, programs)
    if not found.operations:
        raise NotPossible(
            f"the values of {chart} switch ServiceMonitors and alerts about Argo CD on already"
            if programs
            else f"{chart} renders no program of Argo CD whose metrics it has"
        )
    edits = chart.edits(snapshot.tree, found.operations)
    plan = AdditionPlan(
        ITEM,
        place.path,
        _title(found.monitors, "ServiceMonitor", found.alerts),
        f"{prometheus.id} in git selects what has these labels.{f' {_reads(version)}' if found.alerts else ''}",
        edits,
        serves=SERVES,
        may=found.may,
        notes=(ONLY_WHERE, *policies(snapshot, chart, programs), *project_notes(snapshot, place)),
    )
    return place.by_values(snapshot, edits, comes=found.comes, exact=found.exact).of(plan)


def _tells_apis(place: Place, chart: Charted, version: Version) -> None:
    """Raises `NotPossible` where Argo CD does not tell the chart what its cluster has, and it makes no monitors."""
    owned = chart.owned
    if owned.application.sources[owned.part.index].plugin is not None:
        raise NotPossible(
            f"a config management plugin renders Application `{owned.application.label}`, and git does not say that "
            "it tells the chart that the cluster has monitors"
        )
    if place.file and version < _TELLS_KUSTOMIZE:
        raise NotPossible(
            f"the chart makes monitors only where it is told that the cluster has them, and Argo CD v{version} does "
            f"not tell kustomize (v{_TELLS_KUSTOMIZE} does)"
        )


def _plainly(
    snapshot: Snapshot, plain: Plain, targets: Sequence[_Target], alerts: Sequence[Alert], reads: str
) -> AdditionPlan:
    """Jobs and a file of rules for a Prometheus without the operator."""
    jobs = [
        {
            "job_name": one.name,
            "static_configs": [{"targets": [f"{one.name}.{one.service.id.namespace}.svc:{one.number}"]}],
        }
        for one in targets
        if not any(one.name in as_yaml(job) for job in plain.jobs)
    ]
    notes = [plain.note]
    if alerts and not plain.directory:
        alerts = []
        notes.append("There are no alerts with it, since its pod could read no file of rules from that ConfigMap")
    if not jobs and not alerts:
        raise NotPossible("jobs and alerts about Argo CD are there already")
    edits, changes = told(snapshot, plain, jobs, _RULES, alerts)
    return AdditionPlan(
        ITEM,
        plain.path,
        _title(len(jobs), "scrape job", len(alerts)),
        f"{plain.config_map.id} is the configuration of the Prometheus in git, which runs without the operator."
        f"{f' {reads}' if alerts else ''}",
        edits,
        changes=changes,
        hashed=plain.hashed,
        notes=tuple(notes),
    )


def _alerted(snapshot: Snapshot) -> bool:
    """Whether rules that are rendered read metrics of Argo CD."""
    return any(
        name.startswith("argocd_")
        for rules in snapshot.once(rule_sets_of)
        if rules.deployed
        for rule in rules.rules
        for name in metrics_in(rule.expression)
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
            if port is not None and service.id.name not in seen and _only(service, services, port[0]):
                seen.add(service.id.name)
                yield _Target(process.component, service, *port, labels_of(process.member))


def _metrics_port(service: Member, process: Process, metrics: set[int]) -> tuple[str, int] | None:
    """Name and number of the Service's port that leads to the metrics of the process; None where none with a name
    does."""
    if not selects(service, process):
        return None
    named = {text_of(one.get("name")): one.get("containerPort") for one in mappings(process.manifest.get("ports"))}
    for port in mappings(mapping(service.manifest.get("spec")).get("ports")):
        leads = port.get("targetPort", port.get("port"))
        if named.get(leads, leads) in metrics if isinstance(leads, str) else leads in metrics:
            number, name = port.get("port"), text_of(port.get("name"))
            return (name, number) if name and isinstance(number, int) else None
    return None


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
