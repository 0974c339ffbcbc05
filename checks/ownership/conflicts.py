"""Which copies of a resource really collide.

The destination decides. `in-cluster` is the cluster of whichever Argo CD an Application lives in, so across roots it
says nothing by itself (docs/adr/0004).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from checks.ownership.residence import residence
from checks.policy.file import Policy
from gitops.applications.application import IN_CLUSTER, Application
from gitops.applications.live import Live
from gitops.discovery.snapshot import ApplicationKey, Owned, OwnedId, Snapshot
from gitops.facts.owners import owners_of

_INSTANCE = "instance "


@dataclass(frozen=True, slots=True)
class Conflict:
    """One resource that several Applications of one cluster own. `copies` has one entry per Application."""

    id: OwnedId
    copies: tuple[Owned, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """Two roots that render the same resources to `in-cluster`: one Argo CD's two bootstraps, or two clusters."""

    roots: tuple[str, str]
    shared: tuple[OwnedId, ...]
    example: tuple[Owned, Owned]


@dataclass(frozen=True, slots=True)
class Conflicts:
    certain: tuple[Conflict, ...]
    undecided: tuple[Undecided, ...]


def find_conflicts(
    snapshot: Snapshot, policy: Policy, live: Live | None = None, base: Snapshot | None = None
) -> Conflicts:
    """Every collision between Applications of a snapshot. `live` tells which roots share an Argo CD."""
    partitions = snapshot.once(partitions_of, policy, live, base)
    certain: list[Conflict] = []
    crossing: dict[tuple[str, str], list[tuple[OwnedId, Owned, Owned]]] = {}
    for owned_id, copies in snapshot.once(owners_of).items():
        if len(copies) < 2:
            continue
        by_application = _applied(copies)
        if len(by_application) < 2:
            continue
        if owned_id.cluster == IN_CLUSTER:
            groups: dict[str, list[Owned]] = {}
            for copy in by_application.values():
                groups.setdefault(partitions.of(copy.application), []).append(copy)
            certain.extend(Conflict(owned_id, tuple(group)) for group in groups.values() if len(group) > 1)
            for one, other in combinations(groups, 2):
                if not partitions.settled(one, other):
                    key = (min(one, other), max(one, other))
                    crossing.setdefault(key, []).append((owned_id, groups[one][0], groups[other][0]))
        else:
            colliding = [
                copy
                for copy in by_application.values()
                if any(partitions.can_meet(copy.application, o.application) for o in by_application.values())
            ]
            if len(colliding) > 1:
                certain.append(Conflict(owned_id, tuple(colliding)))
    undecided = tuple(
        Undecided(pair, tuple(item[0] for item in found), (found[0][1], found[0][2]))
        for pair, found in sorted(crossing.items())
    )
    return Conflicts(tuple(certain), undecided)


def _applied(copies: tuple[Owned, ...]) -> Mapping[ApplicationKey, Owned]:
    """Each Application's copy; of repeated ones the last, which Argo CD applies (controller/state.go,
    NormalizeTargetObjects)."""
    return {copy.application.key: copy for copy in copies}


class Partitions:
    """Groups of Applications that share one Argo CD: a root, what `instances` puts together, or all roots of which
    a reachable cluster says that they live there."""

    def __init__(
        self, snapshot: Snapshot, policy: Policy, live: Live | None = None, base: Snapshot | None = None
    ) -> None:
        self._policy = policy
        self._lives = residence(snapshot, live, self._written)
        # What a change brings is not there yet, wherever it will live.
        before = {self._written(state.application) for state in base.states} if base is not None else None
        self._elsewhere = {p for p, here in self._lives.items() if not here and (before is None or p in before)}
        together = sorted(p for p, here in self._lives.items() if here and not p.startswith(_INSTANCE))
        self._alias = dict.fromkeys(together, together[0]) if len(together) > 1 else {}
        self._names: dict[str, set[tuple[str, str]]] = {}
        for state in snapshot.states:
            application = state.application
            self._names.setdefault(self.of(application), set()).add((application.namespace, application.name))

    def _written(self, application: Application) -> str:
        instance = self._policy.instance_of(application.root, application.name)
        return f"{_INSTANCE}{instance}" if instance is not None else application.root

    def of(self, application: Application) -> str:
        written = self._written(application)
        return self._alias.get(written, written)

    def lives_here(self, application: Application) -> bool | None:
        """Whether the Application's partition lives in the Argo CD that was asked; None when it is not known."""
        return self._lives.get(self._written(application))

    @property
    def all_elsewhere(self) -> bool:
        """Whether the Argo CD that was asked is known to have none of these Applications."""
        return bool(self._names) and self._names.keys() <= {p for p, here in self._lives.items() if not here}

    def answered(self, application: Application) -> bool:
        """Whether what was seen in the cluster is about this Application: its partition lives there, or it is the
        only one and nothing says otherwise."""
        here = self.lives_here(application)
        return here is True or (here is None and len(self._names) <= 1)

    def settled(self, one: str, other: str) -> bool:
        """Whether two partitions are known not to share an Argo CD: the configuration says so, both bring an
        Application of the same name, which one Argo CD cannot hold twice, or the cluster has one and not the other.
        """
        if self._apart(one, other):
            return True
        here = {partition for partition in (one, other) if self._lives.get(partition) is True}
        return len(here) == 1 and bool(self._elsewhere & {one, other})

    def _apart(self, one: str, other: str) -> bool:
        if one.startswith(_INSTANCE) and other.startswith(_INSTANCE):
            return True
        return bool(self._names[one] & self._names[other])

    def can_meet(self, one: Application, other: Application) -> bool:
        """Whether two Applications can fight over a cluster that both name explicitly."""
        if one.key == other.key or (one.namespace, one.name) == (other.namespace, other.name):
            return False
        left, right = self.of(one), self.of(other)
        return left == right or not self._apart(left, right)


def partitions_of(snapshot: Snapshot, policy: Policy, live: Live | None, base: Snapshot | None) -> Partitions:
    """For `snapshot.once`: many rules ask for those of the very same change."""
    return Partitions(snapshot, policy, live, base)
