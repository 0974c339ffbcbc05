"""Alerts before a certificate expires: on what cert-manager knows of its own, and on what the blackbox exporter is
shown by the hosts that it probes.

Sources: cert-manager internal/collectors/certificate_collector.go (the metrics, 0 for what was never issued);
blackbox_exporter prober/prober.go (`probe_ssl_earliest_cert_expiry`); prometheus-operator's API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from checks.planning.additions.cluster import in_cluster, probed_in, running, services_of, unseen
from checks.planning.additions.place import Place, at_first, project_notes
from checks.planning.additions.plain import Plain, plain_in, scrapes, told
from checks.planning.additions.plan import AdditionPlan, NotPossible
from checks.planning.additions.prometheus import (
    GROUP,
    Alert,
    labels_for,
    labels_of,
    metadata,
    monitored,
    operated,
    prometheus_rule,
)
from checks.policy.file import Policy
from checks.wording import listed, plural
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import mapping
from gitops.installation.model import Member
from gitops.installation.routes.find import labels_of as pods_of
from gitops.installation.routes.model import mappings
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

ITEM: Final = "certificate-expiry"
HELP: Final = "alerts before certificates expire, by cert-manager or the blackbox exporter in git"
_FILE: Final = "argocd-certificates.yaml"
_RULES: Final = "certificate-expiry"
_MONITOR: Final = "cert-manager"
_PORT: Final = "9402"
_IMAGE: Final = re.compile(r"(?:^|/)cert-manager-controller(?:[:@]|$)")
_WEEK: Final = 7 * 24 * 3600

# A certificate that lives for days is renewed days before its end as well: a week alone would always fire.
OF_CERT_MANAGER: Final = (
    Alert(
        "CertificateExpires",
        "certmanager_certificate_expiration_timestamp_seconds",
        "certmanager_certificate_expiration_timestamp_seconds > 0 "
        f"and certmanager_certificate_expiration_timestamp_seconds - time() < {_WEEK} "
        "and certmanager_certificate_renewal_timestamp_seconds < time()",
        "1h",
        "Certificate {{ $labels.name }} expires within a week and was not renewed when it was due",
    ),
    Alert(
        "CertificateNotReady",
        "certmanager_certificate_ready_status",
        'certmanager_certificate_ready_status{condition!="True"} == 1',
        "1h",
        "Certificate {{ $labels.name }} has not been ready for an hour",
    ),
)
OF_PROBES: Final = (
    Alert(
        "ServedCertificateExpires",
        "probe_ssl_earliest_cert_expiry",
        f"probe_ssl_earliest_cert_expiry - time() < {_WEEK}",
        "1h",
        "What {{ $labels.instance }} serves has a certificate that expires within a week",
    ),
)


def plan(snapshot: Snapshot, policy: Policy) -> AdditionPlan:
    """One new file with the rules, and with the monitor that they need. Raises `NotPossible` and `GitopsError`."""
    return at_first(snapshot, lambda place: _plan(snapshot, place))


@dataclass(slots=True)
class _Known:
    """What alerts can read: `sources` are clauses about who exports it, `reasons` why more cannot be read;
    `controller` is cert-manager's, where its metrics are among that."""

    alerts: list[Alert] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    controller: Member | None = None


def _plan(snapshot: Snapshot, place: Place) -> AdditionPlan:
    try:
        prometheus = operated(snapshot, place)
    except NotPossible as error:
        return _plainly(snapshot, place, plain_in(snapshot, place, error))
    namespace = place.installation.namespace
    limited = mapping(prometheus.manifest.get("spec")).get("enforcedNamespaceLabel")
    keeps = (
        f"`enforcedNamespaceLabel` of {prometheus.id} keeps rules from reading other namespaces" if limited else ""
    )
    known = _known(snapshot, place, keeps)
    documents: list[Mapping[str, Any]] = []
    if known.controller is not None:
        documents += _monitor(snapshot, place, prometheus, known.controller)
        known.sources[0] += ", which a ServiceMonitor now reads" if documents else ""
    labels = labels_for(prometheus, "PrometheusRule", namespace)
    documents.append(prometheus_rule(_RULES, namespace, labels, "certificates", known.alerts))
    edits = place.adding(snapshot.tree, _FILE, *documents)
    plan = AdditionPlan(
        ITEM,
        place.path,
        f"Alert before certificates expire ({plural('alert', len(known.alerts))})",
        f"{prometheus.id} in git selects what has these labels. The alerts read metrics of "
        f"{listed(known.sources, 3)}.",
        edits,
        notes=(*project_notes(snapshot, place), *_notes(known.alerts)),
    )
    return place.added(snapshot, edits, documents).of(plan)


