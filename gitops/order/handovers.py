"""What passes from one Application to another asks for an order."""

from __future__ import annotations

from gitops.deletions.model import Consequences
from gitops.deletions.world import counterpart
from gitops.order.model import Handover
from gitops.snapshot import Snapshot


def handovers(found: Consequences, head: Snapshot) -> tuple[Handover, ...]:
    """Who takes something over does so before the one that had it lets go; one that is deleted does not wait."""
    result: list[Handover] = []
    for one in found.moved:
        if one.owner is None or one.to is None:
            continue
        before = counterpart(head, one.owner)
        if before is not None:
            result.append(Handover(one.to.key, before.application.key, one.id.id, one.id.cluster))
    return tuple(result)
