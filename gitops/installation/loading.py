"""Which Prometheus reads a resource that is written for it, as far as git tells.

Sources: prometheus-operator's API (`ruleSelector`, `serviceMonitorSelector`, `podMonitorSelector` and the selectors
of namespaces: absent selects nothing, or the own namespace, empty everything); VictoriaMetrics operator, VMAlert
(`selectAllByDefault`); prometheus.io (`rule_files`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import mapping, sequence
from gitops.installation.alerts import RuleSet
from gitops.installation.find import member_of
from gitops.installation.model import Member, data_of
from gitops.installation.scraping import directories_of, plain_prometheus
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

GROUP: Final = "monitoring.coreos.com"
SELECTORS: Final = {
    "PrometheusRule": ("ruleSelector", "ruleNamespaceSelector"),
    "ServiceMonitor": ("serviceMonitorSelector", "serviceMonitorNamespaceSelector"),
    "PodMonitor": ("podMonitorSelector", "podMonitorNamespaceSelector"),
}


def operated(snapshot: Snapshot) -> tuple[Member, ...]:
    """The Prometheus of the operator that are rendered. For `snapshot.once`."""
    return tuple(member_of(snapshot, copy) for copy in snapshot.copies(having=_is_prometheus))


def beside(one: Member, other: Member) -> bool:
    """Whether both are rendered for one cluster below one root."""
    if one.owned is None or other.owned is None:
        return False
    mine, its = one.owned.application, other.owned.application
    return (mine.destination.cluster, mine.root) == (its.destination.cluster, its.root)


def selects(prometheus: Member, member: Member) -> bool | None:
    """Whether a Prometheus of the operator reads one of the kinds of `SELECTORS`; None where git does not tell."""
    spec = mapping(prometheus.manifest.get("spec"))
    field, namespaces = SELECTORS[member.id.kind]
    selector, where = spec.get(field), spec.get(namespaces)
    if selector is None:
        return False
    if not isinstance(selector, dict) or selector.get("matchExpressions"):
        return None
    labels = mapping(mapping(member.manifest.get("metadata")).get("labels"))
    wanted: dict[str, Any] = mapping(selector.get("matchLabels"))  # type: ignore[assignment]
    if any(text_of(labels.get(key)) != text_of(value) for key, value in wanted.items()):
        return False
    if member.id.namespace == prometheus.id.namespace and not where:
        return True
    return False if where is None else True if where == {} else None


def is_loaded(snapshot: Snapshot, rules: RuleSet) -> bool:
    """Whether it is certain that something in git reads these rules."""
    member = rules.member
    if member.id.kind == "ConfigMap":
        return any(_mounts(snapshot, member))
    if member.id.kind == "VMRule":
        readers = (member_of(snapshot, copy) for copy in snapshot.copies(having=_is_alerting))
        return any(beside(one, member) and _takes_all(one) for one in readers)
    if member.id.kind not in SELECTORS:
        return False
    return any(beside(one, member) and selects(one, member) for one in snapshot.once(operated))


def _is_prometheus(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) == (GROUP, "Prometheus")


def _is_alerting(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) == ("operator.victoriametrics.com", "VMAlert")


def _takes_all(alerting: Member) -> bool:
    spec = mapping(alerting.manifest.get("spec"))
    told = [spec.get("ruleSelector"), spec.get("ruleNamespaceSelector")]
    return all(one in (None, {}) for one in told) and (spec.get("selectAllByDefault") is True or {} in told)


def _mounts(snapshot: Snapshot, config_map: Member) -> Iterator[bool]:
    """For each Prometheus that runs by itself, whether it reads a file of the ConfigMap as rules."""
    for prometheus in snapshot.once(plain_prometheus):
        if not beside(prometheus.workload, config_map):
            continue
        directory = directories_of(prometheus).get(config_map.id.name)
        if directory is None or prometheus.workload.id.namespace != config_map.id.namespace:
            continue
        files = [posixpath.join(directory, str(key)) for key in data_of(config_map)]
        for _, value in prometheus.configurations:
            for path in map(text_of, sequence(value.get("rule_files"))):
                whole = posixpath.join("/etc/prometheus", path)  # beside its configuration
                yield any(fnmatchcase(file, whole) for file in files)
