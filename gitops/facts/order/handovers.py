"""What passes from one Application to another asks for an order."""

from __future__ import annotations

from gitops.discovery.snapshot import Snapshot
from gitops.facts.deletions.model import Consequences
from gitops.facts.order.model import Handover
from gitops.facts.pairs import counterpart


def handovers(found: Consequences, base: Snapshot, head: Snapshot) -> tuple[Handover, ...]:
    """Who takes something over does so before the one that had it lets go; one that is deleted does not wait.

    What brought it before already has nothing to take over, and goes first only where the other one may delete it."""
    result: list[Handover] = []
    for one in found.moved:
        if one.owner is None or one.to is None or (one.already and not one.races):
            continue
        before = counterpart(head, one.owner, base)
        if before is not None:
            key = before.application.key
            result.append(Handover(one.to.key, key, one.id.id, one.id.cluster, already=one.already))
    return tuple(result)
