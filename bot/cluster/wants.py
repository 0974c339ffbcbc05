"""What an evaluation needs to know of each cluster, from what its commits say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.ownership.conflicts import find_conflicts
from checks.policy.file import Policy
from gitops.applications.application import IN_CLUSTER
from gitops.discovery.snapshot import OwnedId, Snapshot
from gitops.facts.owners import owners_of
from gitops.facts.secrets.survey import Needed, survey
from gitops.resources.resource import ResourceId

# What can stand in a path of the API. Manifests come from strangers: `..` must not lead to another object.
_SEGMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,252}")

ObjectKey = tuple[str, str, str]  # kind, namespace, name


@dataclass(slots=True)
class Wanted:
    """Questions to one cluster: `objects` are Secrets and ConfigMaps with the keys that are looked for, `tracked`
    objects that several Applications claim, `applications` (namespace, name) those whose status matters, out of all
    that stand in `application_namespaces`."""

    objects: dict[ObjectKey, set[str]] = field(default_factory=dict)
    tracked: set[ResourceId] = field(default_factory=set)
    applications: set[tuple[str, str]] = field(default_factory=set)
    application_namespaces: set[str] = field(default_factory=set)

    def merge(self, other: Wanted) -> None:
        for key, keys in other.objects.items():
            self.objects.setdefault(key, set()).update(keys)
        self.tracked |= other.tracked
        self.applications |= other.applications
        self.application_namespaces |= other.application_namespaces

    @property
    def namespaces(self) -> list[tuple[str, str]]:
        """(kind, namespace) to be listed."""
        return sorted({(kind, namespace) for kind, namespace, _ in self.objects})


def wants(snapshots: Sequence[Snapshot], policy: Policy) -> Mapping[str, Wanted]:
    """By `Destination.cluster` word; empty when no cluster has anything to say."""
    found: dict[str, Wanted] = {}
    for snapshot in snapshots:
        for needed in _open(snapshot):
            objects = found.setdefault(needed.id.cluster, Wanted()).objects
            keys = objects.setdefault((needed.id.kind, needed.id.namespace, needed.id.name), set())
            if needed.use.key is not None:
                keys.add(needed.use.key)
        for owned_id in _contested(snapshot, policy):
            found.setdefault(owned_id.cluster, Wanted()).tracked.add(owned_id.id)
            copies = snapshot.once(owners_of)[owned_id]
            # Applications live in Argo CD's own cluster, wherever they deploy to.
            own = found.setdefault(IN_CLUSTER, Wanted())
            own.applications.update((copy.application.namespace, copy.application.name) for copy in copies)
    if found:
        own = found.setdefault(IN_CLUSTER, Wanted())
        own.applications.update(name for snapshot in snapshots for name in _namesakes(snapshot))
        spaces = {state.application.namespace for snapshot in snapshots for state in snapshot.states}
        own.application_namespaces.update(filter(speakable, spaces))
    return found


def _open(snapshot: Snapshot) -> Iterator[Needed]:
    """References that git alone does not answer."""
    surveyed = snapshot.once(survey)
    for needed in surveyed.needed:
        if not (speakable(needed.id.namespace) and speakable(needed.id.name)):
            continue
        root = needed.owner.application.root
        own = [p for p in surveyed.serving(needed) if p.owner.application.root == root and p.provided.creates]
        key = needed.use.key
        if not any(key is None or (p.provided.keys is not None and key in p.provided.keys) for p in own):
            yield needed


def _contested(snapshot: Snapshot, policy: Policy) -> Iterator[OwnedId]:
    conflicts = find_conflicts(snapshot, policy)
    ids = [conflict.id for conflict in conflicts.certain]
    ids += [owned_id for undecided in conflicts.undecided for owned_id in undecided.shared]
    for owned_id in ids:
        rid = owned_id.id
        if all(speakable(each) for each in (rid.kind, rid.name, *filter(None, (rid.group, rid.namespace)))):
            yield owned_id


def _namesakes(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Applications that several roots bring: only their sources tell whose is the live one."""
    roots: dict[tuple[str, str], set[str]] = {}
    for state in snapshot.states:
        application = state.application
        roots.setdefault((application.namespace, application.name), set()).add(application.root)
    yield from (name for name, found in roots.items() if len(found) > 1)


def speakable(name: str) -> bool:
    """Whether a name can be part of a request's path at all."""
    return _SEGMENT.fullmatch(name) is not None and ".." not in name
