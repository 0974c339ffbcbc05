"""What pods ask of nodes, and which of them may not share one.

Sources: kubernetes.io, Resource Management for Pods (the request of a pod is the sum of its containers', or the
largest of an init container where that is more; sidecars among init containers count with the others) and Assigning
Pods to Nodes (required anti-affinity).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from gitops.applications.application import IN_CLUSTER
from gitops.discovery.snapshot import Snapshot
from gitops.facts.deletions.quantities import quantity
from gitops.facts.secrets.pods import POD_SPECS, at, mapping
from gitops.installation.find import member_of
from gitops.installation.model import Member
from gitops.installation.routes.model import mappings
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

_LASTING: Final = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "Rollout"})
_SCALING: Final = frozenset({"HorizontalPodAutoscaler", "ScaledObject"})
_HOST: Final = "kubernetes.io/hostname"
_NONE: Final = Decimal(0)


@dataclass(frozen=True, eq=False, slots=True)
class Asking:
    """A workload of Argo CD's own cluster: what one pod asks for, how many there are (None for one on each node), and
    whether two of them may not share a node."""

    member: Member
    cpu: Decimal
    memory: Decimal
    replicas: int | None
    apart: bool
    scaled: bool
    surges: bool


def asking(snapshot: Snapshot) -> tuple[Asking, ...]:
    """Every workload that runs in Argo CD's own cluster. For `snapshot.once`."""
    scaled: set[tuple[str, str, str, str]] = set()
    found: list[Member] = []
    for copy in snapshot.copies(having=_counts):
        rid = copy.resource.id
        if copy.application.destination.cluster != IN_CLUSTER:
            continue
        if rid.kind in _SCALING:
            member = member_of(snapshot, copy)
            target = mapping(mapping(member.manifest.get("spec")).get("scaleTargetRef"))
            kind = text_of(target.get("kind")) or "Deployment"
            scaled.add((copy.application.root, member.id.namespace, kind, text_of(target.get("name"))))
        else:
            found.append(member_of(snapshot, copy))
    return tuple(_asking(member, scaled) for member in found)


def _counts(resource: Resource) -> bool:
    rid = resource.id
    lasts = rid.kind in _LASTING and (rid.group, rid.kind) in POD_SPECS and not resource.hook
    return rid.kind in _SCALING or lasts


def _asking(member: Member, scaled: set[tuple[str, str, str, str]]) -> Asking:
    spec = mapping(member.manifest.get("spec"))
    pods = mapping(at(member.manifest, POD_SPECS[member.id.group, member.id.kind]))
    told = spec.get("replicas", 1)
    replicas = told if isinstance(told, int) and not isinstance(told, bool) else 1
    root = member.owned.application.root if member.owned is not None else ""
    rolling = mapping(mapping(spec.get("strategy")).get("rollingUpdate"))
    kind = text_of(mapping(spec.get("strategy")).get("type")) or "RollingUpdate"
    surge, away = rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%")
    return Asking(
        member,
        _of_pod(pods, "cpu"),
        _of_pod(pods, "memory"),
        None if member.id.kind == "DaemonSet" else replicas,
        _apart(member, pods),
        (root, member.id.namespace, member.id.kind, member.id.name) in scaled,
        # 25 % of fewer than four replicas: one more is made before one is taken away.
        member.id.kind == "Deployment" and kind == "RollingUpdate" and surge != 0 and _rounds_to_none(away, replicas),
    )


def _rounds_to_none(value: Any, replicas: int) -> bool:
    """Whether `maxUnavailable` comes to none (rounded down)."""
    if isinstance(value, int):
        return value == 0
    text = text_of(value).removesuffix("%")
    return text.isdigit() and int(text) * replicas < 100


def _of_pod(pods: Mapping[str, Any], what: str) -> Decimal:
    initial = mappings(pods.get("initContainers"))
    sidecars = [one for one in initial if one.get("restartPolicy") == "Always"]
    running = sum((_request(one, what) for one in (*mappings(pods.get("containers")), *sidecars)), _NONE)
    return max(running, *(_request(one, what) for one in initial), _NONE)


def _request(container: Mapping[str, Any], what: str) -> Decimal:
    resources = mapping(container.get("resources"))
    told = mapping(resources.get("requests")).get(what)
    # A limit without a request is the request.
    return quantity(told if told is not None else mapping(resources.get("limits")).get(what)) or _NONE


def _apart(member: Member, pods: Mapping[str, Any]) -> bool:
    labels = mapping(at(member.manifest, ("spec", "template", "metadata", "labels")))
    rules = mapping(mapping(pods.get("affinity")).get("podAntiAffinity"))
    return any(_forbids(one, labels) for one in _required(rules))


def _required(rules: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from mappings(rules.get("requiredDuringSchedulingIgnoredDuringExecution"))


def _forbids(term: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    selector = mapping(term.get("labelSelector"))
    wanted = mapping(selector.get("matchLabels"))
    if text_of(term.get("topologyKey")) != _HOST or selector.get("matchExpressions") or not wanted:
        return False
    return all(text_of(labels.get(key)) == text_of(value) for key, value in wanted.items())
