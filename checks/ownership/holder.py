"""Which Application a live object is tracked by.

Source: argo-cd 3.x, util/argo/resource_tracking.go. The annotation `argocd.argoproj.io/tracking-id` reads
`app:group/Kind:namespace/name`, with `namespace_app` for an Application outside of Argo CD's own namespace; where it
names another object than the one that carries it, somebody copied it along and it counts for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from checks.ownership.conflicts import partitions_of
from checks.policy.file import Policy
from gitops.applications.application import IN_CLUSTER, Application
from gitops.applications.live import Live
from gitops.discovery.snapshot import Owned, OwnedId, Snapshot
from gitops.facts.deletions.data import is_tracked
from gitops.resources.resource import ResourceId


class Held(Enum):
    """What a cluster says about one object and one Application."""

    YES = "yes"
    NO = "no"  # another Application holds it, or nobody does
    ABSENT = "absent"  # there is no such object
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TrackingId:
    """`namespace` is '' for an Application in Argo CD's own namespace."""

    namespace: str
    name: str

    def names(self, application: Application) -> bool:
        return self.name == application.name and self.namespace in ("", application.namespace)


def parse_tracking_id(value: str, rid: ResourceId) -> TrackingId | None:
    """The Application that a tracking id on `rid` names; None when it is no tracking id of this object."""
    instance, colon, rest = value.partition(":")
    kind, other, place = rest.partition(":")
    if not (instance and colon and other):
        return None
    group, _, kind_name = kind.rpartition("/")
    namespace, _, name = place.partition("/")
    # Cluster-scoped objects carry their Application's destination namespace.
    if (group, kind_name, name) != (rid.group, rid.kind, rid.name) or (rid.namespace and namespace != rid.namespace):
        return None
    where, underscore, application = instance.partition("_")
    return TrackingId(where, application) if underscore else TrackingId("", instance)


class Holders:
    """Answers for one snapshot. Without live state nobody is known to hold anything."""

    def __init__(self, snapshot: Snapshot, policy: Policy, live: Live | None) -> None:
        self._live = live
        self._partitions = snapshot.once(partitions_of, policy, live, None) if live is not None else None

    def held_by(self, owned_id: OwnedId, application: Application) -> Held:
        """Whether the live object is tracked by `application`."""
        cluster = self._live.clusters.get(owned_id.cluster) if self._live is not None else None
        # Another Argo CD uses the same names in its trackings.
        if cluster is None or self._partitions is None or not self._partitions.answered(application):
            return Held.UNKNOWN
        rid = owned_id.id
        if rid in cluster.absent:
            return Held.ABSENT
        if not is_tracked(rid.group, rid.kind):
            return Held.NO
        if rid not in cluster.tracking:
            return Held.NO if self._unlisted(rid, application) else Held.UNKNOWN
        found = parse_tracking_id(cluster.tracking[rid], rid)
        if found is not None and found.names(application):
            return Held.YES
        # An Argo CD that tracks by labels goes by the label alone, and before 3.4.6 and 3.5.0 the two were mixed
        # (argo-cd issue 17965): a label that names it leaves doubt.
        instances = (application.name, f"{application.namespace}_{application.name}")
        return Held.UNKNOWN if cluster.labels.get(rid, "") in instances else Held.NO

    def _unlisted(self, rid: ResourceId, application: Application) -> bool:
        """Whether the status of the live Application lists resources, and not this one: what Argo CD prunes is taken
        from the same comparison (controller/state.go)."""
        own = self._live.clusters.get(IN_CLUSTER) if self._live is not None else None
        status = own.applications.get((application.namespace, application.name)) if own is not None else None
        return status is not None and bool(status.resources) and rid not in status.resources

    def holder(self, owned_id: OwnedId, copies: Sequence[Owned]) -> Owned | None:
        """The copy whose Application holds the live object, when the cluster tells without doubt."""
        answers = [self.held_by(owned_id, copy.application) for copy in copies]
        if answers.count(Held.YES) != 1 or Held.UNKNOWN in answers:
            return None
        return copies[answers.index(Held.YES)]
