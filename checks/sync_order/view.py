"""The order of one side of a change, put together once for whoever asks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from checks.ownership.conflicts import partitions_of
from checks.planning.ownership.plan import FixPlan
from checks.policy.file import Policy
from gitops.applications.live import Live
from gitops.discovery.snapshot import Snapshot
from gitops.facts.deletions.data import is_tracked
from gitops.facts.order.evidence import gather
from gitops.facts.order.model import Edge, Handover, Waves
from gitops.facts.order.stages import Order, arrange
from gitops.facts.order.waves import waves_of


@dataclass(frozen=True)
class View:
    """`edges` are all that is known, `order` what follows from them."""

    edges: tuple[Edge, ...]
    waves: tuple[Waves, ...]
    order: Order


EMPTY = View((), (), arrange((), ()))


def handovers_of(plans: Iterable[FixPlan]) -> tuple[Handover, ...]:
    """What passes from one Application to another when these fixes are made."""
    return tuple(
        Handover(plan.keeper, plan.loser, resource.id, resource.cluster)
        for plan in plans
        if plan.keeper != plan.loser
        for resource in plan.resources
        if is_tracked(resource.id.group, resource.id.kind)  # else nothing is handed over, and nobody waits
    )


def edges_of(
    snapshot: Snapshot,
    policy: Policy,
    live: Live | None = None,
    base: Snapshot | None = None,
    handovers: Iterable[Handover] = (),
) -> tuple[Edge, ...]:
    """Edges within each Argo CD, which the configuration and the clusters tell apart as they do for ownership."""
    handovers = tuple(handovers)
    if handovers:
        return gather(snapshot, snapshot.once(partitions_of, policy, live, base).of, handovers)
    return snapshot.once(_edges, policy, live, base)


def _edges(snapshot: Snapshot, policy: Policy, live: Live | None, base: Snapshot | None) -> tuple[Edge, ...]:
    """The edges without hand-overs, for `Snapshot.once`: several rules ask for those of the very same change."""
    return gather(snapshot, snapshot.once(partitions_of, policy, live, base).of)


def view_of(
    snapshot: Snapshot,
    policy: Policy,
    live: Live | None = None,
    base: Snapshot | None = None,
    handovers: Iterable[Handover] = (),
) -> View:
    """The order of a whole snapshot."""
    edges = edges_of(snapshot, policy, live, base, handovers)
    waves = waves_of(snapshot, edges)
    return View(edges, waves, arrange(snapshot.by_key, edges, waves))
