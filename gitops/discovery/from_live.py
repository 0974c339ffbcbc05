"""ApplicationSets of which a live Argo CD tells what they make: where that is needed, and what it does not tell."""

from __future__ import annotations

from dataclasses import replace

from gitops.discovery.snapshot import Snapshot, Unknown


def namespaces_left_open(*snapshots: Snapshot | None) -> list[str]:
    """The namespaces of ApplicationSets of which a live Argo CD could tell more than git does."""
    found: set[str] = set()
    for snapshot in snapshots:
        if snapshot is not None:
            found |= {each.namespace for each in snapshot.unknown if each.is_set and each.refused is None}
            found |= {each.namespace for each in snapshot.sets if each.assumed}
    return sorted(found)


def with_unjudged(before: Snapshot, after: Snapshot) -> Snapshot:
    """`after`, with what a change does to sets that stand on what a live Argo CD made of them before it."""
    known = {each.key: each.content for each in before.sets if each.live}
    changed = [each for each in after.sets if each.live and known.get(each.key, each.content) != each.content]
    if not changed:
        return after
    told = [
        Unknown(
            each.name,
            each.namespace,
            f"what changes in it is not judged: its Applications are those that {each.live} shows",
            each.origin.span,
            each.root,
        )
        for each in changed
    ]
    return replace(after, unknown=(*after.unknown, *told))
