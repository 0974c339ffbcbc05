"""What the Applications of a commit render, as the resources that it becomes in clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitops.discovery.snapshot import ApplicationKey, OwnedId, Snapshot, State
from gitops.facts.scopes import placed_by, scopes_in
from gitops.resources.rendering import Rendered


def rendered_by(snapshot: Snapshot, state: State) -> Mapping[OwnedId, Sequence[bytes]]:
    """The texts of what an Application renders, in order; hooks and what has no name of its own included."""
    found: dict[OwnedId, list[bytes]] = {}
    for owned_id, _, resource in state.once(placed_by, snapshot.once(scopes_in)):
        found.setdefault(owned_id, []).append(resource.text)
    return found


def sizes_of(snapshot: Snapshot) -> Mapping[ApplicationKey, int]:
    """How many different resources each Application renders (see `rendered_by`)."""
    return {state.application.key: len(rendered_by(snapshot, state)) for state in snapshot.states}


def not_rendered(snapshot: Snapshot) -> tuple[State, ...]:
    """The Applications with a source that is not rendered."""
    return tuple(s for s in snapshot.states if not all(isinstance(part.rendering, Rendered) for part in s.parts))
