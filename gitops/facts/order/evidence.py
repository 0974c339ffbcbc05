"""Edges between the Applications of one Argo CD, with their reasons.

Where several Applications of it bring the same thing, any of them will do, so that none is more than a hint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gitops.applications.application import Application
from gitops.discovery.snapshot import ApplicationKey, Owned, OwnedId, Snapshot
from gitops.facts.order.model import Edge, Evidence, Handover, Reason, Strength
from gitops.facts.order.relations import Relation, relations
from gitops.facts.owners import owners_of

Grouping = Callable[[Application], str]


def gather(snapshot: Snapshot, grouping: Grouping, handovers: Iterable[Handover] = ()) -> tuple[Edge, ...]:
    """Every edge between Applications of a snapshot, sorted. `grouping` names the Argo CD of an Application."""
    instance = {state.application.key: grouping(state.application) for state in snapshot.states}
    found: dict[tuple[ApplicationKey, ApplicationKey], list[Reason]] = {}
    for relation in snapshot.once(relations):
        reason = _reason(relation, instance)
        if reason is not None:
            found.setdefault((reason.provider.application.key, relation.application.key), []).append(reason)
    for handover in handovers:
        reason = _handover(snapshot, handover)
        if reason is not None:
            found.setdefault((handover.keeper, handover.loser), []).append(reason)
    return tuple(
        Edge(before, after, tuple(sorted(reasons, key=lambda reason: reason.sort_key)))
        for (before, after), reasons in sorted(found.items())
    )


def _reason(relation: Relation, instance: dict[ApplicationKey, str]) -> Reason | None:
    own = instance[relation.application.key]
    if relation.witnesses and all(instance[witness.key] != own for witness in relation.witnesses):
        return None
    fitting: dict[ApplicationKey, Owned] = {}
    for copy in relation.providers:
        if instance[copy.application.key] == own:
            fitting.setdefault(copy.application.key, copy)
    if not fitting:
        return None
    return Reason(
        relation.evidence,
        relation.strength if len(fitting) == 1 else Strength.HINT,
        relation.provided,
        min(fitting.values(), key=lambda copy: (copy.application.sync_wave, copy.application.key)),
        relation.application,
        relation.consumer,
        relation.use,
        relation.others,
    )


def _handover(snapshot: Snapshot, handover: Handover) -> Reason | None:
    """The keeper takes the object over before the loser lets go of it."""
    if handover.keeper == handover.loser or handover.loser not in snapshot.by_key:
        return None
    copies = snapshot.once(owners_of).get(OwnedId(handover.cluster, handover.resource), ())
    kept = next((copy for copy in copies if copy.application.key == handover.keeper), None)
    if kept is None:
        return None
    lost = next((copy for copy in copies if copy.application.key == handover.loser), None)
    loser = snapshot.by_key[handover.loser].application
    already = handover.already
    return Reason(Evidence.HANDOVER, Strength.HARD, handover.resource, kept, loser, lost, already=already)
