"""Namespaces that go take everything in them along, whoever brings it and whatever protects it from Argo CD."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gitops.discovery.snapshot import Owned, OwnedId
from gitops.facts.deletions.model import Consequence, Verdict, Why
from gitops.facts.deletions.world import World
from gitops.facts.owners import owners_of


def swept(found: Sequence[Consequence], base: World, head: World) -> Iterator[Consequence]:
    """The consequences, with those of the Namespaces among them."""
    going = {
        (one.id.cluster, one.id.id.name): one
        for one in found
        if one.verdict is Verdict.DELETED and (one.id.id.group, one.id.id.kind) == ("", "Namespace")
    }
    if not going:
        yield from found
        return
    stays = {Verdict.STAYS, Verdict.BY_HAND, Verdict.HANDED_OVER, Verdict.CHANGED}
    told: set[OwnedId] = set()
    for one in found:
        place = (one.id.cluster, one.id.id.namespace)
        told.add(one.id)
        if place in going and one.verdict in stays:
            yield replace(one, verdict=Verdict.DELETED, why=Why.NAMESPACE_GOES, to=None, races=False)
        elif one is going.get((one.id.cluster, one.id.id.name)):
            yield replace(one, inside=_inside(one.id, head))
        else:
            yield one
    for owned_id, copies in base.snapshot.once(owners_of).items():
        taker = going.get((owned_id.cluster, owned_id.id.namespace))
        copy = _shared(copies, taker, base) if taker is not None and owned_id not in told else None
        if copy is not None:
            yield Consequence(owned_id, Verdict.DELETED, Why.NAMESPACE_GOES, copy.application, copy)


def _shared(copies: Sequence[Owned], taker: Consequence | None, base: World) -> Owned | None:
    """The copy that lives in the same Argo CD as the Namespace."""
    if taker is None or taker.owner is None:
        return None
    instance = base.instance(taker.owner)
    return next((copy for copy in copies if base.instance(copy.application) == instance), None)


def _inside(owned_id: OwnedId, head: World) -> int:
    return sum(
        1
        for other in head.snapshot.once(owners_of)
        if other.cluster == owned_id.cluster and other.id.namespace == owned_id.id.name
    )
