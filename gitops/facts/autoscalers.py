"""Autoscalers, and what they scale.

Sources: k8s.io/api (autoscaling/v2), keda (apis/keda/v1alpha1/scaledobject_types.go); Kubernetes,
docs/tasks/run-application/horizontal-pod-autoscale (implicit maintenance-mode deactivation) for a target without
replicas; keda, pkg/scaling/executor/scale_scaledobjects.go, for who starts the first one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gitops.discovery.snapshot import Owned, OwnedId, Snapshot
from gitops.facts.owners import owners_having
from gitops.facts.secrets.pods import at, mapping, read_manifest
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource, ResourceId

SCALED: Final = frozenset(
    {("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "ReplicaSet"), ("argoproj.io", "Rollout")}
)
# Of each kind: the fields with the least and the most replicas, what these are when not said, and the kind that is
# scaled when not said.
_KINDS: Final[Mapping[tuple[str, str], tuple[str, str, int, int, str]]] = {
    ("autoscaling", "HorizontalPodAutoscaler"): ("minReplicas", "maxReplicas", 1, 0, ""),
    ("keda.sh", "ScaledObject"): ("minReplicaCount", "maxReplicaCount", 0, 100, "Deployment"),
}
_PAUSED: Final = ("autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas")


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """`name` has its kind (``HorizontalPodAutoscaler `web` ``). `starts` tells whether it also scales what has no
    replicas at all; one that does not leaves a workload alone once git says 0."""

    owned: Owned
    name: str
    starts: bool

    def chooses(self, replicas: int) -> bool:
        """Whether it changes the number of a workload for which git says `replicas`."""
        return replicas != 0 or self.starts


def autoscalers(snapshot: Snapshot) -> Mapping[OwnedId, Autoscaler]:
    """What is scaled, with what scales it; those that are paused or have only one number to choose are none."""
    found: dict[OwnedId, Autoscaler] = {}
    for owned_id, copies in owners_having(snapshot, _scales):
        rid = owned_id.id
        manifest = read_manifest(copies[-1].resource.text)
        least, most, at_least, at_most, kind = _KINDS[rid.group, rid.kind]
        spec, target = mapping(manifest.get("spec")), mapping(at(manifest, ("spec", "scaleTargetRef")))
        if spec.get(least, at_least) == spec.get(most, at_most) or _is_paused(manifest):
            continue
        group, _, _ = (text_of(target.get("apiVersion")) or "apps/v1").rpartition("/")
        wanted = ResourceId(group, text_of(target.get("kind")) or kind, rid.namespace, text_of(target.get("name")))
        if (wanted.group, wanted.kind) in SCALED:
            starts = rid.group == "keda.sh" or spec.get(least) == 0
            found[OwnedId(owned_id.cluster, wanted)] = Autoscaler(copies[-1], f"{rid.kind} `{rid.name}`", starts)
    return found


def _scales(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) in _KINDS


def _is_paused(manifest: Mapping[str, Any]) -> bool:
    annotations = mapping(at(manifest, ("metadata", "annotations")))
    return any(text_of(annotations.get(key)) not in ("", "false") for key in _PAUSED)
