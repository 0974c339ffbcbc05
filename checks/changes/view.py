"""All that is to be said of a change, the most dangerous first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from checks.changes.block import Block, worst
from checks.changes.telling import told_of
from checks.changes.told import Told
from checks.ownership.conflicts import partitions_of
from checks.policy.file import Policy
from gitops.applications.live import Live
from gitops.discovery.snapshot import Snapshot
from gitops.facts.changes.compare import difference
from gitops.facts.changes.live import LiveDifferences
from gitops.facts.changes.model import Difference
from gitops.facts.deletions.compare import consequences
from gitops.facts.deletions.model import Consequences
from gitops.installation.set_policies import followed


@dataclass(frozen=True)
class Changes:
    """`told` is about single objects, the most dangerous first; `difference` is what differs in manifests;
    `deletions` is what Argo CD deletes, hands over and leaves."""

    base: Snapshot
    head: Snapshot
    difference: Difference
    deletions: Consequences
    told: tuple[Told, ...]
    partial: bool = False  # whether only some Applications are in it
    live: LiveDifferences | None = None  # what clusters add, where any was asked

    @property
    def block(self) -> Block:
        return worst(one.block for one in self.told)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing at all to say."""
        return not (self.told or self.difference)

    def only(self, names: Collection[str]) -> Changes:
        """What of it concerns the Applications of these names."""
        applications = tuple(one for one in self.difference.applications if one.application.name in names)
        sets = tuple(one for one in self.difference.sets if {*one.comes, *one.goes, *one.changes} & set(names))
        told = tuple(one for one in self.told if one.applications & set(names))
        differing = replace(self.difference, applications=applications, sets=sets, unseen=())
        return replace(self, difference=differing, told=told, partial=True)


def changes_of(base: Snapshot, head: Snapshot, policy: Policy, live: Live | None = None) -> Changes:
    """What merging `head` into `base` does."""
    before, after = base.once(partitions_of, policy, live, None), head.once(partitions_of, policy, live, base)
    return changes_after(base, head, policy, consequences(base, head, before.of, after.of, followed(base, head)))


def changes_after(base: Snapshot, head: Snapshot, policy: Policy, found: Consequences) -> Changes:
    """The same where it is known what is deleted (`Guidance.deletions`)."""
    differing = difference(base, head)
    told = sorted(told_of(base, head, policy, differing, found), key=lambda one: one.cost)
    return Changes(base, head, differing, found, tuple(told))