def _plainly(snapshot: Snapshot, place: Place, plain: Plain) -> AdditionPlan:
    """A file of rules, and a job where one is needed, for a Prometheus without the operator."""
    known = _known(snapshot, place, "")
    jobs: list[Mapping[str, Any]] = []
    if known.controller is not None and not scrapes(plain, known.controller, _PORT):
        service, _ = _served(snapshot, place, known.controller)
        target = f"{service.id.name}.{service.id.namespace}.svc:{_PORT}"
        jobs = [{"job_name": _MONITOR, "static_configs": [{"targets": [target]}]}]
        known.sources[0] += f", which a job now reads at `{target}`"
    edits, changes = told(snapshot, plain, jobs, _RULES, known.alerts)
    return AdditionPlan(
        ITEM,
        plain.path,
        f"Alert before certificates expire ({plural('alert', len(known.alerts))})",
        f"{plain.config_map.id} is the configuration of the Prometheus in git, which runs without the operator. The "
        f"alerts read metrics of {listed(known.sources, 3)}.",
        edits,
        changes=changes,
        hashed=plain.hashed,
        notes=(*_notes(known.alerts), plain.note),
    )


def _known(snapshot: Snapshot, place: Place, limited: str) -> _Known:
    """Raises `NotPossible` where there is nothing to read; `limited` says why rules see nothing of cert-manager's
    namespace, '' where they do."""
    known = _Known()
    taken = _alerted(snapshot, place)
    controller = controller_of(snapshot, place)
    if controller is None:
        blind = unseen(snapshot, place, "cert-manager")
        known.reasons.append(f"cert-manager is not rendered for Argo CD's cluster{blind}")
    elif OF_CERT_MANAGER[0].metric in taken:
        known.reasons.append(f"alerts on `{OF_CERT_MANAGER[0].metric}` are there already")
    elif limited:
        known.reasons.append(limited)
    else:
        known.controller = controller
        known.alerts += [one for one in OF_CERT_MANAGER if one.metric not in taken]
        known.sources.append(f"cert-manager ({controller.id})")
    secure = {one.target for one in probed_in(snapshot, place) if one.target.startswith("https://")}
    if not secure:
        known.reasons.append("no https target of a blackbox exporter is rendered there")
    elif OF_PROBES[0].metric in taken:
        known.reasons.append(f"alerts on `{OF_PROBES[0].metric}` are there already")
    else:
        known.alerts += OF_PROBES
        known.sources.append(f"the blackbox exporter ({plural('https target', len(secure))})")
    if not known.alerts:
        raise NotPossible(
            f"{'; '.join(known.reasons)} (`/argofix add probes` brings probes where an exporter is in git)"
        )
    return known


def _notes(alerts: Sequence[Alert]) -> Iterator[str]:
    if OF_PROBES[0] in alerts:
        yield (
            "A host whose certificates live for less than two weeks is renewed within the last one, so give "
            f"{OF_PROBES[0].name} a lower threshold there"
        )


def _alerted(snapshot: Snapshot, place: Place) -> frozenset[str]:
    """The metrics of ours that rules read already."""
    wanted = {one.metric for one in (*OF_CERT_MANAGER, *OF_PROBES)}
    found: set[str] = set()
    for member in in_cluster(snapshot, place, _has_rules):
        text = member.owned.resource.text if member.owned is not None else b""
        found |= {metric for metric in wanted if metric.encode() in text}
    return frozenset(found)


def _has_rules(resource: Resource) -> bool:
    return b"expr:" in resource.text


def controller_of(snapshot: Snapshot, place: Place) -> Member | None:
    """The workload of cert-manager that has its metrics."""
    return next((member for member, _ in running(snapshot, place, _names_controller, _IMAGE)), None)


def _names_controller(resource: Resource) -> bool:
    return b"cert-manager-controller" in resource.text


def _monitor(snapshot: Snapshot, place: Place, prometheus: Member, controller: Member) -> list[Mapping[str, Any]]:
    """A ServiceMonitor for cert-manager, nothing where a monitor reads it already. Raises `NotPossible`."""
    services = services_of(snapshot, place, controller)
    if monitored(snapshot, place, controller.id.namespace, pods_of(controller), services):
        return []
    service, port = _served(snapshot, place, controller)
    labels = labels_for(prometheus, "ServiceMonitor", place.installation.namespace)
    return [_service_monitor(service, port, place.installation.namespace, labels)]


def _served(snapshot: Snapshot, place: Place, controller: Member) -> tuple[Member, str]:
    """The Service with the metrics port, and the port's name. Raises `NotPossible`."""
    for service in services_of(snapshot, place, controller):
        for port in mappings(mapping(service.manifest.get("spec")).get("ports")):
            if text_of(port.get("port")) == _PORT and text_of(port.get("name")):
                return service, text_of(port.get("name"))
    raise NotPossible(f"nothing scrapes {controller.id}, and no Service of it has its metrics port {_PORT}")


def _service_monitor(service: Member, port: str, namespace: str, labels: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(_MONITOR, namespace, labels),
        "spec": {
            "namespaceSelector": {"matchNames": [service.id.namespace]},
            "selector": {"matchLabels": dict(_steady(labels_of(service)))},
            "endpoints": [{"port": port}],
        },
    }


def _steady(labels: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what changes with each release."""
    return {key: value for key, value in labels.items() if key not in ("app.kubernetes.io/version", "helm.sh/chart")}
