"""All that is told of a change, applied to what the base deploys, gives what the head deploys."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from gitops.discovery.snapshot import OwnedId, Snapshot
from gitops.facts.alike import is_rendered
from gitops.facts.changes.compare import difference
from gitops.facts.changes.fields import applied
from gitops.facts.changes.model import Turn
from gitops.facts.changes.resources import placed_manifest
from gitops.facts.owners import owned_by
from gitops.resources.manifests import canonical
from gitops.resources.meaning import as_applied
from tests.gitops.facts.deletions.declared import Repository
from tests.gitops.facts.deletions.test_simulated import sides, snapshot

Deployed = dict[tuple[str, OwnedId], dict[str, Any]]


@settings(max_examples=25)
@given(sides())
def test_the_difference_applied_to_the_base_gives_the_head(both: tuple[Repository, Repository]) -> None:
    base, head = (snapshot(each) for each in both)
    found = deployed(base)
    for application in difference(base, head).applications:
        name = application.application.name
        for change in application.resources:
            if change.turn is Turn.GOES:
                del found[name, change.id]
            elif change.after is not None and change.turn is Turn.COMES:
                assert (name, change.id) not in found
                found[name, change.id] = placed_manifest(change.after.resource, change.id.id.namespace)
            else:
                before = found[name, change.id]
                found[name, change.id] = applied(before, (*change.fields, *change.folded))
    assert spelled(found) == spelled(deployed(head))


def deployed(snapshot: Snapshot) -> Deployed:
    """The manifests of every Application that is rendered whole."""
    return {
        (state.application.name, owned_id): placed_manifest(copy.resource, owned_id.id.namespace)
        for state in snapshot.states
        if is_rendered(state)
        for owned_id, copy in owned_by(snapshot, state)
    }


def spelled(found: Deployed) -> dict[tuple[str, OwnedId], bytes]:
    return {key: canonical(as_applied(manifest)) for key, manifest in found.items()}
