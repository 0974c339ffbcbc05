"""What Argo CD's chart itself brings for a Prometheus, switched on by its values: a Service and a ServiceMonitor
for the metrics of each program, and rules beside those of the controller.

Source: argo-helm charts/argo-cd/templates (metrics.yaml, servicemonitor.yaml and prometheusrule.yaml of each program:
they are called as its workload is; monitors are made only where the cluster has `monitoring.coreos.com/v1`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from checks.planning.additions.charted import KEYS, Charted
from checks.planning.additions.place import Place
from checks.planning.additions.plan import Named, named
from checks.planning.additions.prometheus import GROUP, Alert, labels_for, monitored, rules_of
from checks.wording import listed
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import sequence
from gitops.files.editing import Operation, append, put
from gitops.files.tree import Tree
from gitops.installation.model import Member, Process
from gitops.installation.ports import Speaks, listening
from gitops.installation.routes.find import labels_of
from gitops.resources.resource import Resource

SERVES: Final = (f"{GROUP}/v1",)
ONLY_WHERE: Final = (
    f"The chart makes monitors and rules only where the cluster has `{GROUP}/v1`, as the Prometheus in git needs; "
    "what comes was looked at as it is there"
)
_CONTROLLER: Final = "argocd-application-controller"


@dataclass(frozen=True, eq=False, slots=True)
class Switched:
    """A program of the chart whose metrics are to be read, at the `port` on which it has them: `service` is the
    Service that leads there, or will."""

    component: str
    key: str
    workload: Member
    service: str
    port: int
    there: bool  # whether that Service is rendered already

    def values(self, field: str, labels: Mapping[str, str]) -> Iterator[Operation]:
        """What switches `serviceMonitor` or `rules` on."""
        yield from self.metrics()
        yield put((self.key, "metrics", field, "enabled"), True)
        for name, value in labels.items():
            yield put((self.key, "metrics", field, "additionalLabels", name), value)

    def metrics(self) -> Iterator[Operation]:
        yield put((self.key, "metrics", "enabled"), True)

    @property
    def policy(self) -> Named:
        """The NetworkPolicy of the program, which some versions of the chart make only with its metrics."""
        return ("networking.k8s.io", "NetworkPolicy", self.workload.id.name)

    @property
    def comes(self) -> frozenset[Named]:
        return frozenset() if self.there else frozenset({("", "Service", self.service)})


def switched(place: Place) -> Iterator[Switched]:
    """The programs of the installation that the chart has metrics of, each once."""
    seen: set[str] = set()
    services = {one.id.name for one in place.installation.of_kind("Service")}
    for process in place.installation.processes:
        key = KEYS.get(process.component)
        port = None if process.initial else _port(place, process)
        if key is None or port is None or key in seen or not _charted(place, process):
            continue
        seen.add(key)
        name = process.member.id.name
        there = f"{name}-metrics" in services
        yield Switched(process.component, key, process.member, f"{name}-metrics", port, there)


def _charted(place: Place, process: Process) -> bool:
    return process.member.owned is not None and place.chart is not None and process.member.owner == place.chart.owner


def _port(place: Place, process: Process) -> int | None:
    known = listening(place.installation, process) or {}
    return next((number for number, port in known.items() if port.speaks is Speaks.METRICS), None)


@dataclass(frozen=True, slots=True)
class ByValues:
    """Operations on the values, what comes by them, and what stands in it."""

    operations: tuple[Operation, ...]
    comes: frozenset[Named]
    may: frozenset[Named]
    exact: tuple[tuple[Named, tuple[str | int, ...], Any], ...]
    monitors: int
    alerts: int


def for_the_operator(
    snapshot: Snapshot,
    place: Place,
    chart: Charted,
    prometheus: Member,
    alerts: Sequence[Alert],
    switches: Sequence[Switched],
) -> ByValues:
    """ServiceMonitors and rules that the operator's Prometheus selects, of what `switched` found. Raises
    `NotPossible`."""
    tree, namespace = snapshot.tree, place.installation.namespace
    operations: list[Operation] = []
    comes: set[Named] = set()
    exact: list[tuple[Named, tuple[str | int, ...], Any]] = []
    labels = labels_for(prometheus, "ServiceMonitor", namespace)
    programs: list[Switched] = []
    for one in switches:
        services = [each for each in place.installation.of_kind("Service") if each.id.name == one.service]
        if monitored(snapshot, place, namespace, labels_of(one.workload), services):
            continue
        wanted = chart.lacks(tree, one.values("serviceMonitor", labels))
        if wanted:
            programs.append(one)
            operations += wanted
            comes |= {*one.comes, (GROUP, "ServiceMonitor", one.workload.id.name)}
    controller = next((one for one in switches if one.component == _CONTROLLER), None)
    if controller is None or _has_rules(chart, tree):
        alerts = ()
    if alerts and controller is not None:
        labels = labels_for(prometheus, "PrometheusRule", namespace)
        operations += chart.lacks(tree, controller.values("rules", labels))
        route = (controller.key, "metrics", "rules", "spec")
        operations += [append(route, rule) for rule in rules_of(alerts)]
        made = (GROUP, "PrometheusRule", controller.workload.id.name)
        comes |= {*controller.comes, made}
        held = [*sequence(chart.says(tree, *route)), *rules_of(alerts)]
        exact.append((made, ("spec", "groups", 0, "rules"), held))
    may = frozenset(one.policy for one in programs)
    return ByValues(tuple(operations), frozenset(comes), may, tuple(exact), len(programs), len(alerts))


def policies(snapshot: Snapshot, chart: Charted, programs: Iterable[Switched]) -> tuple[str, ...]:
    """What is to be said of NetworkPolicies that may come along: in a chart that makes some, those that are not
    there."""
    made = {named(one.resource.id) for one in snapshot.copies(chart.owned.state, having=_is_policy)}
    fresh = [f"`{one.workload.id.name}`" for one in programs if one.policy not in made]
    if not made or not fresh:
        return ()
    return (
        f"This chart makes NetworkPolicies; one that comes for {listed(fresh, 4)} lets in the metrics port and what "
        "the chart itself exposes; a route of your own to another port has to be let in beside that",
    )


def _is_policy(resource: Resource) -> bool:
    return resource.id.kind == "NetworkPolicy"


def _has_rules(chart: Charted, tree: Tree) -> bool:
    return chart.says(tree, "controller", "metrics", "rules", "enabled") is True
