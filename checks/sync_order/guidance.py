"""What a change makes one think about before merging: the order that matters for it, and what Argo CD will delete.

The order of two Applications matters for a change when it touches both, and what the first one brings is new or
other than before: what is in the cluster already needs no order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from checks.ownership.conflicts import partitions_of
from checks.planning.ownership.plan import FixPlan
from checks.policy.file import Policy
from checks.sync_order.view import handovers_of
from gitops.applications.live import Live
from gitops.discovery.snapshot import ApplicationKey, OwnedId, Snapshot, State
from gitops.facts.deletions.compare import consequences
from gitops.facts.deletions.model import Consequences
from gitops.facts.order.evidence import gather
from gitops.facts.order.handovers import handovers
from gitops.facts.order.model import Edge, Evidence, Handover, Reason, Strength
from gitops.facts.order.stages import Cycle, arrange
from gitops.facts.owners import owners_of
from gitops.facts.pairs import counterpart
from gitops.facts.scopes import scopes_in
from gitops.installation.set_policies import followed
from gitops.resources.rendering import Rendered

# Of these it is enough that they are there; of the others the content matters too.
_PRESENCE = frozenset({Evidence.NAMESPACE, Evidence.PROJECT, Evidence.API_SERVICE, Evidence.WEBHOOK})
_CONTENT = frozenset({"Secret", "ConfigMap"})


@dataclass(frozen=True)
class Guidance:
    """`stages` hold the Applications that `edges` are about; `cycles` are those among them."""

    stages: tuple[tuple[ApplicationKey, ...], ...]
    edges: tuple[Edge, ...]
    cycles: tuple[Cycle, ...]
    deletions: Consequences
    base: Snapshot
    head: Snapshot

    @property
    def matters(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.edges or self.deletions)


def guide(
    base: Snapshot, head: Snapshot, policy: Policy, live: Live | None = None, plans: Iterable[FixPlan] = ()
) -> Guidance:
    """The guidance for merging `head` into `base`."""
    grouping = head.once(partitions_of, policy, live, base).of
    before = base.once(partitions_of, policy, live, None).of
    gone = consequences(base, head, before, grouping, followed(base, head))
    touched = changed(base, head)
    concerned = [h for h in handovers_of(plans) if {h.keeper, h.loser} & touched and not _had(base, head, h)]
    edges = gather(head, grouping, [*concerned, *handovers(gone, base, head)])
    relevant = tuple(e for edge in edges if (e := _relevant(edge, touched, base)) is not None)
    keys = {key for edge in relevant for key in edge.ends}
    # Between them everything counts that is known, so that the stages contradict nothing.
    order = arrange(keys, edges)
    cycles = tuple(c for c in order.cycles if touched & set(c.applications))
    return Guidance(order.stages, relevant, cycles, gone, base, head)


def _had(base: Snapshot, head: Snapshot, handover: Handover) -> bool:
    """Whether the keeper brought it before the change: then nothing passes to it."""
    keeper = counterpart(base, head.by_key[handover.keeper].application, head)
    owners = base.once(owners_of).get(OwnedId(handover.cluster, handover.resource), ())
    return keeper is not None and any(copy.application.key == keeper.application.key for copy in owners)


def changed(base: Snapshot, head: Snapshot) -> frozenset[ApplicationKey]:
    """Applications of the head that are new or render or are declared otherwise than before."""
    return frozenset(
        state.application.key for state in head.states if _differs(state, counterpart(base, state.application, head))
    )


def _differs(now: State, before: State | None) -> bool:
    if before is None or _declared(now) != _declared(before):
        return True
    if [part.fingerprint for part in now.parts] == [part.fingerprint for part in before.parts] and all(
        part.fingerprint for part in now.parts
    ):
        return False
    one, other = now.rendering, before.rendering
    if isinstance(one, Rendered) and isinstance(other, Rendered):
        return sorted((r.id, r.text) for r in one.resources) != sorted((r.id, r.text) for r in other.resources)
    return type(one) is not type(other)


def _declared(state: State) -> object:
    application = state.application
    return (application.sources, application.destination, application.sync_policy, application.project)


def _relevant(edge: Edge, touched: frozenset[ApplicationKey], base: Snapshot) -> Edge | None:
    reasons = tuple(reason for reason in edge.reasons if _matters(reason, touched, base))
    return replace(edge, reasons=reasons) if reasons else None


def _matters(reason: Reason, touched: frozenset[ApplicationKey], base: Snapshot) -> bool:
    if reason.evidence is Evidence.HANDOVER:
        return True
    ends = {reason.provider.application.key, reason.application.key}
    if reason.strength is Strength.HINT or not ends <= touched:
        return False
    provider = reason.provider
    namespace = provider.application.destination.namespace
    cluster = provider.application.destination.cluster
    placed = provider.resource.id.placed(namespace, base.once(scopes_in))
    before = base.once(owners_of).get(OwnedId(cluster, placed), ())
    if not before:
        return True
    by_content = reason.evidence not in _PRESENCE and (
        reason.evidence is not Evidence.REFERENCE or reason.provided.kind in _CONTENT
    )
    return by_content and all(copy.resource.text != provider.resource.text for copy in before)
