"""What comes in place of something that goes or is left behind, and has none of its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops.applications.application import GROUP
from gitops.facts.deletions.data import is_data_bearing, is_tracked
from gitops.facts.deletions.model import Consequence, Verdict, Why
from gitops.facts.deletions.world import World
from gitops.facts.owners import owners_of
from gitops.facts.pairs import is_same

_LEFT = (Verdict.DELETED, Verdict.STAYS, Verdict.BY_HAND)


def arrivals(found: Sequence[Consequence], base: World, head: World) -> Iterator[Consequence]:
    """Objects that carry data and are new, of a kind of which the same Application loses one."""
    lost = {(one.application, one.id.id.group, one.id.id.kind) for one in found if one.verdict in _LEFT and one.owner}
    mended = {one.key for one in head.snapshot.sets if (was := base.same_set(one)) is not None and was.troubles}
    if not lost and not mended:
        return
    for owned_id, copies in head.snapshot.once(owners_of).items():
        rid = owned_id.id
        if not (is_data_bearing(rid.group, rid.kind) and is_tracked(rid.group, rid.kind)) or rid.group == GROUP:
            continue
        for copy in copies:
            application = copy.application
            maker = head.set_of(application)
            fresh = maker is not None and maker.key in mended and base.counterpart(application, "") is None
            if fresh:
                yield Consequence(owned_id, Verdict.COMES, Why.AT_LAST, application, copy)
                break
            if (application.name, rid.group, rid.kind) in lost and not base.snapshot.once(owners_of).get(owned_id):
                now = base.counterpart(application, head.instance(application))
                if now is None or is_same(now.application, application):
                    before = now.application.destination.cluster if now is not None else owned_id.cluster
                    moved = f"in the new cluster (`{owned_id.cluster}`)" if before != owned_id.cluster else ""
                    yield Consequence(owned_id, Verdict.COMES, Why.EMPTY, application, copy, detail=moved)
                    break
