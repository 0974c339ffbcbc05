"""How many Pods there are, and who decides that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.applications.ignored import Covered
from gitops.applications.options import RESPECTS_IGNORED
from gitops.discovery.snapshot import Snapshot
from gitops.facts.ignored import coverage
from gitops.facts.owners import owners_having
from gitops.facts.secrets.pods import at, read_manifest
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

_SCALED = frozenset(
    {("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet"), ("argoproj.io", "Rollout")}
)
_SCALERS = {("autoscaling", "HorizontalPodAutoscaler"), ("keda.sh", "ScaledObject")}
_REPLICAS = ("spec", "replicas")

Target = tuple[str, str, str, str]  # cluster, namespace, kind, name


def _to_zero(subject: Subject) -> Iterator[str]:
    if subject.kind not in _SCALED or subject.change.before is None:
        return
    before, after = at(subject.before, _REPLICAS), at(subject.after, _REPLICAS)
    if after == 0 and before != 0:
        yield f"`spec.replicas` goes from {1 if before is None else before} to 0"


def _fought_over(subject: Subject) -> Iterator[str]:
    after = at(subject.after, _REPLICAS)
    if subject.kind not in _SCALED or after is None:
        return
    policy = subject.application.application.sync_policy
    key = (subject.change.id.cluster, subject.id.namespace, subject.id.kind, subject.id.name)
    scaler = subject.head.once(scalers).get(key)
    if scaler is None or not policy.automated:
        return
    is_new = subject.base.once(scalers).get(key) is None or at(subject.before, _REPLICAS) != after
    if not is_new or subject.change.after is None:
        return
    again = "whenever that one scales, since `selfHeal` is on" if policy.self_heal else "with every sync"
    if coverage(subject.head, subject.change.after, "/spec/replicas") is not Covered.NO:
        # What is left out of comparisons is applied all the same, unless the sync takes the live value
        # (argo-cd v3.5.1, controller/sync.go, `normalizeTargetResources`).
        if RESPECTS_IGNORED in policy.options:
            return
        again = (
            f"with every sync: without `{RESPECTS_IGNORED}` what `ignoreDifferences` names is applied all the same"
        )
    yield f"{scaler} scales it too, and Argo CD sets {after} again {again}"


def scalers(snapshot: Snapshot) -> dict[Target, str]:
    """What autoscalers scale, and their names."""
    found: dict[Target, str] = {}
    for owned_id, copies in owners_having(snapshot, _scales):
        rid = owned_id.id
        manifest = read_manifest(copies[-1].resource.text)
        kind, name = (_target(manifest, field) for field in ("kind", "name"))
        kind = kind or "Deployment"  # KEDA's default
        found[owned_id.cluster, rid.namespace, kind, name] = f"{rid.kind} `{rid.name}`"
    return found


def _scales(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) in _SCALERS


def _target(manifest: dict[str, Any], field: str) -> str:
    return text_of(at(manifest, ("spec", "scaleTargetRef", field)))


ROWS = (
    Danger(
        "scaled-to-zero",
        "A workload is scaled to zero.",
        "all of its Pods go, and nothing serves in their place",
        "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#replicas",
        _to_zero,
    ),
    Danger(
        "replicas-fought-over",
        "A manifest says how many replicas there are, and an autoscaler changes that.",
        "Pods come and go as the two take turns; a manifest without `replicas` leaves that to the autoscaler",
        "https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/#leaving-room-for-imperativeness",
        _fought_over,
    ),
)
