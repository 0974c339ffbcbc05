"""Probes of Argo CD's page and API from outside, by the blackbox exporter that is in git: through the host by which
people reach argocd-server.

Sources: argo-cd server/server.go (`/healthz`, `rootpath`) and server/version/version.go (anonymous);
blackbox_exporter CONFIGURATION.md and blackbox.yml (the image's own modules); prometheus-operator's Probe;
prometheus.io, relabelling.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from checks.planning.additions.cluster import probed_in, running, services_of, unseen
from checks.planning.additions.place import Place, at_first, project_notes
from checks.planning.additions.plain import plain_in, told
from checks.planning.additions.plan import AdditionPlan, NotPossible
from checks.planning.additions.prometheus import GROUP, Alert, labels_for, metadata, operated, prometheus_rule
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import mapping, sequence
from gitops.installation.blackbox import EXPORTER, modules_of, names_exporter
from gitops.installation.model import Member
from gitops.installation.routes.find import routes_to_server
from gitops.installation.routes.model import Protocol, Tls, mappings
from gitops.installation.settings import setting
from gitops.resources.manifests import text_of

ITEM: Final = "probes"
HELP: Final = "probes of Argo CD's page and API by the blackbox exporter in git"
_FILE: Final = "argocd-probes.yaml"
_JOB: Final = "argocd-probes"
_PATHS: Final = ("/", "/api/version", "/healthz")
_PORT: Final = 9115
ALERT: Final = Alert(
    "ArgoCDUnreachable",
    "probe_success",
    f'probe_success{{job="{_JOB}"}} == 0',
    "5m",
    "{{ $labels.instance }} does not answer as it should",
)


@dataclass(frozen=True, slots=True)
class _Exporter:
    """The exporter's `address` in the cluster, and the `module` of it that asks by HTTP and wants 200."""

    address: str
    module: str


def plan(snapshot: Snapshot, policy: Policy) -> AdditionPlan:
    """A Probe with an alert for the operator's Prometheus, else a job in the configuration of the one that is there.
    Raises `NotPossible` and `GitopsError`."""
    return at_first(snapshot, lambda place: _plan(snapshot, place))


def _plan(snapshot: Snapshot, place: Place) -> AdditionPlan:
    targets, notes = _targets(snapshot, place)
    exporter = _exporter(snapshot, place)
    try:
        prometheus = operated(snapshot, place)
    except NotPossible as error:
        return _scraped(snapshot, place, targets, exporter, notes, error)
    namespace = place.installation.namespace
    probe = {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Probe",
        "metadata": metadata(_JOB, namespace, labels_for(prometheus, "Probe", namespace)),
        "spec": {
            "jobName": _JOB,
            "interval": "60s",
            "module": exporter.module,
            "prober": {"url": exporter.address},
            "targets": {"staticConfig": {"static": list(targets)}},
        },
    }
    labels = labels_for(prometheus, "PrometheusRule", namespace)
    rules = prometheus_rule(_JOB, namespace, labels, _JOB, [ALERT])
    edits = place.adding(snapshot.tree, _FILE, probe, rules)
    plan = AdditionPlan(
        ITEM,
        place.path,
        _title(targets),
        f"The blackbox exporter at `{exporter.address}` asks by its module `{exporter.module}` for "
        f"{listed([f'`{one}`' for one in targets], 6)}; none of them needs a login. {prometheus.id} selects what has "
        "these labels.",
        edits,
        notes=(*project_notes(snapshot, place), *notes),
    )
    return place.added(snapshot, edits, (probe, rules)).of(plan)


def _title(targets: Sequence[str]) -> str:
    hosts = list(dict.fromkeys(text_of(urlsplit(one).hostname) for one in targets))
    return f"Probe Argo CD's page and API at {listed(hosts, 3)}"


def _targets(snapshot: Snapshot, place: Place) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What to ask for, and what is to be said of it. Raises `NotPossible`."""
    installation = place.installation
    found: dict[str, None] = {}
    notes: dict[str, None] = {}
    for route, process in routes_to_server(snapshot, installation):
        whole = not route.paths or any(path.rstrip("*") in ("", "/") for path in route.paths)
        root = setting(installation, process, "rootpath")
        prefix = (root.value or "").strip("/")
        under = any(path.strip("/*") == prefix for path in route.paths) if prefix else False
        if not (whole or under) or not root.known or route.protocol in (Protocol.GRPC, Protocol.GRPCS):
            continue
        for host in route.hosts:
            if "*" in host or host.split(".")[-1] in ("", "local", "localhost", "internal", "svc"):
                continue
            base = f"{'http' if route.tls is Tls.NOWHERE else 'https'}://{host}{f'/{prefix}' if prefix else ''}"
            found |= dict.fromkeys(f"{base}{path}" for path in _PATHS)
            notes |= dict.fromkeys(f"{host}: {doubt}" for doubt in route.doubts)
            insecure = setting(installation, process, "insecure").on
            if route.tls is Tls.EDGE and route.protocol is Protocol.HTTP and insecure is False:
                notes[
                    f"{host} loops at present (`argocd-redirect-loop`), so its probes fail until that is mended"
                ] = None
    if not found:
        raise NotPossible("no route to argocd-server with a public host is rendered")
    hosts = {urlsplit(one).hostname for one in found}
    probed = {
        urlsplit(one.target if "://" in one.target else f"//{one.target}").hostname
        for one in probed_in(snapshot, place)
    }
    if hosts <= probed:
        raise NotPossible(f"{listed(sorted(text_of(one) for one in hosts), 3)} is probed already")
    fresh = tuple(one for one in found if urlsplit(one).hostname not in probed)
    return fresh, tuple(notes)


def _exporter(snapshot: Snapshot, place: Place) -> _Exporter:
    """Raises `NotPossible`."""
    for workload, container in running(snapshot, place, names_exporter, EXPORTER):
        return _Exporter(_address(snapshot, place, workload), _module(snapshot, place, workload, container))
    blind = unseen(snapshot, place, "blackbox")
    raise NotPossible(f"no blackbox exporter is rendered for Argo CD's cluster{blind}")


def _address(snapshot: Snapshot, place: Place, workload: Member) -> str:
    for service in services_of(snapshot, place, workload):
        ports = mappings(mapping(service.manifest.get("spec")).get("ports"))
        meant = [one for one in ports if _PORT in (one.get("port"), one.get("targetPort"))] or ports
        if len(meant) == 1 and isinstance(meant[0].get("port"), int):
            return f"{service.id.name}.{service.id.namespace}.svc:{meant[0]['port']}"
    raise NotPossible(f"no Service of {workload.id} is rendered by which Prometheus could ask it")


def _module(snapshot: Snapshot, place: Place, workload: Member, container: Mapping[str, Any]) -> str:
    known: dict[str, Mapping[str, Any]] = {}
    for config_map, modules in modules_of(snapshot):
        owned = config_map.owned
        if owned is None or not place.holds(owned.application):
            continue
        if config_map.id.namespace == workload.id.namespace:
            known |= modules
    if not known:
        words = [*sequence(container.get("command")), *sequence(container.get("args"))]
        if any("config.file" in text_of(one) for one in words) or sequence(container.get("volumeMounts")):
            raise NotPossible(f"which modules {workload.id} has is not in git")
        return "http_2xx"  # of the configuration in the image
    fitting = [name for name, module in known.items() if _wants_200(module)]
    if not fitting:
        names = listed([f"`{one}`" for one in sorted(known)], 6)
        raise NotPossible(f"{workload.id} has no module that asks by HTTP and wants 200; it has {names}")
    return "http_2xx" if "http_2xx" in fitting else fitting[0]


def _wants_200(module: Mapping[str, Any]) -> bool:
    http = mapping(module.get("http"))
    codes = sequence(http.get("valid_status_codes"))
    return (
        text_of(module.get("prober")) == "http"
        and text_of(http.get("method")) in ("", "GET")
        and (not codes or 200 in codes)
        and not any(key.startswith("fail_if_") and key != "fail_if_not_ssl" and http[key] for key in http)
    )


def _scraped(
    snapshot: Snapshot,
    place: Place,
    targets: Sequence[str],
    exporter: _Exporter,
    notes: Sequence[str],
    why: NotPossible,
) -> AdditionPlan:
    """A job, and a file of rules where one can stand, for a Prometheus without the operator. Raises `NotPossible`."""
    plain = plain_in(snapshot, place, why)
    alerts = [ALERT] if plain.directory else []
    if not alerts:
        notes = (*notes, f"There is no alert with it: `{ALERT.expression}` for {ALERT.during} would be one")
    edits, changes = told(snapshot, plain, [_job(targets, exporter)], _JOB, alerts)
    return AdditionPlan(
        ITEM,
        plain.path,
        _title(targets),
        f"The blackbox exporter at `{exporter.address}` asks by its module `{exporter.module}` for "
        f"{listed([f'`{one}`' for one in targets], 6)}; none of them needs a login. {plain.config_map.id} is the "
        "configuration of the Prometheus in git, which runs without the operator.",
        edits,
        changes=changes,
        hashed=plain.hashed,
        notes=(*notes, plain.note),
    )


def _job(targets: Sequence[str], exporter: _Exporter) -> Mapping[str, Any]:
    return {
        "job_name": _JOB,
        "metrics_path": "/probe",
        "params": {"module": [exporter.module]},
        "static_configs": [{"targets": list(targets)}],
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": exporter.address},
        ],
    }
